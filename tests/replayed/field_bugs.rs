//! Bugs that users of other pools have met and that a pool of this kind could have: each test names the report and
//! what went wrong there.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Barrier};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use corepool::{Cancel, Interrupted, JobError, JobHandle, Pool, Priority, Shutdown, SubmitErrorKind};

use super::common::{
    EXPECTED, FOREVER, Gate, hold_worker, one_worker, rounds, silence_expected_panics, spin, until_stopped, wait_until,
    with_workers, within_a_minute,
};

/// Two jobs that park until their senders are gone; each has begun when something is sent to it.
fn parked(pool: &Pool) -> [(SyncSender<()>, JobHandle<usize>); 2] {
    [(); 2].map(|()| {
        let (send, receive) = sync_channel(0);
        (send, pool.submit(move || receive.iter().count()).unwrap())
    })
}

/// tokio #8056: a worker between two jobs still counted as idle, so a job was left queued until it was free again.
#[test]
fn jobs_that_park_after_short_ones_all_begin() {
    within_a_minute(|| {
        for _ in 0..300 {
            let pool = with_workers(6);
            let short = || (0..2).for_each(|_| pool.submit(|| ()).unwrap().join().unwrap());
            short();
            let mut lasting = Vec::from(parked(&pool));
            for _ in 0..2 {
                short();
                for (send, job) in parked(&pool) {
                    drop(send);
                    assert_eq!(job.join().unwrap(), 0);
                }
            }
            short();
            lasting.extend(parked(&pool));
            lasting.iter().for_each(|(send, _)| send.send(()).unwrap());
            for (send, job) in lasting {
                drop(send);
                assert_eq!(job.join().unwrap(), 1);
            }
        }
    });
}

/// tokio #8406, smol-rs/blocking #24, folly #1428: a thread that the system rejected left jobs that nobody ran, a
/// poisoned lock, or a job that was both rejected and run. Here the rejected thread is the keeper of deadlines.
#[test]
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn where_no_keeper_can_start_deadlines_are_kept_by_whoever_comes() {
    use super::common::threads_named;
    use std::{env, time::Instant};

    const NAME: &str = "field_bugs::where_no_keeper_can_start_deadlines_are_kept_by_whoever_comes";
    const STARVED: &str = "COREPOOL_TEST_STARVED";
    if env::var_os(STARVED).is_none() {
        // Once more, where the address space has room for one of the pool's stacks and not for two.
        let starved = assert_cmd::Command::new("sh")
            .args(["-c", "ulimit -v 2000000 && exec \"$0\" --exact \"$1\" --test-threads=1"])
            .arg(env::current_exe().unwrap())
            .arg(NAME)
            .env(STARVED, "1")
            .timeout(FOREVER)
            .output()
            .unwrap();
        let ran = String::from_utf8_lossy(&starved.stdout).contains("1 passed");
        return assert!(starved.status.success() && ran, "{starved:?}");
    }
    let pool = Pool::builder().workers(1).queue_capacity(2).stack_size(1 << 30).thread_name("rp-poor").build().unwrap();
    let (gate, held) = hold_worker(&pool);
    let at = Instant::now() + Duration::from_millis(20);
    let late = pool.job().deadline(at).submit(|| 42).unwrap();
    let in_time = pool.job().timeout(FOREVER).submit(|| 42).unwrap();
    assert_eq!(threads_named("rp-poor-keeper"), 0);
    // In line the submitter itself looks at the clock, unless the deadline has passed by now.
    match pool.job().deadline(at).submit(|| 42) {
        Err(rejected) => assert_eq!((rejected.kind(), rejected.into_job()()), (SubmitErrorKind::TimedOut, 42)),
        Ok(job) => assert!(matches!(job.join(), Err(JobError::Expired))),
    }
    wait_until("the deadline", || Instant::now() >= at);
    gate.open();
    held.join().unwrap();
    assert!(matches!(late.join(), Err(JobError::Expired)));
    assert_eq!(in_time.join().unwrap(), 42);
    let report = pool.shutdown(Shutdown::Drain, Some(FOREVER)).unwrap();
    assert_eq!((report.completed, report.still_running), (2, 0));
}

/// piscina #805: when the next job had been cancelled, those behind it never began.
#[test]
fn a_cancelled_head_of_the_queue_holds_nobody_up() {
    within_a_minute(|| {
        let pool = one_worker(3);
        let started = Gate::new();
        let starts = started.clone();
        let endless = move || {
            starts.open();
            until_stopped()
        };
        let first = pool.submit(endless).unwrap();
        started.pass();
        let second = pool.submit(|| 2).unwrap();
        let third = pool.submit(|| 3).unwrap();
        assert_eq!(second.cancel(), Cancel::Dequeued);
        assert_eq!(first.cancel(), Cancel::Requested);
        assert_eq!(third.join().unwrap(), 3);
        assert!(matches!(second.join(), Err(JobError::Cancelled)));
        assert_eq!(first.join().unwrap(), Interrupted::Cancelled);
    });
}

