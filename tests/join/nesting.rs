//! Halves submit and join jobs, jobs join halves, threads outside lend a hand: none of it deadlocks, and who waits runs nothing
//! but what it waits for.

use std::cell::RefCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::common::{one_worker, spin, wait_until, with_workers, within_a_minute};
use crate::{Flag, inside, repeats, with_second_elsewhere};
use corepool::{Pool, join_all};

/// Branches by joins and by jobs in turn.
fn fibonacci(pool: &Pool, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (left, right) = if n.is_multiple_of(2) {
        let branch = |n| {
            let inner = pool.clone();
            pool.submit(move || fibonacci(&inner, n)).unwrap()
        };
        let (left, right) = (branch(n - 1), branch(n - 2));
        (left.join().unwrap(), right.join().unwrap())
    } else {
        pool.join(|| fibonacci(pool, n - 1), || fibonacci(pool, n - 2))
    };
    left + right
}

/// Fails, as a hang, if a half that waits for a job, or a job that waits for a half, waits for its own thread.
#[test]
fn joins_and_jobs_nest_on_any_number_of_workers() {
    within_a_minute(|| {
        for workers in [1, 2, 4] {
            let pool = Pool::builder().workers(workers).queue_capacity(4).build().unwrap();
            for _ in repeats(20) {
                assert_eq!(inside(&pool, |pool| fibonacci(pool, 16)), 987);
                assert_eq!(fibonacci(&pool, 16), 987);
            }
        }
    });
}

/// Fails, as a hang, if several threads that each wait for the other's half do not help.
#[test]
fn many_threads_join_at_once() {
    within_a_minute(|| {
        for workers in [1, 2] {
            let pool = with_workers(workers);
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| repeats(20).for_each(|_| assert_eq!(fibonacci(&pool, 13), 233)));
                }
            });
        }
    });
}

/// The only worker's half runs on a thread outside, which waits for what the worker runs. Fails, as a hang, if jobs of its own
/// wait there for the worker.
#[test]
fn what_an_outsider_runs_for_a_worker_waits_for_no_worker() {
    fn wait_in_every_way(pool: &Pool) -> u32 {
        let submit = |n: u32| pool.submit(move || n).unwrap();
        let joined = submit(1).join().unwrap();
        let all: u32 = join_all((0..5).map(submit)).into_iter().map(Result::unwrap).sum();
        let ran = pool.run(|| 1).unwrap();
        let inner = pool.clone();
        let nested = pool.submit(move || inner.run(move || inner_sum(&Pool::current().unwrap())).unwrap());
        joined + all + ran + nested.unwrap().join().unwrap()
    }
    fn inner_sum(pool: &Pool) -> u32 {
        let (left, right) = pool.join(|| pool.run(|| 1).unwrap(), || pool.run(|| 2).unwrap());
        left + right
    }
    within_a_minute(|| {
        let pool = one_worker(4);
        for _ in repeats(100) {
            let outsider = thread::current().id();
            let for_worker = || {
                assert_eq!(thread::current().id(), outsider);
                wait_in_every_way(&pool)
            };
            let second = || with_second_elsewhere(&pool, || wait_in_every_way(&pool), for_worker);
            let ((), sums) = with_second_elsewhere(&pool, || (), second);
            assert_eq!(sums, (15, 15));
        }
    });
}

/// Fails if the panic of a job that such a thread runs, or its value, gets lost.
#[test]
fn an_outsider_that_runs_a_workers_job_leaves_it_the_workers() {
    within_a_minute(|| {
        let pool = one_worker(4);
        let for_worker = || {
            let inner = pool.clone();
            let pools = pool.submit(move || (Pool::current() == Some(inner.clone()), inner.stats().busy));
            pools.unwrap().join().unwrap()
        };
        let second = || with_second_elsewhere(&pool, || (), for_worker).1;
        assert_eq!(with_second_elsewhere(&pool, || (), second), ((), (true, 1)));
        assert_eq!(pool.stats().completed, 1);
        assert_eq!(pool.stats().busy, 0);
    });
}

/// Fails, as a hang, if who waits for a half leaves a part of it that a third thread has to give away, while the one that runs the
/// half is busy itself: each of the three waits for the innermost half.
#[test]
fn who_waits_comes_for_a_part_of_a_part() {
    within_a_minute(|| {
        let pool = with_workers(2);
        for _ in repeats(500) {
            let (begun, done) = (Flag::default(), Flag::default());
            let wait = || done.wait("the innermost half to run");
            let inner = || {
                begun.raise();
                pool.join(wait, || done.raise())
            };
            let outer = || with_second_elsewhere(&pool, wait, inner);
            with_second_elsewhere(&pool, || begun.wait("both workers to be busy"), outer);
        }
    });
}

/// A node of a binary tree: the turns taken from its root, behind a leading 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node(u64);

