//! The closure is gone, with all that it owned, when its job has resolved, whatever has become of the job and however one learns
//! of that.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{
    EXPECTED, FOREVER, finish, hold_worker, on_drop, one_worker, rounds, silence_expected_panics, wait_until,
    with_workers, within_a_minute,
};
use crate::{Bomb, as_a_guest, inside};
use corepool::{CancelToken, JobError, JobHandle, Pool, Shutdown, join_all};

/// Whether what a closure had captured is gone.
#[derive(Clone, Default)]
struct Gone(Arc<AtomicBool>);

impl Gone {
    /// Something to capture whose destructor takes its time: who does not wait for it comes before its end.
    fn later(&self) -> impl Send + 'static {
        let gone = self.clone();
        on_drop(move || {
            (0..100).for_each(|_| thread::yield_now());
            gone.0.store(true, Ordering::SeqCst);
        })
    }

    #[track_caller]
    fn check(&self) {
        assert!(self.0.load(Ordering::SeqCst), "it resolved before what it had captured was gone");
    }
}

type Wait = fn(JobHandle<()>) -> Result<(), JobError>;

/// Every way to learn of a job's outcome.
const WAITS: [Wait; 6] = [
    JobHandle::join,
    |job| job.join_timeout(FOREVER).unwrap(),
    |job| pollster::block_on(job),
    |job| pollster::block_on(job.cancel_on_drop()),
    |mut job| loop {
        match job.try_join() {
            Ok(outcome) => break outcome,
            Err(not_yet) => job = not_yet,
        }
        thread::yield_now();
    },
    |job| {
        while !job.is_finished() {
            thread::yield_now();
        }
        job.join()
    },
];

/// Lets `wait` wait for a job on a thread of its own; it is queued behind a held worker, and `end` must end it there.
fn ended_from_elsewhere(
    wait: Wait,
    submit: impl FnOnce(&Pool, Box<dyn FnOnce() + Send>) -> JobHandle<()>,
    end: impl FnOnce(&Pool),
) -> Result<(), JobError> {
    let (pool, gone) = (one_worker(8), Gone::default());
    let (gate, held) = hold_worker(&pool);
    let captured = gone.later();
    let job = submit(&pool, Box::new(move || drop(captured)));
    let waiting = thread::spawn(move || {
        let outcome = wait(job);
        gone.check();
        outcome
    });
    end(&pool);
    let outcome = waiting.join().unwrap();
    gate.open();
    finish(held);
    outcome
}

fn abort(pool: &Pool) {
    pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
}

#[test]
fn after_a_value_and_after_a_panic() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = with_workers(2);
        for (wait, panics) in WAITS.into_iter().flat_map(|wait| [(wait, false), (wait, true)]) {
            let gone = Gone::default();
            let captured = gone.later();
            let job = pool.submit(move || {
                let _captured = &captured;
                assert!(!panics, "{EXPECTED}while it has what it captured");
            });
            let outcome = wait(job.unwrap());
            gone.check();
            assert_eq!(outcome.is_err(), panics);
        }
    });
}

#[test]
fn after_a_panic_of_a_destructor_among_them() {
    silence_expected_panics();
    within_a_minute(|| {
        let pool = with_workers(2);
        for wait in WAITS {
            let gone = Gone::default();
            let captured = (Bomb, gone.later());
            let outcome = wait(pool.submit(move || drop(captured)).unwrap());
            gone.check();
            assert!(matches!(outcome, Err(JobError::Panicked(_))));
        }
    });
}

#[test]
fn after_a_panic_of_the_destructor_of_a_job_that_did_not_run() {
    silence_expected_panics();
    within_a_minute(|| {
        for wait in WAITS {
            let submit = |pool: &Pool, job: Box<dyn FnOnce() + Send>| {
                let captured = (Bomb, job);
                pool.submit(move || drop(captured)).unwrap()
            };
            assert!(matches!(ended_from_elsewhere(wait, submit, abort), Err(JobError::Aborted)));
        }
    });
}

#[test]
fn after_a_token_was_cancelled() {
    within_a_minute(|| {
        for wait in WAITS {
            let token = CancelToken::new();
            let submit = |pool: &Pool, job| {
                // One goes before it, so that whoever waits is told while that one is dropped.
                pool.job().token(&token).submit(|| ()).unwrap().detach();
                pool.job().token(&token).submit(job).unwrap()
            };
            assert!(matches!(ended_from_elsewhere(wait, submit, |_| token.cancel()), Err(JobError::Cancelled)));
        }
    });
}

#[test]
fn after_a_deadline_has_passed() {
    within_a_minute(|| {
        for wait in WAITS {
            let submit = |pool: &Pool, job| pool.job().timeout(Duration::from_millis(5)).submit(job).unwrap();
            assert!(matches!(ended_from_elsewhere(wait, submit, |_| ()), Err(JobError::Expired)));
        }
    });
}

#[test]
fn after_an_abort() {
    within_a_minute(|| {
        for wait in WAITS {
            let submit = |pool: &Pool, job| {
                pool.submit(|| ()).unwrap().detach();
                pool.submit(job).unwrap()
            };
            assert!(matches!(ended_from_elsewhere(wait, submit, abort), Err(JobError::Aborted)));
        }
    });
}

