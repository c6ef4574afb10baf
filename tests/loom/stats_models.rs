//! The counts: what another thread may see of them at any moment.

use super::*;

fn assert_adds_up(stats: &Stats) {
    assert!(stats.busy <= stats.submitted, "busy fell below zero");
    assert_eq!(
        stats.submitted,
        stats.completed + stats.panicked + stats.aborted + stats.queued + stats.busy,
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
        let breaker = pool.spawn(|pool| pool.monitor().close(Shutdown::Abort));
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
