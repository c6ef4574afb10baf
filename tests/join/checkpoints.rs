//! `checkpoint` speaks in both halves for the job that joins, on whatever thread they run.

use std::time::Duration;

use crate::common::{FOREVER, Gate, finish, hold_worker, one_worker, until_stopped, with_workers, within_a_minute};
use crate::{Flag, inside, repeats, with_second_elsewhere};
use corepool::{Cancel, CancelToken, Interrupted, JobHandle, Pool, Shutdown, checkpoint};

/// A job with both halves running until each is asked to stop, on two workers; what they give is why.
fn halves_until_stopped(pool: &Pool, begun: &Gate) -> impl FnOnce() -> (Interrupted, Interrupted) + Send + use<> {
    let (pool, begun) = (pool.clone(), begun.clone());
    move || {
        let second = || {
            begun.open();
            until_stopped()
        };
        with_second_elsewhere(&pool, until_stopped, second)
    }
}

fn begun(pool: &Pool) -> JobHandle<(Interrupted, Interrupted)> {
    let begun = Gate::new();
    let job = pool.submit(halves_until_stopped(pool, &begun)).unwrap();
    begun.pass();
    job
}

/// Each of these fails, as a hang, if what runs elsewhere does not speak for the job.
#[test]
fn a_cancelled_job_stops_in_both_halves() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let job = begun(&pool);
        assert_eq!(job.cancel(), Cancel::Requested);
        assert_eq!(finish(job), (Interrupted::Cancelled, Interrupted::Cancelled));
        assert_eq!(inside(&pool, |pool| with_second_elsewhere(pool, checkpoint, checkpoint)), (Ok(()), Ok(())));
    });
}

#[test]
fn a_tokens_jobs_stop_in_both_halves() {
    within_a_minute(|| {
        let (pool, token, has_begun) = (with_workers(2), CancelToken::new(), Gate::new());
        let job = pool.job().token(&token).submit(halves_until_stopped(&pool, &has_begun)).unwrap();
        has_begun.pass();
        token.cancel();
        assert_eq!(finish(job), (Interrupted::Cancelled, Interrupted::Cancelled));
    });
}

#[test]
fn a_deadline_is_both_halves() {
    within_a_minute(|| {
        // A deadline that passes before the job runs would end it there: so it is far enough, or tried again.
        let stopped = |pool: &Pool, millis| {
            let job = pool.job().timeout(Duration::from_millis(millis));
            job.submit(halves_until_stopped(pool, &Gate::new())).unwrap().join().ok()
        };
        let pool = with_workers(2);
        let why = [20, 200, 2_000, 20_000].into_iter().find_map(|millis| stopped(&pool, millis));
        assert_eq!(why, Some((Interrupted::DeadlineExceeded, Interrupted::DeadlineExceeded)));
    });
}

#[test]
fn a_run_limit_is_both_halves() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let job = pool.job().run_limit(Duration::from_millis(5)).submit(halves_until_stopped(&pool, &Gate::new()));
        assert_eq!(finish(job.unwrap()), (Interrupted::RunLimitExceeded, Interrupted::RunLimitExceeded));
    });
}

#[test]
fn an_abort_stops_both_halves() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let job = begun(&pool);
        pool.shutdown(Shutdown::Abort, Some(FOREVER)).unwrap();
        assert_eq!(finish(job), (Interrupted::ShuttingDown, Interrupted::ShuttingDown));
    });
}

/// Fails if a half that belongs to no job speaks for one that its thread has run, or for its pool.
#[test]
fn outside_of_jobs_nothing_stops_a_half() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let job = begun(&pool);
        job.cancel();
        finish(job);
        assert_eq!(with_second_elsewhere(&pool, checkpoint, checkpoint), (Ok(()), Ok(())));
        let aborting = || {
            pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
            checkpoint()
        };
        let go = Gate::new();
        let second = || {
            go.pass();
            checkpoint()
        };
        let first = || {
            let found = aborting();
            go.open();
            found
        };
        assert_eq!(with_second_elsewhere(&pool, first, second), (Ok(()), Ok(())));
    });
}

/// Fails if the half's job stays on its worker, whose next job would speak for it; or if nothing is restored where a thread
/// runs a half in the middle of a join.
#[test]
fn a_thread_that_has_run_a_half_speaks_for_its_own_again() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let job = begun(&pool);
        job.cancel();
        finish(job);
        assert_eq!([inside(&pool, |_| checkpoint()), inside(&pool, |_| checkpoint())], [Ok(()); 2]);
        let here = with_workers(1);
        // A thread outside runs a half for the worker's job, which is cancelled: while it does so it speaks for that.
        let cancelled = |pool: &Pool| {
            let token = CancelToken::new();
            let (inner, own) = (pool.clone(), token.clone());
            let job = pool.job().token(&token).submit(move || {
                own.cancel();
                with_second_elsewhere(&inner, checkpoint, checkpoint)
            });
            job.unwrap().join().unwrap()
        };
        let ((), stopped) = with_second_elsewhere(&here, || (), || cancelled(&here));
        assert_eq!(stopped, (Err(Interrupted::Cancelled), Err(Interrupted::Cancelled)));
        assert_eq!(checkpoint(), Ok(()));
    });
}

