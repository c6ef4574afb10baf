//! Several pools in one process: a worker of one that joins a queued job of another runs it, so that pools may wait for each
//! other; and what that looks like to both of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::common::{
    EXPECTED, FOREVER, Gate, assert_no_thread_named, finish, hold_worker, named, one_worker, silence_expected_panics,
    thread_name, wait_until, within_a_minute,
};
use corepool::{
    CancelToken, Interrupted, JobError, JobHandle, Pool, Shutdown, SubmitErrorKind, WaitError, checkpoint,
    current_worker,
};

/// Runs `job` on a worker of the pool and gives what it returned.
fn inside<T: Send + 'static>(pool: &Pool, job: impl FnOnce() -> T + Send + 'static) -> T {
    finish(pool.submit(job).unwrap())
}

/// Holds the only worker of `there` while `job`, on the only worker of `here`, does what it does.
fn while_the_other_is_held<T: Send + 'static>(job: impl FnOnce(&Pool) -> T + Send + 'static) -> T {
    let (here, there) = (named("here", 1), named("there", 1));
    let (gate, held) = hold_worker(&there);
    let other = there.clone();
    let given = inside(&here, move || job(&other));
    gate.open();
    finish(held);
    given
}

#[test]
fn two_pools_of_one_worker_wait_for_each_other() {
    within_a_minute(|| {
        let (a, b) = (one_worker(8), one_worker(8));
        let (inner_a, inner_b) = (a.clone(), b.clone());
        let job = a.submit(move || {
            let again = inner_b.submit(move || inner_a.submit(|| 1).unwrap().join().unwrap() + 1).unwrap();
            again.join().unwrap() + 1
        });
        assert_eq!(finish(job.unwrap()), 3);
    });
}

/// A chain of `depth` jobs, each in the next of the pools, round and round.
fn chain(pools: &Arc<[Pool]>, at: usize, step: usize, depth: usize) -> usize {
    if depth == 0 {
        return 0;
    }
    let inner = Arc::clone(pools);
    let next = (at + step) % pools.len();
    let job = pools[at].submit(move || chain(&inner, next, step, depth - 1)).unwrap();
    1 + job.join().unwrap()
}

#[test]
fn chains_through_several_pools_end_in_both_directions() {
    within_a_minute(|| {
        for (pools, workers) in [(2, 1), (2, 2), (3, 1), (3, 2)] {
            let pools: Arc<[Pool]> = (0..pools).map(|_| Pool::builder().workers(workers).build().unwrap()).collect();
            for _ in 0..crate::common::in_debug_a_quarter_of(40) {
                thread::scope(|scope| {
                    let start = |at, step| {
                        scope.spawn({
                            let pools = &pools;
                            move || chain(pools, at, step, 30)
                        })
                    };
                    let backwards = pools.len() - 1;
                    let chains = [start(0, 1), start(1, backwards), start(0, backwards), start(1, 1)];
                    assert!(chains.into_iter().all(|chain| chain.join().unwrap() == 30));
                });
            }
            for pool in pools.iter() {
                pool.wait_idle(Some(FOREVER)).unwrap();
                let stats = pool.stats();
                assert_eq!((stats.busy, stats.queued, stats.completed), (0, 0, stats.submitted));
            }
        }
    });
}

