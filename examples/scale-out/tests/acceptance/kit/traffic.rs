//! Closed-loop load: connections of which each sends its next request when it has the answer to the last.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use hyper::Method;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::client::{Answer, Connection, LIMIT, request, runtime};
use super::wait::until;

/// So that connections that are refused do not take the CPU from what would accept them.
const AFTER_A_FAILURE: Duration = Duration::from_millis(5);

/// Of each time three digits are kept, and what is longer counts as this.
const DIGITS: u8 = 3;
const LONGEST: Duration = Duration::from_secs(60);

/// What is sent.
#[derive(Clone, Debug)]
pub struct Load {
    pub address: SocketAddr,
    pub method: Method,
    pub path: &'static str,
    pub connections: usize,
    /// From an answer to the next request.
    pub pause: Duration,
}

impl Load {
    pub fn get(address: SocketAddr, path: &'static str, connections: usize) -> Self {
        Self { address, method: Method::GET, path, connections, pause: Duration::ZERO }
    }

    pub fn post(address: SocketAddr, path: &'static str, connections: usize) -> Self {
        Self { method: Method::POST, ..Self::get(address, path, connections) }
    }

    pub fn with_pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    pub fn start(self) -> Traffic {
        Traffic::start(self)
    }
}

/// What became of the requests so far.
#[derive(Clone, Debug)]
pub struct Report {
    pub statuses: BTreeMap<u16, u64>,
    /// Requests that got no answer, or one with another status than 200: what happened.
    pub failures: Vec<String>,
    /// Microseconds to a 200.
    pub latencies: Histogram<u64>,
    /// Who answered with 200.
    pub instances: BTreeSet<String>,
    pub elapsed: Duration,
}

/// Runs on a thread of its own until it is stopped.
#[derive(Debug)]
pub struct Traffic {
    stop: Arc<AtomicBool>,
    report: Arc<Mutex<Report>>,
    begin: Instant,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Traffic {
    fn start(load: Load) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let report = Arc::new(Mutex::new(Report::new()));
        let thread = thread::spawn({
            let (stop, report) = (Arc::clone(&stop), Arc::clone(&report));
            move || drive(&load, &stop, &report)
        });
        Self { stop, report, begin: Instant::now(), thread: Some(thread) }
    }

    pub fn served(&self) -> u64 {
        self.report.lock().expect("no panic under this lock").served()
    }

    pub fn failed(&self) -> usize {
        self.report.lock().expect("no panic under this lock").failures.len()
    }

    /// Until so many more requests are served than when this is called.
    pub fn serve_another(&self, number: u64) -> Result<()> {
        let goal = self.served() + number;
        until(&format!("{number} more requests served"), || self.served() >= goal)?;
        Ok(())
    }

    /// Waits for the requests that are under way.
    pub fn stop(mut self) -> Result<Report> {
        self.stop.store(true, Ordering::Relaxed);
        let elapsed = self.begin.elapsed();
        self.thread.take().context("stopped once")?.join().expect("traffic does not panic")?;
        let report = self.report.lock().expect("no panic under this lock").clone();
        Ok(Report { elapsed, ..report })
    }
}

/// A test that fails does not leave its load to the next one.
impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // The test has failed already.
            let _ = thread.join();
        }
    }
}

fn drive(load: &Load, stop: &Arc<AtomicBool>, report: &Arc<Mutex<Report>>) -> Result<()> {
    runtime()?.block_on(async {
        let mut connections = JoinSet::new();
        for _ in 0..load.connections {
            connections.spawn(client(load.clone(), Arc::clone(stop), Arc::clone(report)));
        }
        while let Some(end) = connections.join_next().await {
            end??;
        }
        Ok(())
    })
}

async fn client(load: Load, stop: Arc<AtomicBool>, report: Arc<Mutex<Report>>) -> Result<()> {
    let mut kept = None;
    while !stop.load(Ordering::Relaxed) {
        let begin = Instant::now();
        let answer = timeout(LIMIT, exchange(&load, &mut kept)).await.unwrap_or_else(|_| too_late());
        let failed = !matches!(&answer, Ok(Answer { status: 200, .. }));
        report.lock().expect("no panic under this lock").record(answer, begin);
        let pause = if failed { AFTER_A_FAILURE.max(load.pause) } else { load.pause };
        // The timer would make a millisecond of none.
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }
    Ok(())
}

fn too_late() -> Result<Answer> {
    bail!("no answer after {LIMIT:?}")
}

/// Over the kept connection, unless the server has closed it before the request left.
async fn exchange(load: &Load, kept: &mut Option<Connection>) -> Result<Answer> {
    if let Some(mut connection) = kept.take() {
        match connection.send(request(load.method.clone(), load.path, &[])?).await {
            Err(error) if has_not_left(&error) => {}
            end => return end.inspect(|_| *kept = Some(connection)),
        }
    }
    let mut connection = Connection::open(load.address).await?;
    let answer = connection.send(request(load.method.clone(), load.path, &[])?).await?;
    *kept = Some(connection);
    Ok(answer)
}

fn has_not_left(error: &anyhow::Error) -> bool {
    error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
}

impl Report {
    fn new() -> Self {
        Self {
            statuses: BTreeMap::new(),
            failures: Vec::new(),
            latencies: Histogram::new_with_max(LONGEST.as_micros() as u64, DIGITS).expect("bounds that it can count"),
            instances: BTreeSet::new(),
            elapsed: Duration::ZERO,
        }
    }

    fn record(&mut self, answer: Result<Answer>, begin: Instant) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.failures.push(format!("{error:#}")),
        };
        *self.statuses.entry(answer.status).or_default() += 1;
        if answer.status == 200 {
            self.latencies.saturating_record(begin.elapsed().as_micros() as u64);
            self.instances.extend(answer.header("x-instance").map(str::to_owned));
        } else {
            self.failures.push(format!("{} {}", answer.status, answer.body));
        }
    }

    pub fn served(&self) -> u64 {
        self.statuses.get(&200).copied().unwrap_or_default()
    }

    /// Requests served in a second.
    pub fn throughput(&self) -> f64 {
        self.served() as f64 / self.elapsed.as_secs_f64()
    }

    pub fn latency(&self, quantile: f64) -> Duration {
        Duration::from_micros(self.latencies.value_at_quantile(quantile))
    }

    pub fn ensure_none_failed(&self) -> Result<()> {
        let (failed, served) = (self.failures.len(), self.served());
        let first = &self.failures[..failed.min(5)];
        ensure!(served > 0 && failed == 0, "{served} requests were served, {failed} failed: {first:#?}");
        Ok(())
    }
}
