//! Programs that were written for another pool and then ran on this one, through a shim with that pool's own calls. Each test
//! is what the shim had to work around at first, and does no more.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};

use corepool::{JobHandle, Pool};

use super::common::{
    EXPECTED, FOREVER, Gate, assert_no_thread_named, named, on_drop, one_worker, rounds, silence_expected_panics,
    thread_name, within_a_minute,
};

/// A thread for each stage of a pipeline, which ends when its inbox does. The inboxes' senders are fields too, dropped after
/// the pool; with the pool of the original, dropping which waits for nobody, that is all the same.
struct Pipeline {
    pool: Pool,
    sum: Option<JobHandle<u32>>,
    work: mpsc::Sender<u32>,
}

impl Pipeline {
    fn new(name: &str) -> Self {
        let pool = named(name, 2);
        let ((work, inbox), (squared, squares)) = (mpsc::channel::<u32>(), mpsc::channel());
        let square = move || inbox.iter().try_for_each(|n| squared.send(n * n));
        pool.submit(square).unwrap().detach();
        let sum = pool.submit(move || squares.iter().sum()).unwrap();
        Self { pool, sum: Some(sum), work }
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.pool.clone().detach();
    }
}

#[test]
fn a_pipeline_is_dropped_field_by_field_while_its_stages_wait_for_work() {
    within_a_minute(|| {
        let mut pipeline = Pipeline::new("shim-fields");
        (1..=3).for_each(|n| pipeline.work.send(n).unwrap());
        let sum = pipeline.sum.take().unwrap();
        drop(pipeline);
        assert_eq!(sum.join().unwrap(), 14);
        assert_no_thread_named("shim-fields");
    });
}

#[test]
fn work_is_sent_on_after_the_pool_is_gone() {
    within_a_minute(|| {
        let mut pipeline = Pipeline::new("shim-sender");
        let (work, sum) = (pipeline.work.clone(), pipeline.sum.take().unwrap());
        drop(pipeline);
        (1..=3).for_each(|n| work.send(n).unwrap());
        drop(work);
        assert_eq!(sum.join().unwrap(), 14);
        assert_no_thread_named("shim-sender");
    });
}

#[test]
fn a_job_holds_the_pool_whose_last_clone_it_drops() {
    within_a_minute(|| {
        // The owner of the pool lives in what the job waits for, as in a server whose connections keep it alive.
        let (server, go, gone) = (Arc::new(Pipeline::new("shim-server")), Gate::new(), Gate::new());
        let (connection, goes, tell) = (Arc::clone(&server), go.clone(), gone.clone());
        let helper = one_worker(1);
        let told = on_drop(move || tell.open());
        helper
            .submit(move || {
                goes.pass();
                drop((connection, told));
            })
            .unwrap()
            .detach();
        drop(server);
        go.open();
        gone.pass();
        assert_no_thread_named("shim-server");
    });
}

/// threadpool's calls: jobs without handles, and `join` for all of them, those that they submit included.
#[derive(Clone)]
struct ThreadPool(Pool);

impl ThreadPool {
    fn new(workers: usize) -> Self {
        Self(Pool::builder().workers(workers).unbounded_queue().build().unwrap())
    }

    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.submit(job).unwrap().detach();
    }

    fn join(&self) {
        self.0.wait_idle(Some(FOREVER)).unwrap();
    }

    fn panic_count(&self) -> u64 {
        self.0.stats().panicked
    }
}

/// Executes `width` jobs, each of which does the same one level down.
fn fan_out(pool: &ThreadPool, width: usize, depth: u32, done: &Arc<AtomicUsize>) {
    for _ in 0..width {
        let (inner, counts) = (pool.clone(), Arc::clone(done));
        pool.execute(move || {
            if depth > 1 {
                fan_out(&inner, width, depth - 1, &counts);
            }
            counts.fetch_add(1, Ordering::SeqCst);
        });
    }
}

