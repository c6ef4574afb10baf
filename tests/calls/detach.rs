//! `detach` lets a pool go: nobody waits for its end who does not ask to, and it finishes what it was given.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use crate::common::{FOREVER, Gate, assert_no_thread_named, finish, hold_worker, named, one_worker, within_a_minute};
use crate::inside;
use corepool::{Pool, Shutdown};

#[test]
fn a_job_may_wait_for_what_outlives_its_pool() {
    within_a_minute(|| {
        let pool = named("dt-outlived", 2);
        let (work, inbox) = mpsc::channel::<u32>();
        let sum = pool.submit(move || inbox.iter().sum::<u32>()).unwrap();
        // The drop would wait for ever.
        pool.detach();
        work.send(42).unwrap();
        drop(work);
        assert_eq!(finish(sum), 42);
        assert_no_thread_named("dt-outlived");
    });
}

#[test]
fn what_was_accepted_runs_and_the_threads_end() {
    within_a_minute(|| {
        let pool = named("dt-accepted", 1);
        let (gate, held) = hold_worker(&pool);
        // A deadline, so that there is a keeper's thread to end too.
        let child = || Pool::current().unwrap().job().timeout(FOREVER).submit(|| 42).unwrap();
        let queued = pool.job().timeout(FOREVER).submit(child).unwrap();
        pool.detach();
        gate.open();
        finish(held);
        assert_eq!(finish(finish(queued)), 42);
        assert_no_thread_named("dt-accepted");
    });
}

#[test]
fn clones_go_on_and_the_last_of_them_does_not_wait() {
    within_a_minute(|| {
        let pool = named("dt-clones", 1);
        let clone = pool.clone();
        pool.clone().detach();
        assert_eq!(pool.run(|| 42).unwrap(), 42);
        assert_eq!(clone.run(|| 42).unwrap(), 42);
        drop(clone);
        let (gate, held) = hold_worker(&pool);
        drop(pool);
        gate.open();
        finish(held);
        assert_no_thread_named("dt-clones");
    });
}

#[test]
fn a_field_that_is_dropped_next_does_not_wait_after_a_clone_was_detached() {
    struct Executor {
        pool: Pool,
        // Dropped after the pool, which its jobs wait for.
        _work: mpsc::Sender<()>,
    }
    impl Drop for Executor {
        fn drop(&mut self) {
            self.pool.clone().detach();
        }
    }
    within_a_minute(|| {
        let (work, inbox) = mpsc::channel();
        let executor = Executor { pool: one_worker(8), _work: work };
        let job = executor.pool.submit(move || inbox.iter().count()).unwrap();
        drop(executor);
        assert_eq!(finish(job), 0);
    });
}

#[test]
fn a_job_may_let_its_own_pool_go() {
    within_a_minute(|| {
        let let_go: [fn(Pool); 2] = [
            |own_clone| own_clone.detach(),
            |own_clone| {
                drop(own_clone);
                Pool::current().unwrap().detach();
            },
        ];
        for let_go in let_go {
            let pool = named("dt-inside", 1);
            let own_clone = pool.clone();
            inside(&pool, move || let_go(own_clone));
            // It is open still.
            let (gate, held) = hold_worker(&pool);
            drop(pool);
            gate.open();
            finish(held);
            assert_no_thread_named("dt-inside");
        }
    });
}

#[test]
fn the_global_pool_is_not_let_go_of() {
    Pool::global().clone().detach();
    inside(Pool::global(), || Pool::current().unwrap().detach());
    assert_eq!(Pool::global().run(|| 42).unwrap(), 42);
}

#[test]
fn a_shutdown_waits_all_the_same() {
    within_a_minute(|| {
        let (pool, ended) = (one_worker(8), Arc::new(AtomicBool::new(false)));
        pool.clone().detach();
        let (gate, held) = hold_worker(&pool);
        let ends = Arc::clone(&ended);
        let shut_down = thread::spawn(move || {
            let report = pool.shutdown(Shutdown::Drain, None).unwrap();
            (report.still_running, ends.load(Ordering::SeqCst))
        });
        // Time for one that does not wait to come back.
        (0..1_000).for_each(|_| thread::yield_now());
        ended.store(true, Ordering::SeqCst);
        gate.open();
        assert_eq!(shut_down.join().unwrap(), (0, true));
        finish(held);
    });
}

#[test]
fn it_may_follow_a_shutdown_that_ran_out_of_time() {
    within_a_minute(|| {
        let pool = named("dt-late", 1);
        let (gate, held) = hold_worker(&pool);
        pool.begin_shutdown(Shutdown::Drain).unwrap();
        assert_eq!(pool.shutdown(Shutdown::Drain, Some(Duration::ZERO)).unwrap().still_running, 1);
        pool.detach();
        gate.open();
        finish(held);
        assert_no_thread_named("dt-late");
    });
}

#[test]
fn a_pool_that_is_let_go_of_while_idle_ends_too() {
    within_a_minute(|| {
        let (gate, stops) = (Gate::new(), Gate::new());
        let hook = (gate.clone(), stops.clone());
        let pool = Pool::builder()
            .workers(1)
            .thread_name("dt-idle")
            .on_worker_stop(move |_| {
                hook.1.open();
                hook.0.pass();
            })
            .build()
            .unwrap();
        pool.detach();
        // It does not wait for its hooks either.
        stops.pass();
        gate.open();
        assert_no_thread_named("dt-idle");
    });
}
