//! Every accepted job resolves exactly once, under any mix of panics, time-outs, shutdown and dropped handles; it is
//! counted before its handle resolves, and the counts add up whenever somebody looks.

mod common;

use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use common::{
    FOREVER, Gate, assert_adds_up, hold_worker, one_worker, poll_once, rounds, silence_expected_panics, wait_until,
    within_a_minute,
};
use corepool::{JobError, JobHandle, Pool, Shutdown, Stats};

/// What everybody saw, to be compared with what the pool says.
#[derive(Default)]
struct Ledger {
    accepted: Count,
    rejected: Count,
    returned: Count,
    panicked: Count,
    closures: Lifetimes,
    results: Lifetimes,
    values_read: Count,
    panics_read: Count,
    aborts_read: Count,
    let_go: Count,
}

#[derive(Default)]
struct Count(AtomicU64);

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Default)]
struct Lifetimes {
    made: Count,
    dropped: Count,
}

/// Counts a value's life.
struct Guard(Arc<Ledger>, fn(&Ledger) -> &Lifetimes);

impl Guard {
    fn new(ledger: &Arc<Ledger>, which: fn(&Ledger) -> &Lifetimes) -> Self {
        which(ledger).made.add();
        Self(Arc::clone(ledger), which)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        (self.1)(&self.0).dropped.add();
    }
}

/// Pseudo-random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// One that uses the pool in every way there is, and keeps the books.
#[derive(Clone)]
struct Client {
    pool: Pool,
    ledger: Arc<Ledger>,
}

impl Client {
    fn work(&self, seed: u64, steps: usize) {
        let mut dice = Dice::new(seed);
        let mut kept = Vec::new();
        for _ in 0..steps {
            if let Some(handle) = self.submit(&mut dice, 0) {
                self.use_up(handle, &mut dice, &mut kept);
            }
            if kept.len() > 20 {
                let handle = kept.swap_remove(dice.roll(20) as usize);
                self.read(JobHandle::join(handle));
            }
        }
        for handle in kept {
            self.read(handle.join());
        }
    }

    fn submit(&self, dice: &mut Dice, depth: u32) -> Option<JobHandle<Guard>> {
        let closure = Guard::new(&self.ledger, |ledger| &ledger.closures);
        let (client, seed) = (self.clone(), dice.roll(u64::MAX));
        let job = move || {
            let _closure = closure;
            client.run(seed, depth)
        };
        let submitted = match dice.roll(4) {
            0 | 1 => self.pool.submit(job).ok(),
            2 => self.pool.try_submit(job).ok(),
            _ => self.pool.submit_timeout(job, Duration::from_micros(dice.roll(200))).ok(),
        };
        let book = if submitted.is_some() { &self.ledger.accepted } else { &self.ledger.rejected };
        book.add();
        submitted
    }

    /// What every job does.
    fn run(&self, seed: u64, depth: u32) -> Guard {
        let mut dice = Dice::new(seed);
        if depth < 3 && dice.roll(4) == 0 {
            let mut kept = Vec::new();
            for _ in 0..=dice.roll(3) {
                if let Some(handle) = self.submit(&mut dice, depth + 1) {
                    kept.push(handle);
                }
            }
            for handle in kept {
                // On a worker only a plain join is sure to come to an end.
                match dice.roll(3) {
                    0 => self.let_go(handle),
                    _ => self.read(handle.join()),
                }
            }
        }
        if dice.roll(5) == 0 {
            self.ledger.panicked.add();
            panic_any(seed);
        }
        self.ledger.returned.add();
        Guard::new(&self.ledger, |ledger| &ledger.results)
    }

    fn use_up(&self, mut handle: JobHandle<Guard>, dice: &mut Dice, kept: &mut Vec<JobHandle<Guard>>) {
        match dice.roll(8) {
            0 => self.read(handle.join()),
            1 => self.read(handle.join_timeout(FOREVER).expect("the job has vanished")),
            2 => match handle.join_timeout(Duration::from_micros(dice.roll(100))) {
                Ok(outcome) => self.read(outcome),
                Err(handle) => kept.push(handle),
            },
            3 => match handle.try_join() {
                Ok(outcome) => self.read(outcome),
                Err(handle) => kept.push(handle),
            },
            4 => self.let_go(handle),
            5 => match poll_once(&mut handle, Waker::noop()) {
                Poll::Ready(outcome) => self.read(outcome),
                Poll::Pending => kept.push(handle),
            },
            6 => self.read(pollster::block_on(handle)),
            _ => kept.push(handle),
        }
    }

