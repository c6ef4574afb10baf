//! The circuit breaker from outside. Time moves by hand everywhere.
//!
//! | file | what |
//! |---|---|
//! | `cases` | what the suites of resilience4j, Polly, gobreaker and tower-resilience pin, by number |
//! | `mistakes` | what their users suffer, each with the issue that tells of it |
//! | `states`, `probes`, `windows`, `waits`, `by_hand` | the rules, part by part |
//! | `calls`, `permits` | sync and async calls, panics, classifiers, permits that travel |
//! | `events` | what listeners hear, and when |
//! | `user_code` | listeners, classifiers, clocks and back-off functions that panic or call back |
//! | `config` | what `build` refuses |
//! | `reference` | random programs against a plain model of the contract; `found` keeps what they found |
//! | `races` | real threads at the same slot, the same failure, the same lease, thousands of times |
//! | `example` | the example as a program |

#![allow(unreachable_pub, reason = "a test binary has no outside")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../program/mod.rs"]
mod program;

mod by_hand;
mod calls;
mod cases;
mod config;
mod events;
mod example;
mod found;
mod mistakes;
mod permits;
mod probes;
mod races;
mod reference;
mod states;
mod support;
mod user_code;
mod waits;
mod windows;