#[test]
fn a_worker_runs_the_other_pools_job_that_it_joins_and_nothing_else() {
    within_a_minute(|| {
        // Both queues hold as many jobs, so whatever place the target has there is taken here by a decoy.
        for place in 0..4 {
            let (here, there) = (named("here", 1), named("there", 1));
            let (gate, held) = hold_worker(&there);
            let ran = Arc::new(AtomicUsize::new(0));
            let count = |pool: &Pool| {
                let ran = Arc::clone(&ran);
                pool.submit(move || ran.fetch_add(1, Ordering::SeqCst)).unwrap().detach();
            };
            let mut target = None;
            for at in 0..4 {
                if at == place {
                    target = Some(there.submit(|| (thread_name(), current_worker())).unwrap());
                } else {
                    count(&there);
                }
            }
            let (queues, submits) = (Gate::new(), Gate::new());
            let job = here.submit({
                let (queues, submits, ran) = (queues.clone(), submits.clone(), Arc::clone(&ran));
                move || {
                    submits.open();
                    queues.pass();
                    (target.unwrap().join().unwrap(), ran.load(Ordering::SeqCst))
                }
            });
            submits.pass();
            (0..4).for_each(|_| count(&here));
            queues.open();
            assert_eq!(finish(job.unwrap()), (("here-0".to_owned(), Some(0)), 0));
            gate.open();
            finish(held);
            [&here, &there].into_iter().for_each(|pool| pool.wait_idle(Some(FOREVER)).unwrap());
            assert_eq!(ran.load(Ordering::SeqCst), 7);
        }
    });
}

#[test]
fn a_job_that_is_run_elsewhere_is_counted_by_its_own_pool() {
    within_a_minute(|| {
        let (here, there) = (one_worker(8), one_worker(8));
        let (gate, held) = hold_worker(&there);
        let (other, own) = (there.clone(), here.clone());
        let counts = inside(&here, move || {
            let seen = other.clone();
            let busy = other.submit(move || (seen.stats().busy, seen.stats().queued)).unwrap().join().unwrap();
            (busy, own.stats().busy, own.stats().submitted, other.stats().completed)
        });
        assert_eq!(counts, ((2, 0), 1, 1, 1));
        gate.open();
        finish(held);
        assert_eq!((there.stats().submitted, there.stats().completed, there.stats().busy), (2, 2, 0));
        assert_eq!((here.stats().submitted, here.stats().completed), (1, 1));
    });
}

#[test]
fn a_panic_elsewhere_belongs_to_the_job_and_its_own_pools_hook() {
    silence_expected_panics();
    within_a_minute(|| {
        let (here_saw, there_saw) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let [here, there] = [&here_saw, &there_saw].map(|saw| {
            let saw = Arc::clone(saw);
            let hook = move |panic: &corepool::JobPanic| saw.lock().unwrap().push(panic.message().to_owned());
            Pool::builder().workers(1).on_panic(hook).build().unwrap()
        });
        let (gate, held) = hold_worker(&there);
        let other = there.clone();
        let error = inside(&here, move || {
            let job = other.submit(|| -> () { panic!("{EXPECTED}elsewhere") }).unwrap();
            (job.join().unwrap_err().to_string(), other.stats().panicked)
        });
        assert!(error.0.contains("elsewhere") && error.1 == 1, "{error:?}");
        gate.open();
        finish(held);
        assert!(here_saw.lock().unwrap().is_empty());
        assert_eq!(*there_saw.lock().unwrap(), [format!("{EXPECTED}elsewhere")]);
        assert_eq!((here.stats().panicked, there.stats().panicked), (0, 1));
    });
}

#[test]
fn checkpoint_speaks_for_the_job_that_runs_elsewhere_and_then_for_its_parent_again() {
    within_a_minute(|| {
        let (here, there) = (one_worker(8), one_worker(8));
        let (gate, held) = hold_worker(&there);
        let (other, token) = (there.clone(), CancelToken::new());
        let parent_token = token.clone();
        let job = here.job().token(&token).submit(move || {
            parent_token.cancel();
            let child = other.submit(checkpoint).unwrap().join().unwrap();
            let closer = other.clone();
            let asked = other.submit(move || {
                // Its pool aborts while this job runs here.
                let closed = thread::spawn(move || closer.shutdown(Shutdown::Abort, Some(Duration::ZERO)));
                closed.join().unwrap().unwrap();
                checkpoint()
            });
            (child, asked.unwrap().join().unwrap(), checkpoint())
        });
        let answers = finish(job.unwrap());
        let expected = (Ok(()), Err(Interrupted::ShuttingDown), Err(Interrupted::Cancelled));
        assert_eq!(answers, expected);
        gate.open();
        finish(held);
    });
}

