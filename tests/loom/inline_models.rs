//! Inline pools: threads that wait for jobs run what is queued, and meet.

use super::*;
use crate::worker::inline::wait_for;

// Bounded by 4: in full it takes minutes.
#[test]
fn jobs_that_two_threads_join_run_once() {
    explore_bounded(4, || {
        let (pool, tallies) = (Pool::inline(2), [Tally::new(), Tally::new()]);
        let jobs = [0, 1].map(|n| pool.queue(tallies[n].job()));
        let [first, second] = jobs;
        let other = pool.spawn(move |_| drop(second.join().unwrap()));
        drop(first.join().unwrap());
        other.join().unwrap();
        tallies.iter().for_each(|tally| tally.assert_ran_once());
    });
}

/// What a joiner runs may leave a child, and the joiner does not stay for it.
// Bounded by 3: in full it takes minutes.
#[test]
fn who_waits_for_the_pool_runs_what_another_threads_job_leaves_queued() {
    for what in [|| Awaited::Idle(None), || Awaited::End] {
        explore_bounded(3, move || {
            let pool = Pool::inline(2);
            let child_ran = Arc::new(AtomicU32::new(0));
            let (inside, ran) = (pool.clone(), Arc::clone(&child_ran));
            let parent = pool.queue(move || inside.queue(move || ran.store(1, Ordering::Relaxed)).detach());
            let joiner = pool.spawn(move |_| parent.join().unwrap());
            if let Awaited::End = what() {
                pool.close(Shutdown::Drain);
            }
            wait_for(pool.shared(), what(), None).unwrap();
            assert_eq!(child_ran.load(Ordering::Relaxed), 1);
            joiner.join().unwrap();
        });
    }
}
