//! The calls that take the place of several: running a job to its end, letting a pool go, finding the pool that code runs in, a
//! handle that is ready, a job for every worker, a pool without threads. And what is gone for good when a join returns.
#![cfg(not(corepool_loom))]

#[path = "../common/mod.rs"]
mod common;

mod run;
mod run_async;
mod detach;
mod current;
mod weak;
mod ready;
mod gone;
mod broadcast;
mod inline;

use corepool::Pool;

/// Runs `job` on a worker of the pool and gives what it returned.
fn inside<T: Send + 'static>(pool: &Pool, job: impl FnOnce() -> T + Send + 'static) -> T {
    common::finish(pool.submit(job).unwrap())
}

/// Runs `job` as one of `there`, whose only worker is held, on the only worker of another pool, which joins it.
fn as_a_guest<T: Send + 'static>(there: &Pool, job: impl FnOnce() -> T + Send + 'static) -> T {
    let here = common::one_worker(8);
    let (gate, held) = common::hold_worker(there);
    let guest = there.submit(job).unwrap();
    let given = inside(&here, move || guest.join().unwrap());
    gate.open();
    common::finish(held);
    given
}

/// Its destructor panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}a destructor", common::EXPECTED);
    }
}
