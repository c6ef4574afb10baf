//! What the result of a call means to the breaker: said by a closure, or by default by `Ok` and `Err`.

use crate::breaker::Outcome;

/// Says what a result of type `Result<T, E>` means to the breaker.
///
/// Closures `Fn(&Result<T, E>) -> Outcome` do, and so does [`ByResult`]. The trait is sealed: it stands in the bounds of
/// [`BreakerService`](super::BreakerService), and other types cannot implement it.
///
/// ```
/// use corepool::breaker::Outcome;
/// use corepool::tower::{ByResult, Classify};
///
/// let not_found: Result<(), u16> = Err(404);
/// assert_eq!(ByResult.classify(&not_found), Outcome::Failure);
/// let judge = |answer: &Result<(), u16>| if *answer == Err(404) { Outcome::Ignored } else { ByResult.classify(answer) };
/// assert_eq!(judge.classify(&not_found), Outcome::Ignored);
/// ```
pub trait Classify<T, E>: Sealed<T, E> {
    /// Says what `result` means.
    ///
    /// ```
    /// use corepool::breaker::Outcome;
    /// use corepool::tower::{ByResult, Classify};
    ///
    /// assert_eq!(ByResult.classify(&"42".parse::<u32>()), Outcome::Success);
    /// ```
    fn classify(&self, result: &Result<T, E>) -> Outcome;
}

/// The default: `Ok` is a success, `Err` a failure.
///
/// ```
/// use corepool::breaker::CircuitBreaker;
/// use corepool::tower::{BreakerLayer, ByResult};
///
/// let layer: BreakerLayer<ByResult> = BreakerLayer::new(CircuitBreaker::new());
/// # drop(layer);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ByResult;

impl<T, E> Classify<T, E> for ByResult {
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        match result {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure,
        }
    }
}

impl<T, E, C: Fn(&Result<T, E>) -> Outcome> Classify<T, E> for C {
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        self(result)
    }
}

/// What nobody outside can name, and so implement.
pub trait Sealed<T, E> {}
impl<T, E> Sealed<T, E> for ByResult {}
impl<T, E, C: Fn(&Result<T, E>) -> Outcome> Sealed<T, E> for C {}
