//! Other programs, run to their end.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Of what a program said before it failed.
const LAST_LINES: usize = 6;

/// What the program printed. Its errors go where ours go.
pub(crate) fn output(program: &str, arguments: &[&str], folder: &Path) -> Result<String> {
    let line = || format!("`{program} {}`", arguments.join(" "));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("{} does not start: is {program} installed?", line()))?;
    ensure!(output.status.success(), "{} failed ({}) in {}", line(), output.status, folder.display());
    String::from_utf8(output.stdout).with_context(|| format!("{} printed something that is not UTF-8", line()))
}

/// The first line that the program printed, if it could be run.
pub(crate) fn first_line(program: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().filter(|_| output.status.success()).map(|line| line.trim().to_owned())
}

/// What a program printed before it ended, and whether it ended well.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) printed: String,
    pub(crate) failure: Option<String>,
}

/// Runs a program to its end, whatever that is. Its errors are kept for the message.
pub(crate) fn run(command: &mut Command) -> Result<Ended> {
    let line = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{line} does not start"))?;
    let failure = (!output.status.success()).then(|| {
        let words = String::from_utf8_lossy(&output.stderr);
        let last: Vec<_> = words.trim().lines().rev().take(LAST_LINES).collect();
        format!("{}: {}", output.status, last.into_iter().rev().collect::<Vec<_>>().join(" / "))
    });
    Ok(Ended { printed: String::from_utf8_lossy(&output.stdout).into_owned(), failure })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_leaves_what_it_printed_and_its_last_words() {
        let ended = run(Command::new("sh").args(["-c", "echo kept; echo why >&2; exit 3"])).unwrap();
        assert_eq!(ended.printed, "kept\n");
        let failure = ended.failure.unwrap();
        assert!(failure.contains("exit status: 3") && failure.ends_with("why"), "{failure}");
        assert!(run(Command::new("sh").args(["-c", "true"])).unwrap().failure.is_none());
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("no-such-program")).unwrap_err();
        assert!(error.to_string().contains("no-such-program"), "{error}");
    }
}
