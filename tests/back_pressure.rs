//! A full queue is an answer, not a surprise: bounded, one FIFO line, a freed place goes to its head, and
//! who gives up costs nobody a wake-up.

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use common::{FOREVER, Gate, Log, finish, hold_worker, one_worker, rejection, spin, wait_until, within_a_minute};
use corepool::{JobHandle, Pool, Shutdown, SubmitErrorKind};

/// Long enough for other threads to do something meanwhile, short enough to wait for.
const MOMENT: Duration = Duration::from_millis(50);

/// Long enough for a line of threads to form meanwhile.
const LONGER: Duration = Duration::from_millis(1_000);

/// How many `try_submit`s succeed in a row; their jobs do nothing.
fn fill(pool: &Pool) -> usize {
    (0..).take_while(|_| pool.try_submit(|| ()).map(JobHandle::detach).is_ok()).count()
}

/// Starts a thread that submits, and comes back once it stands in line.
fn stand_in_line<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    pool: &Pool,
    submit: impl FnOnce() -> T + Send + 'scope,
) -> ScopedJoinHandle<'scope, T> {
    let before = pool.stats().waiting;
    let thread = scope.spawn(submit);
    wait_until("the thread to stand in line", || pool.stats().waiting == before + 1);
    thread
}

// The bound.

#[test]
fn a_queue_takes_exactly_its_capacity() {
    for capacity in [1, 2, 3, 10, 511, 512, 513, 2_000] {
        let pool = one_worker(capacity);
        let (gate, held) = hold_worker(&pool);
        assert_eq!(fill(&pool), capacity);
        assert_eq!(pool.stats().queued, capacity as u64);
        assert_eq!(rejection(pool.try_submit(|| ())), Some(SubmitErrorKind::Full));
        gate.open();
        finish(held);
    }
}

#[test]
fn a_drained_queue_takes_exactly_its_capacity_again() {
    let pool = one_worker(100);
    for _ in 0..20 {
        let (gate, held) = hold_worker(&pool);
        assert_eq!(fill(&pool), 100);
        gate.open();
        finish(held);
        pool.wait_idle(Some(FOREVER)).unwrap();
    }
}

#[test]
fn as_many_jobs_as_the_worker_took_get_in_again() {
    const CAPACITY: usize = 20;
    for taken in 1..=CAPACITY {
        let pool = one_worker(CAPACITY);
        let (gate, held) = hold_worker(&pool);
        // The worker takes `taken` jobs and stops in the last of them.
        let (second_gate, started) = (Gate::new(), Gate::new());
        let stop = {
            let (gate, started) = (second_gate.clone(), started.clone());
            move || {
                started.open();
                gate.pass();
            }
        };
        for _ in 1..taken {
            pool.try_submit(|| ()).unwrap().detach();
        }
        pool.try_submit(stop).unwrap().detach();
        assert_eq!(fill(&pool), CAPACITY - taken);
        gate.open();
        finish(held);
        started.pass();
        assert_eq!(fill(&pool), taken);
        second_gate.open();
    }
}

#[test]
fn a_place_freed_by_a_join_inside_can_be_taken() {
    let pool = one_worker(2);
    let inner = pool.clone();
    let parent = move || {
        let first = inner.try_submit(|| 1).unwrap();
        inner.try_submit(|| ()).unwrap().detach();
        assert_eq!(fill(&inner), 0);
        assert_eq!(first.join().unwrap(), 1);
        assert_eq!(fill(&inner), 1);
    };
    finish(pool.submit(parent).unwrap());
}

#[test]
fn running_jobs_do_not_count() {
    let pool = Pool::builder().workers(3).queue_capacity(1).build().unwrap();
    let held: Vec<_> = (0..3).map(|_| hold_worker(&pool)).collect();
    assert_eq!(pool.stats().busy, 3);
    assert_eq!(fill(&pool), 1);
    for (gate, job) in held {
        gate.open();
        finish(job);
    }
}

