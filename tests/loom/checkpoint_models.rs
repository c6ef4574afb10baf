//! Checkpoints: how a job that runs hears that it should stop.

use super::*;

/// A job that goes on until it is told to stop.
fn endless() -> Interrupted {
    loop {
        match checkpoint() {
            Ok(()) => thread::yield_now(),
            Err(why) => return why,
        }
    }
}

#[test]
fn a_running_job_that_is_cancelled_hears_of_it() {
    let ends = explore(|| {
        let pool = Pool::new(1);
        let job = pool.queue(endless);
        let server = pool.spawn_server(1);
        let cancel = job.cancel();
        if cancel == Cancel::Dequeued {
            pool.queue(|| ()).detach();
        }
        server.join().unwrap();
        let outcome = job.join();
        assert!(matches!(outcome, Ok(Interrupted::Cancelled) | Err(JobError::Cancelled)));
        (cancel == Cancel::Dequeued, outcome.is_ok())
    });
    assert_eq!(ends, [(false, false), (false, true), (true, false)], "dequeued, stopped, or not begun");
}

#[test]
fn a_running_job_hears_of_an_abort() {
    let ends = explore(|| {
        let pool = Pool::new(1);
        let worker = pool.spawn_worker(0);
        let job = pool.queue(endless);
        pool.shut_down(Shutdown::Abort);
        worker.join().unwrap();
        match job.join() {
            Ok(why) => {
                assert_eq!(why, Interrupted::ShuttingDown);
                "stopped"
            }
            Err(error) => {
                assert!(matches!(error, JobError::Aborted));
                "never began"
            }
        }
    });
    assert_eq!(ends, ["never began", "stopped"]);
}

/// Who has learned of a cancel by other ways finds it at the next checkpoint.
#[test]
fn a_checkpoint_after_the_cancel_says_so() {
    let ends = explore(|| {
        let pool = Pool::new(1);
        let told = Arc::new(AtomicU32::new(0));
        let job = pool.queue({
            let told = Arc::clone(&told);
            move || (told.load(Ordering::Acquire) == 1, checkpoint().is_err())
        });
        let server = pool.spawn_server(1);
        if job.cancel() == Cancel::Dequeued {
            pool.queue(|| ()).detach();
        }
        told.store(1, Ordering::Release);
        server.join().unwrap();
        value_of(job.join())
    });
    assert_eq!(ends, [None, Some((false, false)), Some((false, true)), Some((true, true))]);
}

#[test]
fn a_job_that_finds_its_token_cancelled_sees_what_was_done_before() {
    let ends = explore(|| {
        let (pool, token) = (Pool::new(1), CancelToken::new());
        let written = Arc::new(AtomicU32::new(0));
        let worker = pool.recruit(0);
        let job = pool.job().token(&token).submit({
            let written = Arc::clone(&written);
            move || (checkpoint().is_err(), written.load(Ordering::Relaxed))
        });
        let canceller = thread::spawn(move || {
            written.store(7, Ordering::Relaxed);
            token.cancel();
        });
        let (_seated, worker) = pool.enter(worker);
        let job = job.unwrap();
        // A second job for the worker, should the first be gone.
        pool.queue(|| ()).detach();
        pool.run_one(&worker);
        canceller.join().unwrap();
        value_of(job.join())
    });
    assert_eq!(ends, [None, Some((false, 0)), Some((false, 7)), Some((true, 7))]);
}

/// How often a job that runs until it is told to stop has seen what was written before that.
fn sees_what_was_written_before(stop: fn(&Pool, &JobHandle<u32>)) -> Vec<Option<u32>> {
    explore(move || {
        let (pool, note) = (Pool::new(1), Arc::new(AtomicU32::new(0)));
        let job = pool.queue({
            let note = Arc::clone(&note);
            move || {
                endless();
                note.load(Ordering::Relaxed)
            }
        });
        let worker = pool.spawn_worker(0);
        note.store(1, Ordering::Relaxed);
        stop(&pool, &job);
        pool.shut_down(Shutdown::Drain);
        worker.join().unwrap();
        value_of(job.join())
    })
}

#[test]
fn what_was_written_before_a_cancel_is_seen_after_the_checkpoint_that_tells() {
    let seen = sees_what_was_written_before(|_, job| {
        job.cancel();
    });
    assert_eq!(seen, [None, Some(1)]);
}

#[test]
fn what_was_written_before_an_abort_is_seen_after_the_checkpoint_that_tells() {
    assert_eq!(sees_what_was_written_before(|pool, _| pool.close(Shutdown::Abort)), [None, Some(1)]);
}
