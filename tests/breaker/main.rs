//! The circuit breaker from outside. Time moves by hand everywhere.
//!
//! | file | what |
//! |---|---|
//! | `cases` | what the suites of resilience4j, Polly, gobreaker and tower-resilience pin, by number |
//! | `mistakes` | what their users suffer, each with the issue that tells of it |
//! | `states`, `probes`, `windows`, `slow`, `waits`, `by_hand` | the rules, part by part |
//! | `calls`, `permits` | sync and async calls, panics, classifiers, permits that travel |
//! | `events` | what listeners hear, and when |
//! | `user_code` | listeners, classifiers, clocks and back-off functions that panic or call back |
//! | `cost` | how often the clock is read |
//! | `gate` | rejections, which take no lock: what they say, and that they are counted |
//! | `config` | what `build` rejects |
//! | `contract` | the public signatures, and what may be sent where |
//! | `reference` | random programs against a plain model of the contract; `found` keeps what they found |
//! | `races` | real threads at the same slot, the same failure, the same lease, thousands of times |
//! | `example` | the example as a program |
//!
//! The rules of the contract, and where each is held:
//!
//! | rule | tests |
//! |---|---|
//! | 1, a result counts in its own generation only | `states`, `mistakes`, case 31, `user_code`, `races::results` |
//! | 2, a probe is reserved at admission | cases 10, 35, `probes`, `races::slots` |
//! | 3, probes hold a lease | `probes::*lease*`, `states::reading_changes_nothing…`, `races` |
//! | 4, three outcomes | cases 12, 36, `mistakes`, `calls` |
//! | 5, boundaries | cases 1, 2, 20, 22, `windows`, `probes` |
//! | 6, a panic is a failure | case 29, `calls`, `permits` |
//! | 7, no user code under the lock, events in order | `events`, `user_code`, `races::listeners` |
//! | 8, no threads, no timers, reading changes nothing | `states` |
//! | 9, back-off | cases 6, 25, 37, `waits` |
//! | 10, manual control | cases 14, 15, `by_hand` |
//! | 11, cost | `cost`, `gate`, `benches/breaker.rs` |
//!
//! `reference` holds all of them at once, and `tests/loom` every order of a few steps.

#![allow(unreachable_pub, reason = "a test binary has no outside")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../program/mod.rs"]
mod program;

mod by_hand;
mod calls;
mod cases;
mod config;
mod cost;
mod contract;
mod events;
mod example;
mod found;
mod gate;
mod mistakes;
mod permits;
mod probes;
mod races;
mod reference;
mod slow;
mod states;
mod support;
mod user_code;
mod waits;
mod windows;
