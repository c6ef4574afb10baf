//! What recording takes: bounded, and given back. The allocator counts for the whole process, so each is in one of its own.

use std::hint::black_box;

use crate::common::{finish, hold_worker, in_a_process_of_its_own, wait_until};
use crate::{ALLOCATOR, builder, take, timed};
use corepool::{Builder, Pool, Priority};

/// Bytes allocated and not freed.
fn live_bytes() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

fn grown(f: impl FnOnce()) -> isize {
    let before = live_bytes();
    f();
    live_bytes() - before
}

#[test]
fn a_timed_pool_takes_what_the_documentation_says() {
    in_a_process_of_its_own("memory::a_timed_pool_takes_what_the_documentation_says", || {
        // What a process makes once: the clock, the test's own threads.
        timed(1).run(|| ()).unwrap();
        let of_all_priorities = |pool: &Pool| {
            for priority in [Priority::High, Priority::Normal, Priority::Low] {
                pool.job().priority(priority).run(|| ()).unwrap();
                pool.job().priority(priority).run(|| take(1)).unwrap();
            }
        };
        let mut pools = vec![];
        let mut build_and_use = |builder: Builder| {
            grown(|| {
                let pool = builder.workers(1).build().unwrap();
                of_all_priorities(&pool);
                pools.push(pool);
            })
        };
        let (plain, timed) = (build_and_use(Pool::builder()), build_and_use(builder(1)));
        assert!(timed - plain < 40_000, "{timed} {plain}");
        let pool = pools.pop().unwrap();
        let of_all_names = || {
            for n in 0..64 {
                pool.job().name(n.to_string()).run(|| ()).unwrap();
                pool.job().name(n.to_string()).run(|| take(1)).unwrap();
            }
        };
        let names = grown(of_all_names);
        assert!(names < 64 * 12_000, "{names}");
        pool.job().name("one of the others").run(|| ()).unwrap();
        let more = grown(|| (1_000..20_000).for_each(|n| pool.job().name(n.to_string()).run(|| ()).unwrap()));
        // One of them may be the first that took long.
        assert!(more < 30 << 10, "{more}");
        let looks = grown(|| (0..1_000).for_each(|_| drop(black_box((pool.report().to_string(), pool.running())))));
        assert!(looks < 1 << 10, "{looks}");
    });
}

#[test]
fn a_timed_pool_that_was_flooded_gives_its_memory_back() {
    in_a_process_of_its_own("memory::a_timed_pool_that_was_flooded_gives_its_memory_back", || {
        let pool = builder(1).unbounded_queue().build().unwrap();
        let flood = || {
            let (gate, held) = hold_worker(&pool);
            for _ in 0..500_000 {
                pool.submit(|| ()).unwrap().detach();
            }
            gate.open();
            finish(held);
            pool.wait_idle(None).unwrap();
        };
        let before = live_bytes();
        flood();
        wait_until("it is given back while the pool is idle", || live_bytes() - before < 200 << 10);
    });
}

#[test]
fn jobs_that_have_run_leave_nothing_behind() {
    in_a_process_of_its_own("memory::jobs_that_have_run_leave_nothing_behind", || {
        let before = live_bytes();
        for _ in 0..200 {
            let pool = timed(2);
            (0..50).for_each(|n| pool.job().name((n % 70).to_string()).run(|| ()).unwrap());
            let slow = builder(1).on_slow_job(std::time::Duration::ZERO, |_| ()).build().unwrap();
            slow.run(|| take(1)).unwrap();
        }
        let left = live_bytes() - before;
        assert!(left < 100 << 10, "{left}");
    });
}
