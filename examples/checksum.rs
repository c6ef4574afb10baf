//! SHA-256 of every file under some folders, as `sha256sum` prints it: real work on real files.
//!
//! Each file is one job. Rows come in a stable order, as they become ready; however many files there are, only so many
//! are in memory at a time.
//!
//! ```sh
//! cargo run --release --example checksum -- src tests > sums
//! sha256sum --check --quiet sums
//! ```
//!
//! The way of a file: `walk` -> `submit`, which waits for room -> a worker -> the window of rows in order -> `Report`.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use corepool::{CancelToken, Interrupted, JobError, JobHandle, Pool, SubmitErrorKind, checkpoint};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::digest::Output;
use sha2::{Digest, Sha256};
use shared::{DONE, FAILED, INTERRUPTED, build, complain, finish, interrupt, parse};
use walkdir::{DirEntry, WalkDir};

mod shared;

/// Jobs that may wait for a worker.
const QUEUE: usize = 256;
/// Files that may be ahead of the first that is not done: what keeps the workers busy beside a large one.
const WINDOW: usize = 4096;
/// A file is read piece by piece, however large: a piece fits the cache between the read and the hash.
const CHUNK: usize = 64 << 10;
/// How long an interrupt may go unnoticed while a file takes its time, or for ever, as a pipe nobody writes to does.
const PATIENCE: Duration = Duration::from_millis(100);

const DETAILS: &str = "\
Examples:
  checksum src tests > sums
  sha256sum --check --quiet sums

Output:
  What `sha256sum` prints: digest, two spaces, name; a name with a backslash, newline or carriage
  return is escaped, its row marked with a backslash. Arguments in the order given, what is under
  a folder in the order of `LC_ALL=C sort`.

Files:
  What is given is read, whatever it is, and through a symbolic link. Under a folder only regular
  files are, as by `find -type f`: symbolic links are not followed, devices and pipes left alone.
  What cannot be read is named on stderr, and the rest is done.
  Memory does not grow with the number of files, only with the largest single folder.

Ctrl-C prints what is done in order and cancels the rest; once more ends at once.

Exit codes:
  0 done   1 something could not be read or written   2 bad input   130 interrupted";

/// Prints the SHA-256 digests of files and of all files under folders, on all cores
#[derive(Parser)]
#[command(name = "checksum", version, after_help = DETAILS)]
struct Arguments {
    /// Files, and folders to search
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    workers: Option<usize>,
}

fn main() {
    let arguments: Arguments = parse();
    let pool = build(Pool::builder().queue_capacity(QUEUE), arguments.workers);
    finish(run(&arguments.paths, &pool))
}

fn run(paths: &[PathBuf], pool: &Pool) -> Result<i32> {
    let (token, mut report) = (interrupt()?, Report::begin()?);
    let outcome = sum_all(paths, pool, &token, &mut report);
    report.bar.finish_and_clear();
    outcome?;
    if token.is_cancelled() {
        complain("interrupted", format_args!("digests printed: {}, the rest is left out", report.files));
        return Ok(INTERRUPTED);
    }
    Ok(if report.failures == 0 { DONE } else { FAILED })
}

/// Reports each row as soon as it and all before it are ready.
fn sum_all(paths: &[PathBuf], pool: &Pool, token: &CancelToken, report: &mut Report) -> Result<()> {
    let mut window = VecDeque::new();
    for found in paths.iter().flat_map(|path| walk(path)).take_while(|_| !token.is_cancelled()) {
        let Some(row) = submit(found, pool, token, &report.bar)? else { break };
        window.push_back(row);
        while window.front().is_some_and(Row::is_ready)
            && let Some(head) = window.pop_front()
        {
            report.row(head, token)?;
        }
        report.flush()?;
        if window.len() == WINDOW
            && let Some(head) = window.pop_front()
        {
            report.row(head, token)?;
        }
    }
    for row in window {
        if !row.is_ready() {
            report.flush()?;
        }
        report.row(row, token)?;
    }
    report.flush()
}

/// What there is to read, or where the search failed.
struct Found {
    path: PathBuf,
    access: io::Result<()>,
}

fn walk(root: &Path) -> impl Iterator<Item = Found> {
    let entries = WalkDir::new(root).sort_by(in_order_of_path).into_iter();
    entries.filter_map(move |entry| match entry {
        Ok(entry) if is_wanted(&entry) => Some(Found { path: entry.into_path(), access: Ok(()) }),
        Ok(_) => None,
        Err(error) => {
            let path = error.path().unwrap_or(root).to_owned();
            // What is no error of the system's is a loop of links, and no link is followed.
            let error = error.into_io_error().unwrap_or_else(|| ErrorKind::Other.into());
            Some(Found { path, access: Err(error) })
        }
    })
}

/// With its slash a folder stands where its files' paths do: "a-b" before "a/b", though "a" is before "a-b".
fn in_order_of_path(left: &DirEntry, right: &DirEntry) -> Ordering {
    fn key(entry: &DirEntry) -> impl Iterator<Item = u8> {
        let slash = entry.file_type().is_dir().then_some(b'/');
        entry.file_name().as_encoded_bytes().iter().copied().chain(slash)
    }
    key(left).cmp(key(right))
}

