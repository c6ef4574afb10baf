//! Stands in for the crate's front door, whose threads loom cannot see. The rest of that floor is the crate's own.

#[path = "../../src/pool/job_builder.rs"]
pub(crate) mod job_builder;
#[path = "../../src/pool/run.rs"]
pub(crate) mod run;
#[path = "../../src/pool/scope.rs"]
mod scope;
#[path = "../../src/pool/submit.rs"]
pub(crate) mod submit;
#[path = "../../src/pool/submit_async.rs"]
pub(crate) mod submit_async;
#[path = "../../src/pool/wait_for_room.rs"]
pub(crate) mod wait_for_room;
#[path = "../../src/pool/watch.rs"]
pub(crate) mod watch;
#[path = "../../src/pool/shutdown.rs"]
pub(crate) mod shutdown;

use super::*;
use crate::steal::lane::Group;
use job_builder::JobBuilder;
use owner::Owner;

/// Where the crate has its own.
pub(crate) mod pool {
    pub(crate) use super::Pool;
}

/// In place of the crate's, whose last one waits for threads.
pub(crate) mod owner {
    use super::*;

    pub(crate) struct Owner(pub(super) Arc<Shared>);

    impl Owner {
        pub(crate) fn shared(&self) -> &Arc<Shared> {
            &self.0
        }
    }

    impl std::fmt::Debug for Owner {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_tuple("Pool").field(&self.0.id).finish()
        }
    }
}

/// At most, in a model.
const WORKERS: usize = 4;

/// A pool whose threads are the model's.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Owner>);

impl Pool {
    pub(crate) fn new(capacity: usize) -> Self {
        Self::with_hooks(capacity, Hooks::default())
    }

    pub(crate) fn with_hooks(capacity: usize, hooks: Hooks) -> Self {
        Self::planned(capacity, hooks, false)
    }

    pub(crate) fn inline(capacity: usize) -> Self {
        Self::planned(capacity, Hooks::default(), true)
    }

    fn planned(capacity: usize, hooks: Hooks, is_inline: bool) -> Self {
        let plan =
            Plan { name: "model".to_owned(), workers: WORKERS, capacity, hooks, timings: false, slow: None, is_inline };
        Self(Arc::new(Owner(Shared::new(plan, |id| ThreadOptions {
            name: "model".to_owned(),
            stack_size: None,
            on_start: Box::new(move || seat::reserve(id)),
        }))))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        self.0.shared()
    }

