//! Waiting for room: who stands in line meets those who make room, who barge, who stop waiting.

use super::*;

#[test]
fn a_submitter_that_finds_no_room_gets_the_place_of_a_job_that_starts() {
    explore(|| {
        let pool = Pool::new(1);
        let first = pool.queue(|| ());
        let server = pool.spawn_server(2);
        pool.queue(|| ()).join().unwrap();
        first.join().unwrap();
        server.join().unwrap();
    });
}

/// A full pool with one job in either list of the queue, so that the next pop needs the back alone, and a worker to
/// run jobs on this thread.
fn full_with_a_job_in_either_list(log: &Log) -> (Pool, Worker) {
    let pool = Pool::new(2);
    let worker = pool.recruit(1);
    pool.queue(|| ()).detach();
    pool.queue(log.job("at the back")).detach();
    pool.run_one(&worker);
    pool.queue(log.job("at the front")).detach();
    (pool, worker)
}

#[test]
fn a_submitter_that_finds_no_room_gets_a_place_freed_at_the_back() {
    explore(|| {
        let log = Log::default();
        let (pool, worker) = full_with_a_job_in_either_list(&log);
        let server = pool.spawn_server(1);
        // Comes back once the one pop has made room.
        pool.queue(log.job("came later")).detach();
        server.join().unwrap();
        pool.run_one(&worker);
        pool.run_one(&worker);
        assert_eq!(log.ran(), ["at the back", "at the front", "came later"]);
    });
}

#[test]
fn jobs_run_in_order_while_a_worker_swaps_the_lists() {
    explore(|| {
        let (pool, log) = (Pool::new(3), Log::default());
        pool.queue(log.job("first")).detach();
        pool.queue(log.job("second")).detach();
        let server = pool.spawn_server(4);
        pool.queue(log.job("third")).detach();
        pool.queue(log.job("fourth")).detach();
        server.join().unwrap();
        assert_eq!(log.ran(), ["first", "second", "third", "fourth"]);
    });
}

// Bounded by 5: in full it takes minutes.
#[test]
fn a_try_submit_finds_the_room_that_pops_have_made() {
    let ends = explore_bounded(5, || {
        let pool = Pool::new(2);
        let jobs = [pool.queue(|| ()), pool.queue(|| ())];
        let server = pool.spawn_server(2);
        let early = pool.try_submit(|| ()).is_ok();
        assert!(pool.monitor().stats().queued <= 2, "more jobs than there is room");
        for job in jobs {
            job.join().unwrap();
        }
        assert!(pool.try_submit(|| ()).is_ok(), "at most one job is queued");
        server.join().unwrap();
        early
    });
    assert_eq!(ends, [false, true]);
}

// Bounded by 2: by 3 it takes 30 s.
#[test]
fn two_submitters_that_find_no_room_both_get_in() {
    explore_bounded(2, || {
        let pool = Pool::new(1);
        pool.queue(|| ()).detach();
        let server = pool.spawn_server(3);
        let other = pool.spawn(|pool| pool.queue(|| ()).join().unwrap());
        pool.queue(|| ()).join().unwrap();
        other.join().unwrap();
        server.join().unwrap();
    });
}

// Bounded by 3: by 4 it takes minutes.
#[test]
fn who_stands_in_line_first_runs_first() {
    explore_bounded(3, || {
        let (pool, log) = (Pool::new(1), Log::default());
        pool.queue(log.job("queued")).detach();
        let first = pool.stand_in_line(log.job("first in line"));
        let server = pool.spawn_server(3);
        let second = thread::spawn({
            let (pool, job) = (pool.clone(), log.job("came later"));
            move || pool.queue(job).join().unwrap()
        });
        assert_ne!(first.wait(), Standing::Rejected);
        second.join().unwrap();
        server.join().unwrap();
        assert_eq!(log.ran(), ["queued", "first in line", "came later"]);
    });
}

