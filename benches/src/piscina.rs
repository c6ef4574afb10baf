//! piscina, Node's pool of worker threads, as one more row: a process of Node's own that is told group and iterations,
//! and answers with the nanoseconds they took.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, path::PathBuf};

use crate::rows::Group;

/// Where the script is; without it piscina takes no part.
pub const SCRIPT: &str = "COREPOOL_PISCINA";
/// The groups that it has a part in.
const GROUPS: [&str; 7] = ["burst", "round_trip", "bounded", "grain_10us", "grain_100us", "grain_1000us", "build"];

/// Adds its row to a group in which it has a part, if the environment says where it is.
pub fn join(group: &mut Group<'_>) {
    let Some(script) = env::var_os(SCRIPT).map(PathBuf::from) else { return };
    if !GROUPS.contains(&group.name.as_str()) {
        return;
    }
    let name = group.name.clone();
    let mut node = None;
    group.row("piscina", move |iterations| node.get_or_insert_with(|| Node::start(&script)).time(&name, iterations));
}

struct Node {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Node {
    fn start(script: &PathBuf) -> Self {
        let mut command = Command::new("node");
        command.arg(script).arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("node does not start: {error}"));
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, answers }
    }

    fn time(&mut self, group: &str, iterations: u64) -> Duration {
        let questions = self.child.stdin.as_mut().expect("it is piped");
        writeln!(questions, "{group} {iterations}").unwrap_or_else(|error| panic!("node has ended: {error}"));
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("node's output can be read");
        let ns = answer.trim().parse().unwrap_or_else(|_| panic!("node answered {answer:?} instead of nanoseconds"));
        Duration::from_nanos(ns)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It ends with its input.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
