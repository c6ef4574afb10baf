//! Jobs that were cancelled, or have run, leave nothing behind: not in the queue, not with their token, not with the keeper
//! of deadlines, not in the line.
//!
//! The allocator counts for the whole process, so all is measured in one test, one thing after the other.

mod common;

use std::alloc::System;
use std::panic;
use std::task::{Context, Waker};
use std::time::Duration;

use common::{FOREVER, Gate, finish, hold_worker, one_worker, rounds, within_a_minute};
use corepool::{Cancel, CancelToken, JobError, Pool, SubmitErrorKind};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The promises speak of a million and of ten; a debug build, ten times as slow, stops at a tenth.
const MILLION: usize = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn memory_stays_flat() {
    let steps: [(&str, fn()); 10] = [
        ("a million submitted and cancelled", a_million_submitted_and_cancelled),
        ("a million cancelled by their tokens", a_million_cancelled_by_their_tokens),
        ("ten million jobs of one token", ten_million_jobs_of_one_token),
        ("a million rejected jobs of one token", a_million_rejected_jobs_of_one_token),
        ("a million claimed jobs of one token", a_million_claimed_jobs_of_one_token),
        ("a million far deadlines", a_million_far_deadlines),
        ("a million cancelled before their deadlines", a_million_cancelled_before_their_deadlines),
        ("a million futures that left the line", a_million_futures_that_left_the_line),
        ("a million items of an endless input", a_million_items_of_an_endless_input),
        ("a million jobs of one set", a_million_jobs_of_one_set),
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

/// Does `round` that often, as [`rounds`] does; memory must not grow from what it was after the first 2,000 by more than
/// what a full queue takes: its cells, some chunks of a list, a token's map.
fn stays_flat(times: usize, mut round: impl FnMut(usize)) {
    let (mut start, mut most) = (0, 0);
    for n in rounds(times) {
        round(n);
        if n == 2_000 {
            start = live_bytes();
        } else if n > 2_000 && n.is_multiple_of(500) {
            most = most.max(live_bytes() - start);
        }
    }
    // In a release build a byte a round would be more.
    assert!(most < 256 << 10, "{most} bytes more");
}

fn a_million_submitted_and_cancelled() {
    let pool = one_worker(1_000);
    let (gate, held) = hold_worker(&pool);
    stays_flat(MILLION, |_| {
        let job = pool.try_submit(|| ()).unwrap();
        assert_eq!(job.cancel(), Cancel::Dequeued);
    });
    let mut live: Vec<_> = (0..1_000).map(|_| pool.try_submit(|| ()).unwrap()).collect();
    assert_eq!(pool.try_submit(|| ()).unwrap_err().kind(), SubmitErrorKind::Full);
    // The same with others in the queue, and in all of its places.
    stays_flat(MILLION, |n| {
        let place = n * 7_919 % live.len();
        let old = live.swap_remove(place);
        assert_eq!(old.cancel(), Cancel::Dequeued);
        live.push(pool.try_submit(|| ()).unwrap());
    });
    assert_eq!(pool.try_submit(|| ()).unwrap_err().kind(), SubmitErrorKind::Full);
    gate.open();
    finish(held);
    live.into_iter().for_each(finish);
}

fn a_million_cancelled_by_their_tokens() {
    let pool = one_worker(1_000);
    let (gate, held) = hold_worker(&pool);
    stays_flat(MILLION, |n| {
        let token = CancelToken::new();
        let job = pool.job().token(&token).submit(|| ()).unwrap();
        token.cancel();
        if n.is_multiple_of(2) {
            assert!(matches!(pool.job().token(&token).submit(|| ()).unwrap().join(), Err(JobError::Cancelled)));
        }
        assert!(matches!(job.join(), Err(JobError::Cancelled)));
    });
    gate.open();
    finish(held);
}

fn ten_million_jobs_of_one_token() {
    let pool = Pool::builder().workers(2).queue_capacity(200).build().unwrap();
    let token = CancelToken::new();
    stays_flat(10 * MILLION, |n| {
        let job = pool.job().token(&token).submit(|| ()).unwrap();
        match n % 3 {
            0 => drop(job.cancel()),
            _ => job.detach(),
        }
    });
    pool.wait_idle(Some(FOREVER)).unwrap();
    token.cancel();
}

fn a_million_rejected_jobs_of_one_token() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    pool.submit(|| ()).unwrap().detach();
    let token = CancelToken::new();
    stays_flat(MILLION, |n| {
        let job = pool.job().token(&token).timeout(HOUR);
        match n % 2 {
            0 => drop(job.try_submit(|| ()).unwrap_err().into_job()),
            _ => drop(job.submit_timeout(|| (), Duration::ZERO).unwrap_err()),
        }
    });
    gate.open();
    finish(held);
}

fn a_million_claimed_jobs_of_one_token() {
    let pool = one_worker(1);
    let inner = pool.clone();
    let parent = move || {
        let token = CancelToken::new();
        stays_flat(MILLION, |_| inner.job().token(&token).timeout(HOUR).submit(|| ()).unwrap().join().unwrap());
    };
    pool.submit(parent).unwrap().join().unwrap();
}

fn a_million_far_deadlines() {
    let pool = Pool::builder().workers(2).queue_capacity(200).build().unwrap();
    stays_flat(MILLION, |n| {
        let job = pool.job().timeout(HOUR + Duration::from_secs(n as u64 % 97)).submit(|| ()).unwrap();
        match n % 100 {
            0 => finish(job),
            _ => job.detach(),
        }
    });
}

fn a_million_cancelled_before_their_deadlines() {
    let pool = one_worker(1_000);
    let (gate, held) = hold_worker(&pool);
    stays_flat(MILLION, |_| {
        assert_eq!(pool.job().timeout(HOUR).submit(|| ()).unwrap().cancel(), Cancel::Dequeued);
    });
    gate.open();
    finish(held);
}

fn a_million_futures_that_left_the_line() {
    let pool = one_worker(1);
    let (gate, held) = hold_worker(&pool);
    pool.submit(|| ()).unwrap().detach();
    let (token, mut context) = (CancelToken::new(), Context::from_waker(Waker::noop()));
    stays_flat(MILLION, |_| {
        let mut submit = Box::pin(pool.job().token(&token).timeout(HOUR).submit_async(|| ()));
        assert!(submit.as_mut().poll(&mut context).is_pending());
    });
    gate.open();
    finish(held);
}

fn a_million_items_of_an_endless_input() {
    let (pool, gate) = (Pool::builder().workers(2).build().unwrap(), Gate::new());
    let mut kept = pool.map(0_u64.., |n| n);
    stays_flat(MILLION, |n| assert_eq!(kept.next().unwrap().unwrap(), n as u64));
    drop(kept);
    // One is in flight all the time.
    let shut = gate.clone();
    let mut unordered = pool.map_unordered(0_u64.., move |n| {
        if n == 0 {
            shut.pass();
        }
        n
    });
    stays_flat(MILLION, |_| assert!(unordered.next().unwrap().is_ok()));
    gate.open();
}

/// Also beside one that never ends, and those that were cancelled, ended early or let go of.
fn a_million_jobs_of_one_set() {
    let pool = Pool::builder().workers(2).queue_capacity(200).build().unwrap();
    let (token, go) = (CancelToken::new(), Gate::new());
    let mut jobs = pool.job_set();
    let gate = go.clone();
    jobs.submit(move || gate.pass()).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    stays_flat(MILLION, |n| {
        match n % 4 {
            0 => jobs.job().token(&token).timeout(HOUR).submit(|| ()).unwrap(),
            _ => jobs.submit(|| ()).unwrap(),
        }
        match n % 50 {
            0 => drop(jobs.poll_join_next(&mut context)),
            1 => drop(jobs.try_join_next()),
            _ if jobs.len() > 10 => jobs.join_next().unwrap().unwrap(),
            _ => {}
        }
    });
    go.open();
    while let Some(outcome) = jobs.join_next() {
        outcome.unwrap();
    }
}
