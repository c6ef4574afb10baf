//! Other programs, run to their end.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

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
