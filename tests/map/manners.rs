//! What any iterator has: its length, what it shows of itself, how it can be passed on.

use std::iter::FusedIterator;

use crate::common::{with_workers, within_a_minute};

/// Fails if the length is not what is still to come, at any point.
#[test]
fn the_length_is_what_is_still_to_come() {
    within_a_minute(|| {
        let pool = with_workers(2);
        let (mut kept, mut unordered) = (pool.map(0..50, |n: u32| n), pool.map_unordered(0..50, |n: u32| n));
        for left in (0..50).rev() {
            assert_eq!((kept.len(), unordered.len()), (left + 1, left + 1));
            assert!(kept.next().is_some() && unordered.next().is_some());
            assert_eq!((kept.size_hint(), unordered.size_hint()), ((left, Some(left)), (left, Some(left))));
        }
        assert!(kept.next().is_none() && unordered.next().is_none());
        assert_eq!((kept.len(), unordered.len()), (0, 0));
    });
}

/// Fails if the bounds are not those of the input, and of what is in flight.
#[test]
fn bounds_follow_the_input() {
    within_a_minute(|| {
        let pool = with_workers(2);
        assert_eq!(pool.map(0_u64.., |n| n).size_hint(), (usize::MAX, None));
        let mut odd = pool.map((0..100).filter(|n| n % 2 == 1), |n: u32| n);
        assert_eq!(odd.size_hint(), (0, Some(100)));
        odd.next();
        assert_eq!(odd.size_hint(), (3, Some(95)), "three are in flight, of which the last is 7");
        let mut most = pool.map_unordered((0..usize::MAX).filter(|_| true), |n| n);
        assert_eq!(most.size_hint(), (0, Some(usize::MAX)));
        most.next();
        assert_eq!(most.size_hint(), (3, Some(usize::MAX - 1)));
    });
}

/// Fails if it cannot be kept, sent or passed on like another iterator, or shows nothing of itself.
#[test]
fn it_is_an_iterator_like_any_other() {
    fn passed_on<I: FusedIterator + Send + Sync + Unpin + 'static>(_: &I) {}
    within_a_minute(|| {
        let pool = with_workers(1);
        let mut kept = pool.map([1, 2, 3], |n: u32| n);
        let unordered = pool.map_unordered(vec![1, 2, 3], |n: u32| n).buffered(7);
        passed_on(&kept);
        passed_on(&unordered);
        kept.next();
        assert_eq!(format!("{kept:?}"), "Map { in_flight: 1, window: 2, .. }");
        assert_eq!(format!("{unordered:?}"), "MapUnordered { in_flight: 0, window: 7, .. }");
    });
}