#[test]
fn an_unbounded_queue_is_never_full() {
    let pool = Pool::builder().workers(1).unbounded_queue().build().unwrap();
    let (gate, held) = hold_worker(&pool);
    for _ in 0..100_000 {
        pool.try_submit(|| ()).unwrap().detach();
    }
    pool.submit_timeout(|| (), Duration::ZERO).unwrap().detach();
    assert_eq!(pool.stats().queued, 100_001);
    assert_eq!(pool.stats().rejected, 0);
    gate.open();
    finish(held);
}

// The three verbs.

#[test]
fn submit_waits_for_room() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    fill(&pool);
    let accepted = AtomicBool::new(false);
    thread::scope(|scope| {
        let thread = stand_in_line(scope, &pool, || {
            let job = pool.submit(|| 42).unwrap();
            accepted.store(true, Ordering::SeqCst);
            job
        });
        assert!(!accepted.load(Ordering::SeqCst));
        gate.open();
        assert_eq!(finish(thread.join().unwrap()), 42);
    });
    finish(held);
}

#[test]
fn submit_timeout_gives_up_in_time_and_not_before() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    fill(&pool);
    let start = Instant::now();
    let rejected = pool.submit_timeout(|| 42, MOMENT).unwrap_err();
    assert!(start.elapsed() >= MOMENT);
    assert_eq!(rejected.kind(), SubmitErrorKind::TimedOut);
    assert_eq!(rejected.into_job()(), 42);
    assert_eq!(pool.stats().waiting, 0);
    gate.open();
    finish(held);
}

#[test]
fn a_time_out_of_zero_does_not_wait() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    pool.submit_timeout(|| (), Duration::ZERO).expect("there is room").detach();
    for _ in 0..1_000 {
        assert_eq!(rejection(pool.submit_timeout(|| (), Duration::ZERO)), Some(SubmitErrorKind::TimedOut));
    }
    assert_eq!(pool.stats().waiting, 0);
    gate.open();
    finish(held);
}

#[test]
fn a_time_out_that_overflows_is_no_limit() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    fill(&pool);
    let pool = &pool;
    thread::scope(|scope| {
        let jobs = [Duration::MAX, Duration::from_secs(u64::MAX)]
            .map(|time| stand_in_line(scope, pool, move || pool.submit_timeout(|| 42, time).unwrap()));
        gate.open();
        for job in jobs {
            assert_eq!(finish(job.join().unwrap()), 42);
        }
    });
    finish(held);
}

#[test]
fn a_rejected_closure_can_be_run_or_submitted_again() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        fill(&pool);
        let payload = Box::new(7);

        let rejected = pool.try_submit(move || payload).unwrap_err();
        assert_eq!(rejected.kind(), SubmitErrorKind::Full);
        let rejected = pool.submit_timeout(rejected.into_job(), Duration::ZERO).unwrap_err();
        assert_eq!(rejected.kind(), SubmitErrorKind::TimedOut);
        let rejected = pool.submit_timeout(rejected.into_job(), Duration::from_millis(1)).unwrap_err();
        assert_eq!(rejected.kind(), SubmitErrorKind::TimedOut);
        gate.open();
        finish(held);
        let again = finish(pool.submit(rejected.into_job()).unwrap());

        pool.shutdown(Shutdown::Drain, None).unwrap();
        let rejected = pool.submit(move || again).unwrap_err();
        assert_eq!(rejected.kind(), SubmitErrorKind::ShutDown);
        let rejected = pool.try_submit(rejected.into_job()).unwrap_err();
        assert_eq!(rejected.kind(), SubmitErrorKind::ShutDown);
        let rejected = pool.submit_timeout(rejected.into_job(), FOREVER).unwrap_err();
        assert_eq!(rejected.kind(), SubmitErrorKind::ShutDown);
        assert_eq!(*rejected.into_job()(), 7);
    });
}

#[test]
fn rejections_are_counted() {
    let pool = one_worker(2);
    let (gate, held) = hold_worker(&pool);
    fill(&pool);
    let before = pool.stats();
    assert_eq!(before.rejected, 1, "the one that found it full");
    for _ in 0..3 {
        pool.try_submit(|| ()).unwrap_err();
    }
    for _ in 0..4 {
        pool.submit_timeout(|| (), Duration::ZERO).unwrap_err();
    }
    assert_eq!(pool.stats().rejected, 8);
    assert_eq!(pool.stats().submitted, before.submitted, "what was rejected was not submitted");
    gate.open();
    finish(held);
    pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    pool.submit(|| ()).unwrap_err();
    pool.try_submit(|| ()).unwrap_err();
    assert_eq!(pool.stats().rejected, 10);
    assert_eq!(pool.stats().completed, pool.stats().submitted);
}

