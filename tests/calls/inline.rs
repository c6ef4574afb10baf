//! An inline pool runs its jobs on the threads that wait for them, in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{
    EXPECTED, Gate, Log, assert_adds_up, assert_no_thread_named, finish, is_cancelled, one_worker, poll_once,
    silence_expected_panics, wait_until, within_a_minute,
};
use corepool::{
    Cancel, CancelToken, Interrupted, JobError, JobHandle, Pool, Priority, RunError, Shutdown, SubmitErrorKind,
    WaitError, checkpoint, current_worker, join_all,
};

fn inline() -> Pool {
    Pool::builder().inline().build().unwrap()
}

#[test]
fn a_job_runs_on_the_thread_that_joins_it_after_those_before_it() {
    let (pool, log) = (inline(), Log::default());
    let mut jobs: Vec<_> = (0..4).map(|n| pool.submit(log.job(n)).unwrap()).collect();
    assert_eq!(log.read(), []);
    finish(jobs.remove(1));
    assert_eq!(log.read(), [0, 1]);
    assert_eq!(finish(pool.submit(|| thread::current().id()).unwrap()), thread::current().id());
    assert_eq!(log.read(), [0, 1, 2, 3]);
    jobs.into_iter().for_each(finish);
    assert_adds_up(&pool.stats());
}

#[test]
fn every_way_to_ask_for_an_outcome_runs_the_job() {
    let pool = inline();
    let submit = || pool.submit(|| 42).unwrap();
    assert_eq!(submit().try_join().unwrap().unwrap(), 42);
    assert_eq!(submit().join_timeout(Duration::from_secs(60)).unwrap().unwrap(), 42);
    assert_eq!(submit().join_timeout(Duration::MAX).unwrap().unwrap(), 42);
    assert_eq!(pollster::block_on(submit()).unwrap(), 42);
    assert_eq!(submit().cancel_on_drop().join().unwrap(), 42);
    assert_eq!(pool.run(|| 42).unwrap(), 42);
    assert_eq!(pollster::block_on(pool.run_async(|| 42)).unwrap(), 42);
    let job = submit();
    assert!(job.is_finished());
    assert_eq!(job.cancel(), Cancel::Finished);
    assert_eq!(finish(job), 42);
    let both = join_all([submit(), submit()]);
    assert_eq!(both.into_iter().map(Result::unwrap).sum::<i32>(), 84);
}

#[test]
fn priorities_order_its_queue() {
    let (pool, log) = (inline(), Log::default());
    for (n, priority) in [Priority::Low, Priority::Normal, Priority::High].into_iter().enumerate() {
        pool.job().priority(priority).submit(log.job(n)).unwrap().detach();
    }
    assert_eq!(pool.run_pending(), 3);
    assert_eq!(log.read(), [2, 1, 0]);
}

