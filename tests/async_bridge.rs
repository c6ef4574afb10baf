//! Runs `examples/async_bridge.rs` as a program: what it counts, what becomes of the jobs it gives up, what it rejects.

use std::io;
use std::process::{Command, Stdio};

use program::{Running, assert_rejected_about, program, run, succeed, text};

mod program;

/// Soon done in an unoptimised build. There are 9,592 primes below 100,000.
const SMALL: [&str; 8] = ["--jobs", "20", "--span", "5000", "--timeout", "5ms", "--heartbeat", "1ms"];

fn start(more: &[&str], stdout: impl Into<Stdio>) -> Running {
    Running::start(Command::new(program()).args(SMALL).args(more), stdout)
}

/// Name, primes, time and delay of the two rows of the first table.
fn work_rows(stdout: &str) -> Vec<(&str, Vec<&str>)> {
    let lines = stdout.lines().skip(1).take_while(|line| !line.is_empty());
    lines.map(|line| line.split_at(24)).map(|(name, rest)| (name.trim(), rest.split_whitespace().collect())).collect()
}

/// Place and fate of the three rows of the second table.
fn fates(stdout: &str) -> Vec<(&str, &str)> {
    let (_, given_up) = stdout.split_once("\n\n").expect("a blank line between the tables");
    given_up.lines().skip(1).map(|line| line.split_at(24)).map(|(place, fate)| (place.trim(), fate.trim())).collect()
}

#[test]
fn the_pool_counts_what_the_async_thread_counts_and_the_heart_beats() {
    for workers in ["1", "3"] {
        let output = start(&["--workers", workers], Stdio::piped()).end();
        let rows = work_rows(succeed(&output));
        let primes: Vec<_> = rows.iter().map(|(name, numbers)| (*name, numbers[0])).collect();
        assert_eq!(primes, [("on the async thread", "9592"), (&*format!("on {workers} workers"), "9592")]);
        for (name, numbers) in rows {
            let times = &numbers[1..];
            assert_eq!(times.len(), 2, "{name}: {times:?}");
            assert!(times.iter().all(|time| time.ends_with('s') && *time != "0.00ns"), "{name}: {times:?}");
        }
    }
}

#[test]
fn jobs_that_are_given_up_stop_wherever_they_are() {
    for workers in [1, 3] {
        let output = start(&["--workers", &workers.to_string()], Stdio::piped()).end();
        let told = format!("stopped: {workers} were told \"the job was cancelled\"");
        let expected = [
            ("in line for room", "left the line: 0 submitted"),
            ("in the queue", "cancelled: 2 never ran"),
            ("on a worker", &*told),
        ];
        assert_eq!(fates(succeed(&output)), expected);
    }
}

#[test]
fn bad_input_is_rejected() {
    assert_rejected_about(&run(&["--workers", "0"]), "cannot build the pool: ", "at least one");
    for option in ["--jobs", "--span"] {
        assert_rejected_about(&run(&[option, "0"]), "invalid value '0'", option);
        assert_rejected_about(&run(&[option, "99999999999999999999"]), "invalid value", option);
        assert_rejected_about(&run(&[option, "many"]), "invalid value 'many'", option);
    }
    for option in ["--heartbeat", "--timeout"] {
        assert_rejected_about(&run(&[option, "0s"]), "invalid value '0s'", "more than none and at most a minute");
        assert_rejected_about(&run(&[option, "61s"]), "invalid value '61s'", "more than none and at most a minute");
        for bad in ["5", "soon", "-1s", "", "9999999999999999999999s"] {
            assert_rejected_about(&run(&[&format!("{option}={bad}")]), "", option);
        }
    }
    assert_rejected_about(&run(&["5"]), "unexpected argument '5'", "");
}

#[test]
fn help_and_version_succeed() {
    let help = run(&["--help"]);
    for word in ["--jobs", "--span", "--heartbeat", "--timeout", "--workers", "Exit codes"] {
        assert!(succeed(&help).contains(word), "--help lacks {word}");
    }
    assert!(succeed(&run(&["--version"])).starts_with("async_bridge "));
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let output = start(&[], writer).end();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}
