//! One error for a job that is run to its end.

use crate::base::error::{JobError, SubmitError, SubmitErrorKind};

/// Why [`Pool::run`](crate::Pool::run) has no value: the job was not accepted, or it was and has failed.
///
/// What [`source`](std::error::Error::source) gives says more. Both halves of submitting and joining a job by hand become one
/// by `?`, and so may an error of your own with two `#[from]` for thiserror, on [`SubmitErrorKind`] and [`JobError`].
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
    /// The job was not accepted, and did not run.
    #[error("the job was not accepted")]
    Rejected(#[from] SubmitErrorKind),
    /// The job was accepted, and has no value.
    #[error("the job failed")]
    Failed(#[from] JobError),
}

impl<F> From<SubmitError<F>> for RunError {
    /// Drops the closure; a panic in that is contained.
    fn from(rejected: SubmitError<F>) -> Self {
        Self::Rejected(rejected.into())
    }
}
