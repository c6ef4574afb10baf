//! A job that a worker of another pool runs in a join shows in its own pool, and what joins it in that of the worker.

use crate::common::{finish, hold_worker, within_a_minute};
use crate::{builder, here, row, rows, timed, timed_inline};
use corepool::Pool;

type Rows = Vec<(Option<usize>, String, String)>;

/// Runs `job` as one of `there`, whose only worker is held, in a join of the job "host" on `at`. Gives what `job` gave, and
/// what was shown of `at` after.
fn as_a_guest<T: Send + 'static>(at: &Pool, there: &Pool, job: impl FnOnce() -> T + Send + 'static) -> (T, Rows) {
    let (gate, held) = hold_worker(there);
    let guest = there.job().name("guest").submit(job).unwrap();
    let host = at.job().name("host").submit(move || (guest.join().unwrap(), rows(&here())));
    let given = finish(host.unwrap());
    gate.open();
    finish(held);
    given
}

#[test]
fn a_guest_shows_in_both_pools() {
    let larger = builder(1).stack_size(8 << 20).build().unwrap();
    for there in [timed(1), larger] {
        let at = timed(1);
        let (seen, own) = (at.clone(), there.clone());
        let ((in_at, in_own), after) = as_a_guest(&at, &there, move || (rows(&seen), rows(&own)));
        assert_eq!(in_at, [row(0, "host", "guest")]);
        assert_eq!(in_own, [row(0, "-", ""), row(None, "guest", "")]);
        assert_eq!(after, [row(0, "host", "")], "it waits no more");
        assert_eq!((rows(&at), rows(&there)), (vec![], vec![]));
        assert_eq!((at.timings().unwrap().all().ran.count(), there.timings().unwrap().all().ran.count()), (1, 2));
    }
}

#[test]
fn a_guest_in_a_guest_shows_that_it_is_waited_for() {
    let (at, there) = (timed(1), timed(1));
    let (seen, own) = (at.clone(), there.clone());
    let (shown, _) = as_a_guest(&at, &there, move || {
        let (seen, again) = (seen.clone(), own.clone());
        own.job().name("second").submit(move || (rows(&seen), rows(&again))).unwrap().join().unwrap()
    });
    assert_eq!(shown.0, [row(0, "host", "guest")]);
    assert_eq!(shown.1, [row(0, "-", ""), row(None, "guest", "second"), row(None, "second", "")]);
}

#[test]
fn a_guest_that_runs_a_job_of_the_workers_pool_waits_for_it() {
    within_a_minute(|| {
        for by_run in [true, false] {
            let (at, there) = (timed(1), timed(1));
            let (back, own) = (at.clone(), there.clone());
            let (shown, _) = as_a_guest(&at, &there, move || {
                let seen = back.clone();
                let innermost = move || (rows(&seen), rows(&own));
                let job = back.job().name("innermost");
                match by_run {
                    true => job.run(innermost).unwrap(),
                    false => job.submit(innermost).unwrap().join().unwrap(),
                }
            });
            assert_eq!(shown.1, [row(0, "-", ""), row(None, "guest", "innermost")], "{by_run}");
            assert_eq!(shown.0, [row(0, "host", "guest"), row(0, "innermost", "")], "{by_run}");
        }
    });
}

#[test]
fn a_guest_of_an_inline_pool_shows() {
    let (at, there) = (timed(1), timed_inline());
    let (seen, own) = (at.clone(), there.clone());
    let guest = there.job().name("guest").submit(move || (rows(&seen), rows(&own))).unwrap();
    let host = at.job().name("host").submit(move || guest.join().unwrap());
    assert_eq!(finish(host.unwrap()), (vec![row(0, "host", "guest")], vec![row(None, "guest", "")]));
}

#[test]
fn a_pool_that_records_nothing_has_guests_and_lends_them() {
    let plain = || Pool::builder().workers(1).build().unwrap();
    let (at, there) = (timed(1), plain());
    let seen = at.clone();
    let (shown, _) = as_a_guest(&at, &there, move || rows(&seen));
    assert_eq!(shown, [row(0, "host", "guest")]);
    let (at, there) = (plain(), timed(1));
    let own = there.clone();
    let (shown, after) = as_a_guest(&at, &there, move || rows(&own));
    assert_eq!((shown, after), (vec![row(0, "-", ""), row(None, "guest", "")], vec![]));
    assert_eq!(there.timings().unwrap().all().ran.count(), 2);
}
