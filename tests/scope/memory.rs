//! A scope keeps nothing of jobs that have ended, however many it spawns.
//!
//! The allocator counts for the whole process, so each test has one of its own.

use std::alloc::System;

use std::mem;
use std::sync::atomic::AtomicUsize;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use crate::common::{Gate, in_a_process_of_its_own, one_worker, wait_until, with_workers, within_a_minute};
use crate::{Live, count, inside, repeats};
use corepool::Pool;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes allocated and not freed.
fn live_bytes() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

fn two_jobs(pool: &Pool) {
    pool.scope(|scope| (0..2).for_each(|_| drop(scope.spawn(|| ()))));
}

/// By the end of the body it has ended, on another worker.
fn one_job_elsewhere(pool: &Pool) {
    pool.scope(|scope| {
        let job = scope.spawn(|| ());
        wait_until("the other worker to run it", || job.is_finished());
    });
}

/// What is allocated in the end, beyond what it was after some rounds.
fn growth(mut round: impl FnMut()) -> isize {
    let mut before = 0;
    for n in repeats(2_000) {
        if n == 200 {
            before = live_bytes();
        }
        round();
    }
    live_bytes() - before
}

/// Fails if scopes and their jobs keep each other alive.
#[test]
fn scopes_leave_nothing_behind() {
    in_a_process_of_its_own("memory::scopes_leave_nothing_behind", || {
        let pool = with_workers(2);
        let grown = growth(|| two_jobs(&pool));
        assert!(grown < 4_096, "{grown} bytes more");
        let grown = inside(&pool, |pool| growth(|| two_jobs(pool)));
        assert!(grown < 4_096, "{grown} bytes more");
        let grown = inside(&pool, |pool| growth(|| one_job_elsewhere(pool)));
        assert!(grown < 4_096, "{grown} bytes more");
        let pool = Pool::builder().inline().build().unwrap();
        let grown = growth(|| two_jobs(&pool));
        assert!(grown < 4_096, "{grown} bytes more");
    });
}

/// Fails if the list of what the owner may run grows with what others have run.
#[test]
fn a_long_scope_in_a_job_stays_small() {
    in_a_process_of_its_own("memory::a_long_scope_in_a_job_stays_small", || {
        let pool = with_workers(2);
        let most = inside(&pool, |pool| {
            pool.scope(|scope| {
                let before = live_bytes();
                let mut most = 0;
                for _ in repeats(20_000) {
                    let job = scope.spawn(|| ());
                    wait_until("the other worker to run it", || job.is_finished());
                    most = most.max(live_bytes() - before);
                }
                most
            })
        });
        assert!(most < 32_768, "{most} bytes more");
    });
}

/// Fails if cells are kept by the scope of a thread outside, which runs none.
#[test]
fn a_long_scope_outside_stays_small() {
    in_a_process_of_its_own("memory::a_long_scope_outside_stays_small", || {
        let pool = one_worker(64);
        let most = pool.scope(|scope| {
            let before = live_bytes();
            let mut most = 0;
            for _ in repeats(200_000) {
                drop(scope.spawn(|| ()));
                most = most.max(live_bytes() - before);
            }
            most
        });
        assert!(most < 65_536, "{most} bytes more");
    });
}

/// Fails if a job that runs for long keeps those that came after it in the list.
#[test]
fn a_long_job_does_not_keep_what_ended_before() {
    in_a_process_of_its_own("memory::a_long_job_does_not_keep_what_ended_before", || {
        let pool = with_workers(3);
        let most = inside(&pool, |pool| {
            let gate = Gate::new();
            pool.scope(|scope| {
                drop(scope.spawn(|| gate.pass()));
                let before = live_bytes();
                let mut most = 0;
                for _ in repeats(20_000) {
                    let job = scope.spawn(|| ());
                    wait_until("another worker to run it", || job.is_finished());
                    most = most.max(live_bytes() - before);
                }
                gate.open();
                most
            })
        });
        assert!(most < 32_768, "{most} bytes more");
    });
}

/// Fails if the scope waits for a handle to go: it would wait for ever.
#[test]
fn a_handle_that_is_forgotten_does_not_keep_the_scope_open() {
    within_a_minute(|| {
        let pool = with_workers(1);
        let live = AtomicUsize::new(0);
        pool.scope(|scope| mem::forget(scope.spawn(|| Live::new(&live))));
        assert_eq!(count(&live), 1, "its value is leaked with it");
    });
}
