//! Runs `examples/checksum.rs` as a program: what it prints, what it leaves out and how it ends.

use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use program::{Running, assert_rejected_about, program, run, succeed, text};

mod program;

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const MILLION: &str = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

/// A folder for one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("checksum-{}-{name}", std::process::id()));
        fs::create_dir(&path).expect("cargo's folder for tests is writable");
        Self(path)
    }

    /// Files that hold "abc", and the folders they are in.
    fn with(self, files: &[&str]) -> Self {
        for file in files {
            self.put(file, "abc");
        }
        self
    }

    fn put(&self, file: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("writable");
        fs::write(path, content).expect("writable");
    }

    /// The program, started in here: names are as short as the test gives them.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(&self.0);
        command
    }

    fn start(&self, arguments: &[&str]) -> Running {
        Running::start(&mut self.command(arguments), Stdio::piped())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.start(arguments).end()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The rows of these files, each of which holds "abc".
fn rows_of(names: &[&str]) -> String {
    names.iter().map(|name| format!("{ABC}  {name}\n")).collect()
}

#[test]
fn digests_are_right() {
    let folder = Folder::new("digests");
    folder.put("empty", "");
    folder.put("abc", "abc");
    folder.put("million", "a".repeat(1_000_000));
    let output = folder.run(&["empty", "abc", "million"]);
    assert_eq!(succeed(&output), format!("{EMPTY}  empty\n{ABC}  abc\n{MILLION}  million\n"));
}

#[test]
fn arguments_keep_their_order_and_their_spelling() {
    let folder = Folder::new("arguments").with(&["b", "a", "d/x"]);
    let output = folder.run(&["b", "./a", "d", "d/", "./d", "a", "a", "--workers", "3"]);
    assert_eq!(succeed(&output), rows_of(&["b", "./a", "d/x", "d/x", "./d/x", "a", "a"]));
    assert_eq!(succeed(&folder.run(&["."])), rows_of(&["./a", "./b", "./d/x"]));
    assert_eq!(succeed(&folder.run(&["--", "a"])), rows_of(&["a"]));
}

#[test]
fn under_a_folder_rows_are_in_the_order_of_their_paths() {
    let sorted = ["t/B", "t/a-b", "t/a.b/c", "t/a/b", "t/a/c-d", "t/a/c/d", "t/a/c0", "t/a0", "t/b", "t/é"];
    let mut shuffled = sorted;
    shuffled.rotate_left(4);
    shuffled[2..].reverse();
    let folder = Folder::new("order").with(&shuffled);
    assert_eq!(succeed(&folder.run(&["t", "--workers", "3"])), rows_of(&sorted));
}

#[test]
fn a_folder_without_files_has_no_rows() {
    let folder = Folder::new("no-files");
    assert_eq!(succeed(&folder.run(&["."])), "");
}

/// More than the queue and the window hold together.
const MANY: usize = 5_000;

/// Sizes around the pieces a file is read in, and enough files to meet every bound.
#[cfg(target_os = "linux")]
#[test]
fn sha256sum_prints_the_same_and_accepts_it() {
    let folder = Folder::new("sha256sum");
    for size in [1, 55, 56, 64, 65_535, 65_536, 65_537, 131_072, 300_000] {
        folder.put(format!("t/size/{size}"), (0..size).map(|index| (index % 251) as u8).collect::<Vec<_>>());
    }
    for name in ["new\nline", "back\\slash", "\\n", " space ", "é", "-", "*star", "tab\t"] {
        folder.put(format!("t/name/{name}"), name);
    }
    for index in 0..MANY {
        folder.put(format!("t/many/{}/{index}", index % 7), index.to_string());
    }
    let output = folder.run(&["t"]);
    let script = "find t -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum";
    let expected = Command::new("sh").args(["-c", script]).current_dir(&folder.0).output().expect("a shell");
    assert!(expected.status.success() && expected.stdout.len() > MANY * 64, "{expected:?}");
    assert!(output.stdout == expected.stdout, "not what sha256sum prints");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));

    folder.put("sums", &output.stdout);
    let arguments = ["--check", "--strict", "--quiet", "sums"];
    let check = Command::new("sha256sum").args(arguments).current_dir(&folder.0).output();
    assert_eq!(succeed(&check.expect("coreutils")), "");
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::fs::{File, Permissions};
    use std::io::{BufReader, Read, Write};
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::ChildStdout;
    use std::time::Instant;

    use super::*;
    use crate::program::{FOREVER, in_time};

    /// A pipe with a name: a reader waits until the test opens it for writing, and the test until it has a reader.
    fn make_pipe(folder: &Folder, name: &str) {
        let status = Command::new("mkfifo").arg(folder.0.join(name)).status().expect("`mkfifo` is there");
        assert!(status.success(), "mkfifo {name}: {status}");
    }

    fn open_pipe(folder: &Folder, name: &str) -> File {
        let path = folder.0.join(name);
        let opened = in_time(move || File::options().write(true).open(path));
        opened.expect("the program reads from the pipe").expect("a pipe")
    }

    #[test]
    fn names_that_would_break_a_row_are_escaped_and_the_row_marked() {
        let folder = Folder::new("escapes").with(&["t/1\n", "t/2\\", "t/3\r", "t/4\\n", "t/5\r\n\\\\", "t/6\t'\""]);
        let rows = [r"\ t/1\n", r"\ t/2\\", r"\ t/3\r", r"\ t/4\\n", r"\ t/5\r\n\\\\", "t/6\t'\""];
        let rows = rows.map(|row| match row.strip_prefix(r"\ ") {
            Some(name) => format!("\\{ABC}  {name}\n"),
            None => format!("{ABC}  {row}\n"),
        });
        assert_eq!(succeed(&folder.run(&["t"])), rows.concat());
    }

    #[test]
    fn names_are_bytes() {
        let folder = Folder::new("bytes");
        for name in [&b"t/\xff\xfe"[..], b"t/\x80\n"] {
            folder.put(OsStr::from_bytes(name), "abc");
        }
        let output = folder.run(&["t"]);
        let rows = [b"\\", ABC.as_bytes(), b"  t/\x80\\n\n", ABC.as_bytes(), b"  t/\xff\xfe\n"].concat();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
        assert_eq!(output.stdout.escape_ascii().to_string(), rows.escape_ascii().to_string());
    }

    #[test]
    fn links_are_followed_where_they_are_given_and_nowhere_else() {
        let folder = Folder::new("links").with(&["t/file", "t/folder/file"]);
        for (target, link) in
            [("file", "to-file"), ("folder", "to-folder"), ("nothing", "to-nothing"), (".", "to-self")]
        {
            symlink(target, folder.0.join("t").join(link)).expect("a link");
        }
        assert_eq!(succeed(&folder.run(&["t"])), rows_of(&["t/file", "t/folder/file"]));
        let output = folder.run(&["t/to-file", "t/to-folder"]);
        assert_eq!(succeed(&output), rows_of(&["t/to-file", "t/to-folder/file"]));
        let output = folder.run(&["t/to-nothing", "t/file"]);
        assert_eq!(
            text(&output.stderr),
            "error: cannot read \"t/to-nothing\": No such file or directory (os error 2)\n"
        );
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), &*rows_of(&["t/file"])));
    }

    #[test]
    fn a_pipe_under_a_folder_is_left_alone_and_one_that_is_given_is_read() {
        let folder = Folder::new("pipes").with(&["t/file"]);
        make_pipe(&folder, "t/pipe");
        assert_eq!(succeed(&folder.run(&["t"])), rows_of(&["t/file"]));
        let child = folder.start(&["t/pipe"]);
        open_pipe(&folder, "t/pipe").write_all(b"abc").expect("the program reads it");
        assert_eq!(succeed(&child.end()), rows_of(&["t/pipe"]));
    }

    /// Nobody locks the superuser out: for it there is nothing to report.
    #[test]
    fn locked_files_and_folders_are_reported_and_the_rest_is_done() {
        let folder = Folder::new("locked").with(&["t/1", "t/2", "t/3/file", "t/4"]);
        for name in ["t/2", "t/3"] {
            fs::set_permissions(folder.0.join(name), Permissions::from_mode(0o000)).expect("our own");
        }
        let is_superuser = File::open(folder.0.join("t/2")).is_ok();
        let output = folder.run(&["t"]);
        fs::set_permissions(folder.0.join("t/3"), Permissions::from_mode(0o700)).expect("our own");
        if is_superuser {
            assert_eq!(succeed(&output), rows_of(&["t/1", "t/2", "t/3/file", "t/4"]));
            return;
        }
        let denied =
            ["t/2", "t/3"].map(|name| format!("error: cannot read {name:?}: Permission denied (os error 13)\n"));
        assert_eq!(text(&output.stderr), denied.concat());
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), &*rows_of(&["t/1", "t/4"])));
    }

    /// The row of the pipe is the first, and is not ready before the last file has been begun.
    #[test]
    fn rows_wait_for_those_before_them() {
        let folder = Folder::new("wait").with(&["1", "2"]);
        make_pipe(&folder, "first");
        make_pipe(&folder, "last");
        let child = folder.start(&["first", "1", "2", "last", "--workers", "2"]);
        open_pipe(&folder, "last").write_all(b"abc").expect("the program reads it");
        open_pipe(&folder, "first").write_all(b"abc").expect("the program reads it");
        assert_eq!(succeed(&child.end()), rows_of(&["first", "1", "2", "last"]));
    }

    /// The window is full behind the first file, though a worker has nothing else to do.
    #[cfg(target_os = "linux")]
    #[test]
    fn only_so_many_files_are_ahead_of_the_first() {
        use std::os::unix::fs::OpenOptionsExt;

        const O_NONBLOCK: i32 = 0o4000;
        const WINDOW: usize = 4_096;

        let names: Vec<_> = (0..WINDOW + 100).map(|index| format!("t/{index:04}")).collect();
        let mut names: Vec<_> = names.iter().map(String::as_str).collect();
        let folder = Folder::new("window").with(&names);
        names.insert(0, "first");
        names.insert(WINDOW - 1, "inside");
        names.insert(WINDOW + 50, "beyond");
        for pipe in ["first", "inside", "beyond"] {
            make_pipe(&folder, pipe);
        }
        // No pipe holds all the rows.
        let out = File::create(folder.0.join("out")).expect("writable");
        let child = Running::start(&mut folder.command(&[&names[..], &["--workers", "2"]].concat()), out);
        open_pipe(&folder, "inside").write_all(b"abc").expect("the program reads it");
        // Takes as much time as the program would need to go too far.
        assert_eq!(folder.run(&["t"]).status.code(), Some(0));
        let beyond = File::options().write(true).custom_flags(O_NONBLOCK).open(folder.0.join("beyond"));
        assert_eq!(beyond.expect_err("nobody reads it").to_string(), "No such device or address (os error 6)");
        open_pipe(&folder, "first").write_all(b"abc").expect("the program reads it");
        open_pipe(&folder, "beyond").write_all(b"abc").expect("the program reads it");
        assert_eq!(succeed(&child.end()), "");
        assert_eq!(fs::read_to_string(folder.0.join("out")).expect("readable"), rows_of(&names));
    }

    /// Started, and in the middle of its work: the first row has come, the pipe behind it has a reader and no end.
    fn start_and_meet(folder: &Folder, arguments: &[&str]) -> (Running, BufReader<ChildStdout>, File) {
        let mut child = folder.start(arguments);
        let (mut stdout, pipe) = (child.stdout(), open_pipe(folder, "pipe"));
        let first = in_time(move || {
            let mut row = String::new();
            stdout.read_line(&mut row).map(|_| (row, stdout))
        });
        let (row, stdout) = first.expect("a row before the pipe has an end").expect("readable");
        assert_eq!(row, rows_of(&["1"]));
        (child, stdout, pipe)
    }

    /// Ctrl-C: these rows follow the first, and nothing else.
    fn assert_interrupted((mut child, mut stdout, _pipe): (Running, BufReader<ChildStdout>, File), names: &[&str]) {
        child.interrupt();
        let output = child.end();
        let mut rows = String::new();
        stdout.read_to_string(&mut rows).expect("readable");
        let message = format!("interrupted: digests printed: {}, the rest is left out\n", 1 + names.len());
        assert_eq!((output.status.code(), text(&output.stderr), rows), (Some(130), &*message, rows_of(names)));
    }

    #[test]
    fn an_interrupt_cancels_what_is_queued() {
        let folder = Folder::new("queued").with(&["1", "2", "3"]);
        make_pipe(&folder, "pipe");
        assert_interrupted(start_and_meet(&folder, &["1", "pipe", "2", "3", "--workers", "1"]), &[]);
    }

    #[test]
    fn an_interrupt_prints_what_is_done_behind_what_is_not() {
        let folder = Folder::new("behind").with(&["1", "2", "3"]);
        make_pipe(&folder, "pipe");
        make_pipe(&folder, "last");
        let running = start_and_meet(&folder, &["1", "pipe", "2", "last", "3", "--workers", "2"]);
        let _last = open_pipe(&folder, "last");
        assert_interrupted(running, &["2"]);
    }

    /// The last argument is far behind what the queue holds: nobody looks at it any more.
    #[test]
    fn an_interrupt_ends_the_wait_for_room() {
        let folder = Folder::new("room").with(&["1", "2"]);
        make_pipe(&folder, "pipe");
        let arguments = [&["--workers", "1", "1", "pipe"], &["2"; 1_000][..], &["missing"]].concat();
        assert_interrupted(start_and_meet(&folder, &arguments), &[]);
    }

    /// The program comes to a row that it cannot print: its stdout is full, and nobody reads.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_second_interrupt_waits_for_nothing() {
        let folder = Folder::new("second").with(&[]);
        make_pipe(&folder, "pipe");
        let (_reader, mut writer) = io::pipe().expect("a pipe");
        writer.write_all(&[0; 64 << 10]).expect("room in an empty pipe");
        let mut child = Running::start(&mut folder.command(&["pipe", "--workers", "1"]), writer);
        // Not before it listens for signals, which it does before it reads.
        open_pipe(&folder, "pipe").write_all(b"abc").expect("the program reads it");
        let begin = Instant::now();
        // Signals that come too fast count as one.
        let status = loop {
            child.interrupt();
            if let Some(status) = child.child().try_wait().expect("it can be waited for") {
                break status;
            }
            assert!(begin.elapsed() < FOREVER, "the program hangs");
        };
        assert_eq!(status.code(), Some(130));
    }
}

