//! How long a pool's jobs took, as the user reads it.

use std::ops::Sub;
use std::time::Duration;

use crate::base::priority::Priority;
use crate::observe::times::Times;

/// How long a pool's jobs waited and ran since it was built: what [`Pool::timings`](crate::Pool::timings) returns.
///
/// Jobs are counted as they end, before their handles resolve. What did not run, because it was cancelled or has expired,
/// is not in here. Subtract an earlier reading from a later one to see what happened in between:
///
/// ```
/// let pool = corepool::Pool::builder().workers(1).timings(true).build().unwrap();
/// pool.run(|| ()).unwrap();
/// let before = pool.timings().unwrap();
/// pool.job().name("thumbnail").run(|| ()).unwrap();
/// let lately = pool.timings().unwrap() - &before;
/// assert_eq!(lately.all().ran.count(), 1);
/// assert_eq!((&*lately.named[0].0, lately.named[0].1.ran.count()), ("thumbnail", 1));
/// println!("worker 0 was busy for {:.0} %", 100.0 * lately.utilisation(0).unwrap());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Timings {
    /// Jobs of [`Priority::High`].
    pub high: JobTimes,
    /// Jobs of [`Priority::Normal`].
    pub normal: JobTimes,
    /// Jobs of [`Priority::Low`].
    pub low: JobTimes,
    /// Jobs that have a name, by name, in the order in which names were first used. Only the first 64 are told apart; all
    /// others are counted under `other`, the last, and so are jobs of that very name. A difference has them all, too, so that rows stay where they are.
    pub named: Vec<(String, JobTimes)>,
    /// Each worker's time, in the order of the workers. An [inline](crate::Builder::inline) pool has none.
    pub workers: Vec<WorkerTimes>,
    /// Since the pool was built or, in a difference, between the two readings.
    pub elapsed: Duration,
}

/// How long some jobs waited and ran.
///
/// ```
/// let pool = corepool::Pool::builder().timings(true).build().unwrap();
/// pool.job().name("thumbnail").run(|| ()).unwrap();
/// let timings = pool.timings().unwrap();
/// let (name, times) = &timings.named[0];
/// println!("{name}: waited {:?}, ran {:?}", times.waited.mean().unwrap(), times.ran.mean().unwrap());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobTimes {
    /// From the call that submitted the job until it started, time in line for room included.
    pub waited: Times,
    /// From its start to its end, jobs that it ran in its joins included.
    pub ran: Times,
    /// How much of that its thread had a CPU. A job that blocks, on I/O or a lock, shows here. `None` where the platform does
    /// not tell.
    ///
    /// Exact to half a millisecond. A job that took less than that counts as having had a CPU all the time.
    pub cpu: Option<Times>,
}

/// One worker's time.
///
/// ```
/// let pool = corepool::Pool::builder().workers(1).timings(true).build().unwrap();
/// pool.run(|| ()).unwrap();
/// assert!(pool.timings().unwrap().workers[0].busy > std::time::Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerTimes {
    /// How long it ran jobs; up to now for one that still runs.
    pub busy: Duration,
    /// How much of that its thread had a CPU, in jobs that have ended: see [`JobTimes::cpu`].
    pub cpu: Option<Duration>,
}

impl Timings {
    /// The jobs of one priority.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().timings(true).build().unwrap();
    /// let timings = pool.timings().unwrap();
    /// assert_eq!(timings.of(corepool::Priority::Low), &timings.low);
    /// ```
    #[must_use]
    pub fn of(&self, priority: Priority) -> &JobTimes {
        match priority {
            Priority::High => &self.high,
            Priority::Normal => &self.normal,
            Priority::Low => &self.low,
        }
    }

    /// The jobs of all priorities, added up.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().timings(true).build().unwrap();
    /// pool.run(|| ()).unwrap();
    /// assert_eq!(pool.timings().unwrap().all().ran.count(), 1);
    /// ```
    #[must_use]
    pub fn all(&self) -> JobTimes {
        let mut all = self.high.clone();
        all.add(&self.normal);
        all.add(&self.low);
        all
    }

    /// How much of the time a worker ran jobs, from 0 to 1. `None` if there is no such worker, or no time has passed.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().workers(1).timings(true).build().unwrap();
    /// pool.run(|| ()).unwrap();
    /// let share = pool.timings().unwrap().utilisation(0).unwrap();
    /// assert!((0.0..=1.0).contains(&share));
    /// ```
    #[must_use]
    pub fn utilisation(&self, worker: usize) -> Option<f64> {
        let busy = self.workers.get(worker)?.busy;
        (!self.elapsed.is_zero()).then(|| busy.div_duration_f64(self.elapsed).min(1.0))
    }
}

/// What happened between two readings, `later - &earlier`.
impl Sub<&Timings> for Timings {
    type Output = Self;

    fn sub(self, earlier: &Self) -> Self {
        let name_before = |name| earlier.named.iter().find(|(earlier, _)| earlier == name).map(|(_, times)| times);
        let named = self.named.iter().map(|(name, times)| match name_before(name) {
            Some(before) => (name.clone(), times.since(before)),
            None => (name.clone(), times.clone()),
        });
        let worker_before = |index| earlier.workers.get(index).copied().unwrap_or_default();
        let workers = self.workers.iter().enumerate().map(|(index, worker)| worker.since(worker_before(index)));
        Self {
            named: named.collect(),
            workers: workers.collect(),
            high: self.high.since(&earlier.high),
            normal: self.normal.since(&earlier.normal),
            low: self.low.since(&earlier.low),
            elapsed: self.elapsed.saturating_sub(earlier.elapsed),
        }
    }
}

impl JobTimes {
    /// Which part of the time that these jobs ran their threads had a CPU, from 0 to 1: near 1 for jobs that compute, near 0
    /// for jobs that wait for something. `None` if there were none, or the platform does not tell.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let pool = corepool::Pool::builder().timings(true).build().unwrap();
    /// pool.run(|| std::thread::sleep(Duration::from_millis(50))).unwrap();
    /// if let Some(share) = pool.timings().unwrap().all().cpu_share() {
    ///     assert!(share < 0.5, "this job slept");
    /// }
    /// ```
    #[must_use]
    pub fn cpu_share(&self) -> Option<f64> {
        let (cpu, ran) = (self.cpu.as_ref()?.total(), self.ran.total());
        // The two are not read at the same moment.
        (!ran.is_zero()).then(|| cpu.div_duration_f64(ran).min(1.0))
    }

    fn add(&mut self, other: &Self) {
        self.waited.add(&other.waited);
        self.ran.add(&other.ran);
        match (&mut self.cpu, &other.cpu) {
            (Some(times), Some(others)) => times.add(others),
            _ => self.cpu = None,
        }
    }

    fn since(&self, earlier: &Self) -> Self {
        let cpu = self.cpu.as_ref().zip(earlier.cpu.as_ref());
        Self {
            waited: self.waited.since(&earlier.waited),
            ran: self.ran.since(&earlier.ran),
            cpu: cpu.map(|(times, before)| times.since(before)),
        }
    }
}

impl Default for JobTimes {
    /// Of no jobs.
    fn default() -> Self {
        Self { waited: Times::default(), ran: Times::default(), cpu: Some(Times::default()) }
    }
}

impl WorkerTimes {
    fn since(self, earlier: Self) -> Self {
        let cpu = self.cpu.zip(earlier.cpu);
        Self {
            busy: self.busy.saturating_sub(earlier.busy),
            cpu: cpu.map(|(cpu, before)| cpu.saturating_sub(before)).or(self.cpu),
        }
    }
}
