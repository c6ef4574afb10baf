//! No handle ever hangs because its job vanished, however it is used: joined, joined with a time-out, asked, polled,
//! awaited, detached, dropped.

mod common;

use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use common::spy::Spy;
use common::{
    EXPECTED, FOREVER, hold_worker, one_worker, opens_when_let_go, poll_once, silence_expected_panics, within_a_minute,
};
use corepool::{BuildError, CancelToken, JobError, JobHandle, Pool, Shutdown, SubmitError, WaitError};

/// A handle that was polled until it was ready.
fn spent(pool: &Pool) -> JobHandle<u32> {
    let mut job = pool.submit(|| 7).unwrap();
    pool.wait_idle(None).unwrap();
    assert!(matches!(poll_once(&mut job, Waker::noop()), Poll::Ready(Ok(7))));
    job
}

/// What is said when a spent handle is used once more.
fn complaint<R>(use_again: impl FnOnce(JobHandle<u32>) -> R) -> String {
    let pool = one_worker(1);
    let job = spent(&pool);
    let payload = panic::catch_unwind(AssertUnwindSafe(|| drop(use_again(job)))).expect_err("it is spent");
    payload.downcast_ref::<&str>().map(ToString::to_string).or(payload.downcast_ref::<String>().cloned()).unwrap()
}

#[test]
fn an_executor_that_knows_nothing_of_the_pool_can_await_a_job() {
    within_a_minute(|| {
        silence_expected_panics();
        let pool = Pool::builder().workers(2).build().unwrap();
        for n in 0..1_000 {
            assert_eq!(pollster::block_on(pool.submit(move || n).unwrap()).unwrap(), n);
        }
        let outcome = pollster::block_on(pool.submit(|| -> () { panic!("{EXPECTED}awaited") }).unwrap());
        assert!(matches!(outcome, Err(JobError::Panicked(panic)) if panic.message() == "expected: awaited"));
    });
}

#[test]
fn an_awaited_job_may_be_aborted() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let job = pool.submit(|| ()).unwrap();
        let awaiting = thread::spawn(move || pollster::block_on(job));
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        assert!(matches!(awaiting.join().unwrap(), Err(JobError::Aborted)));
        gate.open();
        held.join().unwrap();
    });
}

#[test]
fn only_the_waker_of_the_last_poll_is_woken() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, mut held) = hold_worker(&pool);
        let spies = [(); 5].map(|()| Spy::new());
        for spy in &spies {
            assert!(poll_once(&mut held, &spy.waker()).is_pending());
        }
        gate.open();
        pool.wait_idle(None).unwrap();
        assert_eq!(spies.each_ref().map(|spy| spy.woken()), [0, 0, 0, 0, 1]);
        assert!(matches!(poll_once(&mut held, &spies[0].waker()), Poll::Ready(Ok(()))));
    });
}

#[test]
fn a_replaced_waker_is_let_go_of() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, mut held) = hold_worker(&pool);
        let spy = Spy::new();
        assert!(poll_once(&mut held, &spy.waker()).is_pending());
        assert_eq!(spy.out(), 1);
        assert!(poll_once(&mut held, Waker::noop()).is_pending());
        assert_eq!(spy.out(), 0);
        gate.open();
        held.join().unwrap();
    });
}

#[test]
fn a_waker_polled_with_again_and_again_is_kept_and_woken_once() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, mut held) = hold_worker(&pool);
        let spy = Spy::new();
        let waker = spy.waker();
        for _ in 0..100 {
            assert!(poll_once(&mut held, &waker).is_pending());
            // The waker here, and the one kept.
            assert_eq!(spy.out(), 2);
        }
        gate.open();
        pool.wait_idle(None).unwrap();
        assert_eq!((spy.woken(), spy.out()), (1, 1));
        held.join().unwrap();
    });
}

#[test]
fn a_poll_after_the_end_is_ready_and_keeps_no_waker() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let mut job = pool.submit(|| 7).unwrap();
        pool.wait_idle(None).unwrap();
        let spy = Spy::new();
        assert!(matches!(poll_once(&mut job, &spy.waker()), Poll::Ready(Ok(7))));
        assert_eq!((spy.woken(), spy.out()), (0, 0));
    });
}

#[test]
fn a_handle_that_was_polled_can_be_joined() {
    within_a_minute(|| {
        let pool = one_worker(1);
        for _ in 0..100 {
            let (gate, mut held) = hold_worker(&pool);
            let spy = Spy::new();
            assert!(poll_once(&mut held, &spy.waker()).is_pending());
            let opener = opens_when_let_go(&gate);
            assert!(poll_once(&mut held, &opener).is_pending());
            drop(opener);
            held.join().unwrap();
            assert_eq!((spy.woken(), spy.out()), (0, 0));
        }
    });
}

#[test]
fn polling_again_after_ready_panics_and_says_why() {
    let text = complaint(|mut job| poll_once(&mut job, Waker::noop()).is_ready());
    assert!(text.contains("JobHandle") && text.contains("polled"), "{text:?}");
}

