//! Runs `examples/fibonacci.rs` as a program: what it prints, what it rejects and how it ends. `nqueens` and `mandelbrot` do the same with
//! the examples of those names: in here they cost no linking of their own.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use program::{Running, assert_rejected, assert_rejected_about, program, run, run_with, succeed, text};
use serde_json::Value;

mod mandelbrot;
mod nqueens;
mod program;

/// Within what an unoptimised naive recursion computes at once.
const SMALL: [(u64, &str); 6] = [(0, "0"), (1, "1"), (2, "1"), (10, "55"), (19, "4181"), (20, "6765")];

/// Where the widths of the integers end, and the largest of all.
const LARGE: [(u64, &str); 6] = [
    (47, "2971215073"),
    (48, "4807526976"),
    (93, "12200160415121876738"),
    (94, "19740274219868223167"),
    (185, "205697230343233228174223751303346572685"),
    (186, "332825110087067562321196029789634457848"),
];

/// Number and value of each row of the table.
fn table_rows(stdout: &str) -> Vec<(u64, &str)> {
    let mut lines = stdout.lines();
    let header: Vec<_> = lines.next().expect("a header").split_whitespace().collect();
    assert_eq!(header, ["n", "fib(n)", "time", "worker"]);
    let rows = lines.take_while(|line| !line.is_empty());
    rows.map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
        [n, value, _time, _worker] => (n.parse().expect("a number"), value),
        _ => panic!("not four columns: {line:?}"),
    })
    .collect()
}

/// The numbers that the program computed, in its order.
fn inputs_of(output: &Output) -> Vec<u64> {
    table_rows(succeed(output)).into_iter().map(|(n, _)| n).collect()
}

/// A file for one test, gone with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fibonacci-{}-{name}", std::process::id()));
        fs::write(&path, content).expect("cargo's folder for tests is writable");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a UTF-8 path")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn arguments_for(known: &[(u64, &str)]) -> Vec<String> {
    known.iter().map(|(n, _)| n.to_string()).collect()
}

fn as_strs(owned: &[String]) -> Vec<&str> {
    owned.iter().map(String::as_str).collect()
}

#[test]
fn the_naive_recursion_is_the_default_and_right() {
    let numbers = arguments_for(&SMALL);
    assert_eq!(table_rows(succeed(&run(&as_strs(&numbers)))), SMALL);
}

#[test]
fn fast_doubling_is_right_up_to_the_largest() {
    let numbers = arguments_for(&LARGE);
    let output = run(&[&as_strs(&numbers)[..], &["--algorithm", "fast"]].concat());
    assert_eq!(table_rows(succeed(&output)), LARGE);
}

#[test]
fn fast_doubling_follows_the_recurrence_everywhere() {
    let output = run(&["0..=186", "--algorithm", "fast"]);
    let rows = table_rows(succeed(&output));
    let values: Vec<u128> = rows.iter().map(|(_, value)| value.parse().expect("a u128")).collect();
    assert_eq!((values.len(), values[0], values[1]), (187, 0, 1));
    for triple in values.windows(3) {
        assert_eq!(triple[0] + triple[1], triple[2]);
    }
}

#[test]
fn both_algorithms_agree() {
    let naive = run(&["0..=20"]);
    let fast = run(&["0..=20", "--algorithm", "fast"]);
    assert_eq!(table_rows(succeed(&naive)), table_rows(succeed(&fast)));
}

#[test]
fn rows_come_in_input_order_though_a_short_job_ends_before_a_long_one() {
    let output = run(&["20", "0..3", "20", "5..=7", "1", "--workers", "3"]);
    assert_eq!(inputs_of(&output), [20, 0, 1, 2, 20, 5, 6, 7, 1]);
}

#[test]
fn numbers_are_read_leniently() {
    assert_eq!(inputs_of(&run(&["+5", " 6 ", "007", "3..=3", "4..5", "--", "8"])), [5, 6, 7, 3, 4, 8]);
}

#[test]
fn a_queue_of_one_place_takes_them_all() {
    let expected: Vec<u64> = (0..100).collect();
    let output = run(&["0..100", "--algorithm", "fast", "--queue", "1", "--workers", "2"]);
    assert_eq!(inputs_of(&output), expected);
    let slow = run(&["20..=20", "0..=20", "--queue", "1", "--workers", "1"]);
    assert_eq!(inputs_of(&slow).len(), 22);
}

#[test]
fn stdin_stands_where_the_dash_stands() {
    let output = run_with(&["1", "-", "2"], "  10\r\n\r\n\n3..=5\t\n+6");
    assert_eq!(inputs_of(&output), [1, 10, 3, 4, 5, 6, 2]);
}

