//! Inside a job: who waits runs its own items, and nothing else.

use std::sync::{Arc, Mutex, mpsc};

use crate::common::{FOREVER, Gate, Log, finish, hold_worker, one_worker, with_workers, within_a_minute};
use crate::{BOTH, Call, Outcomes, sorted};
use corepool::{JobError, Pool, current_worker};

/// Fails if a job that maps on its own pool, to whatever depth, waits for a worker that never comes free.
#[test]
fn the_only_worker_maps_within_maps() {
    fn sum(call: Call, depth: usize) -> usize {
        let pool = Pool::current().unwrap();
        let children = move |n| if depth == 0 { n } else { sum(call, depth - 1) };
        call.on(&pool, 3, 0..5, children).map(Result::unwrap).sum()
    }
    within_a_minute(|| {
        for call in BOTH {
            let pool = one_worker(2);
            let job = pool.submit(move || sum(call, 4));
            assert_eq!(finish(job.unwrap()), 10 * 5_usize.pow(4), "{call:?}");
        }
    });
}

/// Fails if the newest items are run first, or jobs of somebody else.
#[test]
fn it_runs_its_own_items_oldest_first() {
    within_a_minute(|| {
        for call in BOTH {
            let (pool, log) = (one_worker(100), Log::default());
            let (inner, writes) = (pool.clone(), log.clone());
            let job = pool.submit(move || {
                inner.submit(writes.job(99)).unwrap().detach();
                let f = writes.clone();
                let results = call.on(&inner, 4, 0..10, move |n| {
                    f.write(n);
                    n
                });
                sorted(results)
            });
            assert_eq!(finish(job.unwrap()), Vec::from_iter(0..10), "{call:?}");
            pool.wait_idle(Some(FOREVER)).unwrap();
            assert_eq!(log.read(), Vec::from_iter((0..10).chain([99])), "{call:?}");
        }
    });
}

/// Fails if it waits for an item that runs elsewhere while others of its own are queued: that item waits for the last of them.
#[test]
fn while_the_oldest_runs_elsewhere_it_runs_the_next() {
    within_a_minute(|| {
        for call in BOTH {
            let (pool, started, last) = (with_workers(2), Gate::new(), Gate::new());
            let inner = pool.clone();
            let job = pool.submit(move || {
                let (first_runs, here) = (started.clone(), current_worker());
                let input = (0..4).inspect(move |&n| {
                    if n == 1 {
                        first_runs.pass();
                    }
                });
                let results = call.on(&inner, 4, input, move |n| {
                    match n {
                        0 => {
                            started.open();
                            last.pass();
                        }
                        3 => last.open(),
                        _ => {}
                    }
                    usize::from(current_worker() == here)
                });
                sorted(results)
            });
            assert_eq!(finish(job.unwrap()), [0, 1, 1, 1], "{call:?}");
        }
    });
}

/// Fails if a worker of another pool does not run its items, whose own workers are all busy.
#[test]
fn items_of_another_pool_are_run_here() {
    within_a_minute(|| {
        for call in BOTH {
            let (here, there) = (one_worker(8), one_worker(1));
            let (gate, held) = hold_worker(&there);
            let other = there.clone();
            let job = here.submit(move || sorted(call.on(&other, 4, 0..50, |n| n)));
            assert_eq!(finish(job.unwrap()), Vec::from_iter(0..50), "{call:?}");
            gate.open();
            finish(held);
        }
    });
}

/// Fails if an item that asks for its own result waits for it.
#[test]
fn an_item_cannot_wait_for_itself() {
    within_a_minute(|| {
        for call in BOTH {
            let (pool, gate) = (one_worker(8), Gate::new());
            let slot: Arc<Mutex<Option<Outcomes>>> = Arc::default();
            let (own, shut, (tell, told)) = (Arc::clone(&slot), gate.clone(), mpsc::channel());
            let mut results = call.on(&pool, 2, 0..2, move |n| {
                if n == 1 {
                    shut.pass();
                    let mut results = own.lock().unwrap().take().unwrap();
                    tell.send((results.next(), results.next().is_none())).unwrap();
                }
                n
            });
            assert_eq!(results.next().unwrap().unwrap(), 0);
            *slot.lock().unwrap() = Some(results);
            gate.open();
            let (own_result, is_over) = told.recv_timeout(FOREVER).unwrap();
            assert!(matches!(own_result, Some(Err(JobError::WouldDeadlock))), "{call:?}: {own_result:?}");
            assert!(is_over, "{call:?}");
        }
    });
}

/// Fails if what was asked for outside of the pool is not run when it is asked on inside.
#[test]
fn it_may_be_moved_into_a_job() {
    within_a_minute(|| {
        for call in BOTH {
            let (pool, gate) = (one_worker(100), Gate::new());
            let shut = gate.clone();
            let mut results = call.on(&pool, 4, 0..50, move |n| {
                if n == 1 {
                    shut.pass();
                }
                n
            });
            assert_eq!(results.next().unwrap().unwrap(), 0);
            let job = pool.submit(move || sorted(results)).unwrap();
            gate.open();
            assert_eq!(finish(job), Vec::from_iter(1..50), "{call:?}");
        }
    });
}

/// Fails if an item waits for itself that is given the results by a job which has found it running.
#[test]
fn an_item_that_is_given_the_results_cannot_wait_for_itself() {
    within_a_minute(|| {
        let (pool, started, (give, given)) = (with_workers(2), Gate::new(), mpsc::channel::<Outcomes>());
        let (inner, given, (tell, told)) = (pool.clone(), Mutex::new(given), mpsc::channel());
        let job = pool.submit(move || {
            let first_runs = started.clone();
            let input = (0..3).inspect(move |&n| {
                if n == 1 {
                    first_runs.pass();
                }
            });
            let mut results = Call::Unordered.on(&inner, 3, input, move |n| {
                if n == 0 {
                    started.open();
                    tell.send(Vec::from_iter(given.lock().unwrap().recv().unwrap())).unwrap();
                }
                n
            });
            let second = results.next();
            give.send(results).unwrap();
            second.unwrap().unwrap()
        });
        assert_eq!(finish(job.unwrap()), 1);
        let outcomes = told.recv_timeout(FOREVER).unwrap();
        assert!(matches!(outcomes[..], [Ok(2), Err(JobError::WouldDeadlock)]), "{outcomes:?}");
    });
}
