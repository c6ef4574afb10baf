//! A handle that cancels its job, while others take the job, end it or wait for its place.

use super::*;

// Bounded by 6: in full it takes 9 s.
#[test]
fn a_cancel_while_a_worker_takes_the_job_ends_it_one_way() {
    let ends = explore_bounded(6, || {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let job = pool.queue(tally.job());
        let server = pool.spawn_server(2);
        let cancel = job.cancel();
        // Or the server would wait for a job for ever where the first was dequeued.
        pool.queue(|| ()).detach();
        if cancel == Cancel::Dequeued {
            pool.queue(|| ()).detach();
        }
        let end = end_of(job.join(), &tally);
        server.join().unwrap();
        assert_eq!(pool.monitor().stats().cancelled, u64::from(end == "cancelled"));
        (end, cancel == Cancel::Dequeued)
    });
    // A job that was taken but not begun finds that it was asked; one that was begun goes on.
    assert_eq!(ends, [("cancelled", false), ("cancelled", true), ("ran", false)]);
}

#[test]
fn a_cancel_while_a_joiner_claims_the_job_ends_it_one_way() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let joiner = pool.recruit(0);
        let job = pool.queue_in_hand(tally.job());
        let cell = Arc::clone(&job.cell);
        let canceller = pool.spawn(move |pool| {
            let pool: Arc<dyn JobPool> = Arc::<Shared>::clone(pool.shared());
            cancel(Some(pool), cell.header())
        });
        if let Some(job) = pool.monitor().claim(job.header(), Origin::Inside) {
            pool.run_here(job, &joiner);
        }
        let cancel = canceller.join().unwrap();
        (end_of(job.into_handle().join(), &tally), cancel == Cancel::Dequeued)
    });
    assert_eq!(ends, [("cancelled", false), ("cancelled", true), ("ran", false)]);
}

#[test]
fn two_cancels_at_once_dequeue_the_job_once() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let job = Arc::new(pool.queue(tally.job()));
        let other = pool.spawn({
            let job = Arc::clone(&job);
            move |_| job.cancel()
        });
        let mut cancels = [job.cancel(), Cancel::Finished];
        cancels[1] = other.join().unwrap();
        assert_eq!(cancels.iter().filter(|cancel| **cancel == Cancel::Dequeued).count(), 1);
        assert_eq!(pool.monitor().stats().cancelled, 1);
        let job = Arc::into_inner(job).expect("the other thread has ended");
        end_of(job.join(), &tally);
        cancels.contains(&Cancel::Finished)
    });
    // Who comes while the other gives the job up finds it neither queued nor resolved.
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_cancel_while_the_deadline_passes_ends_the_job_one_way() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let job = pool.job().timeout(HOUR).submit(tally.job()).unwrap();
        let keeper = pool.spawn(|pool| pool.keeper().dequeue_due(Instant::now() + 2 * HOUR));
        let cancel = job.cancel();
        keeper.join().unwrap();
        let stats = pool.monitor().stats();
        assert_eq!((stats.cancelled + stats.expired, stats.queued, stats.busy), (1, 0, 0));
        let end = end_of(job.join(), &tally);
        assert_eq!(end == "cancelled", cancel == Cancel::Dequeued);
        end
    });
    assert_eq!(ends, ["cancelled", "expired"]);
}

#[test]
fn a_cancel_while_the_pool_aborts_ends_the_job_one_way() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let job = pool.queue(tally.job());
        let breaker = pool.spawn(|pool| pool.close(Shutdown::Abort));
        let cancel = job.cancel();
        breaker.join().unwrap();
        let end = end_of(job.join(), &tally);
        assert_eq!(end == "cancelled", cancel == Cancel::Dequeued);
        end
    });
    assert_eq!(ends, ["aborted", "cancelled"]);
}

/// The pop takes the other job, or the one after it where that one is gone: either way one place is left to give.
#[test]
fn a_cancel_while_a_worker_pops_hands_its_place_to_who_stands_in_line() {
    explore(|| {
        let (pool, log) = (Pool::new(2), Log::default());
        pool.queue(log.job("queued")).detach();
        let job = pool.queue(log.job("cancelled"));
        let lines = ["first in line", "second in line"].map(|name| pool.stand_in_line(log.job(name)));
        let server = pool.spawn_server(1);
        assert_eq!(job.cancel(), Cancel::Dequeued, "the one pop takes the older job");
        for waiting in &lines {
            assert_eq!(waiting.wait(), Standing::Accepted);
        }
        server.join().unwrap();
        let worker = pool.recruit(1);
        pool.run_one(&worker);
        pool.run_one(&worker);
        assert_eq!(log.ran(), ["queued", "first in line", "second in line"]);
    });
}

/// Both make room, for one submitter and for another.
#[test]
fn a_cancel_while_a_joiner_claims_another_job_makes_room_for_two() {
    explore(|| {
        let pool = Pool::new(2);
        let joiner = pool.recruit(0);
        let (claimed, cancelled) = (pool.queue_in_hand(|| ()), pool.queue(|| ()));
        let lines = [(); 2].map(|()| pool.stand_in_line(|| ()));
        let canceller = pool.spawn(move |_| cancelled.cancel());
        let job = pool.monitor().claim(claimed.header(), Origin::Inside).expect("nobody else wants it");
        pool.run_here(job, &joiner);
        assert_eq!(canceller.join().unwrap(), Cancel::Dequeued);
        for waiting in &lines {
            assert_eq!(waiting.wait(), Standing::Accepted);
        }
        let stats = pool.monitor().stats();
        assert_eq!((stats.queued, stats.waiting), (2, 0));
        claimed.into_handle().join().unwrap();
    });
}

#[test]
fn a_guard_dropped_while_its_job_starts_cancels_it_or_lets_it_end() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let guard = pool.queue(tally.job()).cancel_on_drop();
        let worker = pool.spawn_worker(0);
        drop(guard);
        let report = pool.shut_down(Shutdown::Drain);
        worker.join().unwrap();
        match report.completed {
            0 => tally.assert_never_ran(),
            _ => tally.assert_ran_once(),
        }
        assert_eq!(report.completed + pool.monitor().stats().cancelled, 1);
        report.completed
    });
    assert_eq!(ends, [0, 1]);
}
