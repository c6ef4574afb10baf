//! A job in the spans of the crate `tracing`; without the feature of that name nothing at all.
//!
//! | when | what |
//! |---|---|
//! | the job is submitted | its submitter's span is noted |
//! | it starts | it runs inside that span and, inside of it, in a span of its own |
//! | it panics | an event in its own span |
//! | it expires | an event in its submitter's span |
//! | it has ended, before its handle resolves | both spans are let go of |

#[cfg(feature = "tracing")]
pub(super) use on::Submitted;

#[cfg(not(feature = "tracing"))]
pub(super) use off::Submitted;

#[cfg(feature = "tracing")]
mod on {
    use std::time::Instant;

    use tracing::{Level, Span, debug_span, error, field, level_enabled, warn};

    use crate::base::job_panic::JobPanic;
    use crate::base::panic::contain;
    use crate::base::unrun::Unrun;
    use crate::job::runnable::RunEnd;

    /// What is noted of a job's submission.
    pub(in crate::job) struct Submitted {
        span: Span,
        /// If anybody may want to know how long it waited.
        since: Option<Instant>,
    }

    impl Submitted {
        pub(in crate::job) fn here() -> Self {
            Self { span: Span::current(), since: level_enabled!(Level::DEBUG).then(Instant::now) }
        }

        /// On the thread that runs the job.
        pub(in crate::job) fn start(self, job: &dyn RunEnd) -> Running {
            let own = contain(|| {
                debug_span!(
                    target: "corepool",
                    parent: &self.span,
                    "job",
                    name = job.name().map(|name| &**name),
                    priority = ?job.header().priority(),
                    submitted_at = %job.header().submitted_at(),
                    wait_us = self.since.map(|since| since.elapsed().as_micros() as u64),
                    run_us = field::Empty,
                )
            });
            let started = self.since.map(|_| Instant::now());
            Running { submitter: self.span, own: own.unwrap_or_else(Span::none), started }
        }

        /// The job will not run.
        pub(in crate::job) fn end(self, job: &dyn RunEnd, why: Unrun) {
            contain(|| {
                if why == Unrun::Expired {
                    warn!(
                        target: "corepool",
                        parent: &self.span,
                        name = job.name().map(|name| &**name),
                        submitted_at = %job.header().submitted_at(),
                        "a job has expired before it ran"
                    );
                }
                drop(self);
            });
        }
    }

    /// A job that runs.
    pub(in crate::job) struct Running {
        submitter: Span,
        own: Span,
        started: Option<Instant>,
    }

    impl Running {
        /// If a subscriber panics, that is the job's panic.
        pub(in crate::job) fn in_scope<R>(&self, run: impl FnOnce() -> R) -> R {
            self.submitter.in_scope(|| self.own.in_scope(run))
        }

        /// The same for what must run, whatever a subscriber does.
        pub(in crate::job) fn in_scope_contained<R>(&self, run: impl FnOnce() -> R) -> R {
            let entered = contain(|| (self.submitter.enter(), self.own.enter()));
            let result = run();
            contain(|| drop(entered));
            result
        }

        /// Inside of that.
        pub(in crate::job) fn tell_panic(&self, panic: &JobPanic) {
            contain(|| {
                error!(
                    target: "corepool",
                    name = panic.job_name(),
                    submitted_at = %panic.submitted_at(),
                    panic = panic.message(),
                    "a job has panicked"
                );
            });
        }

        pub(in crate::job) fn end(self) {
            contain(|| {
                if let Some(started) = self.started {
                    self.own.record("run_us", started.elapsed().as_micros() as u64);
                }
                drop(self);
            });
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use crate::base::job_panic::JobPanic;
    use crate::base::unrun::Unrun;
    use crate::job::runnable::RunEnd;

    pub(in crate::job) struct Submitted;

    impl Submitted {
        #[inline(always)]
        pub(in crate::job) fn here() -> Self {
            Self
        }

        #[inline(always)]
        pub(in crate::job) fn start(self, _job: &dyn RunEnd) -> Running {
            Running
        }

        #[inline(always)]
        pub(in crate::job) fn end(self, _job: &dyn RunEnd, _why: Unrun) {}
    }

    pub(in crate::job) struct Running;

    impl Running {
        #[inline(always)]
        pub(in crate::job) fn in_scope<R>(&self, run: impl FnOnce() -> R) -> R {
            run()
        }

        #[inline(always)]
        pub(in crate::job) fn in_scope_contained<R>(&self, run: impl FnOnce() -> R) -> R {
            run()
        }

        #[inline(always)]
        pub(in crate::job) fn tell_panic(&self, _panic: &JobPanic) {}

        #[inline(always)]
        pub(in crate::job) fn end(self) {}
    }
}
