//! A plain submit is one allocation and at most 100 bytes queued beside closure and result;
//! claimed jobs and pools that have ended leave nothing behind.
//!
//! The allocator counts for the whole process, so all is measured in one test, one thing after the other.

mod common;

use std::alloc::System;
use std::hint::black_box;
use std::panic;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{FOREVER, Gate, assert_no_thread_named, finish, hold_worker, rounds, spin, within_a_minute};
use corepool::{Cancel, CancelToken, Pool, Priority, Shutdown};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn memory_is_as_promised() {
    let steps: [(&str, fn()); 14] = [
        ("a submit is one allocation", a_submit_is_one_allocation),
        ("joining does not allocate", joining_does_not_allocate),
        ("an item is one allocation", an_item_is_one_allocation),
        ("a rejection leaves nothing behind", a_rejection_leaves_nothing_behind),
        ("a queued job takes at most 100 bytes", a_queued_job_takes_at_most_100_bytes_beside_closure_and_result),
        ("a full queue takes no more for flowing", a_full_queue_takes_at_most_100_bytes_a_job_while_it_flows),
        ("few jobs among many cancelled ones take little", few_jobs_among_many_cancelled_ones_take_little),
        ("a drained queue gives its memory back", a_drained_queue_gives_its_memory_back),
        ("a drained set gives its memory back", a_drained_set_gives_its_memory_back),
        ("nested jobs leave nothing behind", nested_jobs_leave_nothing_behind),
        ("finished jobs leave nothing behind", finished_jobs_leave_nothing_behind),
        ("a token's first jobs cost two allocations", a_tokens_first_jobs_cost_two_allocations),
        ("a token is small again", a_token_is_small_again_once_its_jobs_have_gone),
        ("10,000 pools leave nothing behind", ten_thousand_pools_leave_nothing_behind),
    ];
    let mut broken = Vec::new();
    for (what, step) in steps {
        if panic::catch_unwind(|| within_a_minute(step)).is_err() {
            broken.push(what);
        }
    }
    assert!(broken.is_empty(), "not so: {broken:?}");
}

/// Bytes allocated and not freed.
fn live_bytes() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

/// How often memory was asked for while `f` ran, by anybody.
fn allocations(f: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    f();
    let change = region.change();
    change.allocations + change.reallocations
}

fn unbounded(workers: usize) -> Pool {
    Pool::builder().workers(workers).unbounded_queue().build().unwrap()
}

/// The fewest of several rounds. A queue may still grow in the first of them: which part of its memory a round uses
/// depends on how often idle workers looked.
fn fewest(round: impl FnMut() -> usize) -> usize {
    std::iter::repeat_with(round).take(20).min().unwrap_or_default()
}

fn a_submit_is_one_allocation() {
    let pool = unbounded(1);
    let payload = [1_u8; 200];
    let round = || {
        let (gate, held) = hold_worker(&pool);
        let mut jobs = Vec::with_capacity(3_000);
        let submitting = allocations(|| {
            for _ in 0..1_000 {
                jobs.push(pool.submit(move || payload.len()).unwrap());
                jobs.push(pool.try_submit(move || payload.len()).unwrap());
                jobs.push(pool.submit_timeout(move || payload.len(), FOREVER).unwrap());
            }
        });
        let running_and_joining = allocations(|| {
            gate.open();
            jobs.into_iter().for_each(|job| assert_eq!(finish(job), 200));
        });
        finish(held);
        (submitting, running_and_joining)
    };
    round();
    // The queue itself grows by some 500 places at a time, and lets go of them as it empties.
    let (submitting, running_and_joining) = (fewest(|| round().0), fewest(|| round().1));
    assert!((3_000..=3_010).contains(&submitting), "{submitting} allocations for 3,000 jobs");
    assert!(running_and_joining <= 10, "{running_and_joining} allocations to run and join 3,000 jobs");
}

