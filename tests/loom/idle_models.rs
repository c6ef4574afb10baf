//! Waiting until idle: the last job retires while somebody comes to wait.

use super::*;

#[test]
fn a_wait_while_the_last_job_retires_ends_after_it() {
    explore(|| {
        let pool = Pool::new(1);
        let job = pool.queue(|| ());
        let server = pool.spawn_server(1);
        pool.monitor().wait_idle(None).unwrap();
        assert!(job.is_finished());
        server.join().unwrap();
    });
}

#[test]
fn a_wait_while_a_job_joins_its_child_ends_after_both() {
    explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let (inside, child) = (pool.clone(), tally.job());
        let job = pool.queue(move || drop(inside.queue(child).join()));
        let worker = pool.spawn_worker(0);
        pool.monitor().wait_idle(None).unwrap();
        assert!(job.is_finished());
        tally.assert_ran_once();
        pool.shut_down(Shutdown::Drain);
        worker.join().unwrap();
    });
}

/// The child leaves its mark on an atomic of the model's: loom tries no orders for what it does not see.
#[test]
fn a_wait_does_not_wait_for_what_is_submitted_meanwhile() {
    let ends = explore(|| {
        let pool = Pool::new(1);
        let child_ran = Arc::new(AtomicU32::new(0));
        pool.queue({
            let (inside, child_ran) = (pool.clone(), Arc::clone(&child_ran));
            move || inside.queue(move || child_ran.store(1, Ordering::Relaxed)).detach()
        })
        .detach();
        let server = pool.spawn_server(2);
        pool.monitor().wait_idle(None).unwrap();
        let seen = child_ran.load(Ordering::Relaxed);
        server.join().unwrap();
        seen
    });
    assert_eq!(ends, [0, 1]);
}

#[test]
fn a_wait_behind_another_does_not_wait_for_what_comes_after_both() {
    let ends = explore_bounded(2, || {
        let pool = Pool::new(3);
        let first = pool.queue(|| ());
        let server = pool.spawn_server(3);
        let early = pool.spawn(|pool| pool.monitor().wait_idle(None).unwrap());
        let second = pool.queue(|| ());
        let third = pool.spawn(|pool| pool.queue(|| ()));
        pool.monitor().wait_idle(None).unwrap();
        assert!(first.is_finished() && second.is_finished());
        let third = third.join().unwrap();
        let seen = third.is_finished();
        early.join().unwrap();
        server.join().unwrap();
        seen
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_wait_while_the_pool_aborts_ends_after_what_was_queued_has_resolved() {
    explore(|| {
        let pool = Pool::new(2);
        let jobs = [pool.queue(|| ()), pool.queue(|| ())];
        let breaker = pool.spawn(|pool| pool.monitor().close(Shutdown::Abort));
        pool.monitor().wait_idle(None).unwrap();
        for job in jobs {
            assert!(job.try_join().is_ok_and(|outcome| is_aborted(&outcome)));
        }
        breaker.join().unwrap();
    });
}

// Bounded by 3: by 4 it takes 5 s.
#[test]
fn two_waits_while_jobs_retire_both_end() {
    explore_bounded(3, || {
        let pool = Pool::new(2);
        let first = pool.queue(|| ());
        let server = pool.spawn_server(2);
        let early = thread::spawn({
            let pool = pool.clone();
            move || {
                pool.monitor().wait_idle(None).unwrap();
                assert!(first.is_finished());
            }
        });
        let second = pool.queue(|| ());
        pool.monitor().wait_idle(None).unwrap();
        assert!(second.is_finished());
        early.join().unwrap();
        server.join().unwrap();
    });
}
