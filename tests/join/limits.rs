//! Halves are no jobs: they take no room, nobody counts them, and a pool that takes no jobs joins all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::common::{
    FOREVER, Gate, asleep, assert_adds_up, finish, hold_worker, named, on_every_worker, one_worker, wait_until,
    with_workers, within_a_minute,
};
use crate::{Flag, inside, repeats, threads_of_halves, with_second_elsewhere};
use corepool::{Pool, Shutdown};

/// Adds up numbers, with a join at every level.
fn sum(pool: &Pool, numbers: std::ops::Range<u64>) -> u64 {
    let middle = numbers.start.midpoint(numbers.end);
    match numbers.end - numbers.start {
        0 => 0,
        1 => numbers.start,
        _ => {
            let (left, right) = pool.join(|| sum(pool, numbers.start..middle), || sum(pool, middle..numbers.end));
            left + right
        }
    }
}

/// Fails if a half is counted as submitted, busy, completed or rejected.
#[test]
fn the_stats_know_of_no_half() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let before = pool.stats();
        let (during, _) = with_second_elsewhere(&pool, || pool.stats(), || sum(&pool, 0..1_000));
        assert_eq!((during, pool.stats()), (before, before));
        let (early, late) = inside(&pool, |pool| {
            let early = pool.stats();
            with_second_elsewhere(pool, || sum(pool, 0..1_000), || sum(pool, 0..1_000));
            (early, pool.stats())
        });
        assert_eq!((early.busy, early.submitted), (1, 1));
        assert_eq!(early, late);
        assert_adds_up(&pool.stats());
        assert!(pool.halves_handed_over() >= 2);
    });
}

/// Fails if a join waits for room, or if a half takes a place.
#[test]
fn a_full_queue_keeps_no_join() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = pool.submit(|| ()).unwrap();
        let before = pool.stats();
        assert_eq!(sum(&pool, 0..1_000), 499_500);
        assert_eq!(threads_of_halves(&pool), (thread::current().id(), thread::current().id()));
        assert_eq!(pool.stats(), before);
        gate.open();
        finish(held);
        finish(queued);
        // A place that is left stays left while halves are handed over.
        let ((), refused) = with_second_elsewhere(&pool, || (), || pool.try_submit(|| ()).is_err());
        assert!(!refused);
    });
}

/// Fails if a join of a pool without workers waits for one.
#[test]
fn a_closed_pool_leaves_both_halves_to_the_caller() {
    within_a_minute(|| {
        for mode in [Shutdown::Drain, Shutdown::Abort] {
            let pool = with_workers(2);
            pool.shutdown(mode, Some(FOREVER)).unwrap();
            assert_eq!(sum(&pool, 0..1_000), 499_500);
            assert_eq!(threads_of_halves(&pool), (thread::current().id(), thread::current().id()));
            assert_eq!(pool.halves_handed_over(), 0);
        }
    });
}

/// Fails if a half is lost that was handed over as the workers left, or if one that runs holds up the end for ever.
#[test]
fn joins_go_on_while_the_pool_ends() {
    within_a_minute(|| {
        for mode in [Shutdown::Drain, Shutdown::Abort] {
            for round in repeats(200) {
                let pool = with_workers(2);
                let (inner, begun) = (pool.clone(), Gate::new());
                let begins = begun.clone();
                let job = pool.submit(move || {
                    begins.open();
                    (0..20).map(|_| sum(&inner, 0..100)).sum::<u64>()
                });
                begun.pass();
                let outsider = thread::scope(|scope| {
                    let outsider = scope.spawn(|| (0..20).map(|_| sum(&pool, 0..100)).sum::<u64>());
                    pool.shutdown(mode, Some(FOREVER)).unwrap();
                    outsider.join().unwrap()
                });
                assert_eq!((outsider, finish(job.unwrap())), (99_000, 99_000), "round {round}");
            }
        }
    });
}

/// Fails if who shuts the pool down does not wait for the worker that runs a half, or a worker leaves a half that it has taken.
#[test]
fn a_half_that_runs_as_the_pool_ends_is_run_to_its_end() {
    within_a_minute(|| {
        for mode in [Shutdown::Drain, Shutdown::Abort] {
            // A half is no job, but its thread has not ended: so 1 is said to run still.
            let (pool, go) = (one_worker(1), Gate::new());
            let first = || {
                let early = pool.shutdown(mode, Some(Duration::ZERO)).unwrap();
                go.open();
                (early.still_running, pool.shutdown(mode, Some(FOREVER)).unwrap().still_running)
            };
            let second = || {
                go.pass();
                sum(&pool, 0..1_000)
            };
            assert_eq!(with_second_elsewhere(&pool, first, second), ((1, 0), 499_500));
        }
    });
}

/// Fails if a pool without threads waits for one.
#[test]
fn an_inline_pools_halves_run_one_after_the_other() {
    within_a_minute(|| {
        let pool = Pool::builder().inline().build().unwrap();
        let here = thread::current().id();
        assert_eq!(threads_of_halves(&pool), (here, here));
        assert_eq!(sum(&pool, 0..1_000), 499_500);
        assert_eq!(inside(&pool, |pool| (sum(pool, 0..1_000), threads_of_halves(pool))), (499_500, (here, here)));
        // In a job of another pool, too.
        let (other, inline) = (one_worker(1), pool.clone());
        assert_eq!(inside(&other, move |_| sum(&inline, 0..1_000)), 499_500);
        assert_eq!(pool.halves_handed_over(), 0);
    });
}

