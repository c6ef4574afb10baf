//! What runs in a pool, and how long it took: a desk for each worker, and a list of the jobs that others run.

use std::collections::BTreeMap;
use std::mem;
use std::time::{Duration, Instant};

use crate::base::park::deadline_in;
use crate::base::priority::Priority;
use crate::base::sync::Mutex;
use crate::base::tick::Tick;
use crate::ending::rounds::Rounds;
use crate::job::runnable::RunEnd;
use crate::observe::desk::{Desk, Entry, Started};
use crate::observe::label::JobLabel;
use crate::observe::ledger::{Ledger, Ran};
use crate::observe::names::Names;
use crate::observe::running::RunningJob;
use crate::observe::slow::{Slow, SlowOptions};
use crate::observe::timings::{JobTimes, Timings};

/// A job on the board.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// The innermost of the worker's.
    Worker(usize),
    /// A worker of another pool runs it, or a thread that lends itself to an inline one.
    Outside(u64),
}

/// Whether the keeper is to be called for its rounds.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Call {
    Keeper,
    Nobody,
}

/// What became of a job that was started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Ran,
    /// It had ended before it was to start.
    Unrun,
}

pub(crate) struct Board {
    built: Tick,
    /// The workers', in their order.
    desks: Vec<Desk>,
    outside: Mutex<Outside>,
    names: Mutex<Names>,
    slow: Option<Slow>,
}

/// The jobs that others than the pool's workers run.
#[derive(Default)]
struct Outside {
    last_number: u64,
    entries: BTreeMap<u64, Entry>,
    ledger: Ledger,
}

impl Board {
    pub(crate) fn new(workers: usize, slow: Option<SlowOptions>) -> Self {
        Self {
            built: Tick::now(),
            desks: (0..workers).map(|_| Desk::default()).collect(),
            outside: Mutex::default(),
            names: Mutex::default(),
            slow: slow.map(Slow::new),
        }
    }

    /// A job that was submitted at `since` starts on this thread, which is that worker's.
    #[inline]
    pub(crate) fn begin(&self, worker: usize, job: &dyn RunEnd, since: Tick) -> (Started, Call) {
        let started = Started::now(job.header().priority(), since, self.built);
        self.desks[worker].begin(Entry::new(job, started));
        (started, self.call())
    }

    /// It has run there, or was found to have ended.
    #[inline]
    pub(crate) fn end(&self, worker: usize, job: &dyn RunEnd, started: &Started, done: Done) {
        let (desk, ran) = (&self.desks[worker], started.ran());
        if done == Done::Ran {
            desk.record(ran, started.priority());
            self.record_name(desk.ledger(), ran, job);
        }
        desk.end(started, ran.ran);
    }

    /// A job starts on this thread, which is none of the pool's.
    pub(crate) fn begin_outside(&self, job: &dyn RunEnd, since: Tick) -> (Place, Started, Call) {
        let started = Started::now(job.header().priority(), since, self.built);
        let mut outside = self.outside.lock();
        outside.last_number += 1;
        let number = outside.last_number;
        outside.entries.insert(number, Entry::new(job, started));
        drop(outside);
        (Place::Outside(number), started, self.call())
    }

    /// It has run there, or was found to have ended.
    pub(crate) fn end_outside(&self, place: Place, job: &dyn RunEnd, started: &Started, done: Done) {
        let Place::Outside(number) = place else { return };
        let mut outside = self.outside.lock();
        if done == Done::Ran {
            let ran = started.ran();
            outside.ledger.record(ran, started.priority());
            self.record_name(&outside.ledger, ran, job);
        }
        outside.entries.remove(&number);
    }

    #[inline]
    fn record_name(&self, ledger: &Ledger, ran: Ran, job: &dyn RunEnd) {
        if let Some(name) = job.name() {
            ledger.record_named(ran, name, |name| self.names.lock().id_of(name));
        }
    }

    #[inline]
    fn call(&self) -> Call {
        if self.slow.as_ref().is_some_and(Slow::wake) { Call::Keeper } else { Call::Nobody }
    }