fn joining_does_not_allocate() {
    let pool = unbounded(2);
    let wait = || {
        let gate = Gate::new();
        let pass = gate.clone();
        let job = pool.submit(move || pass.pass()).unwrap();
        allocations(|| {
            let job = job.join_timeout(Duration::from_millis(2)).expect_err("the gate is shut");
            gate.open();
            job.join().unwrap();
        })
    };
    // The first wait makes this thread's parker.
    wait();
    assert_eq!(fewest(wait), 0);
    // One by one, whoever of the two is the faster: one allocation a job, for submitting it.
    let one_by_one = || {
        allocations(|| {
            for round in 0..500_usize {
                let job = pool.submit(move || spin(round)).unwrap();
                job.join().unwrap();
            }
        })
    };
    assert_eq!(fewest(one_by_one), 500);
}

fn an_item_is_one_allocation() {
    let pool = unbounded(2);
    // And a few for the iterator itself.
    let kept = || allocations(|| pool.map(0..5_000_usize, spin).buffered(100).for_each(|item| item.unwrap()));
    let unordered =
        || allocations(|| pool.map_unordered(0..5_000_usize, spin).buffered(100).for_each(|item| item.unwrap()));
    let (kept, unordered) = (fewest(kept), fewest(unordered));
    assert!((5_000..=5_020).contains(&kept), "{kept} allocations for 5,000 items");
    // It has a waker for each item in flight, and its lists grow.
    assert!((5_000..=5_200).contains(&unordered), "{unordered} allocations for 5,000 items");
}

fn a_rejection_leaves_nothing_behind() {
    let pool = Pool::builder().workers(1).queue_capacity(1).build().unwrap();
    let (gate, held) = hold_worker(&pool);
    pool.submit(|| ()).unwrap().detach();
    let reject = || {
        pool.try_submit(|| ()).unwrap_err();
        pool.submit_timeout(|| (), Duration::ZERO).unwrap_err();
    };
    reject();
    let before = live_bytes();
    for _ in 0..10_000 {
        reject();
    }
    assert_eq!(live_bytes() - before, 0);
    gate.open();
    finish(held);
}

fn a_queued_job_takes_at_most_100_bytes_beside_closure_and_result() {
    let (small, large) = (1_u8, [1_u8; 240]);
    assert_at_most_100_bytes(|| || (), 0);
    assert_at_most_100_bytes(move || move || _ = black_box(small), 1);
    assert_at_most_100_bytes(move || move || _ = black_box(large), 240);
    assert_at_most_100_bytes(|| || [0_u8; 240], 240);
    assert_at_most_100_bytes(move || move || large, 240 + 240);
    assert_at_most_100_bytes(|| || 0_u64, 8);
}

/// Queues 50,000 jobs in a fresh pool behind a held worker. `own` is what closure and result take.
fn assert_at_most_100_bytes<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(job: impl Fn() -> F, own: isize) {
    const JOBS: isize = 50_000;
    let pool = unbounded(1);
    let (gate, held) = hold_worker(&pool);
    let before = live_bytes();
    for _ in 0..JOBS {
        pool.submit(job()).unwrap().detach();
    }
    let each = (live_bytes() - before) / JOBS;
    gate.open();
    finish(held);
    assert!(each >= own.min(240), "{each} bytes cannot be all");
    assert!(each - own <= 100, "{each} bytes a job, {own} of them its own");
}

fn a_full_queue_takes_at_most_100_bytes_a_job_while_it_flows() {
    const JOBS: usize = 20_000;
    let pool = Pool::builder().workers(1).queue_capacity(JOBS).build().unwrap();
    let before = live_bytes();
    let (permits, permit) = mpsc::channel();
    let permit = Arc::new(Mutex::new(permit));
    let wait_for_permit = || {
        let permit = Arc::clone(&permit);
        move || permit.lock().unwrap().recv_timeout(FOREVER).unwrap()
    };
    // One of them runs, so that the queue is full.
    (0..JOBS + 1).for_each(|_| pool.submit(wait_for_permit()).unwrap().detach());
    for round in 0..JOBS {
        permits.send(()).unwrap();
        pool.submit(wait_for_permit()).unwrap().detach();
        if round.is_multiple_of(1_000) {
            let each = (live_bytes() - before) / JOBS as isize;
            assert!((72..=108).contains(&each), "{each} bytes a job, 8 of them its own");
        }
    }
    (0..JOBS + 1).for_each(|_| permits.send(()).unwrap());
    pool.wait_idle(Some(FOREVER)).unwrap();
}

