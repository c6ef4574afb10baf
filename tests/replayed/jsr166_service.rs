//! `AbstractExecutorServiceTest` and `ExecutorCompletionServiceTest` of the JSR-166 conformance suite (openjdk/jdk,
//! `test/jdk/java/util/concurrent/tck`): what becomes of a submitted job, alone, in a batch, and among others of which
//! one will be the first.
//!
//! Read `get` as `join`; a timed `get` as `join_timeout`; `invokeAll` as submitting all and joining all, and its timed
//! form as one deadline for all; `cancel(true)` as `cancel`, of which a running job hears at its `checkpoint`. The crate
//! has no `invokeAny` and no completion queue: where the suites take what ends first, [`Completions`] gathers handles,
//! as anybody can.
//!
//! This accounts for the 33 methods of the first suite, which stand for the 28 of the same names in
//! `ThreadPoolExecutorTest`, and for the 12 of the second (`grep -c 'public void test'`). The tests below name 16 and 6
//! of them; 17 and 6 have no meaning here:
//!
//! | what has no meaning here | why |
//! |---|---|
//! | null jobs, collections, units: `testNullTaskSubmission`, `testInvokeAny1`, `3`, `testInvokeAll1`, `3`, `testTimedInvokeAny1`, `3`, `NullTimeUnit`, `testTimedInvokeAll1`, `3`, `NullTimeUnit`; in the second suite `testSubmitNullCallable`, `testSubmitNullRunnable` | there is no null |
//! | empty collections: `testInvokeAny2`, `testTimedInvokeAny2`, `testInvokeAll2`, `testTimedInvokeAll2` | no call takes a collection; a pool without jobs is idle at once (`idle::flush::an_idle_pool_is_idle_at_once`) |
//! | privileged actions: `testSubmitPrivilegedAction`, `testSubmitPrivilegedExceptionAction` | there is no security manager, and what is left is `testSubmitCallable` |
//! | a completion queue without its parts: `testConstructorNPE`, `testConstructorNPE2` | the crate has no completion queue |
//! | futures of the user's own class: `testNewTaskForCallable`, `testNewTaskForRunnable` | every job has the one kind of handle |

use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use corepool::{CancelToken, Interrupted, JobError, JobHandle, Pool};

use crate::common::{
    EXPECTED, FOREVER, Gate, finish, hold_worker, one_worker, opens_when_let_go, outcome, poll_once,
    silence_expected_panics, until_stopped, wait_until, with_workers, within_a_minute,
};

// One job.

/// AbstractExecutorServiceTest: testExecuteRunnable, testSubmitRunnable
///
/// What the job has done is seen by whoever learns of its end, with nothing else to order the two.
#[test]
fn a_job_has_run_to_its_end_when_its_handle_says_so() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let ways: [fn(&Pool, JobHandle<()>); 5] = [
            |_, job| job.join().unwrap(),
            |_, job| finish(job),
            |_, job| wait_until("the job to end", || job.is_finished()),
            |_, job| pollster::block_on(job).unwrap(),
            |pool, job| {
                pool.wait_idle(None).unwrap();
                job.join_timeout(Duration::ZERO).unwrap().unwrap();
            },
        ];
        for learn_of_the_end in ways {
            let done = Arc::new(AtomicBool::new(false));
            let job = {
                let done = Arc::clone(&done);
                move || done.store(true, Ordering::Relaxed)
            };
            learn_of_the_end(&pool, pool.submit(job).unwrap());
            assert!(done.load(Ordering::Relaxed));
        }
    });
}

/// AbstractExecutorServiceTest: testSubmitCallable, testSubmitRunnable2
#[test]
fn the_value_that_comes_back_is_the_very_one_that_was_made() {
    let pool = one_worker(10);
    let text = Arc::new("a test string");
    let inside = Arc::clone(&text);
    let back = finish(pool.submit(move || inside).unwrap());
    assert!(Arc::ptr_eq(&text, &back));
    assert_eq!(Arc::strong_count(&text), 2, "the pool keeps none");
}

