//! Destructors of what is dropped unrun are user code as well: they may join jobs that wait behind, ended or not. A queued job
//! that has ended is resolved by whoever meets it, so that nobody waits for a thread that waits for him.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::common::{
    FOREVER, Gate, assert_adds_up, finish, hold_worker, on_drop, one_worker, wait_until, within_a_minute,
};
use corepool::{CancelToken, JobError, JobHandle, Pool, Shutdown, WaitError, checkpoint};

/// Soon over, and longer than a thread is held up that submits a job: if it is over by then, the job ends there.
const SOON: Duration = Duration::from_millis(50);

/// What a destructor does with the handle of another job.
type Wait = fn(JobHandle<u32>) -> Result<u32, JobError>;

const WAITS: [(&str, Wait); 5] = [
    ("join", JobHandle::join),
    ("join_timeout", |job| job.join_timeout(Duration::MAX).unwrap()),
    ("block_on", |job| pollster::block_on(job)),
    ("try_join", |mut job| {
        loop {
            match job.try_join() {
                Ok(outcome) => break outcome,
                Err(not_yet) => job = not_yet,
            }
            thread::yield_now();
        }
    }),
    ("is_finished", |job| {
        while !job.is_finished() {
            thread::yield_now();
        }
        job.join()
    }),
];

/// A handle that comes later than what is to own it.
type Slot = Arc<Mutex<Option<JobHandle<u32>>>>;

/// What is in the slot, or will be: a keeper may come to the destructor before the handle is there.
fn taken_from(slot: &Slot) -> JobHandle<u32> {
    wait_until("the handle to be there", || slot.lock().unwrap().is_some());
    slot.lock().unwrap().take().unwrap()
}

/// A pool whose one worker is held, and in its queue a job whose closure, when it is dropped, waits for one behind it.
struct Chain {
    pool: Pool,
    gate: Gate,
    held: JobHandle<()>,
    first: JobHandle<()>,
    told: mpsc::Receiver<Result<u32, JobError>>,
}

impl Chain {
    fn new(
        wait: Wait,
        submit_first: impl FnOnce(&Pool, Box<dyn FnOnce() + Send>) -> JobHandle<()>,
        submit_second: impl FnOnce(&Pool) -> JobHandle<u32>,
    ) -> Self {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let (slot, (tell, told)) = (Slot::default(), mpsc::channel());
        let guard = {
            let slot = Arc::clone(&slot);
            on_drop(move || {
                tell.send(wait(taken_from(&slot))).unwrap();
            })
        };
        let first = submit_first(&pool, Box::new(move || drop(guard)));
        // Not inside the statement: the slot is locked no longer than that.
        let behind = submit_second(&pool);
        *slot.lock().unwrap() = Some(behind);
        Self { pool, gate, held, first, told }
    }

    fn heard(&self) -> Result<u32, JobError> {
        self.told.recv_timeout(FOREVER).expect("it waits for ever")
    }

    fn end(self) {
        self.gate.open();
        finish(self.held);
        self.pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
        let stats = self.pool.stats();
        assert_eq!((stats.busy, stats.queued), (0, 0));
        assert_adds_up(&stats);
    }
}

#[test]
fn an_abort_may_drop_what_joins_a_job_behind_it() {
    within_a_minute(|| {
        for (name, wait) in WAITS {
            for timeout in [None, Some(Duration::ZERO)] {
                let chain = Chain::new(wait, |pool, job| pool.submit(job).unwrap(), |pool| pool.submit(|| 1).unwrap());
                if timeout.is_none() {
                    // It waits for the held job too.
                    chain.gate.open();
                }
                chain.pool.shutdown(Shutdown::Abort, timeout).unwrap();
                let heard = chain.heard();
                // Where the worker was let go of it may have come to both before the abort.
                let has_run = timeout.is_none() && matches!(heard, Ok(1));
                assert!(has_run || matches!(heard, Err(JobError::Aborted)), "{name}: {heard:?}");
                chain.end();
            }
        }
    });
}

#[test]
fn a_token_may_end_what_joins_another_of_its_jobs() {
    within_a_minute(|| {
        for (name, wait) in WAITS {
            let token = CancelToken::new();
            let chain = Chain::new(
                wait,
                |pool, job| pool.job().token(&token).submit(job).unwrap(),
                |pool| pool.job().token(&token).submit(|| 1).unwrap(),
            );
            token.cancel();
            let heard = chain.heard();
            assert!(matches!(heard, Err(JobError::Cancelled)), "{name}: {heard:?}");
            assert!(chain.first.is_finished());
            chain.end();
        }
    });
}

/// While a destructor holds the keeper's thread up, another one keeps the deadlines.
#[test]
fn the_keeper_may_drop_what_joins_a_job_whose_deadline_comes_next() {
    within_a_minute(|| {
        for wait in WAITS {
            let chain = Chain::new(
                wait.1,
                |pool, job| pool.job().timeout(SOON).submit(job).unwrap(),
                |pool| pool.job().timeout(2 * SOON).submit(|| 1).unwrap(),
            );
            assert!(matches!(chain.heard(), Err(JobError::Expired)), "{}", wait.0);
            chain.end();
        }
    });
}

#[test]
fn a_cancel_may_drop_what_joins_a_job_that_was_cancelled_before() {
    within_a_minute(|| {
        for (name, wait) in WAITS {
            let pool = one_worker(8);
            let (gate, held) = hold_worker(&pool);
            let (tell, told) = mpsc::channel();
            let behind = pool.submit(|| 1).unwrap();
            behind.cancel();
            let guard = on_drop(move || tell.send(wait(behind)).unwrap());
            let first = pool.submit(move || drop(guard)).unwrap();
            first.cancel();
            let heard = told.recv_timeout(FOREVER).expect("it waits for ever");
            assert!(matches!(heard, Err(JobError::Cancelled)), "{name}: {heard:?}");
            gate.open();
            finish(held);
        }
    });
}

