//! The cell: what a run, or giving up, may meet at the waiter's end.

use super::*;

fn worker() -> Worker {
    Pool::new(1).recruit(0)
}

#[test]
fn a_join_while_the_job_runs_gets_the_value() {
    explore(|| {
        let tally = Tally::new();
        let (job, handle) = new_job(tally.job());
        let runner = thread::spawn(move || worker().execute(begun(job)));
        let value = handle.join().unwrap();
        assert_eq!((tally.runs(), tally.closures_dropped(), tally.values_dropped()), (1, 1, 0));
        drop(value);
        runner.join().unwrap();
        tally.assert_ran_once();
    });
}

#[test]
fn a_join_while_the_job_panics_gets_the_panic() {
    explore(|| {
        // Not `panic!`, which would write to stderr in each order.
        let (job, handle) = new_job(|| resume_unwind(Box::new(7_u8)));
        let runner = thread::spawn(move || worker().execute(begun(job)));
        let Err(JobError::Panicked(panic)) = handle.join() else { unreachable!("it panicked") };
        assert_eq!(panic.into_payload().downcast_ref(), Some(&7_u8));
        runner.join().unwrap();
    });
}

#[test]
fn a_poll_while_the_job_runs_is_ready_or_its_last_waker_is_woken() {
    let ends = explore(|| {
        let tally = Tally::new();
        let (job, mut handle) = new_job(tally.job());
        let runner = thread::spawn(move || worker().execute(begun(job)));
        let (first, second) = (bell(), bell());
        let (outcome, end) = match poll(&mut handle, &first.1) {
            Poll::Ready(outcome) => (outcome, "ready at once"),
            Poll::Pending => match poll(&mut handle, &second.1) {
                Poll::Ready(outcome) => (outcome, "ready at the second poll"),
                Poll::Pending => {
                    second.0.park_until(None);
                    let Poll::Ready(outcome) = poll(&mut handle, &second.1) else {
                        panic!("woken before the job had resolved");
                    };
                    (outcome, "woken")
                }
            },
        };
        drop(outcome.unwrap());
        runner.join().unwrap();
        tally.assert_ran_once();
        for (parker, _waker) in [&first, &second] {
            assert_eq!(Arc::strong_count(parker), 2, "a waker is left behind");
        }
        end
    });
    assert_eq!(ends, ["ready at once", "ready at the second poll", "woken"]);
}

#[test]
fn a_poll_with_the_same_waker_again_is_still_woken() {
    let ends = explore(|| {
        let (job, mut handle) = new_job(|| 42);
        let runner = thread::spawn(move || worker().execute(begun(job)));
        let (parker, waker) = bell();
        let mut polls = 1;
        let mut polled = poll(&mut handle, &waker);
        if polled.is_pending() {
            polls += 1;
            polled = poll(&mut handle, &waker);
        }
        if polled.is_pending() {
            polls += 1;
            parker.park_until(None);
            polled = poll(&mut handle, &waker);
        }
        assert!(matches!(polled, Poll::Ready(Ok(42))));
        runner.join().unwrap();
        polls
    });
    assert_eq!(ends, [1, 2, 3]);
}

