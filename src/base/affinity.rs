//! On which cores a thread may run.
//!
//! On Linux a new thread may run where the thread that starts it may. So a thread that is started late would be kept to the
//! cores of whoever happens to start it. Other systems do not hand this on, and there is nothing to do there.

pub(crate) use self::system::Affinity;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

    /// A set of cores; none where the system would not say.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct Affinity(Option<CpuSet>);

    impl Affinity {
        pub(crate) fn of_this_thread() -> Self {
            Self(sched_getaffinity(None).ok())
        }

        /// Of the process's main thread, which is what the process was given unless that thread has been pinned itself.
        pub(crate) fn of_main_thread() -> Self {
            let main = i32::try_from(std::process::id()).ok().and_then(Pid::from_raw);
            Self(main.and_then(|main| sched_getaffinity(Some(main)).ok()))
        }

        /// Lets this thread run there. Where the system refuses, it runs where it does: slower, not wrong.
        pub(crate) fn apply(&self) {
            if let Some(cores) = &self.0 {
                let _ = sched_setaffinity(None, cores);
            }
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    /// Every core.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct Affinity;

    impl Affinity {
        pub(crate) fn of_this_thread() -> Self {
            Self
        }

        pub(crate) fn of_main_thread() -> Self {
            Self
        }

        pub(crate) fn apply(&self) {}
    }
}
