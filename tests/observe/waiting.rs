//! `waits_for` is set while a job waits for another in a join, or runs it there.

use crate::common::{Gate, finish, wait_until};
use crate::{here, hold, name_of, row, rows, timed, timed_inline, waits_for};
use corepool::{Pool, join_all};

#[test]
fn a_job_that_runs_another_in_its_join_waits_for_it() {
    for pool in [timed(1), timed(2)] {
        let outer = pool.job().name("a").submit(|| {
            let b = || {
                let c = here().job().name("c").submit(|| rows(&here())).unwrap();
                (c.join().unwrap(), rows(&here()))
            };
            let inside = here().job().name("b").run(b).unwrap();
            (inside.0, inside.1, rows(&here()))
        });
        let (in_c, in_b, in_a) = finish(outer.unwrap());
        let shown = |rows: &[(Option<usize>, String, String)]| {
            rows.iter().map(|(_, name, waits_for)| format!("{name}>{waits_for}")).collect::<Vec<_>>().join(" ")
        };
        // On a second worker, c may have been somebody else's.
        if pool.workers() == 1 {
            assert_eq!(in_c, [row(0, "a", "b"), row(0, "b", "c"), row(0, "c", "")]);
        } else {
            assert!(shown(&in_c).contains("a>b b>c") || shown(&in_c).contains("c>"), "{in_c:?}");
        }
        assert_eq!((shown(&in_b), shown(&in_a)), ("a>b b>".to_owned(), "a>".to_owned()));
        assert_eq!(rows(&pool), []);
    }
}

#[test]
fn a_job_that_waits_for_one_on_another_worker_says_so_until_it_has_it() {
    let pool = timed(2);
    let (gate, held) = hold(&pool, "held");
    let (has_it, leave) = (Gate::new(), Gate::new());
    let (opened, passed) = (has_it.clone(), leave.clone());
    let waiter = pool.job().name("waiter").submit(move || {
        finish(held);
        opened.open();
        passed.pass();
    });
    wait_until("it waits", || pool.running().jobs.iter().any(|job| waits_for(job) == "held"));
    let running = pool.running();
    let waiting = running.jobs.iter().find(|job| name_of(job) == "waiter").unwrap();
    let held = running.jobs.iter().find(|job| name_of(job) == "held").unwrap();
    assert_eq!((waiting.waits_for.clone(), waits_for(held)), (Some(held.label()), ""));
    gate.open();
    has_it.pass();
    let running = pool.running();
    assert_eq!(running.jobs.len(), 1);
    assert_eq!((name_of(&running.jobs[0]), waits_for(&running.jobs[0])), ("waiter", ""));
    leave.open();
    finish(waiter.unwrap());
}

#[test]
fn who_waits_for_several_names_the_one_it_waits_for() {
    let pool = timed(3);
    let ((first, a), (second, b)) = (hold(&pool, "a"), hold(&pool, "b"));
    let waiter = pool.job().name("waiter").submit(move || join_all([a, b]).into_iter().for_each(Result::unwrap));
    let shows = |name| pool.running().jobs.iter().any(|job| waits_for(job) == name);
    wait_until("it waits for the first", || shows("a"));
    assert!(!shows("b"));
    first.open();
    wait_until("it waits for the second", || shows("b"));
    second.open();
    finish(waiter.unwrap());
}

#[test]
fn what_waits_is_the_innermost_job() {
    let pool = timed(2);
    let (gate, held) = hold(&pool, "held");
    let outer = pool.job().name("a").submit(move || here().job().name("b").run(move || finish(held)).unwrap());
    wait_until("it waits", || pool.running().jobs.iter().any(|job| waits_for(job) == "held"));
    let shown: Vec<_> = rows(&pool).into_iter().filter(|(_, name, _)| name != "held").collect();
    let worker = shown[0].0;
    assert_eq!(shown, [row(worker, "a", "b"), row(worker, "b", "held")]);
    gate.open();
    finish(outer.unwrap());
}

#[test]
fn who_stops_waiting_does_not_wait() {
    let pool = timed(2);
    let (gate, held) = hold(&pool, "held");
    let waiter = pool.job().name("waiter").submit(move || {
        let held = held.join_timeout(std::time::Duration::from_millis(1)).unwrap_err();
        (rows(&here()), held)
    });
    let (shown, held) = finish(waiter.unwrap());
    assert!(shown.iter().all(|(_, _, waits_for)| waits_for.is_empty()), "{shown:?}");
    gate.open();
    finish(held);
}

#[test]
fn a_job_of_a_pool_without_a_board_may_wait_for_one_of_a_pool_with_one_and_the_other_way_round() {
    let plain = Pool::builder().workers(1).build().unwrap();
    let pool = timed(1);
    let (gate, held) = hold(&pool, "held");
    let waiter = plain.submit(move || finish(held)).unwrap();
    assert_eq!(rows(&pool), [row(0, "held", "")]);
    gate.open();
    finish(waiter);

    let (gate, held) = hold(&plain, "held");
    let waiter = pool.job().name("waiter").submit(move || finish(held));
    wait_until("it waits", || rows(&pool) == [row(0, "waiter", "held")]);
    gate.open();
    finish(waiter.unwrap());
}

#[test]
fn in_an_inline_pool_jobs_are_run_by_others() {
    let pool = timed_inline();
    let outer = pool.job().name("a").submit(|| {
        let b = here().job().name("b").submit(|| rows(&here())).unwrap();
        (b.join().unwrap(), rows(&here()))
    });
    let (in_b, in_a) = finish(outer.unwrap());
    assert_eq!((in_b, in_a), (vec![row(None, "a", "b"), row(None, "b", "")], vec![row(None, "a", "")]));
    assert_eq!(rows(&pool), []);
}
