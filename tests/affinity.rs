//! On Linux a thread may run where the one that started it may: what that means for a pool's threads when somebody is pinned.
#![cfg(target_os = "linux")]

mod common;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::{FOREVER, hold_worker, in_a_process_of_its_own, on_drop, on_every_worker, within_a_minute};
use corepool::Pool;
use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

/// Soon over, and longer than a thread is held up that submits a job: if it is over by then, the job ends there.
const SOON: Duration = Duration::from_millis(100);

fn here() -> CpuSet {
    sched_getaffinity(None).unwrap()
}

fn main_thread() -> CpuSet {
    sched_getaffinity(Pid::from_raw(std::process::id() as i32)).unwrap()
}

/// Runs `act` on a thread that is pinned to the first of the process's cores. On a machine with one core that changes
/// nothing, and a test of it passes without having shown anything.
fn pinned<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    let pin = move || {
        let cores = here();
        let first = (0..CpuSet::MAX_CPU).find(|&core| cores.is_set(core)).unwrap();
        let mut one = CpuSet::new();
        one.set(first);
        sched_setaffinity(None, &one).unwrap();
        act()
    };
    thread::spawn(pin).join().unwrap()
}

#[test]
fn the_global_pool_does_not_take_after_a_pinned_thread_that_comes_first() {
    within_a_minute(|| {
        let workers = pinned(|| Pool::global().workers());
        assert!(workers <= main_thread().count() as usize);
        assert_eq!(workers, Pool::new().unwrap().workers(), "as many as a thread gets that is not pinned");
        for worker in on_every_worker(Pool::global(), here) {
            assert_eq!(worker, main_thread());
        }
    });
}

#[test]
fn nor_does_one_that_a_pinned_thread_configures() {
    const NAME: &str = "nor_does_one_that_a_pinned_thread_configures";
    in_a_process_of_its_own(NAME, || {
        let (tell, told) = mpsc::channel();
        let caller = pinned(move || {
            let name_of = move |_| {
                tell.send(thread::current().id()).unwrap();
                String::from("af-own")
            };
            Pool::builder().thread_name_with(name_of).build_global().unwrap();
            thread::current().id()
        });
        assert_eq!(Pool::global().workers(), Pool::new().unwrap().workers());
        for worker in on_every_worker(Pool::global(), here) {
            assert_eq!(worker, main_thread());
        }
        assert!(told.iter().all(|thread| thread == caller), "names are made on the thread that builds");
    });
}

#[test]
fn a_pool_of_ones_own_takes_after_who_builds_it() {
    within_a_minute(|| {
        let (pool, pin) = pinned(|| (Pool::builder().workers(2).build().unwrap(), here()));
        for worker in on_every_worker(&pool, here) {
            assert_eq!(worker, pin);
        }
        assert_eq!(pinned(|| Pool::new().unwrap().workers()), 1);
    });
}

#[test]
fn the_keeper_takes_after_who_builds_the_pool_and_not_after_the_first_deadline() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).build().unwrap();
        let (gate, held) = hold_worker(&pool);
        let (tell, told) = mpsc::channel();
        let guard = on_drop(move || tell.send(here()).unwrap());
        let submitter = pool.clone();
        let job = pinned(move || submitter.job().timeout(SOON).submit(move || drop(guard)).unwrap());
        assert_eq!(told.recv_timeout(FOREVER).unwrap(), here());
        gate.open();
        held.join().unwrap();
        job.join().unwrap_err();
    });
}