#[test]
fn join_waits_for_the_jobs_of_jobs() {
    for workers in 1..=4 {
        let pool = ThreadPool::new(workers);
        for _ in rounds(100) {
            let done = Arc::new(AtomicUsize::new(0));
            fan_out(&pool, 3, 4, &done);
            pool.join();
            assert_eq!(done.load(Ordering::SeqCst), 3 + 9 + 27 + 81);
        }
    }
}

#[test]
fn join_waits_for_a_job_that_another_executes_as_its_last_act() {
    for _ in rounds(1_000) {
        let (pool, done) = (ThreadPool::new(2), Arc::new(AtomicUsize::new(0)));
        let (inner, counts) = (pool.clone(), Arc::clone(&done));
        pool.execute(move || {
            inner.execute(move || {
                counts.fetch_add(1, Ordering::SeqCst);
            });
        });
        pool.join();
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn join_waits_for_the_jobs_of_jobs_that_panic() {
    silence_expected_panics();
    let (pool, done) = (ThreadPool::new(4), Arc::new(AtomicUsize::new(0)));
    for _ in 0..50 {
        let (inner, counts) = (pool.clone(), Arc::clone(&done));
        pool.execute(move || {
            inner.execute(move || {
                counts.fetch_add(1, Ordering::SeqCst);
            });
            panic!("{EXPECTED}after it has executed another");
        });
    }
    pool.join();
    assert_eq!((done.load(Ordering::SeqCst), pool.panic_count()), (50, 50));
}

/// threadpool: test_repeate_join
#[test]
fn join_may_be_called_again_and_after_nothing() {
    let (pool, done) = (ThreadPool::new(8), Arc::new(AtomicUsize::new(0)));
    pool.join();
    for round in 1..=3 {
        for _ in 0..42 {
            let counts = Arc::clone(&done);
            pool.execute(move || {
                counts.fetch_add(1, Ordering::SeqCst);
            });
        }
        pool.join();
        pool.join();
        assert_eq!(done.load(Ordering::SeqCst), round * 42);
    }
}

#[test]
fn all_who_join_go_on_from_the_same_idle_moment() {
    const JOINERS: usize = 6;
    within_a_minute(|| {
        let (clock, surfers) = (ThreadPool::new(2), ThreadPool::new(JOINERS));
        let (gate, done) = (Gate::new(), Arc::new(AtomicUsize::new(0)));
        let (inner, goes, counts) = (clock.clone(), gate.clone(), Arc::clone(&done));
        clock.execute(move || {
            goes.pass();
            fan_out(&inner, 5, 2, &counts);
        });
        let together = Arc::new(Barrier::new(JOINERS + 1));
        for _ in 0..JOINERS {
            let (clock, together, done) = (clock.clone(), Arc::clone(&together), Arc::clone(&done));
            surfers.execute(move || {
                together.wait();
                clock.join();
                assert_eq!(done.load(Ordering::SeqCst), 30);
            });
        }
        together.wait();
        gate.open();
        surfers.join();
        assert_eq!(surfers.panic_count(), 0);
    });
}

/// A pool whose users look its threads up by their name gives all of them the same.
#[test]
fn every_thread_has_the_very_name_that_was_asked_for() {
    let pool = Pool::builder().workers(3).thread_name_with(|_| "shim-exact".to_owned()).build().unwrap();
    let names = pool.broadcast(|_| thread_name()).unwrap();
    assert!(names.into_iter().all(|name| name.unwrap() == "shim-exact"));
}

/// Whoever builds the pool reads what its threads tell at their start until nobody is left to tell more.
#[test]
fn a_channel_that_a_start_hook_sends_on_ends_with_the_build() {
    within_a_minute(|| {
        let (tell, told) = mpsc::channel();
        let builder = Pool::builder().workers(3).on_worker_start(move |index| tell.send(index).unwrap());
        let pool = builder.build().unwrap();
        let mut started: Vec<_> = told.iter().collect();
        started.sort_unstable();
        assert_eq!(started, [0, 1, 2]);
        drop(pool);
    });
}
