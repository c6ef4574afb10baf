//! All at once: workers and Redis are killed, stopped and told to stop, whenever some more jobs have ended. Each job has one result
//! all the same.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};

use crate::kit::jobs::{Jobs, Record};
use crate::kit::process::Signal;
use crate::kit::wait::until;
use crate::kit::worker::Worker;

const JOBS: usize = 200;
const STEPS: usize = 20;
const WORKERS: u64 = 3;
/// As short as may be, so that also those who only wait for the processor lose their jobs; and tries without an end.
const FLAGS: [&str; 8] = ["--visibility", "150ms", "--workers", "1", "--ahead", "4", "--deliveries", "1000000"];

/// Numbers that nobody has thought of.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What is done so far, which must not change any more.
#[derive(Default)]
struct Done(HashMap<usize, Record>);

impl Done {
    fn look(&mut self, jobs: &Jobs, ids: &[String]) -> Result<()> {
        for (n, record) in jobs.records(ids)?.into_iter().enumerate().filter(|(_, record)| record.has_ended()) {
            let first = self.0.entry(n).or_insert_with(|| record.clone());
            ensure!(*first == record, "a result has changed from {first:?} to {record:?}");
        }
        Ok(())
    }
}

fn is_stopped(worker: &Worker) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", worker.program.pid())).unwrap_or_default();
    stat.contains(") T ")
}

/// One of the things that happen.
fn happens(chance: &mut Chance, jobs: &mut Jobs, workers: &mut [Worker]) -> Result<()> {
    let worker = &mut workers[chance.below(WORKERS) as usize];
    match chance.below(6) {
        0 => {
            worker.signal(Signal::KILL)?;
            worker.program.end()?;
        }
        1 | 2 if is_stopped(worker) => worker.signal(Signal::CONT)?,
        1 | 2 => {
            worker.signal(Signal::STOP)?;
            until("it stands still", || is_stopped(worker))?;
        }
        3 => {
            worker.signal(Signal::TERM)?;
            worker.signal(Signal::CONT)?;
            let status = worker.program.end()?;
            ensure!(status.code() == Some(0), "{status}");
        }
        4 => {
            jobs.redis.kill()?;
            jobs.redis.go_on()?;
        }
        _ => {
            jobs.redis.signal(Signal::STOP)?;
            let has_noticed = |worker: &Worker| worker.program.output().contains("to=open");
            let noticed = until("a worker's breaker is open", || {
                workers.iter().all(is_stopped) || workers.iter().any(has_noticed)
            });
            jobs.redis.signal(Signal::CONT)?;
            noticed?;
        }
    }
    Ok(())
}

#[test]
fn in_a_storm_each_job_has_one_result() -> Result<()> {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64 | 1;
    println!("the storm of {seed}");
    let mut chance = Chance(seed);
    let mut jobs = Jobs::that_survive_kills()?;
    let wanted: Vec<_> = (0..JOBS).map(|_| format!("spin:{}", chance.below(50))).collect();
    let ids = jobs.add(&wanted)?;
    let workers = (1..=WORKERS).map(|n| jobs.worker(&format!("w{n}"), &FLAGS));
    let mut workers = workers.collect::<Result<Vec<_>>>()?;
    let mut done = Done::default();
    for step in 1..=STEPS {
        happens(&mut chance, &mut jobs, &mut workers)?;
        workers.iter_mut().try_for_each(Worker::keep_up)?;
        if workers.iter().all(is_stopped) {
            workers[0].signal(Signal::CONT)?;
        }
        let goal = JOBS * step / (STEPS + 1);
        until("more jobs have ended", || jobs.ended(&ids) >= goal)?;
        done.look(&jobs, &ids)?;
    }
    for worker in &workers {
        worker.signal(Signal::CONT)?;
    }
    let records = jobs.ends(&ids)?;
    ensure!(records.iter().all(|record| record.is_done_with("")), "{records:#?}");
    workers.into_iter().try_for_each(Worker::stop)?;
    done.look(&jobs, &ids)?;
    ensure!(jobs.length()? == 0 && jobs.dead()?.is_empty(), "{:?}", jobs.pending()?);
    jobs.down()
}