#[test]
fn what_nobody_waits_for_runs_when_the_pool_is_waited_for_shut_down_or_dropped() {
    let ends: [fn(Pool); 6] = [
        |pool| pool.wait_idle(None).unwrap(),
        |pool| pool.flush(None).unwrap(),
        |pool| pollster::block_on(pool.wait_idle_async()).unwrap(),
        |pool| assert_eq!(pool.shutdown(Shutdown::Drain, None).unwrap().completed, 2),
        |pool| assert_eq!(pollster::block_on(pool.shutdown_async(Shutdown::Drain)).unwrap().completed, 2),
        drop,
    ];
    for end in ends {
        let (pool, ran) = (inline(), Arc::new(AtomicUsize::new(0)));
        let child = Arc::clone(&ran);
        let parent = move || {
            let child = move || child.fetch_add(1, Ordering::SeqCst);
            Pool::current().unwrap().submit(child).unwrap().detach();
        };
        pool.submit(parent).unwrap().detach();
        end(pool);
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn detached_it_still_finishes_what_it_was_given() {
    let (pool, log) = (inline(), Log::default());
    pool.submit(log.job(1)).unwrap().detach();
    pool.detach();
    assert_eq!(log.read(), [1]);
}

#[test]
fn in_a_job_a_join_runs_the_job_it_joins_only() {
    let (pool, log) = (inline(), Log::default());
    let (before, after) = (log.clone(), log.clone());
    let parent = pool.submit(move || {
        let pool = Pool::current().unwrap();
        let unrelated = pool.submit(before.job(1)).unwrap();
        finish(pool.submit(after.job(2)).unwrap());
        unrelated.detach();
        after.write(3);
    });
    finish(parent.unwrap());
    assert_eq!(log.read(), [2, 3]);
    assert_eq!(pool.run_pending(), 1);
    assert_eq!(log.read(), [2, 3, 1]);
}

#[test]
fn a_full_queue_makes_room_by_running() {
    let pool = Pool::builder().inline().queue_capacity(2).build().unwrap();
    let log = Log::default();
    (0..5).for_each(|n| pool.submit(log.job(n)).unwrap().detach());
    assert_eq!(log.read(), [0, 1, 2]);
    pool.submit_timeout(log.job(5), Duration::from_secs(60)).unwrap().detach();
    pollster::block_on(pool.submit_async(log.job(6))).unwrap().detach();
    assert_eq!(log.read(), [0, 1, 2, 3, 4]);
    assert_eq!(pool.try_submit(|| ()).unwrap_err().kind(), SubmitErrorKind::Full);
    let token = CancelToken::new();
    pool.job().token(&token).submit(log.job(7)).unwrap().detach();
    pool.wait_idle(None).unwrap();
    assert_eq!(log.read(), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_adds_up(&pool.stats());
}

#[test]
fn jobs_end_in_all_the_ways_that_jobs_do() {
    silence_expected_panics();
    let pool = inline();
    assert!(matches!(pool.run(|| panic!("{EXPECTED}")), Err(RunError::Failed(JobError::Panicked(_)))));

    let job = pool.submit(|| ()).unwrap();
    assert_eq!(job.cancel(), Cancel::Dequeued);
    assert!(is_cancelled(job));
    let token = CancelToken::new();
    let job = pool.job().token(&token).submit(|| ()).unwrap();
    token.cancel();
    assert!(is_cancelled(job));

    let job = pool.job().timeout(Duration::ZERO).submit(|| ()).unwrap();
    assert!(matches!(job.join(), Err(JobError::Expired)));

    let token = CancelToken::new();
    let own = token.clone();
    let job = pool.job().token(&token).submit(move || {
        let before = checkpoint();
        own.cancel();
        (before, checkpoint())
    });
    assert_eq!(finish(job.unwrap()), (Ok(()), Err(Interrupted::Cancelled)));

    let queued = pool.submit(|| ()).unwrap();
    pool.shutdown(Shutdown::Abort, None).unwrap();
    assert!(matches!(queued.join(), Err(JobError::Aborted)));
    assert_eq!(pool.submit(|| ()).unwrap_err().kind(), SubmitErrorKind::ShutDown);
    assert_adds_up(&pool.stats());
}

#[test]
fn a_wait_that_would_be_for_itself_is_told_so() {
    let pool = inline();
    let answers = || {
        let pool = Pool::current().unwrap();
        (pool.wait_idle(None), pool.shutdown(Shutdown::Drain, None).map(drop), pool.broadcast(|_| ()).is_err())
    };
    let deadlock = Err(WaitError::WouldDeadlock);
    assert_eq!(finish(pool.submit(answers).unwrap()), (deadlock, deadlock, true));

    let (give, get) = channel::<JobHandle<()>>();
    let itself = pool.submit(move || assert!(matches!(get.recv().unwrap().join(), Err(JobError::WouldDeadlock))));
    give.send(itself.unwrap()).unwrap();
    pool.run_pending();
    assert_eq!(pool.stats().completed, 2);
}

#[test]
fn it_counts_as_one_worker_with_the_number_zero() {
    let pool = inline();
    assert_eq!((pool.workers(), pool.stats().workers), (1, 0));
    assert_eq!(finish(pool.submit(current_worker).unwrap()), Some(0));
    assert_eq!(current_worker(), None);
    let answers = pool.broadcast(|worker| (worker, current_worker())).unwrap();
    assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [(0, Some(0))]);
}

#[test]
fn in_a_job_of_another_pool_a_join_runs_the_job_it_joins_only() {
    for other in [one_worker(10), inline()] {
        let (pool, log) = (inline(), Log::default());
        let unrelated = pool.submit(log.job(1)).unwrap();
        let (joined, first) = (pool.submit(log.job(2)).unwrap(), pool.submit(log.job(3)).unwrap());
        let ran = finish(other.submit(move || (first.is_finished(), finish(joined))).unwrap());
        assert_eq!((ran, log.read()), ((true, ()), vec![3, 2]));
        finish(unrelated);
        assert_eq!(log.read(), [3, 2, 1]);
    }
}

#[test]
fn it_works_beside_pools_with_threads() {
    within_a_minute(|| {
        let (threads, pool) = (one_worker(10), inline());
        let there = pool.clone();
        let job = threads.submit(move || finish(there.submit(|| (current_worker(), Pool::current())).unwrap()));
        let (worker, current) = finish(job.unwrap());
        assert_eq!((worker, current), (Some(0), Some(pool.clone())));

        let there = threads.clone();
        assert_eq!(finish(pool.submit(move || finish(there.submit(|| 42).unwrap())).unwrap()), 42);
    });
}

#[test]
fn threads_that_share_it_each_run_what_they_wait_for() {
    let pool = inline();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..2_000).for_each(|n| assert_eq!(finish(pool.submit(move || n).unwrap()), n)));
        }
    });
    assert_eq!(pool.stats().completed, 8_000);
    assert_adds_up(&pool.stats());
}

