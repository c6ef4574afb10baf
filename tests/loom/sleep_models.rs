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

/// Who is called first makes up for what a push did not call for: see step 4 in `src/sleep.rs`.
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

/// The job a sleeper was called for may be gone when it looks: its call must not be owed to it for ever.
// Bounded by 2: by 3 it takes minutes.
#[test]
fn a_worker_called_for_a_job_that_is_gone_hears_the_next_call() {
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