    /// A job begins or ceases to wait for another.
    pub(crate) fn set_waits_for(&self, place: Place, label: Option<JobLabel>) {
        match place {
            Place::Worker(worker) => self.desks[worker].look(|entries| {
                if let Some(innermost) = entries.last_mut() {
                    innermost.set_waits_for(label);
                }
            }),
            Place::Outside(number) => {
                if let Some(entry) = self.outside.lock().entries.get_mut(&number) {
                    entry.set_waits_for(label);
                }
            }
        }
    }

    /// The jobs that run, by worker.
    pub(crate) fn running(&self) -> Vec<RunningJob> {
        let mut rows: Vec<_> = self.desks.iter().enumerate().flat_map(|(worker, desk)| desk.rows(worker)).collect();
        let outside = self.outside.lock();
        rows.extend(outside.entries.values().map(|entry| entry.row(None, None, Tick::now())));
        rows
    }

    pub(crate) fn timings(&self) -> Timings {
        let mut by_priority: [JobTimes; Priority::ALL.len()] = Default::default();
        let mut by_name = vec![JobTimes::default(); Names::ALL];
        let mut add = |ledger: &Ledger| {
            for (sum, priority) in by_priority.iter_mut().zip(Priority::ALL) {
                ledger.add_priority_to(priority, sum);
            }
            ledger.add_names_to(&mut by_name);
        };
        self.desks.iter().for_each(|desk| add(desk.ledger()));
        add(&self.outside.lock().ledger);
        let [high, normal, low] = by_priority;
        Timings {
            high,
            normal,
            low,
            named: self.with_names(by_name),
            workers: self.desks.iter().map(|desk| desk.worker_times(self.built)).collect(),
            elapsed: Duration::from_nanos(Tick::now().since(self.built)),
        }
    }

    /// Those of which there are any, with their names. After they were read, so that every number has its name.
    fn with_names(&self, mut times: Vec<JobTimes>) -> Vec<(String, JobTimes)> {
        let other = times.pop().map(|times| (Names::OTHER.to_owned(), times));
        let named = self.names.lock().in_order().into_iter().zip(times).chain(other);
        named.filter(|(_, times)| times.ran.count() > 0).collect()
    }

    /// Looks at all jobs that run, one desk after the other: at the worker, the job, and the one that it runs in a join.
    fn look_at_all(&self, mut look: impl FnMut(Option<usize>, &mut Entry, Option<&Entry>)) {
        for (worker, desk) in self.desks.iter().enumerate() {
            desk.look(|mut entries| {
                while let Some((entry, inner)) = mem::take(&mut entries).split_first_mut() {
                    look(Some(worker), entry, inner.first());
                    entries = inner;
                }
            });
        }
        self.outside.lock().entries.values_mut().for_each(|entry| look(None, entry, None));
    }

    /// Steps 1 and 2 of [`crate::observe::slow`].
    fn dozes(&self, slow: &Slow) -> bool {
        slow.doze();
        let mut is_idle = true;
        self.look_at_all(|_, _, _| is_idle = false);
        // Where the note was taken back already, who did so calls.
        is_idle || !slow.wake()
    }
}

impl Rounds for Board {
    fn first(&self) -> Option<Instant> {
        deadline_in(Duration::from_nanos(self.slow.as_ref()?.limit()))
    }

    fn go_round(&self) -> Option<Instant> {
        let slow = self.slow.as_ref()?;
        let (mut slow_job, mut next, mut is_idle) = (None, None, true);
        self.look_at_all(|worker, entry, inner| {
            is_idle = false;
            if slow_job.is_some() {
                // For the next round, at once: the hook may take its time with this one.
                next = Some(0);
                return;
            }
            match entry.take_if_slow(worker, inner, slow.limit()) {
                Some(Ok(job)) => slow_job = Some(job),
                Some(Err(left)) => next = next.into_iter().chain([left]).min(),
                None => {}
            }
        });
        // No lock is held while the user's code runs.
        slow_job.inspect(|job| slow.tell(job));
        match next {
            Some(left) => deadline_in(Duration::from_nanos(left)),
            None if is_idle && self.dozes(slow) => None,
            None => self.first(),
        }
    }
}
