//! Runs `examples/nqueens.rs` as a program: what it counts, with a pool and without, what it rejects and how it ends.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use crate::program::{Running, assert_rejected_about, build, succeed, text};

const LABELS: [&str; 7] =
    ["board", "workers", "solutions", "queens placed", "time", "solutions per second", "queens per second"];

/// Board, solutions and queens placed. The smallest boards have none, or no row that is split; the largest is the largest
/// that an unoptimised build searches at once, and the only one where the search asks whether it should stop.
const SMALL: [(&str, u64, u64); 8] = [
    ("1", 1, 1),
    ("2", 0, 2),
    ("3", 0, 5),
    ("4", 2, 16),
    ("5", 10, 53),
    ("6", 4, 152),
    ("8", 92, 2_056),
    ("11", 2_680, 166_925),
];

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build("nqueens"))
}

fn start(arguments: &[&str], stdout: impl Into<Stdio>) -> Running {
    Running::start(Command::new(program()).args(arguments), stdout)
}

fn run(arguments: &[&str]) -> Output {
    start(arguments, Stdio::piped()).end()
}

/// The values of the rows, which are the same whoever searches.
fn values(stdout: &str) -> Vec<&str> {
    let (labels, values): (Vec<_>, Vec<_>) =
        stdout.lines().map(|line| line.split_at(22)).map(|(label, value)| (label.trim_end(), value)).unzip();
    assert_eq!(labels, LABELS);
    values
}

#[test]
fn counts_are_right_with_a_pool_and_without() {
    for (size, solutions, queens) in SMALL {
        let searched = [("1", &["--workers", "1"][..]), ("3", &["--workers", "3"]), ("none", &["--serial"])];
        for (workers, options) in searched {
            let output = run(&[&[size], options].concat());
            let expected = [format!("{size} x {size}"), workers.into(), solutions.to_string(), queens.to_string()];
            assert_eq!(values(succeed(&output))[..4], expected);
        }
    }
}

#[test]
fn both_rates_are_by_the_same_time() {
    let output = run(&["10", "--workers", "2"]);
    let values = values(succeed(&output));
    let number = |row: usize| values[row].parse::<f64>().expect("a number");
    let [solutions, queens] = [number(2) / number(5), number(3) / number(6)];
    // Rates are printed without fractions.
    assert!((solutions / queens - 1.0).abs() < 0.01, "{values:?}");
    assert!(values[4].ends_with('s'), "{values:?}");
}

#[test]
fn no_escape_codes_and_no_progress_in_a_pipe() {
    for option in ["--workers=2", "--serial"] {
        let output = run(&["11", option]);
        let stdout = succeed(&output);
        assert!(!stdout.contains(['\x1b', '\r', '%']), "{option}: {stdout:?}");
    }
}

#[test]
fn bad_input_is_rejected() {
    for bad in ["0", "21", "-1", "99999999999999999999", "8.5", "eight", ""] {
        assert_rejected_about(&run(&[bad]), &format!("invalid value '{bad}'"), "must be a whole number from 1 to 20");
    }
    assert_rejected_about(&run(&["8", "9"]), "unexpected argument '9'", "");
    assert_rejected_about(&run(&["8", "--workers", "0"]), "cannot build the pool: ", "at least one");
    assert_rejected_about(&run(&["8", "--workers", "-1"]), "invalid value '-1'", "--workers");
    assert_rejected_about(&run(&["8", "--workers", "many"]), "invalid value 'many'", "--workers");
    assert_rejected_about(&run(&["8", "--workers"]), "a value is required", "--workers");
    assert_rejected_about(&run(&["8", "--serial", "--workers", "2"]), "the argument '--serial'", "--workers");
    assert_rejected_about(&run(&["8", "--parallel"]), "unexpected argument '--parallel'", "");
}

#[test]
fn help_and_version_succeed() {
    let help = run(&["--help"]);
    for word in ["--workers", "--serial", "default: 15", "1 to 20", "Examples", "Ctrl-C", "Exit codes"] {
        assert!(succeed(&help).contains(word), "--help lacks {word}");
    }
    assert!(succeed(&run(&["--version"])).starts_with("nqueens "));
}

/// Of a search that takes hours.
#[cfg(unix)]
#[test]
fn an_interrupt_stops_the_search_and_says_how_far_it_came() {
    for (workers, option) in [("2", "--workers=2"), ("none", "--serial")] {
        let mut child = start(&["20", option], Stdio::piped());
        let (mut reader, mut first) = (child.stdout(), String::new());
        reader.read_line(&mut first).expect("readable");
        child.interrupt();
        let rest = io::read_to_string(reader).expect("readable");
        let output = child.end();
        let printed = format!("{:<22}20 x 20\n{:<22}{workers}\n", "board", "workers");
        assert_eq!((output.status.code(), first + &rest), (Some(130), printed));
        let numbers = text(&output.stderr).split_once("interrupted: ").and_then(|(_, message)| {
            let (done, rest) = message.split_once(" of 4964 parts are done, ")?;
            Some((done.parse::<u32>().ok()?, rest.strip_suffix(" solutions so far\n")?.parse::<u64>().ok()?))
        });
        let (done, _) = numbers.unwrap_or_else(|| panic!("{output:?} does not say how far it came"));
        assert!(done < 4964, "{output:?}");
    }
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    for argument in ["8", "--help"] {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let output = start(&[argument], writer).end();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{argument}");
    }
}
