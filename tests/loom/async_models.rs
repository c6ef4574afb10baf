//! Futures that wait for room: they are polled, with one waker or another, on a worker too, and dropped, while they are
//! given a place, rejected or cancelled.

use super::*;

fn poll_submission<F>(future: &mut F, waker: &Waker) -> Poll<F::Output>
where
    F: Future + Unpin,
{
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

fn submission<F, T>(
    pool: &Pool,
    job: F,
) -> impl Future<Output = Result<JobHandle<T>, SubmitError<F>>> + Unpin + use<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Box::pin(pool.job().submit_async(job))
}

/// A submission that was polled and found no room, with its waker and what that rings.
fn in_line<F, T>(
    pool: &Pool,
    job: F,
) -> (Arc<Parker>, Waker, impl Future<Output = Result<JobHandle<T>, SubmitError<F>>> + Unpin + use<F, T>)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (bell, waker) = bell();
    let mut future = submission(pool, job);
    assert!(poll_submission(&mut future, &waker).is_pending());
    (bell, waker, future)
}

#[test]
fn a_future_dropped_while_a_place_is_handed_to_it_passes_the_place_on() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        pool.queue(|| ()).detach();
        let (_bell, _waker, future) = in_line(&pool, tally.job());
        let next = pool.stand_in_line(|| ());
        let server = pool.spawn_server(1);
        drop(future);
        // Either the place it was handed, or the one after it that it left the line for.
        assert_eq!(next.wait(), Standing::Accepted);
        server.join().unwrap();
        tally.assert_never_ran();
        let stats = pool.monitor().stats();
        assert_eq!((stats.queued, stats.waiting, stats.cancelled + stats.rejected), (1, 0, 1));
        stats.cancelled
    });
    assert_eq!(ends, [0, 1], "out of the line, or accepted and cancelled");
}

#[test]
fn a_future_polled_while_a_place_is_handed_to_it_is_ready_or_woken_by_its_last_waker() {
    explore(|| {
        let pool = Pool::new(1);
        pool.queue(|| ()).detach();
        let ((_old_bell, old), (new_bell, new)) = (bell(), bell());
        let mut future = submission(&pool, || ());
        assert!(poll_submission(&mut future, &old).is_pending());
        let server = pool.spawn_server(1);
        let mut polled = poll_submission(&mut future, &new);
        while polled.is_pending() {
            new_bell.park_until(None);
            polled = poll_submission(&mut future, &new);
        }
        server.join().unwrap();
        let Poll::Ready(Ok(job)) = polled else { unreachable!("the pool is open") };
        assert!(!job.is_finished());
        job.detach();
    });
}

#[test]
fn a_place_freed_by_a_token_is_not_handed_to_a_future_of_the_same_token() {
    explore(|| {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        pool.job().token(&token).submit(|| ()).unwrap().detach();
        let (bell, waker) = bell();
        let mut future = Box::pin(pool.job().token(&token).submit_async(tally.job()));
        assert!(poll_submission(&mut future, &waker).is_pending());
        let canceller = thread::spawn(move || token.cancel());
        let rejected = loop {
            match poll_submission(&mut future, &waker) {
                Poll::Ready(submitted) => {
                    break submitted.expect_err("its token was cancelled while it was in line");
                }
                Poll::Pending => drop(bell.park_until(None)),
            }
        };
        assert_eq!(rejected.kind(), SubmitErrorKind::Cancelled);
        drop(rejected);
        tally.assert_never_ran();
        canceller.join().unwrap();
        assert_eq!(pool.monitor().stats().queued, 0);
    });
}

#[test]
fn a_future_in_line_while_the_pool_shuts_down_gets_its_job_back() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        pool.queue(|| ()).detach();
        let closer = pool.spawn(|pool| pool.close(Shutdown::Abort));
        let (bell, waker) = bell();
        let mut future = submission(&pool, tally.job());
        let mut waited = false;
        let rejected = loop {
            match poll_submission(&mut future, &waker) {
                Poll::Ready(Ok(_)) => break None,
                Poll::Ready(Err(rejected)) => break Some(rejected),
                Poll::Pending => {
                    waited = true;
                    bell.park_until(None);
                }
            }
        };
        closer.join().unwrap();
        assert_eq!(rejected.map(|rejected| rejected.kind()), Some(SubmitErrorKind::ShutDown));
        tally.assert_never_ran();
        waited
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_future_polled_while_the_pool_shuts_down_is_rejected_through_its_last_waker() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        pool.queue(|| ()).detach();
        let ((_old_bell, old), (new_bell, new)) = (bell(), bell());
        let mut future = submission(&pool, tally.job());
        assert!(poll_submission(&mut future, &old).is_pending());
        let closer = pool.spawn(|pool| pool.close(Shutdown::Drain));
        let mut polled = poll_submission(&mut future, &new);
        let waited = polled.is_pending();
        if waited {
            new_bell.park_until(None);
            polled = poll_submission(&mut future, &new);
        }
        closer.join().unwrap();
        let Poll::Ready(submitted) = polled else { unreachable!("its last waker was woken") };
        assert_eq!(end_of_submission(submitted, &tally), "rejected");
        assert_eq!(pool.monitor().stats().rejected, 1);
        waited
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_future_dropped_while_the_pool_shuts_down_is_rejected_once() {
    explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        pool.queue(|| ()).detach();
        let (_bell, _waker, future) = in_line(&pool, tally.job());
        let closer = pool.spawn(|pool| pool.close(Shutdown::Drain));
        drop(future);
        closer.join().unwrap();
        tally.assert_never_ran();
        let stats = pool.monitor().stats();
        assert_eq!((stats.rejected, stats.submitted, stats.waiting), (1, 1, 0));
    });
}

