//! What the tests share: gates instead of sleeps, a pool whose worker is held, a watchdog, silence for expected panics.

#![allow(dead_code, unreachable_pub, reason = "every test binary uses its own part")]

pub mod spy;

use std::any::Any;
use std::collections::HashSet;
use std::hint;
use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, Once};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use corepool::{Interrupted, JobError, JobHandle, Pool, Stats, SubmitError, SubmitErrorKind, checkpoint};

/// Long enough for anything that ends at all; a test that meets it has found a hang.
pub const FOREVER: Duration = Duration::from_secs(60);

/// A latch: shut until opened, then open for good. Clones are the same latch.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open; panics when that takes for ever.
    pub fn pass(&self) {
        let shut = self.0.0.lock().unwrap();
        let (open, _) = self.0.1.wait_timeout_while(shut, FOREVER, |open| !*open).unwrap();
        assert!(*open, "nobody opened the gate");
    }
}

/// A pool of one worker with room for `capacity` jobs.
pub fn one_worker(capacity: usize) -> Pool {
    Pool::builder().workers(1).queue_capacity(capacity).build().unwrap()
}

pub fn with_workers(n: usize) -> Pool {
    Pool::builder().workers(n).build().unwrap()
}

/// A pool whose threads can be told from those of other tests.
pub fn named(name: &str, workers: usize) -> Pool {
    Pool::builder().workers(workers).thread_name(name).build().unwrap()
}

/// Runs `job` on a worker of the pool and gives what it returned.
pub fn inside<T: Send + 'static>(pool: &Pool, job: impl FnOnce(&Pool) -> T + Send + 'static) -> T {
    let inner = pool.clone();
    finish(pool.submit(move || job(&inner)).unwrap())
}

/// Keeps one worker busy until the gate is opened. Comes back once the worker has begun.
pub fn hold_worker(pool: &Pool) -> (Gate, JobHandle<()>) {
    let (gate, started) = (Gate::new(), Gate::new());
    let job = {
        let (gate, started) = (gate.clone(), started.clone());
        pool.submit(move || {
            started.open();
            gate.pass();
        })
    };
    started.pass();
    (gate, job.unwrap())
}

/// Whether there are threads of that name, or whose name begins so, and all of them sleep. Where the system does not tell, they
/// may not have come so far: a test then sees less.
pub fn asleep(prefix: &str) -> bool {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return true };
    // The name is in parentheses, the state comes after it.
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok());
    let mut stats =
        stats.filter(|stat| stat.split_once('(').is_some_and(|(_, name)| name.starts_with(prefix))).peekable();
    stats.peek().is_some() && stats.all(|stat| stat.contains(") S "))
}

/// What became of a job; panics when that takes for ever.
pub fn outcome<T>(job: JobHandle<T>) -> Result<T, JobError> {
    job.join_timeout(FOREVER).expect("the job hangs")
}

/// A job's value; panics when that takes for ever.
pub fn finish<T>(job: JobHandle<T>) -> T {
    outcome(job).unwrap()
}

/// Whether the job has resolved by now, as cancelled.
pub fn is_cancelled<T>(job: JobHandle<T>) -> bool {
    matches!(job.try_join(), Ok(Err(JobError::Cancelled)))
}

/// What a job's panic said.
pub fn message_of<T>(outcome: Result<T, JobError>) -> String {
    match outcome {
        Err(JobError::Panicked(panic)) => panic.message().to_owned(),
        Err(other) => panic!("no panic but {other}"),
        Ok(_) => panic!("no panic but a value"),
    }
}

/// Why a job was rejected, if it was.
pub fn rejection<T, F>(submitted: Result<JobHandle<T>, SubmitError<F>>) -> Option<SubmitErrorKind> {
    submitted.err().map(|rejected| rejected.kind())
}

/// What `Stats` promises of its counts.
pub fn assert_adds_up(stats: &Stats) {
    let resolved = stats.completed + stats.panicked + stats.cancelled + stats.expired + stats.aborted;
    assert_eq!(stats.submitted, resolved + stats.queued + stats.busy, "{stats:?}");
    // A count that had wrapped round would be larger than all that was submitted.
    assert!(stats.busy <= stats.submitted, "{stats:?}");
}

/// What a job does that runs until it is asked to stop; tells why it was.
pub fn until_stopped() -> Interrupted {
    loop {
        if let Err(why) = checkpoint() {
            return why;
        }
        thread::yield_now();
    }
}

/// Stays awake for a little while, so that what follows meets others in the middle of something.
pub fn spin(turns: usize) {
    (0..turns).for_each(|_| hint::spin_loop());
}

/// Yields until `done`; panics when that takes for ever. For states that only `stats()` shows.
pub fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < FOREVER, "still waiting for: {what}");
        thread::yield_now();
    }
}

/// A debug build, slower by as much, does a part of what is repeated for the sake of chance: the release build does it all.
pub const fn in_debug_a_quarter_of(times: usize) -> usize {
    if cfg!(debug_assertions) { times.div_ceil(4) } else { times }
}

/// Counts from 0 for a test that repeats something `most` times; stops sooner where other work on the machine makes that
/// last long, and well before it is taken for a hang.
pub fn rounds(most: usize) -> impl Iterator<Item = usize> {
    let start = Instant::now();
    (0..in_debug_a_quarter_of(most)).take_while(move |_| start.elapsed() < FOREVER / 4)
}