    fn let_go(&self, handle: JobHandle<Guard>) {
        self.ledger.let_go.add();
        if handle.is_finished() { drop(handle) } else { handle.detach() }
    }

    fn read(&self, outcome: Result<Guard, JobError>) {
        match outcome {
            Ok(_) => self.ledger.values_read.add(),
            Err(JobError::Panicked(_)) => self.ledger.panics_read.add(),
            Err(JobError::Aborted) => self.ledger.aborts_read.add(),
            Err(other) => panic!("nobody asked for this: {other}"),
        }
    }
}

fn assert_balanced(ledger: &Ledger, stats: &Stats) {
    assert_adds_up(stats);
    assert_eq!((stats.busy, stats.queued, stats.waiting), (0, 0, 0));
    assert_eq!(stats.submitted, ledger.accepted.get());
    assert_eq!(stats.rejected, ledger.rejected.get());
    assert_eq!(stats.completed, ledger.returned.get());
    assert_eq!(stats.panicked, ledger.panicked.get());
    assert_eq!(stats.aborted, ledger.accepted.get() - ledger.returned.get() - ledger.panicked.get());

    let answers = ledger.values_read.get() + ledger.panics_read.get() + ledger.aborts_read.get();
    assert_eq!(answers + ledger.let_go.get(), stats.submitted, "each handle answered once or was let go of");
    assert!(ledger.values_read.get() <= stats.completed);
    assert!(ledger.panics_read.get() <= stats.panicked);
    assert!(ledger.aborts_read.get() <= stats.aborted);

    let (closures, results) = (&ledger.closures, &ledger.results);
    assert_eq!(closures.made.get(), stats.submitted + stats.rejected);
    assert_eq!(closures.dropped.get(), closures.made.get(), "each closure is dropped once");
    assert_eq!(results.made.get(), stats.completed);
    assert_eq!(results.dropped.get(), results.made.get(), "each result is dropped once");
}

/// Lets clients loose on a pool with little room, ends the pool under them or after them, and checks the books.
fn keep_the_books(seed: u64, mode: Shutdown, end_after: Option<u64>) {
    silence_expected_panics();
    within_a_minute(move || {
        let pool = Pool::builder().workers(3).queue_capacity(8).build().unwrap();
        let client = Client { pool, ledger: Arc::default() };
        let clients: Vec<_> = (0..4)
            .map(|n| {
                let client = client.clone();
                thread::spawn(move || client.work(4 * seed + n, 1_500))
            })
            .collect();
        if let Some(jobs) = end_after {
            wait_until("the clients get going", || {
                let stats = client.pool.stats();
                assert_adds_up(&stats);
                stats.submitted >= jobs
            });
            client.pool.shutdown(mode, None).unwrap();
        }
        for client in clients {
            client.join().unwrap();
        }
        let report = client.pool.shutdown(mode, None).unwrap();
        assert_eq!((report.still_running, report.still_queued), (0, 0));
        let Client { pool, ledger } = client;
        let stats = pool.stats();
        assert_eq!(
            (report.completed, report.panicked, report.aborted),
            (stats.completed, stats.panicked, stats.aborted)
        );
        assert!(stats.completed > 0 && stats.panicked > 0 && stats.rejected > 0, "the mix is a mix: {stats:?}");
        assert_balanced(&ledger, &stats);
    });
}

#[test]
fn the_books_balance_after_a_run_to_the_end() {
    for seed in 1..=6 {
        keep_the_books(seed, Shutdown::Drain, None);
    }
}

#[test]
fn the_books_balance_when_the_pool_is_drained_under_its_clients() {
    for seed in 11..=20 {
        keep_the_books(seed, Shutdown::Drain, Some(100 * seed));
    }
}

#[test]
fn the_books_balance_when_the_pool_is_aborted_under_its_clients() {
    for seed in 21..=40 {
        keep_the_books(seed, Shutdown::Abort, Some(50 * seed));
    }
}

#[test]
fn every_waiter_gets_an_answer_from_an_abort() {
    within_a_minute(|| {
        let pool = one_worker(64);
        let (gate, held) = hold_worker(&pool);
        let waiters: Vec<_> = (0..32)
            .map(|n| {
                let job = pool.submit(|| ()).unwrap();
                thread::spawn(move || match n % 3 {
                    0 => job.join(),
                    1 => job.join_timeout(Duration::MAX).expect("there is no limit"),
                    _ => pollster::block_on(job),
                })
            })
            .collect();
        assert_eq!(pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap().aborted, 32);
        for waiter in waiters {
            assert!(matches!(waiter.join().unwrap(), Err(JobError::Aborted)));
        }
        gate.open();
        held.join().unwrap();
        assert_adds_up(&pool.stats());
    });
}

