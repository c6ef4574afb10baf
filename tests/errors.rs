//! Every error is `Error + Send + Sync + 'static` whatever the closure and the payload are, says what to do, and gives back
//! what was not taken: the closure of a rejected job, the payload of a panic.

mod common;

use std::any::Any;
use std::cell::Cell;
use std::error::Error;
use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use common::{EXPECTED, hold_worker, one_worker, silence_expected_panics};
use corepool::{BuildError, CancelToken, JobError, JobPanic, Pool, Shutdown, SubmitError, SubmitErrorKind, WaitError};

/// What a job said that panicked with `panic`.
fn panic_of(panic: impl FnOnce() + Send + 'static) -> JobPanic {
    silence_expected_panics();
    match one_worker(1).submit(panic).unwrap().join() {
        Err(JobError::Panicked(panic)) => panic,
        other => panic!("the job was to panic: {other:?}"),
    }
}

fn closed_pool() -> Pool {
    let pool = one_worker(1);
    pool.shutdown(Shutdown::Drain, None).unwrap();
    pool
}

/// Text of `error` after `?` has turned it into a box and into anyhow's error; it stays the same error.
fn through_question_marks<E: Error + Send + Sync + 'static>(make: impl Fn() -> E) -> String {
    fn boxed<E: Error + Send + Sync + 'static>(error: E) -> Result<(), Box<dyn Error + Send + Sync>> {
        Err(error)?
    }
    fn any<E: Error + Send + Sync + 'static>(error: E) -> anyhow::Result<()> {
        Err(error)?
    }
    let plain = make().to_string();
    let boxed = boxed(make()).unwrap_err();
    let any = any(make()).unwrap_err();
    assert!(boxed.is::<E>() && any.is::<E>());
    assert_eq!((boxed.to_string(), any.to_string()), (plain.clone(), plain.clone()));
    plain
}

fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in {text:?}");
    }
}

#[test]
fn errors_can_be_shared_between_threads_whatever_they_carry() {
    fn is_shareable<E: Error + Send + Sync + 'static>(_: &E) {}
    fn is_shareable_type<E: Error + Send + Sync + 'static>() {}
    is_shareable_type::<JobError>();
    is_shareable_type::<JobPanic>();
    is_shareable_type::<BuildError>();
    is_shareable_type::<WaitError>();

    let not_sync = Cell::new(1);
    let rejected = closed_pool().submit(move || Cell::new(not_sync.get())).unwrap_err();
    is_shareable(&rejected);

    let error = panic_of(|| panic::panic_any(Cell::new(7)));
    is_shareable(&error);
    let read = std::thread::spawn(move || error.into_payload().downcast_ref::<Cell<i32>>().unwrap().get());
    assert_eq!(read.join().unwrap(), 7);
}

#[test]
fn the_question_mark_takes_rejected_jobs() {
    let pool = closed_pool();
    let text = through_question_marks(|| pool.try_submit(|| ()).unwrap_err());
    assert_has(&text, &["shut down"]);
}

#[test]
fn the_question_mark_takes_job_errors_and_panics() {
    let text = through_question_marks(|| JobError::Panicked(panic_of(|| panic!("{EXPECTED}no disk"))));
    assert_has(&text, &["no disk", file!()]);
    let text = through_question_marks(|| panic_of(|| panic!("{EXPECTED}no disk")));
    assert_has(&text, &["no disk", file!()]);
}

#[test]
fn the_question_mark_takes_build_errors() {
    let text = through_question_marks(|| Pool::builder().workers(0).build().unwrap_err());
    assert_has(&text, &["workers is 0"]);
}

#[test]
fn the_question_mark_takes_wait_errors() {
    let text = through_question_marks(|| Pool::global().shutdown(Shutdown::Drain, None).unwrap_err());
    assert_has(&text, &["global"]);
}

#[test]
fn a_full_queue_says_how_large_it_is_and_what_to_do() {
    let pool = one_worker(3);
    let (gate, held) = hold_worker(&pool);
    for _ in 0..3 {
        pool.submit(|| ()).unwrap().detach();
    }
    let rejected = pool.try_submit(|| 7).unwrap_err();
    assert_eq!(rejected.kind(), SubmitErrorKind::Full);
    assert_has(&rejected.to_string(), &["3", "full", "submit_timeout", "queue_capacity"]);
    assert_eq!(rejected.into_job()(), 7);
    gate.open();
    held.join().unwrap();
}

#[test]
fn a_submit_that_timed_out_says_how_long_it_waited_and_for_what() {
    let pool = one_worker(2);
    let (gate, held) = hold_worker(&pool);
    for _ in 0..2 {
        pool.submit(|| ()).unwrap().detach();
    }
    let rejected = pool.submit_timeout(|| 7, Duration::from_millis(5)).unwrap_err();
    assert_eq!(rejected.kind(), SubmitErrorKind::TimedOut);
    assert_has(&rejected.to_string(), &["5ms", "2", "queue_capacity"]);
    assert_eq!(rejected.into_job()(), 7);
    gate.open();
    held.join().unwrap();
}