#[test]
fn a_try_submit_never_passes_who_stands_in_line() {
    let ends = explore(|| {
        let (pool, log) = (Pool::new(1), Log::default());
        pool.queue(log.job("queued")).detach();
        let waiting = pool.stand_in_line(log.job("in line"));
        let server = pool.spawn_server(2);
        let tried = pool.try_submit(log.job("tried")).is_ok();
        assert_ne!(waiting.wait(), Standing::Rejected);
        server.join().unwrap();
        assert_eq!(log.ran(), ["queued", "in line"]);
        tried
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_try_submit_never_passes_who_waits_for_a_place_at_the_back() {
    explore(|| {
        let (pool, _worker) = full_with_a_job_in_either_list(&Log::default());
        let (first, second) = (pool.stand_in_line(|| ()), pool.stand_in_line(|| ()));
        let server = pool.spawn_server(1);
        assert!(pool.try_submit(|| ()).is_err(), "the only place that comes free is the first one's");
        assert_eq!(first.wait(), Standing::Accepted);
        assert_eq!(second.header().standing(), Standing::InLine);
        server.join().unwrap();
    });
}

#[test]
fn who_stops_waiting_while_a_place_is_handed_over_is_out_or_in_and_the_next_is_served() {
    let ends = explore(|| {
        let (pool, worker) = full_with_a_job_in_either_list(&Log::default());
        let tally = Tally::new();
        let impatient = pool.stand_in_line(tally.job());
        let next = pool.stand_in_line(|| ());
        let server = pool.spawn_server(1);
        let left = pool.monitor().stop_waiting(impatient.header(), SubmitErrorKind::TimedOut);
        let outcome = match left {
            WaitStopped::Rejected => Err(impatient.cell.take_closure()),
            WaitStopped::Decided => {
                assert_eq!(impatient.wait(), Standing::Accepted);
                pool.run_one(&worker);
                Ok(impatient.into_handle())
            }
        };
        // Either the one place or the one after that.
        assert_eq!(next.wait(), Standing::Accepted);
        server.join().unwrap();
        assert_eq!(pool.monitor().stats().waiting, 0);
        pool.run_one(&worker);
        match outcome {
            Ok(handle) => {
                drop(handle.join().unwrap());
                tally.assert_ran_once();
            }
            Err(closure) => {
                drop(closure);
                tally.assert_never_ran();
            }
        }
        left == WaitStopped::Rejected
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn who_stops_waiting_while_the_pool_shuts_down_is_rejected_once() {
    let ends = explore(|| {
        let (pool, tally) = (Pool::new(1), Tally::new());
        pool.queue(|| ()).detach();
        let [first, _second] = [(); 2].map(|()| pool.stand_in_line(|| ()));
        // Its key is not the number of those before the next any more.
        assert_eq!(pool.monitor().stop_waiting(first.header(), SubmitErrorKind::TimedOut), WaitStopped::Rejected);
        let waiting = pool.stand_in_line(tally.job());
        let closer = pool.spawn(|pool| pool.close(Shutdown::Drain));
        let left = pool.monitor().stop_waiting(waiting.header(), SubmitErrorKind::TimedOut);
        if left == WaitStopped::Decided {
            assert_eq!(waiting.wait(), Standing::Rejected);
        }
        drop(waiting.cell.take_closure());
        tally.assert_never_ran();
        closer.join().unwrap();
        assert_eq!(pool.monitor().stats().rejected, 3);
        left == WaitStopped::Rejected
    });
    assert_eq!(ends, [false, true]);
}

/// A job of the pool's own is queued beyond the bound, and who stands in line gets no place before there is one.
// Bounded by 5: in full it takes 20 s.
#[test]
fn a_job_that_submits_beyond_the_bound_costs_who_stands_in_line_no_place() {
    let ends = explore_bounded(5, || {
        let (pool, log) = (Pool::new(1), Log::default());
        let first = pool.queue({
            let (inside, log) = (pool.clone(), log.clone());
            move || ["a", "b"].map(|name| inside.queue(log.job(name)).detach())
        });
        let server = pool.spawn_server(4);
        pool.queue(log.job("outside")).join().unwrap();
        first.join().unwrap();
        server.join().unwrap();
        let stats = pool.monitor().stats();
        assert_eq!((stats.completed, stats.queued, stats.waiting), (4, 0, 0));
        log.ran()
    });
    assert_eq!(ends, [["a", "b", "outside"], ["outside", "a", "b"]]);
}

/// Stands in line behind a full queue, and joins the job that is queued when it is woken.
struct Joins(Mutex<Option<JobHandle<()>>>, Arc<AtomicU32>);

impl Wake for Joins {
    fn wake(self: Arc<Self>) {
        let job = self.0.lock().unwrap().take().expect("it is woken once");
        let end = match job.join() {
            Ok(()) => RAN,
            Err(_) => ENDED,
        };
        self.1.store(end, Ordering::Relaxed);
    }
}

const RAN: u32 = 1;
const ENDED: u32 = 2;

/// A pool of one place, in it a job; and in line another, whose waker joins the first one and says how that ended.
fn queued_and_joined_by_who_is_woken(pool: &Pool) -> (Submitted<impl FnOnce() + Send + 'static, ()>, Arc<AtomicU32>) {
    let end = Arc::<AtomicU32>::new(AtomicU32::new(0));
    let first = pool.queue_in_hand(|| ());
    let handle = JobHandle::new(Arc::<JobCell<_, _, _>>::clone(&first.cell) as Arc<dyn WaitEnd<()>>, pool.shared().id);
    let (_, second) = new_cell(|| (), ());
    let waker = Waker::from(Arc::new(Joins(Mutex::new(Some(handle)), Arc::clone(&end))));
    assert!(matches!(pool.monitor().stand_in_line(second, waker), Ok(Standing::InLine)));
    (first, end)
}

/// A worker that has not begun, and somebody who ends the job, are both about to take it.
fn ends_of_a_job_that_is_joined_in_a_waker(end_it: fn(&Pool, &Header)) -> Vec<u32> {
    explore_bounded(4, move || {
        let pool = Pool::new(1);
        let (first, end) = queued_and_joined_by_who_is_woken(&pool);
        let worker = pool.spawn_worker(0);
        end_it(&pool, first.header());
        pool.shut_down(Shutdown::Drain);
        worker.join().unwrap();
        end.load(Ordering::Relaxed)
    })
}

// Bounded by 4: in full they take minutes.
#[test]
fn a_waker_may_join_the_job_whose_place_was_given_away() {
    assert_eq!(ends_of_a_job_that_is_joined_in_a_waker(|_, _| ()), [RAN]);
}

#[test]
fn a_waker_may_join_the_job_that_is_about_to_be_cancelled() {
    let ends = ends_of_a_job_that_is_joined_in_a_waker(|pool, header| {
        let pool: Arc<dyn JobPool> = Arc::<Shared>::clone(pool.shared());
        cancel(Some(pool), header);
    });
    assert_eq!(ends, [RAN, ENDED]);
}

#[test]
fn a_waker_may_join_the_job_that_is_about_to_be_aborted() {
    assert_eq!(ends_of_a_job_that_is_joined_in_a_waker(|pool, _| pool.close(Shutdown::Abort)), [RAN, ENDED]);
}
