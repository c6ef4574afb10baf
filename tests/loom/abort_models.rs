//! Jobs that are aborted, for whatever reason: what waits for the pool meets while another thread resolves them.

use super::*;

const MODES: [Shutdown; 2] = [Shutdown::Drain, Shutdown::Abort];

fn cancelled_token() -> CancelToken {
    let token = CancelToken::new();
    token.cancel();
    token
}

#[test]
fn a_wait_while_the_last_job_is_cancelled_ends_after_it_has_resolved() {
    explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let job = Arc::new(pool.queue(tally.job()));
        let canceller = pool.spawn({
            let job = Arc::clone(&job);
            move |_| job.cancel()
        });
        pool.monitor().wait_for(Awaited::Flush(None), None).unwrap();
        assert!(job.is_finished());
        tally.assert_never_ran();
        assert_eq!(canceller.join().unwrap(), Cancel::Dequeued);
    });
}

/// In the second epoch, as a job that has none is in the first.
// Bounded by 4: in full it takes 20 s.
#[test]
fn a_wait_while_a_job_is_accepted_that_had_ended_ends_after_it_has_resolved() {
    let ends = explore_bounded(4, || {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let worker = pool.recruit(0);
        pool.queue(|| ()).detach();
        let waiter = pool.spawn(|pool| pool.monitor().wait_for(Awaited::Flush(None), None).unwrap());
        let submitter = pool.spawn({
            let tally = Arc::clone(&tally);
            move |pool| pool.job().token(&cancelled_token()).submit(tally.job()).unwrap().detach()
        });
        pool.run_one(&worker);
        let accepted = pool.monitor().stats().submitted;
        pool.monitor().wait_for(Awaited::Flush(None), None).unwrap();
        assert!(accepted == 1 || tally.closures_dropped() == 1);
        submitter.join().unwrap();
        waiter.join().unwrap();
        tally.assert_never_ran();
        accepted
    });
    assert_eq!(ends, [1, 2]);
}

/// The one worker may leave while the closure is dropped elsewhere; the drain waits for that all the same.
// Bounded by 3: by 4 it takes 3 s.
#[test]
fn a_drain_while_the_last_job_is_cancelled_ends_after_it_has_resolved() {
    let ends = explore_bounded(3, || {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let job = Arc::new(pool.queue(tally.job()));
        let worker = pool.spawn_worker(0);
        let canceller = pool.spawn({
            let job = Arc::clone(&job);
            move |_| job.cancel()
        });
        pool.shut_down(Shutdown::Drain);
        assert!(job.is_finished());
        assert_eq!(tally.closures_dropped(), 1);
        worker.join().unwrap();
        canceller.join().unwrap();
        end_of(Arc::into_inner(job).expect("its other owner has ended").join(), &tally)
    });
    assert_eq!(ends, ["cancelled", "ran"]);
}

// Bounded by 3: by 4 it takes 2 s.
#[test]
fn a_drain_while_the_last_deadline_passes_ends_after_the_job_has_resolved() {
    let ends = explore_bounded(3, || {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let job = pool.job().timeout(HOUR).submit(tally.job()).unwrap();
        let worker = pool.spawn_worker(0);
        let keeper = pool.spawn(|pool| pool.keeper().dequeue_due(Instant::now() + 2 * HOUR));
        pool.shut_down(Shutdown::Drain);
        assert!(job.is_finished());
        worker.join().unwrap();
        keeper.join().unwrap();
        assert_eq!(pool.keeper().alarms(), 0);
        end_of(job.join(), &tally)
    });
    assert_eq!(ends, ["expired", "ran"]);
}

/// Without workers, as it is the submitting thread that is waited for.
fn ends_of_a_job_that_had_ended_while_closing(mode: Shutdown) -> Vec<&'static str> {
    explore(move || {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let submitter = pool.spawn({
            let tally = Arc::clone(&tally);
            move |pool| end_of_submission(pool.job().token(&cancelled_token()).submit(tally.job()), &tally)
        });
        pool.shut_down(mode);
        assert!(pool.monitor().stats().submitted == 0 || tally.closures_dropped() == 1);
        submitter.join().unwrap()
    })
}

#[test]
fn a_job_that_had_ended_is_cancelled_or_rejected_while_the_pool_closes() {
    for mode in MODES {
        assert_eq!(ends_of_a_job_that_had_ended_while_closing(mode), ["cancelled", "rejected"]);
    }
}

/// Records what its pool says to a wait in its destructor.
struct WaitsWhenDropped(Pool, Arc<AtomicU32>);

