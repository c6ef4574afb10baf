//! The circuit breaker as a [tower](https://docs.rs/tower) layer. Needs the cargo feature `tower`, which is off by default.

mod breaker; // the layer and the service that it makes
mod breaker_future; // one call through it
mod classify; // what a result means to the breaker

pub use breaker::{BreakerLayer, BreakerService};
pub use breaker_future::BreakerFuture;
pub use classify::{ByResult, Classify};
