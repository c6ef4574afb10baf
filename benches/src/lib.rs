//! What the benches share: the peers, the work of their jobs, the rows of a group, and the two ways to measure them.
//!
//! A bench puts the rows of what it compares into [`rows::Group`]s. `cargo bench` has criterion measure them one after the
//! other; with `--rounds` they are measured in turn, which is what the report does ([`rounds`]).

#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    reason = "for the benches beside it only: programs, which end with what panics"
)]

pub mod peers;
pub mod work;
pub mod rows;
pub mod rounds;
pub mod piscina;

use std::error::Error;
use std::process::ExitCode;

use criterion::Criterion;
use pico_args::Arguments;

use crate::rounds::{Names, Rounds};
use crate::rows::Bench;

/// The whole of a bench's `main`.
///
/// `--rounds NUMBER` measures in rounds, `--group NAME` that group only, `--groups` prints the groups' names; with none of
/// these it is a bench of criterion's, with criterion's arguments.
pub fn run(measure: fn(&mut dyn Bench)) -> ExitCode {
    match front(&mut Arguments::from_env()) {
        Ok(Some(mut bench)) => measure(&mut *bench),
        Ok(None) => {
            let mut criterion = Criterion::default().sample_size(20).configure_from_args();
            measure(&mut criterion);
            criterion.final_summary();
        }
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Who measures, if it is not criterion.
fn front(arguments: &mut Arguments) -> Result<Option<Box<dyn Bench>>, Box<dyn Error>> {
    if arguments.contains("--groups") {
        return Ok(Some(Box::new(Names)));
    }
    let Some(rounds) = arguments.opt_value_from_str("--rounds")? else { return Ok(None) };
    Ok(Some(Box::new(Rounds::new(rounds, arguments.opt_value_from_str("--group")?))))
}