/// A thread that a destructor waits for is no other than the destructor's own.
#[test]
fn an_abort_may_drop_what_waits_for_a_thread_that_joins_a_job_behind_it() {
    within_a_minute(|| {
        let wait: Wait = |job| thread::spawn(move || job.join()).join().unwrap();
        let chain = Chain::new(wait, |pool, job| pool.submit(job).unwrap(), |pool| pool.submit(|| 1).unwrap());
        chain.pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert!(matches!(chain.heard(), Err(JobError::Aborted)));
        chain.end();
    });
}

/// A worker that is free helps, so that who has been waiting since before the abort is told.
#[test]
fn an_abort_is_done_by_free_workers_too() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).queue_capacity(8).build().unwrap();
        let [(gate, held), (other_gate, other_held)] = [hold_worker(&pool), hold_worker(&pool)];
        let (go, (tell, told)) = (other_gate.clone(), mpsc::channel::<()>());
        let guard = on_drop(move || {
            go.open();
            told.recv_timeout(FOREVER).unwrap();
        });
        let first = pool.submit(move || drop(guard)).unwrap();
        let second = pool.submit(|| 1).unwrap();
        let waits = thread::spawn(move || {
            let outcome = second.join();
            tell.send(()).unwrap();
            outcome
        });
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert!(matches!(waits.join().unwrap(), Err(JobError::Aborted)));
        assert!(matches!(first.join(), Err(JobError::Aborted)));
        gate.open();
        finish(held);
        finish(other_held);
        assert_eq!(pool.shutdown(Shutdown::Abort, None).unwrap().aborted, 2);
    });
}

/// What ends a job whose closure owns its own handle.
#[test]
fn joining_the_very_job_that_this_thread_drops_would_deadlock() {
    within_a_minute(|| {
        type Ending = fn(&Pool, &CancelToken);
        let ends: [(&str, Ending); 3] = [
            ("cancel", |_, token| token.cancel()),
            ("abort", |pool, _| {
                pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
            }),
            ("nothing but its deadline", |_, _| {}),
        ];
        for (name, end) in ends {
            let waits: [Wait; 2] = [WAITS[0].1, WAITS[1].1];
            for wait in waits {
                let (pool, token) = (one_worker(8), CancelToken::new());
                let (gate, held) = hold_worker(&pool);
                let (slot, (tell, told)) = (Slot::default(), mpsc::channel());
                let guard = {
                    let (slot, pool) = (Arc::clone(&slot), pool.clone());
                    on_drop(move || {
                        tell.send((wait(taken_from(&slot)), pool.wait_idle(None), checkpoint())).unwrap();
                    })
                };
                let mut job = pool.job().token(&token);
                if name.ends_with("deadline") {
                    job = job.timeout(SOON);
                }
                let job = job.submit(move || {
                    drop(guard);
                    1
                });
                *slot.lock().unwrap() = Some(job.unwrap());
                end(&pool, &token);
                let (joined, idle, checked) = told.recv_timeout(FOREVER).expect("it waits for ever");
                assert!(matches!(joined, Err(JobError::WouldDeadlock)), "{name}: {joined:?}");
                assert_eq!((idle, checked), (Err(WaitError::WouldDeadlock), Ok(())), "{name}");
                gate.open();
                finish(held);
            }
        }
    });
}

/// On a worker the destructor's wait is a join as any other: it runs what it waits for.
#[test]
fn a_job_may_cancel_what_joins_a_job_behind_it() {
    within_a_minute(|| {
        let token = CancelToken::new();
        let submit_second = |pool: &Pool| {
            let canceller = token.clone();
            pool.job().priority(corepool::Priority::High).submit(move || canceller.cancel()).unwrap().detach();
            pool.submit(|| 1).unwrap()
        };
        let submit_first = |pool: &Pool, job| pool.job().token(&token).submit(job).unwrap();
        let chain = Chain::new(JobHandle::join, submit_first, submit_second);
        chain.gate.open();
        assert!(matches!(chain.heard(), Ok(1)));
        chain.end();
    });
}

/// Jobs that are ended within each other, deeper than the thread keeps frames for.
#[test]
fn code_in_deeply_nested_destructors_may_ask_what_it_runs_in() {
    const DEEP: usize = 500;
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).stack_size(64 << 20).build().unwrap();
        let (gate, held) = hold_worker(&pool);
        let answers = Arc::new(Mutex::new(Vec::new()));
        let mut last = None;
        for _ in 0..DEEP {
            let (next, answers) = (last.take(), Arc::clone(&answers));
            let guard = on_drop(move || {
                answers.lock().unwrap().push((checkpoint(), corepool::current_worker()));
                drop(next);
                answers.lock().unwrap().push((checkpoint(), corepool::current_worker()));
            });
            last = Some(pool.submit(move || drop(guard)).unwrap().cancel_on_drop());
        }
        let nested = pool.job().priority(corepool::Priority::High).submit(move || drop(last)).unwrap();
        gate.open();
        finish(held);
        finish(nested);
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(*answers.lock().unwrap(), [(Ok(()), Some(0)); 2 * DEEP]);
        assert_eq!(pool.stats().cancelled, DEEP as u64);
    });
}