impl Node {
    fn descends_from(self, other: Self) -> bool {
        let (own, others) = (self.0.leading_zeros(), other.0.leading_zeros());
        own <= others && self.0 >> (others - own) == other.0
    }
}

thread_local! {
    /// What this thread is in the middle of, the innermost last.
    static IN_THE_MIDDLE_OF: RefCell<Vec<Node>> = const { RefCell::new(Vec::new()) };
}

/// Visits a tree that is deeper on its right; counts the nodes that a thread has begun in the middle of something unrelated.
fn visit(pool: &Pool, node: Node, depth: u32, strays: &AtomicUsize) {
    let outer = IN_THE_MIDDLE_OF.with_borrow_mut(|nodes| {
        let outer = nodes.last().copied();
        nodes.push(node);
        outer
    });
    if outer.is_some_and(|outer| !node.descends_from(outer)) {
        strays.fetch_add(1, Ordering::SeqCst);
    }
    if depth == 0 {
        spin(node.0 as usize * 7 % 100);
        if node.0.is_multiple_of(16) {
            thread::yield_now();
        }
    } else {
        let (left, right) = (Node(node.0 << 1), Node(node.0 << 1 | 1));
        pool.join(|| visit(pool, left, depth / 2, strays), || visit(pool, right, depth - 1, strays));
    }
    IN_THE_MIDDLE_OF.with_borrow_mut(|nodes| nodes.pop());
}

/// Fails if who waits runs a half that does not descend from the one it waits for: the tree of another caller, or another
/// branch of its own.
#[test]
fn who_waits_runs_nothing_unrelated() {
    within_a_minute(|| {
        // More workers than cores: they come late, and find that who waits has looked before them.
        let (pool, strays) = (with_workers(6), AtomicUsize::new(0));
        thread::scope(|scope| {
            for root in 4..8 {
                let (pool, strays) = (&pool, &strays);
                scope.spawn(move || repeats(1_000).for_each(|_| visit(pool, Node(root), 12, strays)));
            }
        });
        assert_eq!(strays.into_inner(), 0);
        assert!(pool.halves_handed_over() > 0);
    });
}

/// Fails, as a hang, if a thread that waits under a lock takes what wants that lock.
#[test]
fn a_lock_held_across_joins_is_waited_for_by_others_only() {
    within_a_minute(|| {
        let (pool, total) = (with_workers(2), Mutex::new(0));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in repeats(300) {
                        let mut total = total.lock().unwrap();
                        let (left, right) = pool.join(|| fibonacci(&pool, 7), || fibonacci(&pool, 7));
                        *total += left + right;
                    }
                });
            }
        });
        assert!(total.into_inner().unwrap().is_multiple_of(26));
    });
}

/// Fails if the depth of a recursion is limited by anything but the stack, on the caller or on who helps.
#[test]
fn a_list_of_100_000_is_visited_one_by_one() {
    fn first_is_deep(pool: &Pool, list: &[u32]) -> u64 {
        let Some((head, tail)) = list.split_first() else { return 0 };
        let (rest, own) = pool.join(|| first_is_deep(pool, tail), || u64::from(*head));
        rest + own
    }
    fn second_is_deep(pool: &Pool, list: &[u32]) -> u64 {
        let Some((head, tail)) = list.split_first() else { return 0 };
        let (own, rest) = pool.join(|| u64::from(*head), || second_is_deep(pool, tail));
        rest + own
    }
    within_a_minute(|| {
        let stack = 512 << 20;
        let pool = Pool::builder().workers(2).stack_size(stack).build().unwrap();
        let list: Vec<u32> = (0..100_000).collect();
        let visit_both = |pool: &Pool| (first_is_deep(pool, &list), second_is_deep(pool, &list));
        let sums = thread::scope(|scope| {
            let outside = thread::Builder::new().stack_size(stack).spawn_scoped(scope, || visit_both(&pool));
            outside.unwrap().join().unwrap()
        });
        let expected = (4_999_950_000, 4_999_950_000);
        assert_eq!(sums, expected);
        assert_eq!(inside(&pool, move |pool| (first_is_deep(pool, &list), second_is_deep(pool, &list))), expected);
    });
}

/// Fails, as a hang, if joins deep in others are plain calls for good, although the only worker has nothing to do, or who waits
/// for it has not.
#[test]
fn joins_far_down_get_help() {
    fn far_down(pool: &Pool, depth: u32) {
        if depth > 0 {
            pool.join(|| far_down(pool, depth - 1), || ());
            return;
        }
        // So many that nobody comes for that the thread exposes few again.
        (0..5_000).for_each(|_| _ = pool.join(|| (), || ()));
        let here = thread::current().id();
        wait_until("another thread to run a second half", || {
            pool.join(|| spin(10_000), || thread::current().id()).1 != here
        });
    }
    within_a_minute(|| {
        let pool = one_worker(1);
        for _ in repeats(50) {
            far_down(&pool, 20);
            with_second_elsewhere(&pool, || (), || far_down(&pool, 20));
        }
    });
}
