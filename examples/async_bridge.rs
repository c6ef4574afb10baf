//! CPU-bound jobs from async code: a tokio program that awaits them, gives them up, and stays responsive meanwhile.
//!
//! A heartbeat on the async thread shows what requests there would feel: how late is it at worst while primes are
//! counted inline, and while they are counted on the pool? Then three requests time out, and the jobs behind them stop
//! wherever they are: in line for the queue, in the queue, on a worker.
//!
//! ```sh
//! cargo run --release --example async_bridge
//! cargo run --release --example async_bridge -- --jobs 20 --workers 1
//! ```
//!
//! The way of a job: `submit_async`, which waits for room without blocking -> a worker -> its handle, awaited.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use corepool::{CancelOnDrop, Interrupted, Pool, checkpoint};
use shared::{BAD_INPUT, DONE, finish, parse, quit};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::{self, yield_now};
use tokio::time::{sleep, timeout};

mod shared;

/// So small that most jobs wait for room: that must not block the async thread either.
const QUEUE: usize = 2;

const DETAILS: &str = "\
Output:
  Two rows of the same work, counting primes: inline on the only async thread, and on the pool.
  The delay is the heartbeat's worst, and what any other task of the program would have waited.
  Then three requests with a time-out, and what became of their jobs.

Exit codes:
  0 done   1 a job or the output failed   2 bad input";

/// Awaits CPU-bound jobs in a tokio program without holding up its other tasks
#[derive(Parser)]
#[command(name = "async_bridge", version, after_help = DETAILS)]
struct Arguments {
    /// Jobs to split the work into
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    jobs: u64,
    /// Numbers each job looks at for primes
    #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    span: u64,
    /// Time from one heartbeat to the next (5ms, 1s; at most 1m)
    #[arg(long, value_name = "TIME", default_value = "10ms", value_parser = duration)]
    heartbeat: Duration,
    /// Time after which a request is given up (50ms, 1s; at most 1m)
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = duration)]
    timeout: Duration,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    workers: Option<usize>,
}

fn duration(text: &str) -> Result<Duration> {
    let time = humantime::parse_duration(text)?;
    ensure!(!time.is_zero() && time <= Duration::from_secs(60), "must be more than none and at most a minute");
    Ok(time)
}

fn main() {
    let arguments: Arguments = parse();
    let mut builder = Pool::builder().queue_capacity(QUEUE);
    if let Some(workers) = arguments.workers {
        builder = builder.workers(workers);
    }
    let pool = builder.build().context("cannot build the pool").unwrap_or_else(|error| quit(BAD_INPUT, error));
    // One thread for all tasks: what blocks it blocks them all.
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    let outcome = runtime.context("cannot start tokio").and_then(|runtime| runtime.block_on(run(&arguments, &pool)));
    finish(outcome.map(|()| DONE))
}

async fn run(arguments: &Arguments, pool: &Pool) -> Result<()> {
    let mut out = io::stdout();
    let Arguments { jobs, span, heartbeat, timeout, .. } = *arguments;
    let spans = || (0..jobs).map(move |index| index * span..(index + 1) * span);

    writeln!(out, "{:<24}  {:>9}  {:>9}  {:>11}", format!("{jobs} jobs"), "primes", "time", "worst delay")?;
    let (primes, time, delay) = under_heartbeat(heartbeat, inline(spans())).await?;
    writeln!(out, "{:<24}  {primes:>9}  {time:>9.2?}  {delay:>11.2?}", "on the async thread")?;
    let (primes, time, delay) = under_heartbeat(heartbeat, on_pool(pool, spans())).await?;
    let place = format!("on {} workers", pool.workers());
    writeln!(out, "{place:<24}  {primes:>9}  {time:>9.2?}  {delay:>11.2?}")?;

    writeln!(out, "\n{:<24}  what became of the job", format!("given up after {timeout:?}"))?;
    for (place, fate) in ["in line for room", "in the queue", "on a worker"].iter().zip(give_up(pool, timeout).await?) {
        writeln!(out, "{place:<24}  {fate}")?;
    }
    Ok(())
}

/// What the work comes to, the time it takes, and how late the heartbeat is meanwhile, at worst.
async fn under_heartbeat(
    period: Duration,
    work: impl Future<Output = Result<u64>>,
) -> Result<(u64, Duration, Duration)> {
    let stop = Arc::new(AtomicBool::new(false));
    let heart = task::spawn(beat(period, Arc::clone(&stop)));
    // Its first period begins before the work does.
    yield_now().await;
    let begin = Instant::now();
    let primes = work.await?;
    let time = begin.elapsed();
    stop.store(true, Ordering::Relaxed);
    Ok((primes, time, heart.await?))
}

