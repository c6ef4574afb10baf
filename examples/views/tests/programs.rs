//! Runs the programs as their users do: what they print and write, and how they end.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result};

fn timeline(arguments: &[&str]) -> Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_timeline")).args(arguments).output().context("cannot run timeline")
}

fn top(arguments: &[&str]) -> Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_top")).args(arguments).output().context("cannot run top")
}

fn metrics(arguments: &[&str]) -> Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_metrics")).args(arguments).output().context("cannot run metrics")
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

/// The names of all samples.
fn names(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| Some(line.split_once('{')?.0)).collect()
}

#[test]
fn both_ways_to_prometheus_have_the_same_names() -> Result<()> {
    let text = |way| -> Result<String> {
        let output = metrics(&["--once", "--for", "300ms", "--by", way])?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    let (facade, collector) = (text("facade")?, text("collector")?);
    for name in ["corepool_jobs_total", "corepool_job_run_seconds_bucket", "corepool_named_job_wait_seconds_sum"] {
        assert!(names(&facade).contains(name) && names(&collector).contains(name), "{facade}\n{collector}");
    }
    assert!(names(&collector).is_subset(&names(&facade)), "{:?}", names(&collector));
    assert!(collector.ends_with("# EOF\n"));
    Ok(())
}

#[test]
fn what_the_pool_does_is_served() -> Result<()> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_metrics"));
    let mut program = program.args(["--port", "0", "--for", "1m"]).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(program.stdout.take().context("it is piped")?).read_line(&mut line)?;
    let address = line.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix("/metrics"));
    let answer = |path: &str| -> Result<String> {
        let mut stream = TcpStream::connect(address.with_context(|| format!("no address: {line}"))?)?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let (known, unknown) = (answer("/metrics"), answer("/"));
    program.kill()?;
    program.wait()?;
    let known = known?;
    assert!(known.contains("200 OK") && known.contains("corepool_queue_capacity{pool=\"demo\"} 120"), "{known}");
    assert!(unknown?.contains("404 Not Found"));
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
        metrics(&["--workers", "0"])?,
        metrics(&["--port", "65536"])?,
        metrics(&["--by", "hand"])?,
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