#[test]
fn joining_after_ready_panics_and_says_why() {
    let text = complaint(JobHandle::join);
    assert!(text.contains("JobHandle") && text.contains("polled"), "{text:?}");
}

#[test]
fn trying_to_join_after_ready_panics_and_says_why() {
    let text = complaint(JobHandle::try_join);
    assert!(text.contains("JobHandle") && text.contains("polled"), "{text:?}");
}

#[test]
fn joining_with_a_time_out_after_ready_panics_and_says_why() {
    let text = complaint(|job| job.join_timeout(Duration::MAX));
    assert!(text.contains("JobHandle") && text.contains("polled"), "{text:?}");
}

#[test]
fn what_does_not_ask_for_the_outcome_is_fine_after_ready() {
    let pool = one_worker(1);
    let job = spent(&pool);
    assert!(job.is_finished());
    assert!(format!("{job:?}").contains("JobHandle"));
    job.detach();
    drop(spent(&pool));
}

#[test]
fn a_join_that_times_out_gives_back_a_handle_that_still_works() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        let before = Instant::now();
        let held = held.join_timeout(Duration::from_millis(10)).expect_err("the gate is shut");
        assert!(before.elapsed() >= Duration::from_millis(10));
        let held = held.join_timeout(Duration::ZERO).expect_err("the gate is shut");
        gate.open();
        held.join().unwrap();
    });
}

#[test]
fn a_join_with_no_time_at_all_takes_what_is_there() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let job = pool.submit(|| 7).unwrap();
        pool.wait_idle(None).unwrap();
        assert!(matches!(job.join_timeout(Duration::ZERO), Ok(Ok(7))));
    });
}

#[test]
fn a_time_out_past_the_end_of_time_is_no_limit() {
    within_a_minute(|| {
        let pool = one_worker(1);
        for timeout in [Duration::MAX, Duration::from_secs(u64::MAX)] {
            let (gate, mut held) = hold_worker(&pool);
            assert!(poll_once(&mut held, &opens_when_let_go(&gate)).is_pending());
            held.join_timeout(timeout).expect("there is no limit").unwrap();
        }
    });
}

#[test]
fn asking_without_waiting_gives_the_outcome_or_the_handle() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        assert!(!held.is_finished());
        let held = held.try_join().expect_err("the gate is shut");
        gate.open();
        pool.wait_idle(None).unwrap();
        assert!(held.is_finished());
        assert!(matches!(held.try_join(), Ok(Ok(()))));
    });
}

#[test]
fn what_is_finished_can_be_had_without_waiting() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).build().unwrap();
        for n in 0..5_000 {
            let job = pool.submit(move || n).unwrap();
            while !job.is_finished() {
                thread::yield_now();
            }
            assert_eq!(job.try_join().expect("it said so").unwrap(), n);
        }
    });
}

#[test]
fn detached_and_dropped_jobs_still_run() {
    within_a_minute(|| {
        let pool = one_worker(16);
        let (gate, held) = hold_worker(&pool);
        let (tell, told) = mpsc::channel();
        let job = |n: u32| {
            let tell = tell.clone();
            pool.submit(move || tell.send(n).unwrap()).unwrap()
        };
        job(0).detach();
        drop(job(1));
        let mut polled = job(2);
        assert!(poll_once(&mut polled, Waker::noop()).is_pending());
        drop(polled);
        let late = job(3).join_timeout(Duration::ZERO).unwrap_err();
        drop(late);
        gate.open();
        held.join().unwrap();
        drop(pool);
        drop(tell);
        assert_eq!(told.iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
    });
}

#[test]
fn any_thread_may_join_a_handle() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).build().unwrap();
        let (gate, held) = hold_worker(&pool);
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let job = {
                    let gate = gate.clone();
                    pool.submit(move || {
                        gate.pass();
                        n
                    })
                };
                let job = job.unwrap();
                thread::spawn(move || job.join().unwrap())
            })
            .collect();
        gate.open();
        held.join().unwrap();
        let answers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!(answers, (0..8).collect::<Vec<_>>());
    });
}

#[test]
fn handles_are_send_and_unpin_whatever_the_value_is() {
    fn is_send_and_unpin<T: Send + Unpin + 'static>() {}
    is_send_and_unpin::<JobHandle<u32>>();
    is_send_and_unpin::<JobHandle<std::cell::Cell<u32>>>();
    is_send_and_unpin::<JobHandle<std::marker::PhantomPinned>>();
    fn is_shared<T: Clone + Send + Sync + 'static>() {}
    is_shared::<Pool>();
}

/// Neither it nor a closure can be shown.
struct Opaque;

