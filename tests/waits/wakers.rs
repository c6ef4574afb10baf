//! Wakers are user code that may do anything: join the very job that made room, wait, sleep, start a shutdown. Nobody holds
//! a job while it wakes a submitter.

use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use crate::common::spy::Spy;
use crate::common::{
    FOREVER, Gate, finish, hold_worker, in_debug_a_quarter_of, one_worker, poll_once, wait_until, within_a_minute,
};
use corepool::{Cancel, CancelToken, JobError, JobHandle, Pool, Shutdown, SubmitError, SubmitErrorKind};

/// Soon over, but not before a future stands in line behind the job.
const SOON: Duration = Duration::from_millis(250);

type Submission = Pin<Box<dyn Future<Output = Result<JobHandle<i32>, SubmitError<fn() -> i32>>> + Send>>;

/// A pool of one worker that is held, the one place of its queue taken by a job, and a future in line.
struct Full {
    pool: Pool,
    gate: Gate,
    held: JobHandle<()>,
    in_line: Submission,
    spy: Arc<Spy>,
}

impl Full {
    fn new() -> (Self, JobHandle<i32>) {
        Self::with(|pool| pool.try_submit(|| 1).unwrap())
    }

    fn with(queue: impl FnOnce(&Pool) -> JobHandle<i32>) -> (Self, JobHandle<i32>) {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let queued = queue(&pool);
        let spy = Spy::new();
        let mut in_line: Submission = Box::pin(pool.submit_async((|| 2) as fn() -> i32));
        assert!(poll_once(&mut in_line, &spy.waker()).is_pending());
        (Self { pool, gate, held, in_line, spy }, queued)
    }

    /// Has the waker in line join `job`; gives what came of that.
    fn joins_when_woken(&self, job: JobHandle<i32>) -> mpsc::Receiver<Result<i32, JobError>> {
        let (tell, told) = mpsc::channel();
        self.spy.on_wake(move || tell.send(job.join()).unwrap());
        told
    }

    fn verdict(&mut self) -> Result<i32, SubmitErrorKind> {
        match poll_once(&mut self.in_line, Waker::noop()) {
            Poll::Ready(submitted) => submitted.map(finish).map_err(|rejected| rejected.kind()),
            Poll::Pending => panic!("it still waits"),
        }
    }
}

#[test]
fn a_waker_may_join_the_job_that_its_worker_is_about_to_take() {
    within_a_minute(|| {
        for _ in 0..in_debug_a_quarter_of(100) {
            let (mut full, queued) = Full::new();
            let joined = full.joins_when_woken(queued);
            full.gate.open();
            assert_eq!(joined.recv_timeout(FOREVER).unwrap().unwrap(), 1);
            assert_eq!(full.verdict(), Ok(2));
            finish(full.held);
        }
    });
}

#[test]
fn a_waker_may_join_the_job_that_is_about_to_be_cancelled() {
    within_a_minute(|| {
        let token = CancelToken::new();
        let (mut full, queued) = Full::with(|pool| pool.job().token(&token).try_submit(|| 1).unwrap());
        let joined = full.joins_when_woken(queued);
        token.cancel();
        assert!(matches!(joined.recv_timeout(FOREVER).unwrap(), Err(JobError::Cancelled)));
        full.gate.open();
        assert_eq!(full.verdict(), Ok(2));
        finish(full.held);
    });
}

#[test]
fn a_waker_may_join_the_job_that_is_about_to_expire() {
    within_a_minute(|| {
        let (mut full, queued) = Full::with(|pool| pool.job().timeout(SOON).try_submit(|| 1).unwrap());
        let joined = full.joins_when_woken(queued);
        assert!(matches!(joined.recv_timeout(FOREVER).unwrap(), Err(JobError::Expired)));
        full.gate.open();
        assert_eq!(full.verdict(), Ok(2));
        finish(full.held);
    });
}

#[test]
fn a_waker_may_join_what_an_abort_is_about_to_drop() {
    within_a_minute(|| {
        let (mut full, queued) = Full::new();
        let joined = full.joins_when_woken(queued);
        full.pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert!(matches!(joined.recv_timeout(FOREVER).unwrap(), Err(JobError::Aborted)));
        assert_eq!(full.verdict(), Err(SubmitErrorKind::ShutDown));
        full.gate.open();
        finish(full.held);
    });
}

