//! Runs every bench and writes what was measured: `benches/RESULTS.md`, to read, and `benches/results.svg`, to see.
//!
//! The way of a number: a program prints or stores it (`suites`, `criterion`, `rows`, `piscina`), the median of all runs is
//! kept (`measured`), it stands beside its peers (`group`, `role`) and is held to its bar (`bars`, `judge`), and is shown
//! (`units`, `results`, `tables`; `chart`, `panel`).

mod command;
mod suites;
mod criterion;
mod rows;
mod piscina;
mod conditions;
mod measured;
mod role;
mod group;
mod bars;
mod judge;
mod units;
mod about;
mod tables;
mod results;
mod style;
mod panel;
mod chart;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, Result};
use clap::Parser;

use crate::measured::Measured;
use crate::suites::Workshop;

/// Runs every bench of corepool and writes benches/RESULTS.md and benches/results.svg.
///
/// Takes some minutes a run, on a machine that does nothing else. Whether the bars are met is in the results, not in
/// the exit code: that is 0 if everything was measured and written, 1 if not, and 2 for wrong arguments.
#[derive(Debug, Parser)]
#[command(name = "report", version)]
struct Arguments {
    /// Run each bench so often, and take the median of each number.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,

    /// Run no bench: write the results of the last measurements again.
    #[arg(long, conflicts_with = "runs")]
    only_render: bool,
}

fn main() -> ExitCode {
    match report(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn report(arguments: &Arguments) -> Result<()> {
    let folder = crate_folder()?;
    let workshop = Workshop::open(&folder)?;
    let kept = workshop.scratch.join("measured.json");
    let measured = if arguments.only_render {
        Measured::load(&kept)?
    } else {
        let measured = measure(&workshop, arguments.runs)?;
        measured.save(&kept)?;
        measured
    };
    let groups = group::all(&measured.rows);
    if let Some(warning) = results::warning(&groups) {
        eprintln!("{warning}");
    }
    write(&folder.join("benches/RESULTS.md"), &results::page(&measured, &groups))?;
    write(&folder.join("benches/results.svg"), &chart::svg(&measured.conditions, &groups)?)
}

/// Where corepool's own manifest is: this package is two folders below it.
fn crate_folder() -> Result<PathBuf> {
    // Cargo sets it for what it runs; it knows of a clone that has been moved since this program was built.
    let own = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let folder = own.ancestors().nth(2).filter(|folder| folder.join("Cargo.toml").is_file());
    let moved = || format!("corepool is not two folders above {}: build this program again where it is", own.display());
    folder.map(Path::to_path_buf).with_context(moved)
}

fn measure(workshop: &Workshop, runs: u32) -> Result<Measured> {
    // Before the long part: what is wrong here would be a pity later.
    let mut conditions = conditions::look(workshop)?;
    let mut rows = workshop.run(runs)?;
    match piscina::run(&workshop.folder.join("benches/piscina"), runs) {
        Ok(found) => {
            rows.extend(found.rows);
            conditions.versions.extend(found.versions);
        }
        Err(error) => {
            eprintln!("piscina is left out: {error:#}");
            conditions.left_out.push("piscina (Node) is left out: it could not be run".to_owned());
        }
    }
    Ok(Measured { conditions, runs, rows: measured::medians(rows) })
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("written: {}", path.display());
    Ok(())
}
