//! Runs `examples/breaker.rs` as a program: what becomes of its requests, what it rejects, how it ends.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};
use std::process::{Command, Stdio};

use crate::program::{Running, assert_rejected_about, program, run, succeed, text};

/// Soon done, and time enough for the breaker to open and to close again.
const SMALL: [&str; 10] =
    ["--phase", "200ms", "--timeout", "20ms", "--wait", "20ms", "--rate", "200", "--failures", "1"];

/// What a line of the timeline tells, without its time, which depends on the machine but for its form: `   0.000 s  `.
fn event(line: &str) -> &str {
    let (time, event) = line.split_once(" s  ").expect("a time");
    let is_time = time.len() == 8 && time.as_bytes()[4] == b'.' && time.trim_start().parse::<f64>().is_ok();
    assert!(is_time, "{line:?}");
    event
}

/// What happened, without the times; and the two columns of numbers by the names of their rows.
fn read(stdout: &str) -> (Vec<&str>, BTreeMap<&str, (&str, &str)>) {
    let (timeline, table) = stdout.split_once("\n\n").expect("a blank line between timeline and table");
    let events = timeline.lines().map(event).collect();
    let rows = table.lines().skip(1).map(|line| {
        let (name, numbers) = line.split_at(20);
        let numbers: Vec<_> = numbers.split_whitespace().collect();
        (name.trim(), (numbers[0], numbers[1]))
    });
    (events, rows.collect())
}

#[test]
fn every_request_comes_to_an_end_and_the_breaker_follows_the_server() {
    let output = run(&SMALL);
    let (events, rows) = read(succeed(&output));
    let of = |kind| events.iter().filter_map(move |event| event.strip_prefix(kind)).map(str::trim).collect::<Vec<_>>();
    assert_eq!(of("server"), ["is up", "answers that it is down", "hangs", "is up"]);
    let states: Vec<_> = of("breaker").iter().map(|change| change.split_once(" -> ").expect("a change")).collect();
    assert!(states.first().is_none_or(|first| first.0 == "closed"), "{states:?}");
    assert!(states.windows(2).all(|pair| pair[0].1 == pair[1].0), "{states:?}");

    let counts = |name: &str| -> (u64, u64) { (rows[name].0.parse().unwrap(), rows[name].1.parse().unwrap()) };
    let parts = ["answered", "failed or timed out", "dropped, queue full", "rejected"].map(counts);
    assert_eq!(counts("requests"), parts.iter().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1)));
    assert_eq!(counts("requests").0, counts("requests").1);
    // The first failure opens it; how many there are depends on the machine.
    assert_eq!(counts("failed or timed out").0 > 0, !states.is_empty(), "{rows:?} {states:?}");
    assert!(counts("rejected").0 == 0 || !states.is_empty(), "{rows:?} {states:?}");
    assert_eq!(counts("rejected").1, 0);
}

#[test]
fn what_makes_no_sense_is_rejected() {
    for (arguments, start, about) in [
        (["--phase", "0s"], "invalid value '0s' for '--phase <TIME>'", "more than none"),
        (["--timeout", "2h"], "invalid value '2h' for '--timeout <TIME>'", "at most an hour"),
        (["--rate", "0"], "invalid value '0' for '--rate <N>'", "1..=100000"),
        (["--failures", "0"], "invalid value '0' for '--failures <N>'", "1.."),
        (["--workers", "0"], "cannot build the pool", "workers is 0"),
        (["--workers", "-1"], "invalid value '-1' for '--workers <N>'", "invalid digit"),
        (["--speed", "1"], "unexpected argument '--speed'", "--speed"),
    ] {
        assert_rejected_about(&run(&arguments), start, about);
    }
}

#[test]
fn help_tells_the_script_and_the_exit_codes() {
    let output = run(&["--help"]);
    let help = succeed(&output);
    for words in ["Script:", "Exit codes:", "--phase <TIME>", "[default: 200]"] {
        assert!(help.contains(words), "{words:?} is missing");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut running = Running::start(Command::new(program()).args(SMALL), Stdio::piped());
    drop(running.stdout());
    let output = running.end();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_with_what_there_is() {
    use std::os::unix::process::ExitStatusExt;

    let mut running = Running::start(Command::new(program()).args(["--phase", "1h"]), Stdio::piped());
    let mut first = String::new();
    let mut stdout = running.stdout();
    stdout.read_line(&mut first).unwrap();
    assert_eq!(event(&first), "server   is up\n");
    running.interrupt();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let output = running.end();
    assert_eq!((output.status.code(), output.status.signal(), text(&output.stderr)), (Some(130), None, ""));
    assert!(rest.contains("up again after") && rest.ends_with("-\n"), "{rest}");
}
