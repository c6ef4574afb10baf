//! Fibonacci numbers on a pool: what a pool of threads for CPU-bound jobs is for, in one program.
//!
//! Each number is one job. The naive double recursion keeps a core busy for as long as it likes
//! (`--algorithm fast` needs nanoseconds); rows come in input order, as they become ready, and the
//! summary says what the pool gained over one number after the other.
//!
//! ```sh
//! cargo run --release --example fibonacci
//! cargo run --release --example fibonacci -- 30..=42 45
//! seq 20 40 | cargo run --release --example fibonacci -- - --format csv
//! ```
//!
//! The way of a number: argument, stdin or file -> `Numbers` -> `submit` -> a worker -> `Report`.

use std::collections::VecDeque;
use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, Read, Write};
use std::num::IntErrorKind;
use std::ops::{Not, Range};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, ValueEnum};
use corepool::{CancelToken, Interrupted, JobError, JobHandle, Pool, SubmitErrorKind, checkpoint};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use shared::{BAD_INPUT, DONE, FAILED, INTERRUPTED, complain, finish, interrupt, parse, quit};

mod shared;

/// fib(187) does not fit a u128.
const LARGEST: u64 = 186;
/// Beyond, the naive recursion takes hours.
const LARGEST_NAIVE: u64 = 60;
/// Below, the naive recursion is too short to ask whether it should stop: it takes well under a millisecond.
const SHORT_NAIVE: u64 = 25;
/// Input is read to its end before any job starts: an endless one is rejected.
const MAX_INPUT_BYTES: u64 = 4 << 20;

const DETAILS: &str = "\
Examples:
  fibonacci                          44 down to 25, one job each
  fibonacci 30..=42 45 --workers 4
  fibonacci 0..187 --algorithm fast --format json
  seq 20 40 | fibonacci - --format csv
  fibonacci 40..=50 --timeout 2s

