//! The counts: what another thread may see of them at any moment.

use super::*;

fn assert_adds_up(stats: &Stats) {
    assert!(stats.busy <= stats.submitted, "busy fell below zero");
    assert_eq!(
        stats.submitted,
        stats.completed + stats.panicked + stats.cancelled + stats.expired + stats.aborted + stats.queued + stats.busy,
        "a job is counted nowhere or twice"
    );
}

#[test]
fn a_job_is_counted_before_its_handle_resolves() {
    let ends = explore(|| {
        let pool = Pool::new(1);
        let job = pool.queue(|| ());
        let server = pool.spawn_server(1);
        let finished = job.is_finished();
        if finished {
            assert_eq!(pool.monitor().stats().completed, 1);
        }
        job.join().unwrap();
        let stats = pool.monitor().stats();
        assert_eq!((stats.completed, stats.busy, stats.queued), (1, 0, 0));
        server.join().unwrap();
        finished
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_panic_is_counted_before_its_handle_resolves() {
    explore(|| {
        let pool = Pool::new(1);
        let job = pool.queue(|| resume_unwind(Box::new(())));
        let server = pool.spawn_server(1);
        assert!(matches!(job.join(), Err(JobError::Panicked(_))));
        let stats = pool.monitor().stats();
        assert_eq!((stats.panicked, stats.busy, stats.queued), (1, 0, 0));
        server.join().unwrap();
    });
}

#[test]
fn an_aborted_job_is_counted_before_its_handle_resolves() {
    explore(|| {
        let pool = Pool::new(1);
        let job = pool.queue(|| ());
        let breaker = pool.spawn(|pool| pool.close(Shutdown::Abort));
        assert!(is_aborted(&job.join()));
        let stats = pool.monitor().stats();
        assert_eq!((stats.aborted, stats.busy, stats.queued), (1, 0, 0));
        breaker.join().unwrap();
    });
}

#[test]
fn the_counts_add_up_whenever_somebody_looks() {
    let ends = explore(|| {
        let pool = Pool::new(2);
        let server = pool.spawn_server(2);
        pool.queue(|| ()).detach();
        let early = pool.monitor().stats();
        assert_adds_up(&early);
        pool.queue(|| ()).detach();
        let late = pool.monitor().stats();
        assert_adds_up(&late);
        assert!(early.completed <= late.completed);
        server.join().unwrap();
        assert_eq!(pool.monitor().stats().completed, 2);
        late.completed
    });
    assert_eq!(ends, [0, 1, 2]);
}

// Bounded by 4: three threads with whole lives are out of reach in full.
#[test]
fn the_counts_add_up_while_the_pool_aborts() {
    let ends = explore_bounded(4, || {
        let pool = Pool::new(2);
        pool.queue(|| ()).detach();
        pool.queue(|| ()).detach();
        let worker = pool.spawn_worker(0);
        let breaker = pool.spawn(|pool| pool.shut_down(Shutdown::Abort));
        assert_adds_up(&pool.monitor().stats());
        let report = breaker.join().unwrap();
        worker.join().unwrap();
        assert_eq!(report.completed + report.aborted, 2);
        report.completed
    });
    assert_eq!(ends, [0, 1, 2]);
}

/// One is dequeued, one has ended before it is accepted, and one may be taken by a worker before it is dequeued.
// Bounded by 4: in full it takes minutes.
#[test]
fn the_counts_add_up_while_jobs_are_aborted() {
    let ends = explore_bounded(4, || {
        let (pool, token) = (Pool::new(2), CancelToken::new());
        let job = pool.job().token(&token).submit(|| ()).unwrap();
        pool.queue(|| ()).detach();
        let server = pool.spawn_server(1);
        let canceller = pool.spawn({
            let token = token.clone();
            move |pool| {
                token.cancel();
                pool.job().token(&token).submit(|| ()).unwrap().detach();
            }
        });
        let early = pool.monitor().stats();
        assert_adds_up(&early);
        canceller.join().unwrap();
        assert_adds_up(&pool.monitor().stats());
        server.join().unwrap();
        job.detach();
        let late = pool.monitor().stats();
        assert_adds_up(&late);
        assert_eq!(late.submitted, 3);
        (early.cancelled, late.cancelled)
    });
    assert_eq!(ends, [(0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]);
}

#[test]
fn a_submission_is_in_line_or_accepted_or_rejected_whenever_somebody_looks() {
    let ends = explore(|| {
        let (pool, token) = (Pool::new(1), CancelToken::new());
        pool.queue(|| ()).detach();
        let mut future = Box::pin(pool.job().token(&token).submit_async(|| ()));
        let (_bell, waker) = bell();
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let next = pool.stand_in_line(|| ());
        let server = pool.spawn_server(1);
        let canceller = thread::spawn(move || token.cancel());
        let stats = pool.monitor().stats();
        assert_eq!(stats.waiting + stats.submitted + stats.rejected, 3);
        assert_adds_up(&stats);
        server.join().unwrap();
        canceller.join().unwrap();
        drop(future);
        assert_eq!(next.wait(), Standing::Accepted);
        (stats.waiting, stats.rejected)
    });
    assert_eq!(ends, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]);
}