// The line.

#[test]
fn submitters_get_room_one_by_one_in_the_order_they_came() {
    const LINE: usize = 12;
    let pool = one_worker(1);
    let log = Log::default();
    let (gate, held) = hold_worker(&pool);
    // Every job stops the worker until its own gate opens, so places come free one at a time.
    let gates: Vec<_> = (0..=LINE).map(|_| Gate::new()).collect();
    let stop_at = |n: usize| {
        let (write, gate) = (log.job(n), gates[n].clone());
        move || {
            write();
            gate.pass();
        }
    };
    pool.submit(stop_at(0)).unwrap().detach();
    let accepted = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for n in 1..=LINE {
            let (pool, job, accepted) = (&pool, stop_at(n), &accepted);
            stand_in_line(scope, pool, move || {
                pool.submit(job).unwrap().detach();
                accepted.lock().unwrap().push(n);
            });
        }
        gate.open();
        for (n, gate) in gates.iter().enumerate() {
            let through = (n + 1).min(LINE);
            wait_until("the next in line", || log.read().len() == n + 1 && accepted.lock().unwrap().len() == through);
            assert_eq!(*accepted.lock().unwrap(), Vec::from_iter(1..=through));
            assert_eq!(pool.stats().waiting, (LINE - through) as u64);
            gate.open();
        }
    });
    finish(held);
    assert_eq!(log.read(), Vec::from_iter(0..=LINE));
}

#[test]
fn hundreds_of_submitters_get_room_in_the_order_they_came() {
    const LINE: usize = 300;
    let pool = one_worker(3);
    let log = Log::default();
    let (gate, held) = hold_worker(&pool);
    fill(&pool);
    thread::scope(|scope| {
        for n in 0..LINE {
            let (pool, job) = (&pool, log.job(n));
            // Both ways to wait stand in the same line.
            stand_in_line(scope, pool, move || match n % 2 {
                0 => pool.submit(job).unwrap().detach(),
                _ => pool.submit_timeout(job, FOREVER).unwrap().detach(),
            });
        }
        gate.open();
    });
    finish(held);
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!(log.read(), Vec::from_iter(0..LINE));
}

/// A line of seven in which those at `quitters` give up; all others must get in, in order.
fn give_up_at(quitters: &[usize]) {
    let pool = one_worker(2);
    let log = Log::default();
    let (gate, held) = hold_worker(&pool);
    fill(&pool);
    thread::scope(|scope| {
        let mut gave_up = Vec::new();
        for n in 0..7 {
            let (pool, job) = (&pool, log.job(n));
            if quitters.contains(&n) {
                gave_up.push(scope.spawn(move || rejection(pool.submit_timeout(job, LONGER))));
                wait_until("the thread to stand in line", || pool.stats().waiting == n as u64 + 1);
            } else {
                stand_in_line(scope, pool, move || pool.submit(job).unwrap().detach());
            }
        }
        for quitter in gave_up {
            assert_eq!(quitter.join().unwrap(), Some(SubmitErrorKind::TimedOut));
        }
        assert_eq!(pool.stats().waiting, (7 - quitters.len()) as u64);
        assert_eq!(rejection(pool.try_submit(|| ())), Some(SubmitErrorKind::Full));
        gate.open();
    });
    finish(held);
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!(log.read(), Vec::from_iter((0..7).filter(|n| !quitters.contains(n))));
    assert_eq!(pool.stats().waiting, 0);
}

#[test]
fn giving_up_at_the_head_costs_nobody_a_wake_up() {
    give_up_at(&[0]);
}

#[test]
fn giving_up_in_the_middle_costs_nobody_a_wake_up() {
    give_up_at(&[3]);
}

#[test]
fn giving_up_at_the_tail_costs_nobody_a_wake_up() {
    give_up_at(&[6]);
}