/// Fails if a half is taken for a job of the pool whose worker runs it.
#[test]
fn on_another_pools_worker_a_half_speaks_for_its_job() {
    within_a_minute(|| {
        let (pool, helpers) = (one_worker(1), one_worker(1));
        let begun = Gate::new();
        let job = pool.submit(halves_until_stopped(&helpers, &begun)).unwrap();
        begun.pass();
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert_eq!(finish(job), (Interrupted::ShuttingDown, Interrupted::ShuttingDown));
        // That pool's own end is none of the job's.
        let pool = one_worker(1);
        let inner = helpers.clone();
        let found = inside(&pool, move |_| {
            let go = Gate::new();
            let first = || {
                inner.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
                go.open();
                checkpoint()
            };
            let second = || {
                go.pass();
                checkpoint()
            };
            with_second_elsewhere(&inner, first, second)
        });
        assert_eq!(found, (Ok(()), Ok(())));
    });
}

/// Fails if a half is taken for a part of the job that runs on its thread as it is handed over: one that the first half has
/// joined.
#[test]
fn a_half_that_is_handed_over_in_a_nested_job_speaks_for_the_outer_one() {
    within_a_minute(|| {
        let (pool, other, token) = (with_workers(2), one_worker(2), CancelToken::new());
        let (gate, held) = hold_worker(&other);
        let (helper, held_helper) = hold_worker(&pool);
        let (helpers, own) = (pool.clone(), token.clone());
        // It runs on the worker that joins it, as its own pool's has no time.
        let nested = other.job().token(&token).submit(move || {
            own.cancel();
            // Before, nobody has taken the outer half.
            helper.open();
            with_second_elsewhere(&helpers, checkpoint, checkpoint)
        });
        let found = inside(&pool, |pool| {
            let begun = Flag::default();
            let second = || {
                begun.raise();
                (checkpoint(), Pool::current())
            };
            let first = || {
                let stopped = nested.unwrap().join().unwrap();
                assert!(begun.is_raised(), "it was the oldest half");
                stopped
            };
            pool.join(first, second)
        });
        let stopped = Err(Interrupted::Cancelled);
        assert_eq!(found, ((stopped, stopped), (Ok(()), Some(pool))));
        gate.open();
        [held, held_helper].into_iter().for_each(finish);
    });
}

/// What a job owns: it joins when it is dropped without having run.
struct Owned {
    pool: Pool,
    token: CancelToken,
    has_run: bool,
}

impl Drop for Owned {
    fn drop(&mut self) {
        if !self.has_run {
            self.pool.join(|| (), || ());
        }
    }
}

/// A job that lets `helper` go and is cancelled; its value is what its second half hears of that on another worker.
fn cancelled_in_its_halves(owned: Owned, helper: Gate) -> JobHandle<Result<(), Interrupted>> {
    let (pool, token) = (owned.pool.clone(), owned.token.clone());
    let job = move || {
        let mut owned = owned;
        owned.has_run = true;
        owned.token.cancel();
        helper.open();
        with_second_elsewhere(&owned.pool, || (), checkpoint).1
    };
    pool.job().token(&token).submit(job).unwrap()
}

/// Fails if a half speaks for the job outside of its own, as a destructor in between had joined for that: the cells of a job that
/// was aborted and of the next one are at the same address.
#[test]
fn a_half_does_not_speak_for_the_job_that_has_aborted_another() {
    within_a_minute(|| {
        for _ in repeats(50) {
            let pool = with_workers(2);
            let heard = inside(&pool, |pool| {
                let (gate, held) = hold_worker(pool);
                let owned = || Owned { pool: pool.clone(), token: CancelToken::new(), has_run: false };
                let heard = pool.join(
                    || {
                        let aborted = owned();
                        let token = aborted.token.clone();
                        let aborted = cancelled_in_its_halves(aborted, Gate::new());
                        token.cancel();
                        drop(aborted);
                        cancelled_in_its_halves(owned(), gate).join().unwrap()
                    },
                    || (),
                );
                finish(held);
                heard.0
            });
            assert_eq!(heard, Err(Interrupted::Cancelled));
        }
    });
}

/// Fails if what a half speaks for is remembered from a job that its thread was in the middle of before.
#[test]
fn jobs_joined_one_after_the_other_speak_each_for_itself() {
    within_a_minute(|| {
        let (pool, helpers) = (one_worker(4), one_worker(1));
        let found = inside(&pool, move |pool| {
            let nested = |is_cancelled: bool| {
                let (helpers, token) = (helpers.clone(), CancelToken::new());
                let own = token.clone();
                // It runs on the worker that joins it.
                let job = pool.job().token(&token).submit(move || {
                    if is_cancelled {
                        own.cancel();
                    }
                    with_second_elsewhere(&helpers, checkpoint, checkpoint)
                });
                job.unwrap().join().unwrap()
            };
            helpers.join(|| [true, false, true].map(nested), || ()).0
        });
        let (goes_on, stopped) = (Ok(()), Err(Interrupted::Cancelled));
        assert_eq!(found, [(stopped, stopped), (goes_on, goes_on), (stopped, stopped)]);
    });
}
