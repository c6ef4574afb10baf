//! The pool of the process: built once, by whoever comes first, and ended once at the most.
//!
//! 1. Who builds it holds [`BUILDING`] until all its threads have started. Others wait for that, and find the pool.
//! 2. Its start hooks run meanwhile, and a wait for the pool would be for itself there, as in all that runs on a thread of that
//!    pool or in one of its jobs: [`UNFINISHED`] tells which pool that is.
//! 3. What else the user gave the builder is called and dropped before the lock is taken and after it was given back.

use std::panic;
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::base::affinity::Affinity;
use crate::base::error::{BuildError, WaitError};
use crate::pool::builder::{Builder, Start, cores};
use crate::pool::owner::{Kind, Owner};
use crate::pool::pool::Pool;
use crate::pool::shutdown::{Shutdown, ShutdownReport, shut_down};
use crate::worker::seat::{is_own_thread, would_wait_for_itself};
use crate::worker::shared::Shared;

static GLOBAL: OnceLock<Pool> = OnceLock::new();
/// Held while start hooks run: what they hold up is what waits for them in any case.
static BUILDING: Mutex<()> = Mutex::new(());
/// The pool that was begun last: it is unfinished for as long as there is no global pool.
static UNFINISHED: Mutex<Weak<Shared>> = Mutex::new(Weak::new());

impl Pool {
    /// The pool of the process, built on first use: with all defaults, unless [`Builder::build_global`] came first. It lives as
    /// long as the process, but for [`shutdown_global`](Self::shutdown_global).
    ///
    /// It does not matter which thread comes first: on Linux, where threads run where those that start them may run, its
    /// workers take after the process's main thread, and so does their number. Where that one has been pinned itself,
    /// what the process was given before cannot be known; use the pool once before.
    ///
    /// # Panics
    ///
    /// If the system would not start the threads; and in the pool's own start hook, which would wait for itself: use
    /// [`Pool::current`] there.
    ///
    /// ```
    /// let job = corepool::Pool::global().submit(|| 42).unwrap();
    /// assert_eq!(job.join().unwrap(), 42);
    /// ```
    #[must_use]
    pub fn global() -> &'static Pool {
        match get_or_build(Builder::new) {
            Ok(Global::Built(pool) | Global::Found(pool)) => pool,
            Ok(Global::Unfinished) => {
                panic!("a start hook of the global pool waits for it: use `Pool::current()` there")
            }
            Err(error) => panic!("the global pool could not be built: {error}"),
        }
    }

    /// Ends the global pool as [`shutdown`](Self::shutdown) ends another one, for all who use it: for a program's last
    /// steps, and for a plugin that is about to be unloaded, whose code no thread may run any more. If the pool was not built,
    /// nothing is built or ended, and the report has only zeros.
    ///
    /// It is not built again: [`Pool::global`] still gives the ended pool, which rejects every job with
    /// [`ShutDown`](crate::SubmitErrorKind::ShutDown).
    ///
    /// # Errors
    ///
    /// With nothing changed: [`WaitError::WouldDeadlock`] where the wait would be for itself, as for
    /// [`wait_idle`](Self::wait_idle); [`WaitError::Forked`] in a forked child.
    ///
    /// ```
    /// use corepool::{Pool, Shutdown, SubmitErrorKind};
    ///
    /// Pool::global().submit(|| ()).unwrap().detach();
    /// let report = Pool::shutdown_global(Shutdown::Drain, None).unwrap();
    /// assert_eq!((report.completed, report.still_running), (1, 0));
    /// assert_eq!(Pool::global().submit(|| ()).unwrap_err().kind(), SubmitErrorKind::ShutDown);
    /// ```
    pub fn shutdown_global(mode: Shutdown, timeout: Option<Duration>) -> Result<ShutdownReport, WaitError> {
        let Some(pool) = GLOBAL.get() else {
            return Ok(ShutdownReport { completed: 0, panicked: 0, aborted: 0, still_running: 0, still_queued: 0 });
        };
        shut_down(pool.shared(), mode, timeout)
    }
}

impl Builder {
    /// Builds the pool that [`Pool::global`] gives, before anybody has used it: at the beginning of `main`, for example.
    ///
    /// Its workers take after the process's main thread, as those of the default one. Other threads that come for the pool
    /// meanwhile wait for the build, so a start hook must not wait for one of these. In the hook itself, `Pool::global()` panics,
    /// which fails the build; [`Pool::current`] is the same pool there.
    ///
    /// # Errors
    ///
    /// As for [`build`](Self::build); the global pool is then built by whoever comes next. [`BuildError::GlobalPoolBuilt`] if
    /// there is one already, ended or not, and in its own start hook.
    ///
    /// # Panics
    ///
    /// As for [`build`](Self::build).
    ///
    /// ```
    /// use corepool::{BuildError, Pool};
    ///
    /// # fn main() -> Result<(), BuildError> {
    /// Pool::builder().workers(2).thread_name("app").build_global()?;
    /// assert_eq!(Pool::global().workers(), 2);
    /// assert!(matches!(Pool::builder().build_global(), Err(BuildError::GlobalPoolBuilt)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn build_global(self) -> Result<&'static Pool, BuildError> {
        match get_or_build(|| self)? {
            Global::Built(pool) => Ok(pool),
            Global::Found(_) | Global::Unfinished => Err(BuildError::GlobalPoolBuilt),
        }
    }
}

enum Global {
    /// By this call.
    Built(&'static Pool),
    Found(&'static Pool),
    /// Not built yet, and not to be waited for here.
    Unfinished,
}

fn get_or_build(builder: impl FnOnce() -> Builder) -> Result<Global, BuildError> {
    if let Some(pool) = GLOBAL.get() {
        return Ok(Global::Found(pool));
    }
    let unfinished = UNFINISHED.lock().upgrade();
    if unfinished.is_some_and(|pool| would_wait_for_itself(&pool) || is_own_thread(pool.id)) {
        // It may be finished by now.
        return Ok(GLOBAL.get().map_or(Global::Unfinished, Global::Found));
    }
    let start = builder().prepare(Affinity::of_main_thread(), || like_the_main_thread(cores))?;
    // The start hook is dropped with it, after the lock.
    build_once(&start)
}

fn build_once(start: &Start) -> Result<Global, BuildError> {
    let _building = BUILDING.lock();
    if let Some(pool) = GLOBAL.get() {
        return Ok(Global::Found(pool));
    }
    *UNFINISHED.lock() = Arc::downgrade(&start.shared);
    like_the_main_thread(|| start.run())?;
    Ok(Global::Built(GLOBAL.get_or_init(|| Pool::of(Owner::new(Arc::clone(&start.shared), Kind::Global)))))
}

/// On a thread that may run where the main thread may, if this one may not: threads that start there inherit that.
fn like_the_main_thread<R: Send>(act: impl Fn() -> R + Sync) -> R {
    let affinity = Affinity::of_main_thread();
    if affinity == Affinity::of_this_thread() {
        return act();
    }
    let elsewhere = thread::scope(|scope| {
        let spawned = thread::Builder::new().spawn_scoped(scope, || {
            affinity.apply();
            act()
        });
        spawned.map(thread::ScopedJoinHandle::join)
    });
    match elsewhere {
        Ok(Ok(acted)) => acted,
        Ok(Err(panic)) => panic::resume_unwind(panic),
        // Better a pool on few cores than none.
        Err(_) => act(),
    }
}
