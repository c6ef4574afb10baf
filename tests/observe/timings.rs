//! Every job that runs is timed once, in whatever way it is run, before its handle resolves. What does not run is not.

use std::time::Duration;

use crate::common::{
    EXPECTED, assert_adds_up, finish, hold_worker, is_cancelled, outcome, rounds, silence_expected_panics, spin,
    within_a_minute,
};
use crate::{assert_all_timed, builder, here, hold, ran, take, timed, timed_inline};
use corepool::{CancelToken, JobError, Pool, Priority, RunError, Shutdown};

fn count(pool: &Pool) -> u64 {
    pool.timings().unwrap().all().ran.count()
}

#[test]
fn a_job_is_counted_before_its_handle_resolves() {
    let pool = timed(2);
    for done in rounds(5_000) {
        let named = pool.job().name("named").submit(|| ()).unwrap();
        finish(named);
        let timings = pool.timings().unwrap();
        let named = &timings.named[0].1;
        let counts =
            [&timings.normal.waited, &timings.normal.ran, &named.waited, &named.ran].map(|times| times.count());
        assert_eq!(counts, [done as u64 + 1; 4]);
    }
    assert_all_timed(&pool);
}

#[test]
fn every_way_to_run_a_job_counts_it_once() {
    within_a_minute(|| {
        silence_expected_panics();
        let pool = timed(1);
        // Inside, by each way.
        let (nested, claimed, polled) = (
            || here().run(|| ()).unwrap(),
            || here().submit(|| ()).unwrap().join().unwrap(),
            || pollster::block_on(here().run_async(|| ())).unwrap(),
        );
        for (job, jobs) in [(nested as fn(), 2), (claimed, 2), (polled, 2), (|| (), 1)] {
            let before = count(&pool);
            finish(pool.submit(job).unwrap());
            assert_eq!(count(&pool), before + jobs);
        }
        let before = count(&pool);
        pool.run(|| ()).unwrap();
        pollster::block_on(pool.run_async(|| ())).unwrap();
        finish(pollster::block_on(pool.submit_async(|| ())).unwrap());
        finish(pool.try_submit(|| ()).unwrap());
        assert_eq!(pool.broadcast(|_| ()).unwrap().len(), 1);
        assert!(matches!(outcome(pool.submit(|| panic!("{EXPECTED}")).unwrap()), Err(JobError::Panicked(_))));
        finish(pool.submit(|| assert!(here().run(|| panic!("{EXPECTED}")).is_err())).unwrap());
        assert_eq!(count(&pool), before + 8);
        assert_all_timed(&pool);
        assert_adds_up(&pool.stats());
    });
}

#[test]
fn guests_are_counted_in_their_own_pool() {
    silence_expected_panics();
    for stack_size in [1 << 20, 8 << 20] {
        let (at, there) = (timed(1), builder(1).stack_size(stack_size).build().unwrap());
        let (gate, held) = hold_worker(&there);
        let fails = there.submit(|| panic!("{EXPECTED}")).unwrap();
        let good = there.job().name("guest").submit(|| take(2)).unwrap();
        finish(at.submit(move || (good.join().unwrap(), fails.join().unwrap_err())).unwrap());
        assert_eq!((count(&at), count(&there)), (1, 2));
        assert_eq!(ran(&there.timings().unwrap(), "guest"), 1);
        let busy = there.timings().unwrap().workers[0].busy;
        gate.open();
        finish(held);
        assert!(at.timings().unwrap().workers[0].busy >= Duration::from_millis(2), "it was busy with the guest");
        assert!(there.timings().unwrap().workers[0].busy >= busy);
        assert_all_timed(&at);
        assert_all_timed(&there);
    }
}

#[test]
fn an_inline_pool_times_its_jobs() {
    silence_expected_panics();
    let pool = timed_inline();
    finish(pool.job().name("outer").submit(|| here().submit(|| ()).unwrap().join().unwrap()).unwrap());
    pool.run(|| ()).unwrap();
    pollster::block_on(pool.run_async(|| ())).unwrap();
    pool.submit(|| panic!("{EXPECTED}")).unwrap().detach();
    assert_eq!(pool.run_pending(), 1);
    pool.broadcast(|_| ()).unwrap();
    assert_eq!((count(&pool), ran(&pool.timings().unwrap(), "outer")), (6, 1));
    assert_all_timed(&pool);
}

#[test]
fn an_inline_pool_has_no_workers_to_be_busy() {
    let pool = timed_inline();
    pool.run(|| ()).unwrap();
    let timings = pool.timings().unwrap();
    assert_eq!((timings.workers.len(), timings.utilisation(0)), (pool.running().workers, None));
}