#[test]
fn a_job_that_is_polled_is_ready_and_wakes_nobody() {
    let pool = inline();
    let mut job = pool.submit(|| 42).unwrap();
    assert!(matches!(poll_once(&mut job, Waker::noop()), Poll::Ready(Ok(42))));
}

#[test]
fn jobs_left_by_an_unwinding_drop_are_aborted() {
    silence_expected_panics();
    let pool = inline();
    let job = pool.submit(|| ()).unwrap();
    thread::scope(|scope| {
        let unwinds = scope.spawn(move || {
            let _pool = pool;
            panic!("{EXPECTED}");
        });
        unwinds.join().unwrap_err();
    });
    assert!(matches!(job.join(), Err(JobError::Aborted)));
}

/// Nobody keeps its deadline, so its submitter has to look.
#[test]
fn a_job_that_expires_while_its_submitter_makes_room_takes_no_place() {
    let pool = Pool::builder().inline().queue_capacity(1).build().unwrap();
    let at = Instant::now() + Duration::from_millis(20);
    pool.submit(move || while Instant::now() < at {}).unwrap().detach();
    // It runs the first one, which lasts until the deadline has passed.
    let late = pool.job().deadline(at).submit(|| unreachable!("it has expired")).unwrap();
    assert_eq!((pool.stats().queued, pool.stats().expired), (0, 1));
    finish(pool.try_submit(|| ()).unwrap());
    assert!(matches!(late.join(), Err(JobError::Expired)));
}

#[test]
fn it_starts_no_thread_for_deadlines() {
    let pool = Pool::builder().inline().thread_name("inl-none").build().unwrap();
    let job = pool.job().timeout(Duration::from_secs(60)).submit(|| ()).unwrap();
    assert_no_thread_named("inl-none");
    finish(job);
}

#[test]
fn the_last_clone_dropped_in_a_job_runs_what_is_left() {
    let (pool, log) = (inline(), Log::default());
    let (inner, end) = (pool.clone(), log.job(2));
    let last = pool.submit(move || {
        drop(inner);
        end();
    });
    pool.submit(log.job(1)).unwrap().detach();
    let weak = pool.downgrade();
    drop(pool);
    finish(last.unwrap());
    assert_eq!((log.read(), weak.upgrade()), (vec![1, 2], None));
}

/// What another thread runs leaves its child queued, and comes back.
#[test]
fn who_waits_runs_what_another_threads_job_has_left_queued() {
    let ends: [fn(&Pool); 4] = [
        |pool| pool.wait_idle(None).unwrap(),
        |pool| pollster::block_on(pool.wait_idle_async()).unwrap(),
        |pool| assert_eq!(pool.shutdown(Shutdown::Drain, None).unwrap().still_queued, 0),
        |pool| assert_eq!(pollster::block_on(pool.shutdown_async(Shutdown::Drain)).unwrap().still_queued, 0),
    ];
    for end in ends {
        let (pool, gate, child) = (inline(), Gate::new(), Log::default());
        let (passed, entry) = (gate.clone(), child.job(1));
        let parent = pool.submit(move || {
            passed.pass();
            Pool::current().unwrap().submit(entry).unwrap().detach();
        });
        thread::scope(|scope| {
            let joiner = scope.spawn(|| finish(parent.unwrap()));
            wait_until("the parent runs", || pool.stats().busy == 1);
            let waiter = scope.spawn(|| end(&pool));
            gate.open();
            joiner.join().unwrap();
            waiter.join().unwrap();
        });
        assert_eq!(child.read(), [1]);
    }
}
