//! `broadcast` runs once on every worker, and gives one answer each.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::common::{
    EXPECTED, assert_adds_up, finish, hold_worker, named, rounds, silence_expected_panics, wait_until, with_workers,
    within_a_minute,
};
use corepool::{JobError, Pool, RunError, Shutdown, SubmitErrorKind, current_worker};

#[test]
fn every_worker_answers_once_in_order() {
    for workers in 1..=4 {
        let pool = named("bc-order", workers);
        for _ in rounds(2_000) {
            let answers =
                pool.broadcast(|worker| (worker, current_worker(), thread::current().name().map(str::to_owned)));
            let answers: Vec<_> = answers.unwrap().into_iter().map(Result::unwrap).collect();
            let expected = |n| (n, Some(n), Some(format!("bc-order-{n}")));
            assert_eq!(answers, (0..workers).map(expected).collect::<Vec<_>>());
        }
        assert_adds_up(&pool.stats());
    }
}

#[test]
fn it_waits_for_a_busy_worker_and_comes_before_what_is_queued() {
    let pool = with_workers(2);
    let (gates, held): (Vec<_>, Vec<_>) = (0..2).map(|_| hold_worker(&pool)).unzip();
    let order = Arc::new(Mutex::new(Vec::new()));
    let write = |entry| {
        let order = Arc::clone(&order);
        move || order.lock().unwrap().push(entry)
    };
    let jobs: Vec<_> = (0..2).map(|_| pool.submit(write("queued")).unwrap()).collect();
    thread::scope(|scope| {
        let both_sent = pool.stats().submitted + 2;
        let answer = write("broadcast");
        let broadcast = scope.spawn(|| pool.broadcast(move |_| answer()).unwrap());
        wait_until("the broadcast is sent", || pool.stats().submitted == both_sent);
        assert_eq!(pool.stats().queued, 4);
        gates[0].open();
        wait_until("one worker has done all that it can", || order.lock().unwrap().len() == 3);
        assert_eq!(*order.lock().unwrap(), ["broadcast", "queued", "queued"], "the other worker is held");
        assert!(!broadcast.is_finished());
        gates[1].open();
        assert_eq!(broadcast.join().unwrap().len(), 2);
    });
    held.into_iter().for_each(finish);
    jobs.into_iter().for_each(finish);
}

#[test]
fn a_panic_is_that_workers_answer() {
    silence_expected_panics();
    let seen = Arc::new(AtomicUsize::new(0));
    let on_panic = Arc::clone(&seen);
    let pool = Pool::builder().workers(3).on_panic(move |_| {
        on_panic.fetch_add(1, Ordering::SeqCst);
    });
    let pool = pool.build().unwrap();
    let answers = pool.broadcast(|worker| assert_ne!(worker, 1, "{EXPECTED}")).unwrap();
    let panicked: Vec<_> = answers.iter().map(|answer| matches!(answer, Err(JobError::Panicked(_)))).collect();
    assert_eq!(panicked, [false, true, false]);
    assert_eq!(seen.load(Ordering::SeqCst), 1);
    assert_eq!(pool.broadcast(|_| ()).unwrap().len(), 3);
}

#[test]
fn on_a_worker_it_would_deadlock_and_on_another_pools_it_does_not() {
    within_a_minute(|| {
        let (pool, other) = (with_workers(2), with_workers(2));
        let ran = Arc::new(AtomicUsize::new(0));
        let calls = Arc::clone(&ran);
        let inside = move || Pool::current().unwrap().broadcast(move |_| calls.fetch_add(1, Ordering::SeqCst));
        let answer = finish(pool.submit(inside).unwrap());
        assert!(matches!(answer, Err(RunError::Failed(JobError::WouldDeadlock))));
        assert_eq!((ran.load(Ordering::SeqCst), Arc::strong_count(&ran)), (0, 1));

        let there = other.clone();
        let answers = finish(pool.submit(move || there.broadcast(|worker| worker)).unwrap()).unwrap();
        assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [0, 1]);
    });
}

#[test]
fn a_pool_that_is_shut_down_rejects_it() {
    for mode in [Shutdown::Drain, Shutdown::Abort] {
        let pool = with_workers(2);
        pool.shutdown(mode, None).unwrap();
        let owned = Arc::new(());
        let inside = Arc::clone(&owned);
        let answer = pool.broadcast(move |_| Arc::strong_count(&inside));
        assert!(matches!(answer, Err(RunError::Rejected(SubmitErrorKind::ShutDown))));
        assert_eq!(Arc::strong_count(&owned), 1);
        assert_eq!(pool.stats().rejected, 2);
        assert_adds_up(&pool.stats());
    }
}

#[test]
fn what_an_abort_finds_unrun_is_aborted_at_once() {
    let pool = with_workers(2);
    let (gate, held) = hold_worker(&pool);
    thread::scope(|scope| {
        let broadcast = scope.spawn(|| pool.broadcast(|worker| worker).unwrap());
        wait_until("the free worker has answered", || pool.stats().completed == 1);
        pool.begin_shutdown(Shutdown::Abort).unwrap();
        let answers = broadcast.join().unwrap();
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(JobError::Aborted))).count(), 1);
        gate.open();
    });
    finish(held);
    assert_adds_up(&pool.stats());
}

#[test]
fn a_drain_finishes_it() {
    let pool = with_workers(2);
    let (gate, held) = hold_worker(&pool);
    thread::scope(|scope| {
        let broadcast = scope.spawn(|| pool.broadcast(|worker| worker).unwrap());
        wait_until("the free worker has answered", || pool.stats().completed == 1);
        pool.begin_shutdown(Shutdown::Drain).unwrap();
        gate.open();
        let answers = broadcast.join().unwrap();
        assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [0, 1]);
    });
    finish(held);
}

#[test]
fn all_that_it_owns_is_gone_when_it_returns() {
    silence_expected_panics();
    let pool = with_workers(2);
    for _ in rounds(2_000) {
        let owned = Arc::new(());
        let inside = Arc::clone(&owned);
        pool.broadcast(move |worker| assert!(worker == 0 && Arc::strong_count(&inside) > 1, "{EXPECTED}")).unwrap();
        assert_eq!(Arc::strong_count(&owned), 1);
    }
}

#[test]
fn several_at_once_among_other_jobs_are_all_answered() {
    let pool = with_workers(3);
    thread::scope(|scope| {
        let senders: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| rounds(2_000).map(|_| pool.broadcast(|worker| worker).unwrap().len()).sum::<usize>())
            })
            .collect();
        let submitters: Vec<_> =
            (0..2).map(|_| scope.spawn(|| rounds(20_000).for_each(|_| finish(pool.submit(|| ()).unwrap())))).collect();
        for sender in senders {
            assert_eq!(sender.join().unwrap() % 3, 0);
        }
        submitters.into_iter().for_each(|submitter| submitter.join().unwrap());
    });
    pool.wait_idle(None).unwrap();
    assert_adds_up(&pool.stats());
}