fn few_jobs_among_many_cancelled_ones_take_little() {
    const JOBS: usize = 500;
    for (name, timings) in [("plain", false), ("timed", true)] {
        let pool = Pool::builder().workers(1).unbounded_queue().timings(timings).build().unwrap();
        let (gate, held) = hold_worker(&pool);
        let before = live_bytes();
        let order = Arc::new(Mutex::new(Vec::with_capacity(JOBS)));
        let note = |n: usize| {
            let order = Arc::clone(&order);
            move || order.lock().unwrap().push(n)
        };
        let mut kept: Vec<_> = (0..JOBS)
            .map(|n| {
                let kept = pool.submit(note(n)).unwrap();
                let others: Vec<_> =
                    (0..512).map(|_| pool.submit(|| unreachable!("it is cancelled")).unwrap()).collect();
                others.iter().for_each(|job| assert_eq!(job.cancel(), Cancel::Dequeued));
                kept
            })
            .collect();
        let each = (live_bytes() - before) / JOBS as isize;
        assert!(each <= 500, "{name}: {each} bytes a job, where all others were cancelled");
        // They are found where they are now.
        assert_eq!(kept.remove(200).cancel(), Cancel::Dequeued);
        gate.open();
        finish(held);
        kept.into_iter().for_each(finish);
        assert!(order.lock().unwrap().iter().copied().eq((0..JOBS).filter(|&n| n != 200)), "{name}: out of order");
    }
}

fn a_drained_queue_gives_its_memory_back() {
    let pool = unbounded(1);
    let start = live_bytes();
    for _ in 0..3 {
        let (gate, held) = hold_worker(&pool);
        for _ in 0..200_000 {
            pool.submit(|| ()).unwrap().detach();
        }
        gate.open();
        finish(held);
        pool.wait_idle(Some(FOREVER)).unwrap();
        let kept = live_bytes() - start;
        // A list of where its memory was, and a last piece of it on either side.
        assert!(kept <= 200_000 / 2, "{kept} bytes kept");
    }
}

fn a_drained_set_gives_its_memory_back() {
    const JOBS: usize = 100_000;
    let pool = unbounded(1);
    let (gate, held) = hold_worker(&pool);
    let mut jobs = pool.job_set();
    let before = live_bytes();
    for n in 0..JOBS {
        jobs.submit(move || n).unwrap();
    }
    // Each is listened for now.
    assert!(jobs.try_join_next().is_none());
    gate.open();
    for _ in 0..JOBS {
        jobs.join_next().unwrap().unwrap();
    }
    finish(held);
    pool.wait_idle(Some(FOREVER)).unwrap();
    let kept = live_bytes() - before;
    assert!(kept < 100_000, "{kept} bytes are kept");
}

fn nested_jobs_leave_nothing_behind() {
    // The promise speaks of 10 million; a debug build, ten times as slow, stops long before.
    let rounds = if cfg!(debug_assertions) { 300_000 } else { 10_000_000_u64 };
    let pool = Pool::builder().workers(1).build().unwrap();
    let inner = pool.clone();
    let parent = move || {
        inner.submit(|| ()).unwrap().join().unwrap();
        let before = live_bytes();
        let (mut sum, mut most) = (0, 0);
        for round in 0..rounds {
            sum += inner.submit(move || round % 2).unwrap().join().unwrap();
            if round.is_multiple_of(1_000) {
                most = most.max(live_bytes() - before);
            }
        }
        (sum, most)
    };
    let (sum, most) = pool.submit(parent).unwrap().join().unwrap();
    assert_eq!(sum, rounds / 2);
    assert!(most < 1 << 20, "{most} bytes more");
}

fn finished_jobs_leave_nothing_behind() {
    let pool = unbounded(2);
    let batch = || {
        let jobs: Vec<_> = (0..1_000_u32).map(|n| pool.submit(move || vec![n; 10]).unwrap()).collect();
        for (n, job) in jobs.into_iter().enumerate() {
            match n % 3 {
                0 => drop(job.join().unwrap()),
                1 => job.detach(),
                _ => drop(job.try_join()),
            }
        }
        pool.wait_idle(Some(FOREVER)).unwrap();
    };
    batch();
    let before = live_bytes();
    (0..50).for_each(|_| batch());
    let more = live_bytes() - before;
    // Room in the queue for 1,000 more jobs is no leak; 50,000 cells would be megabytes.
    assert!(more <= 100_000, "50 batches left {more} bytes");
}

