//! A job's panic, as its handle and the panic hook report it.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::panic::{self, Location, RefUnwindSafe, UnwindSafe};

use parking_lot::Mutex;

use crate::base::panic::{contain, message_of};

/// The panic of a job: its payload, its message, and where the job was submitted.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let pool = corepool::Pool::new()?;
/// let job = pool.submit(|| -> u32 { panic!("no disk {}", 3) })?;
/// let Err(corepool::JobError::Panicked(panic)) = job.join() else { unreachable!() };
/// assert_eq!(panic.message(), "no disk 3");
/// # Ok(())
/// # }
/// ```
pub struct JobPanic(Box<Inner>);

struct Inner {
    /// Behind a mutex so that the error is `Sync` whatever the payload is; empty once it was taken.
    payload: Mutex<Option<Box<dyn Any + Send>>>,
    message: Cow<'static, str>,
    job_name: Option<Cow<'static, str>>,
    submitted_at: &'static Location<'static>,
}

/// The payload has been through a panic already, and nobody gets at it but by value.
impl UnwindSafe for JobPanic {}
impl RefUnwindSafe for JobPanic {}

impl JobPanic {
    pub(crate) fn new(
        payload: Box<dyn Any + Send>,
        job_name: Option<Cow<'static, str>>,
        submitted_at: &'static Location<'static>,
    ) -> Self {
        let message = message_of(&*payload);
        Self(Box::new(Inner { payload: Mutex::new(Some(payload)), message, job_name, submitted_at }))
    }

    /// The message of the panic, or a fixed text if the payload is not a string.
    ///
    /// ```
    /// # let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit(|| std::panic::panic_any(7_u8)).unwrap();
    /// let Err(corepool::JobError::Panicked(panic)) = job.join() else { unreachable!() };
    /// assert_eq!(panic.message(), "(the panic's payload is not a string)");
    /// ```
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The name the job was given, if any.
    ///
    /// ```
    /// # let pool = corepool::Pool::new().unwrap();
    /// let job = pool.job().name("thumbnail").submit(|| panic!("oh")).unwrap();
    /// let Err(corepool::JobError::Panicked(panic)) = job.join() else { unreachable!() };
    /// assert_eq!(panic.job_name(), Some("thumbnail"));
    /// ```
    #[must_use]
    pub fn job_name(&self) -> Option<&str> {
        self.0.job_name.as_deref()
    }

    /// The place in the source that submitted the job.
    ///
    /// ```
    /// # let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit(|| panic!("oh")).unwrap();
    /// let Err(corepool::JobError::Panicked(panic)) = job.join() else { unreachable!() };
    /// assert!(panic.submitted_at().line() > 0);
    /// ```
    #[must_use]
    pub fn submitted_at(&self) -> &'static Location<'static> {
        self.0.submitted_at
    }

    /// Returns the payload of the panic, as [`std::thread::JoinHandle::join`] would.
    ///
    /// ```
    /// # let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit(|| std::panic::panic_any(7_u8)).unwrap();
    /// let Err(corepool::JobError::Panicked(panic)) = job.join() else { unreachable!() };
    /// assert_eq!(panic.into_payload().downcast_ref(), Some(&7_u8));
    /// ```
    #[must_use]
    pub fn into_payload(mut self) -> Box<dyn Any + Send> {
        self.take_payload().unwrap_or_else(|| Box::new(()))
    }

    /// Resumes the panic on this thread. Nothing more is printed to stderr.
    ///
    /// # Panics
    ///
    /// Always.
    ///
    /// ```should_panic
    /// # let pool = corepool::Pool::new().unwrap();
    /// let job = pool.submit(|| panic!("oh")).unwrap();
    /// if let Err(corepool::JobError::Panicked(panic)) = job.join() {
    ///     panic.resume();
    /// }
    /// ```
    pub fn resume(self) -> ! {
        panic::resume_unwind(self.into_payload())
    }

    fn take_payload(&mut self) -> Option<Box<dyn Any + Send>> {
        self.0.payload.get_mut().take()
    }
}

impl Drop for JobPanic {
    /// A payload whose destructor panics must not take down whoever only looked at an error.
    fn drop(&mut self) {
        if let Some(payload) = self.take_payload() {
            contain(|| drop(payload));
        }
    }
}

impl fmt::Debug for JobPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobPanic")
            .field("message", &self.message())
            .field("job_name", &self.job_name())
            .field("submitted_at", &format_args!("{}", self.0.submitted_at))
            .finish_non_exhaustive()
    }
}

impl fmt::Display for JobPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.job_name() {
            Some(name) => write!(f, "the job {name:?} ")?,
            None => write!(f, "the job ")?,
        }
        write!(f, "submitted at {} panicked: {}", self.0.submitted_at, self.message())
    }
}

impl Error for JobPanic {}