#[test]
fn a_job_that_runs_elsewhere_is_inside_its_own_pool() {
    within_a_minute(|| {
        let (here, there) = (one_worker(8), one_worker(1));
        let (gate, held) = hold_worker(&there);
        let other = there.clone();
        let (waits, kind, last) = inside(&here, move || {
            let inner = other.clone();
            let job = other.submit(move || {
                // One more than there is room for: it does not wait. And then the bound holds for who will not exceed it.
                let jobs = [inner.submit(|| 1).unwrap(), inner.submit(|| 2).unwrap()];
                let kind = inner.try_submit(|| 3).unwrap_err().kind();
                let waits = [inner.wait_idle(None).unwrap_err(), inner.shutdown(Shutdown::Drain, None).unwrap_err()];
                (waits, kind, jobs.map(|job| job.join().unwrap()))
            });
            job.unwrap().join().unwrap()
        });
        assert_eq!(waits, [WaitError::WouldDeadlock; 2]);
        assert_eq!((kind, last), (SubmitErrorKind::Full, [1, 2]));
        gate.open();
        finish(held);
    });
}

/// A pool, one of whose jobs runs on another one's worker while its own is idle, and goes on with `then` once the gate is
/// open; and what the job that joins it gives.
fn with_a_job_elsewhere<T: Send + 'static>(
    then: impl FnOnce(&Pool) -> T + Send + 'static,
) -> (Pool, Gate, JobHandle<Result<T, JobError>>) {
    let (here, there) = (one_worker(8), one_worker(8));
    let (gate, held) = hold_worker(&there);
    let (begun, go) = (Gate::new(), Gate::new());
    let job = here.submit({
        let (other, begun, go) = (there.clone(), begun.clone(), go.clone());
        move || {
            let inner = other.clone();
            let job = other.submit(move || {
                begun.open();
                go.pass();
                then(&inner)
            });
            job.unwrap().join()
        }
    });
    begun.pass();
    gate.open();
    finish(held);
    // It ends with its one job.
    here.begin_shutdown(Shutdown::Drain).unwrap();
    thread::spawn(move || drop(here));
    (there, go, job.unwrap())
}

#[test]
fn a_pool_that_drains_waits_for_its_job_elsewhere_which_may_still_submit() {
    within_a_minute(|| {
        let (there, go, job) = with_a_job_elsewhere(|there| there.submit(|| 1).unwrap().join().unwrap() + 1);
        let report = there.shutdown(Shutdown::Drain, Some(Duration::from_millis(1))).unwrap();
        assert_eq!((report.completed, report.still_running), (1, 1));
        thread::scope(|scope| {
            let drained = scope.spawn(|| there.shutdown(Shutdown::Drain, None).unwrap());
            go.open();
            assert_eq!(drained.join().unwrap().completed, 3);
        });
        assert_eq!(finish(job).unwrap(), 2);
    });
}

#[test]
fn a_pool_that_aborts_waits_for_its_job_elsewhere() {
    within_a_minute(|| {
        let (there, go, job) = with_a_job_elsewhere(|_| ());
        let report = there.shutdown(Shutdown::Abort, Some(Duration::from_millis(1))).unwrap();
        assert_eq!(report.still_running, 1);
        go.open();
        let report = there.shutdown(Shutdown::Abort, None).unwrap();
        assert_eq!((report.completed, report.aborted, report.still_running), (2, 0, 0));
        finish(job).unwrap();
    });
}

#[test]
fn the_last_pool_may_be_dropped_by_its_job_elsewhere() {
    within_a_minute(|| {
        let (here, there) = (one_worker(8), named("leaves", 1));
        let (gate, held) = hold_worker(&there);
        let ran = inside(&here, move || {
            let last = there.clone();
            let job = there.submit(move || drop(last)).unwrap();
            drop(there);
            job.join().is_ok()
        });
        assert!(ran);
        gate.open();
        finish(held);
        assert_no_thread_named("leaves");
    });
}

