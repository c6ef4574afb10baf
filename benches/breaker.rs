//! What a circuit breaker costs a call, beside the peers in the same run: failsafe, recloser, and the bare call.
//!
//! `cargo bench --bench breaker`; a time is one call's, in the two-thread groups one call's on each of two threads that call
//! at once, and in `cycle` that of four calls which open the breaker and close it again.
//!
//! What a rate window costs: in a full count window a healthy call changes nothing, in a window of time it reads the clock and is
//! counted by one atomic write. Slow calls are timed and looked after while they run: each takes the lock (two atomic writes)
//! and reads the clock twice. `clock` and `lock` show the two alone.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use corepool::breaker::{CircuitBreaker, Clock, FailurePolicy, MonotonicClock, Window};
use corepool_benches::rows::{Bench, Group};
use corepool_benches::run;
use failsafe::{Config, StateMachine, backoff, failure_policy};
use parking_lot::Mutex;
use recloser::Recloser;

const MINUTE: Duration = Duration::from_secs(60);
const THREADS: [usize; 2] = [1, 2];

/// A call that fails when it is told to.
#[inline]
fn answer(fails: bool) -> Result<u64, u64> {
    let number = black_box(7);
    if black_box(fails) { Err(number) } else { Ok(number) }
}

/// A breaker that a call goes through: whether it was answered with `Ok`.
trait Peer: Sync {
    fn ask(&self, fails: bool) -> bool;
}

/// No breaker.
struct Bare;

impl Peer for Bare {
    #[inline]
    fn ask(&self, fails: bool) -> bool {
        answer(fails).is_ok()
    }
}

impl Peer for CircuitBreaker {
    #[inline]
    fn ask(&self, fails: bool) -> bool {
        CircuitBreaker::call(self, || answer(fails)).is_ok()
    }
}

/// The same breaker by permits.
struct ByPermit(CircuitBreaker);

impl Peer for ByPermit {
    #[inline]
    fn ask(&self, fails: bool) -> bool {
        self.0.try_acquire_ref().is_ok_and(|permit| permit.run(|| answer(fails)).is_ok())
    }
}

/// By permits that could travel.
struct ByOwnedPermit(CircuitBreaker);

impl Peer for ByOwnedPermit {
    #[inline]
    fn ask(&self, fails: bool) -> bool {
        self.0.try_acquire().is_ok_and(|permit| permit.run(|| answer(fails)).is_ok())
    }
}

type InARow = StateMachine<failure_policy::ConsecutiveFailures<backoff::Constant>, ()>;
type Windowed = StateMachine<failure_policy::SuccessRateOverTimeWindow<backoff::Constant>, ()>;

impl Peer for InARow {
    #[inline]
    fn ask(&self, fails: bool) -> bool {
        failsafe::CircuitBreaker::call(self, || answer(fails)).is_ok()
    }
}

impl Peer for Windowed {
    #[inline]
    fn ask(&self, fails: bool) -> bool {
        failsafe::CircuitBreaker::call(self, || answer(fails)).is_ok()
    }
}

impl Peer for Recloser {
    #[inline]
    fn ask(&self, fails: bool) -> bool {
        Recloser::call(self, || answer(fails)).is_ok()
    }
}

fn in_a_row(failures: u32, wait: Duration) -> InARow {
    Config::new().failure_policy(failure_policy::consecutive_failures(failures, backoff::constant(wait))).build()
}

fn by_rate(window: Window) -> CircuitBreaker {
    let policy = FailurePolicy::Rate { threshold: 0.5, window, minimum_calls: 20 };
    CircuitBreaker::builder().failure_policy(policy).build().expect("the rules are allowed")
}

/// Every call is timed, and looked after while it runs.
fn with_slow_calls() -> CircuitBreaker {
    CircuitBreaker::builder().slow_calls(MINUTE, 0.5).build().expect("the rules are allowed")
}

/// One call after the other, on so many threads at once.
fn calls<'a>(group: &mut Group<'a>, name: &str, threads: usize, peer: impl Peer + 'a) {
    group.row(name, move |calls| match threads {
        1 => timed_calls(&peer, calls),
        _ => at_once(threads, || timed_calls(&peer, calls)),
    });
}

fn timed_calls(peer: &impl Peer, calls: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(peer.ask(false));
    }
    start.elapsed()
}

