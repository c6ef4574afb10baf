//! The guide: what the pool does and how to use it, page by page.
//!
//! | page | what is in it |
//! |---|---|
//! | [`tour`] | everything a pool can do, with code to copy |
//! | [`questions`] | sizing, hangs, cancelling, timeouts, async code, shutdown: short answers |
//! | [`fork_join`] | divide and conquer on borrowed data: how to use it, when not to, how it works |
//! | [`migrating`] | the way here from `threadpool`, `rusty_pool`, rayon, `spawn_blocking` and `std::thread` |
//! | [`limits`] | what you can rely on, and what the pool does not do |

// In the repository the pages link to each other as files. Where markdown defines a link twice the first definition counts, so
// those ahead of a page lead its readers here to modules instead.

#[doc = include_str!("tour.md")]
pub mod tour {}

/// [fork and join]: crate::guide::fork_join
///
#[doc = include_str!("questions.md")]
pub mod questions {}

#[doc = include_str!("fork_join.md")]
pub mod fork_join {}

/// [Can I drop a pool in async code?]: crate::guide::questions#can-i-drop-a-pool-in-async-code
/// [Can jobs do blocking I/O?]: crate::guide::questions#can-jobs-do-blocking-io
/// [What about thread-locals?]: crate::guide::questions#what-about-thread-locals
/// [fork and join]: crate::guide::fork_join
///
#[doc = include_str!("migrating.md")]
pub mod migrating {}

#[doc = include_str!("limits.md")]
pub mod limits {}
