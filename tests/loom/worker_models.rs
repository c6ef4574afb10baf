//! A worker's hooks: they run before what waits for the worker, or for its job, goes on.

use super::*;

/// As where a thread's start hook fails: the others are sent home, whether they have started or not.
// Bounded by 5: in full it takes 10 s.
#[test]
fn a_worker_whose_start_hook_panics_leaves_and_so_does_the_other() {
    explore_bounded(5, || {
        let fails = |index| {
            if index == 1 {
                resume_unwind(Box::new(()))
            }
        };
        let pool = Pool::new(1);
        let workers = [0, 1].map(|index| {
            let meter = Arc::new(Meter::new());
            pool.monitor().enter(Arc::clone(&meter));
            let hook: WorkerHook = Arc::new(Contained::new(Box::new(fails)));
            pool.spawn(move |pool| {
                let shared = Arc::clone(pool.shared());
                live(shared, index, meter, Some(hook), |started| assert_eq!(started.is_ok(), index == 0));
            })
        });
        pool.shut_down(Shutdown::Abort);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

#[test]
fn a_stop_hook_has_run_once_a_shutdown_comes_back() {
    explore(|| {
        let stopped = Arc::new(AtomicU32::new(0));
        let stop = Box::new({
            let stopped = Arc::clone(&stopped);
            move |_| stopped.store(1, Ordering::Relaxed)
        });
        let pool = Pool::with_hooks(1, Hooks { stop: Some(Arc::new(Contained::new(stop))), panic: None });
        let worker = pool.spawn_worker(0);
        pool.shut_down(Shutdown::Drain);
        assert_eq!(stopped.load(Ordering::Relaxed), 1);
        worker.join().unwrap();
    });
}

#[test]
fn a_panic_hook_has_run_once_the_handle_resolves() {
    explore(|| {
        let seen = Arc::new(AtomicU32::new(0));
        let panic = Box::new({
            let seen = Arc::clone(&seen);
            move |_: &JobPanic| seen.store(1, Ordering::Relaxed)
        });
        let pool = Pool::with_hooks(1, Hooks { stop: None, panic: Some(Arc::new(Contained::new(panic))) });
        let job = pool.queue(|| resume_unwind(Box::new(())));
        let server = pool.spawn_server(1);
        assert!(matches!(job.join(), Err(JobError::Panicked(_))));
        assert_eq!(seen.load(Ordering::Relaxed), 1);
        server.join().unwrap();
    });
}
