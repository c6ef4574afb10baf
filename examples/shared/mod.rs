//! What the examples have in common as programs: how they take arguments, fail, end, and hear of Ctrl-C.

#![allow(dead_code, unreachable_pub, reason = "every example uses its own part")]

use std::fmt::Display;
use std::io::{self, Write};
use std::process;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use corepool::{Builder, CancelToken, Pool};

pub const DONE: i32 = 0;
pub const FAILED: i32 = 1;
pub const BAD_INPUT: i32 = 2;
pub const INTERRUPTED: i32 = 130;

/// The arguments; or help, or one line about what is wrong with them, and the end of the process.
pub fn parse<A: Parser>() -> A {
    A::try_parse().unwrap_or_else(|answer| {
        if answer.use_stderr() {
            quit(BAD_INPUT, first_paragraph(&answer.to_string()))
        }
        finish(answer.print().map(|()| DONE).map_err(Into::into))
    })
}

/// What clap says before its usage and tips, as one line.
fn first_paragraph(text: &str) -> String {
    let text = text.trim_start_matches("error: ");
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// A time of any length, as an argument.
pub fn duration(text: &str) -> Result<Duration> {
    let time = humantime::parse_duration(text)?;
    ensure!(!time.is_zero(), "must be more than none");
    Ok(time)
}

/// A pool of so many workers, or one for each core; or one line about why not, and the end of the process.
pub fn build(mut builder: Builder, workers: Option<usize>) -> Pool {
    if let Some(workers) = workers {
        builder = builder.workers(workers);
    }
    builder.build().context("cannot build the pool").unwrap_or_else(|error| quit(BAD_INPUT, error))
}

/// Ends the process: to return from `main` would drop the pool, and with it run all that is queued.
pub fn finish(outcome: Result<i32>) -> ! {
    let error = match outcome {
        Ok(code) => process::exit(code),
        Err(error) => error,
    };
    match error.downcast_ref().map(io::Error::kind) {
        // The reader has seen enough (`| head`).
        Some(io::ErrorKind::BrokenPipe) => process::exit(DONE),
        Some(_) => quit(FAILED, error.context("cannot write the output")),
        None => quit(FAILED, error),
    }
}

pub fn quit(code: i32, error: impl Display) -> ! {
    complain("error", format_args!("{error:#}"));
    process::exit(code)
}

/// `eprintln!` would panic on a closed stderr, and there is nowhere left to report it.
pub fn complain(kind: &str, what: impl Display) {
    let _ = writeln!(io::stderr(), "{kind}: {what}");
}

/// The token that Ctrl-C cancels. A second one does not wait for anything.
pub fn interrupt() -> Result<CancelToken> {
    let token = CancelToken::new();
    let handler = {
        let token = token.clone();
        move || if token.is_cancelled() { process::exit(INTERRUPTED) } else { token.cancel() }
    };
    ctrlc::set_handler(handler).context("cannot listen for Ctrl-C")?;
    Ok(token)
}
