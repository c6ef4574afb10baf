//! A handle that does not keep the pool open.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Weak};

use crate::pool::owner::Owner;
use crate::pool::pool::Pool;
use crate::pool::report::Report;
use crate::queue::front::Origin;
use crate::worker::seat::origin;
use crate::worker::shared::Shared;

/// A handle that does not keep the pool open: for caches and thread-locals, and for jobs that submit to their own pool.
///
/// ```
/// use corepool::{Pool, WeakPool};
///
/// fn count_down(pool: WeakPool, from: u32) {
///     if let (Some(next), Some(open)) = (from.checked_sub(1), pool.upgrade()) {
///         open.submit(move || count_down(pool, next)).unwrap().detach();
///     }
/// }
///
/// let pool = Pool::new().unwrap();
/// count_down(pool.downgrade(), 10);
/// drop(pool); // waits for all of them
/// ```
#[derive(Clone)]
pub struct WeakPool(Weak<Shared>);

impl WeakPool {
    pub(super) fn new(pool: &Arc<Shared>) -> Self {
        Self(Arc::downgrade(pool))
    }

    /// Returns the pool, if anybody still holds it.
    ///
    /// Inside one of the pool's own jobs this always works, also while the pool drains. What it returns there is like
    /// [`Pool::current`]: it does not keep the pool open. Elsewhere it is a
    /// clone like any other: if it is the last, dropping it drains the pool and waits.
    ///
    /// ```
    /// let pool = corepool::Pool::new().unwrap();
    /// let weak = pool.downgrade();
    /// assert_eq!(weak.upgrade().unwrap().run(|| 42).unwrap(), 42);
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<Pool> {
        let shared = self.0.upgrade()?;
        match origin(shared.id) {
            Origin::Inside => Some(Owner::visitor(shared)),
            Origin::Outside => Owner::of(&shared),
        }
        .map(Pool::of)
    }

    /// Returns what can be seen of the pool, as [`Pool::report`] does, until its threads have ended: also while it drains and
    /// nobody holds it any more.
    ///
    /// It holds the pool at no moment, so unlike an upgraded clone it cannot become the last, whose drop drains the pool on this
    /// thread while nobody else waits for that. This is for who publishes what a pool does and has no part in it. Should the pool
    /// end meanwhile, what its hooks own is dropped on this thread.
    ///
    /// ```
    /// let pool = corepool::Pool::builder().workers(2).build().unwrap();
    /// let weak = pool.downgrade();
    /// pool.run(|| ()).unwrap();
    /// assert_eq!(weak.report().unwrap().stats.completed, 1);
    /// drop(pool);
    /// assert!(weak.report().is_none());
    /// ```
    #[must_use]
    pub fn report(&self) -> Option<Report> {
        self.0.upgrade().map(|shared| Report::of(&shared))
    }
}

/// As for the pool.
impl UnwindSafe for WeakPool {}
impl RefUnwindSafe for WeakPool {}

impl fmt::Debug for WeakPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut weak = f.debug_struct("WeakPool");
        if let Some(shared) = self.0.upgrade() {
            weak.field("id", &shared.id).field("name", &shared.name);
        }
        weak.finish_non_exhaustive()
    }
}