#[test]
fn what_does_not_run_is_not_counted() {
    let pool = timed(1);
    let (gate, held) = hold_worker(&pool);
    let cancelled = pool.submit(|| ()).unwrap();
    cancelled.cancel();
    assert!(is_cancelled(cancelled));
    let expired = pool.job().timeout(Duration::from_millis(1)).submit(|| ()).unwrap();
    assert!(matches!(outcome(expired), Err(JobError::Expired)));
    let before = pool.job().timeout(Duration::ZERO).submit(|| ()).unwrap();
    assert!(matches!(outcome(before), Err(JobError::Expired)));
    gate.open();
    finish(held);
    // At their start on the worker itself.
    let token = CancelToken::new();
    token.cancel();
    let unrun = pool.submit(move || {
        let expired = here().job().name("unrun").timeout(Duration::ZERO).run(|| ());
        assert!(matches!(expired, Err(RunError::Failed(JobError::Expired))));
        let cancelled = here().job().name("unrun").token(&token).run(|| ());
        assert!(matches!(cancelled, Err(RunError::Failed(JobError::Cancelled))));
    });
    finish(unrun.unwrap());
    let (gate, held) = hold_worker(&pool);
    let aborted = pool.submit(|| ()).unwrap();
    pool.begin_shutdown(Shutdown::Abort).unwrap();
    assert!(matches!(outcome(aborted), Err(JobError::Aborted)));
    gate.open();
    finish(held);
    let timings = pool.timings().unwrap();
    assert_eq!((timings.all().ran.count(), &timings.named), (3, &vec![]));
    assert_all_timed(&pool);
}

#[test]
fn each_priority_has_its_own() {
    let pool = timed(1);
    for (priority, jobs) in [(Priority::High, 1), (Priority::Normal, 2), (Priority::Low, 3)] {
        for _ in 0..jobs {
            pool.job().priority(priority).run(|| ()).unwrap();
        }
    }
    let timings = pool.timings().unwrap();
    let counts = [Priority::High, Priority::Normal, Priority::Low].map(|priority| timings.of(priority).ran.count());
    assert_eq!(counts, [1, 2, 3]);
    let fields = [&timings.high, &timings.normal, &timings.low];
    assert_eq!(fields.map(|times| times.waited.count()), [1, 2, 3]);
    let total: Duration = fields.iter().map(|times| times.ran.total()).sum();
    assert_eq!((timings.all().ran.count(), timings.all().ran.total()), (6, total));
}

#[test]
fn quantiles_and_buckets_agree_with_each_other() {
    let pool = timed(1);
    assert_eq!(pool.timings().unwrap().all().ran.quantile(0.5), None);
    for spins in rounds(2_000) {
        pool.run(move || spin(spins * 7)).unwrap();
    }
    let ran = pool.timings().unwrap().all().ran;
    let at = |q| ran.quantile(q).unwrap();
    assert_eq!((at(-1.0), at(f64::NAN), at(f64::NEG_INFINITY)), (at(0.0), at(0.0), at(0.0)));
    assert_eq!((at(2.0), at(f64::INFINITY)), (at(1.0), at(1.0)));
    let told: Vec<_> = (0..=100).map(|percent| at(f64::from(percent) / 100.0)).collect();
    assert!(told.is_sorted(), "{told:?}");
    assert!(at(0.0) <= ran.mean().unwrap() + ran.mean().unwrap() / 8 && ran.mean().unwrap() <= at(1.0));
    let buckets: Vec<_> = ran.buckets().collect();
    assert!(buckets.is_sorted_by(|a, b| a.below < b.below && a.count <= b.count), "{buckets:?}");
    assert_eq!(buckets.last().unwrap().count, ran.count());
    let bounds: Vec<_> = corepool::Times::default().buckets().map(|bucket| bucket.below).collect();
    assert_eq!(bounds, buckets.iter().map(|bucket| bucket.below).collect::<Vec<_>>());
    // The same cut, once more: the quantile of those below a bound is below it.
    for bucket in buckets.iter().filter(|bucket| bucket.count > 0) {
        let share = bucket.count as f64 / ran.count() as f64;
        assert!(at(share * 0.999) < bucket.below, "{bucket:?}");
    }
}

#[test]
fn a_worker_is_busy_with_its_outermost_jobs() {
    let pool = timed(1);
    let nested = || {
        take(5);
        here().job().name("inner").run(|| take(5)).unwrap();
    };
    pool.job().name("outer").run(nested).unwrap();
    let timings = pool.timings().unwrap();
    let outer = &timings.named.iter().find(|(name, _)| name == "outer").unwrap().1;
    assert_eq!(timings.workers[0].busy, outer.ran.total(), "the inner one is part of the outer");
    assert_eq!(timings.workers[0].cpu, outer.cpu.as_ref().map(|cpu| cpu.total()));
    assert!(outer.ran.total() >= Duration::from_millis(10));
    let busy = timings.workers[0].busy;
    assert!(busy <= timings.elapsed);
    assert_eq!(timings.utilisation(0), Some(busy.div_duration_f64(timings.elapsed)));
    assert_eq!(timings.utilisation(1), None);
}

#[test]
fn a_worker_is_busy_while_a_long_job_runs() {
    let pool = timed(2);
    let (gate, held) = hold(&pool, "held");
    let worker = pool.running().jobs[0].worker.unwrap();
    take(10);
    let before = pool.timings().unwrap();
    assert!(before.workers[worker].busy >= Duration::from_millis(10));
    assert_eq!(before.workers[1 - worker].busy, Duration::ZERO);
    take(10);
    let after = pool.timings().unwrap();
    let lately = after.clone() - &before;
    assert!(lately.workers[worker].busy >= Duration::from_millis(10));
    for timings in [before, after, lately] {
        assert!((0.0..=1.0).contains(&timings.utilisation(worker).unwrap()));
        assert_eq!((timings.utilisation(1 - worker), timings.utilisation(2)), (Some(0.0), None));
    }
    gate.open();
    finish(held);
    let timings = pool.timings().unwrap();
    assert_eq!(timings.workers[worker].busy, timings.all().ran.total());
}
