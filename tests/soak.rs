//! Runs `examples/soak.rs` as a program: the books balance, all that should occur does, and a wrong balance is a failure.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::process::{Command, Output, Stdio};

use program::{Running, assert_rejected_about, program, run, succeed, text};

mod program;

/// What may not occur.
const FAULTS: [&str; 4] = ["lost", "doubled", "leaked", "wrong"];
const ENDS: [&str; 6] = ["completed", "panicked", "cancelled", "expired", "aborted", "nobody asked"];
const REFUSALS: [&str; 4] = ["full", "timed out", "cancelled in line", "shut down"];
const FORKS: [&str; 4] = ["forked", "thrown out of", "stopped", "handed over"];

/// The rows that are plain counts, by name.
fn counts(stdout: &str) -> BTreeMap<&str, u64> {
    let rows = stdout.lines().filter_map(|row| row.split_at_checked(20));
    rows.filter_map(|(name, count)| Some((name.trim(), count.trim().parse().ok()?))).collect()
}

fn sum(counts: &BTreeMap<&str, u64>, rows: &[&str]) -> u64 {
    rows.iter().map(|row| counts[row]).sum()
}

fn assert_even(output: &Output) {
    let counts = counts(text(&output.stdout));
    assert_eq!(FAULTS.map(|fault| counts[fault]), [0; 4], "{counts:?}");
    assert_eq!(counts["threads at the end"], counts["threads before"]);
    assert_eq!(counts["resolved"], counts["accepted"]);
    assert_eq!(sum(&counts, &ENDS), counts["resolved"]);
    assert_eq!(sum(&counts, &REFUSALS), counts["rejected"]);
    assert!(counts["ran"] <= counts["accepted"], "{counts:?}");
}

#[test]
fn the_books_balance_whatever_the_seed_and_the_number_of_threads() {
    for [seed, workers, clients] in
        [["1", "1", "3"], ["2", "2", "8"], ["3", "4", "5"], ["18446744073709551615", "3", "1"]]
    {
        let output = run(&["--jobs", "20000", "--seed", seed, "--workers", workers, "--clients", clients]);
        let stdout = succeed(&output);
        assert_eq!(stdout.lines().next().map(|row| row.split_whitespace().collect()), Some(vec!["seed", seed]));
        assert_even(&output);
        assert!(counts(stdout)["accepted"] >= 20_000);
    }
}

#[test]
fn everything_that_a_job_or_a_fork_may_come_to_occurs() {
    let output = run(&["--jobs", "300000", "--seed", "4"]);
    let counts = counts(succeed(&output));
    for row in ENDS.iter().chain(&REFUSALS).chain(&FORKS).chain(&["pools", "ran", "given up", "scopes", "maps", "sets"])
    {
        assert!(counts[row] > 0, "{row} does not occur: {counts:?}");
    }
}

#[test]
fn a_fault_is_seen_and_fails_the_run() {
    for fault in ["lost", "doubled", "leaked"] {
        let output = run(&["--jobs", "1000", "--seed", "5", "--cheat", fault]);
        assert_eq!(output.status.code(), Some(1), "{fault}");
        assert!(counts(text(&output.stdout))[fault] > 0, "{fault}");
        assert!(text(&output.stderr).contains("--seed 5\n"), "{fault}: {:?}", text(&output.stderr));
    }
}

#[test]
fn so_many_seconds_end_by_themselves() {
    let output = run(&["--seconds", "1"]);
    succeed(&output);
    assert_even(&output);
}

#[cfg(unix)]
#[test]
fn an_interrupt_prints_the_balance_of_what_was_submitted() {
    let mut soak = Running::start(Command::new(program()).args(["--seconds", "3600"]), Stdio::piped());
    let mut stdout = soak.stdout();
    let mut seed = String::new();
    stdout.read_line(&mut seed).expect("the seed comes first");
    soak.interrupt();
    let rest = io::read_to_string(stdout).expect("the rest comes after the interrupt");
    let output = soak.end();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(130), ""));
    assert_even(&Output { stdout: rest.into_bytes(), ..output });
}

#[test]
fn bad_input_is_rejected() {
    for option in ["--jobs", "--seconds", "--clients"] {
        for bad in ["0", "-1", "many", "", "99999999999999999999"] {
            assert_rejected_about(&run(&[&format!("{option}={bad}")]), "", option);
        }
    }
    assert_rejected_about(&run(&["--jobs", "1", "--seconds", "1"]), "", "cannot be used with");
    assert_rejected_about(&run(&["--seed", "-1"]), "", "'-1'");
    assert_rejected_about(&run(&["--cheat", "twice"]), "", "twice");
    assert_rejected_about(&run(&["5"]), "unexpected argument '5'", "");
    assert_rejected_about(&run(&["--workers", "0"]), "cannot build a pool: ", "at least one");
}

#[test]
fn help_and_version_succeed() {
    let help = run(&["--help"]);
    for word in ["--jobs", "--seconds", "--seed", "--clients", "--workers", "--cheat", "Exit codes"] {
        assert!(succeed(&help).contains(word), "--help lacks {word}");
    }
    assert!(succeed(&run(&["--version"])).starts_with("soak "));
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let output = Running::start(&mut Command::new(program()), writer).end();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}