/// CPython #94440: after a submit and a cancel in quick succession the shutdown never ended.
#[test]
fn a_shutdown_right_after_a_cancel_ends() {
    within_a_minute(|| {
        for round in rounds(1_000) {
            let pool = with_workers(1 + round % 2);
            pool.submit(|| ()).unwrap().join().unwrap();
            spin(round * 7 % 500);
            let job = pool.submit(|| ()).unwrap();
            let cancelled = job.cancel();
            let report = pool.shutdown(Shutdown::Drain, None).unwrap();
            let stats = pool.stats();
            assert_eq!((stats.submitted, report.completed + stats.cancelled), (2, 2));
            match (cancelled, job.try_join().unwrap()) {
                (Cancel::Requested | Cancel::Finished, Ok(())) => assert_eq!(report.completed, 2),
                (Cancel::Dequeued | Cancel::Requested, Err(JobError::Cancelled)) => assert_eq!(stats.cancelled, 1),
                other => panic!("{other:?}"),
            }
        }
    });
}

/// CPython bpo-16284: an idle worker held on to its last job, and to all that this job owned.
#[test]
fn an_idle_worker_holds_on_to_nothing_of_its_last_job() {
    silence_expected_panics();
    let pool = one_worker(10);
    let kept = Arc::new(());
    let owners = || Arc::strong_count(&kept);
    let owned = || Arc::clone(&kept);
    // Once a job is joined, nothing is left of it.
    let (captured, returned) = (owned(), owned());
    let job = pool.submit(move || {
        drop(captured);
        returned
    });
    drop(job.unwrap().join().unwrap());
    assert_eq!(owners(), 1);
    let captured = owned();
    let panics = pool.job().name("named").submit(move || {
        let _captured = &captured;
        panic!("{EXPECTED}owner");
    });
    assert!(panics.unwrap().join().is_err());
    assert_eq!(owners(), 1);
    // Of one that nobody joins, nothing is left once the pool is idle: no value, no payload.
    let value = owned();
    pool.submit(|| value).unwrap().detach();
    let payload = owned();
    pool.submit(|| std::panic::panic_any(payload)).unwrap().detach();
    pool.wait_idle(Some(FOREVER)).unwrap();
    assert_eq!(owners(), 1);
}

/// TensorFlow #932: while the pool shut down, wake-ups for what its jobs submitted went to workers that had been sent
/// home.
#[test]
fn every_worker_comes_for_what_is_submitted_during_a_drain() {
    const WORKERS: usize = 4;
    within_a_minute(|| {
        for round in 0..500 {
            let pool = with_workers(WORKERS);
            let (gate, inner) = (Gate::new(), pool.clone());
            let go = gate.clone();
            let root = move || {
                go.pass();
                // None goes on before all have begun.
                let together = Arc::new(Barrier::new(WORKERS));
                for _ in 0..WORKERS {
                    let together = Arc::clone(&together);
                    inner.submit(move || together.wait()).unwrap().detach();
                }
            };
            pool.submit(root).unwrap().detach();
            pool.shutdown(Shutdown::Drain, Some(Duration::ZERO)).unwrap();
            // From none to some microseconds, in which the others find nothing and fall asleep again.
            spin(round * 10);
            gate.open();
            assert_eq!(pool.shutdown(Shutdown::Drain, None).unwrap().completed, 1 + WORKERS as u64);
        }
    });
}

/// hephbuild/heph #238: a place was handed to a future that nobody polled any more, and never came back.
#[test]
fn places_handed_to_futures_that_nobody_polls_come_back() {
    within_a_minute(|| {
        let (pool, ran) = (one_worker(5), Arc::new(AtomicUsize::new(0)));
        let (gate, held) = hold_worker(&pool);
        let queued: Vec<_> = (0..5).map(|_| pool.submit(|| ()).unwrap()).collect();
        let forgotten: Vec<_> = (0..10)
            .map(|_| {
                let ran = Arc::clone(&ran);
                let mut future = Box::pin(pool.submit_async(move || ran.fetch_add(1, Ordering::SeqCst)));
                let polled = Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop()));
                assert!(polled.is_pending());
                future
            })
            .collect();
        thread::scope(|scope| {
            let last = scope.spawn(|| pool.submit(|| 42).unwrap().join().unwrap());
            wait_until("the last to stand in line", || pool.stats().waiting == 11);
            gate.open();
            assert_eq!(last.join().unwrap(), 42);
        });
        assert_eq!(ran.load(Ordering::SeqCst), 10);
        drop(forgotten);
        assert_eq!(pool.stats().cancelled, 0);
        held.join().unwrap();
        queued.into_iter().for_each(|job| job.join().unwrap());
    });
}

/// Apache IoTDB #17920, Open Liberty #17658: a job cancelled as a worker took it, or taken out of the queue, kept its
/// place.
#[test]
fn cancels_that_race_the_workers_leave_every_place_free() {
    const CAPACITY: usize = 8;
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).queue_capacity(CAPACITY).build().unwrap();
        for _ in rounds(2_000) {
            let jobs: Vec<_> = (0..CAPACITY)
                .map(|n| {
                    let lane = [Priority::High, Priority::Normal, Priority::Low][n % 3];
                    pool.job().priority(lane).submit(|| ()).unwrap()
                })
                .collect();
            for job in jobs.into_iter().rev() {
                job.cancel();
                assert!(matches!(job.join(), Ok(()) | Err(JobError::Cancelled)));
            }
        }
        let held = [hold_worker(&pool), hold_worker(&pool)];
        let full: Vec<_> = (0..CAPACITY).map(|_| pool.try_submit(|| ()).unwrap()).collect();
        assert_eq!(pool.try_submit(|| ()).unwrap_err().kind(), SubmitErrorKind::Full);
        held.iter().for_each(|(gate, _)| gate.open());
        full.into_iter().for_each(|job| job.join().unwrap());
    });
}
