//! `flush` returns once every handle accepted before has resolved.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{
    EXPECTED, FOREVER, Gate, finish, hold_worker, one_worker, rounds, silence_expected_panics, spin, with_workers,
    within_a_minute,
};
use corepool::{JobHandle, Pool, Shutdown, WaitError};

const MOMENT: Duration = Duration::from_millis(50);

#[test]
fn an_idle_pool_is_idle_at_once() {
    let pool = with_workers(2);
    pool.flush(Some(Duration::ZERO)).unwrap();
    finish(pool.submit(|| ()).unwrap());
    pool.flush(Some(FOREVER)).unwrap();
    pool.flush(Some(Duration::ZERO)).unwrap();
    within_a_minute(move || pool.flush(None).unwrap());
}

#[test]
fn every_handle_accepted_before_is_finished_after() {
    for workers in 1..=4 {
        let pool = with_workers(workers);
        for _ in 0..200 {
            let jobs: Vec<_> = (0..20).map(|n| pool.submit(move || spin(n * 10)).unwrap()).collect();
            pool.flush(Some(FOREVER)).unwrap();
            assert!(jobs.iter().all(JobHandle::is_finished));
            jobs.into_iter().for_each(finish);
        }
    }
}

#[test]
fn panicked_and_aborted_jobs_are_resolved_as_well() {
    silence_expected_panics();
    let pool = one_worker(100);
    let jobs: Vec<_> = (0..10).map(|n| pool.submit(move || assert_eq!(n % 2, 0, "{EXPECTED}{n}")).unwrap()).collect();
    pool.flush(Some(FOREVER)).unwrap();
    assert!(jobs.iter().all(JobHandle::is_finished));

    let (gate, held) = hold_worker(&pool);
    let queued = pool.submit(|| ()).unwrap();
    pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
    assert!(queued.is_finished());
    assert_eq!(pool.flush(Some(MOMENT)), Err(WaitError::TimedOut));
    gate.open();
    pool.flush(Some(FOREVER)).unwrap();
    assert!(held.is_finished());
}

#[test]
fn it_does_not_wait_for_what_its_jobs_submit() {
    fn submit_again(pool: &Pool, stop: &Arc<AtomicBool>) {
        if !stop.load(Ordering::SeqCst) {
            let (inner, stop) = (pool.clone(), Arc::clone(stop));
            pool.submit(move || submit_again(&inner, &stop)).unwrap().detach();
        }
    }
    let (pool, stop) = (with_workers(2), Arc::new(AtomicBool::new(false)));
    submit_again(&pool, &stop);
    let waited: Vec<_> = (0..100).map(|_| pool.flush(Some(FOREVER))).collect();
    stop.store(true, Ordering::SeqCst);
    assert!(waited.iter().all(Result::is_ok), "a job that submits itself again keeps the waiter for ever");
}

/// Whether the waiter comes before the third job is the scheduler's choice, so it is given many chances to.
#[test]
fn who_comes_second_does_not_wait_for_jobs_that_come_third() {
    let returned = (0..100).any(|_| {
        let pool = with_workers(3);
        let (first_gate, first) = hold_worker(&pool);
        // Leaves the first job behind, still running.
        assert_eq!(pool.flush(Some(Duration::ZERO)), Err(WaitError::TimedOut));
        let (second_gate, second) = hold_worker(&pool);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| pool.flush(Some(FOREVER)));
            assert_eq!(pool.flush(Some(MOMENT)), Err(WaitError::TimedOut));
            let (third_gate, third) = hold_worker(&pool);
            first_gate.open();
            finish(first);
            second_gate.open();
            finish(second);
            assert_eq!(pool.flush(Some(MOMENT)), Err(WaitError::TimedOut), "the third runs");
            let returned = waiter.is_finished();
            third_gate.open();
            finish(third);
            waiter.join().unwrap().unwrap();
            returned
        })
    });
    assert!(returned, "the waiter waits for a job that came after it");
}

#[test]
fn it_waits_for_jobs_that_run_inside_a_join() {
    let pool = one_worker(10);
    let (started, gate) = (Gate::new(), Gate::new());
    let parent = {
        let (pool, started, gate) = (pool.clone(), started.clone(), gate.clone());
        let inside = move || {
            started.open();
            gate.pass();
        };
        move || pool.submit(inside).unwrap().join().unwrap()
    };
    let parent = pool.submit(parent).unwrap();
    started.pass();
    assert_eq!(pool.flush(Some(MOMENT)), Err(WaitError::TimedOut));
    gate.open();
    pool.flush(Some(FOREVER)).unwrap();
    assert!(parent.is_finished());
}