#[test]
fn a_file_follows_the_arguments() {
    let file = Scratch::new("input", "4\n\n2..4\r\n");
    assert_eq!(inputs_of(&run(&["--file", file.path()])), [4, 2, 3]);
    assert_eq!(inputs_of(&run(&["--file", file.path(), "9", "8"])), [9, 8, 4, 2, 3]);
}

#[test]
fn the_table_ends_with_the_summary() {
    let output = run(&["5", "6", "--workers", "3"]);
    let (_, summary) = succeed(&output).split_once("\n\n").expect("a blank line before the summary");
    let labels = ["jobs", "wall time", "sum of job times", "speed-up", "jobs per second", "latency"];
    assert_eq!(summary.lines().count(), labels.len());
    for (line, label) in summary.lines().zip(labels) {
        assert!(line.starts_with(&format!("{label}  ")), "{line:?} is not about {label}");
    }
    assert!(summary.contains("2 on 3 workers"), "{summary}");
    assert!(summary.contains("p50") && summary.contains("p99"), "{summary}");
}

#[test]
fn json_is_one_document() {
    let output = run(&["20", "0", "186", "--algorithm", "fast", "--format", "json", "--workers", "2"]);
    let document: Value = serde_json::from_str(succeed(&output)).expect("one JSON document");
    let jobs = document["jobs"].as_array().expect("an array");
    let rows: Vec<_> = jobs.iter().map(|job| (job["input"].as_u64(), job["value"].as_str())).collect();
    let largest = LARGE[5].1;
    assert_eq!(rows, [(Some(20), Some("6765")), (Some(0), Some("0")), (Some(186), Some(largest))]);
    assert!(jobs.iter().all(|job| job["worker"].as_u64() < Some(2) && job["worker"].is_u64()), "{jobs:?}");

    let summary = &document["summary"];
    assert_eq!((summary["jobs"].as_u64(), summary["workers"].as_u64()), (Some(3), Some(2)));
    let sum: u64 = jobs.iter().map(|job| job["time_ns"].as_u64().expect("an integer")).sum();
    assert_eq!(summary["sum_of_job_times_ns"].as_u64(), Some(sum));
    let number = |name: &str| summary[name].as_f64().unwrap_or_else(|| panic!("no number {name} in {summary}"));
    assert!(number("latency_p50_ns") <= number("latency_p99_ns"));
    let wall = number("wall_ns");
    assert!((number("speed_up") * wall / sum as f64 - 1.0).abs() < 1e-6, "{summary}");
    assert!((number("jobs_per_second") * wall / 3e9 - 1.0).abs() < 1e-6, "{summary}");
}

#[test]
fn csv_keeps_the_summary_off_stdout() {
    let output = run(&["20", "186", "0", "--algorithm", "fast", "--format", "csv", "--workers", "2"]);
    assert_eq!(output.status.code(), Some(0));
    let mut reader = csv::Reader::from_reader(&output.stdout[..]);
    assert_eq!(reader.headers().expect("a header"), vec!["input", "value", "time_ns", "worker"]);
    let rows: Vec<(u64, u128, u64, usize)> =
        reader.deserialize().collect::<Result<_, _>>().expect("rows like the header");
    let values: Vec<_> = rows.iter().map(|row| (row.0, row.1.to_string())).collect();
    assert_eq!(values, [(20, "6765".into()), (186, LARGE[5].1.into()), (0, "0".into())]);
    assert!(rows.iter().all(|row| row.3 < 2), "{rows:?}");
    assert!(text(&output.stderr).starts_with("jobs              3 on 2 workers\n"), "{:?}", text(&output.stderr));
}

#[test]
fn no_escape_codes_and_no_progress_in_a_pipe() {
    for format in ["table", "json", "csv"] {
        let output = run(&["0..=20", "--format", format]);
        assert_eq!(output.status.code(), Some(0));
        for byte in [b'\x1b', b'\r'] {
            assert!(!output.stdout.contains(&byte) && !output.stderr.contains(&byte), "{format}: {output:?}");
        }
        assert!(!text(&output.stderr).contains("21/21"), "{format}: {output:?}");
    }
}

#[test]
fn help_and_version_succeed() {
    let help = run(&["--help"]);
    for word in ["--algorithm", "--queue", "--timeout", "Ctrl-C", "nanoseconds", "strings", "Exit codes", "Examples"] {
        assert!(succeed(&help).contains(word), "--help lacks {word}");
    }
    assert!(succeed(&run(&["--version"])).starts_with("fibonacci "));
}