impl Drop for WaitsWhenDropped {
    fn drop(&mut self) {
        let answer = shut_down(self.0.shared(), Shutdown::Drain, None);
        assert_eq!(answer, Err(WaitError::WouldDeadlock));
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

// Bounded by 6: in full it takes 6 s.
#[test]
fn a_destructor_that_would_wait_for_its_own_job_is_told_so_by_who_drops_it() {
    explore_bounded(6, || {
        let (pool, told) = (Pool::new(1), Arc::new(AtomicU32::new(0)));
        let waits = WaitsWhenDropped(pool.clone(), Arc::clone(&told));
        let job = pool.queue(move || drop(waits));
        let breaker = pool.spawn(|pool| pool.shut_down(Shutdown::Abort));
        job.cancel();
        pool.shut_down(Shutdown::Abort);
        assert_eq!(told.load(Ordering::Relaxed), 1);
        breaker.join().unwrap();
    });
}

/// Joins a job that was queued behind its own.
struct JoinsWhenDropped(Arc<Mutex<Option<JobHandle<()>>>>, Arc<AtomicU32>);

impl Drop for JoinsWhenDropped {
    fn drop(&mut self) {
        let behind = self.0.lock().unwrap().take().expect("it is dropped once");
        drop(behind.join());
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

/// No worker is left to come to what is behind: only those who end jobs can.
fn a_destructor_joins_what_is_behind(end_first: fn(&CancelToken, &Pool), end_second: fn(&CancelToken, &Pool)) {
    explore_bounded(4, move || {
        let (pool, token, joined) = (Pool::new(2), CancelToken::new(), Arc::new(AtomicU32::new(0)));
        let slot = Arc::new(Mutex::new(None));
        let joins = JoinsWhenDropped(Arc::clone(&slot), Arc::clone(&joined));
        pool.job().token(&token).submit(move || drop(joins)).unwrap().detach();
        let behind = pool.job().token(&token).submit(|| ()).unwrap();
        *slot.lock().unwrap() = Some(behind);
        let other = pool.spawn({
            let token = token.clone();
            move |pool| end_first(&token, pool)
        });
        end_second(&token, &pool);
        other.join().unwrap();
        assert_eq!(joined.load(Ordering::Relaxed), 1);
        let stats = pool.monitor().stats();
        assert_eq!((stats.cancelled + stats.aborted, stats.queued, stats.busy), (2, 0, 0));
    });
}

fn cancel_all(token: &CancelToken, _pool: &Pool) {
    token.cancel();
}

fn abort_all(_token: &CancelToken, pool: &Pool) {
    pool.close(Shutdown::Abort);
}

// Bounded by 4: in full they take minutes.
#[test]
fn a_destructor_may_join_what_its_token_has_ended_too() {
    a_destructor_joins_what_is_behind(cancel_all, cancel_all);
}

#[test]
fn a_destructor_may_join_what_its_pool_aborts_too() {
    a_destructor_joins_what_is_behind(abort_all, abort_all);
}

#[test]
fn a_destructor_may_join_what_another_thread_ends() {
    a_destructor_joins_what_is_behind(cancel_all, abort_all);
}

/// When it is dropped it waits for a thread to end.
struct AwaitsWhenDropped(Arc<Mutex<Option<JoinHandle<()>>>>);

impl Drop for AwaitsWhenDropped {
    fn drop(&mut self) {
        let thread = self.0.lock().unwrap().take();
        thread.expect("it was put there before").join().unwrap();
    }
}

fn by_polls(mut job: JobHandle<()>) -> Result<(), JobError> {
    let (parker, waker) = bell();
    loop {
        if let Poll::Ready(outcome) = poll(&mut job, &waker) {
            return outcome;
        }
        parker.park_until(None);
    }
}

/// Ends two jobs at once, the first of which waits in its destructor for somebody who waits for the second: since before, or
/// he comes to it meanwhile.
fn end_two(bound: usize, wait: fn(JobHandle<()>) -> Result<(), JobError>, end: fn(&Pool, &CancelToken)) {
    explore_bounded(bound, move || {
        let (pool, token, waiter) = (Pool::new(2), CancelToken::new(), Arc::default());
        let guard = AwaitsWhenDropped(Arc::clone(&waiter));
        let first = pool.job().token(&token).timeout(HOUR).submit(move || drop(guard)).unwrap();
        let second = pool.job().token(&token).timeout(HOUR).submit(|| ()).unwrap();
        *waiter.lock().unwrap() = Some(pool.spawn(move |_| assert!(wait(second).is_err())));
        end(&pool, &token);
        assert!(waiter.lock().unwrap().is_none());
        assert!(first.join().is_err());
        assert_eq!(pool.monitor().stats().queued, 0);
    });
}

/// On two threads, as the keeper's deputy sees to what it is held up from.
fn keep_deadlines(pool: &Pool, _token: &CancelToken) {
    let keep = |pool: &Pool| pool.keeper().dequeue_due(Instant::now() + 2 * HOUR);
    let deputy = pool.spawn(keep);
    keep(pool);
    deputy.join().unwrap();
}

#[test]
fn who_waits_for_a_job_that_a_token_ends_is_told_before_a_destructor_runs() {
    end_two(6, JobHandle::join, |_, token| token.cancel());
    end_two(6, by_polls, |_, token| token.cancel());
}

#[test]
fn who_waits_for_a_job_that_is_aborted_is_told_before_a_destructor_runs() {
    end_two(6, JobHandle::join, |pool, _| pool.close(Shutdown::Abort));
    end_two(6, by_polls, |pool, _| pool.close(Shutdown::Abort));
}

// Bounded by 4: by 6 it takes half a minute.
#[test]
fn who_waits_for_a_job_that_expires_is_told_although_a_destructor_waits_for_him() {
    end_two(4, JobHandle::join, keep_deadlines);
    end_two(4, by_polls, keep_deadlines);
}
