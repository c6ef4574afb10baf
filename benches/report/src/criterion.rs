//! Reads what criterion leaves in its home: a folder for each group, in it one for each peer, in it one named `new`.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::measured::Row;

#[derive(Debug, Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    throughput: Option<Throughput>,
}

#[derive(Debug, Deserialize)]
struct Throughput {
    #[serde(rename = "Elements")]
    elements: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Debug, Deserialize)]
struct Estimate {
    /// Nanoseconds an iteration.
    point_estimate: f64,
}

/// A row for each bench of this order, which is that of the names `group/peer`.
pub(crate) fn read(home: &Path, order: &[String]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for group in folders(home)? {
        for peer in folders(&group)? {
            let new = peer.join("new");
            if new.is_dir() {
                rows.push(row(&new)?);
            }
        }
    }
    let is = |row: &Row, bench: &str| bench.split_once('/') == Some((&row.group, &row.peer));
    rows.sort_by_key(|row| order.iter().position(|bench| is(row, bench)));
    for bench in order {
        let measured = rows.iter().any(|row| is(row, bench));
        ensure!(measured, "{bench} left no measurement in {}", home.display());
    }
    Ok(rows)
}

fn row(new: &Path) -> Result<Row> {
    let bench: Benchmark = parse(&new.join("benchmark.json"))?;
    let estimates: Estimates = parse(&new.join("estimates.json"))?;
    Ok(Row {
        group: bench.group_id,
        peer: bench.function_id.unwrap_or_default(),
        value: estimates.median.point_estimate,
        unit: "ns".to_owned(),
        jobs: bench.throughput.and_then(|throughput| throughput.elements),
    })
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("cannot list {}", folder.display());
    let entries = fs::read_dir(folder).with_context(unreadable)?;
    let paths = entries.map(|entry| Ok(entry.with_context(unreadable)?.path()));
    let paths = paths.collect::<Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.is_dir()).collect())
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    serde_json::from_reader(BufReader::new(file))
        .with_context(|| format!("{} is not as criterion 0.8 writes it", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leave(home: &Path, bench: &str, json: &str, median: &str) {
        let new = home.join(bench).join("new");
        fs::create_dir_all(&new).unwrap();
        fs::write(new.join("benchmark.json"), json).unwrap();
        fs::write(new.join("estimates.json"), median).unwrap();
    }

    fn estimates(ns: f64) -> String {
        let interval = r#""confidence_interval":{"confidence_level":0.95,"lower_bound":1.0,"upper_bound":2.0}"#;
        let median = format!(r#"{{{interval},"point_estimate":{ns:?},"standard_error":0.1}}"#);
        format!(r#"{{"mean":{{{interval},"point_estimate":9.0}},"median":{median}}}"#)
    }

    fn bench(group: &str, peer: &str, throughput: &str) -> String {
        format!(
            r#"{{"group_id":"{group}","function_id":"{peer}","value_str":null,"throughput":{throughput},"title":"t"}}"#
        )
    }

    #[test]
    fn the_medians_are_read_in_the_order_of_the_benches() {
        let home = tempfile::tempdir().unwrap();
        leave(home.path(), "build/rayon_oneshot", &bench("build", "rayon+oneshot", "null"), &estimates(20.5));
        leave(home.path(), "burst/corepool", &bench("burst", "corepool", r#"{"Elements":100000}"#), &estimates(10.0));
        leave(home.path(), "burst/other", &bench("burst", "other", r#"{"Bytes":7}"#), &estimates(11.0));
        fs::create_dir_all(home.path().join("burst/report")).unwrap();

        let order = ["burst/other", "burst/corepool", "build/rayon+oneshot"].map(str::to_owned);
        let rows = read(home.path(), &order).unwrap();

        let row = |group: &str, peer: &str, value, jobs| Row {
            group: group.to_owned(),
            peer: peer.to_owned(),
            value,
            unit: "ns".to_owned(),
            jobs,
        };
        let expected = [
            row("burst", "other", 11.0, None),
            row("burst", "corepool", 10.0, Some(100_000)),
            row("build", "rayon+oneshot", 20.5, None),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn a_bench_that_left_nothing_is_named() {
        let home = tempfile::tempdir().unwrap();
        let error = read(home.path(), &["burst/corepool".to_owned()]).unwrap_err();
        assert!(error.to_string().starts_with("burst/corepool left no measurement"), "{error}");
    }

    #[test]
    fn a_file_of_another_form_is_named() {
        let home = tempfile::tempdir().unwrap();
        leave(home.path(), "burst/corepool", "{}", &estimates(1.0));
        let error = read(home.path(), &[]).unwrap_err();
        assert!(error.to_string().contains("benchmark.json"), "{error}");
    }
}