/// The worst delay until it is stopped, the last beat included.
async fn beat(period: Duration, stop: Arc<AtomicBool>) -> Duration {
    let mut worst = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let begin = Instant::now();
        sleep(period).await;
        worst = worst.max(begin.elapsed().saturating_sub(period));
    }
    worst
}

/// The mistake: between two jobs other tasks get their turn, during one they do not.
async fn inline(spans: impl Iterator<Item = Range<u64>>) -> Result<u64> {
    let mut sum = 0;
    for span in spans {
        sum += primes(span)?;
        yield_now().await;
    }
    Ok(sum)
}

/// A task for each job, as if each were a request.
async fn on_pool(pool: &Pool, spans: impl Iterator<Item = Range<u64>>) -> Result<u64> {
    let requests: Vec<_> = spans
        .map(|span| {
            let pool = pool.clone();
            task::spawn(async move { Ok::<_, anyhow::Error>(pool.submit_async(|| primes(span)).await?.await??) })
        })
        .collect();
    let mut sum = 0;
    for request in requests {
        sum += request.await??;
    }
    Ok(sum)
}

fn primes(span: Range<u64>) -> Result<u64, Interrupted> {
    let mut count = 0;
    for n in span {
        checkpoint()?;
        count += u64::from(is_prime(n));
    }
    Ok(count)
}

fn is_prime(n: u64) -> bool {
    let mut divisors = (3..).step_by(2).take_while(|divisor| divisor * divisor <= n);
    n == 2 || n > 2 && !n.is_multiple_of(2) && !divisors.any(|divisor| n.is_multiple_of(divisor))
}

/// A job that nobody waits for to its end, and what it says of itself: that it begins, and why it stops.
struct Endless {
    job: CancelOnDrop<()>,
    begun: oneshot::Receiver<()>,
    stopped: oneshot::Receiver<Interrupted>,
}

impl Endless {
    async fn submit(pool: &Pool) -> Result<Self> {
        let ((begin, begun), (stop, stopped)) = (oneshot::channel(), oneshot::channel());
        let job = move || {
            // Whoever gave the request up does not listen any more.
            let _ = begin.send(());
            if let Err(why) = primes(0..u64::MAX) {
                let _ = stop.send(why);
            }
        };
        let job = pool.submit_async(job).await?.cancel_on_drop();
        Ok(Self { job, begun, stopped })
    }
}

/// Requests that time out while every worker is busy, and what becomes of their jobs. Each drops a future, no more.
async fn give_up(pool: &Pool, patience: Duration) -> Result<[String; 3]> {
    let (mut running, mut queued) = (Vec::new(), Vec::new());
    for _ in 0..pool.workers() {
        let mut endless = Endless::submit(pool).await?;
        (&mut endless.begun).await?;
        running.push(endless);
    }
    for _ in 0..QUEUE {
        queued.push(Endless::submit(pool).await?);
    }
    Ok([
        give_up_in_line(pool, patience).await?,
        give_up_queued(queued, patience).await?,
        stop(running, patience).await?,
    ])
}

async fn give_up_in_line(pool: &Pool, patience: Duration) -> Result<String> {
    let before = pool.stats();
    ensure!(timeout(patience, Endless::submit(pool)).await.is_err(), "the queue of {QUEUE} jobs has room for another");
    let after = pool.stats();
    ensure!(after.waiting == 0, "{} requests that were given up are still in line", after.waiting);
    Ok(format!("left the line: {} submitted", after.submitted - before.submitted))
}

async fn give_up_queued(jobs: Vec<Endless>, patience: Duration) -> Result<String> {
    let mut never_ran = 0;
    for Endless { job, begun, .. } in jobs {
        ensure!(timeout(patience, job).await.is_err(), "an endless job has ended");
        // The closure is gone, and with it its end of the channel.
        ensure!(begun.await.is_err(), "a job that was given up while it was queued has begun");
        never_ran += 1;
    }
    Ok(format!("cancelled: {never_ran} never ran"))
}

async fn stop(jobs: Vec<Endless>, patience: Duration) -> Result<String> {
    let requests: Vec<_> = jobs
        .into_iter()
        .map(|Endless { job, stopped, .. }| {
            task::spawn(async move {
                ensure!(timeout(patience, job).await.is_err(), "an endless job has ended");
                stopped.await.context("a job that was given up did not say why it stopped")
            })
        })
        .collect();
    let count = requests.len();
    let mut reasons = Vec::new();
    for request in requests {
        reasons.push(request.await??.to_string());
    }
    reasons.dedup();
    Ok(format!("stopped: {count} were told {:?}", reasons.join(", ")))
}
