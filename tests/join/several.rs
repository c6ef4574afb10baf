//! Joins of several pools, in each other: what belongs to one never waits for, nor speaks for, another.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use crate::common::{named, one_worker, thread_name, within_a_minute};
use crate::{inside, repeats, with_second_elsewhere};
use corepool::{Pool, Shutdown};

/// Fails if a job's join of another pool is answered by its own pool's workers, or not at all.
#[test]
fn a_job_of_another_pool_gets_help() {
    within_a_minute(|| {
        let (pool, helpers) = (named("jn-own", 1), named("jn-other", 1));
        for _ in repeats(200) {
            let others = helpers.clone();
            let names = inside(&pool, move |_| with_second_elsewhere(&others, thread_name, thread_name));
            assert_eq!(names, (String::from("jn-own-0"), String::from("jn-other-0")));
        }
        assert_eq!(pool.halves_handed_over(), 0);
    });
}

/// Fails if a thread that joins in a second pool forgets what it has exposed in the first, or hands it over to the second.
#[test]
fn halves_of_several_pools_stay_their_pools_own() {
    within_a_minute(|| {
        let (outer, inner) = (named("jn-outer", 1), named("jn-inner", 1));
        for _ in repeats(200) {
            let middle = || {
                // Exposed in the outer one, while all this goes on in the inner one and in the outer one again.
                let nested = || with_second_elsewhere(&outer, thread_name, thread_name);
                with_second_elsewhere(&inner, nested, thread_name)
            };
            let (((here, second), third), fourth) = outer.join(middle, thread_name);
            assert_eq!(second, "jn-outer-0");
            assert_eq!(third, "jn-inner-0");
            assert!(fourth == here || fourth == "jn-outer-0");
        }
    });
}

/// Branches in one pool and the other by turns.
fn fibonacci(here: &Pool, there: &Pool, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (left, right) = here.join(|| fibonacci(there, here, n - 1), || fibonacci(there, here, n - 2));
    left + right
}

/// Fails if a join that has panicked leaves what it spoke for to the next one on its thread, of another pool: that pool's half would
/// count as the first one's, or speak for a pool that is gone.
#[test]
fn a_panic_leaves_nothing_to_the_next_pools_join() {
    within_a_minute(|| {
        for is_dropped in [true, false] {
            let (first, second) = (one_worker(4), one_worker(4));
            let panicked = catch_unwind(AssertUnwindSafe(|| first.join(|| resume_unwind(Box::new(())), || ())));
            assert!(panicked.is_err());
            let first = Some(first).filter(|_| !is_dropped);
            let shut_down = || first.as_ref().is_none_or(|first| first.shutdown(Shutdown::Drain, None).is_ok());
            assert!(with_second_elsewhere(&second, || (), shut_down).1);
        }
    });
}

/// Fails, as a hang, if two pools' threads wait for each other.
#[test]
fn pools_nest_in_each_other() {
    within_a_minute(|| {
        let (one, other) = (one_worker(4), one_worker(4));
        for _ in repeats(20) {
            assert_eq!(fibonacci(&one, &other, 13), 233);
            let (here, there) = (one.clone(), other.clone());
            let both = thread::scope(|scope| {
                let first = scope.spawn(|| inside(&one, move |own| fibonacci(&there, own, 13)));
                let second = scope.spawn(|| inside(&other, move |own| fibonacci(&here, own, 13)));
                (first.join().unwrap(), second.join().unwrap())
            });
            assert_eq!(both, (233, 233));
        }
    });
}

/// Fails if a pool stays asked by, or goes on asking, a thread that has left its joins by a panic.
#[test]
fn a_panic_leaves_every_pool_as_it_was() {
    within_a_minute(|| {
        let (outer, inner) = (one_worker(4), one_worker(4));
        for round in repeats(200) {
            let throws = || with_second_elsewhere(&inner, || resume_unwind(Box::new(round)), || ());
            let joined = || {
                let thrown = catch_unwind(AssertUnwindSafe(throws)).map(drop).unwrap_err();
                assert_eq!(thrown.downcast_ref(), Some(&round));
                with_second_elsewhere(&outer, || 1, || 2)
            };
            assert_eq!(outer.join(joined, || 3), ((1, 2), 3));
            assert_eq!(with_second_elsewhere(&inner, || 1, || 2), (1, 2));
        }
    });
}

/// Fails if a half is taken along to another pool's end, or a pool's end waits for what is not its own.
#[test]
fn a_pool_that_is_built_and_dropped_in_a_half_leaves_nothing() {
    within_a_minute(|| {
        let pool = one_worker(4);
        for _ in repeats(100) {
            let with_own_pool = || {
                let own = one_worker(4);
                with_second_elsewhere(&own, || 1, || own.join(|| 2, || 3))
            };
            let joined = with_second_elsewhere(&pool, with_own_pool, with_own_pool);
            assert_eq!(joined, ((1, (2, 3)), (1, (2, 3))));
        }
    });
}