#[test]
fn several_giving_up_cost_nobody_a_wake_up() {
    give_up_at(&[0, 1, 4, 6]);
}

#[test]
fn a_place_is_handed_on_at_once_after_somebody_gave_up() {
    const CAPACITY: usize = 4;
    let pool = one_worker(CAPACITY);
    let log = Log::default();
    let gates: Vec<_> = (0..CAPACITY + 2).map(|_| Gate::new()).collect();
    let stop_at = |n: usize| {
        let (write, gate) = (log.job(n), gates[n].clone());
        move || {
            write();
            gate.pass();
        }
    };
    let begun = |n: usize| wait_until("the job to begin", || log.read().len() == n + 1);
    pool.submit(stop_at(0)).unwrap().detach();
    begun(0);
    (1..=CAPACITY).for_each(|n| pool.try_submit(stop_at(n)).unwrap().detach());
    gates[0].open();
    begun(1);
    // Now the worker has come by the queue: some jobs it knew of already when the line forms, and one it did not.
    pool.try_submit(stop_at(CAPACITY + 1)).unwrap().detach();
    thread::scope(|scope| {
        let quitter = stand_in_line(scope, &pool, || rejection(pool.submit_timeout(|| (), LONGER)));
        for _ in 0..2 {
            stand_in_line(scope, &pool, || pool.submit(|| ()).unwrap().detach());
        }
        assert_eq!(quitter.join().unwrap(), Some(SubmitErrorKind::TimedOut));
        for left in [1, 0] {
            gates[2 - left].open();
            begun(3 - left);
            assert_eq!(pool.stats().waiting, left as u64, "the worker took a job, so a place was free");
        }
        gates.iter().for_each(Gate::open);
    });
}

#[test]
fn an_empty_line_is_open_to_try_submit_again() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    fill(&pool);
    assert_eq!(rejection(pool.submit_timeout(|| (), MOMENT)), Some(SubmitErrorKind::TimedOut));
    gate.open();
    finish(held);
    pool.wait_idle(Some(FOREVER)).unwrap();
    let (gate, held) = hold_worker(&pool);
    assert_eq!(fill(&pool), 1);
    gate.open();
    finish(held);
}

#[test]
fn a_freed_place_goes_to_the_head_in_the_same_step() {
    let pool = one_worker(1);
    for _ in 0..200 {
        let (gate, held) = hold_worker(&pool);
        let (second_gate, started) = (Gate::new(), Gate::new());
        let stop = {
            let (gate, started) = (second_gate.clone(), started.clone());
            move || {
                started.open();
                gate.pass();
            }
        };
        pool.submit(stop).unwrap().detach();
        thread::scope(|scope| {
            let waiter = stand_in_line(scope, &pool, || pool.submit(|| 42).unwrap());
            gate.open();
            started.pass();
            // The worker has just taken the only queued job; the place is the waiter's already.
            let rejected = pool.try_submit(|| ());
            assert_eq!(pool.stats().waiting, 0);
            assert_eq!(pool.stats().queued, 1);
            assert_eq!(rejection(rejected), Some(SubmitErrorKind::Full));
            second_gate.open();
            assert_eq!(finish(waiter.join().unwrap()), 42);
        });
        finish(held);
    }
}

#[test]
fn try_submit_does_not_get_in_before_those_who_wait() {
    const LINE: usize = 8;
    let pool = one_worker(1);
    for _ in 0..50 {
        let log = Log::default();
        let (gate, held) = hold_worker(&pool);
        fill(&pool);
        thread::scope(|scope| {
            for n in 0..LINE {
                let (pool, job) = (&pool, log.job(n));
                stand_in_line(scope, pool, move || pool.submit(job).unwrap().detach());
            }
            let begun = Gate::new();
            let (pool, log, hammering) = (&pool, &log, begun.clone());
            let hammer = scope.spawn(move || {
                let mut job = log.job(LINE);
                loop {
                    match try_again(pool, job) {
                        Ok(job) => return job,
                        Err(again) => job = again,
                    }
                    hammering.open();
                }
            });
            begun.pass();
            gate.open();
            finish(hammer.join().unwrap());
        });
        finish(held);
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(log.read(), Vec::from_iter(0..=LINE));
    }
}