Output:
  Rows in input order: the number, its Fibonacci number, the time its job ran, the worker it ran
  on. Then wall time, sum of job times, speed-up over one by one (sum / wall: more workers than
  cores flatter it), jobs per second, and p50 and p99 of the latency from submission to result.
  table   times carry their unit
  json    {\"jobs\": [...], \"summary\": {...}}, times in nanoseconds (_ns); values are strings,
          because most JSON readers round numbers beyond 2^53
  csv     a header and the rows, times in nanoseconds (_ns); the summary goes to stderr
  A job that timed out says so in place of its number (json: a value of null, \"timed_out\": true)
  and has no part in the summary's times.

Ctrl-C cancels what is queued, stops what runs and prints what is done; once more ends at once.

Exit codes:
  0 done   1 a job timed out or failed, or the output did
  2 bad input, rejected before any job starts   130 interrupted";

/// Computes Fibonacci numbers on a pool of worker threads, one CPU-heavy job each
#[derive(Parser)]
#[command(name = "fibonacci", version, after_help = DETAILS)]
struct Arguments {
    /// Numbers and ranges (45, 30..=42, 30..43); `-` reads them from stdin, one per line
    #[arg(allow_negative_numbers = true)]
    inputs: Vec<String>,
    /// Read more numbers and ranges from a file, one per line
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Naive recursion (exponential, up to 60) or fast doubling (O(log n), up to 186)
    #[arg(long, value_enum, default_value_t = Algorithm::Naive)]
    algorithm: Algorithm,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    workers: Option<usize>,
    /// Jobs that may wait in the queue before submission waits for room [default: 65536]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    queue: Option<usize>,
    /// Stop a job so long after its submission, the wait in the queue included (500ms, 2s)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Algorithm {
    Naive,
    Fast,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
}

fn duration(text: &str) -> Result<Duration> {
    let time = humantime::parse_duration(text)?;
    ensure!(!time.is_zero(), "no job can be done in no time");
    Ok(time)
}

fn main() {
    let arguments: Arguments = parse();
    let (numbers, pool) = prepare(&arguments).unwrap_or_else(|error| quit(BAD_INPUT, error));
    finish(run(&arguments, &numbers, &pool))
}

/// Everything that can be rejected is rejected here, before any job starts.
fn prepare(arguments: &Arguments) -> Result<(Vec<u64>, Pool)> {
    let numbers = Numbers::collect(arguments)?;
    let mut builder = Pool::builder();
    if let Some(workers) = arguments.workers {
        builder = builder.workers(workers);
    }
    if let Some(jobs) = arguments.queue {
        builder = builder.queue_capacity(jobs);
    }
    Ok((numbers, builder.build().context("cannot build the pool")?))
}

/// The numbers asked for, in input order, each checked as it is added.
struct Numbers {
    algorithm: Algorithm,
    list: Vec<u64>,
}

impl Numbers {
    fn collect(arguments: &Arguments) -> Result<Vec<u64>> {
        if arguments.inputs.is_empty() && arguments.file.is_none() {
            // Largest first: the short jobs at the end fill what the long ones left uneven.
            return Ok((25..=44).rev().collect());
        }
        let mut numbers = Numbers { algorithm: arguments.algorithm, list: Vec::new() };
        let mut stdin = Some(io::stdin());
        for input in &arguments.inputs {
            if input == "-" {
                let stdin = stdin.take().context("\"-\" may be given only once")?;
                numbers.add_lines(stdin, "stdin")?;
            } else {
                numbers.add(input)?;
            }
        }
        if let Some(path) = &arguments.file {
            let name = format!("{path:?}");
            let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
            numbers.add_lines(file, &name)?;
        }
        Ok(numbers.list)
    }

    fn add_lines(&mut self, source: impl Read, name: &str) -> Result<()> {
        let mut bytes = Vec::new();
        let read = source.take(MAX_INPUT_BYTES + 1).read_to_end(&mut bytes);
        if read.with_context(|| format!("cannot read {name}"))? as u64 > MAX_INPUT_BYTES {
            bail!("{name} is longer than {MAX_INPUT_BYTES} bytes");
        }
        let before = self.list.len();
        for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
            self.add_line(line).with_context(|| format!("line {} of {name}", index + 1))?;
        }
        if self.list.len() == before {
            bail!("{name} holds no number");
        }
        Ok(())
    }

    fn add_line(&mut self, line: &[u8]) -> Result<()> {
        match str::from_utf8(line).context("not UTF-8")?.trim() {
            "" => Ok(()),
            text => self.add(text),
        }
    }

    fn add(&mut self, text: &str) -> Result<()> {
        let range = parse_range(text.trim(), self.algorithm).with_context(|| {
            // Escaped and cut, so that any input makes one readable line.
            format!("{:?}", text.chars().take(40).collect::<String>())
        })?;
        self.list.extend(range);
        Ok(())
    }
}

/// A number is a range of one. Only what is within the limits comes back: it can be expanded.
fn parse_range(text: &str, algorithm: Algorithm) -> Result<Range<u64>> {
    let range = match text.split_once("..") {
        None => number(text)?..number(text)?.saturating_add(1),
        Some(("", _) | (_, "" | "=")) => bail!("a range needs both ends, such as 30..=42"),
        Some((first, end)) => match end.strip_prefix('=') {
            Some(last) => number(first)?..number(last)?.saturating_add(1),
            None => number(first)?..number(end)?,
        },
    };
    match algorithm {
        _ if range.end > LARGEST + 1 => bail!("the largest that fits a u128 is fib({LARGEST})"),
        Algorithm::Naive if range.end > LARGEST_NAIVE + 1 => {
            bail!("the naive recursion takes hours beyond {LARGEST_NAIVE}: take --algorithm fast")
        }
        _ if range.is_empty() => bail!("an empty range"),
        _ => Ok(range),
    }
}

fn number(text: &str) -> Result<u64> {
    match text.parse::<u64>() {
        Ok(n) => Ok(n),
        // Rejected as too large in the end, however large it was.
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Ok(u64::MAX),
        Err(_) if text.starts_with('-') => bail!("must not be negative, n starts at 0"),
        Err(_) => bail!("neither a number nor a range such as 30..=42"),
    }
}

/// Asks only where that is lost in the time of what it asks for.
fn naive(n: u64) -> Result<u128, Interrupted> {
    if n < SHORT_NAIVE {
        return Ok(short_naive(n));
    }
    checkpoint()?;
    Ok(naive(n - 1)? + naive(n - 2)?)
}

fn short_naive(n: u64) -> u128 {
    match n {
        0 | 1 => n.into(),
        _ => short_naive(n - 1) + short_naive(n - 2),
    }
}

/// Fast doubling: one step for each bit of `n`, the highest first.
fn fast(n: u64) -> u128 {
    // fib(k - 1) and fib(k); the usual pair, fib(k) and fib(k + 1), would overflow at 186.
    let (mut before, mut fib) = (1, 0);
    for bit in (0..u64::BITS - n.leading_zeros()).rev() {
        (before, fib) = (before * before + fib * fib, fib * (2 * before + fib));
        if n >> bit & 1 == 1 {
            (before, fib) = (fib, before + fib);
        }
    }
    fib
}

fn run(arguments: &Arguments, numbers: &[u64], pool: &Pool) -> Result<i32> {
    let (token, mut report) = (interrupt()?, Report::begin(arguments, numbers)?);
    let begin = Instant::now();
    let outcome = run_jobs(arguments, numbers, pool, &token, &mut report);
    let wall = begin.elapsed();
    report.bar.finish_and_clear();
    outcome?;
    let (done, timed_out) = (report.latencies.len(), report.timed_out);
    report.finish(pool.workers(), wall)?;
    if token.is_cancelled() {
        complain("interrupted", format_args!("{done} of {} jobs are done", numbers.len()));
        return Ok(INTERRUPTED);
    }
    Ok(if timed_out == 0 { DONE } else { FAILED })
}

/// Reports each row as soon as it and all before it are ready.
fn run_jobs(
    arguments: &Arguments,
    numbers: &[u64],
    pool: &Pool,
    token: &CancelToken,
    report: &mut Report,
) -> Result<()> {
    let mut pending = VecDeque::new();
    for &n in numbers.iter().take_while(|_| !token.is_cancelled()) {
        let Some(handle) = submit(arguments, n, pool, token, report.bar.clone())? else { break };
        pending.push_back((n, handle));
        while pending.front().is_some_and(|(_, head)| head.is_finished())
            && let Some((n, head)) = pending.pop_front()
        {
            report.outcome(n, head.join())?;
        }
    }
    for (n, handle) in pending {
        report.outcome(n, handle.join())?;
    }
    Ok(())
}

type Outcome = Result<Row, Interrupted>;

/// Nothing comes back if the token was cancelled while the job waited for room.
fn submit(
    arguments: &Arguments,
    n: u64,
    pool: &Pool,
    token: &CancelToken,
    bar: ProgressBar,
) -> Result<Option<JobHandle<Outcome>>> {
    let (algorithm, submitted) = (arguments.algorithm, Instant::now());
    let mut options = pool.job().token(token);
    if let Some(timeout) = arguments.timeout {
        options = options.timeout(timeout);
    }
    let job = move || {
        let start = Instant::now();
        let value = match algorithm {
            Algorithm::Naive => naive(n),
            Algorithm::Fast => Ok(fast(n)),
        };
        let (time_ns, latency_ns) = (nanoseconds(start), nanoseconds(submitted));
        bar.inc(1);
        let value = match value {
            Ok(value) => Some(value.to_string()),
            Err(Interrupted::DeadlineExceeded) => None,
            Err(why) => return Err(why),
        };
        let (timed_out, worker) = (value.is_none(), corepool::current_worker());
        Ok(Row { input: n, value, timed_out, time_ns: Some(time_ns), worker, latency_ns })
    };
    match options.submit(job) {
        Ok(handle) => Ok(Some(handle)),
        Err(rejected) => match rejected.kind() {
            SubmitErrorKind::Cancelled => Ok(None),
            _ => Err(rejected.into()),
        },
    }
}

fn nanoseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// What there is to say about one job.
#[derive(Serialize)]
struct Row {
    input: u64,
    /// A string: most JSON readers round numbers beyond 2^53.
    value: Option<String>,
    #[serde(skip_serializing_if = "Not::not")]
    timed_out: bool,
    /// None of a job that did not begin.
    time_ns: Option<u64>,
    worker: Option<usize>,
    /// From submission, the wait for room in the queue included, to the result.
    #[serde(skip)]
    latency_ns: u64,
}

#[derive(Serialize)]
struct Summary {
    jobs: u64,
    #[serde(skip_serializing_if = "is_zero")]
    timed_out: u64,
    workers: usize,
    wall_ns: u64,
    sum_of_job_times_ns: u64,
    speed_up: f64,
    jobs_per_second: f64,
    latency_p50_ns: u64,
    latency_p99_ns: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Duration::from_nanos;
        writeln!(f, "jobs              {} on {} workers", self.jobs, self.workers)?;
        if self.timed_out > 0 {
            writeln!(f, "timed out         {} more", self.timed_out)?;
        }
        writeln!(f, "wall time         {:.2?}", time(self.wall_ns))?;
        writeln!(f, "sum of job times  {:.2?}", time(self.sum_of_job_times_ns))?;
        writeln!(f, "speed-up          {:.2} over one by one", self.speed_up)?;
        writeln!(f, "jobs per second   {:.1}", self.jobs_per_second)?;
        let (p50, p99) = (time(self.latency_p50_ns), time(self.latency_p99_ns));
        writeln!(f, "latency           p50 {p50:.2?}, p99 {p99:.2?}")
    }
}