fn shown(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

#[test]
fn every_type_can_be_shown_whatever_closure_and_value_are() {
    silence_expected_panics();
    let builder = Pool::builder().workers(1).queue_capacity(5).thread_name("mine").on_panic(|_| ());
    assert!(shown(&builder).contains("mine"));
    let pool = builder.build().unwrap();
    assert!(shown(&pool).contains("Pool"));

    let job = pool.submit(|| Opaque).unwrap();
    assert!(shown(&job).contains(file!()), "it shows where it comes from");
    let outcome: Result<Opaque, JobError> = job.join();
    assert!(outcome.is_ok());

    let token = CancelToken::new();
    assert!(shown(&token).contains("cancelled: false"));
    let options = pool.job().name("mine").token(&token).timeout(FOREVER);
    assert!(shown(&options).contains("mine"));
    let guard = options.submit(|| Opaque).unwrap().cancel_on_drop();
    assert!(shown(&guard).contains(file!()), "it shows where it comes from");
    assert!(guard.join().is_ok());

    let error = pool.submit(|| -> Opaque { panic!("{EXPECTED}shown") }).unwrap().join().err().unwrap();
    assert!(shown(&error).contains("expected: shown"));
    let JobError::Panicked(panic) = error else { panic!("it was to panic") };
    assert!(shown(&panic).contains("expected: shown"));

    assert!(shown(&pool.stats()).contains("submitted: 3"));
    assert!(shown(&Shutdown::Drain).contains("Drain"));
    let report = pool.shutdown(Shutdown::Drain, None).unwrap();
    assert!(shown(&report).contains("completed: 2"));

    let opaque = Opaque;
    let rejected: SubmitError<_> = pool.submit(move || opaque).err().unwrap();
    assert!(shown(&rejected).contains("ShutDown"));
    assert!(shown(&rejected.kind()).contains("ShutDown"));
    let error: BuildError = Pool::builder().workers(0).build().unwrap_err();
    assert!(shown(&error).contains("NoWorkers"));
    assert!(shown(&WaitError::TimedOut).contains("TimedOut"));
}

#[test]
fn showing_a_handle_or_a_pool_does_not_disturb_its_job() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, held) = hold_worker(&pool);
        assert!(shown(&held).contains("finished: false"));
        assert!(shown(&pool).contains("busy: 1"));
        gate.open();
        pool.wait_idle(None).unwrap();
        assert!(shown(&held).contains("finished: true"));
        held.join().unwrap();
    });
}

#[test]
fn a_handle_outlives_its_drained_pool() {
    within_a_minute(|| {
        let pool = one_worker(4);
        let jobs: Vec<_> = (0..4).map(|n| pool.submit(move || n).unwrap()).collect();
        drop(pool);
        for (n, job) in jobs.into_iter().enumerate() {
            assert!(job.is_finished(), "dropping the pool drains it");
            assert_eq!(job.join().unwrap(), n);
        }
    });
}

#[test]
fn a_handle_outlives_its_aborted_pool() {
    within_a_minute(|| {
        let pool = one_worker(4);
        let (gate, held) = hold_worker(&pool);
        let jobs: Vec<_> = (0..4).map(|_| pool.submit(|| ()).unwrap()).collect();
        pool.shutdown(Shutdown::Abort, Some(Duration::ZERO)).unwrap();
        gate.open();
        drop(pool);
        held.join().unwrap();
        for job in jobs {
            assert!(matches!(job.join(), Err(JobError::Aborted)));
        }
    });
}

#[test]
fn a_ring_left_over_from_another_wait_does_not_end_a_join() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).build().unwrap();
        for _ in 0..50 {
            let (first_gate, first) = hold_worker(&pool);
            let (second_gate, mut second) = hold_worker(&pool);
            // Leaves this thread's bell with the first job, which rings it when nobody listens.
            let first = first.join_timeout(Duration::ZERO).expect_err("its gate is shut");
            first_gate.open();
            common::wait_until("the first job ends", || pool.stats().busy == 1);
            first.join().unwrap();
            thread::current().unpark();
            assert!(poll_once(&mut second, &opens_when_let_go(&second_gate)).is_pending());
            second.join().unwrap();
        }
    });
}

#[test]
fn a_ring_left_over_from_another_wait_does_not_shorten_a_time_out() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).build().unwrap();
        let (first_gate, first) = hold_worker(&pool);
        let (second_gate, second) = hold_worker(&pool);
        let first = first.join_timeout(Duration::ZERO).expect_err("its gate is shut");
        first_gate.open();
        // Both rings are given before the wait begins: the bell's own, and the thread's.
        first.join_timeout(FOREVER).unwrap().unwrap();
        pool.submit(|| ()).unwrap().join().unwrap();
        thread::current().unpark();
        let before = Instant::now();
        let second = second.join_timeout(Duration::from_millis(20)).expect_err("its gate is shut");
        assert!(before.elapsed() >= Duration::from_millis(20));
        second_gate.open();
        second.join().unwrap();
    });
}

#[test]
fn a_stray_unpark_does_not_end_a_join() {
    within_a_minute(|| {
        let pool = one_worker(1);
        let (gate, mut held) = hold_worker(&pool);
        let joiner = thread::current();
        assert!(poll_once(&mut held, &opens_when_let_go(&gate)).is_pending());
        let stray = thread::spawn(move || {
            for _ in 0..1_000 {
                joiner.unpark();
                thread::yield_now();
            }
        });
        held.join().unwrap();
        stray.join().unwrap();
    });
}
