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

/// A thread keeps its parker, so a wait that timed out may ring into the next.
#[test]
fn a_ring_left_by_an_earlier_wait_does_not_end_the_next() {
    let ends = explore(|| {
        let pool = Pool::new(2);
        let (mut early, mut late) = (pool.queue(|| 1), pool.queue(|| 2));
        let server = pool.spawn_server(2);
        let (parker, waker) = bell();
        let gave_up = poll(&mut early, &waker).is_pending();
        let (mut parks, mut polled) = (0, poll(&mut late, &waker));
        while polled.is_pending() {
            parks += 1;
            parker.park_until(None);
            polled = poll(&mut late, &waker);
        }
        assert!(matches!(polled, Poll::Ready(Ok(2))));
        server.join().unwrap();
        (gave_up, parks)
    });
    assert_eq!(ends, [(false, 0), (false, 1), (true, 0), (true, 1), (true, 2)]);
}
