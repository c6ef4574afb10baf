//! Claiming: a joiner takes its target out of the queue while a worker, or an abort, takes it too.

use super::*;

/// What a join on a worker does with a job that is still queued.
fn claim_and_run(pool: &Pool, header: &Header, worker: &Worker) -> bool {
    let Some(job) = pool.monitor().claim(header, Origin::Inside) else { return false };
    assert!(job.job.header().is(header), "claimed an unrelated job");
    pool.run_here(job, worker);
    true
}

#[test]
fn a_claim_while_a_worker_pops_leaves_the_job_to_one_of_them() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(2), Tally::new());
        let joiner = pool.recruit(1);
        let server = pool.spawn_server(1);
        let target = pool.queue_in_hand(tally.job());
        let claimed = claim_and_run(&pool, target.header(), &joiner);
        let other = claimed.then(|| pool.queue(|| ()));
        drop(target.into_handle().join().unwrap());
        tally.assert_ran_once();
        server.join().unwrap();
        assert!(other.is_none_or(|job| job.join().is_ok()));
        claimed
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_claim_while_the_pool_aborts_runs_the_job_or_aborts_it() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let joiner = pool.recruit(0);
        let target = pool.queue_in_hand(tally.job());
        let breaker = pool.spawn(|pool| pool.close(Shutdown::Abort));
        let claimed = claim_and_run(&pool, target.header(), &joiner);
        let outcome = target.into_handle().join();
        breaker.join().unwrap();
        pool.monitor().wait_for(Awaited::Flush(None), None).unwrap();
        let stats = pool.monitor().stats();
        assert_eq!((stats.completed + stats.aborted, stats.queued, stats.busy), (1, 0, 0));
        (claimed, end_of(outcome, &tally))
    });
    assert_eq!(ends, [(false, "aborted"), (true, "aborted"), (true, "ran")]);
}

#[test]
fn a_claim_hands_its_place_to_who_stands_in_line() {
    let ends = explore(|| {
        let pool = Pool::new(1);
        let joiner = pool.recruit(1);
        let first = pool.queue_in_hand(|| ());
        let second = pool.stand_in_line(|| ());
        let server = pool.spawn_server(1);
        let claimed_first = claim_and_run(&pool, first.header(), &joiner);
        assert_ne!(second.wait(), Standing::Rejected);
        let claimed_second = !claimed_first && claim_and_run(&pool, second.header(), &joiner);
        first.into_handle().join().unwrap();
        second.into_handle().join().unwrap();
        server.join().unwrap();
        (claimed_first, claimed_second)
    });
    assert_eq!(ends, [(false, true), (true, false)]);
}

/// Once the first job is popped, the second and the last stand in different lists, under the same key.
#[test]
fn a_claim_finds_its_target_in_either_list() {
    let ends = explore(|| {
        let pool = Pool::new(4);
        let joiner = pool.recruit(1);
        let queue_two = || [(); 2].map(|()| pool.queue_in_hand(|| ()));
        let [_first, second] = queue_two();
        let server = pool.spawn_server(1);
        let [_third, last] = queue_two();
        let same_key = second.header().slot() == last.header().slot();
        for target in [last, second] {
            assert!(claim_and_run(&pool, target.header(), &joiner));
            assert!(!claim_and_run(&pool, target.header(), &joiner));
            target.into_handle().join().unwrap();
        }
        server.join().unwrap();
        same_key
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_join_inside_a_job_runs_it_here_if_there_is_one_worker() {
    explore(|| {
        let pool = Pool::new(1);
        let inner = pool.clone();
        let outer = pool.queue(move || inner.queue(current_worker).join().unwrap());
        let worker = pool.spawn_worker(0);
        assert_eq!(outer.join().unwrap(), Some(0));
        pool.shut_down(Shutdown::Drain);
        worker.join().unwrap();
    });
}

// Bounded by 2: by 3 it takes 14 s.
#[test]
fn a_join_inside_a_job_runs_it_here_or_waits_for_who_took_it() {
    let ends = explore_bounded(2, || {
        let pool = Pool::new(1);
        let inner = pool.clone();
        let outer = pool.queue(move || {
            let here = current_worker();
            let there = inner.queue(current_worker).join().unwrap();
            here == there
        });
        let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
        let here = outer.join().unwrap();
        pool.shut_down(Shutdown::Drain);
        for worker in workers {
            worker.join().unwrap();
        }
        here
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_join_inside_a_join_runs_both_here_if_there_is_one_worker() {
    explore(|| {
        let pool = Pool::new(2);
        let (outer, inner) = (pool.clone(), pool.clone());
        let job = pool.queue(move || {
            let middle = outer.queue(move || inner.queue(|| 1).join().unwrap() + 1);
            middle.join().unwrap() + 1
        });
        let server = pool.spawn_server(1);
        assert_eq!(job.join().unwrap(), 3);
        server.join().unwrap();
    });
}

// Bounded by 2: by 3 it takes 8 s.
#[test]
fn a_join_inside_a_join_runs_here_what_nobody_has_taken() {
    let ends = explore_bounded(2, || {
        let pool = Pool::new(2);
        let (outer, inner) = (pool.clone(), pool.clone());
        let job = pool.queue(move || {
            let middle = outer.queue(move || (inner.queue(current_worker).join().unwrap(), current_worker()));
            (middle.join().unwrap(), current_worker())
        });
        let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
        let ((innermost, middle), outermost) = job.join().unwrap();
        pool.shut_down(Shutdown::Drain);
        for worker in workers {
            worker.join().unwrap();
        }
        (innermost == middle, middle == outermost)
    });
    assert_eq!(
        ends,
        [(false, true), (true, false), (true, true)],
        "with two workers nobody is left for the innermost alone"
    );
}