/// AbstractExecutorServiceTest: testSubmitEE, testSubmitFailedPrivilegedExceptionAction, testInvokeAny4,
/// testTimedInvokeAny4
#[test]
fn an_error_that_is_returned_is_a_value_and_one_that_is_thrown_is_handed_over() {
    #[derive(Debug, PartialEq)]
    struct OutOfBounds(usize);

    silence_expected_panics();
    let pool = one_worker(10);
    let returned = pool.submit(|| Err::<(), _>(OutOfBounds(7))).unwrap();
    let thrown = pool.submit(|| panic_any(OutOfBounds(8))).unwrap();
    assert_eq!(finish(returned), Err(OutOfBounds(7)));
    let Err(JobError::Panicked(panic)) = outcome::<()>(thrown) else { panic!("it was to panic") };
    assert_eq!(panic.into_payload().downcast_ref(), Some(&OutOfBounds(8)));
    assert_eq!((pool.stats().completed, pool.stats().panicked), (1, 1));
}

/// AbstractExecutorServiceTest: testInterruptedSubmit
///
/// Nothing interrupts a thread. What it waits for can be cancelled by others, and then it waits no more.
#[test]
fn who_waits_for_a_job_is_released_when_others_cancel_it() {
    within_a_minute(|| {
        let pool = one_worker(10);
        let (gate, held) = hold_worker(&pool);
        let token = CancelToken::new();
        let mut job = pool.job().token(&token).submit(|| ()).unwrap();
        let waits = Gate::new();
        assert!(poll_once(&mut job, &opens_when_let_go(&waits)).is_pending());
        let waiter = thread::spawn(move || job.join());
        waits.pass();
        token.cancel();
        assert!(matches!(waiter.join().unwrap(), Err(JobError::Cancelled)));
        gate.open();
        finish(held);
    });
}

// All of a batch.

/// A job that fails, with its number, two times out of three.
fn every_third_returns(n: usize) -> usize {
    assert!(n.is_multiple_of(3), "{EXPECTED}{n}");
    n
}

fn is_panic_of(n: usize, error: &JobError) -> bool {
    matches!(error, JobError::Panicked(panic) if panic.message() == format!("{EXPECTED}{n}"))
}

/// AbstractExecutorServiceTest: testInvokeAll4, testInvokeAll5, testTimedInvokeAll4, testTimedInvokeAll5
#[test]
fn every_job_of_a_batch_has_its_own_outcome_however_the_others_end() {
    silence_expected_panics();
    let pool = with_workers(2);
    let jobs: Vec<_> = (0..100).map(|n| pool.submit(move || every_third_returns(n)).unwrap()).collect();
    pool.wait_idle(Some(FOREVER)).unwrap();
    for (n, job) in jobs.into_iter().enumerate() {
        match job.try_join().expect("the pool is idle") {
            Ok(value) => assert!(n.is_multiple_of(3) && value == n, "{n}: {value}"),
            Err(error) => assert!(!n.is_multiple_of(3) && is_panic_of(n, &error), "{n}: {error}"),
        }
    }
}

/// AbstractExecutorServiceTest: testTimedInvokeAll6
///
/// What is queued ends with its time, although the worker is not free.
#[test]
fn a_batch_that_is_out_of_time_keeps_what_is_done_and_ends_the_rest() {
    within_a_minute(|| {
        let pool = one_worker(10);
        let mut timeout = Duration::from_millis(10);
        loop {
            let gate = Gate::new();
            let shut = gate.clone();
            let held = move || {
                let why = until_stopped();
                shut.pass();
                why
            };
            let deadline = Instant::now() + timeout;
            let done = pool.job().deadline(deadline).submit(|| 0).unwrap();
            let running = pool.job().deadline(deadline).submit(held).unwrap();
            let queued = outcome(pool.job().deadline(deadline).submit(|| 2).unwrap());
            gate.open();
            match (outcome(done), outcome(running), queued) {
                // A machine so busy that they have not even started gets more time.
                (Err(JobError::Expired), ..) | (_, Err(JobError::Expired), _) => timeout *= 2,
                (Ok(0), Ok(Interrupted::DeadlineExceeded), Err(JobError::Expired)) => break,
                outcomes => panic!("{outcomes:?}"),
            }
        }
    });
}

// What comes first.

/// Handles gathered in the order in which their jobs end: each is polled once, with a waker that tells its number.
struct Completions<T> {
    jobs: Vec<Option<Asked<T>>>,
    ended: Receiver<usize>,
}

/// A polled handle: the outcome, or the handle back.
type Asked<T> = Result<Result<T, JobError>, JobHandle<T>>;

struct Bell {
    number: usize,
    ended: Sender<usize>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // Nobody listens once a test is over.
        let _ = self.ended.send(self.number);
    }
}

