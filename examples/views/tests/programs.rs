//! Runs both programs as their users do: what they print and write, and how they end.

use std::fs;
use std::process::{Command, Output};

use anyhow::{Context, Result};

fn timeline(arguments: &[&str]) -> Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_timeline")).args(arguments).output().context("cannot run timeline")
}

fn top(arguments: &[&str]) -> Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_top")).args(arguments).output().context("cannot run top")
}

#[test]
fn a_run_is_recorded() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for part in ["urgent", "normal", "rest"] {
        fs::create_dir(folder.path().join(part))?;
        fs::write(folder.path().join(part).join("file"), vec![1; 100_000])?;
    }
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [urgent, normal, rest, trace, svg] = ["urgent", "normal", "rest", "trace", "svg"].map(path);
    // One worker is the hard case: nothing else runs beside the job that has no end.
    for workers in ["1", "3"] {
        let output = timeline(&["--workers", workers, "--trace", &trace, "--svg", &svg, &urgent, &normal, &rest])?;
        let text = String::from_utf8(output.stdout)?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // Two, if a worker is free for the one that should wait.
        assert!(!text.contains("stopped at a checkpoint: 0"), "{text}");
        for part in ["high", "normal", "low", "utilisation", &trace, &svg] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        let picture = fs::read_to_string(&svg)?;
        assert!(picture.contains("worker 0") && picture.ends_with("</svg>\n"), "{picture}");
        let trace = fs::read(&trace)?;
        for name in ["hash a folder", "split and join", "submit", "jobs in the queue", "worker-0"] {
            assert!(trace.windows(name.len()).any(|part| part == name.as_bytes()), "{name} is not in the trace");
        }
    }
    Ok(())
}

#[test]
fn without_a_terminal_top_prints_lines() -> Result<()> {
    let output = top(&["--for", "1200ms", "--workers", "2"])?;
    let text = String::from_utf8(output.stdout)?;
    assert!(output.status.success());
    assert!((1..=2).contains(&text.lines().count()), "{text}");
    assert!(text.lines().all(|line| line.contains("queued") && line.contains("waited p99")), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
    Ok(())
}

#[test]
fn wrong_arguments_are_told_in_a_line() -> Result<()> {
    let outputs = [
        timeline(&["--workers", "0"])?,
        timeline(&["--passes", "0"])?,
        top(&["--workers", "0"])?,
        top(&["--for", "0s"])?,
        top(&["--for", "soon"])?,
    ];
    for output in outputs {
        let error = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.starts_with("error: ") && error.lines().count() == 1, "{error}");
    }
    let output = timeline(&["there is no such file"])?;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr)?.contains("there is no such file"));
    Ok(())
}