/// The one in line is woken by who joins inside a job; what it waits for is run by another worker meanwhile.
#[test]
fn a_waker_may_wait_for_the_job_that_a_join_is_about_to_run() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).queue_capacity(1).build().unwrap();
        let [(gate, held), (other_gate, other_held)] = [hold_worker(&pool), hold_worker(&pool)];
        let (asked, ran) = (Gate::new(), Gate::new());
        let joiner = {
            // The worker that is let go of first takes it.
            let (inner, asked, ran) = (pool.clone(), asked.clone(), ran.clone());
            pool.submit(move || {
                let target = inner.submit(move || ran.open()).unwrap();
                asked.pass();
                target.join().unwrap();
            })
        };
        gate.open();
        finish(held);
        wait_until("its target to be queued", || pool.stats().queued == 1 && pool.stats().busy == 2);
        let spy = Spy::new();
        let mut in_line = Box::pin(pool.submit_async(|| ()));
        assert!(poll_once(&mut in_line, &spy.waker()).is_pending());
        spy.on_wake(move || {
            other_gate.open();
            ran.pass();
        });
        asked.open();
        finish(joiner.unwrap());
        finish(other_held);
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!((spy.woken(), pool.stats().completed), (1, 5));
    });
}

#[test]
fn a_waker_that_takes_its_time_holds_no_job_up() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).queue_capacity(1).build().unwrap();
        let [(gate, held), (other_gate, other_held)] = [hold_worker(&pool), hold_worker(&pool)];
        let (ran, woken) = (Gate::new(), Gate::new());
        let queued = pool.try_submit({
            let ran = ran.clone();
            move || ran.open()
        });
        let spy = Spy::new();
        let mut in_line = Box::pin(pool.submit_async(|| 2));
        assert!(poll_once(&mut in_line, &spy.waker()).is_pending());
        spy.on_wake({
            let (ran, woken) = (ran.clone(), woken.clone());
            move || {
                woken.open();
                ran.pass();
            }
        });
        gate.open();
        woken.pass();
        // Free only now that the other one is in the waker.
        other_gate.open();
        finish(queued.unwrap());
        for job in [held, other_held] {
            finish(job);
        }
        pool.wait_idle(Some(FOREVER)).unwrap();
        assert_eq!(pool.stats().completed, 4);
    });
}

/// A task that an executor polls within `wake`, on whatever thread that is.
struct Inline(Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>);

impl Inline {
    fn spawn(task: impl Future<Output = ()> + Send + 'static) {
        Arc::new(Self(Mutex::new(Some(Box::pin(task))))).wake();
    }
}

impl Wake for Inline {
    fn wake(self: Arc<Self>) {
        // Out of the lock while it runs: it may be woken meanwhile, in which case it is polled again here.
        let Some(mut task) = self.0.lock().unwrap().take() else { return };
        let waker = Waker::from(Arc::clone(&self));
        if poll_once(&mut task, &waker).is_pending() {
            *self.0.lock().unwrap() = Some(task);
        }
    }
}

#[test]
fn an_executor_that_polls_within_wake_joins_the_job_before_the_one_it_submits() {
    within_a_minute(|| {
        for _ in 0..in_debug_a_quarter_of(200) {
            let pool = one_worker(1);
            let (gate, held) = hold_worker(&pool);
            let (tell, told) = mpsc::channel();
            let inner = pool.clone();
            Inline::spawn(async move {
                let first = inner.submit_async(|| 1).await.unwrap();
                let second = inner.submit_async(|| 2).await.unwrap();
                tell.send((first.join(), second)).unwrap();
            });
            gate.open();
            let (first, second) = told.recv_timeout(FOREVER).unwrap();
            assert_eq!((first.unwrap(), finish(second)), (1, 2));
            finish(held);
        }
    });
}

#[test]
fn a_waker_may_end_what_its_worker_is_about_to_take() {
    within_a_minute(|| {
        let ends: [fn(&Pool, &JobHandle<i32>); 3] = [
            |_, job| assert_eq!(job.cancel(), Cancel::Dequeued),
            |pool, _| {
                let pool = pool.clone();
                thread::spawn(move || pool.shutdown(Shutdown::Abort, Some(Duration::ZERO))).join().unwrap().unwrap();
            },
            |pool, _| {
                let pool = pool.clone();
                // It drains behind the waker.
                drop(thread::spawn(move || pool.shutdown(Shutdown::Drain, None)));
            },
        ];
        for (end, outcome) in ends.into_iter().zip(["cancelled", "aborted", "ran"]) {
            let (full, queued) = Full::new();
            let (inner, (tell, told)) = (full.pool.clone(), mpsc::channel());
            full.spy.on_wake(move || {
                end(&inner, &queued);
                tell.send(queued).unwrap();
            });
            full.gate.open();
            let queued = told.recv_timeout(FOREVER).unwrap();
            let found = match queued.join_timeout(FOREVER).unwrap() {
                Ok(1) => "ran",
                Err(JobError::Cancelled) => "cancelled",
                Err(JobError::Aborted) => "aborted",
                other => panic!("{other:?}"),
            };
            assert_eq!(found, outcome);
            finish(full.held);
        }
    });
}
