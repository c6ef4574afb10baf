//! Shutting down: what the close meets resolves or is rejected, and every worker exits.

use super::*;

const MODES: [Shutdown; 2] = [Shutdown::Drain, Shutdown::Abort];

/// How a submission ended.
fn end_of<F>(submitted: Result<JobHandle<()>, F>) -> &'static str {
    match submitted.map(JobHandle::join) {
        Ok(Ok(())) => "ran",
        Ok(Err(JobError::Aborted)) => "aborted",
        Ok(Err(error)) => panic!("{error}"),
        Err(_job) => "rejected",
    }
}

#[test]
fn a_close_while_a_worker_falls_asleep_sends_it_home() {
    for mode in MODES {
        explore(move || {
            let pool = Pool::new(1);
            let worker = pool.spawn_worker(0);
            pool.shut_down(mode);
            worker.join().unwrap();
        });
    }
}

// Bounded by 3: by 4 it takes 6 s.
#[test]
fn a_close_while_two_workers_fall_asleep_sends_both_home() {
    for mode in MODES {
        explore_bounded(3, move || {
            let pool = Pool::new(1);
            let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
            pool.shut_down(mode);
            for worker in workers {
                worker.join().unwrap();
            }
        });
    }
}

// Bounded by 3: by 4 it takes 8 s.
#[test]
fn a_drain_while_one_worker_runs_and_one_sleeps_ends_both() {
    explore_bounded(3, || {
        let pool = Pool::new(1);
        let job = pool.queue(|| ());
        let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
        assert_eq!(pool.shut_down(Shutdown::Drain).completed, 1);
        job.join().unwrap();
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

// Bounded by 3: by 4 it takes 8 s for both modes.
fn ends_of_a_push_while_closing(mode: Shutdown) -> Vec<&'static str> {
    explore_bounded(3, move || {
        let pool = Pool::new(1);
        let worker = pool.spawn_worker(0);
        let submitter = pool.spawn(|pool| end_of(pool.submit(|| ())));
        let report = pool.shut_down(mode);
        let end = submitter.join().unwrap();
        worker.join().unwrap();
        assert_eq!(report.completed, u64::from(end == "ran"));
        assert_eq!(report.aborted, u64::from(end == "aborted"));
        assert_eq!(pool.monitor().stats().rejected, u64::from(end == "rejected"));
        end
    })
}

#[test]
fn a_push_while_the_pool_drains_runs_or_is_rejected() {
    assert_eq!(ends_of_a_push_while_closing(Shutdown::Drain), ["ran", "rejected"]);
}

#[test]
fn a_push_while_the_pool_aborts_runs_is_aborted_or_rejected() {
    assert_eq!(ends_of_a_push_while_closing(Shutdown::Abort), ["aborted", "ran", "rejected"]);
}

// Bounded by 3: by 4 it takes 16 s for both modes.
fn ends_of_a_full_pool_that_closes(mode: Shutdown) -> Vec<(&'static str, &'static str)> {
    explore_bounded(3, move || {
        let pool = Pool::new(1);
        let queued = pool.submit(|| ());
        let worker = pool.spawn_worker(0);
        let submitter = pool.spawn(|pool| end_of(pool.submit(|| ())));
        pool.shut_down(mode);
        let ends = (end_of(queued), submitter.join().unwrap());
        worker.join().unwrap();
        let stats = pool.monitor().stats();
        assert_eq!((stats.busy, stats.queued, stats.waiting), (0, 0, 0));
        ends
    })
}

#[test]
fn a_drain_rejects_who_stands_in_line_and_runs_what_is_queued() {
    assert_eq!(ends_of_a_full_pool_that_closes(Shutdown::Drain), [("ran", "ran"), ("ran", "rejected")]);
}

#[test]
fn an_abort_rejects_who_stands_in_line_and_aborts_what_is_queued() {
    assert_eq!(
        ends_of_a_full_pool_that_closes(Shutdown::Abort),
        [("aborted", "aborted"), ("aborted", "rejected"), ("ran", "aborted"), ("ran", "ran"), ("ran", "rejected")]
    );
}

// Bounded by 5: in full it takes minutes.
fn ends_of_a_job_that_submits_and_joins(mode: Shutdown) -> Vec<&'static str> {
    explore_bounded(5, move || {
        let pool = Pool::new(1);
        let inside = pool.clone();
        let outer = pool.queue(move || end_of(inside.submit(|| ())));
        let worker = pool.spawn_worker(0);
        pool.shut_down(mode);
        let outcome = outer.join();
        worker.join().unwrap();
        match outcome {
            Ok(end) => end,
            Err(error) => {
                assert!(matches!(error, JobError::Aborted));
                "never began"
            }
        }
    })
}

#[test]
fn a_job_that_submits_and_joins_while_the_pool_drains_is_served() {
    assert_eq!(ends_of_a_job_that_submits_and_joins(Shutdown::Drain), ["ran"]);
}

#[test]
fn a_job_that_submits_and_joins_while_the_pool_aborts_is_never_left_waiting() {
    assert_eq!(ends_of_a_job_that_submits_and_joins(Shutdown::Abort), ["aborted", "never began", "ran", "rejected"]);
}

/// The idle one must not close the pool under the busy one.
// Bounded by 3: three threads with whole lives are out of reach in full.
#[test]
fn a_job_that_submits_while_the_pool_drains_is_served_though_a_worker_idles() {
    let ends = explore_bounded(3, || {
        let pool = Pool::new(1);
        let inside = pool.clone();
        let outer = pool.queue(move || inside.submit(|| ()).map_err(drop));
        let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
        pool.shut_down(Shutdown::Drain);
        let inner = outer.join().unwrap();
        for worker in workers {
            worker.join().unwrap();
        }
        end_of(inner)
    });
    assert_eq!(ends, ["ran"]);
}

// Bounded by 6: in full it takes 6 s.
#[test]
fn an_abort_takes_what_stands_in_both_lists() {
    let ends = explore_bounded(6, || {
        let (pool, log) = (Pool::new(3), Log::default());
        let (first, second) = (pool.submit(log.job("1")), pool.submit(log.job("2")));
        let worker = pool.spawn_worker(0);
        let third = pool.submit(log.job("3"));
        let report = pool.shut_down(Shutdown::Abort);
        let ran = [first, second, third].map(end_of).iter().filter(|end| **end == "ran").count();
        worker.join().unwrap();
        assert_eq!(log.ran(), ["1", "2", "3"][..ran]);
        assert_eq!((report.completed, report.aborted), (ran as u64, 3 - ran as u64));
        ran
    });
    assert_eq!(ends, [0, 1, 2, 3]);
}

/// Without workers, as it is the aborting thread that is waited for.
#[test]
fn a_shutdown_while_another_thread_aborts_ends_after_every_job_has_resolved() {
    explore(|| {
        let pool = Pool::new(2);
        let jobs = [pool.queue(|| ()), pool.queue(|| ())];
        let breaker = pool.spawn(|pool| pool.shut_down(Shutdown::Abort));
        pool.shut_down(Shutdown::Abort);
        assert!(jobs.iter().all(JobHandle::is_finished));
        breaker.join().unwrap();
    });
}

// Bounded by 3: by 4 it takes 8 s.
#[test]
fn an_abort_while_another_thread_drains_ends_both_calls() {
    let ends = explore_bounded(3, || {
        let pool = Pool::new(1);
        let job = pool.submit(|| ());
        let worker = pool.spawn_worker(0);
        let drainer = pool.spawn(|pool| pool.shut_down(Shutdown::Drain));
        pool.shut_down(Shutdown::Abort);
        drainer.join().unwrap();
        worker.join().unwrap();
        end_of(job)
    });
    assert_eq!(ends, ["aborted", "ran"]);
}

// Bounded by 3: by 4 it takes 3 s.
#[test]
fn two_drains_at_once_both_end_after_the_last_job() {
    explore_bounded(3, || {
        let pool = Pool::new(1);
        let job = pool.queue(|| ());
        let worker = pool.spawn_worker(0);
        let other = pool.spawn(|pool| pool.shut_down(Shutdown::Drain).completed);
        assert_eq!(pool.shut_down(Shutdown::Drain).completed, 1);
        assert!(job.is_finished());
        assert_eq!(other.join().unwrap(), 1);
        worker.join().unwrap();
    });
}

/// As where a job drops the last `Pool`: it closes the pool and goes on, and the workers drain behind it.
// Bounded by 3: by 4 it takes 30 s.
#[test]
fn a_pool_closed_by_its_own_job_drains_behind_it() {
    explore_bounded(3, || {
        let pool = Pool::new(2);
        let closing = pool.queue({
            let inside = pool.clone();
            move || {
                inside.close(Shutdown::Drain);
                end_of(inside.submit(|| ()))
            }
        });
        let queued = pool.queue(|| ());
        let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
        assert_eq!(closing.join().unwrap(), "ran");
        assert!(pool.submit(|| ()).is_err(), "outsiders are rejected, though a job may be queued");
        queued.join().unwrap();
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!(pool.monitor().stats().completed, 3);
    });
}

// Bounded by 5: in full it takes minutes.
#[test]
fn a_drain_after_an_abort_lets_no_job_submit_again() {
    let ends = explore_bounded(5, || {
        let pool = Pool::new(1);
        let inside = pool.clone();
        let job = pool.queue(move || (checkpoint().is_err(), end_of(inside.submit(|| ()))));
        let worker = pool.spawn_worker(0);
        for mode in [Shutdown::Abort, Shutdown::Drain] {
            pool.close(mode);
        }
        worker.join().unwrap();
        value_of(job.join())
    });
    let begun = [(false, "aborted"), (false, "ran"), (false, "rejected"), (true, "rejected")].map(Some);
    assert_eq!(ends, [&[None], &begun[..]].concat());
}

/// A future that watches the pool end, as `shutdown_async` does.
fn watch_until_ended(pool: &Pool) {
    let (mut end, mut key) = (Awaited::End, None);
    let (bell, waker) = bell();
    while pool.monitor().poll_for(&mut end, &mut key, &waker).is_pending() {
        bell.park_until(None);
    }
}

// Bounded by 4: in full they take minutes.
#[test]
fn who_watches_a_pool_is_woken_when_its_last_worker_exits() {
    for mode in MODES {
        explore_bounded(4, move || {
            let pool = Pool::new(1);
            let job = pool.queue(|| ());
            let worker = pool.spawn_worker(0);
            pool.close(mode);
            watch_until_ended(&pool);
            assert!(job.is_finished());
            worker.join().unwrap();
        });
    }
}

#[test]
fn who_watches_a_pool_is_woken_when_the_last_job_is_aborted() {
    explore_bounded(4, || {
        let pool = Pool::new(1);
        let job = pool.queue(|| ());
        let breaker = pool.spawn(|pool| pool.close(Shutdown::Abort));
        pool.close(Shutdown::Abort);
        watch_until_ended(&pool);
        assert!(job.is_finished());
        breaker.join().unwrap();
    });
}
