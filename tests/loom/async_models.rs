//! Futures that wait for room.

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

#[test]
fn a_future_dropped_while_a_place_is_handed_to_it_passes_the_place_on() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        pool.queue(|| ()).detach();
        let (_bell, waker) = bell();
        let mut future = submission(&pool, tally.job());
        assert!(poll_submission(&mut future, &waker).is_pending());
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
        let refused = loop {
            match poll_submission(&mut future, &waker) {
                Poll::Ready(submitted) => {
                    break submitted.expect_err("its token was cancelled while it was in line");
                }
                Poll::Pending => drop(bell.park_until(None)),
            }
        };
        assert_eq!(refused.kind(), SubmitErrorKind::Cancelled);
        drop(refused);
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
        let closer = pool.spawn(|pool| pool.monitor().close(Shutdown::Abort));
        let (bell, waker) = bell();
        let mut future = submission(&pool, tally.job());
        let mut waited = false;
        let refused = loop {
            match poll_submission(&mut future, &waker) {
                Poll::Ready(Ok(_)) => break None,
                Poll::Ready(Err(refused)) => break Some(refused),
                Poll::Pending => {
                    waited = true;
                    bell.park_until(None);
                }
            }
        };
        closer.join().unwrap();
        assert_eq!(refused.map(|refused| refused.kind()), Some(SubmitErrorKind::ShutDown));
        tally.assert_never_ran();
        waited
    });
    assert_eq!(ends, [false, true]);
}
