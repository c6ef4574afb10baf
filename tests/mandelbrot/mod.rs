//! Runs `examples/mandelbrot.rs` as a program: that the picture is the same whoever draws it, what it rejects and how it ends.

use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use crate::program::{Running, assert_rejected_about, build, succeed, text};

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build("mandelbrot"))
}

fn start(arguments: &[&str], stdout: impl Into<Stdio>) -> Running {
    Running::start(Command::new(program()).args(arguments), stdout)
}

fn run(arguments: &[&str]) -> Output {
    start(arguments, Stdio::piped()).end()
}

/// A path of this test's own, at which there is nothing.
fn fresh(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("mandelbrot-{name}.png"));
    let _ = fs::remove_file(&path);
    path.to_str().expect("the target folder's path is text").to_owned()
}

#[test]
fn the_picture_is_the_same_whoever_draws_it() {
    let draw = |name: &str, option: &str| {
        let path = fresh(name);
        let output = run(&[&path, "--size=61x37", "--iterations=200", option]);
        let workers = option.strip_prefix("--workers=").unwrap_or("none");
        let expected = format!("{:<22}{path}, 61 x 37\n{:<22}{workers}\n", "picture", "workers");
        assert!(succeed(&output).starts_with(&expected), "{output:?}");
        fs::read(path).expect("it was written")
    };
    let serial = draw("serial", "--serial");
    assert_eq!(draw("by-one", "--workers=1"), serial);
    assert_eq!(draw("by-three", "--workers=3"), serial);
    // The signature of the format, and in its header the size.
    assert!(serial.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(serial[16..24], [0, 0, 0, 61, 0, 0, 0, 37]);
    // Neither black all over nor grey.
    assert!(serial.len() > 500);
}

#[test]
fn no_escape_codes_and_no_progress_in_a_pipe() {
    for option in ["--workers=2", "--serial"] {
        let output = run(&[&fresh(&option[2..4]), "--size=20x20", option]);
        let stdout = succeed(&output);
        assert!(!stdout.contains(['\x1b', '\r', '%']), "{option}: {stdout:?}");
    }
}

#[test]
fn bad_input_is_rejected() {
    let path = fresh("rejected");
    for bad in ["0x5", "5x0", "5", "5x", "axb", "-5x5", "99999x99999", "99999999999x1"] {
        let output = run(&[&path, &format!("--size={bad}")]);
        assert_rejected_about(&output, &format!("invalid value '{bad}' for '--size"), "");
    }
    for bad in ["1", "1,", "a,b", "1,nan", "inf,0"] {
        assert_rejected_about(
            &run(&[&path, &format!("--center={bad}")]),
            &format!("invalid value '{bad}' for '--center"),
            "",
        );
    }
    for bad in ["0", "-1", "nan", "inf", "much"] {
        assert_rejected_about(
            &run(&[&path, &format!("--zoom={bad}")]),
            &format!("invalid value '{bad}' for '--zoom"),
            "",
        );
    }
    for bad in ["0", "-1", "1000001", "few"] {
        assert_rejected_about(
            &run(&[&path, &format!("--iterations={bad}")]),
            &format!("invalid value '{bad}' for '--iterations"),
            "",
        );
    }
    assert_rejected_about(&run(&[&path, "--workers", "0"]), "cannot build the pool: ", "at least one");
    assert_rejected_about(&run(&[&path, "--serial", "--workers", "2"]), "the argument '--serial'", "--workers");
    assert!(!Path::new(&path).exists());
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let path = format!("{}/there/is/none.png", env!("CARGO_TARGET_TMPDIR"));
    let output = run(&[&path, "--size=9x9"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains(&format!("cannot write {path}: ")), "{output:?}");
}

#[test]
fn help_and_version_succeed() {
    let help = run(&["--help"]);
    for word in
        ["--workers", "--serial", "--zoom", "--center", "default: 1920x1080", "Examples", "Ctrl-C", "Exit codes"]
    {
        assert!(succeed(&help).contains(word), "--help lacks {word}");
    }
    assert!(succeed(&run(&["--version"])).starts_with("mandelbrot "));
}

/// Of a picture that takes hours, over one that is there.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_the_file_as_it_was() {
    for (option, before) in [("--workers=2", Some("a picture")), ("--serial", None)] {
        let path = fresh(&format!("interrupted{}", &option[2..4]));
        if let Some(before) = before {
            fs::write(&path, before).expect("it can be written");
        }
        let mut child = start(&[&path, "--size=9000x9000", "--iterations=1000000", option], Stdio::piped());
        let mut lines = child.stdout().lines();
        assert!(lines.nth(1).is_some_and(|line| line.expect("readable").starts_with("workers")));
        child.interrupt();
        assert_eq!(lines.map(|line| line.expect("readable")).collect::<String>(), "");
        let output = child.end();
        assert_eq!(output.status.code(), Some(130));
        assert!(text(&output.stderr).contains(" of 9000 rows were drawn"), "{output:?}");
        assert_eq!(fs::read_to_string(path).ok().as_deref(), before);
    }
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    for argument in ["--size=9x9", "--help"] {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let output = start(&[&fresh(&argument[2..4]), argument], writer).end();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{argument}");
    }
}
