//! The whole breaker against a plain model of its contract, by random rules and random programs.
//!
//! A failure prints the shortest program found that still fails, and the seed that makes it again:
//!
//! ```text
//! PROPTEST_RNG_SEED=1234 PROPTEST_CASES=1 cargo test --test breaker every_step
//! ```
//!
//! `PROPTEST_CASES` alone sets the number of programs, for long runs. Seeds are random and no failing one is kept in a
//! file: what a program has found becomes a test of its own, with a name.

mod plain;
mod play;
mod program;
mod rules;
mod seen;
mod tally;

use std::hash::{BuildHasher, RandomState};

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use self::play::play;
use self::program::programs;
use crate::common::{in_debug_a_quarter_of, within_a_minute};

#[test]
fn every_step_answers_and_tells_as_the_contract_says() {
    let given = Config::default();
    let is_long_run = std::env::var_os("PROPTEST_CASES").is_some();
    let cases = if is_long_run { given.cases } else { in_debug_a_quarter_of(2_000) as u32 };
    let first_seed = match given.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(cases) >> 32,
    };
    let check = move || (first_seed..).take(cases as usize).for_each(check_one);
    match is_long_run {
        true => check(),
        false => within_a_minute(check),
    }
}

/// Plays one program, made from a seed of its own.
fn check_one(seed: u64) {
    let config = Config {
        cases: 1,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        max_shrink_time: 20_000,
        ..Config::default()
    };
    match TestRunner::new(config).run(&programs(), |program| play(&program).map_err(TestCaseError::fail)) {
        Ok(()) => {}
        Err(TestError::Fail(what, program)) => {
            panic!("{what}\n\nPROPTEST_RNG_SEED={seed} PROPTEST_CASES=1\n{program:?}")
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}
