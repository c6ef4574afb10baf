//! What the tests of the examples share: an example, of the same name as the test if not said otherwise, run as a program.

#![allow(dead_code, unreachable_pub, reason = "every test binary uses its own part")]

use std::env;
use std::ffi::OsStr;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Far more than any run takes; one that meets it has hung, and must not keep a processor busy for hours.
pub const FOREVER: Duration = Duration::from_secs(60);

/// The executable of the example of the same name as the test.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build(env!("CARGO_CRATE_NAME")))
}

/// The executable of an example. `cargo test` builds it, but `cargo test --test NAME` does not, and an old one would do for
/// neither: so cargo is asked, in the profile of this test.
pub fn build(example: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    let profile = match test.ancestors().nth(2).and_then(Path::file_name).and_then(OsStr::to_str) {
        Some("debug") => "dev",
        Some(folder) => folder,
        None => panic!("{test:?} does not lie in target/PROFILE/deps"),
    };
    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", example, "--message-format", "json", "--profile", profile])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    assert!(build.status.success(), "{}", text(&build.stderr));
    let messages = text(&build.stdout).lines().map(|line| serde_json::from_str(line).expect("a JSON message"));
    let mut paths: Vec<_> =
        messages.filter_map(|message: Value| message["executable"].as_str().map(PathBuf::from)).collect();
    assert_eq!(paths.len(), 1, "one executable expected: {paths:?}");
    paths.remove(0)
}

/// Runs the program with `stdin` to its end.
pub fn run_with(arguments: &[&str], stdin: impl Into<Vec<u8>>) -> Output {
    let mut command = assert_cmd::Command::new(program());
    command.timeout(FOREVER);
    command.args(arguments).write_stdin(stdin).output().expect("the example is built")
}

pub fn run(arguments: &[&str]) -> Output {
    run_with(arguments, "")
}

/// The program while it runs; it does not outlive its test.
pub struct Running(Option<Child>);

impl Running {
    pub fn start(command: &mut Command, stdout: impl Into<Stdio>) -> Self {
        let child = command.stdout(stdout).stderr(Stdio::piped()).spawn();
        Self(Some(child.expect("the example is built")))
    }

    pub fn stdout(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.child().stdout.take().expect("piped, and taken once"))
    }

    /// How it ends, and what it has printed that the test has not taken.
    pub fn end(mut self) -> Output {
        let child = self.0.take().expect("not ended");
        let id = child.id().to_string();
        in_time(move || child.wait_with_output().expect("it can be waited for")).unwrap_or_else(|| {
            signal(&id, "-KILL");
            panic!("the program hangs");
        })
    }

    /// What the terminal does on Ctrl-C.
    #[cfg(unix)]
    pub fn interrupt(&mut self) {
        signal(&self.child().id().to_string(), "-INT");
    }

    pub fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("not ended")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Nothing if it takes for ever.
pub fn in_time<T: Send + 'static>(blocking: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || done.send(blocking()));
    ended.recv_timeout(FOREVER).ok()
}

fn signal(id: &str, signal: &str) {
    let status = Command::new("kill").args([signal, id]).status().expect("`kill` is there");
    assert!(status.success(), "kill {signal}: {status}");
}

pub fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("the output is UTF-8")
}

/// The stdout of a run that must succeed without a word on stderr.
pub fn succeed(output: &Output) -> &str {
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    text(&output.stdout)
}

/// The run must be rejected with this one line, before anything else is printed.
pub fn assert_rejected(output: &Output, line: &str) {
    assert_eq!(text(&output.stderr), format!("error: {line}\n"));
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{line}");
}

/// As `assert_rejected`, where the words are clap's or the system's: the line has to begin and to contain these.
pub fn assert_rejected_about(output: &Output, start: &str, about: &str) {
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with(&format!("error: {start}")) && stderr.contains(about), "{stderr:?} lacks {about:?}");
    assert_eq!((stderr.lines().count(), stderr.ends_with('\n')), (1, true), "{stderr:?} is not one line");
    assert!(!stderr.contains("Usage"), "{stderr:?} says more than the reason");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""), "{stderr:?}");
}