#[test]
fn what_has_ended_is_not_run_elsewhere_either() {
    within_a_minute(|| {
        let ends = while_the_other_is_held(|there| {
            let token = CancelToken::new();
            let cancelled = there.job().token(&token).submit(|| 1).unwrap();
            let expired = there.job().timeout(Duration::ZERO).submit(|| 2).unwrap();
            token.cancel();
            (cancelled.join(), expired.join(), there.stats().cancelled, there.stats().expired)
        });
        assert!(matches!(ends, (Err(JobError::Cancelled), Err(JobError::Expired), 1, 1)), "{ends:?}");
    });
}

#[test]
fn what_another_worker_runs_already_is_waited_for() {
    within_a_minute(|| {
        let (here, there) = (one_worker(8), named("theirs", 1));
        let (begun, go, tell) = (Gate::new(), Gate::new(), mpsc::channel());
        let target = there.submit({
            let (begun, go) = (begun.clone(), go.clone());
            move || {
                begun.open();
                go.pass();
                thread_name()
            }
        });
        begun.pass();
        let job = here.submit(move || {
            tell.0.send(()).unwrap();
            target.unwrap().join().unwrap()
        });
        tell.1.recv_timeout(FOREVER).unwrap();
        wait_until("the joiner to be busy", || here.stats().busy == 1);
        go.open();
        assert_eq!(finish(job.unwrap()), "theirs-0");
    });
}

/// Uses some bytes of the stack for each level.
fn dive(levels: usize) -> usize {
    let bytes = std::hint::black_box([1_u8; 1 << 10]);
    if levels == 0 { 0 } else { usize::from(bytes[levels % bytes.len()]) + dive(levels - 1) }
}

/// A job may count on the stack that its pool was built with, and sees nothing else of the thread it runs on.
#[test]
fn a_job_that_is_run_elsewhere_has_the_stack_of_its_own_pool() {
    within_a_minute(|| {
        let sized = |name: &str, bytes| Pool::builder().workers(1).thread_name(name).stack_size(bytes).build().unwrap();
        let (small, large) = (sized("small", 256 << 10), sized("large", 64 << 20));
        let (gate, held) = hold_worker(&large);
        let (inner, small_too) = (large.clone(), small.clone());
        let told = inside(&small, move || {
            let deep = inner.submit({
                let (inner, small) = (inner.clone(), small_too);
                move || {
                    let here = (thread_name(), current_worker(), dive(8 << 10), inner.wait_idle(None));
                    // It is a worker: what it joins runs here, of either pool.
                    let nested = [inner.submit(|| dive(2 << 10)).unwrap(), small.submit(|| dive(2 << 10)).unwrap()];
                    (here, nested.map(|job| job.join().unwrap()))
                }
            });
            let told = deep.unwrap().join().unwrap();
            (told, current_worker(), checkpoint())
        });
        let here = ("small-0".to_owned(), Some(0), 8 << 10, Err(WaitError::WouldDeadlock));
        assert_eq!(told, ((here, [2 << 10; 2]), Some(0), Ok(())));
        assert_eq!((large.stats().busy, large.stats().completed, small.stats().completed), (1, 2, 2));
        gate.open();
        finish(held);
    });
}

#[test]
fn pools_of_different_stacks_wait_for_each_other() {
    within_a_minute(|| {
        let pools = [1 << 20, 4 << 20, 2 << 20]
            .map(|bytes| Pool::builder().workers(1).stack_size(bytes).queue_capacity(64).build().unwrap());
        let pools: Arc<[Pool]> = Arc::new(pools);
        thread::scope(|scope| {
            let chains = [(0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (2, 2)].map(|(at, step)| {
                let pools = &pools;
                scope.spawn(move || chain(pools, at, step, 20))
            });
            assert!(chains.into_iter().all(|chain| chain.join().unwrap() == 20));
        });
    });
}