const NOT_A_NUMBER: &str = "neither a number nor a range such as 30..=42";
const TOO_LARGE: &str = "the largest that fits a u128 is fib(186)";
const TOO_SLOW: &str = "the naive recursion takes hours beyond 60: take --algorithm fast";
const EMPTY: &str = "an empty range";
const OPEN: &str = "a range needs both ends, such as 30..=42";
const NEGATIVE: &str = "must not be negative, n starts at 0";

#[test]
fn bad_numbers_are_rejected() {
    let cases = [
        ("abc", NOT_A_NUMBER),
        ("", NOT_A_NUMBER),
        ("4x", NOT_A_NUMBER),
        ("1.5", NOT_A_NUMBER),
        ("1...5", NOT_A_NUMBER),
        ("1..x", NOT_A_NUMBER),
        ("5 6", NOT_A_NUMBER),
        ("-5", NEGATIVE),
        ("-99999999999999999999", NEGATIVE),
        ("3..-5", NEGATIVE),
        ("61", TOO_SLOW),
        ("186", TOO_SLOW),
        ("0..=61", TOO_SLOW),
        ("0..62", TOO_SLOW),
        ("187", TOO_LARGE),
        ("18446744073709551615", TOO_LARGE),
        ("99999999999999999999", TOO_LARGE),
        ("0..=18446744073709551615", TOO_LARGE),
        ("1..=99999999999999999999", TOO_LARGE),
        ("3..3", EMPTY),
        ("0..0", EMPTY),
        ("5..=4", EMPTY),
        ("42..30", EMPTY),
        ("..5", OPEN),
        ("..=5", OPEN),
        ("5..", OPEN),
        ("5..=", OPEN),
        ("..", OPEN),
    ];
    for (input, reason) in cases {
        // A good number before it: nothing of it may run.
        assert_rejected(&run(&["20", input]), &format!("{input:?}: {reason}"));
    }
}

#[test]
fn the_fast_algorithm_has_its_own_limit() {
    for input in ["187", "0..=187", "0..188"] {
        assert_rejected(&run(&[input, "--algorithm", "fast"]), &format!("{input:?}: {TOO_LARGE}"));
    }
    assert_eq!(inputs_of(&run(&["185..187", "--algorithm", "fast"])), [185, 186]);
}

#[test]
fn no_input_makes_more_than_one_readable_line() {
    assert_rejected(&run(&["3\n4"]), &format!("\"3\\n4\": {NOT_A_NUMBER}"));
    assert_rejected(&run(&["\x1b[31m"]), &format!("\"\\u{{1b}}[31m\": {NOT_A_NUMBER}"));
    assert_rejected(&run(&[&"x".repeat(100_000)]), &format!("\"{}\": {NOT_A_NUMBER}", "x".repeat(40)));
    assert_rejected_about(&run(&["--format", "a\nb"]), "invalid value", "a b");
}

#[test]
fn a_bad_line_is_named_by_its_number() {
    let cases: [(&[u8], &str); 6] = [
        (b"5\n\nabc\n6\n", "line 3 of stdin: \"abc\": neither a number nor a range such as 30..=42"),
        (b"abc", "line 1 of stdin: \"abc\": neither a number nor a range such as 30..=42"),
        (b"1\r\n-2\r\n", "line 2 of stdin: \"-2\": must not be negative, n starts at 0"),
        (b"1\n2\n3\n187", "line 4 of stdin: \"187\": the largest that fits a u128 is fib(186)"),
        (b"1\n-\n", "line 2 of stdin: \"-\": must not be negative, n starts at 0"),
        (b"\n3..3\n", "line 2 of stdin: \"3..3\": an empty range"),
    ];
    for (stdin, line) in cases {
        assert_rejected(&run_with(&["-"], stdin), line);
    }
    assert_rejected_about(&run_with(&["-"], b"5\n\xff\xfe\n"), "line 2 of stdin: not UTF-8", "");

    let file = Scratch::new("bad-line", "1\n2\nthree\n");
    let output = run(&["--file", file.path()]);
    assert_rejected(&output, &format!("line 3 of {:?}: \"three\": {NOT_A_NUMBER}", file.path()));
}

#[test]
fn stdin_and_files_must_hold_a_number() {
    assert_rejected(&run_with(&["-"], ""), "stdin holds no number");
    assert_rejected(&run_with(&["5", "-"], "\n  \r\n"), "stdin holds no number");
    let file = Scratch::new("empty", "\n");
    assert_rejected(&run(&["5", "--file", file.path()]), &format!("{:?} holds no number", file.path()));
}

