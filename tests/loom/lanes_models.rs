//! Lanes: which job a worker takes while jobs of several priorities come, move over and leave.

use super::*;

fn submit_as<F, T>(pool: &Pool, priority: Priority, job: F) -> JobHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pool.job().priority(priority).submit(job).expect("the pool is open, and there is room")
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
        let submitter = pool.spawn({
            let log = log.clone();
            move |pool| submit_as(pool, Priority::High, log.job("urgent")).detach()
        });
        let popper = pool.spawn(|pool| {
            submitter.join().unwrap();
            let worker = pool.recruit(1);
            pool.run_one(&worker);
        });
        popper.join().unwrap();
        assert_eq!(log.ran(), ["first", "urgent"]);
    });
}

#[test]
fn a_pop_takes_the_most_urgent_of_what_is_queued_by_then() {
    let ends = explore(|| {
        let (pool, log) = (Pool::new(3), Log::default());
        let server = pool.spawn_server(3);
        submit_as(&pool, Priority::Low, log.job("low")).detach();
        submit_as(&pool, Priority::Normal, log.job("normal")).detach();
        submit_as(&pool, Priority::High, log.job("high")).detach();
        server.join().unwrap();
        log.ran()
    });
    assert_eq!(
        ends,
        [
            ["high", "normal", "low"],
            ["low", "high", "normal"],
            ["low", "normal", "high"],
            ["normal", "high", "low"],
            ["normal", "low", "high"],
        ]
    );
}

/// A worker at the back alone may miss the urgent job, and who comes for it finds its lane's elders on the other side.
#[test]
fn jobs_of_one_lane_run_in_order_while_another_lane_is_served_in_between() {
    let ends = explore(|| {
        let (pool, log) = (Pool::new(8), Log::default());
        let worker = pool.recruit(1);
        for name in ["moved over", "a", "b"] {
            pool.queue(log.job(name)).detach();
        }
        pool.run_one(&worker);
        let server = pool.spawn_server(5);
        pool.queue(log.job("c")).detach();
        pool.queue(log.job("d")).detach();
        submit_as(&pool, Priority::High, log.job("1")).detach();
        server.join().unwrap();
        log.ran()[1..].concat()
    });
    assert_eq!(ends, ["1abcd", "a1bcd", "ab1cd", "abc1d", "abcd1"]);
}

/// Once the lanes have moved over, jobs of two lanes and both sides stand under the key of the one that is cancelled.
#[test]
fn a_cancel_while_lanes_move_over_takes_out_its_own_job_and_no_other() {
    let ends = explore(|| {
        let (pool, log) = (Pool::new(8), Log::default());
        for (priority, name) in [(Priority::High, "high 1"), (Priority::High, "high 2"), (Priority::Low, "low 1")] {
            submit_as(&pool, priority, log.job(name)).detach();
        }
        let cancelled = submit_as(&pool, Priority::Low, log.job("low 2"));
        let server = pool.spawn_server(2);
        let low = |name| pool.register(log.job(name), Options { priority: Priority::Low, ..Options::default() });
        let [(third, job_3), (_, job_4)] = ["low 3", "low 4"].map(low);
        for job in [job_3, job_4] {
            assert!(pool.monitor().offer(job, Origin::Outside, NoRoom::Reject).is_ok());
        }
        let moved_over = third.header().slot() == 0;
        assert_eq!(cancelled.cancel(), Cancel::Dequeued);
        server.join().unwrap();
        let worker = pool.recruit(1);
        for _ in 0..3 {
            pool.run_one(&worker);
        }
        assert_eq!(log.ran(), ["high 1", "high 2", "low 1", "low 3", "low 4"]);
        moved_over
    });
    assert_eq!(ends, [false, true]);
}
