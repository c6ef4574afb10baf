//! The halves borrow from their caller, and nobody touches what they borrow once the join is over.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::{on_drop, spin, with_workers, within_a_minute};
use crate::{Flag, inside, repeats, with_second_elsewhere};
use corepool::Pool;

/// Fails if a join returns while another thread still runs its second half: that half writes after the first has ended.
#[test]
fn a_join_returns_once_its_second_half_has_ended() {
    within_a_minute(|| {
        let pool = with_workers(1);
        for round in repeats(500) {
            let mut written = vec![0; 64];
            let first_ended = Flag::default();
            let ends = on_drop(|| first_ended.raise());
            let second = || {
                first_ended.wait("the first half to end");
                // So the caller waits by now, or is about to.
                spin(round % 50 * 40);
                written.iter_mut().for_each(|byte| *byte = round);
            };
            with_second_elsewhere(&pool, move || drop(ends), second);
            assert!(written.iter().all(|byte| *byte == round));
        }
    });
}

/// Fails if what a half has written elsewhere is not seen after the join, or if two halves share what they write.
#[test]
fn a_sort_in_place_is_sorted() {
    fn sort(pool: &Pool, numbers: &mut [u32]) {
        if numbers.len() < 2 {
            return;
        }
        let pivot = numbers[numbers.len() / 2];
        let (mut less, mut next) = (0, numbers.len());
        let mut at = 0;
        while at < next {
            match numbers[at].cmp(&pivot) {
                std::cmp::Ordering::Less => {
                    numbers.swap(at, less);
                    (less, at) = (less + 1, at + 1);
                }
                std::cmp::Ordering::Equal => at += 1,
                std::cmp::Ordering::Greater => {
                    next -= 1;
                    numbers.swap(at, next);
                }
            }
        }
        let (left, rest) = numbers.split_at_mut(less);
        let right = &mut rest[next - less..];
        pool.join(|| sort(pool, left), || sort(pool, right));
    }
    within_a_minute(|| {
        let pool = with_workers(2);
        for round in repeats(40) {
            let shuffled = |n: u32| n.wrapping_mul(2_654_435_761).rotate_left(round as u32) % 10_007;
            let mut numbers: Vec<u32> = (0..20_000).map(shuffled).collect();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            numbers = match round % 2 {
                0 => inside(&pool, |pool| {
                    sort(pool, &mut numbers);
                    numbers
                }),
                _ => {
                    sort(&pool, &mut numbers);
                    numbers
                }
            };
            assert_eq!(numbers, expected, "round {round}");
        }
    });
}

/// Whether a half has found what it borrows to be something else.
static FOUND_OTHER: AtomicBool = AtomicBool::new(false);

/// What a frame of the recursion owns, and frees as a panic unwinds it.
struct Owned {
    numbers: Vec<usize>,
    text: String,
}

impl Owned {
    fn new(depth: usize) -> Self {
        Self { numbers: vec![depth; 100], text: format!("what the frame at depth {depth} owns").repeat(4) }
    }

    fn is_whole(&self, depth: usize) -> bool {
        let numbers = self.numbers.len() == 100 && self.numbers.iter().all(|number| *number == depth);
        numbers && self.text == Self::new(depth).text
    }
}

/// Joins at every depth. The first halves panic from the bottom up; so does each second half, once it has read what it
/// borrows, which it begins to do after the first has ended.
fn unwind_from(pool: &Pool, depth: usize) {
    let Some(below) = depth.checked_sub(1) else { resume_unwind(Box::new(depth)) };
    let owned = Owned::new(depth);
    let first_ended = AtomicBool::new(false);
    let second = || {
        // Not for ever, as a frame that is gone tells nothing.
        for _ in 0..1_000 {
            if first_ended.load(Ordering::SeqCst) {
                break;
            }
            thread::yield_now();
        }
        for _ in 0..5 {
            if !owned.is_whole(depth) {
                FOUND_OTHER.store(true, Ordering::SeqCst);
            }
            thread::yield_now();
        }
        resume_unwind(Box::new(depth));
    };
    let ends = on_drop(|| first_ended.store(true, Ordering::SeqCst));
    let first = || {
        let _ends = ends;
        unwind_from(pool, below);
    };
    let ((), ()) =
        if depth.is_multiple_of(3) { with_second_elsewhere(pool, first, second) } else { pool.join(first, second) };
}

/// Fails, or crashes, if a panic of the first half lets a frame go whose second half another thread runs.
#[test]
fn nobody_reads_what_a_panic_has_freed() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let mut done = 0;
        for round in repeats(2_000) {
            let unwind = |pool: &Pool| catch_unwind(AssertUnwindSafe(|| unwind_from(pool, 6))).unwrap_err();
            let payload = if round % 2 == 0 { unwind(&pool) } else { inside(&pool, move |pool| unwind(pool)) };
            assert_eq!(payload.downcast_ref(), Some(&0_usize), "that of the first half, at every depth");
            assert!(!FOUND_OTHER.load(Ordering::SeqCst), "round {round}");
            done += 1;
        }
        // Else the halves stayed at home, and nobody could read anything.
        assert!(pool.halves_handed_over() >= done, "{} in {done} rounds", pool.halves_handed_over());
    });
}