#[test]
fn after_an_end_that_came_before_the_job_was_submitted() {
    within_a_minute(|| {
        let (pool, token) = (one_worker(8), CancelToken::new());
        token.cancel();
        for options in [pool.job().token(&token), pool.job().deadline(Instant::now())] {
            let gone = Gone::default();
            let captured = gone.later();
            let job = options.submit(move || drop(captured)).unwrap();
            assert!(job.is_finished());
            gone.check();
            job.join().unwrap_err();
        }
    });
}

#[test]
fn after_a_cancel_that_meets_the_worker_which_is_about_to_start_it() {
    within_a_minute(|| {
        let pool = one_worker(8);
        for round in rounds(6_000) {
            let gone = Gone::default();
            let captured = gone.later();
            let job = pool.submit(move || drop(captured)).unwrap();
            job.cancel();
            let _ran_or_not = WAITS[round % WAITS.len()](job);
            gone.check();
        }
    });
}

#[test]
fn after_a_worker_has_come_to_what_a_token_is_about_to_end() {
    within_a_minute(|| {
        for wait in WAITS {
            let (pool, token, gone) = (one_worker(8), CancelToken::new(), Gone::default());
            let (gate, held) = hold_worker(&pool);
            let ((hand_over, handed), (tell, told)) = (mpsc::channel(), mpsc::channel());
            // Dropped before the other job, which is noted as cancelled by then.
            let (own, looks) = (pool.clone(), gone.clone());
            let first = on_drop(move || {
                gate.open();
                wait_until("the worker takes the other", || own.stats().queued == 0);
                let outcome = wait(handed.recv().unwrap());
                looks.check();
                tell.send(outcome).unwrap();
            });
            pool.job().token(&token).submit(move || drop(first)).unwrap().detach();
            let captured = gone.later();
            hand_over.send(pool.job().token(&token).submit(move || drop(captured)).unwrap()).unwrap();
            token.cancel();
            assert!(matches!(told.recv().expect("what it captured was there"), Err(JobError::Cancelled)));
            finish(held);
        }
    });
}

#[test]
fn after_a_join_that_runs_the_job_itself() {
    silence_expected_panics();
    /// Joins a job that nobody else can run.
    fn claim(pool: &Pool, job: impl FnOnce(&Gone) -> Box<dyn FnOnce() + Send>) {
        let gone = Gone::default();
        let job = pool.submit(job(&gone)).unwrap();
        let _value_or_panic = job.join();
        gone.check();
    }
    fn claim_all(pool: &Pool) {
        claim(pool, |gone| {
            let captured = gone.later();
            Box::new(move || drop(captured))
        });
        claim(pool, |gone| {
            let captured = gone.later();
            Box::new(move || panic!("{EXPECTED}with what it captured: {}", size_of_val(&captured)))
        });
        claim(pool, |gone| {
            let captured = (Bomb, gone.later());
            Box::new(move || drop(captured))
        });
    }
    within_a_minute(|| {
        let (here, there) = (one_worker(8), one_worker(8));
        inside(&here, || claim_all(&Pool::current().unwrap()));
        let (gate, held) = hold_worker(&there);
        let elsewhere = there.clone();
        inside(&here, move || claim_all(&elsewhere));
        gate.open();
        finish(held);
        as_a_guest(&there, || claim_all(&Pool::current().unwrap()));
    });
}

#[test]
fn after_a_run() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let run = |pool: &Pool| {
            let gone = Gone::default();
            let captured = gone.later();
            pool.run(move || drop(captured)).unwrap();
            gone.check();
        };
        run(&pool);
        inside(&pool, move || run(&Pool::current().unwrap()));
    });
}

#[test]
fn when_the_pool_is_idle() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let gone = Gone::default();
        let captured = gone.later();
        pool.submit(move || drop(captured)).unwrap().detach();
        pool.wait_idle(None).unwrap();
        gone.check();
    });
}

#[test]
fn what_was_shared_with_jobs_is_its_owners_alone_after_the_joins() {
    within_a_minute(|| {
        let pool = with_workers(4);
        for _ in rounds(5_000) {
            let shared = Arc::new(Mutex::new(0));
            let jobs: Vec<_> = (0..8)
                .map(|n| {
                    let shared = Arc::clone(&shared);
                    pool.submit(move || *shared.lock().unwrap() += n).unwrap()
                })
                .collect();
            join_all(jobs).into_iter().for_each(|outcome| outcome.unwrap());
            let sum = Arc::into_inner(shared).expect("nobody else has it");
            assert_eq!(sum.into_inner().unwrap(), 28);
        }
    });
}

#[test]
fn but_for_what_it_returned() {
    within_a_minute(|| {
        let (pool, gone) = (one_worker(8), Gone::default());
        let captured = gone.later();
        let returned = finish(pool.submit(move || captured).unwrap());
        assert!(!gone.0.load(Ordering::SeqCst));
        drop(returned);
        gone.check();
    });
}

#[test]
fn but_not_where_a_job_joins_itself() {
    within_a_minute(|| {
        let (pool, gone) = (one_worker(8), Gone::default());
        let (hand_over, handed) = mpsc::channel::<JobHandle<()>>();
        let (captured, looks) = (gone.later(), gone.clone());
        let job = pool.submit(move || {
            let captured = captured;
            assert!(matches!(handed.recv().unwrap().join(), Err(JobError::WouldDeadlock)));
            assert!(!looks.0.load(Ordering::SeqCst));
            drop(captured);
        });
        hand_over.send(job.unwrap()).unwrap();
        pool.wait_idle(None).unwrap();
        assert_eq!(pool.stats().completed, 1);
    });
}
