//! One run of a pool, recorded: as a trace for Perfetto, as a picture, and in numbers.
//!
//! The jobs are real: SHA-256 of the files under some paths, a folder a job, in three priorities. Among them are a slow
//! one, one that splits its work and joins the parts, one that is cancelled in the queue, and one that is cancelled
//! while it runs and stops at a checkpoint.
//!
//! ```sh
//! cargo run --release -p corepool-views --bin timeline -- --svg timeline.svg --trace timeline.pftrace
//! ```
//!
//! The trace opens in <https://ui.perfetto.dev>: a track for each worker, one for the thread that submits, and a counter
//! of the jobs in the queue.
//!
//! The way of a job: `folders` finds its files -> `load` submits it by the `recorder` -> `work` -> `summary` and
//! `picture`, and `trace`, which each thread fills as it goes.

#![allow(unreachable_pub, reason = "a program has no outside")]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Parser;
use corepool::{Pool, RunningJob};
use shared::{DONE, FAILED, INTERRUPTED, build, complain, finish, interrupt, parse, quit};
use timeline::folders::Folder;
use timeline::load::Load;
use timeline::recorder::Recorder;
use timeline::trace::Trace;
use timeline::{folders, picture, summary};

mod shared;
mod timeline {
    pub mod axis;
    pub mod folders;
    pub mod lanes;
    pub mod legend;
    pub mod load;
    pub mod picture;
    pub mod record;
    pub mod recorder;
    pub mod rows;
    pub mod style;
    pub mod summary;
    pub mod trace;
    pub mod work;
}

/// Jobs that may wait for a worker: so few that the picture shows who waits for room, too.
const QUEUE: usize = 16;

/// A job that has run for so long is reported.
const SLOW: Duration = Duration::from_millis(20);

const DETAILS: &str = "\
Paths:
  What is under the first path is hashed by jobs of high priority, what is under the second by
  those of normal priority, the rest by those of low priority. Default: src, tests, benches and
  examples; where there are none, bytes that are made up.

Output:
  How long the jobs of each priority waited and ran, and how busy each worker was. The trace opens
  in https://ui.perfetto.dev, the picture in a browser.

Ctrl-C cancels the run and writes neither file; once more ends at once.

Exit codes:
  0 done   1 something could not be read or written   2 bad input   130 interrupted";

/// Records a run of a pool as a trace for Perfetto and as a picture
#[derive(Parser)]
#[command(name = "timeline", version, after_help = DETAILS)]
struct Arguments {
    /// Folders and files to hash
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where to write the trace
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Where to write the picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    workers: Option<usize>,
    /// How often each file is read: once would be over too soon to be seen
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    passes: u32,
}

fn main() {
    let arguments: Arguments = parse();
    let folders = folders::find(&arguments.paths).unwrap_or_else(|error| quit(FAILED, error));
    let trace = Trace::begin().unwrap_or_else(|error| quit(FAILED, error));
    let recorder = Arc::new(Recorder::begin(trace.queued()));
    let pool = build_watched(arguments.workers, &recorder);
    finish(run(&arguments, folders, &pool, &recorder, trace));
}

fn run(
    arguments: &Arguments,
    folders: Vec<Folder>,
    pool: &Pool,
    recorder: &Arc<Recorder>,
    trace: Trace,
) -> Result<i32> {
    let token = interrupt()?;
    let load = Load { pool, recorder, token: &token, passes: arguments.passes };
    let outcome = load.run(folders);
    if token.is_cancelled() {
        complain("interrupted", "nothing is written");
        return Ok(INTERRUPTED);
    }
    outcome?;
    let record = recorder.end(pool.workers());
    // The files come first: whoever reads the numbers may have seen enough of them (`| head`).
    if let Some(path) = &arguments.trace {
        write(path, trace.end(pool)?)?;
    }
    if let Some(path) = &arguments.svg {
        write(path, picture::svg(&record)?)?;
    }
    let mut out = io::stdout().lock();
    summary::print(&mut out, &record)?;
    for path in [&arguments.trace, &arguments.svg].into_iter().flatten() {
        writeln!(out, "written: {}", path.display())?;
    }
    Ok(DONE)
}

fn build_watched(workers: Option<usize>, recorder: &Arc<Recorder>) -> Pool {
    let on_slow_job = {
        let recorder = Arc::clone(recorder);
        move |job: &RunningJob| recorder.note_slow(job)
    };
    build(Pool::builder().queue_capacity(QUEUE).thread_name("worker").on_slow_job(SLOW, on_slow_job), workers)
}

fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<()> {
    fs::write(path, contents).map_err(|error| anyhow!("cannot write {}: {error}", path.display()))
}
