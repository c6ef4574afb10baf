//! The tables and lines that are made for a log: exact text, with durations and places that the test has put there.

use std::panic::Location;
use std::time::Duration;

use crate::common::finish;
use crate::{here, hold, timed, timed_inline};
use corepool::{JobLabel, Pool, Priority, Running, RunningJob};

/// A place to stand for all others: its line must not matter to the test.
fn place() -> &'static Location<'static> {
    Location::caller()
}

/// A job as it shows, with known durations.
fn shown(name: Option<&str>, priority: Priority) -> RunningJob {
    let pool = timed(1);
    let mut job = pool.run(|| here().running().jobs.remove(0)).unwrap();
    job.name = name.map(|name| name.to_owned().into());
    (job.priority, job.submitted_at) = (priority, place());
    (job.running_for, job.waited) = (Duration::from_millis(1_234), Duration::from_nanos(3_140));
    job
}

fn label(name: &str) -> JobLabel {
    shown(Some(name), Priority::Normal).label()
}

/// Of a pool with so many workers in which nothing runs.
fn idle(workers: usize) -> Running {
    timed(workers).running()
}

/// One queued job, with a known age.
fn queued(name: &'static str, priority: Priority) -> corepool::QueuedJob {
    let pool = timed_inline();
    let job = pool.job().name(name).priority(priority).submit(|| ()).unwrap();
    let mut queued = pool.running().queued.remove(0);
    (queued.waiting_for, queued.submitted_at) = (Some(Duration::from_millis(350)), place());
    finish(job);
    queued
}

#[test]
fn a_table_has_a_row_for_each_job_and_for_each_idle_worker() {
    let at = place();
    let mut running = idle(2);
    let mut outer = shown(Some("report"), Priority::Normal);
    outer.waits_for = Some(label("page"));
    let mut guest = shown(None, Priority::High);
    guest.worker = None;
    running.jobs = vec![outer, shown(Some("page"), Priority::Low), guest];
    running.queued = vec![queued("index", Priority::Low)];
    // As wide as the longest cell below it.
    let job = format!("{:<1$}", "job", format!("report ({at})").len());
    let table = format!(
        "worker   priority  running  waited   {job}  waits for\n\
         0        normal    1.2s     3.1µs    report ({at})  page ({at})\n\
         0        low       1.2s     3.1µs    page ({at})\n\
         1        idle\n\
         outside  high      1.2s     3.1µs    {at}\n\
         queued   low       -        350.0ms  index ({at})\n"
    );
    assert_eq!(running.to_string(), table);
}

#[test]
fn an_idle_pool_is_a_table_of_idle_workers() {
    assert_eq!(idle(2).to_string(), "worker  priority  running  waited  job  waits for\n0       idle\n1       idle\n");
    assert_eq!(timed_inline().running().to_string(), "worker  priority  running  waited  job  waits for\n");
    let plain = Pool::builder().workers(1).build().unwrap();
    assert_eq!(
        plain.running().to_string(),
        "worker  priority      running  waited  job  waits for\n0       not recorded\n\
         build the pool with `timings(true)` to see what runs\n"
    );
}

#[test]
fn a_job_is_one_line() {
    let (at, mut job) = (place(), shown(Some("report"), Priority::Normal));
    let start = format!("report ({at}), normal, running for 1.2s, waited 3.1µs");
    assert_eq!(job.to_string(), format!("worker 0: {start}"));
    (job.worker, job.waits_for) = (None, Some(label("page")));
    assert_eq!(job.to_string(), format!("outside: {start}, waits for page ({at})"));
    (job.name, job.waits_for) = (None, None);
    assert_eq!(job.to_string(), format!("outside: {at}, normal, running for 1.2s, waited 3.1µs"));
}

#[test]
fn a_name_breaks_no_line() {
    let at = place();
    let names = [
        ("two\nlines", "two\\nlines"),
        ("a\ttab\r", "a\\ttab\\r"),
        ("\"quotes\" and 'quotes'", "\\\"quotes\\\" and \\'quotes\\'"),
        ("back\\slash", "back\\\\slash"),
        ("\u{1b}[31mred", "\\u{1b}[31mred"),
        ("\u{202e}turned round", "\\u{202e}turned round"),
        ("żółw 漢字 🐢", "żółw 漢字 🐢"),
        ("", ""),
    ];
    for (name, told) in names {
        let mut running = idle(1);
        let mut job = shown(Some(name), Priority::Normal);
        assert_eq!(job.label().to_string(), format!("{told} ({at})"));
        job.waits_for = Some(job.label());
        running.jobs = vec![job.clone()];
        let (line, table) = (job.to_string(), running.to_string());
        assert_eq!((line.lines().count(), table.lines().count()), (1, 2), "{table}");
        assert!(table.lines().all(|line| !line.contains('\t')), "{table}");
        assert!(table.ends_with(&format!("{told} ({at})  {told} ({at})\n")), "{table}");
        assert!(line.ends_with(&format!("waits for {told} ({at})")), "{line}");
    }
}

#[test]
fn columns_stand_below_each_other_whatever_the_names() {
    let mut running = idle(1);
    let long = "x".repeat(10_000);
    running.jobs = [Some("żółw"), Some(&long), None]
        .map(|name| {
            let mut job = shown(name, Priority::Normal);
            job.waits_for = Some(label("zz"));
            job
        })
        .to_vec();
    let table = running.to_string();
    let columns: Vec<_> = table.lines().map(|line| line.chars().count()).collect();
    assert_eq!((columns.len(), columns[1], columns[1]), (4, columns[2], columns[3]));
}

#[test]
fn a_table_of_a_pool_at_work_has_as_many_lines_as_it_should() {
    let pool = timed(2);
    let (gate, held) = hold(&pool, "two\nlines");
    let table = pool.running().to_string();
    assert_eq!(table.lines().count(), 3, "{table}");
    gate.open();
    finish(held);
}
