//! Bridges to other crates, each behind a cargo feature of its own, all of them off by default.
//!
//! The top floor. In go the pool and the breaker, as any user holds them; out come types with the traits of another crate. It
//! alone may know both. Only the crate's root knows it.

#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(feature = "stream")]
mod stream;
#[cfg(feature = "tower")]
pub mod tower;
