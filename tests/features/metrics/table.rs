//! The table in the module's page is what the exporter shows.

use std::collections::{BTreeMap, BTreeSet};

use corepool::Pool;
use corepool::metrics::{BreakerMetrics, PoolMetrics};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::Exporter;
use super::breaker::over_ten_calls;
use super::scrape::Scrape;

const PAGE: &str = include_str!("../../../src/adapters/metrics/mod.rs");

/// A metric's kind and its labels; those of a label's values that are among a few are named.
#[derive(Debug, Default, PartialEq)]
struct Shape {
    kind: String,
    labels: BTreeSet<String>,
    /// Of the label whose values the table names.
    values: Option<(String, BTreeSet<String>)>,
}

/// The rows of the table: | name | kind | labels | ... |
fn documented() -> BTreeMap<String, Shape> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("//! | `corepool_"));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [name, kind, labels, ..] = cells[..] else { panic!("no row: {row}") };
        let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = labels.split_once('=').unwrap_or((labels, ""));
        let names = quoted(before);
        let values: BTreeSet<_> = quoted(after).into_iter().collect();
        let values = (!values.is_empty()).then(|| (names.last().unwrap().clone(), values));
        let shape = Shape { kind: kind.to_owned(), labels: names.into_iter().collect(), values };
        (format!("corepool_{}", name.trim_matches('`')), shape)
    })
    .collect()
}

/// The same, of a scrape; of the labels in `documented` that have few values their values.
fn shown(scrape: &Scrape, documented: &BTreeMap<String, Shape>) -> BTreeMap<String, Shape> {
    let mut shown: BTreeMap<String, Shape> = BTreeMap::new();
    for (sample, labels, _) in scrape.samples() {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| sample.strip_suffix(suffix));
        let name = family.filter(|name| scrape.types.contains_key(*name)).unwrap_or(sample);
        let shape = shown.entry(name.to_owned()).or_default();
        shape.kind = scrape.types[name].clone();
        shape.labels.extend(labels.keys().filter(|label| *label != "le").cloned());
        if let Some((label, _)) = documented.get(name).and_then(|row| row.values.as_ref()) {
            let (_, values) = shape.values.get_or_insert_with(|| (label.clone(), BTreeSet::new()));
            values.insert(labels[label].clone());
        }
    }
    shown
}

/// Of a pool and a breaker that have all there is.
fn full_scrape() -> Scrape {
    let builder = PrometheusBuilder::new().with_recommended_naming(true).set_buckets(&[1.0]).unwrap();
    let exporter = Exporter(builder.build_recorder());
    let pool = Pool::builder().workers(1).timings(true).build().unwrap();
    pool.job().name("named").run(|| ()).unwrap();
    let breaker = over_ten_calls().0;
    let _metrics = exporter.record(|| (PoolMetrics::new(&pool), BreakerMetrics::new("db", &breaker).with_calls()));
    exporter.scrape()
}

#[test]
fn names_kinds_and_labels_are_those_of_the_table_and_no_exporter_changes_them() {
    let (mut documented, scrape) = (documented(), full_scrape());
    assert_eq!(documented.len(), 25);
    if !cfg!(any(unix, windows)) {
        documented.retain(|name, _| !name.ends_with("cpu_seconds"));
    }
    assert_eq!(shown(&scrape, &documented), documented);
    let described: BTreeSet<_> = scrape.helps.keys().collect();
    assert_eq!(described, documented.keys().collect(), "each says what it is");
}