#[test]
fn a_submit_whose_token_was_cancelled_in_line_says_so() {
    let (pool, token) = (one_worker(1), CancelToken::new());
    let (gate, held) = hold_worker(&pool);
    pool.submit(|| ()).unwrap().detach();
    let mut in_line = pin!(pool.job().token(&token).submit_async(|| 7));
    let mut context = Context::from_waker(Waker::noop());
    assert!(in_line.as_mut().poll(&mut context).is_pending());
    token.cancel();
    let Poll::Ready(Err(rejected)) = in_line.poll(&mut context) else { panic!("it stands in line no more") };
    assert_eq!(rejected.kind(), SubmitErrorKind::Cancelled);
    assert_has(&rejected.to_string(), &["token", "cancelled", "waited for room"]);
    assert_eq!(rejected.into_job()(), 7);
    gate.open();
    held.join().unwrap();
}

#[test]
fn a_closed_pool_gives_every_closure_back() {
    let pool = closed_pool();
    let kept = Arc::new(());
    let job = {
        let kept = Arc::clone(&kept);
        move || kept
    };
    let rejected = pool.submit(job).unwrap_err();
    assert_eq!(rejected.kind(), SubmitErrorKind::ShutDown);
    let rejected = pool.try_submit(rejected.into_job()).unwrap_err();
    assert_eq!(rejected.kind(), SubmitErrorKind::ShutDown);
    let rejected = pool.submit_timeout(rejected.into_job(), Duration::MAX).unwrap_err();
    assert_eq!(rejected.kind(), SubmitErrorKind::ShutDown);
    assert!(Arc::ptr_eq(&rejected.into_job()(), &kept));
    assert_eq!(Arc::strong_count(&kept), 1, "it was given back each time, and never copied");
}

#[test]
fn a_rejected_closure_is_dropped_with_its_error_and_not_before() {
    let kept = Arc::new(());
    let rejected = {
        let kept = Arc::clone(&kept);
        closed_pool().submit(move || drop(kept)).unwrap_err()
    };
    assert_eq!(Arc::strong_count(&kept), 2);
    drop(rejected);
    assert_eq!(Arc::strong_count(&kept), 1);
}

#[test]
fn build_errors_name_the_option() {
    let error = Pool::builder().workers(0).build().unwrap_err();
    assert!(matches!(error, BuildError::NoWorkers));
    assert_has(&error.to_string(), &["workers", "0"]);

    let error = Pool::builder().queue_capacity(0).build().unwrap_err();
    assert!(matches!(error, BuildError::NoCapacity));
    assert_has(&error.to_string(), &["queue_capacity", "0"]);
}

#[test]
fn a_thread_name_with_a_nul_is_shown_with_the_nul_visible() {
    let error = Pool::builder().thread_name("thu\0mbs").build().unwrap_err();
    assert!(matches!(&error, BuildError::NulInName { name } if name == "thu\0mbs"));
    assert_has(&error.to_string(), &[r"thu\0mbs", "thread_name", "NUL"]);
}

#[test]
fn a_start_hook_that_panics_is_named_with_its_worker() {
    silence_expected_panics();
    let hook = |index| assert_ne!(index, 2, "{EXPECTED}no licence");
    let error = Pool::builder().workers(3).on_worker_start(hook).build().unwrap_err();
    assert!(matches!(&error, BuildError::StartHook { worker: 2, message } if message.contains("no licence")));
    assert_has(&error.to_string(), &["worker 2", "on_worker_start", "no licence"]);
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_thread_that_cannot_start_is_named_with_its_cause() {
    let error = Pool::builder().workers(3).stack_size(1 << 60).build().unwrap_err();
    assert!(matches!(error, BuildError::Spawn { worker: 0, workers: 3, .. }), "{error:?}");
    assert_has(&error.to_string(), &["worker 0 of 3", "stack"]);
    assert!(error.source().is_some_and(|cause| cause.is::<std::io::Error>()));
}

#[test]
fn wait_errors_say_what_stood_in_the_way() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let error = pool.wait_idle(Some(Duration::from_millis(1))).unwrap_err();
    assert_eq!(error, WaitError::TimedOut);
    assert_has(&error.to_string(), &["time"]);
    gate.open();
    held.join().unwrap();

    let inner = pool.clone();
    let error = pool.submit(move || inner.wait_idle(None)).unwrap().join().unwrap().unwrap_err();
    assert_eq!(error, WaitError::WouldDeadlock);
    assert_has(&error.to_string(), &["worker", "another thread"]);

    let error = Pool::global().shutdown(Shutdown::Abort, None).unwrap_err();
    assert_eq!(error, WaitError::GlobalPool);
    assert_has(&error.to_string(), &["global pool", "`Pool::shutdown_global`", "of your own"]);
    assert_eq!(Pool::global().submit(|| 7).unwrap().join().unwrap(), 7, "nothing has changed");
}

