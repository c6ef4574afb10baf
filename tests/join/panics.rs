//! A panic of either half goes on from the join, once both halves have ended or will not be called.

use std::cell::RefCell;
use std::panic::{panic_any, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{
    EXPECTED, message_of, on_drop, one_worker, outcome, silence_expected_panics, spin, threads_of, thrown,
    with_workers, within_a_minute,
};
use crate::{Flag, inside, repeats, with_second_elsewhere};
use corepool::Pool;

fn throw(number: usize) {
    resume_unwind(Box::new(number));
}

/// Fails if a payload is lost on the way between threads, or is another half's.
#[test]
fn a_panic_comes_out_with_its_payload() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let ways = |pool: &Pool| {
            [
                thrown(|| pool.join(|| throw(1), || ())),
                thrown(|| pool.join(|| (), || throw(2))),
                thrown(|| with_second_elsewhere(pool, || throw(3), || ())),
                thrown(|| with_second_elsewhere(pool, || (), || throw(4))),
            ]
        };
        assert_eq!(ways(&pool), [1, 2, 3, 4]);
        assert_eq!(inside(&pool, move |pool| ways(pool)), [1, 2, 3, 4]);
    });
}

/// Fails if the second half's payload goes first, as it would if who waits passed on what it finds.
#[test]
fn of_two_panics_the_first_halfs_comes_out() {
    within_a_minute(|| {
        let pool = with_workers(1);
        for _ in repeats(200) {
            let second_throws = Flag::default();
            let first = || {
                second_throws.wait("the second half to panic, almost");
                throw(1);
            };
            let second = || {
                second_throws.raise();
                throw(2);
            };
            assert_eq!(thrown(|| with_second_elsewhere(&pool, first, second)), 1);
        }
    });
}

/// Fails if a join unwinds while another thread runs its second half.
#[test]
fn the_first_halfs_panic_waits_for_the_second_half() {
    within_a_minute(|| {
        let pool = with_workers(1);
        for round in repeats(500) {
            let second_ended = Flag::default();
            let first_unwound = Flag::default();
            let unwinds = on_drop(|| first_unwound.raise());
            let first = move || {
                let _unwinds = unwinds;
                throw(1);
            };
            let second = || {
                first_unwound.wait("the first half to unwind");
                spin(round % 50 * 40);
                second_ended.raise();
            };
            assert_eq!(thrown(|| with_second_elsewhere(&pool, first, second)), 1);
            assert!(second_ended.is_raised());
        }
    });
}

/// Fails if the second half's panic cuts the first half short, or comes out before that has ended.
#[test]
fn the_second_halfs_panic_waits_for_the_first_half() {
    within_a_minute(|| {
        let pool = with_workers(1);
        let second_unwound = Flag::default();
        let unwinds = on_drop(|| second_unwound.raise());
        let mut first_ended = false;
        let first = || {
            second_unwound.wait("the second half to unwind");
            first_ended = true;
        };
        let second = move || {
            let _unwinds = unwinds;
            throw(2);
        };
        assert_eq!(thrown(|| with_second_elsewhere(&pool, first, second)), 2);
        assert!(first_ended);
    });
}

/// Fails if the second half is called although the first has panicked, or what it owns is leaked or dropped twice.
#[test]
fn a_half_that_was_not_begun_is_dropped_uncalled() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let count = inside(&pool, |pool| {
            let (called, dropped) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let owned = on_drop(|| _ = dropped.fetch_add(1, Ordering::SeqCst));
            let second = || {
                let _owned = owned;
                called.fetch_add(1, Ordering::SeqCst);
            };
            let number = thrown(|| pool.join(|| throw(1), second));
            (number, called.into_inner(), dropped.load(Ordering::SeqCst))
        });
        assert_eq!(count, (1, 0, 1));
    });
}

/// Its destructor panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{EXPECTED}a destructor");
    }
}

/// Fails, or aborts the process, if a destructor's panic gets out of a join that panics already.
#[test]
fn what_bursts_behind_the_first_halfs_panic_is_contained() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = with_workers(1);
        let bomb = Bomb;
        let uncalled = move || drop(bomb);
        assert_eq!(inside(&pool, |pool| thrown(|| pool.join(|| throw(1), uncalled))), 1);
        assert_eq!(thrown(|| with_second_elsewhere(&pool, || throw(2), || Bomb)), 2);
        assert_eq!(thrown(|| with_second_elsewhere(&pool, || throw(3), || panic_any(Bomb))), 3);
    });
}

/// Fails if a half's panic is taken for the job's own, or ends the worker that runs the half.
#[test]
fn a_half_that_panics_is_no_job_that_does() {
    let reports = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&reports);
    within_a_minute(move || {
        let hook = move |_: &_| _ = counts.fetch_add(1, Ordering::SeqCst);
        let pool = Pool::builder().workers(2).on_panic(hook).build().unwrap();
        let workers = threads_of(&pool);
        assert_eq!(inside(&pool, |pool| thrown(|| with_second_elsewhere(pool, || (), || throw(7)))), 7);
        assert_eq!(threads_of(&pool), workers);
        assert_eq!(pool.stats().panicked, 0);
    });
    assert_eq!(reports.load(Ordering::SeqCst), 0);
}

/// Fails if the panic of a half that another worker runs is lost on its way to the job, or reported twice.
#[test]
fn a_job_that_lets_a_halfs_panic_out_panics_once() {
    silence_expected_panics();
    let reports = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&reports);
    within_a_minute(move || {
        let hook = move |_: &_| _ = counts.fetch_add(1, Ordering::SeqCst);
        let pool = Pool::builder().workers(2).on_panic(hook).build().unwrap();
        let inner = pool.clone();
        let job = pool.submit(move || with_second_elsewhere(&inner, || (), || panic!("{EXPECTED}a half")));
        assert_eq!(message_of(outcome(job.unwrap())), "expected: a half");
        assert_eq!((pool.stats().panicked, pool.stats().completed), (1, 0));
    });
    assert_eq!(reports.load(Ordering::SeqCst), 1);
}

/// Fails if a join that unwinds leaves its half where the next join finds it.
#[test]
fn after_a_panic_joins_go_on_as_before() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let rounds = |pool: &Pool| {
            for round in repeats(200) {
                let count = RefCell::new(Vec::new());
                let nested = || {
                    count.borrow_mut().push(1);
                    pool.join(|| throw(round), || ());
                };
                assert_eq!(thrown(|| pool.join(nested, || throw(round + 1))), round);
                assert_eq!(pool.join(|| pool.join(|| 1, || 2), || pool.join(|| 3, || 4)), ((1, 2), (3, 4)));
                assert_eq!(*count.borrow(), [1]);
            }
        };
        rounds(&pool);
        inside(&pool, move |pool| rounds(pool));
    });
}

/// Fails if a panic of a half that a waiting thread runs comes out of the wrong join.
#[test]
fn a_panic_that_a_helper_meets_belongs_to_its_own_join() {
    within_a_minute(|| {
        let pool = with_workers(1);
        for _ in repeats(200) {
            let second = || {
                // The caller, which waits for this, takes the inner second half.
                let inner = || with_second_elsewhere(&pool, || (), || throw(2));
                (thrown(inner), "unharmed")
            };
            let ((), outcome) = with_second_elsewhere(&pool, || (), second);
            assert_eq!(outcome, (2, "unharmed"));
        }
    });
}