#[test]
fn it_returns_under_endless_load_from_others() {
    let pool = Pool::builder().workers(2).queue_capacity(50).build().unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    pool.submit(|| spin(200)).unwrap().detach();
                }
            });
        }
        let waits: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let mine = pool.submit(|| ()).unwrap();
                        if pool.flush(Some(FOREVER)).is_err() || !mine.is_finished() {
                            return false;
                        }
                    }
                    true
                })
            })
            .collect();
        let all_returned = waits.into_iter().map(|wait| wait.join().unwrap()).collect::<Vec<_>>();
        stop.store(true, Ordering::SeqCst);
        assert_eq!(all_returned, [true; 2]);
    });
}

#[test]
fn it_returns_although_the_pool_is_never_idle() {
    // Each held job is let go only once the next has begun, so at every moment one runs.
    let pool = with_workers(2);
    for _ in 0..100 {
        thread::scope(|scope| {
            let (mut gate, mut held) = hold_worker(&pool);
            let waiter = scope.spawn(|| pool.flush(Some(FOREVER)));
            while !waiter.is_finished() {
                let (next_gate, next_held) = hold_worker(&pool);
                gate.open();
                finish(held);
                (gate, held) = (next_gate, next_held);
            }
            assert_eq!(pool.stats().busy, 1);
            assert_eq!(waiter.join().unwrap(), Ok(()));
            gate.open();
            finish(held);
        });
    }
}

#[test]
fn it_gives_up_in_time_and_not_before() {
    let pool = one_worker(10);
    let (gate, held) = hold_worker(&pool);
    let start = Instant::now();
    assert_eq!(pool.flush(Some(MOMENT)), Err(WaitError::TimedOut));
    assert!(start.elapsed() >= MOMENT);
    assert_eq!(pool.flush(Some(Duration::ZERO)), Err(WaitError::TimedOut));
    gate.open();
    pool.flush(Some(FOREVER)).unwrap();
    assert!(held.is_finished());
}

#[test]
fn a_time_out_that_overflows_is_no_limit() {
    within_a_minute(|| {
        let pool = one_worker(10);
        let (gate, held) = hold_worker(&pool);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| pool.flush(Some(Duration::MAX)));
            assert!(!waiter.is_finished());
            gate.open();
            waiter.join().unwrap().unwrap();
        });
        assert!(held.is_finished());
    });
}

#[test]
fn a_worker_cannot_wait_for_its_own_pool_but_for_another() {
    let (pool, other) = (one_worker(10), one_worker(10));
    let inner = pool.clone();
    let answers = move || {
        [None, Some(Duration::ZERO), Some(FOREVER)].map(|time| inner.flush(time) == Err(WaitError::WouldDeadlock))
    };
    assert_eq!(finish(pool.submit(answers).unwrap()), [true; 3]);

    let job = other.submit(|| 42).unwrap();
    let inner = other.clone();
    let waited = pool.submit(move || inner.flush(Some(FOREVER))).unwrap();
    finish(waited).unwrap();
    assert!(job.is_finished());
    assert_eq!(finish(pool.submit(|| 42).unwrap()), 42);
}

#[test]
fn many_may_wait_at_once() {
    within_a_minute(|| {
        let pool = with_workers(2);
        for _ in 0..50 {
            let (gate, held) = hold_worker(&pool);
            thread::scope(|scope| {
                let waiters: Vec<_> = (0..8)
                    .map(|n| {
                        let pool = &pool;
                        scope.spawn(move || {
                            let mine = pool.submit(move || spin(n * 100)).unwrap();
                            pool.flush(None).unwrap();
                            mine.is_finished()
                        })
                    })
                    .collect();
                gate.open();
                assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
            });
            assert!(held.is_finished());
        }
    });
}

#[test]
fn a_closed_pool_is_idle() {
    let pool = with_workers(2);
    finish(pool.submit(|| ()).unwrap());
    pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    pool.flush(Some(Duration::ZERO)).unwrap();
}

#[test]
fn the_end_of_a_job_that_races_the_wait_is_not_missed() {
    for workers in [1, 3] {
        let pool = with_workers(workers);
        for round in rounds(15_000) {
            let job = pool.submit(move || spin(round * 7 % 300)).unwrap();
            spin(round * 13 % 400);
            pool.flush(Some(FOREVER)).expect("a lost wake-up");
            assert!(job.is_finished());
        }
    }
}
