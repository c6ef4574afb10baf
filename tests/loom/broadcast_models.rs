//! Broadcasts: a job that one worker alone may run meets that worker awake, searching or asleep, and the pool's end.

use super::*;

/// Sends each of so many workers a job that says who runs it. `None`: the pool is shut down.
fn broadcast(pool: &Pool, workers: usize) -> Option<Vec<JobHandle<Option<usize>>>> {
    let ends = (0..workers).map(|_| new_cell(current_worker, ()));
    let (cells, jobs) = ends.collect::<(Vec<_>, Vec<_>)>();
    if let Err(kind) = pool.monitor().broadcast(jobs) {
        assert_eq!(kind, SubmitErrorKind::ShutDown);
        return None;
    }
    Some(cells.into_iter().map(|cell| JobHandle::new(cell, pool.shared().id)).collect())
}

/// Joins them, and sees that each ran on its own worker.
fn join(jobs: Vec<JobHandle<Option<usize>>>) {
    for (worker, job) in jobs.into_iter().enumerate() {
        assert_eq!(job.join().unwrap(), Some(worker));
    }
}

// Bounded by 4: in full it takes minutes.
#[test]
fn a_broadcast_reaches_a_worker_whatever_it_does() {
    explore_bounded(4, || {
        let pool = Pool::new(1);
        let worker = pool.spawn_worker(0);
        join(broadcast(&pool, 1).unwrap());
        pool.close(Shutdown::Drain);
        worker.join().unwrap();
    });
}

/// A worker that has had its own job may go to sleep again before the other has woken up.
// Bounded by 2: by 3 it takes minutes.
#[test]
fn each_of_two_workers_is_woken_for_its_own_job() {
    explore_bounded(2, || {
        let pool = Pool::new(1);
        let workers = [0, 1].map(|n| pool.spawn_worker(n));
        join(broadcast(&pool, 2).unwrap());
        pool.close(Shutdown::Drain);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

// Bounded by 2: by 3 it takes minutes.
#[test]
fn a_job_for_anybody_that_comes_at_the_same_time_is_run_as_well() {
    explore_bounded(2, || {
        let pool = Pool::new(1);
        let worker = pool.spawn_worker(0);
        let other = pool.spawn(|pool| pool.queue(|| ()).join().unwrap());
        join(broadcast(&pool, 1).unwrap());
        other.join().unwrap();
        pool.close(Shutdown::Drain);
        worker.join().unwrap();
    });
}

// Bounded by 3: in full they take minutes.
#[test]
fn a_broadcast_that_meets_the_pools_end_runs_is_aborted_or_rejected() {
    for (mode, expected) in
        [(Shutdown::Drain, &["ran", "rejected"][..]), (Shutdown::Abort, &["aborted", "ran", "rejected"])]
    {
        let ends = explore_bounded(3, move || {
            let pool = Pool::new(1);
            let worker = pool.spawn_worker(0);
            let closer = pool.spawn(move |pool| close(pool.shared(), mode));
            let end = match broadcast(&pool, 1) {
                None => "rejected",
                Some(mut jobs) => match jobs.remove(0).join() {
                    Ok(Some(0)) => "ran",
                    Err(JobError::Aborted) => "aborted",
                    other => panic!("{other:?}"),
                },
            };
            closer.join().unwrap();
            worker.join().unwrap();
            end
        });
        assert_eq!(ends, expected);
    }
}