fn try_again<F: FnOnce() + Send + 'static>(pool: &Pool, job: F) -> Result<JobHandle<()>, F> {
    pool.try_submit(job).map_err(|rejected| {
        assert_eq!(rejected.kind(), SubmitErrorKind::Full);
        rejected.into_job()
    })
}

#[test]
fn time_outs_that_race_freed_places_lose_no_job_and_no_place() {
    const THREADS: u64 = 6;
    const ROUNDS: u64 = 1_500;
    within_a_minute(|| {
        let pool = one_worker(2);
        let (ran, returned) = (Arc::new(AtomicU64::new(0)), AtomicU64::new(0));
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (pool, ran, returned) = (&pool, &ran, &returned);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let ran = Arc::clone(ran);
                        let job = move || {
                            ran.fetch_add(1, Ordering::SeqCst);
                            // Work for 0 to 60 microseconds or so, for time-outs to fall on every side of it.
                            spin(round as usize % 64 * 10);
                        };
                        let time = Duration::from_micros((round * 7 + thread * 13) % 150);
                        match pool.submit_timeout(job, time) {
                            Ok(job) if round % 3 == 0 => finish(job),
                            Ok(job) => job.detach(),
                            Err(rejected) => {
                                assert_eq!(rejected.kind(), SubmitErrorKind::TimedOut);
                                drop(rejected.into_job());
                                returned.fetch_add(1, Ordering::SeqCst);
                            }
                        }
                    }
                });
            }
            // One who waits without limit must get in however many give up around it.
            let (pool, ran) = (&pool, &ran);
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    let ran = Arc::clone(ran);
                    pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).unwrap().detach();
                }
            });
        });
        pool.wait_idle(None).unwrap();
        let (ran, returned, stats) = (ran.load(Ordering::SeqCst), returned.into_inner(), pool.stats());
        assert_eq!(ran + returned, (THREADS + 1) * ROUNDS);
        assert_eq!((stats.completed, stats.submitted, stats.rejected), (ran, ran, returned));
        assert_eq!((stats.waiting, stats.queued, stats.busy), (0, 0, 0));
        assert!(ran >= ROUNDS, "who waits without limit gets in");
        let (gate, held) = hold_worker(&pool);
        assert_eq!(fill(&pool), 2, "no place is lost or gained");
        gate.open();
        finish(held);
    });
}

#[test]
fn waiting_submitters_are_counted() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    fill(&pool);
    thread::scope(|scope| {
        for n in 0..5 {
            assert_eq!(pool.stats().waiting, n);
            stand_in_line(scope, &pool, || pool.submit(|| ()).unwrap().detach());
            assert_eq!(pool.stats().queued, 1, "who waits is not queued");
        }
        assert_eq!(pool.stats().submitted, 2);
        gate.open();
    });
    assert_eq!(pool.stats().waiting, 0);
    assert_eq!(pool.stats().submitted, 7);
    finish(held);
}

// On a worker.

#[test]
fn on_a_worker_submit_does_not_wait_but_counts_as_load() {
    within_a_minute(|| {
        let pool = one_worker(4);
        let (started, go) = (Gate::new(), Gate::new());
        let (second_gate, second_started) = (Gate::new(), Gate::new());
        let parent = {
            let (pool, started, go) = (pool.clone(), started.clone(), go.clone());
            let (second_gate, second_started) = (second_gate.clone(), second_started.clone());
            move || {
                for n in 0..10 {
                    match n % 3 {
                        0 => pool.submit(|| ()).unwrap().detach(),
                        1 => pool.submit_timeout(|| (), Duration::ZERO).unwrap().detach(),
                        _ => pool.submit_timeout(|| (), Duration::MAX).unwrap().detach(),
                    }
                }
                // While this one runs, those behind it are one fewer than the capacity.
                let stop = move || {
                    second_started.open();
                    second_gate.pass();
                };
                pool.submit(stop).unwrap().detach();
                for _ in 0..3 {
                    pool.submit(|| ()).unwrap().detach();
                }
                started.open();
                go.pass();
            }
        };
        let parent = pool.submit(parent).unwrap();
        started.pass();
        assert_eq!(pool.stats().queued, 14);
        assert_eq!(rejection(pool.try_submit(|| ())), Some(SubmitErrorKind::Full));
        assert_eq!(rejection(pool.submit_timeout(|| (), Duration::ZERO)), Some(SubmitErrorKind::TimedOut));
        go.open();
        finish(parent);
        second_started.pass();
        assert_eq!(pool.stats().queued, 3);
        assert_eq!(fill(&pool), 1, "below capacity there is room again");
        second_gate.open();
    });
}

