//! Completions: jobs that resolve, whichever is first, at one consumer. They resolve by being aborted: smaller models.
//! In full each takes minutes.

use super::*;

/// Resolves jobs one after the other on a thread of the model's.
fn resolve(jobs: Vec<Runnable>) -> JoinHandle<()> {
    thread::spawn(move || jobs.into_iter().for_each(drop))
}

/// Waits for the next outcome; says how it was found.
fn next(jobs: &mut Completions<()>) -> &'static str {
    let (parker, waker) = bell();
    let mut how = "at once";
    loop {
        match jobs.poll(&waker) {
            Poll::Ready((_key, outcome)) => {
                assert!(is_aborted(&outcome));
                return how;
            }
            Poll::Pending => {
                parker.park_until(None);
                how = "woken";
            }
        }
    }
}

#[test]
fn a_consumer_hears_of_the_second_job_before_the_first() {
    let ends = explore_bounded(3, || {
        let ((first, one), (second, two)) = (new_job(|| ()), new_job(|| ()));
        let mut jobs = Completions::new();
        jobs.push(one);
        jobs.push(two);
        let resolver = resolve(vec![second, first]);
        let ends = [next(&mut jobs), next(&mut jobs)];
        resolver.join().unwrap();
        assert_eq!(jobs.len(), 0);
        ends
    });
    let [at_once, woken] = ["at once", "woken"];
    assert_eq!(ends, [[at_once, at_once], [at_once, woken], [woken, at_once], [woken, woken]]);
}

/// Nobody else's ring makes up for one that is lost.
#[test]
fn a_consumer_hears_of_the_second_job_alone() {
    let ends = explore_bounded(3, || {
        let ((first, one), (second, two)) = (new_job(|| ()), new_job(|| ()));
        let mut jobs = Completions::new();
        jobs.push(one);
        jobs.push(two);
        let resolver = resolve(vec![second]);
        let how = next(&mut jobs);
        resolver.join().unwrap();
        drop(first);
        assert_eq!(next(&mut jobs), "at once");
        how
    });
    assert_eq!(ends, ["at once", "woken"]);
}

#[test]
fn a_consumer_hears_of_jobs_that_resolve_at_once() {
    explore_bounded(3, || {
        let ((first, one), (second, two)) = (new_job(|| ()), new_job(|| ()));
        let mut jobs = Completions::new();
        jobs.push(one);
        jobs.push(two);
        let resolvers = [resolve(vec![first]), resolve(vec![second])];
        next(&mut jobs);
        next(&mut jobs);
        resolvers.into_iter().for_each(|resolver| resolver.join().unwrap());
        assert_eq!(jobs.len(), 0);
    });
}

/// The ring of the first job may come when its key is already that of the second.
#[test]
fn a_late_ring_does_not_hide_the_next_job() {
    let ends = explore_bounded(3, || {
        let ((first, one), (second, two)) = (new_job(|| ()), new_job(|| ()));
        let mut jobs = Completions::new();
        jobs.push(one);
        let resolver = resolve(vec![first, second]);
        let first = next(&mut jobs);
        jobs.push(two);
        let ends = [first, next(&mut jobs)];
        resolver.join().unwrap();
        ends
    });
    let [at_once, woken] = ["at once", "woken"];
    assert_eq!(ends, [[at_once, at_once], [at_once, woken], [woken, at_once], [woken, woken]]);
}

#[test]
fn dropped_completions_leave_no_waker_behind() {
    explore_bounded(3, || {
        let (job, handle) = new_job(|| ());
        let mut jobs = Completions::new();
        jobs.push(handle);
        let resolver = resolve(vec![job]);
        let (parker, waker) = bell();
        let polled = jobs.poll(&waker);
        drop((jobs, polled));
        resolver.join().unwrap();
        assert_eq!(Arc::strong_count(&parker), 2, "a waker is left behind");
    });
}

/// Who has polled may stop to wait, and begin again, while the job resolves.
#[test]
fn a_consumer_that_gave_up_hears_of_the_job_when_it_waits_again() {
    let ends = explore_bounded(3, || {
        let (job, handle) = new_job(|| ());
        let mut jobs = Completions::new();
        jobs.push(handle);
        let resolver = resolve(vec![job]);
        let (parker, waker) = bell();
        let how = match jobs.poll(&waker) {
            Poll::Ready(_) => "before",
            Poll::Pending => {
                jobs.forget_waker();
                next(&mut jobs)
            }
        };
        resolver.join().unwrap();
        drop(waker);
        assert_eq!(Arc::strong_count(&parker), 1, "a waker is left behind");
        how
    });
    assert_eq!(ends, ["at once", "before", "woken"]);
}
