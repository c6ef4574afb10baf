//! A destructor may wait for somebody who has been waiting, since before its job was ended, for another job that was ended
//! with it. Everybody who waits for such a job is told before the first destructor runs.

use std::sync::mpsc;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use crate::common::spy::Spy;
use crate::common::{
    FOREVER, Gate, asleep, finish, hold_worker, on_drop, one_worker, poll_once, wait_until, within_a_minute,
};
use corepool::{CancelToken, JobError, JobHandle, Pool, Shutdown, SubmitErrorKind};

const SOON: Duration = Duration::from_millis(100);

/// How somebody waits for a job.
type Wait = fn(JobHandle<u32>) -> Result<u32, JobError>;

const WAITS: [(&str, Wait); 3] = [
    ("join", JobHandle::join),
    ("join_timeout", |job| job.join_timeout(2 * FOREVER).unwrap()),
    ("block_on", |job| pollster::block_on(job)),
];

/// What ends both jobs.
type End = fn(&Pool, &CancelToken);

const ENDS: [(&str, End); 5] = [
    ("cancel", |_, token| token.cancel()),
    ("shutdown", |pool, _| {
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
    }),
    ("begin_shutdown", |pool, _| pool.begin_shutdown(Shutdown::Abort).unwrap()),
    ("shutdown_async", |pool, _| {
        let mut ends = Box::pin(pool.shutdown_async(Shutdown::Abort));
        assert!(poll_once(&mut ends, Waker::noop()).is_pending());
    }),
    ("a deadline", |_, _| {}),
];

fn submit<T: Send + 'static>(
    pool: &Pool,
    token: &CancelToken,
    end: &str,
    job: impl FnOnce() -> T + Send + 'static,
) -> JobHandle<T> {
    let settings = pool.job().token(token);
    let settings = if end == "a deadline" { settings.timeout(SOON) } else { settings };
    settings.submit(job).unwrap()
}

#[test]
fn a_destructor_may_wait_for_a_thread_that_has_waited_since_before() {
    within_a_minute(|| {
        for (how, wait) in WAITS {
            for (end, do_end) in ENDS {
                let (pool, token) = (one_worker(8), CancelToken::new());
                let (gate, held) = hold_worker(&pool);
                let (go, (tell, told)) = (Gate::new(), mpsc::channel());
                let guard = {
                    let go = go.clone();
                    on_drop(move || {
                        go.open();
                        told.recv_timeout(FOREVER).expect("it waits for ever");
                    })
                };
                let first = submit(&pool, &token, end, move || drop(guard));
                let second = submit(&pool, &token, end, || 1);
                let name = format!("{end} {how}");
                let waits = thread::Builder::new().name(name[..name.len().min(15)].to_owned()).spawn(move || {
                    let outcome = wait(second);
                    tell.send(()).unwrap();
                    outcome
                });
                let waits = waits.unwrap();
                // Where the deadline came first, it has done so already.
                wait_until("it to wait", || waits.is_finished() || asleep(waits.thread().name().unwrap()));
                do_end(&pool, &token);
                go.pass();
                assert!(waits.join().unwrap().is_err(), "{name}");
                assert!(first.join().is_err(), "{name}");
                gate.open();
                finish(held);
            }
        }
    });
}

#[test]
fn a_destructor_may_join_a_running_job_that_has_waited_since_before() {
    within_a_minute(|| {
        for (end, do_end) in ENDS {
            let pool = Pool::builder().workers(2).thread_name(format!("job-{end}")).build().unwrap();
            let token = CancelToken::new();
            let ((gate, held), (asks, asked)) = (hold_worker(&pool), mpsc::channel::<JobHandle<u32>>());
            let running = pool.submit(move || pollster::block_on(asked.recv().unwrap()).is_err()).unwrap();
            wait_until("it to run", || pool.stats().busy == 2);
            let (tell, told) = mpsc::channel();
            let guard = on_drop(move || tell.send(running.join().unwrap()).unwrap());
            let first = submit(&pool, &token, end, move || drop(guard));
            asks.send(submit(&pool, &token, end, || 1)).unwrap();
            wait_until("it to wait", || asleep("job-"));
            do_end(&pool, &token);
            assert!(told.recv_timeout(FOREVER).expect("it waits for ever"), "{end}");
            assert!(first.join().is_err(), "{end}");
            gate.open();
            finish(held);
        }
    });
}

/// The one who waits stands in line for room, and is not the next to get it.
#[test]
fn a_destructor_may_wait_for_a_submitter_that_the_same_token_ends() {
    within_a_minute(|| {
        let (pool, token) = (one_worker(1), CancelToken::new());
        let (gate, held) = hold_worker(&pool);
        let (tell, told) = mpsc::channel();
        let guard = on_drop(move || told.recv_timeout(FOREVER).expect("it waits for ever"));
        let first = pool.job().token(&token).submit(move || drop(guard)).unwrap();
        let mut next = Box::pin(pool.submit_async(|| ()));
        assert!(poll_once(&mut next, Waker::noop()).is_pending());
        thread::scope(|scope| {
            let waits = scope.spawn(|| {
                let kind = pool.job().token(&token).submit(|| ()).map(JobHandle::detach).unwrap_err().kind();
                tell.send(()).unwrap();
                kind
            });
            wait_until("it to stand in line", || pool.stats().waiting == 2);
            token.cancel();
            assert_eq!(waits.join().unwrap(), SubmitErrorKind::Cancelled);
        });
        assert!(matches!(first.join(), Err(JobError::Cancelled)));
        gate.open();
        finish(held);
    });
}

/// Whoever waits is woken to look; a task that others poll, too.
#[test]
fn a_waker_that_is_told_of_an_abort_finds_the_job_aborted() {
    within_a_minute(|| {
        let pool = one_worker(8);
        let (gate, held) = hold_worker(&pool);
        let (go, (tell, told)) = (Gate::new(), mpsc::channel());
        let guard = {
            let go = go.clone();
            on_drop(move || go.pass())
        };
        let first = pool.submit(move || drop(guard)).unwrap();
        let mut second = pool.submit(|| 1).unwrap();
        let spy = Spy::new();
        assert!(poll_once(&mut second, &spy.waker()).is_pending());
        spy.on_wake(move || tell.send(()).unwrap());
        let polls = thread::spawn(move || {
            told.recv_timeout(FOREVER).expect("nobody is told");
            let outcome = pollster::block_on(second);
            go.open();
            outcome
        });
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert!(matches!(polls.join().unwrap(), Err(JobError::Aborted)));
        assert!(matches!(first.join(), Err(JobError::Aborted)));
        gate.open();
        finish(held);
    });
}

/// Rejected by the shutdown that aborts what it waits for.
#[test]
fn a_rejected_waker_may_block_on_a_queued_job() {
    within_a_minute(|| {
        for (how, wait) in WAITS {
            let pool = one_worker(1);
            let (gate, held) = hold_worker(&pool);
            let queued = pool.submit(|| 1).unwrap();
            let (spy, (tell, told)) = (Spy::new(), mpsc::channel());
            let mut in_line = Box::pin(pool.submit_async(|| ()));
            assert!(poll_once(&mut in_line, &spy.waker()).is_pending());
            spy.on_wake(move || tell.send(wait(queued)).unwrap());
            pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
            let outcome = told.recv_timeout(FOREVER).expect("it waits for ever");
            assert!(matches!(outcome, Err(JobError::Aborted)), "{how}");
            gate.open();
            finish(held);
        }
    });
}
