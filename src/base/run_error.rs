//! One error for a job that is run to its end.

use crate::base::error::{JobError, SubmitError, SubmitErrorKind};

/// Why [`Pool::run`](crate::Pool::run) has no value: the job was not accepted, or it was accepted and failed.
///
/// Its [`source`](std::error::Error::source) says more. The errors of `submit` and of `join` both convert to it with
/// `?`. An error type of your own can do the same, with two `#[from]` of thiserror: for [`SubmitErrorKind`] and for
/// [`JobError`].
///
/// ```
/// use corepool::{Pool, RunError};
///
/// fn answer(pool: &Pool) -> Result<u32, RunError> {
///     let half = pool.submit(|| 21)?;
///     Ok(2 * half.join()?)
/// }
/// let pool = Pool::new().unwrap();
/// assert_eq!(answer(&pool).unwrap(), 42);
///
/// let failed = pool.run(|| panic!("no disk")).unwrap_err();
/// assert!(matches!(failed, RunError::Failed(_)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The job was not accepted and did not run.
    #[error("the job was not accepted")]
    Rejected(#[from] SubmitErrorKind),
    /// The job was accepted but has no value: it panicked, or did not run.
    #[error("the job failed")]
    Failed(#[from] JobError),
}

impl<F> From<SubmitError<F>> for RunError {
    /// Drops the closure; a panic in that is contained.
    fn from(rejected: SubmitError<F>) -> Self {
        Self::Rejected(rejected.into())
    }
}
