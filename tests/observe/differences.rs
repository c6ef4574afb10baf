//! Two readings make a difference, of `Stats`, `WorkerStats` and `Timings`.

use std::time::Duration;

use crate::common::{finish, hold_worker};
use crate::{ran, take, timed};
use corepool::{Priority, Timings};

#[test]
fn counters_are_subtracted_and_what_describes_a_moment_is_the_later_readings() {
    let pool = timed(2);
    pool.run(|| ()).unwrap();
    let (before, workers_before) = (pool.stats(), pool.worker_stats());
    let (gate, held) = hold_worker(&pool);
    (0..3).for_each(|_| pool.run(|| ()).unwrap());
    let (after, workers_after) = (pool.stats(), pool.worker_stats());
    let lately = after - before;
    assert_eq!((lately.submitted, lately.completed, lately.busy, lately.workers), (4, 3, 1, 2));
    let done = |index: usize| (workers_after[index] - workers_before[index]).completed;
    assert_eq!(done(0) + done(1), 3);
    let backwards = before - after;
    assert_eq!((backwards.submitted, backwards.completed, backwards.busy), (0, 0, 0));
    assert_eq!((workers_before[0] - workers_after[0]).completed, 0);
    gate.open();
    finish(held);
}

fn counts(timings: &Timings) -> [u64; 6] {
    let of = |priority| [timings.of(priority).waited.count(), timings.of(priority).ran.count()];
    let [high, normal, low] = [Priority::High, Priority::Normal, Priority::Low].map(of);
    [high[0], high[1], normal[0], normal[1], low[0], low[1]]
}

#[test]
fn a_difference_of_timings_has_what_came_in_between() {
    let pool = timed(1);
    pool.job().name("a").run(|| take(2)).unwrap();
    pool.job().name("quiet").run(|| ()).unwrap();
    let before = pool.timings().unwrap();
    pool.job().name("a").priority(Priority::High).run(|| take(3)).unwrap();
    pool.job().name("late").priority(Priority::Low).run(|| ()).unwrap();
    pool.run(|| ()).unwrap();
    let after = pool.timings().unwrap();
    let lately = after.clone() - &before;
    assert_eq!(counts(&lately), [1; 6]);
    let names: Vec<_> = lately.named.iter().map(|(name, times)| (name.as_str(), times.ran.count())).collect();
    assert_eq!(names, [("a", 1), ("quiet", 0), ("late", 1)]);
    let all = lately.all();
    assert_eq!(all.ran.total(), after.all().ran.total() - before.all().ran.total());
    assert!((Duration::from_millis(3)..after.all().ran.total()).contains(&all.ran.total()));
    assert_eq!(lately.elapsed, after.elapsed - before.elapsed);
    assert_eq!(lately.workers[0].busy, all.ran.total());
    assert!(lately.high.ran.quantile(0.0).unwrap() >= Duration::from_millis(3));
    assert_eq!(all.cpu.map(|cpu| cpu.count()).unwrap_or(3), 3);
    let buckets = |timings: &Timings| timings.all().ran.buckets().map(|bucket| bucket.count).collect::<Vec<_>>();
    let summed: Vec<_> =
        buckets(&before).iter().zip(buckets(&lately)).map(|(before, lately)| before + lately).collect();
    assert_eq!(summed, buckets(&after));
}

#[test]
fn a_difference_to_itself_is_empty_and_one_to_nothing_is_all() {
    let (pool, fresh) = (timed(1), timed(1).timings().unwrap());
    pool.job().name("a").run(|| ()).unwrap();
    let timings = pool.timings().unwrap();
    let none = timings.clone() - &timings;
    assert_eq!((counts(&none), ran(&none, "a"), none.elapsed), ([0; 6], 0, Duration::ZERO));
    assert_eq!((none.utilisation(0), none.all().cpu_share(), none.all().ran.mean()), (None, None, None));
    assert_eq!(none.all().ran.quantile(0.5), None);
    let all = timings.clone() - &fresh;
    assert_eq!((counts(&all), &all.named), (counts(&timings), &timings.named));
}

#[test]
fn readings_the_wrong_way_round_give_nothing_and_no_panic() {
    let (pool, other) = (timed(1), timed(3));
    pool.job().name("a").run(|| take(1)).unwrap();
    let before = pool.timings().unwrap();
    pool.job().name("a").run(|| take(1)).unwrap();
    pool.job().name("b").run(|| ()).unwrap();
    let after = pool.timings().unwrap();
    let backwards = before.clone() - &after;
    assert_eq!((counts(&backwards), ran(&backwards, "a"), backwards.elapsed), ([0; 6], 0, Duration::ZERO));
    assert_eq!((backwards.workers[0].busy, backwards.all().ran.total()), (Duration::ZERO, Duration::ZERO));
    // Nor of another pool's.
    other.broadcast(|_| ()).unwrap();
    for (one, two) in [(&after, &other.timings().unwrap()), (&other.timings().unwrap(), &after)] {
        let mixed = one.clone() - two;
        assert_eq!(mixed.workers.len(), one.workers.len());
        assert!(mixed.all().ran.quantile(0.5).is_none_or(|told| told <= Duration::from_secs(60)));
        drop(format!("{mixed:?}"));
    }
}
