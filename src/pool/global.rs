//! The pool of the process.

use std::panic;
use std::sync::{Arc, OnceLock};
use std::thread;

use crate::base::affinity::Affinity;
use crate::base::error::BuildError;
use crate::pool::builder::{Builder, cores};
use crate::pool::owner::{Kind, Owner};
use crate::pool::pool::Pool;

impl Pool {
    /// The pool of the process, with all defaults, built on first use. It is never shut down.
    ///
    /// It does not matter which thread comes first: on Linux, where threads run where those that start them may run, its
    /// workers take after the process's main thread, and so does their number. Where that one has been pinned itself,
    /// what the process was given before cannot be known; use the pool once before.
    ///
    /// # Panics
    ///
    /// If the system would not start the threads.
    ///
    /// ```
    /// let job = corepool::Pool::global().submit(|| 42).unwrap();
    /// assert_eq!(job.join().unwrap(), 42);
    /// ```
    #[must_use]
    pub fn global() -> &'static Pool {
        static GLOBAL: OnceLock<Pool> = OnceLock::new();
        GLOBAL.get_or_init(|| match build_global() {
            Ok(pool) => pool,
            Err(error) => panic!("the global pool could not be built: {error}"),
        })
    }
}

/// On a thread that may run where the main thread may, if this one may not: the workers then inherit that.
fn build_global() -> Result<Pool, BuildError> {
    let build = || {
        let start = Builder::new().prepare(Affinity::of_this_thread(), cores)?;
        start.run()?;
        Ok(Pool::of(Owner::new(Arc::clone(&start.shared), Kind::Global)))
    };
    let affinity = Affinity::of_main_thread();
    if affinity == Affinity::of_this_thread() {
        return build();
    }
    let elsewhere = thread::Builder::new().spawn(move || {
        affinity.apply();
        build()
    });
    match elsewhere.map(thread::JoinHandle::join) {
        Ok(Ok(built)) => built,
        Ok(Err(panic)) => panic::resume_unwind(panic),
        // Better a pool on few cores than none.
        Err(_) => build(),
    }
}
