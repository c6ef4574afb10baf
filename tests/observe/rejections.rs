//! Each rejection is counted once, under its reason.

use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::{Gate, assert_adds_up, finish, hold_worker, one_worker, poll_once, rejection, wait_until};
use crate::here;
use corepool::{CancelToken, JobHandle, Pool, RunError, Shutdown, Stats, SubmitErrorKind};

/// Rejected as full, timed out, cancelled and shut down.
fn reasons(pool: &Pool) -> [u64; 4] {
    let stats = pool.stats();
    let Stats { rejected_full, rejected_timed_out, rejected_cancelled, rejected_shut_down, .. } = stats;
    let reasons = [rejected_full, rejected_timed_out, rejected_cancelled, rejected_shut_down];
    assert_eq!(stats.rejected, reasons.iter().sum::<u64>());
    assert_adds_up(&stats);
    reasons
}

/// A pool whose worker is held and whose queue is full.
fn full() -> (Pool, Gate, [JobHandle<()>; 2]) {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    let queued = pool.try_submit(|| ()).unwrap();
    (pool, gate, [held, queued])
}

const SOON: Duration = Duration::from_millis(1);

#[test]
fn no_room_for_who_does_not_wait() {
    let (pool, gate, jobs) = full();
    assert_eq!(rejection(pool.try_submit(|| ())), Some(SubmitErrorKind::Full));
    assert_eq!(rejection(pool.job().name("a").try_submit(|| ())), Some(SubmitErrorKind::Full));
    assert_eq!(reasons(&pool), [2, 0, 0, 0]);
    gate.open();
    jobs.into_iter().for_each(finish);
    pool.run(|| ()).unwrap();
    assert_eq!(reasons(&pool), [2, 0, 0, 0]);
}

#[test]
fn no_room_in_time() {
    let (pool, gate, jobs) = full();
    let timed_out = Some(SubmitErrorKind::TimedOut);
    assert_eq!(rejection(pool.submit_timeout(|| (), SOON)), timed_out);
    assert_eq!(rejection(pool.submit_timeout(|| (), Duration::ZERO)), timed_out);
    assert_eq!(reasons(&pool), [0, 2, 0, 0]);
    assert_eq!(rejection(pool.job().timeout(SOON).submit(|| ())), timed_out);
    assert_eq!(rejection(pool.job().deadline(Instant::now() + SOON).submit(|| ())), timed_out);
    assert_eq!(rejection(pool.job().timeout(SOON).submit_timeout(|| (), Duration::MAX)), timed_out);
    assert_eq!(rejection(pollster::block_on(pool.job().timeout(SOON).submit_async(|| ()))), timed_out);
    let run = pool.job().timeout(SOON).run(|| ());
    assert!(matches!(run, Err(RunError::Rejected(SubmitErrorKind::TimedOut))));
    assert_eq!(reasons(&pool), [0, 7, 0, 0]);
    gate.open();
    jobs.into_iter().for_each(finish);
    assert_eq!(reasons(&pool), [0, 7, 0, 0]);
}

#[test]
fn no_room_in_time_in_an_inline_pool_either() {
    let pool = Pool::builder().inline().queue_capacity(1).build().unwrap();
    // A job that fills the queue anew: there is never room.
    fn refill() {
        here().submit(refill_once).unwrap().detach();
    }
    fn refill_once() {}
    pool.submit(refill).unwrap().detach();
    let rejected = rejection(pool.submit_timeout(|| (), Duration::ZERO));
    assert_eq!(rejected, Some(SubmitErrorKind::TimedOut));
    assert_eq!(reasons(&pool), [0, 1, 0, 0]);
    assert_eq!(rejection(pool.try_submit(|| ())), Some(SubmitErrorKind::Full));
    assert_eq!(reasons(&pool), [1, 1, 0, 0]);
}

#[test]
fn cancelled_in_line() {
    let (pool, gate, jobs) = full();
    let token = CancelToken::new();
    let own = || pool.job().token(&token);
    thread::scope(|scope| {
        let one = scope.spawn(|| rejection(own().submit(|| ())));
        let two = scope.spawn(|| rejection(pollster::block_on(own().submit_async(|| ()))));
        let three = scope.spawn(|| own().run(|| ()).is_err());
        wait_until("they stand in line", || pool.stats().waiting == 3);
        token.cancel();
        assert_eq!([one.join().unwrap(), two.join().unwrap()], [Some(SubmitErrorKind::Cancelled); 2]);
        assert!(three.join().unwrap());
    });
    assert_eq!(reasons(&pool), [0, 0, 3, 0]);
    // A future that is dropped: in line it counts, before its first poll there is nothing to count.
    let mut future = pool.submit_async(|| ());
    assert!(poll_once(&mut future, Waker::noop()).is_pending());
    drop(future);
    drop(pool.submit_async(|| ()));
    assert_eq!(reasons(&pool), [0, 0, 4, 0]);
    // What had ended before it came is accepted, and resolves so.
    assert!(pool.job().token(&token).submit(|| ()).unwrap().join().is_err());
    assert_eq!((reasons(&pool), pool.stats().cancelled), ([0, 0, 4, 0], 1));
    gate.open();
    jobs.into_iter().for_each(finish);
}