/// The results on stdout, flushed row by row, and their tally for the summary.
struct Report {
    format: Format,
    out: io::Stdout,
    bar: ProgressBar,
    /// Of the widest value, known beforehand thanks to the fast algorithm.
    width: usize,
    /// Of the jobs that are done.
    latencies: Histogram<u64>,
    sum_ns: u64,
    timed_out: u64,
}

const TIMED_OUT: &str = "timed out";

impl Report {
    fn begin(arguments: &Arguments, numbers: &[u64]) -> Result<Report> {
        let (format, widest) = (arguments.format, fast(numbers.iter().copied().max().unwrap_or(0)));
        let other = if arguments.timeout.is_some() { TIMED_OUT } else { "fib(n)" };
        let width = widest.to_string().len().max(other.len());
        let (mut out, latencies) = (io::stdout(), Histogram::new(3)?);
        match format {
            Format::Table => writeln!(out, "  n  {:>width$}       time  worker", "fib(n)")?,
            Format::Json => writeln!(out, "{{\"jobs\":[")?,
            Format::Csv => writeln!(out, "input,value,time_ns,worker")?,
        }
        out.flush()?;
        // Only drawn if stderr is a terminal; by a thread of its own, so that no worker waits.
        let bar = ProgressBar::new(numbers.len() as u64);
        bar.set_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} jobs, {elapsed}")?);
        bar.enable_steady_tick(Duration::from_millis(100));
        Ok(Report { format, out, bar, width, latencies, sum_ns: 0, timed_out: 0 })
    }

    /// A cancelled job has no row.
    fn outcome(&mut self, n: u64, outcome: Result<Outcome, JobError>) -> Result<()> {
        match outcome {
            Ok(Ok(row)) => self.row(&row),
            Err(JobError::Expired) => {
                self.bar.inc(1);
                self.row(&Row { input: n, value: None, timed_out: true, time_ns: None, worker: None, latency_ns: 0 })
            }
            Ok(Err(_)) | Err(JobError::Cancelled) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("fib({n})")),
        }
    }

    fn row(&mut self, row: &Row) -> Result<()> {
        let text = self.render(row)?;
        if row.timed_out {
            self.timed_out += 1;
        } else {
            self.latencies.record(row.latency_ns)?;
            self.sum_ns = self.sum_ns.saturating_add(row.time_ns.unwrap_or(0));
        }
        let out = &mut self.out;
        Ok(self.bar.suspend(|| out.write_all(&text).and_then(|()| out.flush()))?)
    }

    fn render(&self, row: &Row) -> Result<Vec<u8>> {
        let (input, value) = (row.input, row.value.as_deref().unwrap_or(TIMED_OUT));
        match self.format {
            Format::Table => {
                let time = row.time_ns.map_or("-".to_owned(), |time| format!("{:.2?}", Duration::from_nanos(time)));
                let worker = row.worker.map_or("-".to_owned(), |index| index.to_string());
                Ok(format!("{input:>3}  {value:>0$}  {time:>9}  {worker:>6}\n", self.width).into_bytes())
            }
            Format::Json => {
                let separator = if self.latencies.is_empty() && self.timed_out == 0 { "" } else { ",\n" };
                Ok(format!("{separator}{}", serde_json::to_string(row)?).into_bytes())
            }
            Format::Csv => {
                let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
                csv.serialize((input, value, row.time_ns, row.worker))?;
                Ok(csv.into_inner()?)
            }
        }
    }

    fn finish(mut self, workers: usize, wall: Duration) -> Result<()> {
        let jobs = self.latencies.len();
        let summary = Summary {
            jobs,
            timed_out: self.timed_out,
            workers,
            wall_ns: u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX),
            sum_of_job_times_ns: self.sum_ns,
            speed_up: self.sum_ns as f64 / wall.as_nanos() as f64,
            jobs_per_second: jobs as f64 / wall.as_secs_f64(),
            latency_p50_ns: self.latencies.value_at_quantile(0.50),
            latency_p99_ns: self.latencies.value_at_quantile(0.99),
        };
        match self.format {
            Format::Table => write!(self.out, "\n{summary}")?,
            Format::Json => {
                writeln!(self.out, "\n],\"summary\":{}}}", serde_json::to_string(&summary)?)?;
            }
            Format::Csv => write!(io::stderr(), "{summary}")?,
        }
        Ok(())
    }
}
