//! A token that is cancelled while its jobs are submitted, stand in line, start or are ended by somebody else.

use super::*;

fn governed_by(token: &CancelToken) -> Options<Registration> {
    let membership = Membership::new(token.clone());
    Options { ending: Registration::new(Some(membership), None, None), ..Options::default() }
}

fn cancel_elsewhere(token: &CancelToken) -> JoinHandle<()> {
    let token = token.clone();
    thread::spawn(move || token.cancel())
}

// Bounded by 5: in full it takes half a minute.
#[test]
fn a_token_cancelled_while_a_job_is_submitted_leaves_it_in_no_queue() {
    explore_bounded(5, || {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        let canceller = cancel_elsewhere(&token);
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
        let canceller = cancel_elsewhere(&token);
        let end = end_of_submission(pool.job().token(&token).submit(tally.job()), &tally);
        canceller.join().unwrap();
        assert_eq!((pool.monitor().stats().waiting, pool.monitor().stats().queued), (0, 1));
        end
    });
    assert_eq!(ends, ["cancelled", "ended in line"]);
}

// Bounded by 3: by 4 it takes 10 s.
#[test]
fn a_token_cancelled_while_a_place_is_handed_over_ends_the_job_one_way() {
    let ends = explore_bounded(3, || {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        pool.queue(|| ()).detach();
        let server = pool.spawn_server(1);
        let canceller = cancel_elsewhere(&token);
        let submitted = pool.job().token(&token).submit(tally.job());
        canceller.join().unwrap();
        server.join().unwrap();
        end_of_submission(submitted, &tally)
    });
    assert_eq!(ends, ["cancelled", "ended in line"]);
}

#[test]
fn who_stops_waiting_while_its_token_is_cancelled_is_rejected_once() {
    let ends = explore(|| {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        pool.queue(|| ()).detach();
        let waiting = pool.stand_in_line_with(tally.job(), governed_by(&token));
        let canceller = cancel_elsewhere(&token);
        let left = pool.monitor().stop_waiting(waiting.header(), SubmitErrorKind::TimedOut);
        if left == WaitStopped::Decided {
            assert_eq!(waiting.wait(), Standing::Cancelled);
        }
        drop(waiting.cell.take_closure());
        tally.assert_never_ran();
        canceller.join().unwrap();
        let stats = pool.monitor().stats();
        assert_eq!((stats.rejected, stats.waiting), (1, 0));
        left == WaitStopped::Rejected
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn who_stands_in_line_while_its_token_is_cancelled_and_the_pool_closes_is_rejected_once() {
    let ends = explore(|| {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        pool.queue(|| ()).detach();
        let waiting = pool.stand_in_line_with(tally.job(), governed_by(&token));
        let canceller = cancel_elsewhere(&token);
        pool.close(Shutdown::Drain);
        let standing = waiting.wait();
        drop(waiting.cell.take_closure());
        tally.assert_never_ran();
        canceller.join().unwrap();
        let stats = pool.monitor().stats();
        assert_eq!((stats.rejected, stats.waiting), (1, 0));
        standing as u8
    });
    assert_eq!(ends, [Standing::Rejected as u8, Standing::Cancelled as u8]);
}

/// One frees a place while the other ends who stands next in line for it.
#[test]
fn two_tokens_cancelled_at_once_leave_the_place_to_the_first_who_has_neither() {
    explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let tokens = [(); 2].map(|()| CancelToken::new());
        let queued = pool.job().token(&tokens[0]).submit(|| ()).unwrap();
        let waiting = pool.stand_in_line_with(tally.job(), governed_by(&tokens[1]));
        let next = pool.stand_in_line(|| ());
        let canceller = cancel_elsewhere(&tokens[0]);
        tokens[1].cancel();
        assert_eq!(next.wait(), Standing::Accepted);
        canceller.join().unwrap();
        assert!(matches!(queued.join(), Err(JobError::Cancelled)));
        match waiting.wait() {
            Standing::Cancelled => drop(waiting.cell.take_closure()),
            standing => assert_eq!(standing, Standing::Finished, "accepted, then cancelled"),
        }
        tally.assert_never_ran();
        let stats = pool.monitor().stats();
        assert_eq!((stats.queued, stats.waiting, stats.cancelled + stats.rejected), (1, 0, 2));
    });
}

// Bounded by 6: in full it takes 8 s.
#[test]
fn two_cancels_of_one_token_end_its_jobs_once() {
    let ends = explore_bounded(6, || {
        let (pool, token) = (Pool::new(2), CancelToken::new());
        let jobs = [(); 2].map(|()| pool.job().token(&token).submit(|| ()).unwrap());
        let canceller = cancel_elsewhere(&token);
        token.cancel();
        let resolved = jobs.iter().filter(|job| job.is_finished()).count();
        canceller.join().unwrap();
        for job in jobs {
            assert!(job.try_join().is_ok_and(|outcome| matches!(outcome, Err(JobError::Cancelled))));
        }
        assert_eq!(pool.monitor().stats().cancelled, 2);
        resolved
    });
    // Who comes second does not wait for the first.
    assert_eq!(ends, [0, 1, 2]);
}

#[test]
fn a_token_cancelled_while_the_handle_cancels_ends_the_job_once() {
    let ends = explore(|| {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        let job = pool.job().token(&token).submit(tally.job()).unwrap();
        let canceller = cancel_elsewhere(&token);
        let cancel = job.cancel();
        canceller.join().unwrap();
        assert_eq!(end_of(job.join(), &tally), "cancelled");
        assert_eq!(pool.monitor().stats().cancelled, 1);
        cancel == Cancel::Dequeued
    });
    assert_eq!(ends, [false, true]);
}

/// Its key in the token's list comes to the worker through the queue.
#[test]
fn a_token_forgets_a_job_that_another_thread_starts() {
    explore(|| {
        let (pool, token) = (Pool::new(1), CancelToken::new());
        let server = pool.spawn_server(1);
        let (cell, job) = pool.register(|| (), governed_by(&token));
        assert!(pool.monitor().offer(job, Origin::Outside, NoRoom::Reject).is_ok());
        server.join().unwrap();
        assert_eq!(Arc::weak_count(&cell), 0, "the token knows it still");
        assert!(cell.take().is_some());
    });
}

// Bounded by 4: in full it takes 26 s.
#[test]
fn a_token_cancelled_while_its_job_starts_ends_it_one_way_and_forgets_it() {
    let ends = explore_bounded(4, || {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        let (cell, job) = pool.register(tally.job(), governed_by(&token));
        let canceller = cancel_elsewhere(&token);
        let starter = pool.spawn({
            let cell = Arc::clone(&cell);
            move |pool| {
                let worker = pool.recruit(0);
                pool.monitor().claim(cell.header(), Origin::Inside).is_some_and(|job| {
                    pool.run_here(job, &worker);
                    true
                })
            }
        });
        assert!(pool.monitor().offer(job, Origin::Outside, NoRoom::Reject).is_ok());
        dequeue_if_ended(pool.shared(), cell.header(), cell.extras().registration());
        let started = starter.join().unwrap();
        canceller.join().unwrap();
        assert_eq!(Arc::weak_count(&cell), 0, "the token knows it still");
        drop(token);
        let handle = JobHandle::new(cell, PoolId::new(false));
        assert!(started || handle.is_finished());
        (started, end_of(handle.join(), &tally))
    });
    assert_eq!(ends, [(false, "cancelled"), (true, "cancelled"), (true, "ran")]);
}