#[test]
fn shut_down_in_line() {
    for mode in [Shutdown::Drain, Shutdown::Abort] {
        let (pool, gate, [held, queued]) = full();
        thread::scope(|scope| {
            let one = scope.spawn(|| rejection(pool.submit(|| ())));
            let two = scope.spawn(|| rejection(pollster::block_on(pool.submit_async(|| ()))));
            let three = scope.spawn(|| rejection(pool.submit_timeout(|| (), Duration::MAX)));
            wait_until("they stand in line", || pool.stats().waiting == 3);
            pool.begin_shutdown(mode).unwrap();
            let rejected = [one.join().unwrap(), two.join().unwrap(), three.join().unwrap()];
            assert_eq!(rejected, [Some(SubmitErrorKind::ShutDown); 3]);
        });
        assert_eq!(reasons(&pool), [0, 0, 0, 3]);
        gate.open();
        finish(held);
        drop(queued.join());
        assert_eq!(reasons(&pool), [0, 0, 0, 3]);
    }
}

#[test]
fn shut_down_before() {
    for (inline, mode) in [(false, Shutdown::Drain), (false, Shutdown::Abort), (true, Shutdown::Drain)] {
        let builder = if inline { Pool::builder().inline() } else { Pool::builder().workers(1) };
        let pool = builder.queue_capacity(1).build().unwrap();
        pool.shutdown(mode, None).unwrap();
        let shut_down = Some(SubmitErrorKind::ShutDown);
        let token = CancelToken::new();
        token.cancel();
        let calls: [&dyn Fn() -> Option<SubmitErrorKind>; 7] = [
            &|| rejection(pool.submit(|| ())),
            &|| rejection(pool.try_submit(|| ())),
            &|| rejection(pool.submit_timeout(|| (), SOON)),
            &|| rejection(pollster::block_on(pool.submit_async(|| ()))),
            &|| rejection(pool.job().token(&token).submit(|| ())),
            &|| rejection(pool.job().timeout(Duration::ZERO).submit(|| ())),
            &|| match pool.broadcast(|_| ()) {
                Err(RunError::Rejected(kind)) => Some(kind),
                _ => None,
            },
        ];
        for (before, call) in calls.into_iter().enumerate() {
            assert_eq!(call(), shut_down);
            assert_eq!(reasons(&pool), [0, 0, 0, before as u64 + 1]);
        }
        assert!(pool.run(|| ()).is_err());
        assert_eq!(reasons(&pool), [0, 0, 0, 8]);
    }
}

#[test]
fn shut_down_for_jobs_of_the_pool_itself() {
    let pool = one_worker(1);
    let (gate, started) = (Gate::new(), Gate::new());
    let (passed, opened) = (gate.clone(), started.clone());
    let job = pool.submit(move || {
        opened.open();
        passed.pass();
        (rejection(here().submit(|| ())), here().run(|| ()).is_err())
    });
    started.pass();
    pool.begin_shutdown(Shutdown::Abort).unwrap();
    gate.open();
    assert_eq!(finish(job.unwrap()), (Some(SubmitErrorKind::ShutDown), true));
    assert_eq!(reasons(&pool), [0, 0, 0, 2]);
}

#[cfg(unix)]
#[test]
fn no_room_in_a_forked_child() {
    use crate::common::in_a_process_of_its_own;
    use fork::{Fork, WEXITSTATUS, waitpid};
    in_a_process_of_its_own("rejections::no_room_in_a_forked_child", || {
        let (pool, gate, jobs) = full();
        match fork::fork().unwrap() {
            Fork::Child => {
                let rejected = rejection(pool.submit(|| ()));
                let counted = rejected == Some(SubmitErrorKind::Forked) && reasons(&pool) == [1, 0, 0, 0];
                std::process::exit(if counted { 0 } else { 1 });
            }
            Fork::Parent(child) => assert_eq!(WEXITSTATUS(waitpid(child).unwrap()), 0),
        }
        gate.open();
        jobs.into_iter().for_each(finish);
    });
}

#[test]
fn a_difference_has_the_reasons_too() {
    let (pool, gate, jobs) = full();
    assert!(pool.try_submit(|| ()).is_err());
    let before = pool.stats();
    assert!(pool.try_submit(|| ()).is_err() && pool.submit_timeout(|| (), SOON).is_err());
    let lately = pool.stats() - before;
    assert_eq!((lately.rejected, lately.rejected_full, lately.rejected_timed_out), (2, 1, 1));
    gate.open();
    jobs.into_iter().for_each(finish);
}
