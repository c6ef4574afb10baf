//! The keeper of deadlines: alarms that are set, go off and are taken out while it looks, falls asleep and stops.
//!
//! There is no clock: a deadline here has passed when its alarm is set, or is too far off to pass.

use super::*;

fn overdue(pool: &Pool) -> Options<Registration> {
    let at = Instant::now();
    let deadline = Deadline::new(at, at - Duration::from_nanos(1), Arc::clone(pool.keeper()));
    Options { ending: Registration::new(None, Some(deadline), None), ..Options::default() }
}

fn spawn_keeper(pool: &Pool) -> JoinHandle<()> {
    pool.spawn(|pool| pool.keeper().keep_here())
}

/// Queued before its alarm is set, so that only the keeper can end it.
fn queue_then_set_alarm(pool: &Pool, tally: &Arc<Tally>) -> JobHandle<Value> {
    let (cell, job) = new_cell(tally.job(), overdue(pool));
    let target = Target::new(pool.shared().id, &job);
    assert!(pool.monitor().offer(job, Origin::Outside, NoRoom::Reject).is_ok());
    cell.extras().ending.register_target(|| target.clone()).unwrap();
    JobHandle::new(cell, PoolId::new(false))
}

#[test]
fn an_alarm_set_while_the_keeper_falls_asleep_goes_off() {
    explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let keeper = spawn_keeper(&pool);
        let job = queue_then_set_alarm(&pool, &tally);
        assert_eq!(end_of(job.join(), &tally), "expired");
        pool.keeper().stop();
        keeper.join().unwrap();
    });
}

#[test]
fn an_earlier_alarm_set_while_the_keeper_waits_for_a_later_one_goes_off() {
    explore(|| {
        let (pool, tally) = (Pool::new(2), Tally::new());
        pool.job().timeout(HOUR).submit(|| ()).unwrap().detach();
        let keeper = spawn_keeper(&pool);
        let job = queue_then_set_alarm(&pool, &tally);
        assert_eq!(end_of(job.join(), &tally), "expired");
        assert_eq!(pool.keeper().alarms(), 1);
        pool.keeper().stop();
        keeper.join().unwrap();
    });
}

// Bounded by 4: in full it takes minutes.
#[test]
fn two_alarms_set_while_the_keeper_looks_both_go_off() {
    explore_bounded(4, || {
        let (pool, tallies) = (Pool::new(2), [Tally::new(), Tally::new()]);
        let keeper = spawn_keeper(&pool);
        let jobs = [0, 1].map(|n| queue_then_set_alarm(&pool, &tallies[n]));
        for (job, tally) in jobs.into_iter().zip(&tallies) {
            assert_eq!(end_of(job.join(), tally), "expired");
        }
        pool.keeper().stop();
        keeper.join().unwrap();
    });
}

#[test]
fn a_keeper_stopped_while_it_falls_asleep_ends() {
    explore(|| {
        let pool = Pool::new(1);
        pool.job().timeout(HOUR).submit(|| ()).unwrap().detach();
        let keeper = spawn_keeper(&pool);
        pool.keeper().stop();
        keeper.join().unwrap();
    });
}

/// The keeper may come to its alarm before the job is in the queue, and find nothing there.
#[test]
fn a_deadline_that_passes_while_its_job_is_submitted_leaves_it_in_no_queue() {
    explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let keeper = spawn_keeper(&pool);
        let (cell, job) = pool.register(tally.job(), overdue(&pool));
        assert!(pool.monitor().offer(job, Origin::Outside, NoRoom::Reject).is_ok());
        dequeue_if_ended(pool.shared(), cell.header(), cell.extras().registration());
        assert_eq!(end_of(JobHandle::new(cell, PoolId::new(false)).join(), &tally), "expired");
        pool.keeper().stop();
        keeper.join().unwrap();
        let stats = pool.monitor().stats();
        assert_eq!((stats.expired, stats.queued, pool.keeper().alarms()), (1, 0, 0));
    });
}

#[test]
fn a_job_that_starts_while_its_alarm_goes_off_expires_once() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let (cell, job) = pool.register(tally.job(), overdue(&pool));
        assert!(pool.monitor().offer(job, Origin::Outside, NoRoom::Reject).is_ok());
        let keeper = spawn_keeper(&pool);
        let worker = pool.recruit(0);
        let claimed = pool.monitor().claim(cell.header(), Origin::Inside);
        let started = claimed.is_some();
        if let Some(job) = claimed {
            pool.run_here(job, &worker);
        }
        assert_eq!(end_of(JobHandle::new(cell, PoolId::new(false)).join(), &tally), "expired");
        pool.keeper().stop();
        keeper.join().unwrap();
        assert_eq!((pool.monitor().stats().expired, pool.keeper().alarms()), (1, 0));
        started
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_deadline_that_passes_while_the_job_runs_leaves_it_alone() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(2), Tally::new());
        let worker = pool.recruit(0);
        let job = pool.job().timeout(HOUR).submit(tally.job()).unwrap();
        let keeper = pool.spawn(|pool| pool.keeper().dequeue_due(Instant::now() + 2 * HOUR));
        // A second job for the worker, should the first be gone.
        pool.job().submit(|| ()).map(JobHandle::detach).unwrap();
        pool.run_one(&worker);
        keeper.join().unwrap();
        let end = end_of(job.join(), &tally);
        assert_eq!(pool.keeper().alarms(), 0, "no alarm is left behind");
        end
    });
    assert_eq!(ends, ["expired", "ran"]);
}

#[test]
fn an_overdue_head_is_rejected_by_who_comes_first_and_the_next_is_served() {
    explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        let worker = pool.recruit(0);
        pool.queue(|| ()).detach();
        let head = pool.stand_in_line_with(tally.job(), overdue(&pool));
        let next = pool.stand_in_line(|| ());
        let keeper = spawn_keeper(&pool);
        pool.run_one(&worker);
        assert_eq!(head.wait(), Standing::TimedOut);
        assert_eq!(next.wait(), Standing::Accepted);
        pool.keeper().stop();
        keeper.join().unwrap();
        drop(head.cell.take_closure());
        tally.assert_never_ran();
        let stats = pool.monitor().stats();
        assert_eq!((stats.rejected, stats.waiting, stats.queued), (1, 0, 1));
        assert_eq!(pool.keeper().alarms(), 0);
    });
}

// Bounded by 2: by 3 it takes 3 s.
#[test]
fn the_last_worker_to_leave_stops_the_keeper() {
    explore_bounded(2, || {
        let pool = Pool::new(1);
        let keeper = spawn_keeper(&pool);
        let workers = [pool.spawn_worker(0), pool.spawn_worker(1)];
        pool.shut_down(Shutdown::Drain);
        for worker in workers {
            worker.join().unwrap();
        }
        keeper.join().unwrap();
    });
}

// Bounded by 3: by 4 it takes 3 s.
#[test]
fn a_keeper_that_stops_while_a_deadline_is_set_is_left_with_no_job() {
    explore_bounded(3, || {
        let pool = Pool::new(1);
        let worker = pool.spawn_worker(0);
        let submitted = pool.spawn(|pool| pool.job().timeout(HOUR).submit(|| ()).map(JobHandle::join).is_ok());
        pool.shut_down(Shutdown::Abort);
        submitted.join().unwrap();
        worker.join().unwrap();
        let (_cell, job) = pool.register(|| (), overdue(&pool));
        assert_eq!(pool.keeper().alarms(), 0, "neither before nor after the stop");
        job.reject();
    });
}
