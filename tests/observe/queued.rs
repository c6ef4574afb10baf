//! `running()` shows the oldest queued job of each priority, and since when it waits.

use std::time::{Duration, Instant};

use crate::common::{Gate, finish};
use crate::{hold, take, timed, timed_inline};
use corepool::{Pool, Priority, Running};

fn queued(running: &Running) -> Vec<(Priority, &str)> {
    running.queued.iter().map(|job| (job.priority, job.name.as_deref().unwrap_or("-"))).collect()
}

fn submit(pool: &Pool, priority: Priority, name: &'static str) -> corepool::JobHandle<()> {
    pool.job().priority(priority).name(name).submit(|| ()).unwrap()
}

#[test]
fn the_oldest_of_each_lane_shows_the_most_urgent_first() {
    for pool in [timed(1), timed_inline()] {
        let held = (pool.stats().workers > 0).then(|| hold(&pool, "held"));
        let low = submit(&pool, Priority::Low, "low");
        assert_eq!(queued(&pool.running()), [(Priority::Low, "low")]);
        let high = submit(&pool, Priority::High, "high");
        let later = submit(&pool, Priority::High, "later");
        assert_eq!(queued(&pool.running()), [(Priority::High, "high"), (Priority::Low, "low")]);
        let line = line!() + 1;
        let normal = pool.submit(|| ()).unwrap();
        let running = pool.running();
        let all = [(Priority::High, "high"), (Priority::Normal, "-"), (Priority::Low, "low")];
        assert_eq!(queued(&running), all);
        assert_eq!((running.queued[1].submitted_at.file(), running.queued[1].submitted_at.line()), (file!(), line));
        assert_eq!(running.queued[0].label().name.as_deref(), Some("high"));
        high.cancel();
        assert_eq!(queued(&pool.running())[0], (Priority::High, "later"));
        if let Some((gate, held)) = held {
            gate.open();
            finish(held);
        }
        [low, later, normal].into_iter().for_each(finish);
        assert_eq!(queued(&pool.running()), []);
    }
}

/// The worker takes a lane's jobs over when it has none left of it: what comes after that stands on the other side.
#[test]
fn the_oldest_is_found_on_either_side_with_its_own_age() {
    let (pool, start) = (timed(1), Instant::now());
    let (first, held) = hold(&pool, "held");
    let gates = [(); 3].map(|()| (Gate::new(), Gate::new()));
    let mut jobs = vec![held];
    for ((gate, started), name) in gates.iter().zip(["a", "b", "c"]) {
        let (gate, started) = (gate.clone(), started.clone());
        let job = move || {
            started.open();
            gate.pass();
        };
        jobs.push(pool.job().name(name).submit(job).unwrap());
    }
    take(20);
    let waits = |pool: &Pool| pool.running().queued[0].waiting_for.unwrap();
    assert!(waits(&pool) >= Duration::from_millis(20));
    first.open();
    gates[0].1.pass();
    // b and c have moved over with a, and d comes to the front.
    jobs.push(submit(&pool, Priority::Normal, "d"));
    for (running, name) in ["b", "c"].into_iter().enumerate() {
        assert_eq!(queued(&pool.running()), [(Priority::Normal, name)]);
        let waits = waits(&pool);
        assert!((Duration::from_millis(20)..start.elapsed()).contains(&waits), "{name}: {waits:?}");
        gates[running].0.open();
        gates[running + 1].1.pass();
    }
    assert_eq!(queued(&pool.running()), [(Priority::Normal, "d")]);
    let c = &pool.running().jobs[0];
    assert!((Duration::from_millis(20)..start.elapsed()).contains(&c.waited), "{c}");
    assert!(c.running_for + c.waited > waits(&pool), "d came later than c");
    gates[2].0.open();
    jobs.into_iter().for_each(finish);
}

#[test]
fn a_place_that_is_used_again_has_the_age_of_its_job() {
    let pool = timed(1);
    let (gate, held) = hold(&pool, "held");
    let old = submit(&pool, Priority::Normal, "old");
    take(20);
    old.cancel();
    let before = Instant::now();
    let new = submit(&pool, Priority::Normal, "new");
    let age = pool.running().queued[0].waiting_for.unwrap();
    assert!(age <= before.elapsed(), "{age:?} is the age of the one that has left");
    gate.open();
    finish(held);
    finish(new);
}