impl<T> Completions<T> {
    fn of(handles: impl IntoIterator<Item = JobHandle<T>>) -> Self {
        let (end, ended) = channel();
        let ask = |(number, mut job)| {
            let bell = Waker::from(Arc::new(Bell { number, ended: end.clone() }));
            match poll_once(&mut job, &bell) {
                Poll::Pending => Some(Err(job)),
                Poll::Ready(outcome) => {
                    bell.wake();
                    Some(Ok(outcome))
                }
            }
        };
        Self { jobs: handles.into_iter().enumerate().map(ask).collect(), ended }
    }

    /// The next to end; waits for it.
    fn take(&mut self) -> (usize, Result<T, JobError>) {
        let number = self.ended.recv_timeout(FOREVER).expect("a job hangs");
        self.settle(number)
    }

    /// The next to end, if it has.
    fn poll(&mut self) -> Option<(usize, Result<T, JobError>)> {
        let number = self.ended.try_recv().ok()?;
        Some(self.settle(number))
    }

    fn settle(&mut self, number: usize) -> (usize, Result<T, JobError>) {
        let asked = self.jobs[number].take().expect("a job ends once");
        (number, asked.or_else(JobHandle::try_join).expect("who is woken finds the job done"))
    }
}

/// ExecutorCompletionServiceTest: testTake, testTake2
#[test]
fn jobs_can_be_taken_in_the_order_in_which_they_end() {
    let pool = with_workers(3);
    let gates = [(); 3].map(|()| Gate::new());
    let job = |gate: &Gate| {
        let gate = gate.clone();
        pool.submit(move || gate.pass()).unwrap()
    };
    let mut ends = Completions::of(gates.each_ref().map(job));
    assert!(ends.poll().is_none());
    for n in [2, 0, 1] {
        gates[n].open();
        assert!(matches!(ends.take(), (number, Ok(())) if number == n));
    }
    assert!(ends.poll().is_none());
}

/// ExecutorCompletionServiceTest: testPoll1, testPoll2, testPollReturnsNullBeforeCompletion
#[test]
fn who_asks_now_and_then_gets_nothing_before_the_end_and_the_outcome_after() {
    within_a_minute(|| {
        let pool = one_worker(10);
        for timeout in [Duration::ZERO, Duration::from_micros(1), Duration::from_millis(12)] {
            let gate = Gate::new();
            let shut = gate.clone();
            let job = move || {
                shut.pass();
                "a test string"
            };
            let mut job = pool.submit(job).unwrap().try_join().expect_err("its gate is shut");
            let outcome = loop {
                let start = Instant::now();
                match job.join_timeout(timeout) {
                    Ok(outcome) => break outcome,
                    Err(not_yet) => job = not_yet,
                }
                assert!(start.elapsed() >= timeout);
                gate.open();
            };
            assert_eq!(outcome.unwrap(), "a test string");
        }
    });
}

/// ExecutorCompletionServiceTest: testTaskAssortment
#[test]
fn jobs_that_fail_come_as_those_that_do_not_and_each_comes_once() {
    const JOBS: usize = 3_000;
    silence_expected_panics();
    let pool = with_workers(2);
    let mut ends = Completions::of((0..JOBS).map(|n| pool.submit(move || every_third_returns(n)).unwrap()));
    let (mut values, mut panics) = (0, 0);
    for _ in 0..JOBS {
        match ends.take() {
            (n, Ok(value)) if value == n => values += 1,
            (n, Err(error)) if is_panic_of(n, &error) => panics += 1,
            (n, outcome) => panic!("{n}: {outcome:?}"),
        }
    }
    assert_eq!((values, panics), (JOBS / 3, JOBS / 3 * 2));
    assert!(ends.poll().is_none());
}

/// AbstractExecutorServiceTest: testInvokeAny5, testTimedInvokeAny5
#[test]
fn the_first_answer_is_enough_and_a_token_ends_the_other_jobs() {
    let pool = with_workers(2);
    let token = CancelToken::new();
    let submit = |job: fn() -> Result<u32, Interrupted>| pool.job().token(&token).submit(job).unwrap();
    let endless = || Err(until_stopped());
    let mut ends = Completions::of([submit(endless), submit(|| Ok(42)), submit(endless), submit(endless)]);
    assert!(matches!(ends.take(), (1, Ok(Ok(42)))));
    token.cancel();
    for _ in 0..3 {
        match ends.take() {
            // The workers had two of them, though one may have come too late to begin.
            (0 | 2, Ok(Err(Interrupted::Cancelled))) | (_, Err(JobError::Cancelled)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(ends.poll().is_none());
}