fn a_tokens_first_jobs_cost_two_allocations() {
    let pool = unbounded(1);
    let round = || {
        let (gate, held) = hold_worker(&pool);
        let mut jobs = Vec::with_capacity(3);
        let token = CancelToken::new();
        let submitting = allocations(|| {
            for _ in 0..3 {
                jobs.push(pool.job().token(&token).submit(|| ()).unwrap());
            }
        });
        gate.open();
        finish(held);
        jobs.into_iter().for_each(finish);
        submitting
    };
    assert_eq!(fewest(round), 5, "one a job, and two of the token's");
}

fn a_token_is_small_again_once_its_jobs_have_gone() {
    const TOKENS: usize = 1_000;
    let pool = unbounded(1);
    let queue = |token: &CancelToken, jobs: usize| {
        for _ in 0..jobs {
            pool.job().token(token).submit(|| ()).unwrap().detach();
        }
    };
    let tokens: Vec<_> = (0..TOKENS).map(|_| CancelToken::new()).collect();
    // What the queue keeps is there before.
    let (gate, held) = hold_worker(&pool);
    (0..3 * TOKENS).for_each(|_| pool.submit(|| ()).unwrap().detach());
    gate.open();
    finish(held);
    pool.wait_idle(Some(FOREVER)).unwrap();
    let before = live_bytes();
    for token in &tokens {
        queue(token, 3);
    }
    pool.wait_idle(Some(FOREVER)).unwrap();
    let each = (live_bytes() - before) / TOKENS as isize;
    assert!(each <= 500, "{each} bytes a token");

    // A job that waits long keeps no more than itself.
    let (gate, held) = hold_worker(&pool);
    queue(&tokens[0], 20_000);
    let late = pool.job().token(&tokens[0]).priority(Priority::Low).submit(|| ()).unwrap();
    let full = live_bytes();
    let (begun, go) = (Gate::new(), Gate::new());
    let last = {
        let (begun, go) = (begun.clone(), go.clone());
        // Behind the 20,000, and before the one that waits on.
        pool.submit(move || {
            begun.open();
            go.pass();
        })
    };
    gate.open();
    finish(held);
    begun.pass();
    assert!(!late.is_finished() || pool.stats().queued == 0);
    let left = live_bytes() - before - each * TOKENS as isize;
    // Beside a few chunks of the queue's lists; the 20,000 were more than a million.
    assert!(left < 65_536 && full - before > 1_000_000, "{left} bytes are left");
    go.open();
    finish(last.unwrap());
    finish(late);
}

fn ten_thousand_pools_leave_nothing_behind() {
    (0..100).for_each(build_and_end);
    let before = live_bytes();
    for round in rounds(10_000) {
        build_and_end(round);
        if round % 1_000 == 999 {
            assert_no_thread_named("mem-pools");
        }
    }
    // Nobody joins the thread of a pool that ended on it.
    assert_no_thread_named("mem-pools");
    let more = live_bytes() - before;
    assert!(more <= 16_384, "10,000 pools left {more} bytes");
}

/// A pool with a keeper of deadlines, which ends in one of the ways there are.
fn build_and_end(round: usize) {
    let builder = Pool::builder().workers(1 + round % 3).thread_name("mem-pools");
    if round % 6 == 5 {
        builder.on_worker_start(|_| panic::resume_unwind(Box::new(()))).build().unwrap_err();
        return;
    }
    let pool = builder.build().unwrap();
    pool.submit(|| ()).unwrap().detach();
    let timed = pool.job().timeout(FOREVER).submit(|| ()).unwrap();
    match round % 6 {
        0 => finish(timed),
        1 => drop(pool.shutdown(Shutdown::Drain, None).unwrap()),
        2 => drop(pool.shutdown(Shutdown::Abort, None).unwrap()),
        3 => drop(pool.shutdown(Shutdown::Drain, Some(Duration::ZERO)).unwrap()),
        _ => {
            let last = pool.clone();
            pool.submit(move || drop(last)).unwrap().detach();
        }
    }
}
