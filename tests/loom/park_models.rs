//! The parker: a ring meets a thread that is about to sleep.

use super::*;

#[test]
fn a_ring_before_or_while_parking_is_heard() {
    explore(|| {
        let (parker, waker) = bell();
        let ringer = thread::spawn(move || waker.wake());
        parker.park_until(None);
        ringer.join().unwrap();
    });
}

/// What is waited for is set before the ring, and a ring may stand for several.
// Bounded by 4: in full it takes 10 s.
#[test]
fn a_wait_for_two_ringers_ends_once_both_have_rung() {
    let ends = explore_bounded(4, || {
        let (parker, waker) = bell();
        let done = Arc::new(AtomicU32::new(0));
        let ringers = [waker.clone(), waker].map(|waker| {
            let done = Arc::clone(&done);
            thread::spawn(move || {
                done.fetch_add(1, Ordering::Release);
                waker.wake();
            })
        });
        let mut parks = 0;
        while done.load(Ordering::Acquire) < 2 {
            parker.park_until(None);
            parks += 1;
        }
        for ringer in ringers {
            ringer.join().unwrap();
        }
        parks
    });
    assert_eq!(ends, [0, 1, 2]);
}
