//! Writes what `bench/run` has measured as a page and a chart, beside the measurements.
//!
//! ```sh
//! cargo run --release --example report -- target/bench
//! ```
//!
//! The way of a number: it is read (`measured`), compared (`words`), and shown (`units`, `tables`, `page`; `chart`).

#![allow(unreachable_pub, reason = "a program has no outside")]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result};
use clap::Parser;
use measured::Measured;

#[path = "report/chart.rs"]
mod chart;
#[path = "report/measured.rs"]
mod measured;
#[path = "open_loop/outcome.rs"]
mod outcome;
#[path = "report/page.rs"]
mod page;
#[path = "report/tables.rs"]
mod tables;
#[path = "report/units.rs"]
mod units;
#[path = "report/words.rs"]
mod words;

const FAILED: i32 = 1;

/// Writes RESULTS.md and results.svg from what bench/run has measured
#[derive(Debug, Parser)]
#[command(name = "report", version)]
struct Arguments {
    /// The folder with the measurements, where the page and the chart go, too
    folder: PathBuf,
}

fn main() {
    if let Err(error) = run(&Arguments::parse().folder) {
        // `eprintln!` would panic on a closed stderr, and there is nowhere left to report it.
        let _ = writeln!(io::stderr(), "error: {error:#}");
        process::exit(FAILED);
    }
}

fn run(folder: &Path) -> Result<()> {
    let measured = Measured::read(folder)?;
    write(&folder.join("results.svg"), &chart::svg(&measured)?)?;
    write(&folder.join("RESULTS.md"), &page::page(&measured))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(io::stdout(), "written: {}", path.display()).context("cannot write the output")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::STEPS;

    const AUTOCANNON: &str = r#"{"duration":2.0,"errors":1,"statusCodeStats":{"200":{"count":3000},"502":{"count":2}},
        "latency":{"p50":60,"p99":75,"max":80}}"#;
    const WRK: &str = r#"{"seconds":2.0,"statuses":{"200":3200},"unanswered":0}"#;
    const OUTCOME: &str = r#"{"url":"","method":"GET","rate":20,"seconds":2.0,"sent":40,"dropped":0,
        "statuses":{"200":30,"503":10},"without_retry_after":0,"errors":{},"goodput":15.0,
        "served":{"p50":1.5,"p90":2.0,"p99":12.5,"max":20.0},"rejected":null}"#;

    fn measurements() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("conditions.tsv"), "processor\tSome <CPU>\nn\t29\nload\t0.01\n").unwrap();
        for step in STEPS {
            let kinds = ["healthz", "alone", "half", "full", "double"].map(|kind| (kind, OUTCOME));
            for (kind, text) in [("autocannon", AUTOCANNON), ("wrk", WRK)].into_iter().chain(kinds) {
                fs::write(folder.path().join(format!("{}.{kind}.json", step.key())), text).unwrap();
            }
        }
        folder
    }

    #[test]
    fn the_page_and_the_chart_show_every_step() {
        let folder = measurements();
        run(folder.path()).unwrap();
        let [page, chart] =
            ["RESULTS.md", "results.svg"].map(|name| fs::read_to_string(folder.path().join(name)).unwrap());
        for step in STEPS {
            let row =
                format!("| {} | 1,500 | – | 3 | 60.0 ms | 75.0 ms | 1.50 ms | 12.5 ms, 10 failed |", step.label());
            assert!(page.contains(&row), "{row} is missing in\n{page}");
            assert!(chart.contains(step.label()), "{} is missing in\n{chart}", step.label());
        }
        assert!(page.contains("- Some <CPU>, unknown cores") && !page.contains("busy"), "{page}");
        assert!(chart.contains("Some &lt;CPU&gt;"), "{chart}");
    }

    #[test]
    fn a_busy_machine_is_told_first() {
        let folder = measurements();
        fs::write(folder.path().join("conditions.tsv"), "load\t1.50\n").unwrap();
        let page = page::page(&Measured::read(folder.path()).unwrap());
        let (before, after) = page.split_once("**The machine was busy").expect("a warning");
        assert!(!before.contains("##") && after.contains("1.5 of its cores were busy"), "{page}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = measurements();
        fs::remove_file(folder.path().join("node-pool.wrk.json")).unwrap();
        let error = run(folder.path()).unwrap_err().to_string();
        assert!(error.contains("node-pool.wrk.json"), "{error}");
    }
}
