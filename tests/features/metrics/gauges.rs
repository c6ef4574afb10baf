//! The gauges of a pool show one moment of it.

use std::task::Waker;
use std::thread;

use corepool::metrics::PoolMetrics;
use corepool::{Pool, Priority};

use super::Exporter;
use super::scrape::Scrape;
use crate::common::{Gate, finish, hold_worker, one_worker, poll_once, wait_until, within_a_minute};

/// Of the one pool that it knows.
fn gauge(scrape: &Scrape, name: &str, labels: &[(&str, &str)]) -> f64 {
    scrape.get(name, &[&[("pool", "gauged")], labels].concat())
}

fn workers(scrape: &Scrape) -> [f64; 2] {
    ["busy", "idle"].map(|state| gauge(scrape, "corepool_workers", &[("state", state)]))
}

fn queued(scrape: &Scrape) -> [f64; 3] {
    ["high", "normal", "low"].map(|priority| gauge(scrape, "corepool_queue_length", &[("priority", priority)]))
}

fn pool(workers: usize, timings: bool) -> Pool {
    Pool::builder().workers(workers).queue_capacity(6).thread_name("gauged").timings(timings).build().unwrap()
}

#[test]
fn gauges_show_jobs_that_run_are_queued_and_wait_for_room() {
    within_a_minute(|| {
        let (exporter, pool) = (Exporter::new(), pool(3, false));
        let mut metrics = exporter.record(|| PoolMetrics::new(&pool));
        let holds = [hold_worker(&pool), hold_worker(&pool)];
        exporter.record(|| metrics.publish());
        assert_eq!(workers(&exporter.scrape()), [2.0, 1.0]);

        let (gate, held) = hold_worker(&pool);
        let broadcast = thread::spawn({
            let pool = pool.clone();
            move || pool.broadcast(|_| ()).unwrap().len()
        });
        wait_until("the broadcast is queued", || pool.stats().queued == 3);
        for (priority, jobs) in [(Priority::High, 1), (Priority::Normal, 2), (Priority::Low, 3)] {
            (0..jobs).for_each(|_| pool.job().priority(priority).submit(|| ()).unwrap().detach());
        }
        let mut waiting = Box::pin(pool.submit_async(|| ()));
        assert!(poll_once(&mut waiting, Waker::noop()).is_pending());
        exporter.record(|| metrics.publish());
        let scrape = exporter.scrape();
        assert_eq!((workers(&scrape), queued(&scrape)), ([3.0, 0.0], [1.0, 2.0, 3.0]));
        let others = ["jobs_running", "broadcasts_queued", "submitters_waiting", "queue_capacity"];
        assert_eq!(others.map(|name| gauge(&scrape, &format!("corepool_{name}"), &[])), [3.0, 3.0, 1.0, 6.0]);

        drop(waiting);
        holds.into_iter().chain([(gate, held)]).for_each(|(gate, held)| {
            gate.open();
            finish(held);
        });
        assert_eq!(broadcast.join().unwrap(), 3);
        pool.wait_idle(None).unwrap();
        exporter.record(|| metrics.publish());
        let scrape = exporter.scrape();
        assert_eq!((workers(&scrape), queued(&scrape)), ([0.0, 3.0], [0.0, 0.0, 0.0]));
        assert_eq!(others.map(|name| gauge(&scrape, &format!("corepool_{name}"), &[])), [0.0, 0.0, 0.0, 6.0]);
    });
}

/// One worker runs two jobs, the second in its join for it; the other runs none.
#[test]
fn a_worker_that_runs_a_job_in_a_join_is_one_busy_worker_with_timings_and_two_without() {
    for (timings, expected) in [(true, [1.0, 1.0]), (false, [2.0, 0.0])] {
        within_a_minute(move || {
            let pool = pool(2, timings);
            let (other, held) = hold_worker(&pool);
            let (gate, started) = (Gate::new(), Gate::new());
            let nested = pool.submit({
                let (gate, started) = (gate.clone(), started.clone());
                move || {
                    let inner = move || {
                        started.open();
                        gate.pass();
                    };
                    Pool::current().unwrap().submit(inner).unwrap().join().unwrap();
                }
            });
            started.pass();
            other.open();
            finish(held);
            wait_until("the other worker is free", || !timings || pool.running().jobs.len() == 2);
            let scrape = Exporter::of(&pool);
            assert_eq!(gauge(&scrape, "corepool_jobs_running", &[]), 2.0);
            assert_eq!(workers(&scrape), expected, "timings: {timings}");
            gate.open();
            finish(nested.unwrap());
        });
    }
}

/// A worker of another pool runs a job of a pool whose only worker is free.
#[test]
fn a_job_that_another_pool_runs_makes_no_worker_busy_with_timings_and_one_without() {
    for (timings, expected) in [(true, [0.0, 1.0]), (false, [1.0, 0.0])] {
        within_a_minute(move || {
            let (pool, elsewhere) = (pool(1, timings), one_worker(8));
            let (own, held) = hold_worker(&pool);
            let (gate, started) = (Gate::new(), Gate::new());
            let guest = pool.submit({
                let (gate, started) = (gate.clone(), started.clone());
                move || {
                    started.open();
                    gate.pass();
                }
            });
            let joiner = elsewhere.submit(move || guest.unwrap().join().unwrap()).unwrap();
            started.pass();
            let both = Exporter::of(&pool);
            assert_eq!(gauge(&both, "corepool_jobs_running", &[]), 2.0);
            assert_eq!(workers(&both), [1.0, 0.0]);

            own.open();
            finish(held);
            wait_until("the worker is free", || !timings || pool.running().jobs.len() == 1);
            let scrape = Exporter::of(&pool);
            assert_eq!(gauge(&scrape, "corepool_jobs_running", &[]), 1.0);
            assert_eq!(workers(&scrape), expected, "timings: {timings}");
            gate.open();
            finish(joiner);
        });
    }
}

#[test]
fn a_pool_without_bound_has_no_capacity_and_one_without_threads_no_workers() {
    let unbounded = Exporter::of(&Pool::builder().thread_name("gauged").unbounded_queue().build().unwrap());
    assert!(!unbounded.has("corepool_queue_capacity"));
    let inline = Pool::builder().thread_name("gauged").inline().timings(true).build().unwrap();
    let job = inline.submit(|| workers(&Exporter::of(&Pool::current().unwrap()))).unwrap();
    assert_eq!(finish(job), [0.0, 0.0]);
}