#[test]
fn a_future_dropped_while_its_token_is_cancelled_is_rejected_once_and_forgotten() {
    explore(|| {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        pool.queue(|| ()).detach();
        let (bell, waker) = bell();
        let mut future = Box::pin(pool.job().token(&token).submit_async(tally.job()));
        assert!(poll_submission(&mut future, &waker).is_pending());
        drop(waker);
        let canceller = thread::spawn(move || token.cancel());
        drop(future);
        canceller.join().unwrap();
        tally.assert_never_ran();
        assert_eq!(Arc::strong_count(&bell), 1, "a waker is left behind");
        let stats = pool.monitor().stats();
        assert_eq!((stats.rejected, stats.waiting), (1, 0));
    });
}

// Bounded by 5: in full it takes minutes.
fn ends_of_a_future_whose_token_is_cancelled_while_it_is_first_polled(queued: usize) -> Vec<&'static str> {
    explore_bounded(5, move || {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        for _ in 0..queued {
            pool.queue(|| ()).detach();
        }
        let mut future = Box::pin(pool.job().token(&token).submit_async(tally.job()));
        let canceller = thread::spawn(move || token.cancel());
        let (bell, waker) = bell();
        let submitted = loop {
            match poll_submission(&mut future, &waker) {
                Poll::Ready(submitted) => break submitted,
                Poll::Pending => drop(bell.park_until(None)),
            }
        };
        // There is no worker: only the token or the future can end it.
        let end = end_of_submission(submitted, &tally);
        canceller.join().unwrap();
        let stats = pool.monitor().stats();
        assert_eq!((stats.queued, stats.waiting), (queued as u64, 0));
        end
    })
}

#[test]
fn a_token_cancelled_while_a_future_is_first_polled_leaves_it_in_no_queue() {
    assert_eq!(ends_of_a_future_whose_token_is_cancelled_while_it_is_first_polled(0), ["cancelled"]);
}

#[test]
fn a_token_cancelled_while_a_future_is_first_polled_leaves_it_in_no_line() {
    let ends = ends_of_a_future_whose_token_is_cancelled_while_it_is_first_polled(1);
    assert_eq!(ends, ["cancelled", "ended in line"]);
}

/// A future in line that a worker polls by now: it must not wait there.
fn poll_on_a_worker<F: Future + Unpin>(pool: &Pool, mut future: F, waker: &Waker) -> F::Output {
    let _seated = pool.enter(pool.recruit(1));
    let Poll::Ready(submitted) = poll_submission(&mut future, waker) else {
        unreachable!("a worker does not wait for room");
    };
    submitted
}

#[test]
fn a_future_polled_on_a_worker_while_a_place_is_handed_to_it_is_accepted_once() {
    explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        pool.queue(|| ()).detach();
        let (bell, waker, future) = in_line(&pool, tally.job());
        let server = pool.spawn_server(2);
        let job = poll_on_a_worker(&pool, future, &waker).unwrap();
        assert_eq!(end_of(job.join(), &tally), "ran");
        server.join().unwrap();
        drop(waker);
        assert_eq!(Arc::strong_count(&bell), 1, "a waker is left behind");
        let stats = pool.monitor().stats();
        assert_eq!((stats.submitted, stats.completed, stats.waiting), (2, 2, 0));
    });
}

/// Between line and queue the token finds it in neither.
// Bounded by 5: in full it takes 10 s.
#[test]
fn a_future_polled_on_a_worker_while_its_token_is_cancelled_is_left_in_no_queue() {
    let ends = explore_bounded(5, || {
        let (pool, tally, token) = (Pool::new(1), Tally::new(), CancelToken::new());
        pool.queue(|| ()).detach();
        let (_bell, waker) = bell();
        let mut future = Box::pin(pool.job().token(&token).submit_async(tally.job()));
        assert!(poll_submission(&mut future, &waker).is_pending());
        let canceller = thread::spawn(move || token.cancel());
        let end = end_of_submission(poll_on_a_worker(&pool, future, &waker), &tally);
        canceller.join().unwrap();
        let stats = pool.monitor().stats();
        assert_eq!((stats.queued, stats.waiting), (1, 0));
        end
    });
    assert_eq!(ends, ["cancelled", "ended in line"]);
}

// Bounded by 5: in full it takes minutes.
#[test]
fn a_future_polled_on_a_worker_while_the_pool_shuts_down_is_accepted_or_rejected() {
    let ends = explore_bounded(5, || {
        let (pool, tally) = (Pool::new(1), Tally::new());
        pool.queue(|| ()).detach();
        let (_bell, waker, future) = in_line(&pool, tally.job());
        let closer = pool.spawn(|pool| pool.close(Shutdown::Abort));
        let end = end_of_submission(poll_on_a_worker(&pool, future, &waker), &tally);
        closer.join().unwrap();
        let stats = pool.monitor().stats();
        assert_eq!((stats.aborted + stats.rejected, stats.queued, stats.waiting), (2, 0, 0));
        end
    });
    assert_eq!(ends, ["aborted", "rejected"]);
}
