//! Going to sleep: a push meets workers that look, search, fall asleep or sleep.

use super::*;

#[test]
fn a_push_while_a_worker_falls_asleep_wakes_it() {
    explore(|| {
        let pool = Pool::new(1);
        let server = pool.spawn_server(1);
        pool.queue(|| ()).join().unwrap();
        server.join().unwrap();
    });
}

// Bounded by 4: in full it takes minutes.
#[test]
fn two_pushes_while_a_worker_comes_and_goes_are_both_met() {
    explore_bounded(4, || {
        let pool = Pool::new(2);
        let server = pool.spawn_server(2);
        pool.queue(|| ()).join().unwrap();
        pool.queue(|| ()).join().unwrap();
        server.join().unwrap();
    });
}

/// Each worker takes one job only, as if it ran for ever: no job may count on a worker that has one.
// Bounded by 3: by 4 it takes 30 s.
#[test]
fn two_pushes_while_two_workers_fall_asleep_wake_both() {
    explore_bounded(3, || {
        let pool = Pool::new(2);
        let servers = [pool.spawn_server(1), pool.spawn_server(1)];
        let jobs = [pool.queue(|| ()), pool.queue(|| ())];
        for job in jobs {
            job.join().unwrap();
        }
        for server in servers {
            server.join().unwrap();
        }
    });
}

/// Who is woken first makes up for what a push did not wake: see step 4 in `src/queue/sleep.rs`.
// Bounded by 2, which lets two of the workers be anywhere when the next push comes: by 3 it takes minutes.
#[test]
fn three_pushes_while_three_workers_fall_asleep_wake_all() {
    explore_bounded(2, || {
        let pool = Pool::new(3);
        let servers = [(); 3].map(|()| pool.spawn_server(1));
        let jobs = [(); 3].map(|()| pool.queue(|| ()));
        for job in jobs {
            job.join().unwrap();
        }
        for server in servers {
            server.join().unwrap();
        }
    });
}

// Bounded by 2: by 3 it takes 40 s.
#[test]
fn two_submitters_at_once_wake_both_workers() {
    explore_bounded(2, || {
        let pool = Pool::new(2);
        let servers = [pool.spawn_server(1), pool.spawn_server(1)];
        let other = pool.spawn(|pool| pool.queue(|| ()).join().unwrap());
        pool.queue(|| ()).join().unwrap();
        other.join().unwrap();
        for server in servers {
            server.join().unwrap();
        }
    });
}

/// The job a sleeper was woken for may be gone when it looks: its wakeup must not be owed to it for ever.
// Bounded by 2: by 3 it takes minutes.
#[test]
fn a_worker_woken_for_a_job_that_is_gone_is_woken_for_the_next() {
    explore_bounded(2, || {
        let pool = Pool::new(2);
        let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
        pool.queue(|| ()).join().unwrap();
        pool.queue(|| ()).join().unwrap();
        pool.shut_down(Shutdown::Drain);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

/// The same, where it was a cancel that took the job: the worker was woken, and finds nothing.
// Bounded by 5: in full it takes 5 s.
#[test]
fn a_worker_woken_for_a_job_that_was_cancelled_meets_the_next() {
    let ends = explore_bounded(5, || {
        let pool = Pool::new(1);
        let server = pool.spawn_server(1);
        let cancelled = pool.queue(|| ()).cancel() == Cancel::Dequeued;
        if cancelled {
            pool.queue(|| ()).join().unwrap();
        }
        server.join().unwrap();
        cancelled
    });
    assert_eq!(ends, [false, true]);
}

/// Its submitter wakes nobody: who gives the place away does, for a worker that may sleep by then.
#[test]
fn a_job_that_gets_the_place_of_a_cancelled_one_is_met() {
    let ends = explore(|| {
        let pool = Pool::new(1);
        let queued = pool.queue(|| ());
        let waiting = pool.stand_in_line(|| ());
        let server = pool.spawn_server(1);
        let cancelled = queued.cancel() == Cancel::Dequeued;
        server.join().unwrap();
        assert_eq!(waiting.wait(), if cancelled { Standing::Finished } else { Standing::Accepted });
        cancelled
    });
    assert_eq!(ends, [false, true]);
}

/// Workers that have fallen asleep, each for one job: the orders are tried from there on.
fn spawn_sleeping_servers<const N: usize>(pool: &Pool) -> [JoinHandle<()>; N] {
    loom::stop_exploring();
    let servers = [(); N].map(|()| pool.spawn_server(1));
    while pool.monitor().with_sides(|sides, _| sides.sleeping()) < N as u32 {
        thread::yield_now();
    }
    loom::explore();
    servers
}

/// Who pushes counts the front only, so who looks may have to wake several: of four that sleep two are woken here for four
/// jobs, as after pushes and pops of several lanes.
// Bounded by 1: by 2 it takes minutes.
#[test]
fn a_worker_that_finds_more_jobs_than_others_stand_for_wakes_as_many() {
    explore_bounded(1, || {
        let pool = Pool::new(4);
        let servers = spawn_sleeping_servers::<4>(&pool);
        let (mut handles, mut workers) = (Vec::new(), 0);
        pool.monitor().with_sides(|mut sides, hint| {
            for _ in 0..2 {
                for (job, handle) in [(); 2].map(|()| new_job(|| ())) {
                    sides.front().accept(job, Tick::ZERO, hint);
                    handles.push(handle);
                }
                workers += sides.front().wake_for_backlog();
                sides.move_over();
            }
        });
        pool.monitor().notify_so_many_workers(workers);
        for handle in handles {
            handle.join().unwrap();
        }
        for server in servers {
            server.join().unwrap();
        }
    });
}

// Bounded by 2: by 3 it takes 14 s.
#[test]
fn three_pushes_of_two_submitters_wake_three_sleepers() {
    explore_bounded(2, || {
        let pool = Pool::new(3);
        let servers = spawn_sleeping_servers::<3>(&pool);
        let other = pool.spawn(|pool| pool.queue(|| ()).detach());
        pool.queue(|| ()).detach();
        pool.queue(|| ()).detach();
        other.join().unwrap();
        for server in servers {
            server.join().unwrap();
        }
    });
}

/// What loom's condition variable never does and others may: it notifies who was not woken.
fn spawn_false_alarm(pool: &Pool) -> JoinHandle<()> {
    pool.spawn(|pool| pool.monitor().notify_workers_for_nothing())
}

// Bounded by 5: in full it takes 3 s.
#[test]
fn a_worker_notified_for_nothing_sleeps_on_and_is_woken_for_the_next() {
    explore_bounded(5, || {
        let pool = Pool::new(1);
        let server = pool.spawn_server(1);
        let alarm = spawn_false_alarm(&pool);
        pool.queue(|| ()).join().unwrap();
        server.join().unwrap();
        alarm.join().unwrap();
    });
}

/// The wakeup may be taken by another sleeper than the one that is notified.
// Bounded by 2: by 3 it takes 12 s.
#[test]
fn two_workers_notified_for_nothing_are_both_woken_for_two_pushes() {
    explore_bounded(2, || {
        let pool = Pool::new(2);
        let servers = [pool.spawn_server(1), pool.spawn_server(1)];
        let alarm = spawn_false_alarm(&pool);
        let jobs = [pool.queue(|| ()), pool.queue(|| ())];
        for job in jobs {
            job.join().unwrap();
        }
        for server in servers {
            server.join().unwrap();
        }
        alarm.join().unwrap();
    });
}