/// Fails if a worker that has run halves stays awake, or was lost.
#[test]
fn after_joins_the_workers_sleep_and_serve() {
    within_a_minute(|| {
        let pool = named("jn-sleep", 3);
        for _ in repeats(50) {
            sum(&pool, 0..1_000);
            inside(&pool, |pool| sum(pool, 0..1_000));
        }
        wait_until("all workers to sleep", || asleep("jn-sleep"));
        assert_eq!(on_every_worker(&pool, || ()).len(), 3);
        with_second_elsewhere(&pool, || (), || ());
        wait_until("all workers to sleep again", || asleep("jn-sleep"));
    });
}

/// Fails if a worker that was woken for a half which others were faster to take does not ask again: the next join waits for
/// ever for somebody to begin its second half.
#[test]
fn who_was_woken_for_nothing_asks_again() {
    within_a_minute(|| {
        let pool = with_workers(2);
        for round in repeats(2_000) {
            // Most of these are taken back before a worker comes.
            (0..round % 7).for_each(|_| pool.join(|| pool.join(|| (), || ()), || ()).1);
            with_second_elsewhere(&pool, || (), || ());
        }
    });
}

/// Fails, as a hang, if a half is forgotten that a worker was woken for which then finds a job, while others sleep.
#[test]
fn a_half_and_jobs_that_come_at_once_all_find_a_worker() {
    within_a_minute(|| {
        let pool = with_workers(3);
        for round in repeats(300) {
            // Workers that know of no joins yet, in the first round; then some that search, and some that sleep.
            if round.is_multiple_of(3) {
                thread::sleep(Duration::from_micros(200));
            }
            let (begun, gate) = (Flag::default(), Gate::new());
            let first = || {
                let jobs = [(); 2].map(|()| {
                    let gate = gate.clone();
                    pool.submit(move || gate.pass()).unwrap()
                });
                begun.wait("a worker to come for the half");
                gate.open();
                jobs.into_iter().for_each(finish);
            };
            pool.join(first, || begun.raise());
        }
    });
}

/// Exposes halves that are told how many are younger, then does `last`.
fn nested(pool: &Pool, halves: usize, half: &(dyn Fn(usize) + Sync), last: &dyn Fn()) {
    if halves == 0 {
        last();
    } else {
        pool.join(|| nested(pool, halves - 1, half, last), || half(halves - 1));
    }
}

/// Fails if a worker that steals one half after the other does not look what else there is for it.
#[test]
fn a_broadcast_does_not_wait_for_all_halves() {
    within_a_minute(|| {
        for _ in repeats(20) {
            let (pool, ran) = (one_worker(1), Arc::new(AtomicUsize::new(0)));
            let half = |_younger| {
                if ran.fetch_add(1, Ordering::SeqCst) == 0 {
                    wait_until("the broadcast to be queued", || pool.stats().queued == 1);
                    // Halves that take no time may be followed by others.
                    thread::sleep(Duration::from_millis(1));
                }
            };
            thread::scope(|scope| {
                let broadcast = scope.spawn(|| {
                    wait_until("the first half to be stolen", || ran.load(Ordering::SeqCst) > 0);
                    let ran = Arc::clone(&ran);
                    pool.broadcast(move |_worker| ran.load(Ordering::SeqCst)).unwrap()
                });
                // Until then none is taken back.
                nested(&pool, 6, &half, &|| wait_until("the broadcast to be over", || broadcast.is_finished()));
                let before: Vec<_> = broadcast.join().unwrap().into_iter().map(Result::unwrap).collect();
                assert_eq!(before, [1]);
            });
        }
    });
}

/// Fails, as a hang, if halves that were stolen together with one that takes long are left to whoever runs that: it waits for all
/// that are younger.
#[test]
fn what_was_stolen_with_a_long_half_finds_another_worker() {
    within_a_minute(|| {
        let pool = with_workers(4);
        for _ in repeats(50) {
            let younger = AtomicUsize::new(0);
            const LONG: usize = 200;
            let half = |which| match which {
                LONG => wait_until("the younger halves to run", || younger.load(Ordering::SeqCst) == LONG),
                0..LONG => drop(younger.fetch_add(1, Ordering::SeqCst)),
                // By then the thief has found out that halves are short.
                _ => {}
            };
            let last = || wait_until("the younger halves to run", || younger.load(Ordering::SeqCst) == LONG);
            thread::scope(|scope| {
                let deep = thread::Builder::new().stack_size(64 << 20);
                let caller = deep.spawn_scoped(scope, || nested(&pool, 1_000, &half, &last));
                caller.unwrap().join().unwrap();
            });
        }
    });
}

/// Fails, as a hang, if a worker that was called for a half, but takes a job, leaves those that sleep without a call.
#[test]
fn who_takes_a_job_leaves_halves_to_others() {
    within_a_minute(|| {
        let pool = named("jn-leave", 2);
        with_second_elsewhere(&pool, || (), || ());
        // From now on each of them looks for halves before it sleeps.
        on_every_worker(&pool, || ());
        for _ in repeats(200) {
            wait_until("both workers to sleep", || asleep("jn-leave"));
            // The one that is woken for the job is not yet there as the half is exposed.
            let gate = Gate::new();
            let passes = gate.clone();
            let job = pool.submit(move || passes.pass()).unwrap();
            with_second_elsewhere(&pool, || (), || ());
            gate.open();
            finish(job);
        }
    });
}
