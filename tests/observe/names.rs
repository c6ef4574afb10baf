//! Times by name: the first 64 names apart, all others together.

use std::thread;

use crate::common::finish;
use crate::{ran, timed, timed_inline};
use corepool::{Pool, Timings};

fn run(pool: &Pool, name: impl Into<std::borrow::Cow<'static, str>>) {
    pool.job().name(name).run(|| ()).unwrap();
}

fn names(timings: &Timings) -> Vec<&str> {
    timings.named.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn names_stand_in_the_order_of_their_first_use() {
    for pool in [timed(2), timed_inline()] {
        pool.run(|| ()).unwrap();
        for name in ["b", "a", "", "c", "a", "żółw\n", "b", "b"] {
            run(&pool, name);
        }
        let timings = pool.timings().unwrap();
        assert_eq!(names(&timings), ["b", "a", "", "c", "żółw\n"]);
        assert_eq!(timings.named.iter().map(|(_, times)| times.ran.count()).collect::<Vec<_>>(), [3, 2, 1, 1, 1]);
        let total = timings.named.iter().map(|(_, times)| times.ran.total()).sum();
        assert!(timings.all().ran.total() >= total, "one job has no name");
    }
}

#[test]
fn only_64_names_are_told_apart_however_many_workers_meet_them_first() {
    const JOBS: u64 = 5;
    let pool = timed(4);
    thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                let jobs: Vec<_> = (0..100).map(|n| pool.job().name(n.to_string()).submit(|| ()).unwrap()).collect();
                jobs.into_iter().for_each(finish);
            });
        }
    });
    let timings = pool.timings().unwrap();
    assert_eq!((timings.named.len(), names(&timings)[64]), (65, "other"));
    let mut first: Vec<_> = names(&timings)[..64].to_vec();
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), 64);
    for (name, times) in &timings.named[..64] {
        assert_eq!((times.ran.count(), times.waited.count()), (JOBS, JOBS), "{name}");
    }
    assert_eq!(timings.named[64].1.ran.count(), 36 * JOBS);
    // Known for good: a worker that has not met a name yet asks for it.
    for _ in 0..50 {
        run(&pool, "0");
        run(&pool, "new");
    }
    let lately = pool.timings().unwrap() - &timings;
    assert_eq!((ran(&lately, "0") + ran(&lately, "other"), ran(&lately, "new")), (100, 0));
}

#[test]
fn the_64th_name_is_told_apart_and_the_65th_is_not() {
    let pool = timed(1);
    (0..64).for_each(|n| run(&pool, n.to_string()));
    assert_eq!(names(&pool.timings().unwrap()), (0..64).map(|n| n.to_string()).collect::<Vec<_>>());
    run(&pool, "64");
    run(&pool, "63");
    let timings = pool.timings().unwrap();
    assert_eq!((timings.named.len(), ran(&timings, "63"), ran(&timings, "other")), (65, 2, 1));
}

#[test]
fn a_job_that_is_called_other_is_one_of_the_others() {
    let pool = timed(1);
    run(&pool, "other");
    run(&pool, "a");
    let before = pool.timings().unwrap();
    assert_eq!(ran(&before, "other"), 1);
    (0..70).for_each(|n| run(&pool, n.to_string()));
    run(&pool, "other");
    let (after, a_name_each) = (pool.timings().unwrap(), 63);
    assert_eq!(names(&after).iter().filter(|name| **name == "other").count(), 1);
    assert_eq!((names(&after)[64], ran(&after, "other")), ("other", 2 + 70 - a_name_each));
    let lately = after - &before;
    assert_eq!((ran(&lately, "other"), lately.named.len()), (1 + 70 - a_name_each, 65));
    let named: u64 = lately.named.iter().map(|(_, times)| times.ran.count()).sum();
    assert_eq!(named, 71);
}

#[test]
fn guests_and_workers_have_the_same_names() {
    let (at, there) = (timed(1), timed(1));
    run(&there, "both");
    let (gate, held) = crate::hold(&there, "held");
    let guest = there.job().name("both").submit(|| ()).unwrap();
    let other = there.job().name("guest").submit(|| ()).unwrap();
    finish(at.submit(move || (guest.join().unwrap(), other.join().unwrap())).unwrap());
    gate.open();
    finish(held);
    let timings = there.timings().unwrap();
    assert_eq!(names(&timings), ["both", "guest", "held"]);
    assert_eq!((ran(&timings, "both"), ran(&timings, "guest")), (2, 1));
}
