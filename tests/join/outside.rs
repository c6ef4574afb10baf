//! Threads outside of the pool join, too: where a pool's own threads are not workers yet or any more, and in its hooks.

use std::hint::black_box;
use std::sync::mpsc::{self, Sender};
use std::thread;

use crate::common::{EXPECTED, FOREVER, outcome, silence_expected_panics, thread_name, with_workers, within_a_minute};
use crate::threads::at_thread_end;
use crate::{inside, repeats, with_second_elsewhere};
use corepool::{Pool, Shutdown};

/// Halves at three depths, one of them elsewhere if somebody is free: whatever a join of the pool may come to.
fn joins(pool: &Pool) -> [u32; 4] {
    let two = |n| pool.join(|| n, || n + 1);
    let ((first, second), (third, fourth)) = pool.join(|| two(1), || two(3));
    [first, second, third, fourth]
}

const JOINED: [u32; 4] = [1, 2, 3, 4];

/// Fails if only the pool's own threads get help.
#[test]
fn a_thread_outside_gets_help() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(1).thread_name("jn-help").build().unwrap();
        for _ in repeats(500) {
            assert_eq!(with_second_elsewhere(&pool, thread_name, thread_name).1, "jn-help-0");
        }
        assert!(pool.halves_handed_over() > 0);
    });
}

/// Fails if a thread that ends leaves the pool something to ask, or takes something along that others wait for.
#[test]
fn threads_come_and_go() {
    within_a_minute(|| {
        let pool = with_workers(1);
        for _ in repeats(500) {
            let joined = thread::scope(|scope| {
                let threads = [(); 2].map(|()| scope.spawn(|| joins(&pool)));
                threads.map(|thread| thread.join().unwrap())
            });
            assert_eq!(joined, [JOINED; 2]);
        }
        assert_eq!(with_second_elsewhere(&pool, || 1, || 2), (1, 2));
    });
}

/// Fails if a join needs what a thread that ends has lost, such as its parker.
#[test]
fn a_thread_local_destructor_joins_and_gets_help() {
    within_a_minute(|| {
        let pool = with_workers(1);
        for joins_before in [false, true] {
            let (answer, answers) = mpsc::channel();
            let inner = pool.clone();
            let dying = thread::spawn(move || {
                if joins_before {
                    joins(&inner);
                }
                at_thread_end(move || {
                    let waited = with_second_elsewhere(&inner, || 1, || joins(&inner));
                    answer.send((waited, joins(&inner))).unwrap();
                });
            });
            dying.join().unwrap();
            assert_eq!(answers.try_recv().unwrap(), ((1, JOINED), JOINED));
        }
    });
}

/// Leaves a worker of the pool what joins as the thread ends, once that has joined as a worker or has not.
fn leave(pool: &Pool, joins_before: bool, answer: Sender<[u32; 4]>) {
    inside(pool, move |pool| {
        if joins_before {
            assert_eq!(joins(pool), JOINED);
        }
        let inner = pool.clone();
        at_thread_end(move || answer.send(joins(&inner)).unwrap());
    });
}

/// Fails if a thread that was a worker takes itself for one still.
#[test]
fn a_dying_workers_destructors_join() {
    within_a_minute(|| {
        for mode in [Shutdown::Drain, Shutdown::Abort] {
            for joins_before in [false, true] {
                let (pool, (answer, answers)) = (with_workers(2), mpsc::channel());
                leave(&pool, joins_before, answer);
                pool.shutdown(mode, None).unwrap();
                assert_eq!(answers.recv_timeout(FOREVER).unwrap(), JOINED);
            }
        }
    });
}

/// The same where another pool is joined, which has workers that help.
#[test]
fn a_dying_worker_gets_the_help_of_other_pools() {
    within_a_minute(|| {
        let (pool, other) = (with_workers(1), with_workers(1));
        let (answer, answers) = mpsc::channel();
        let helpers = other.clone();
        inside(&pool, move |pool| {
            joins(pool);
            at_thread_end(move || answer.send(with_second_elsewhere(&helpers, || 1, || joins(&helpers))).unwrap());
        });
        pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(answers.recv_timeout(FOREVER).unwrap(), (1, JOINED));
        assert_eq!(joins(&pool), JOINED);
    });
}

/// Fails if a hook's join waits for a worker that is not there, or finds the pool in no state to join.
#[test]
fn every_hook_may_join() {
    silence_expected_panics();
    within_a_minute(|| {
        for _ in repeats(50) {
            let (note, notes) = mpsc::channel();
            let joins_in = |hook: &'static str| {
                let note = note.clone();
                move || note.send((hook, joins(&Pool::current().expect("a hook is the pool's")))).unwrap()
            };
            let (starts, stops, panics) = (joins_in("start"), joins_in("stop"), joins_in("panic"));
            let pool = Pool::builder()
                .workers(2)
                .on_worker_start(move |_| starts())
                .on_worker_stop(move |_| stops())
                .on_panic(move |_| panics())
                .build()
                .unwrap();
            outcome(pool.submit(|| panic!("{EXPECTED}for the hook")).unwrap()).unwrap_err();
            pool.shutdown(Shutdown::Drain, None).unwrap();
            drop(note);
            let mut noted: Vec<_> = notes.try_iter().collect();
            noted.sort_unstable();
            let all = ["panic", "start", "start", "stop", "stop"].map(|hook| (hook, JOINED));
            assert_eq!(noted, all);
        }
    });
}

/// Fails if a hook that runs in the middle of a job gets no help, or its half does not come back.
#[test]
fn the_hook_of_a_panic_gets_help() {
    silence_expected_panics();
    within_a_minute(|| {
        let (note, notes) = mpsc::channel();
        let hook = move |_: &_| {
            let pool = Pool::current().unwrap();
            note.send(with_second_elsewhere(&pool, || 1, || joins(&pool))).unwrap();
        };
        let pool = Pool::builder().workers(2).on_panic(hook).build().unwrap();
        outcome(pool.submit(|| panic!("{EXPECTED}for the hook")).unwrap()).unwrap_err();
        assert_eq!(notes.recv_timeout(FOREVER).unwrap(), (1, JOINED));
    });
}

/// Uses some hundred bytes of the stack for each level.
fn deep(levels: u32) -> u64 {
    let used = black_box([u64::from(levels); 32]);
    if levels == 0 { used[0] } else { deep(levels - 1) + black_box(used)[1] }
}

/// Fails, with the process, if a thread that waits runs a half that counts on the larger stacks of its pool.
#[test]
fn who_waits_on_a_small_stack_leaves_halves_to_the_pools_larger_ones() {
    within_a_minute(|| {
        let pool = Pool::builder().workers(2).stack_size(64 << 20).build().unwrap();
        let outsider = || {
            for _ in repeats(20) {
                // The worker that runs it has the first half of its own go on for a while, with the other one there to be stolen.
                let second = || {
                    let first = || (0..20_000).for_each(|_| pool.join(|| (), || ()).0);
                    pool.join(first, || deep(20_000)).1
                };
                assert_eq!(with_second_elsewhere(&pool, || (), second).1, (1..=20_000).sum::<u64>());
            }
        };
        thread::scope(|scope| {
            let small = thread::Builder::new().stack_size(1 << 20).spawn_scoped(scope, outsider);
            small.unwrap().join().unwrap();
        });
    });
}
