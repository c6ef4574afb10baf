//! Workers of one pool that run the jobs of another, which they have joined.

use super::*;

/// How a job of `there` ended that a worker of `here` joined, while `meanwhile` does something to its pool.
fn ends_of_a_joined_guest(meanwhile: fn(&Pool)) -> Vec<&'static str> {
    explore_bounded(3, move || {
        let (here, there, tally) = (Pool::new(1), Pool::new(1), Tally::new());
        let target = there.queue(tally.job());
        let joins = here.queue({
            let tally = Arc::clone(&tally);
            move || end_of(target.join(), &tally)
        });
        let server = here.spawn_server(1);
        let owner = there.spawn_worker(0);
        meanwhile(&there);
        there.shut_down(Shutdown::Drain);
        let end = joins.join().unwrap();
        owner.join().unwrap();
        server.join().unwrap();
        let stats = there.monitor().stats();
        assert_eq!((stats.submitted, stats.busy, stats.queued), (1, 0, 0));
        assert_eq!(stats.completed + stats.cancelled + stats.aborted, 1);
        assert_eq!(here.monitor().stats().completed, 1);
        end
    })
}

// Bounded by 3: in full they take minutes.
#[test]
fn a_drain_waits_for_the_job_that_another_pools_worker_runs() {
    assert_eq!(ends_of_a_joined_guest(|_| ()), ["ran"]);
}

#[test]
fn an_abort_waits_for_the_job_that_another_pools_worker_runs() {
    assert_eq!(ends_of_a_joined_guest(|there| there.close(Shutdown::Abort)), ["aborted", "ran"]);
}

#[test]
fn a_wait_for_the_pool_waits_for_the_job_that_another_pools_worker_runs() {
    assert_eq!(ends_of_a_joined_guest(|there| there.monitor().wait_for(Awaited::Flush(None), None).unwrap()), ["ran"]);
}

/// The last job of a drain ends on a thread that does not look whether it may exit.
#[test]
fn a_sleeping_worker_exits_once_the_last_job_has_ended_elsewhere() {
    explore_bounded(3, || {
        let (here, there) = (Pool::new(1), Pool::new(1));
        let target = there.queue_in_hand(|| ());
        let visitor = thread::spawn({
            let (here, there) = (here.clone(), there.clone());
            move || {
                let (_seated, _worker) = here.enter(here.recruit(0));
                let pool: Arc<dyn JobPool> = Arc::<Shared>::clone(there.shared());
                pool.run_here(target.header())
            }
        });
        let owner = there.spawn_worker(0);
        there.shut_down(Shutdown::Drain);
        owner.join().unwrap();
        visitor.join().unwrap();
        assert_eq!(there.monitor().stats().completed, 1);
    });
}

#[test]
fn two_pools_of_one_worker_that_wait_for_each_other_both_end() {
    explore_bounded(2, || {
        let (here, there) = (Pool::new(1), Pool::new(1));
        let (inner_here, inner_there) = (here.clone(), there.clone());
        let job = here.queue(move || {
            let again = inner_there.queue(move || inner_here.queue(|| 1).join().unwrap() + 1);
            again.join().unwrap() + 1
        });
        let workers = [here.spawn_worker(0), there.spawn_worker(0)];
        assert_eq!(job.join().unwrap(), 3);
        there.shut_down(Shutdown::Drain);
        here.shut_down(Shutdown::Drain);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}