#[test]
fn what_is_missing_is_named_on_one_line_and_the_rest_is_done() {
    let folder = Folder::new("missing").with(&["a", "d/b"]);
    let output = folder.run(&["a", "no\nsuch", "a/b", "d"]);
    let stderr = text(&output.stderr);
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{stderr}");
    for (line, name) in lines.iter().zip(["no\nsuch", "a/b"]) {
        assert!(line.starts_with(&format!("error: cannot read {name:?}: ")), "{line:?} is not about {name:?}");
        assert!(line.contains("os error"), "{line:?} says no reason");
    }
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), &*rows_of(&["a", "d/b"])));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_fails_while_it_is_read_has_no_row() {
    let folder = Folder::new("fails").with(&["a", "b"]);
    let output = folder.run(&["a", "/proc/self/mem", "b"]);
    assert_eq!(text(&output.stderr), "error: cannot read \"/proc/self/mem\": Input/output error (os error 5)\n");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), &*rows_of(&["a", "b"])));
}

#[test]
fn bad_input_is_rejected() {
    assert_rejected_about(&run(&[]), "the following required arguments were not provided", "<PATH>");
    assert_rejected_about(&run(&[""]), "a value is required", "<PATH>");
    assert_rejected_about(&run(&[".", "--workers", "0"]), "cannot build the pool: ", "at least one");
    assert_rejected_about(&run(&[".", "--workers", "-1"]), "invalid value '-1'", "--workers");
    assert_rejected_about(&run(&[".", "--workers", "many"]), "invalid value 'many'", "--workers");
    assert_rejected_about(&run(&[".", "--workers"]), "a value is required", "--workers");
    assert_rejected_about(&run(&[".", "--check"]), "unexpected argument '--check'", "");
}

