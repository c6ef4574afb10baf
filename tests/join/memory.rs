//! Joins leave nothing behind, and those that stay at home take no memory at all.
//!
//! The allocator counts for the whole process, so each test has one of its own.

use std::alloc::System;
use std::thread;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use crate::common::{in_a_process_of_its_own, one_worker, with_workers};
use crate::{inside, repeats, with_second_elsewhere};
use corepool::Pool;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes allocated and not freed.
fn live_bytes() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

/// Does `round` that often; memory must not grow from what it was after the first hundred.
fn stays_flat(times: usize, mut round: impl FnMut()) {
    let mut start = None;
    let mut most = 0;
    for n in repeats(times) {
        round();
        if n >= 100 {
            let start = *start.get_or_insert_with(live_bytes);
            most = most.max(live_bytes() - start);
        }
    }
    // Less than a byte a round; what the threads are about to free at the moment is some hundreds.
    assert!(most < 4_096, "{most} bytes more");
}

fn count(pool: &Pool, depth: u32) -> u64 {
    match depth {
        0 => 1,
        depth => {
            let (left, right) = pool.join(|| count(pool, depth - 1), || count(pool, depth - 1));
            left + right
        }
    }
}

/// Fails if a join inside another one costs an allocation. The outermost notes which job it is called in.
#[test]
fn of_joins_in_a_job_only_the_outermost_allocates() {
    in_a_process_of_its_own("memory::of_joins_in_a_job_only_the_outermost_allocates", || {
        let pool = one_worker(1);
        let fewest = inside(&pool, |pool| {
            let round = || {
                let before = allocations();
                assert_eq!(count(pool, 12), 1 << 12);
                allocations() - before
            };
            // What watches the test may allocate at any time.
            std::iter::repeat_with(round).take(50).min()
        });
        assert_eq!(fewest, Some(1));
    });
}

/// Fails if a half that was handed over, or what a thread outside joins with, stays behind.
#[test]
fn memory_stays_flat_over_many_joins() {
    in_a_process_of_its_own("memory::memory_stays_flat_over_many_joins", || {
        let pool = with_workers(2);
        stays_flat(20_000, || _ = with_second_elsewhere(&pool, || (), || ()));
        stays_flat(2_000, || assert_eq!(count(&pool, 8), 256));
        inside(&pool, |pool| stays_flat(20_000, || _ = with_second_elsewhere(pool, || (), || ())));
        assert!(pool.halves_handed_over() > 0);
    });
}

/// Fails if a thread that ends keeps what it has joined with, such as the list of its halves.
#[test]
fn memory_stays_flat_over_many_threads_that_join() {
    in_a_process_of_its_own("memory::memory_stays_flat_over_many_threads_that_join", || {
        let pool = with_workers(1);
        let joins = || _ = with_second_elsewhere(&pool, || pool.join(|| (), || ()), || ());
        stays_flat(2_000, || thread::scope(|scope| _ = scope.spawn(joins).join()));
    });
}

/// Fails if a pool keeps what its threads have joined with, or a thread what it has joined of a pool.
#[test]
fn memory_stays_flat_over_many_pools_that_join() {
    in_a_process_of_its_own("memory::memory_stays_flat_over_many_pools_that_join", || {
        stays_flat(1_000, || {
            let pool = with_workers(2);
            with_second_elsewhere(&pool, || (), || ());
            inside(&pool, |pool| _ = with_second_elsewhere(pool, || (), || ()));
        });
    });
}
