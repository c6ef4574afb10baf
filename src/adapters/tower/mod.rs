//! The circuit breaker as a [tower](https://docs.rs/tower) layer, and the pool as a tower service. Needs the cargo feature
//! `tower`, which is off by default.
//!
//! | type | what it is |
//! |---|---|
//! | [`BreakerLayer`] | wraps a service: calls go through while the breaker admits them, and are rejected at once otherwise |
//! | [`PoolService`] | runs each request as a job on the pool; sheds requests while the queue is full |
//!
//! Here both are in one stack. A queue that is full says nothing about the server behind the job, so the classifier ignores it:
//!
//! ```
//! use corepool::Pool;
//! use corepool::breaker::{CallError, CircuitBreaker, FailurePolicy, Outcome};
//! use corepool::tower::{BreakerLayer, PoolService, PoolServiceError};
//! use std::time::Duration;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! type Answer = Result<Result<usize, String>, PoolServiceError<String>>;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let breaker = CircuitBreaker::builder().failure_policy(FailurePolicy::Consecutive(1)).build()?;
//! let judge = |answer: &Answer| match answer {
//!     Ok(Ok(_)) => Outcome::Success,
//!     Ok(Err(_)) | Err(PoolServiceError::Failed(_)) => Outcome::Failure,
//!     Err(_) => Outcome::Ignored, // the queue is full, or the pool is shut down
//! };
//! let ask = |question: String| match question.strip_suffix('?') {
//!     Some(question) => Ok(question.len()),
//!     None => Err("that is no question".to_owned()),
//! };
//! let service = ServiceBuilder::new()
//!     .layer(BreakerLayer::new(breaker).with_classifier(judge))
//!     .service(PoolService::new(Pool::new()?, ask).name("ask").timeout(Duration::from_secs(5)));
//!
//! # pollster::block_on(async {
//! assert_eq!(service.clone().oneshot("why?".to_owned()).await.unwrap(), Ok(3));
//! assert!(service.clone().oneshot("because".to_owned()).await.unwrap().is_err());
//! let rejected = service.oneshot("why?".to_owned()).await; // the breaker is open
//! assert!(matches!(rejected, Err(CallError::Rejected(_))));
//! # });
//! # Ok(())
//! # }
//! ```

mod breaker; // the layer and the service that it makes
mod breaker_future; // one call through it
mod classify; // what a result means to the breaker
mod pool; // the service that runs requests as jobs
mod pool_future; // one request on its way through the pool
mod pool_error; // why a request has no response

pub use breaker::{BreakerLayer, BreakerService};
pub use breaker_future::BreakerFuture;
pub use classify::{ByResult, Classify};
pub use pool::PoolService;
pub use pool_error::{PoolServiceError, Returned};
pub use pool_future::PoolFuture;
