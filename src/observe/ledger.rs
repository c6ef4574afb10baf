//! How long jobs took, as one desk has counted it.

use std::sync::atomic::AtomicBool as StdAtomicBool;
use std::sync::atomic::AtomicU64 as StdAtomicU64;
use std::time::Duration;

use crate::base::priority::Priority;
use crate::base::sync::{Mutex, Ordering};
use crate::observe::names::{KnownNames, NameId, Names};
use crate::observe::tally::{Tally, bump, read};
use crate::observe::timings::JobTimes;

/// A job that has run, in nanoseconds.
#[derive(Clone, Copy)]
pub(super) struct Ran {
    pub(super) waited: u64,
    pub(super) ran: u64,
    pub(super) cpu: Cpu,
}

/// How much of that its thread had a CPU.
#[derive(Clone, Copy)]
pub(super) enum Cpu {
    /// As good as all, as it was so short.
    All,
    /// So many nanoseconds.
    Used(u64),
    Unknown,
}

/// Some jobs that have run. What needs not be counted twice is not: it is added up for who reads it.
#[derive(Debug, Default)]
struct Log {
    waited: Tally,
    /// Of those that had a CPU all the time.
    ran: Tally,
    /// Of the others.
    ran_long: Tally,
    cpu: Tally,
    is_cpu_unknown: StdAtomicBool,
}

impl Log {
    #[inline]
    fn record(&self, job: Ran) {
        self.waited.record(job.waited);
        match job.cpu {
            Cpu::All => return self.ran.record(job.ran),
            Cpu::Used(nanos) => self.cpu.record(nanos),
            Cpu::Unknown => set(&self.is_cpu_unknown),
        }
        self.ran_long.record(job.ran);
    }

    fn add_to(&self, times: &mut JobTimes) {
        let short = self.ran.read();
        times.waited.add(&self.waited.read());
        times.ran.add(&short);
        times.ran.add(&self.ran_long.read());
        match &mut times.cpu {
            Some(cpu) if !is_set(&self.is_cpu_unknown) => {
                cpu.add(&short);
                cpu.add(&self.cpu.read());
            }
            cpu => *cpu = None,
        }
    }
}

/// Jobs that have run, by priority and by name. Has one writer at a time, each of whom sees what the one before has written.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    by_priority: [Log; Priority::ALL.len()],
    named: Mutex<Named>,
    /// Of outermost jobs, in nanoseconds.
    cpu: StdAtomicU64,
    is_cpu_unknown: StdAtomicBool,
}

#[derive(Debug, Default)]
struct Named {
    known: KnownNames,
    /// By their numbers, as far as there are jobs of that name.
    logs: Vec<Log>,
}

impl Ledger {
    #[inline]
    pub(super) fn record(&self, job: Ran, priority: Priority) {
        self.by_priority[priority as usize].record(job);
    }

    /// The same for its name, whose number `ask` tells.
    pub(super) fn record_named(&self, job: Ran, name: &str, ask: impl FnOnce(&str) -> NameId) {
        let mut named = self.named.lock();
        let id = named.known.id_of(name, ask);
        if named.logs.len() <= id {
            named.logs.resize_with((id + 1).min(Names::ALL), Log::default);
        }
        named.logs[id].record(job);
    }

    /// The same for the time that its worker had a CPU.
    #[inline]
    pub(super) fn record_outermost(&self, job: Ran) {
        match job.cpu {
            Cpu::All => bump(&self.cpu, job.ran),
            Cpu::Used(nanos) => bump(&self.cpu, nanos),
            Cpu::Unknown => set(&self.is_cpu_unknown),
        }
    }

    pub(super) fn add_priority_to(&self, priority: Priority, times: &mut JobTimes) {
        self.by_priority[priority as usize].add_to(times);
    }

    /// Adds each name's to those under its number.
    pub(super) fn add_names_to(&self, times: &mut [JobTimes]) {
        for (log, times) in self.named.lock().logs.iter().zip(times) {
            log.add_to(times);
        }
    }

    /// In outermost jobs that have ended.
    pub(super) fn worker_cpu(&self) -> Option<Duration> {
        (!is_set(&self.is_cpu_unknown)).then(|| Duration::from_nanos(read(&self.cpu)))
    }
}

fn set(flag: &StdAtomicBool) {
    // ORDERING: Relaxed, as for the counts.
    flag.store(true, Ordering::Relaxed);
}

fn is_set(flag: &StdAtomicBool) -> bool {
    // ORDERING: Relaxed, as for the counts.
    flag.load(Ordering::Relaxed)
}