#[test]
fn an_aborted_closure_is_dropped_once_and_never_run() {
    let ledger = Arc::<Ledger>::default();
    let pool = one_worker(64);
    let (gate, held) = hold_worker(&pool);
    let jobs: Vec<_> = (0..32)
        .map(|_| {
            let guard = Guard::new(&ledger, |ledger| &ledger.closures);
            let job = move || guard.0.returned.add();
            pool.submit(job).unwrap()
        })
        .collect();
    pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
    assert_eq!((ledger.closures.dropped.get(), ledger.returned.get()), (32, 0), "dropped before the handles are");
    for job in jobs {
        assert!(matches!(job.join(), Err(JobError::Aborted)));
    }
    gate.open();
    held.join().unwrap();
    drop(pool);
    assert_eq!((ledger.closures.dropped.get(), ledger.returned.get()), (32, 0));
}

#[test]
fn a_joined_job_is_counted() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = Pool::builder().workers(3).build().unwrap();
        for (n, _) in (1..).zip(rounds(5_000)) {
            pool.submit(|| ()).unwrap().join().unwrap();
            assert_eq!(pool.stats().completed, n);
            let failed = pool.submit(move || -> () { panic_any(n) }).unwrap();
            failed.join().unwrap_err();
            assert_eq!((pool.stats().panicked, pool.stats().submitted), (n, 2 * n));
        }
    });
}

#[test]
fn a_job_that_is_seen_finished_is_counted() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(3).build().unwrap();
        for (n, _) in (1..).zip(rounds(5_000)) {
            let mut job = pool.submit(|| ()).unwrap();
            while !job.is_finished() {
                std::hint::spin_loop();
            }
            assert_eq!(pool.stats().completed, n);
            assert!(poll_once(&mut job, Waker::noop()).is_ready());
        }
    });
}

#[test]
fn a_nested_job_is_counted_when_it_is_joined() {
    within_a_minute(|| {
        let pool = one_worker(4);
        let inner = pool.clone();
        let outer = pool.submit(move || {
            for (n, _) in (1..).zip(rounds(5_000)) {
                inner.submit(|| ()).unwrap().join().unwrap();
                let stats = inner.stats();
                assert_eq!((stats.completed, stats.busy, stats.queued), (n, 1, 0));
            }
        });
        outer.unwrap().join().unwrap();
    });
}

/// Notes what the pool counts at the moment it is woken.
struct Counter(Pool, Mutex<Vec<Stats>>);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap().push(self.0.stats());
    }
}

#[test]
fn an_aborted_job_is_counted_before_its_waiter_is_woken() {
    within_a_minute(|| {
        let pool = one_worker(4);
        let (gate, held) = hold_worker(&pool);
        let mut job = pool.submit(|| ()).unwrap();
        let counter = Arc::new(Counter(pool.clone(), Mutex::default()));
        assert!(poll_once(&mut job, &Waker::from(Arc::clone(&counter))).is_pending());
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        let seen = counter.1.lock().unwrap().clone();
        assert_eq!(seen.len(), 1, "it was woken once");
        assert_eq!((seen[0].aborted, seen[0].queued, seen[0].busy), (1, 0, 1));
        gate.open();
        held.join().unwrap();
    });
}

#[test]
fn a_job_is_counted_before_its_waiter_is_woken() {
    within_a_minute(|| {
        let pool = one_worker(4);
        let (gate, mut held) = hold_worker(&pool);
        let counter = Arc::new(Counter(pool.clone(), Mutex::default()));
        assert!(poll_once(&mut held, &Waker::from(Arc::clone(&counter))).is_pending());
        gate.open();
        pool.wait_idle(None).unwrap();
        let seen = counter.1.lock().unwrap().clone();
        assert_eq!(seen.len(), 1, "it was woken once");
        assert_eq!((seen[0].completed, seen[0].busy), (1, 0));
        held.join().unwrap();
    });
}

