//! The guide: what the pool does and how to use it, page by page.
//!
//! | page | what is in it |
//! |---|---|
//! | [`questions`] | sizing, hangs, cancelling, timeouts, async code, shutdown: short answers |

#[doc = include_str!("questions.md")]
pub mod questions {}
