//! The whole pool against a plain model of its contract, by random programs.
//!
//! A failure prints the shortest program found that still fails, and the seed that makes it again:
//!
//! ```text
//! PROPTEST_RNG_SEED=1234 PROPTEST_CASES=1 cargo test --test model a_property
//! ```
//!
//! `PROPTEST_CASES` alone sets the number of programs, for long runs. Seeds are random and no failing one is kept in a
//! file: what a program has found becomes a test of its own, with a name.

#![allow(unreachable_pub, reason = "a test binary has no outside")]

#[path = "../common/mod.rs"]
mod common;

mod answer;
mod cast;
mod crowd;
mod fork;
mod judge;
mod meaning;
mod plain;
mod play;
mod program;
mod rush;

use std::cell::Cell;
use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use common::{FOREVER, in_debug_a_quarter_of, silence_expected_panics};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use crate::crowd::crowds;
use crate::play::{Contradiction, play};
use crate::program::{long_queues, programs};
use crate::rush::rush;

#[test]
fn every_step_answers_as_the_contract_says() {
    check(2_000, &programs(), play);
}

#[test]
fn a_long_queue_is_served_in_the_order_the_contract_says() {
    check(150, &long_queues(), play);
}

#[test]
fn whoever_wins_a_race_every_job_ends_once_in_a_way_that_was_open_to_it() {
    check(500, &crowds(), rush);
}

type Play<P> = fn(&P, Duration) -> Result<(), Contradiction>;

/// Plays so many programs, each made from a seed of its own.
fn check<P: Clone + Debug + Send + 'static>(cases: u32, programs: &impl Strategy<Value = P>, play: Play<P>) {
    silence_expected_panics();
    let given = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        given.cases
    } else {
        in_debug_a_quarter_of(cases as usize) as u32
    };
    let first_seed = match given.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(cases) >> 32,
    };
    for seed in (first_seed..).take(cases as usize) {
        check_one(seed, programs, play);
    }
}

fn check_one<P: Clone + Debug + Send + 'static>(seed: u64, programs: &impl Strategy<Value = P>, play: Play<P>) {
    let config = Config {
        cases: 1,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 5_000,
        max_shrink_time: 120_000,
        ..Config::default()
    };
    // Something that takes for ever is waited for once: while a program is shortened, a moment is long enough. And what
    // happens now and then only is tried more often.
    let (patience, tries) = (Cell::new(FOREVER), Cell::new(1));
    let result = TestRunner::new(config).run(programs, |program| {
        let played = (0..tries.get()).try_for_each(|_| on_a_stage(program.clone(), patience.get(), play));
        played.map_err(|what| {
            patience.set(Duration::from_millis(300));
            tries.set(20);
            TestCaseError::fail(what)
        })
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(what, program)) => {
            panic!("{what}\n\nPROPTEST_RNG_SEED={seed} PROPTEST_CASES=1\n{program:?}")
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

/// Plays on a thread of its own, so that a call that hangs is a failure as any other.
fn on_a_stage<P: Send + 'static>(program: P, patience: Duration, play: Play<P>) -> Result<(), Contradiction> {
    let (tell, played) = channel();
    thread::spawn(move || {
        let played = catch_unwind(AssertUnwindSafe(|| play(&program, patience)));
        // Nobody listens any more if it took for ever.
        let _ = tell.send(played.unwrap_or_else(|_| Err("something panicked".to_owned())));
    });
    played.recv_timeout(2 * patience).unwrap_or_else(|_| Err("the program hangs".to_owned()))
}
