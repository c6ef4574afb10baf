//! Jobs that are ended from outside while they wait to run.

use super::*;

#[test]
fn a_cancel_while_a_worker_takes_the_job_ends_it_one_way() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let job = pool.queue(tally.job());
        let server = pool.spawn_server(2);
        let cancel = job.cancel();
        // Or the server would wait for a job for ever where the first was withdrawn.
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
        let header = Arc::clone(&job.cell);
        let canceller = pool.spawn(move |pool| handle::cancel(Some(pool.shared()), header.header()));
        if let Some(job) = pool.monitor().claim(job.header()) {
            pool.run_here(job, &joiner);
        }
        let cancel = canceller.join().unwrap();
        (end_of(job.into_handle().join(), &tally), cancel == Cancel::Dequeued)
    });
    assert_eq!(ends, [("cancelled", false), ("cancelled", true), ("ran", false)]);
}

#[test]
fn a_cancel_while_the_deadline_passes_ends_the_job_one_way() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let job = pool.job().timeout(HOUR).submit(tally.job()).unwrap();
        let keeper = pool.spawn(|pool| pool.keeper().withdraw_due(Instant::now() + 2 * HOUR));
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
        let breaker = pool.spawn(|pool| pool.monitor().close(Shutdown::Abort));
        let cancel = job.cancel();
        breaker.join().unwrap();
        let end = end_of(job.join(), &tally);
        assert_eq!(end == "cancelled", cancel == Cancel::Dequeued);
        end
    });
    assert_eq!(ends, ["aborted", "cancelled"]);
}

#[test]
fn a_token_cancelled_while_a_job_is_submitted_leaves_it_in_no_queue() {
    explore(|| {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        let canceller = thread::spawn({
            let token = token.clone();
            move || token.cancel()
        });
        // There is no worker: only the token or the submitter can end it.
        let job = pool.job().token(&token).submit(tally.job()).unwrap();
        assert_eq!(end_of(job.join(), &tally), "cancelled");
        canceller.join().unwrap();
        assert_eq!(pool.monitor().stats().queued, 0);
    });
}

#[test]
fn a_token_cancelled_while_a_submitter_joins_the_line_ends_its_wait() {
    let ends = explore(|| {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        pool.queue(|| ()).detach();
        let canceller = thread::spawn({
            let token = token.clone();
            move || token.cancel()
        });
        let end = match pool.job().token(&token).submit(tally.job()) {
            Ok(job) => end_of(job.join(), &tally),
            Err(refused) => {
                assert_eq!(refused.kind(), SubmitErrorKind::Cancelled);
                drop(refused);
                tally.assert_never_ran();
                "turned away"
            }
        };
        canceller.join().unwrap();
        assert_eq!((pool.monitor().stats().waiting, pool.monitor().stats().queued), (0, 1));
        end
    });
    assert_eq!(ends, ["cancelled", "turned away"]);
}

#[test]
fn a_token_cancelled_while_a_place_is_handed_over_ends_the_job_one_way() {
    let ends = explore_bounded(3, || {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        pool.queue(|| ()).detach();
        let server = pool.spawn_server(1);
        let canceller = thread::spawn({
            let token = token.clone();
            move || token.cancel()
        });
        let submitted = pool.job().token(&token).submit(tally.job());
        canceller.join().unwrap();
        server.join().unwrap();
        match submitted {
            Ok(job) => end_of(job.join(), &tally),
            Err(refused) => {
                drop(refused);
                tally.assert_never_ran();
                "turned away"
            }
        }
    });
    assert_eq!(ends, ["cancelled", "turned away"]);
}

#[test]
fn a_deadline_that_passes_while_the_job_runs_leaves_it_alone() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(2), Tally::new());
        let worker = pool.recruit(0);
        let job = pool.job().timeout(HOUR).submit(tally.job()).unwrap();
        let keeper = pool.spawn(|pool| pool.keeper().withdraw_due(Instant::now() + 2 * HOUR));
        // A second job for the worker, should the first be gone.
        pool.job().submit(|| ()).map(JobHandle::detach).unwrap();
        pool.run_one(&worker);
        keeper.join().unwrap();
        let end = end_of(job.join(), &tally);
        assert_eq!(pool.keeper().alarms(), 0, "no alarm is left behind");
        end
    });
    assert_eq!(ends, ["expired", "ran"]);
}

#[test]
fn a_keeper_that_stops_while_a_deadline_is_set_is_left_with_no_job() {
    explore_bounded(2, || {
        let pool = Pool::new(1);
        let worker = pool.spawn_worker(0);
        let submitted = pool.spawn(|pool| pool.job().timeout(HOUR).submit(|| ()).map(JobHandle::join).is_ok());
        pool.shut_down(Shutdown::Abort);
        submitted.join().unwrap();
        worker.join().unwrap();
        assert_eq!(pool.keeper().alarms(), 0);
    });
}

#[test]
fn an_urgent_job_submitted_before_a_pop_is_the_one_popped() {
    explore(|| {
        let (pool, log) = (Pool::new(8), Log::default());
        let worker = pool.recruit(0);
        for name in ["first", "second", "third"] {
            pool.queue(log.job(name)).detach();
        }
        // What is normal moves to the workers' side.
        pool.run_one(&worker);
        let submitter = thread::spawn({
            let (pool, log) = (pool.clone(), log.clone());
            move || pool.job().priority(Priority::High).submit(log.job("urgent")).unwrap().detach()
        });
        let popper = thread::spawn({
            let pool = pool.clone();
            move || {
                submitter.join().unwrap();
                let worker = pool.recruit(1);
                pool.run_one(&worker);
            }
        });
        popper.join().unwrap();
        assert_eq!(log.ran(), ["first", "urgent"]);
    });
}