#[test]
fn the_sum_holds_at_any_moment_under_load() {
    silence_expected_panics();
    within_a_minute(|| {
        const JOBS: u64 = 20_000;
        let pool = Pool::builder().workers(3).queue_capacity(16).build().unwrap();
        let ledger = Arc::<Ledger>::default();
        let done = Arc::new(AtomicBool::new(false));
        let auditor = {
            let (pool, ledger, done) = (pool.clone(), Arc::clone(&ledger), Arc::clone(&done));
            thread::spawn(move || {
                let mut last = Stats::default();
                while !done.load(Ordering::SeqCst) {
                    let (joined, accepted) =
                        (ledger.values_read.get() + ledger.panics_read.get(), ledger.accepted.get());
                    let stats = pool.stats();
                    let begun = ledger.returned.get() + ledger.panicked.get();
                    assert_adds_up(&stats);
                    let ended = stats.completed + stats.panicked;
                    assert!(ended >= joined, "who has joined finds it counted: {stats:?}");
                    assert!(ended <= begun, "none is counted that has not ended: {stats:?}");
                    assert!(stats.submitted >= accepted, "who has submitted finds it counted: {stats:?}");
                    assert!(stats.busy <= 3 && stats.queued <= 16 && stats.waiting <= 2, "{stats:?}");
                    assert!(stats.submitted >= last.submitted && stats.completed >= last.completed);
                    assert!(stats.panicked >= last.panicked);
                    last = stats;
                    thread::yield_now();
                }
            })
        };
        let clients: Vec<_> = (0..2)
            .map(|_| {
                let (pool, ledger) = (pool.clone(), Arc::clone(&ledger));
                thread::spawn(move || {
                    for n in 0..JOBS {
                        let ends = Arc::clone(&ledger);
                        let job = pool.submit(move || {
                            if n % 10 == 0 {
                                ends.panicked.add();
                                panic_any(n);
                            }
                            ends.returned.add();
                        });
                        ledger.accepted.add();
                        match job.unwrap() {
                            job if n % 7 == 0 => match job.join() {
                                Ok(()) => ledger.values_read.add(),
                                Err(_) => ledger.panics_read.add(),
                            },
                            job => job.detach(),
                        }
                    }
                })
            })
            .collect();
        for client in clients {
            client.join().unwrap();
        }
        pool.wait_idle(None).unwrap();
        done.store(true, Ordering::SeqCst);
        auditor.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.completed, stats.panicked), (2 * JOBS * 9 / 10, 2 * JOBS / 10));
    });
}

#[test]
fn busy_counts_running_jobs_and_queued_the_rest() {
    let pool = Pool::builder().workers(2).build().unwrap();
    let counts = || (pool.stats().busy, pool.stats().queued, pool.stats().completed);
    assert_eq!(counts(), (0, 0, 0));
    let (first_gate, first) = hold_worker(&pool);
    assert_eq!(counts(), (1, 0, 0));
    let (second_gate, second) = hold_worker(&pool);
    let third = pool.submit(|| ()).unwrap();
    assert_eq!(counts(), (2, 1, 0));
    first_gate.open();
    third.join().unwrap();
    first.join().unwrap();
    assert_eq!(counts(), (1, 0, 2));
    second_gate.open();
    second.join().unwrap();
    assert_eq!(counts(), (0, 0, 3));
}

#[test]
fn busy_counts_a_job_that_waits_inside_a_nested_join() {
    within_a_minute(|| {
        let pool = one_worker(4);
        let (gate, started) = (Gate::new(), Gate::new());
        let (inner, pass, begun) = (pool.clone(), gate.clone(), started.clone());
        let outer = pool.submit(move || {
            let nested = inner.submit(move || {
                begun.open();
                pass.pass();
            });
            nested.unwrap().join().unwrap();
        });
        started.pass();
        let stats = pool.stats();
        assert_eq!((stats.busy, stats.queued, stats.completed), (2, 0, 0));
        assert_adds_up(&stats);
        gate.open();
        outer.unwrap().join().unwrap();
        assert_eq!((pool.stats().busy, pool.stats().completed), (0, 2));
    });
}

#[test]
fn a_panicked_job_is_not_completed_and_a_rejected_one_is_neither() {
    silence_expected_panics();
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let queued = pool.submit(|| -> () { panic_any(7) }).unwrap();
    pool.try_submit(|| ()).unwrap_err();
    pool.submit_timeout(|| (), Duration::ZERO).unwrap_err();
    gate.open();
    held.join().unwrap();
    queued.join().unwrap_err();
    pool.shutdown(Shutdown::Drain, None).unwrap();
    pool.submit(|| ()).unwrap_err();
    let stats = pool.stats();
    assert_eq!((stats.submitted, stats.completed, stats.panicked, stats.rejected), (2, 1, 1, 3));
}