/// As [`rounds`]; fewer where the environment says so: under valgrind each takes fifty times as long.
pub fn repeats(most: usize) -> impl Iterator<Item = usize> {
    let limit = std::env::var("COREPOOL_TEST_REPEATS").ok().and_then(|limit| limit.parse().ok());
    rounds(most).take(limit.unwrap_or(usize::MAX))
}

/// Runs `test` on a thread of its own; ends the process with a message if it hangs.
pub fn within_a_minute(test: impl FnOnce() + Send + 'static) {
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let running = thread::spawn(move || {
        let _done = done;
        test();
    });
    // A little longer than what the test itself waits for, so that it can say what it waited for.
    if is_done.recv_timeout(FOREVER + FOREVER / 6) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        // Not a panic: the test's threads would keep the process alive.
        let _ = writeln!(std::io::stderr(), "the test hangs");
        std::process::exit(101);
    }
    if let Err(payload) = running.join() {
        panic::resume_unwind(payload);
    }
}

/// Runs `test` in a process of its own, for what a process has one of: the test binary once more, with nothing but the test of
/// this name, which is the caller.
pub fn in_a_process_of_its_own(name: &str, test: impl FnOnce() + Send + 'static) {
    in_processes_of_their_own(1, name, test);
}

/// The same in many processes, one after the other.
pub fn in_processes_of_their_own(most: usize, name: &str, test: impl FnOnce() + Send + 'static) {
    const INSIDE: &str = "COREPOOL_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return within_a_minute(test);
    }
    for _ in rounds(most) {
        let mut inside = std::process::Command::new(std::env::current_exe().unwrap());
        let ended = inside.args(["--exact", name]).env(INSIDE, name).output().unwrap();
        let ran = String::from_utf8_lossy(&ended.stdout).contains("1 passed");
        assert!(ended.status.success() && ran, "{ended:?}");
    }
}

/// Marks panics that a test causes on purpose.
pub const EXPECTED: &str = "expected: ";

/// Keeps panics whose message starts with [`EXPECTED`], or has no text, off stderr.
pub fn silence_expected_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let text = text_of(info.payload()).unwrap_or(EXPECTED);
            if !text.starts_with(EXPECTED) {
                default(info);
            }
        }));
    });
}

fn text_of(payload: &dyn Any) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// Runs `job` once on every worker, proving that each is alive: as many jobs as workers meet before any goes on.
pub fn on_every_worker<T: Send + 'static>(pool: &Pool, job: impl Fn() -> T + Send + Sync + 'static) -> Vec<T> {
    let meeting = Arc::new((std::sync::Barrier::new(pool.workers()), job));
    let jobs: Vec<_> = (0..pool.workers())
        .map(|_| {
            let meeting = Arc::clone(&meeting);
            pool.submit(move || {
                meeting.0.wait();
                (meeting.1)()
            })
            .unwrap()
        })
        .collect();
    jobs.into_iter().map(|job| job.join_timeout(FOREVER).expect("a worker is missing").unwrap()).collect()
}

/// The threads behind a pool.
pub fn threads_of(pool: &Pool) -> HashSet<ThreadId> {
    on_every_worker(pool, || thread::current().id()).into_iter().collect()
}

/// Proves that every worker is alive.
pub fn assert_all_workers_alive(pool: &Pool) {
    on_every_worker(pool, || ());
}

/// How many threads of this process have a name that begins with `prefix`.
#[cfg(target_os = "linux")]
pub fn threads_named(prefix: &str) -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name.starts_with(prefix))
        .count()
}

/// A thread that was joined may stand in /proc a moment longer, so this waits for it to go.
#[cfg(target_os = "linux")]
pub fn assert_no_thread_named(prefix: &str) {
    wait_until("the threads to be gone", || threads_named(prefix) == 0);
}

#[cfg(not(target_os = "linux"))]
pub fn assert_no_thread_named(_prefix: &str) {}

pub fn thread_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

/// Polls a future one time.
pub fn poll_once<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// What a future gave that was polled.
pub fn ready<T>(polled: Poll<T>) -> T {
    match polled {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it should be ready"),
    }
}

/// A waker that opens the gate when it is let go of, woken or not. Left with a handle by [`poll_once`], it tells when a
/// later `join` has put its own in its place: the joiner then waits.
pub fn opens_when_let_go(gate: &Gate) -> Waker {
    struct Opener(Gate);
    impl Wake for Opener {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Opener {
        fn drop(&mut self) {
            self.0.open();
        }
    }
    Waker::from(Arc::new(Opener(gate.clone())))
}

/// Runs a closure when it is dropped.
pub struct OnDrop<F: FnOnce()>(Option<F>);

pub fn on_drop<F: FnOnce()>(act: F) -> OnDrop<F> {
    OnDrop(Some(act))
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

/// Counts those that live.
pub struct Live<'a>(&'a AtomicUsize);

impl<'a> Live<'a> {
    pub fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        // Whoever does not wait for it is caught at it.
        spin(50);
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The number that a call has thrown.
pub fn thrown<R>(call: impl FnOnce() -> R) -> usize {
    let payload: Box<dyn Any + Send> = match panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => panic!("it was to panic"),
        Err(payload) => payload,
    };
    *payload.downcast().expect("its own payload")
}

/// Where jobs write down that they ran.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<usize>>>);

impl Log {
    pub fn write(&self, entry: usize) {
        self.0.lock().unwrap().push(entry);
    }

    pub fn read(&self) -> Vec<usize> {
        self.0.lock().unwrap().clone()
    }

    /// A job that writes `entry`.
    pub fn job(&self, entry: usize) -> impl FnOnce() + Send + use<> {
        let log = self.clone();
        move || log.write(entry)
    }
}