#[test]
fn stdin_is_read_only_once() {
    assert_rejected(&run_with(&["-", "5", "-"], "1\n"), "\"-\" may be given only once");
}

#[test]
fn a_file_that_cannot_be_read_is_rejected() {
    let file = Scratch::new("missing", "");
    let missing = format!("{}-not", file.path());
    assert_rejected_about(&run(&["--file", &missing]), "cannot open", &missing);
    assert_rejected_about(&run(&["--file", ""]), "a value is required", "--file");
    #[cfg(unix)]
    assert_rejected_about(&run(&["--file", "/"]), "cannot read \"/\"", "");
}

#[test]
fn endless_input_is_rejected() {
    let longer_than_allowed = "1\n".repeat((2 << 20) + 1);
    assert_rejected(&run_with(&["-"], longer_than_allowed), "stdin is longer than 4194304 bytes");
}

#[test]
fn options_that_make_no_pool_are_rejected() {
    for option in ["--workers", "--queue"] {
        assert_rejected_about(&run(&["5", option, "0"]), "cannot build the pool: ", "at least one");
        assert_rejected_about(&run(&["5", option, "-1"]), "invalid value '-1'", option);
        assert_rejected_about(&run(&["5", option, "many"]), "invalid value 'many'", option);
        assert_rejected_about(&run(&["5", option, "99999999999999999999"]), "invalid value", option);
        assert_rejected_about(&run(&["5", option]), "a value is required", option);
    }
    assert_rejected_about(&run(&["5", "--format", "xml"]), "invalid value 'xml'", "table, json, csv");
    assert_rejected_about(&run(&["5", "--algorithm", "quick"]), "invalid value 'quick'", "naive, fast");
    assert_rejected_about(&run(&["5", "--formt", "csv"]), "unexpected argument '--formt'", "");
    assert_rejected_about(&run(&["-5..3"]), "unexpected argument '-5'", "");
}

#[test]
fn a_time_out_must_be_a_time() {
    for bad in ["5", "soon", "-1s", "0s", "", "2 parsecs", "99999999999999999999s"] {
        assert_rejected_about(&run(&["5", &format!("--timeout={bad}")]), "", "--timeout");
    }
}

/// The job of hours is stopped while it runs or, behind the other on the only worker, before it begins.
#[test]
fn a_job_that_times_out_says_so_and_the_others_are_done() {
    let run = |format| run(&["10", "60", "60", "--workers", "1", "--timeout", "500ms", "--format", format]);
    let table = run("table");
    let (rows, summary) = text(&table.stdout).split_once("\n\n").expect("a blank line before the summary");
    let rows: Vec<Vec<_>> = rows.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..2], ["10", "55"]);
    assert!(rows[1..].iter().all(|row| row[..3] == ["60", "timed", "out"]) && rows.len() == 3, "{rows:?}");
    assert!(summary.starts_with("jobs              1 on 1 workers\ntimed out         2 more\n"), "{summary}");
    assert_eq!((table.status.code(), text(&table.stderr)), (Some(1), ""));

    let json = run("json");
    let document: Value = serde_json::from_str(text(&json.stdout)).expect("one JSON document");
    let jobs = document["jobs"].as_array().expect("an array");
    let rows: Vec<_> = jobs.iter().map(|job| (job["value"].as_str(), job.get("timed_out"))).collect();
    assert_eq!(rows, [(Some("55"), None), (None, Some(&Value::Bool(true))), (None, Some(&Value::Bool(true)))]);
    let summary = &document["summary"];
    assert_eq!((summary["jobs"].as_u64(), summary["timed_out"].as_u64()), (Some(1), Some(2)));
    assert_eq!(summary["sum_of_job_times_ns"], jobs[0]["time_ns"]);
    assert_eq!(json.status.code(), Some(1));

    let csv = run("csv");
    let mut reader = csv::Reader::from_reader(&csv.stdout[..]);
    let rows: Vec<(u64, String, Option<u64>, Option<usize>)> =
        reader.deserialize().collect::<Result<_, _>>().expect("rows like the header");
    let values: Vec<_> = rows.iter().map(|row| (row.0, &*row.1)).collect();
    assert_eq!(values, [(10, "55"), (60, "timed out"), (60, "timed out")]);
    assert_eq!(csv.status.code(), Some(1));
}

#[test]
fn a_time_out_that_never_comes_changes_nothing() {
    for timeout in ["1h", "18446744073709551615s"] {
        assert_eq!(inputs_of(&run(&["5", "6", "--timeout", timeout])), [5, 6]);
    }
}