#[test]
fn a_handle_dropped_while_the_job_runs_drops_the_value_once() {
    let ends = explore(|| {
        let tally = Tally::new();
        let (job, handle) = new_job(tally.job());
        let runner = thread::spawn(move || worker().execute(begun(job)));
        // The look is what loom tells orders apart by; dropping an `Arc` is not.
        let finished = handle.is_finished();
        drop(handle);
        runner.join().unwrap();
        tally.assert_ran_once();
        finished
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_handle_dropped_after_a_poll_leaves_no_waker_behind() {
    let ends = explore(|| {
        let tally = Tally::new();
        let (job, mut handle) = new_job(tally.job());
        let runner = thread::spawn(move || worker().execute(begun(job)));
        let (parker, waker) = bell();
        let was_pending = poll(&mut handle, &waker).is_pending();
        // As above: the waker is there, taken or woken when the handle goes.
        let finished = handle.is_finished();
        drop(handle);
        runner.join().unwrap();
        tally.assert_ran_once();
        assert_eq!(Arc::strong_count(&parker), 2, "a waker is left behind");
        (was_pending, finished)
    });
    assert_eq!(ends, [(false, true), (true, false), (true, true)]);
}

#[test]
fn a_job_aborted_while_it_is_joined_is_aborted_and_its_closure_gone() {
    explore(|| {
        let tally = Tally::new();
        let (job, handle) = new_job(tally.job());
        let breaker = thread::spawn(move || job.into_cell().abort(Unrun::Aborted));
        assert!(is_aborted(&handle.join()));
        tally.assert_never_ran();
        breaker.join().unwrap();
        tally.assert_never_ran();
    });
}

#[test]
fn a_runnable_dropped_while_its_job_is_polled_wakes_the_waiter() {
    let ends = explore(|| {
        let tally = Tally::new();
        let (job, mut handle) = new_job(tally.job());
        let breaker = thread::spawn(move || drop(job));
        let (parker, waker) = bell();
        let (outcome, end) = match poll(&mut handle, &waker) {
            Poll::Ready(outcome) => (outcome, "ready"),
            Poll::Pending => {
                parker.park_until(None);
                let Poll::Ready(outcome) = poll(&mut handle, &waker) else {
                    panic!("woken before the job had resolved");
                };
                (outcome, "woken")
            }
        };
        assert!(is_aborted(&outcome));
        tally.assert_never_ran();
        breaker.join().unwrap();
        end
    });
    assert_eq!(ends, ["ready", "woken"]);
}

#[test]
fn a_waiter_that_times_out_leaves_the_outcome_to_its_next_wait() {
    let ends = explore(|| {
        let tally = Tally::new();
        let (job, mut handle) = new_job(tally.job());
        let runner = thread::spawn(move || worker().execute(begun(job)));
        // As `join_timeout` does once its time has run out: the waker stays, and the cell is asked once more.
        let (parker, waker) = bell();
        let (outcome, end) = match poll(&mut handle, &waker) {
            Poll::Ready(outcome) => (outcome, "in the first wait"),
            Poll::Pending => match handle.try_join() {
                Ok(outcome) => (outcome, "just in time"),
                Err(handle) => (handle.join(), "in the next wait"),
            },
        };
        drop(outcome.unwrap());
        runner.join().unwrap();
        tally.assert_ran_once();
        drop(waker);
        assert_eq!(Arc::strong_count(&parker), 1, "a waker is left behind");
        end
    });
    assert_eq!(ends, ["in the first wait", "in the next wait", "just in time"]);
}

#[test]
fn who_sees_a_job_finished_finds_its_outcome_and_what_it_wrote() {
    let ends = explore(|| {
        let written = Arc::new(AtomicU32::new(0));
        let (job, handle) = new_job({
            let written = Arc::clone(&written);
            move || written.store(7, Ordering::Relaxed)
        });
        let runner = thread::spawn(move || worker().execute(begun(job)));
        let finished = handle.is_finished();
        if finished {
            assert_eq!(written.load(Ordering::Relaxed), 7);
            assert!(handle.try_join().is_ok_and(|outcome| outcome.is_ok()));
        }
        runner.join().unwrap();
        finished
    });
    assert_eq!(ends, [false, true]);
}

/// Counts what becomes of a waker and of those cloned from it.
#[derive(Default)]
struct Fate {
    woken: std::sync::atomic::AtomicU32,
}

impl Wake for Fate {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
    }
}

/// The only clone that is left once the handle is gone is in the hand of who finishes the job.
#[test]
fn a_polled_handle_that_is_dropped_while_the_job_ends_leaves_no_waker_behind() {
    let ends = explore(|| {
        let (job, mut handle) = new_job(|| ());
        let fate = Arc::new(Fate::default());
        let finisher = thread::spawn(move || job.into_cell().abort(Unrun::Cancelled));
        let ready = poll(&mut handle, &Waker::from(Arc::clone(&fate))).is_ready();
        drop(handle);
        let left_at_once = Arc::strong_count(&fate) == 1;
        finisher.join().unwrap();
        assert_eq!(Arc::strong_count(&fate), 1, "it is let go of");
        let woken = fate.woken.load(Ordering::Relaxed);
        assert!(woken <= 1 && left_at_once | (woken == 1), "it is kept by who wakes it only");
        (ready, woken)
    });
    assert_eq!(ends, [(false, 0), (false, 1), (true, 0)]);
}
