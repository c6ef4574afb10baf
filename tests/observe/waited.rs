//! How long a job has waited runs from the call that submitted it, the line for room included.

use std::sync::mpsc::channel;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use crate::common::{finish, hold_worker, poll_once, ready, wait_until};
use crate::{began, builder, take, timed};
use corepool::Pool;

const LONG: Duration = Duration::from_millis(20);

/// With room for one job.
fn small() -> Pool {
    builder(1).queue_capacity(1).build().unwrap()
}

fn waited(pool: &Pool, name: &str) -> Duration {
    let timings = pool.timings().unwrap();
    let (_, times) = timings.named.iter().find(|(of, _)| of == name).unwrap();
    assert_eq!(times.waited.count(), 1);
    let waited = times.waited.total();
    assert!(waited < began().elapsed(), "{waited:?}: nobody knows since when");
    waited
}

/// To its end.
fn poll<F: Future + Unpin>(future: &mut F) -> F::Output {
    ready(poll_once(future, Waker::noop()))
}

#[test]
fn a_queued_job_waits_until_it_starts() {
    let pool = timed(1);
    let (gate, held) = hold_worker(&pool);
    let job = pool.job().name("queued").submit(|| ()).unwrap();
    take(20);
    gate.open();
    finish(held);
    finish(job);
    assert!(waited(&pool, "queued") >= LONG);
}

#[test]
fn the_line_for_room_counts() {
    for submit in [0, 1, 2] {
        let pool = small();
        let (gate, held) = hold_worker(&pool);
        let first = pool.try_submit(|| ()).unwrap();
        thread::scope(|scope| {
            let job = || pool.job().name("in line");
            let submitter = scope.spawn(move || match submit {
                0 => job().submit(|| ()).unwrap(),
                1 => job().submit_timeout(|| (), Duration::MAX).unwrap(),
                _ => pollster::block_on(job().submit_async(|| ())).unwrap(),
            });
            wait_until("it stands in line", || pool.stats().waiting == 1);
            take(20);
            gate.open();
            finish(submitter.join().unwrap());
        });
        assert!(waited(&pool, "in line") >= LONG, "{submit}");
        finish(held);
        finish(first);
    }
}

#[test]
fn the_line_counts_too_for_a_job_whose_future_a_worker_polls_on() {
    let (pool, (give, get)) = (small(), channel());
    let polls = pool.submit(move || {
        let mut future = get.recv().unwrap();
        poll(&mut future)
    });
    wait_until("it runs", || pool.stats().busy == 1);
    let first = pool.try_submit(|| ()).unwrap();
    let mut future = pool.job().name("in line").submit_async(|| ());
    assert!(poll_once(&mut future, Waker::noop()).is_pending());
    take(20);
    give.send(future).unwrap();
    finish(finish(polls.unwrap()).unwrap());
    assert!(waited(&pool, "in line") >= LONG);
    finish(first);
}

#[test]
fn a_claimed_job_waits_until_it_is_joined() {
    let pool = timed(1);
    let outer = pool.submit(|| {
        let inner = crate::here().job().name("claimed").submit(|| ()).unwrap();
        take(20);
        inner.join().unwrap();
    });
    finish(outer.unwrap());
    assert!(waited(&pool, "claimed") >= LONG);
}

#[test]
fn a_guest_waits_until_it_is_joined() {
    let (at, there) = (timed(1), timed(1));
    let (gate, held) = hold_worker(&there);
    let guest = there.job().name("guest").submit(|| ()).unwrap();
    take(20);
    finish(at.submit(move || guest.join().unwrap()).unwrap());
    assert!(waited(&there, "guest") >= LONG);
    gate.open();
    finish(held);
}

#[test]
fn a_broadcast_waits_for_its_worker() {
    let pool = timed(1);
    let (gate, held) = hold_worker(&pool);
    thread::scope(|scope| {
        let sent = scope.spawn(|| pool.broadcast(|_| ()).unwrap());
        wait_until("it is sent", || pool.stats().queued == 1);
        take(20);
        gate.open();
        sent.join().unwrap();
    });
    finish(held);
    let normal = pool.timings().unwrap().normal;
    assert!(normal.waited.total() >= LONG && normal.waited.quantile(1.0).unwrap() >= LONG);
}

#[test]
fn where_an_inline_pool_makes_room_that_counts() {
    let pool = builder(1).inline().queue_capacity(1).build().unwrap();
    pool.submit(|| take(20)).unwrap().detach();
    finish(pool.job().name("in line").submit(|| ()).unwrap());
    assert!(waited(&pool, "in line") >= LONG);
}
