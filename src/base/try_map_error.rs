//! Why not all items of a fallible call have a value.

use crate::base::error::Interrupted;

/// Why [`Pool::try_map_slice`](crate::Pool::try_map_slice) has not given a value for each item.
///
/// ```
/// use corepool::{Pool, TryMapError};
///
/// let pool = Pool::new().unwrap();
/// let words = ["1", "2", "three"];
/// let numbers = pool.try_map_slice(&words, |word| word.parse::<u32>());
/// match numbers {
///     Ok(numbers) => println!("{numbers:?}"),
///     Err(TryMapError::Failed(error)) => println!("one of them is no number: {error}"),
///     Err(other) => println!("{other}"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TryMapError<E> {
    /// The closure returned this for an item.
    #[error("an item has failed: {0}")]
    Failed(E),
    /// The job that made the call is to stop.
    #[error("{0}: not all items were done")]
    Interrupted(Interrupted),
}