#[test]
fn an_overfull_queue_is_full_until_it_is_below_capacity() {
    const CAPACITY: usize = 3;
    const QUEUED: usize = 8;
    let pool = one_worker(CAPACITY);
    let gates: Vec<_> = (0..QUEUED).map(|_| (Gate::new(), Gate::new())).collect();
    let (started, go) = (Gate::new(), Gate::new());
    let parent = {
        let (pool, gates, started, go) = (pool.clone(), gates.clone(), started.clone(), go.clone());
        move || {
            for (begun, gate) in gates {
                let stop = move || {
                    begun.open();
                    gate.pass();
                };
                pool.submit(stop).unwrap().detach();
            }
            started.open();
            go.pass();
        }
    };
    let parent = pool.submit(parent).unwrap();
    started.pass();
    assert_eq!(fill(&pool), 0);
    go.open();
    finish(parent);
    for (n, (begun, gate)) in gates.iter().enumerate() {
        begun.pass();
        let queued = QUEUED - 1 - n;
        if queued >= CAPACITY {
            assert_eq!(rejection(pool.try_submit(|| ())), Some(SubmitErrorKind::Full), "{queued} are queued");
        } else {
            // Whoever gets in stands behind the rest, so each step finds one more place.
            assert_eq!(fill(&pool), 1, "{queued} are queued");
        }
        gate.open();
    }
    pool.wait_idle(Some(FOREVER)).unwrap();
}

#[test]
fn a_line_behind_an_overfull_queue_moves_once_it_is_below_capacity() {
    let pool = one_worker(2);
    let log = Log::default();
    let (started, go) = (Gate::new(), Gate::new());
    let parent = {
        let (pool, started, go) = (pool.clone(), started.clone(), go.clone());
        let jobs: Vec<_> = (0..10).map(|n| log.job(n)).collect();
        move || {
            for job in jobs {
                pool.submit(job).unwrap().detach();
            }
            started.open();
            go.pass();
        }
    };
    let parent = pool.submit(parent).unwrap();
    started.pass();
    thread::scope(|scope| {
        for n in 10..20 {
            let (pool, job) = (&pool, log.job(n));
            stand_in_line(scope, pool, move || pool.submit(job).unwrap().detach());
        }
        go.open();
    });
    finish(parent);
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!(log.read(), Vec::from_iter(0..20));
}

#[test]
fn try_submit_honours_the_bound_on_a_worker_too() {
    let pool = one_worker(5);
    let inner = pool.clone();
    let parent = move || {
        assert_eq!(fill(&inner), 5);
        inner.submit(|| ()).unwrap().detach();
        let rejected = inner.try_submit(|| 42).unwrap_err();
        assert_eq!(rejected.kind(), SubmitErrorKind::Full);
        rejected.into_job()()
    };
    assert_eq!(finish(pool.submit(parent).unwrap()), 42);
}

#[test]
fn try_submit_on_a_worker_is_full_while_anybody_waits() {
    let pool = one_worker(1);
    let (started, go) = (Gate::new(), Gate::new());
    let parent = {
        let (pool, started, go) = (pool.clone(), started.clone(), go.clone());
        move || {
            let mine = pool.submit(|| ()).unwrap();
            started.open();
            go.pass();
            // Taking it out makes room, which is the waiter's.
            mine.join().unwrap();
            rejection(pool.try_submit(|| ()))
        }
    };
    let parent = pool.submit(parent).unwrap();
    started.pass();
    thread::scope(|scope| {
        let waiter = stand_in_line(scope, &pool, || pool.submit(|| 42).unwrap());
        go.open();
        assert_eq!(finish(waiter.join().unwrap()), 42);
    });
    assert_eq!(finish(parent), Some(SubmitErrorKind::Full));
}

