//! Flushes, and waits for an idle moment: the last job retires while somebody comes to wait.

use super::*;

#[test]
fn a_wait_while_the_last_job_retires_ends_after_it() {
    explore(|| {
        let pool = Pool::new(1);
        let job = pool.queue(|| ());
        let server = pool.spawn_server(1);
        pool.monitor().wait_for(Awaited::Flush(None), None).unwrap();
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
        pool.monitor().wait_for(Awaited::Flush(None), None).unwrap();
        assert!(job.is_finished());
        tally.assert_ran_once();
        pool.shut_down(Shutdown::Drain);
        worker.join().unwrap();
    });
}

/// Whether the child of a job may have run when a wait is over, which may leave it queued. The child leaves its mark on an
/// atomic of the model's: loom tries no orders for what it does not see.
fn child_has_run_after(what: fn() -> Awaited) -> Vec<u32> {
    explore(move || {
        let pool = Pool::new(1);
        let child_ran = Arc::new(AtomicU32::new(0));
        pool.queue({
            let (inside, child_ran) = (pool.clone(), Arc::clone(&child_ran));
            move || inside.queue(move || child_ran.store(1, Ordering::Relaxed)).detach()
        })
        .detach();
        let server = pool.spawn_server(2);
        pool.monitor().wait_for(what(), None).unwrap();
        let seen = child_ran.load(Ordering::Relaxed);
        server.join().unwrap();
        seen
    })
}

#[test]
fn a_flush_does_not_wait_for_what_is_submitted_meanwhile() {
    assert_eq!(child_has_run_after(|| Awaited::Flush(None)), [0, 1]);
}

#[test]
fn a_wait_for_an_idle_moment_waits_for_what_jobs_submit() {
    assert_eq!(child_has_run_after(|| Awaited::Idle(None)), [1]);
}

// Bounded by 2: by 3 it takes 20 s.
#[test]
fn a_wait_behind_another_does_not_wait_for_what_comes_after_both() {
    let ends = explore_bounded(2, || {
        let pool = Pool::new(3);
        let first = pool.queue(|| ());
        let server = pool.spawn_server(3);
        let early = pool.spawn(|pool| pool.monitor().wait_for(Awaited::Flush(None), None).unwrap());
        let second = pool.queue(|| ());
        let third = pool.spawn(|pool| pool.queue(|| ()));
        pool.monitor().wait_for(Awaited::Flush(None), None).unwrap();
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
        let breaker = pool.spawn(|pool| pool.close(Shutdown::Abort));
        pool.monitor().wait_for(Awaited::Flush(None), None).unwrap();
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
                pool.monitor().wait_for(Awaited::Flush(None), None).unwrap();
                assert!(first.is_finished());
            }
        });
        let second = pool.queue(|| ());
        pool.monitor().wait_for(Awaited::Flush(None), None).unwrap();
        assert!(second.is_finished());
        early.join().unwrap();
        server.join().unwrap();
    });
}

// Bounded by 5: in full it takes 4 s.
#[test]
fn a_later_epoch_that_empties_first_ends_no_wait_for_an_earlier_one() {
    let ends = explore_bounded(5, || {
        let pool = Pool::new(2);
        let queue_and_close = || {
            let job = pool.queue_in_hand(|| ());
            let goal = pool.monitor().with_sides(|mut sides, _| sides.close_epoch());
            (job, goal.expect("there are few epochs"))
        };
        let jobs = [(); 2].map(|()| queue_and_close());
        let runners = [0, 1].map(|n| {
            let cell = Arc::clone(&jobs[n].0.cell);
            pool.spawn(move |pool| {
                let job = pool.monitor().claim(cell.header(), Origin::Inside).expect("nobody else wants it");
                pool.run_here(job, &pool.recruit(n));
            })
        });
        let reached = pool.monitor().with_sides(|mut sides, _| [0, 1].map(|n| sides.back().has_reached(jobs[n].1)));
        let finished = [0, 1].map(|n| jobs[n].0.header().is_finished());
        assert!(!reached[0] || finished[0]);
        assert!(!reached[1] || finished[0] && finished[1]);
        for runner in runners {
            runner.join().unwrap();
        }
        reached
    });
    assert_eq!(ends, [[false, false], [true, false], [true, true]]);
}

/// As many epochs are open as can be told apart, so the wait cannot close another until the oldest is struck off.
#[test]
fn a_wait_that_comes_when_no_epoch_is_left_asks_again_once_there_is_one() {
    let ends = explore(|| {
        let pool = Pool::new(1);
        let mut epochs: Vec<Epoch> = pool.monitor().with_sides(|mut sides, _| {
            (0..=u8::MAX)
                .map(|_| {
                    let job = sides.count_accepted();
                    sides.close_epoch();
                    job
                })
                .collect()
        });
        let (last, oldest) = (epochs.pop(), epochs.remove(0));
        let retirer = pool.spawn(move |pool| {
            pool.monitor().retire(oldest);
            pool.monitor().retire_at_once(epochs.into_iter().chain(last));
        });
        let retired = || pool.monitor().with_sides(|sides, _| sides.retired());
        let early = retired();
        pool.monitor().wait_for(Awaited::Flush(None), None).unwrap();
        assert_eq!(retired(), 256);
        retirer.join().unwrap();
        early
    });
    assert_eq!(ends, [0, 1, 256]);
}

#[test]
fn an_idle_moment_ends_the_wait_though_another_job_follows_it() {
    let ends = explore(|| {
        let pool = Pool::new(2);
        let first = pool.queue(|| ());
        let server = pool.spawn_server(1);
        let (mut idle, mut key) = (Awaited::Idle(None), None);
        let (bell, waker) = bell();
        let mut polled = pool.monitor().poll_for(&mut idle, &mut key, &waker);
        let was_idle = polled.is_ready();
        pool.monitor().wait_for(Awaited::Flush(None), None).unwrap();
        assert!(first.is_finished());
        let next = pool.queue_in_hand(|| ());
        while polled.is_pending() {
            bell.park_until(None);
            polled = pool.monitor().poll_for(&mut idle, &mut key, &waker);
        }
        let job = pool.monitor().claim(next.cell.header(), Origin::Inside).expect("nobody else wants it");
        pool.run_here(job, &pool.recruit(1));
        server.join().unwrap();
        was_idle
    });
    assert_eq!(ends, [false, true]);
}

// Bounded by 3: in full it takes minutes.
#[test]
fn two_waits_for_an_idle_moment_both_end() {
    explore_bounded(3, || {
        let pool = Pool::new(1);
        pool.queue(|| ()).detach();
        let server = pool.spawn_server(1);
        let other = pool.spawn(|pool| pool.monitor().wait_for(Awaited::Idle(None), None).unwrap());
        pool.monitor().wait_for(Awaited::Idle(None), None).unwrap();
        other.join().unwrap();
        server.join().unwrap();
    });
}
