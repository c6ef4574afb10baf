//! How well the pool keeps its cores busy, and what it costs when much is queued, beside the peers in the same run, with two
//! workers, and with a worker for each processor where those are not two.
//!
//! `cargo bench --bench load`; a time is one iteration's, the whole of its jobs submitted and joined, and the line of elements
//! per second below it counts jobs. In `grain` and `uneven`, `plain_threads` is the same work done by as many plain threads:
//! its time over a pool's is how much of the cores the pool makes use of. In `grain_10us_busy` other threads of the process
//! are busy meanwhile, one for each processor.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use corepool_benches::peers::{Corepool, IN_FLIGHT, Peer, Timed, WORKERS, hold, sizes, stream, submit_and_join_all};
use corepool_benches::rows::{Bench, Group};
use corepool_benches::work::{Jobs, rounds_per_microsecond, spin};
use corepool_benches::{for_each_peer, for_each_sized_peer, run};
use crossbeam_channel::TryRecvError;

/// Of one processor, in an iteration of `grain` and `uneven`.
const WORK: Duration = Duration::from_millis(100);

/// As many as make up `WORK`.
fn even(microseconds: u64, unit: u64) -> Jobs {
    Jobs::of(microseconds, unit, WORK)
}

/// One job in a hundred is a hundred times longer than the others, which take 10 microseconds.
fn uneven(unit: u64) -> Jobs {
    let hundred = (0..100).map(|n| if n == 50 { 1_000 * unit } else { 10 * unit });
    Jobs(hundred.cycle().take(WORK.as_micros() as usize / 20 / 100 * 100).collect())
}

fn work<'a, P: Peer>(group: &mut Group<'a>, workers: usize, jobs: &'a Jobs) {
    let mut pool = None;
    group.iterate(P::NAME, move || jobs.run_on(pool.get_or_insert_with(|| P::build(workers))));
}

fn with_work(bench: &mut dyn Bench, name: &str, jobs: &Jobs) {
    for (name, workers) in sizes(name) {
        let mut group = Group::new(name).jobs(jobs.0.len() as u64);
        group.iterate("plain_threads", move || jobs.run_on_threads(workers));
        for_each_peer!(work(&mut group, workers, jobs));
        bench.measure(group);
    }
}

/// Keeps every processor busy with something else meanwhile.
fn beside_busy_threads(task: impl FnOnce()) {
    let (going, over) = crossbeam_channel::bounded::<()>(0);
    let be_busy = || {
        while over.try_recv() == Err(TryRecvError::Empty) {
            black_box(spin(10_000));
        }
    };
    thread::scope(|scope| {
        // Dropped in a panic, too, which would else wait for these threads for ever.
        let _going = going;
        for _ in 0..num_cpus::get() {
            scope.spawn(be_busy);
        }
        task();
    });
}

fn busy(bench: &mut dyn Bench) {
    let unit = rounds_per_microsecond();
    for microseconds in [1, 10, 100, 1_000] {
        with_work(bench, &format!("grain_{microseconds}us"), &even(microseconds, unit));
    }
    beside_busy_threads(|| with_work(bench, "grain_10us_busy", &even(10, unit)));
    with_work(bench, "uneven", &uneven(unit));
}

const STREAM: u64 = 100_000;

/// A stream of empty jobs, by a pool with a queue for as many as are in flight.
fn bounded<P: Peer>(group: &mut Group<'_>, workers: usize) {
    let mut pool = None;
    group.iterate(P::NAME, move || {
        let pool = pool.get_or_insert_with(|| P::build_bounded(workers, IN_FLIGHT));
        stream::<P>(STREAM, |n| pool.submit(move || black_box(n)))
    });
}

/// Jobs that are all queued before the first of them runs: the cost a job must not grow with their number.
fn depth<P: Peer>(group: &mut Group<'_>, workers: usize, queued: u64) {
    let mut pool = None;
    group.iterate(P::NAME, move || {
        let pool = pool.get_or_insert_with(|| P::build(workers));
        let (open, held): (Vec<Sender<()>>, Vec<_>) = (0..workers).map(|_| hold(pool)).unzip();
        let handles: Vec<_> = (0..queued).map(|n| pool.submit(move || black_box(n))).collect();
        drop(open);
        held.into_iter().chain(handles).map(P::join).sum::<u64>()
    });
}

/// The burst again, by more workers than there are cores.
fn oversubscribed<P: Peer>(group: &mut Group<'_>, workers: usize) {
    let mut pool = None;
    group.iterate(P::NAME, move || submit_and_join_all(pool.get_or_insert_with(|| P::build(workers)), STREAM));
}

fn queued(bench: &mut dyn Bench) {
    for (name, workers) in sizes("bounded") {
        let mut group = Group::new(name).jobs(STREAM);
        for_each_peer!(bounded(&mut group, workers));
        bench.measure(group);
    }
    let mut group = Group::new("timings").jobs(STREAM);
    bounded::<Corepool>(&mut group, WORKERS);
    bounded::<Timed>(&mut group, WORKERS);
    bench.measure(group);
    for queued in [10_000, 100_000, 1_000_000] {
        for (name, workers) in sizes(&format!("depth_{queued}")) {
            let mut group = Group::new(name).jobs(queued);
            for_each_sized_peer!(depth(&mut group, workers, queued));
            bench.measure(group);
        }
    }
    for workers in [2, 8, 64] {
        let mut group = Group::new(format!("oversubscribed_{workers}")).jobs(STREAM);
        for_each_sized_peer!(oversubscribed(&mut group, workers));
        bench.measure(group);
    }
}

fn load(bench: &mut dyn Bench) {
    busy(bench);
    queued(bench);
}

fn main() -> ExitCode {
    run(load)
}