    pub(crate) fn job(&self) -> JobBuilder<'_> {
        JobBuilder::new(&self.0)
    }

    pub(crate) fn monitor(&self) -> &Monitor {
        &self.shared().monitor
    }

    pub(crate) fn keeper(&self) -> &Arc<Keeper> {
        &self.shared().keeper
    }

    pub(crate) fn close(&self, mode: Shutdown) {
        close(self.shared(), mode);
    }

    /// A thread of the model's.
    pub(crate) fn spawn<T: 'static>(&self, run: impl FnOnce(&Pool) -> T + 'static) -> JoinHandle<T> {
        let pool = self.clone();
        thread::spawn(move || run(&pool))
    }

    pub(crate) fn recruit(&self, index: usize) -> Worker {
        let meter = Arc::new(Meter::new());
        self.monitor().enter(Arc::clone(&meter));
        Worker::new(Arc::clone(self.shared()), index, meter)
    }

    /// Makes this thread a worker of the pool, within which jobs may submit and claim, until the seat is left.
    pub(crate) fn enter(&self, worker: Worker) -> (Seated, Rc<Worker>) {
        let worker = Rc::new(worker);
        (seat::enter(Rc::clone(&worker)), worker)
    }

    /// A thread with a worker's whole life.
    pub(crate) fn spawn_worker(&self, index: usize) -> JoinHandle<()> {
        let meter = Arc::new(Meter::new());
        self.monitor().enter(Arc::clone(&meter));
        self.spawn(move |pool| {
            live(Arc::clone(pool.shared()), index, meter, None, |started| assert!(started.is_ok()));
        })
    }

    /// A thread with a worker's loop for so many jobs, no shutdown needed: a smaller model.
    pub(crate) fn spawn_server(&self, jobs: usize) -> JoinHandle<()> {
        let worker = self.recruit(0);
        self.spawn(move |pool| {
            let (_seated, worker) = pool.enter(worker);
            let mut done = None;
            for _ in 0..jobs {
                let job =
                    next_job(pool.shared(), 0, &AdaptiveSpin::default(), done).expect("the pool is not shut down");
                done = Some(worker.execute(job));
            }
            if let Some(epoch) = done {
                pool.monitor().retire(epoch);
            }
        })
    }

    pub(crate) fn run_here(&self, job: Begun, worker: &Worker) {
        self.monitor().retire(worker.execute(job));
    }

    /// Runs the oldest job on this thread.
    pub(crate) fn run_one(&self, worker: &Worker) {
        let job = next_job(self.shared(), 0, &AdaptiveSpin::default(), None).expect("the pool is not shut down");
        self.run_here(job, worker);
    }

    /// As `Pool::submit`; the closure back if the pool is shut down.
    #[track_caller]
    pub(crate) fn submit<F, T>(&self, job: F) -> Result<JobHandle<T>, F>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self.shared(), job, (), Patience::Forever, Location::caller()).map_err(|rejected| {
            assert_eq!(rejected.kind(), SubmitErrorKind::ShutDown, "there is no time, and a worker does not wait");
            rejected.into_job()
        })
    }

    /// A job that finds room, with its cell in hand.
    #[track_caller]
    pub(crate) fn queue_in_hand<F, T>(&self, job: F) -> Submitted<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (cell, job) = new_cell(job, ());
        assert!(self.monitor().offer(job, Origin::Outside, NoRoom::Reject).is_ok());
        Submitted { cell, parker: Arc::default(), pool: self.shared().id }
    }

    /// A job that finds room.
    #[track_caller]
    pub(crate) fn queue<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> JobHandle<T> {
        self.submit(job).unwrap_or_else(|_| unreachable!("the pool is open"))
    }

    /// As `Pool::try_submit`; the closure back if it is full.
    #[track_caller]
    pub(crate) fn try_submit<F, T>(&self, job: F) -> Result<JobHandle<T>, F>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(self.shared(), job, (), Patience::None, Location::caller()).map_err(|rejected| {
            assert_eq!(rejected.kind(), SubmitErrorKind::Full, "the pool is open");
            rejected.into_job()
        })
    }

    /// A job that finds no room and stands in line from here on, as a future's would.
    #[track_caller]
    pub(crate) fn stand_in_line<F, T>(&self, job: F) -> Submitted<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (cell, job) = new_cell(job, ());
        self.put_in_line(cell, job)
    }

    /// The same with options, registered with who may end the job: steps 1 and 2 of `src/ending/registration.rs`.
    #[track_caller]
    pub(crate) fn stand_in_line_with<F, T>(
        &self,
        job: F,
        options: Options<Registration>,
    ) -> Submitted<F, T, Options<Registration>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (cell, job) = self.register(job, options);
        self.put_in_line(cell, job)
    }

    /// A job that is not offered yet: step 1 of `src/ending/registration.rs`.
    #[track_caller]
    pub(crate) fn register<F, T>(
        &self,
        job: F,
        options: Options<Registration>,
    ) -> (Arc<JobCell<F, T, Options<Registration>>>, Runnable)
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (cell, job) = new_cell(job, options);
        cell.extras().ending.register(self.shared().id, &job).expect("it has not ended");
        (cell, job)
    }

    fn put_in_line<F, T, O>(&self, cell: Arc<JobCell<F, T, O>>, job: Runnable) -> Submitted<F, T, O> {
        let (parker, waker) = bell();
        assert!(matches!(self.monitor().stand_in_line(job, waker), Ok(Standing::InLine)));
        Submitted { cell, parker, pool: self.shared().id }
    }

    /// As the crate's own.
    pub(crate) fn join<RA, RB: Send>(&self, a: impl FnOnce() -> RA, b: impl FnOnce() -> RB + Send) -> (RA, RB) {
        if fork::site::exposes_enough(self.shared().id) {
            return (a(), b());
        }
        fork::join::join(self.shared(), Group::NONE, a, b)
    }

    pub(crate) fn shut_down(&self, mode: Shutdown) -> ShutdownReport {
        shut_down(self.shared(), mode, None).expect("called from outside, without a deadline")
    }
}

/// A submitter, in line or past it, with its cell in hand.
pub(crate) struct Submitted<F, T, O = ()> {
    pub(crate) cell: Arc<JobCell<F, T, O>>,
    parker: Arc<Parker>,
    pool: PoolId,
}

impl<F, T, O> Submitted<F, T, O>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    O: Extras + 'static,
{
    pub(crate) fn header(&self) -> &Header {
        self.cell.header()
    }

    /// Waits for the verdict as `wait_for_room` does.
    pub(crate) fn wait(&self) -> Standing {
        while self.header().standing() == Standing::InLine {
            self.parker.park_until(None);
        }
        self.header().standing()
    }

    pub(crate) fn into_handle(self) -> JobHandle<T> {
        JobHandle::new(self.cell, self.pool)
    }
}