#[test]
fn job_errors_say_why_there_is_no_value() {
    assert_has(&JobError::Cancelled.to_string(), &["cancelled"]);
    assert_has(&JobError::Expired.to_string(), &["deadline"]);
    assert_has(&JobError::Aborted.to_string(), &["aborted"]);
    assert_has(&JobError::WouldDeadlock.to_string(), &["itself", "another thread"]);
}

#[test]
fn a_panics_message_is_its_text_whatever_it_is_made_of() {
    assert_eq!(panic_of(|| panic!("expected: literal")).message(), "expected: literal");
    assert_eq!(panic_of(|| panic!("{EXPECTED}{} of {}", 3, "four")).message(), "expected: 3 of four");
    assert_eq!(panic_of(|| panic::panic_any("expected: any")).message(), "expected: any");
    assert_eq!(panic_of(|| panic::panic_any(String::from("expected: owned"))).message(), "expected: owned");
    assert_eq!(panic_of(|| assert_eq!(1, 2, "{EXPECTED}")).message().lines().count(), 3);
}

#[test]
fn a_panic_of_a_job_with_a_name_says_which() {
    silence_expected_panics();
    let pool = one_worker(1);
    let job = pool.job().name("thumbnail").submit(|| panic!("{EXPECTED}no disk")).unwrap();
    let error = job.join().unwrap_err();
    assert_has(&error.to_string(), &["the job \"thumbnail\" submitted at ", file!(), "expected: no disk"]);
}

#[test]
fn a_panic_without_text_says_so() {
    let panic = panic_of(|| panic::panic_any(7_u8));
    assert_has(panic.message(), &["not a string"]);
    assert_eq!(panic.into_payload().downcast_ref::<u8>(), Some(&7));
}

#[test]
fn a_panics_payload_is_handed_over_untouched() {
    let payload = Arc::new(AtomicUsize::new(7));
    let panic = {
        let payload = Arc::clone(&payload);
        panic_of(move || panic::panic_any(payload))
    };
    let given: Box<dyn Any + Send> = panic.into_payload();
    assert!(Arc::ptr_eq(given.downcast_ref::<Arc<AtomicUsize>>().unwrap(), &payload));
}

#[test]
fn a_resumed_panic_goes_on_with_the_same_payload() {
    let payload = Arc::new(AtomicUsize::new(7));
    let panic = {
        let payload = Arc::clone(&payload);
        panic_of(move || panic::panic_any(payload))
    };
    let resumed = panic::catch_unwind(AssertUnwindSafe(|| panic.resume())).unwrap_err();
    assert!(Arc::ptr_eq(resumed.downcast_ref::<Arc<AtomicUsize>>().unwrap(), &payload));
}

#[test]
fn a_payload_nobody_takes_is_dropped_once() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let panic = {
        let drops = Arc::clone(&drops);
        panic_of(move || panic::panic_any(Counted(drops)))
    };
    assert_eq!(drops.load(Ordering::SeqCst), 0);
    drop(panic);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_panic_says_which_line_submitted_the_job() {
    silence_expected_panics();
    let pool = one_worker(8);
    let bad = || panic!("{EXPECTED}bad");
    let here = line!();
    let submitted = pool.submit(bad).unwrap();
    let tried = pool.try_submit(bad).unwrap();
    let timed = pool.submit_timeout(bad, Duration::MAX).unwrap();
    for (line, job) in (here + 1..).zip([submitted, tried, timed]) {
        let Err(JobError::Panicked(panic)) = job.join() else { panic!("it was to panic") };
        let at = panic.submitted_at();
        assert_eq!((at.file(), at.line()), (file!(), line));
        assert_has(&panic.to_string(), &[&format!("{}:{}", file!(), line), "bad"]);
    }
}

#[test]
fn small_enums_are_copied_and_compared() {
    fn is_small<E: Copy + Eq + Debug + Send + Sync + 'static>(one: E, other: E) {
        let copy = one;
        assert_eq!(copy, one);
        assert_ne!(one, other);
        assert_ne!(format!("{one:?}"), format!("{other:?}"));
    }
    is_small(SubmitErrorKind::Full, SubmitErrorKind::TimedOut);
    is_small(SubmitErrorKind::Cancelled, SubmitErrorKind::ShutDown);
    is_small(WaitError::TimedOut, WaitError::WouldDeadlock);
    is_small(Shutdown::Drain, Shutdown::Abort);
}

#[test]
fn a_rejected_job_shows_its_kind_and_not_its_closure() {
    let rejected: SubmitError<_> = closed_pool().submit(|| ()).unwrap_err();
    assert_has(&format!("{rejected:?}"), &["SubmitError", "ShutDown"]);
}