#[test]
fn help_and_version_succeed() {
    let help = run(&["--help"]);
    for word in ["--workers", "Examples", "Exit codes", "symbolic links", "backslash", "Ctrl-C"] {
        assert!(succeed(&help).contains(word), "--help lacks {word}");
    }
    assert!(succeed(&run(&["--version"])).starts_with("checksum "));
}

#[test]
fn a_reader_that_leaves_ends_the_program() {
    let folder = Folder::new("leaves");
    for index in 0..MANY {
        folder.put(format!("t/{index}"), "abc");
    }
    let mut child = folder.start(&["t"]);
    let mut reader = child.stdout();
    let mut row = String::new();
    reader.read_line(&mut row).expect("readable");
    assert_eq!(row, rows_of(&["t/0"]));
    drop(reader);
    assert_eq!(succeed(&child.end()), "");
}

#[test]
fn a_pipe_closed_from_the_start_is_a_quiet_end() {
    let folder = Folder::new("closed").with(&["a"]);
    for argument in ["a", "--help"] {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let output = folder.command(&[argument]).stdout(writer).output().expect("the example is built");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{argument}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let folder = Folder::new("full").with(&["a"]);
    for argument in ["a", "--help"] {
        let full = fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let output = folder.command(&[argument]).stdout(full).output().expect("the example is built");
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with("error: cannot write the output: "), "{argument}: {stderr:?}");
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(1), 1), "{argument}: {stderr:?}");
    }
}