/// The first row is there, hours of work are running, queued and waiting for room.
#[cfg(unix)]
#[test]
fn an_interrupt_prints_what_is_done() {
    let start_and_interrupt = |format: &str| {
        let arguments = ["20", "60", "60", "60", "60", "--workers", "1", "--queue", "1", "--format", format];
        let mut child = Running::start(Command::new(program()).args(arguments), Stdio::piped());
        let (mut reader, mut out) = (child.stdout(), String::new());
        while !out.contains("6765") {
            assert_ne!(reader.read_line(&mut out).expect("readable"), 0, "{format} ended: {out:?}");
        }
        child.interrupt();
        let output = child.end();
        reader.read_to_string(&mut out).expect("readable");
        assert_eq!(output.status.code(), Some(130), "{format}: {output:?}");
        assert!(text(&output.stderr).ends_with("interrupted: 1 of 5 jobs are done\n"), "{format}: {output:?}");
        (out, text(&output.stderr).to_owned())
    };
    let (table, stderr) = start_and_interrupt("table");
    assert_eq!((table_rows(&table), stderr.lines().count()), (vec![(20, "6765")], 1));
    assert!(table.contains("\n\njobs              1 on 1 workers\n"), "{table}");
    let (csv, stderr) = start_and_interrupt("csv");
    assert_eq!((csv.lines().count(), stderr.lines().next()), (2, Some("jobs              1 on 1 workers")));
}

#[cfg(unix)]
#[test]
fn json_that_is_interrupted_is_one_document() {
    // Its rows are lines only once the next one comes: the first two are done, and the first is a line.
    let arguments = ["20", "20", "60", "60", "--workers", "1", "--format", "json"];
    let mut child = Running::start(Command::new(program()).args(arguments), Stdio::piped());
    let (mut reader, mut out) = (child.stdout(), String::new());
    while !out.contains("6765") {
        assert_ne!(reader.read_line(&mut out).expect("readable"), 0, "ended: {out:?}");
    }
    child.interrupt();
    let output = child.end();
    reader.read_to_string(&mut out).expect("readable");
    let document: Value = serde_json::from_str(&out).expect("one JSON document");
    let rows: Vec<_> = document["jobs"].as_array().expect("an array").iter().map(|job| job["value"].as_str()).collect();
    assert_eq!(rows, [Some("6765"), Some("6765")]);
    assert_eq!((output.status.code(), document["summary"]["jobs"].as_u64()), (Some(130), Some(2)));
}

/// The header and the first row must be there to read while the second job runs, which takes hours.
#[test]
fn rows_stream_while_later_jobs_run() {
    for (format, end_of_row) in [("table", b'\n'), ("json", b'}'), ("csv", b'\n')] {
        let mut child = Command::new(program())
            .args(["20", "60", "--workers", "2", "--format", format])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example is built");
        let mut reader = BufReader::new(child.stdout.take().expect("piped"));
        let (mut header, mut row) = (String::new(), Vec::new());
        reader.read_line(&mut header).expect("readable");
        reader.read_until(end_of_row, &mut row).expect("readable");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        assert!(text(&row).contains("6765"), "{format}: {header:?}, {row:?}");
    }
}

#[test]
fn a_pipe_closed_from_the_start_is_a_quiet_end() {
    for arguments in [&["5"][..], &["5", "--format", "json"], &["5", "--format", "csv"], &["--help"]] {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let output = Command::new(program()).args(arguments).stdout(writer).output().expect("the example is built");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{arguments:?}");
    }
}

/// As with `| head -1`. The first job gives time to submit all the others; their rows are more than a pipe holds, so
/// the program is still writing when the reader leaves; and the job of hours at the end would keep it from ending if
/// it waited for its pool.
#[test]
fn a_reader_that_leaves_ends_the_program() {
    let file = Scratch::new("many", "30\n".to_owned() + &"0\n".repeat(4_000) + "60\n");
    let mut child = Command::new(program())
        .args(["--file", file.path(), "--workers", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example is built");
    let mut first_line = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    reader.read_line(&mut first_line).expect("readable");
    assert!(first_line.contains("fib(n)"), "{first_line:?}");
    drop(reader);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    for arguments in [&["5"][..], &["5", "--format", "json"], &["5", "--format", "csv"], &["--help"]] {
        let full = fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let output = Command::new(program()).args(arguments).stdout(full).output().expect("the example is built");
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with("error: cannot write the output: "), "{arguments:?}: {stderr:?}");
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1), "{arguments:?}: {stderr:?}");
    }
}