#[test]
fn a_worker_of_another_pool_waits_like_anybody() {
    let (pool, other) = (one_worker(1), one_worker(10));
    let (gate, held) = hold_worker(&pool);
    fill(&pool);
    let rejected = {
        let pool = pool.clone();
        other.submit(move || rejection(pool.submit_timeout(|| (), Duration::from_millis(1)))).unwrap()
    };
    assert_eq!(finish(rejected), Some(SubmitErrorKind::TimedOut));
    let outer = {
        let pool = pool.clone();
        other.submit(move || pool.submit(|| 42).unwrap()).unwrap()
    };
    wait_until("the other pool's worker to stand in line", || pool.stats().waiting == 1);
    assert!(!outer.is_finished());
    assert_eq!(pool.stats().queued, 1);
    gate.open();
    assert_eq!(finish(finish(outer)), 42);
    finish(held);
}

/// Submits itself anew until it is told to stop.
fn perpetual(pool: &Pool, starts: &Arc<AtomicU64>, stop: &Arc<AtomicBool>) {
    let (inner, count, until) = (pool.clone(), Arc::clone(starts), Arc::clone(stop));
    let job = move || {
        count.fetch_add(1, Ordering::SeqCst);
        if !until.load(Ordering::SeqCst) {
            perpetual(&inner, &count, &until);
        }
    };
    pool.submit(job).unwrap().detach();
}

/// What is queued does not move on meanwhile: were there a place for each so many children, the queue would grow for ever.
#[test]
fn a_job_that_claims_its_children_again_and_again_makes_no_room_beyond_the_bound() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (begun, go) = (Gate::new(), Gate::new());
        let parent = {
            let (inner, begun, go) = (pool.clone(), begun.clone(), go.clone());
            pool.submit(move || {
                begun.open();
                go.pass();
                for n in 0..200 {
                    let child = inner.submit(move || n).unwrap();
                    if n % 2 == 0 {
                        assert_eq!(child.join().unwrap(), n);
                    } else {
                        child.cancel();
                    }
                }
                inner.stats()
            })
        };
        begun.pass();
        assert_eq!(fill(&pool), 1);
        thread::scope(|scope| {
            let waiter = stand_in_line(scope, &pool, || pool.submit(|| 42).unwrap());
            go.open();
            let stats = finish(parent.unwrap());
            assert_eq!((stats.queued, stats.waiting), (1, 1));
            assert_eq!(finish(waiter.join().unwrap()), 42);
        });
    });
}

#[test]
fn jobs_that_keep_the_queue_full_leave_the_line_one_place_in_sixteen() {
    const LINE: u64 = 3;
    within_a_minute(|| {
        let pool = one_worker(2);
        let (starts, stop) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (begun, go) = (Gate::new(), Gate::new());
        let first = {
            let (inner, starts, stop) = (pool.clone(), Arc::clone(&starts), Arc::clone(&stop));
            let (begun, go) = (begun.clone(), go.clone());
            pool.submit(move || {
                begun.open();
                go.pass();
                // From here on the queue is full: whatever leaves it comes back.
                (0..3).for_each(|_| perpetual(&inner, &starts, &stop));
            })
        };
        begun.pass();
        assert_eq!(fill(&pool), 2);
        let seen: Vec<u64> = thread::scope(|scope| {
            let mut line = Vec::new();
            for n in 1..=LINE {
                let (pool, starts, stop) = (&pool, Arc::clone(&starts), Arc::clone(&stop));
                let job = move || {
                    stop.fetch_or(n == LINE, Ordering::SeqCst);
                    starts.load(Ordering::SeqCst)
                };
                line.push(stand_in_line(scope, pool, move || finish(pool.submit_timeout(job, FOREVER).unwrap())));
            }
            go.open();
            line.into_iter().map(|submitter| submitter.join().unwrap()).collect()
        });
        finish(first.unwrap());
        pool.wait_idle(Some(FOREVER)).unwrap();
        for (n, &starts) in (1..).zip(&seen) {
            // Each gets in with a sixteenth job that leaves, and then waits behind what is queued.
            assert!(starts <= 16 * n + 5, "{seen:?}");
        }
    });
}