fn is_wanted(entry: &DirEntry) -> bool {
    let is_given = entry.depth() == 0;
    match entry.file_type() {
        kind if is_given && kind.is_symlink() => !fs::metadata(entry.path()).is_ok_and(|target| target.is_dir()),
        kind if is_given => !kind.is_dir(),
        kind => kind.is_file(),
    }
}

/// A row to come: every row before it is printed first.
struct Row {
    path: PathBuf,
    sum: Sum,
}

enum Sum {
    Job(JobHandle<Outcome>),
    NoAccess(io::Error),
}

type Outcome = Result<Output<Sha256>, NoDigest>;

#[derive(Debug, thiserror::Error)]
enum NoDigest {
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error(transparent)]
    Stopped(#[from] Interrupted),
}

impl Row {
    fn is_ready(&self) -> bool {
        match &self.sum {
            Sum::Job(handle) => handle.is_finished(),
            Sum::NoAccess(_) => true,
        }
    }
}

/// Waits for room in the queue, which is what bounds the memory. Nothing comes back once the token is cancelled.
fn submit(found: Found, pool: &Pool, token: &CancelToken, bar: &ProgressBar) -> Result<Option<Row>> {
    let path = found.path;
    if let Err(error) = found.access {
        return Ok(Some(Row { path, sum: Sum::NoAccess(error) }));
    }
    let (file, bar) = (path.clone(), bar.clone());
    match pool.job().token(token).submit(move || sha256(&file, &bar)) {
        Ok(handle) => Ok(Some(Row { path, sum: Sum::Job(handle) })),
        Err(rejected) if rejected.kind() == SubmitErrorKind::Cancelled => Ok(None),
        Err(rejected) => Err(rejected.into()),
    }
}

thread_local! {
    /// One for each worker, not for each job: most files are small.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into());
}

/// The job.
fn sha256(path: &Path, bar: &ProgressBar) -> Outcome {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    BUFFER.with_borrow_mut(|buffer| {
        loop {
            checkpoint()?;
            match file.read(buffer) {
                Ok(0) => return Ok(hash.finalize()),
                Ok(length) => {
                    hash.update(&buffer[..length]);
                    bar.inc(length as u64);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    })
}

/// The rows on stdout, the failures and the progress on stderr.
struct Report {
    rows: Vec<u8>,
    bar: ProgressBar,
    files: u64,
    failures: u64,
}

impl Report {
    fn begin() -> Result<Report> {
        // Only drawn if stderr is a terminal; by a thread of its own, so that no worker waits.
        let bar = ProgressBar::new_spinner();
        bar.set_style(ProgressStyle::with_template("{spinner} {msg}{bytes}, {bytes_per_sec}, {elapsed}")?);
        bar.enable_steady_tick(Duration::from_millis(100));
        Ok(Report { rows: Vec::new(), bar, files: 0, failures: 0 })
    }

    /// Waits for the row to be ready.
    fn row(&mut self, row: Row, token: &CancelToken) -> Result<()> {
        let outcome = match row.sum {
            Sum::NoAccess(error) => Err(error.into()),
            Sum::Job(handle) => match join(handle, token) {
                Some(Ok(outcome)) => outcome,
                Some(Err(JobError::Cancelled)) | None => return Ok(()),
                Some(Err(error)) => return Err(error).with_context(|| format!("cannot sum {:?}", row.path)),
            },
        };
        match outcome {
            Ok(digest) => {
                self.files += 1;
                push_row(&mut self.rows, &digest, &row.path);
                Ok(())
            }
            Err(NoDigest::Unreadable(error)) => {
                self.failures += 1;
                self.flush()?;
                self.bar.suspend(|| complain("error", format_args!("cannot read {:?}: {error}", row.path)));
                Ok(())
            }
            Err(NoDigest::Stopped(_)) => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let (mut out, rows) = (io::stdout(), &self.rows);
        let is_terminal = out.is_terminal();
        let mut print = || out.write_all(rows).and_then(|()| out.flush());
        // To redraw the bar takes longer than to sum a small file.
        if is_terminal { self.bar.suspend(print) } else { print() }?;
        self.rows.clear();
        self.bar.set_message(format!("{} files, ", self.files));
        Ok(())
    }
}

/// Nothing if the token was cancelled before the job had finished.
fn join(mut handle: JobHandle<Outcome>, token: &CancelToken) -> Option<Result<Outcome, JobError>> {
    loop {
        let patience = if token.is_cancelled() { Duration::ZERO } else { PATIENCE };
        match handle.join_timeout(patience) {
            Ok(outcome) => return Some(outcome),
            Err(_) if patience.is_zero() => return None,
            Err(not_yet) => handle = not_yet,
        }
    }
}

fn push_row(rows: &mut Vec<u8>, digest: &Output<Sha256>, path: &Path) {
    let name = path.as_os_str().as_encoded_bytes();
    if name.iter().any(|byte| b"\\\n\r".contains(byte)) {
        rows.push(b'\\');
    }
    for byte in digest {
        rows.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
    }
    rows.extend(b"  ");
    for &byte in name {
        match byte {
            b'\\' => rows.extend(br"\\"),
            b'\n' => rows.extend(br"\n"),
            b'\r' => rows.extend(br"\r"),
            _ => rows.push(byte),
        }
    }
    rows.push(b'\n');
}