/// The longest time of all threads, which begin together.
fn at_once(threads: usize, timed: impl Fn() -> Duration + Sync) -> Duration {
    let start = Barrier::new(threads);
    let begin_and_time = || {
        start.wait();
        timed()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(begin_and_time)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no call panics")).max().unwrap_or_default()
    })
}

fn closed(bench: &mut dyn Bench) {
    for threads in THREADS {
        let mut group = Group::new(format!("closed_{threads}"));
        let breaker = CircuitBreaker::new();
        calls(&mut group, "bare", threads, Bare);
        calls(&mut group, "corepool", threads, breaker.clone());
        calls(&mut group, "corepool_permit", threads, ByPermit(breaker.clone()));
        calls(&mut group, "corepool_owned_permit", threads, ByOwnedPermit(breaker));
        calls(&mut group, "failsafe", threads, in_a_row(5, MINUTE));
        calls(&mut group, "recloser", threads, Recloser::custom().build());
        bench.measure(group);
    }
}

fn rate(bench: &mut dyn Bench) {
    for threads in THREADS {
        let mut group = Group::new(format!("rate_{threads}"));
        calls(&mut group, "corepool_count", threads, by_rate(Window::Count(100)));
        calls(&mut group, "corepool_time", threads, by_rate(Window::Time { span: MINUTE, buckets: 60 }));
        let windowed = failure_policy::success_rate_over_time_window(0.5, 20, MINUTE, backoff::constant(MINUTE));
        calls(&mut group, "failsafe_time", threads, Config::new().failure_policy(windowed).build());
        calls(&mut group, "recloser_count", threads, Recloser::custom().closed_len(100).build());
        bench.measure(group);
    }
    let mut group = Group::new("rate_parts");
    let (clock, lock) = (MonotonicClock::new(), Mutex::new(0_u64));
    calls(&mut group, "corepool_slow", 1, with_slow_calls());
    group.iterate("clock", move || black_box(&clock).now());
    group.iterate("lock", move || *black_box(&lock).lock() += 1);
    bench.measure(group);
}

/// Every call is rejected.
fn open(bench: &mut dyn Bench) {
    for threads in THREADS {
        let mut group = Group::new(format!("open_{threads}"));
        let (breaker, failsafe) = (CircuitBreaker::new(), in_a_row(1, MINUTE));
        breaker.open_for(MINUTE);
        failsafe.ask(true);
        let recloser = Recloser::custom().closed_len(1).open_wait(MINUTE).build();
        recloser.ask(true);
        recloser.ask(true);
        calls(&mut group, "corepool", threads, breaker);
        calls(&mut group, "failsafe", threads, failsafe);
        calls(&mut group, "recloser", threads, recloser);
        bench.measure(group);
    }
}

/// Half-open calls: every call is a probe, and they never decide. The peers have no such state: theirs ends with the first
/// success or when its ring is full, so they take part in the cycle.
fn half_open(bench: &mut dyn Bench) {
    let mut group = Group::new("half_open");
    let breaker = CircuitBreaker::builder().half_open(u32::MAX, u32::MAX).build().expect("the rules are allowed");
    breaker.open_for(Duration::ZERO);
    calls(&mut group, "corepool_probe", 1, breaker);
    let saturated = CircuitBreaker::new();
    saturated.open_for(Duration::ZERO);
    let probe = saturated.try_acquire().expect("the wait is over");
    calls(&mut group, "corepool_saturated", 1, saturated);
    bench.measure(group);
    drop(probe);

    let mut group = Group::new("cycle");
    let builder = CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(2)).open_wait(Duration::ZERO);
    cycle(&mut group, "corepool", builder.half_open(2, 2).build().expect("the rules are allowed"));
    cycle(&mut group, "failsafe", in_a_row(2, Duration::ZERO));
    let recloser = Recloser::custom().closed_len(1).half_open_len(1).open_wait(Duration::ZERO).build();
    cycle(&mut group, "recloser", recloser);
    bench.measure(group);
}

/// Two failures open it, the wait of zero is over, two successes close it.
fn cycle<'a>(group: &mut Group<'a>, name: &str, peer: impl Peer + 'a) {
    group.iterate(name, move || [true, true, false, false].map(|fails| peer.ask(fails)));
}

fn breaker(bench: &mut dyn Bench) {
    closed(bench);
    rate(bench);
    open(bench);
    half_open(bench);
}

fn main() -> ExitCode {
    run(breaker)
}
