//! The kind checksum: what is in a file under `--files`, and nothing of any other.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::kit::jobs::Jobs;
use crate::kit::wait::until;
use crate::kit::worker::Worker;

/// `files` is the worker's; `secret` lies beside it.
fn with_files(jobs: &Jobs) -> Result<Worker> {
    let folder = jobs.redis.folder.path();
    let files = folder.join("files");
    fs::create_dir_all(files.join("deep/er"))?;
    fs::write(folder.join("secret"), "secret")?;
    fs::create_dir(folder.join("files-of-others"))?;
    fs::write(folder.join("files-of-others/secret"), "secret")?;
    symlink(folder.join("secret"), files.join("link-out"))?;
    symlink(folder, files.join("up"))?;
    let path = files.to_str().context("not a name for an argument")?;
    jobs.worker("first", &["--visibility", "1s", "--workers", "1", "--files", path])
}

fn sha256sum(path: &Path) -> Result<String> {
    let output = Command::new("sha256sum").arg(path).output()?;
    Ok(String::from_utf8(output.stdout)?.split(' ').next().context("no output")?.to_owned())
}

#[test]
fn a_checksum_is_what_sha256sum_says() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = with_files(&jobs)?;
    let files = jobs.redis.folder.join("files");
    let large: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    fs::write(files.join("large"), large)?;
    fs::write(files.join("empty"), "")?;
    fs::write(files.join("deep/er/with spaces: and colons"), "deep")?;
    symlink("../large", files.join("deep/link-in"))?;
    let names = ["large", "empty", "deep/er/with spaces: and colons", "deep/link-in", "deep/../large"];
    let ids = jobs.add(&names.map(|name| format!("checksum:{name}")))?;
    for (name, record) in names.iter().zip(jobs.ends(&ids)?) {
        ensure!(record.is_done_with(&sha256sum(&files.join(name))?), "{name}: {record:?}");
    }
    worker.stop()?;
    jobs.down()
}

#[test]
fn what_is_not_under_files_is_refused_at_once_whether_or_not_it_exists() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = with_files(&jobs)?;
    let folder = jobs.redis.folder.path().to_str().context("not a name for a job")?;
    let beside = [format!("{folder}/secret"), format!("{folder}/nothing"), format!("{folder}/files-of-others/secret")];
    let outside = ["/etc/passwd", "/etc/nothing", "../secret", "../nothing", "deep/../../secret", "deep/../../nothing"];
    let links = ["link-out", "up/secret", "up/nothing", "up/files/../secret", "up/files-of-others/secret"];
    let paths: Vec<_> = outside.into_iter().chain(links).chain(beside.iter().map(String::as_str)).collect();
    let ids = jobs.add(&paths.iter().map(|path| format!("checksum:{path}")).collect::<Vec<_>>())?;
    for (path, record) in paths.iter().zip(jobs.ends(&ids)?) {
        ensure!(record.is_dead() && record.deliveries() == 1, "{path}: {record:?}");
        ensure!(record.field("reason").contains("is not under"), "{path}: {record:?}");
    }
    worker.stop()?;
    jobs.down()
}

#[test]
fn what_is_no_file_is_refused_at_once() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = with_files(&jobs)?;
    let fifo = jobs.redis.folder.join("files/fifo");
    ensure!(Command::new("mkfifo").arg(fifo).status()?.success());
    let ids = jobs.add(&["checksum:deep", "checksum:", "checksum:.", "checksum:fifo"])?;
    for record in jobs.ends(&ids)? {
        ensure!(record.is_dead() && record.deliveries() == 1, "{record:?}");
        ensure!(record.field("reason").contains("is no file"), "{record:?}");
    }
    worker.stop()?;
    jobs.down()
}

#[test]
fn a_file_that_is_not_there_yet_is_tried_again() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = with_files(&jobs)?;
    let ids = jobs.add(&["checksum:late", "checksum:never"])?;
    until("both have failed", || worker.program.output().matches("failed: to be tried again").count() == 2)?;
    let late = jobs.redis.folder.join("files/late");
    fs::write(&late, "here I am")?;
    let records = jobs.ends(&ids)?;
    ensure!(records[0].is_done_with(&sha256sum(&late)?) && records[0].deliveries() == 2, "{records:?}");
    ensure!(records[1].is_dead() && records[1].deliveries() == 3, "{records:?}");
    ensure!(records[1].field("reason").starts_with("tried 3 times: cannot find 'never'"), "{records:?}");
    worker.stop()?;
    jobs.down()
}

#[test]
fn a_worker_without_files_reads_none() -> Result<()> {
    let jobs = Jobs::up()?;
    let worker = jobs.worker("first", &[])?;
    let records = jobs.ends(&jobs.add(&["checksum:Cargo.toml"])?)?;
    ensure!(records[0].is_dead() && records[0].deliveries() == 1, "{records:?}");
    ensure!(records[0].field("reason").contains("without --files"), "{records:?}");
    worker.stop()?;
    jobs.down()
}
