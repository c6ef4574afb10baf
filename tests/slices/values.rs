//! What comes out is what a loop would give, in the order of the items.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::common::{FOREVER, hold_worker, one_worker, with_workers, within_a_minute};
use crate::{Shared, inside, repeats};
use corepool::{Pool, Shutdown};

/// Around the number of blocks, around its multiples, and where blocks grow long.
const LENGTHS: [usize; 13] = [0, 1, 2, 7, 8, 9, 15, 16, 17, 33, 100, 1_000, 20_000];

fn numbers(length: usize) -> Vec<u64> {
    (0..length as u64).collect()
}

/// What a loop would give, by each of the calls.
fn assert_all(pool: &Pool, length: usize) {
    let items = numbers(length);
    let squares: Vec<u64> = items.iter().map(|n| n * n).collect();
    assert_eq!(pool.map_slice(&items, |n| n * n), squares, "{length} items");
    assert_eq!(pool.map_slice_with(|| 0, &items, |_, n| n * n), squares, "{length} items");
    assert_eq!(pool.try_map_slice(&items, |n| Ok::<_, ()>(n * n)), Ok(squares.clone()), "{length} items");
    let mut changed = items;
    pool.for_each_mut(&mut changed, |n| *n *= *n);
    assert_eq!(changed, squares, "{length} items");
}

/// Fails if a block is left out, done twice or put in another's place, whatever the number of blocks.
#[test]
fn each_value_stands_in_its_items_place() {
    within_a_minute(|| {
        for workers in 1..=4 {
            let pool = with_workers(workers);
            LENGTHS.into_iter().for_each(|length| assert_all(&pool, length));
            inside(&pool, |pool| LENGTHS.into_iter().for_each(|length| assert_all(pool, length)));
        }
    });
}

/// Fails if a pool that has no thread, no room or no future leaves items undone, or waits for any of them.
#[test]
fn the_caller_does_what_nobody_else_can() {
    within_a_minute(|| {
        let inline = Pool::builder().inline().build().unwrap();
        LENGTHS.into_iter().for_each(|length| assert_all(&inline, length));
        inside(&inline, |pool| assert_all(pool, 1_000));
        for mode in [Shutdown::Drain, Shutdown::Abort] {
            let closed = with_workers(2);
            closed.shutdown(mode, Some(FOREVER)).unwrap();
            LENGTHS.into_iter().for_each(|length| assert_all(&closed, length));
        }
        let full = one_worker(1);
        let (gate, held) = hold_worker(&full);
        let queued = full.submit(|| ()).unwrap();
        let before = full.stats();
        LENGTHS.into_iter().for_each(|length| assert_all(&full, length));
        assert_eq!(full.stats(), before, "items are no jobs");
        gate.open();
        held.join().unwrap();
        queued.join().unwrap();
    });
}

/// Fails if an item is done twice or not at all while threads take halves from each other all the time.
#[test]
fn each_item_is_done_once() {
    within_a_minute(|| {
        let pool = with_workers(3);
        for round in repeats(300) {
            let done: Vec<AtomicU8> = (0..500 + round).map(|_| AtomicU8::new(0)).collect();
            let spread = |index: usize| crate::common::spin(index * 7919 % 64);
            let items: Vec<usize> = (0..done.len()).collect();
            let values = pool.map_slice(&items, |&index| {
                spread(index);
                done[index].fetch_add(1, Ordering::SeqCst)
            });
            assert!(values.iter().all(|&before| before == 0), "round {round}");
            assert!(done.iter().all(|count| count.load(Ordering::SeqCst) == 1), "round {round}");
        }
    });
}

/// Fails if what another thread has written is not seen by the caller, or stands elsewhere.
#[test]
fn what_others_have_made_is_there() {
    within_a_minute(|| {
        let pool = with_workers(2);
        for round in repeats(200) {
            let (shared, items) = (Shared::new(), numbers(10 + round * 5));
            let texts = pool.map_slice(&items, |&n| {
                shared.begin(n as usize);
                (n, n.to_string())
            });
            assert!(shared.elsewhere() > 0);
            for (index, (n, text)) in texts.into_iter().enumerate() {
                assert_eq!((n as usize, text), (index, index.to_string()));
            }
        }
    });
}

/// Fails if a chunk has another index or other items than `chunks_mut` gives it, at whatever chunk the items are cut.
#[test]
fn chunks_are_those_of_a_loop() {
    within_a_minute(|| {
        let pool = with_workers(3);
        for length in LENGTHS.into_iter().filter(|&length| length <= 1_000) {
            for chunk in [1, 2, 3, 7, 64, 999, 1_000, 1_001, usize::MAX] {
                let mut expected = vec![(0, 0); length];
                for (index, items) in expected.chunks_mut(chunk).enumerate() {
                    let size = items.len();
                    items.fill((index, size));
                }
                let mut found = vec![(0, 0); length];
                pool.for_each_chunk_mut(&mut found, chunk, |index, items| {
                    let size = items.len();
                    items.fill((index, size));
                });
                assert_eq!(found, expected, "{length} items in chunks of {chunk}");
            }
        }
    });
}

/// Fails if items or values without a size are counted by the memory that they take.
#[test]
fn items_and_values_may_have_no_size() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let mut units = [(); 10_000];
        assert_eq!(pool.map_slice(&units, |&unit| unit).len(), units.len());
        assert_eq!(pool.map_slice(&units, |_| 1).into_iter().sum::<usize>(), units.len());
        pool.for_each_mut(&mut units, |unit| *unit = ());
        pool.for_each_chunk_mut(&mut units, 3, |index, units| {
            assert_eq!(units.len(), if index == 3_333 { 1 } else { 3 })
        });
    });
}

/// Fails if values cannot refer to the items, or the closure not to what its caller has.
#[test]
fn values_may_borrow_from_the_items() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let words: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
        let end = String::from("9");
        let ends = pool.map_slice(&words, |word| word.strip_suffix(end.as_str()));
        assert_eq!(ends.iter().flatten().count(), 100);
        assert_eq!(ends[129], Some("12"));
    });
}
