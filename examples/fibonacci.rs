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
use std::ops::Range;
use std::path::PathBuf;
use std::process;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use corepool::{JobHandle, Pool};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

const DONE: i32 = 0;
const FAILED: i32 = 1;
const BAD_INPUT: i32 = 2;

/// fib(187) does not fit a u128.
const LARGEST: u64 = 186;
/// Beyond, the naive recursion takes hours.
const LARGEST_NAIVE: u64 = 60;
/// Input is read to its end before any job starts: an endless one is refused.
const MAX_INPUT_BYTES: u64 = 4 << 20;

const DETAILS: &str = "\
Examples:
  fibonacci                          44 down to 25, one job each
  fibonacci 30..=42 45 --workers 4
  fibonacci 0..187 --algorithm fast --format json
  seq 20 40 | fibonacci - --format csv

Output:
  Rows in input order: the number, its Fibonacci number, the time its job ran, the worker it ran
  on. Then wall time, sum of job times, speed-up over one by one (sum / wall: more workers than
  cores flatter it), jobs per second, and p50 and p99 of the latency from submission to result.
  table   times carry their unit
  json    {\"jobs\": [...], \"summary\": {...}}, times in nanoseconds (_ns); values are strings,
          because most JSON readers round numbers beyond 2^53
  csv     a header and the rows, times in nanoseconds (_ns); the summary goes to stderr

Exit codes:
  0 done   1 a job or the output failed   2 bad input, refused before any job starts";

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

fn main() {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(help) if !help.use_stderr() => finish(help.print().map_err(Into::into)),
        Err(error) => quit(BAD_INPUT, first_paragraph(&error.to_string())),
    };
    let (numbers, pool) = prepare(&arguments).unwrap_or_else(|error| quit(BAD_INPUT, error));
    finish(run(&arguments, &numbers, &pool))
}

/// Ends the process: to return from `main` would drop the pool, and with it run all that is queued.
fn finish(outcome: Result<()>) -> ! {
    let Err(error) = outcome else { process::exit(DONE) };
    match error.downcast_ref().map(io::Error::kind) {
        // The reader has seen enough (`| head`).
        Some(io::ErrorKind::BrokenPipe) => process::exit(DONE),
        Some(_) => quit(FAILED, error.context("cannot write the output")),
        None => quit(FAILED, error),
    }
}

fn quit(code: i32, error: impl Display) -> ! {
    // `eprintln!` would panic on a closed stderr, and there is nowhere left to report it.
    let _ = writeln!(io::stderr(), "error: {error:#}");
    process::exit(code)
}

/// What clap says before its usage and tips, as one line.
fn first_paragraph(text: &str) -> String {
    let text = text.trim_start_matches("error: ");
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// Everything that can be refused is refused here, before any job starts.
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
        let range = parse(text.trim(), self.algorithm).with_context(|| {
            // Escaped and cut, so that any input makes one readable line.
            format!("{:?}", text.chars().take(40).collect::<String>())
        })?;
        self.list.extend(range);
        Ok(())
    }
}

/// A number is a range of one. Only what is within the limits comes back: it can be expanded.
fn parse(text: &str, algorithm: Algorithm) -> Result<Range<u64>> {
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
        // Refused as too large in the end, however large it was.
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Ok(u64::MAX),
        Err(_) if text.starts_with('-') => bail!("must not be negative, n starts at 0"),
        Err(_) => bail!("neither a number nor a range such as 30..=42"),
    }
}

fn naive(n: u64) -> u128 {
    match n {
        0 | 1 => n.into(),
        _ => naive(n - 1) + naive(n - 2),
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

fn run(arguments: &Arguments, numbers: &[u64], pool: &Pool) -> Result<()> {
    let mut report = Report::begin(arguments.format, numbers)?;
    let begin = Instant::now();
    let outcome = run_jobs(arguments.algorithm, numbers, pool, &mut report);
    let wall = begin.elapsed();
    report.bar.finish_and_clear();
    outcome?;
    report.finish(pool.workers(), wall)
}

/// Reports each row as soon as it and all before it are ready.
fn run_jobs(alg: Algorithm, numbers: &[u64], pool: &Pool, report: &mut Report) -> Result<()> {
    let mut pending = VecDeque::new();
    for &n in numbers {
        pending.push_back(submit(pool, alg, n, report.bar.clone())?);
        while pending.front().is_some_and(JobHandle::is_finished)
            && let Some(head) = pending.pop_front()
        {
            report.row(&head.join()?)?;
        }
    }
    for handle in pending {
        report.row(&handle.join()?)?;
    }
    Ok(())
}

fn submit(pool: &Pool, alg: Algorithm, n: u64, bar: ProgressBar) -> Result<JobHandle<Row>> {
    let submitted = Instant::now();
    Ok(pool.submit(move || {
        let start = Instant::now();
        let value = match alg {
            Algorithm::Naive => naive(n),
            Algorithm::Fast => fast(n),
        };
        let (time_ns, latency_ns) = (nanoseconds(start), nanoseconds(submitted));
        bar.inc(1);
        let (value, worker) = (value.to_string(), corepool::current_worker());
        Row { input: n, value, time_ns, worker, latency_ns }
    })?)
}

fn nanoseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// What one job sends back.
#[derive(Serialize)]
struct Row {
    input: u64,
    /// A string: most JSON readers round numbers beyond 2^53.
    value: String,
    time_ns: u64,
    worker: Option<usize>,
    /// From submission, the wait for room in the queue included, to the result.
    #[serde(skip)]
    latency_ns: u64,
}

#[derive(Serialize)]
struct Summary {
    jobs: u64,
    workers: usize,
    wall_ns: u64,
    sum_of_job_times_ns: u64,
    speed_up: f64,
    jobs_per_second: f64,
    latency_p50_ns: u64,
    latency_p99_ns: u64,
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Duration::from_nanos;
        writeln!(f, "jobs              {} on {} workers", self.jobs, self.workers)?;
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
    latencies: Histogram<u64>,
    sum_ns: u64,
}

impl Report {
    fn begin(format: Format, numbers: &[u64]) -> Result<Report> {
        let widest = fast(numbers.iter().copied().max().unwrap_or(0));
        let width = widest.to_string().len().max("fib(n)".len());
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
        Ok(Report { format, out, bar, width, latencies, sum_ns: 0 })
    }

    fn row(&mut self, row: &Row) -> Result<()> {
        let text = self.render(row)?;
        self.latencies.record(row.latency_ns)?;
        self.sum_ns = self.sum_ns.saturating_add(row.time_ns);
        let out = &mut self.out;
        Ok(self.bar.suspend(|| out.write_all(&text).and_then(|()| out.flush()))?)
    }

    fn render(&self, row: &Row) -> Result<Vec<u8>> {
        let Row { input, value, .. } = row;
        match self.format {
            Format::Table => {
                let (width, time) = (self.width, Duration::from_nanos(row.time_ns));
                let worker = row.worker.map_or("-".to_owned(), |index| index.to_string());
                Ok(format!("{input:>3}  {value:>width$}  {time:>9.2?}  {worker:>6}\n").into_bytes())
            }
            Format::Json => {
                let separator = if self.latencies.is_empty() { "" } else { ",\n" };
                Ok(format!("{separator}{}", serde_json::to_string(row)?).into_bytes())
            }
            Format::Csv => {
                let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
                csv.serialize(row)?;
                Ok(csv.into_inner()?)
            }
        }
    }

    fn finish(mut self, workers: usize, wall: Duration) -> Result<()> {
        let jobs = self.latencies.len();
        let summary = Summary {
            jobs,
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
