//! `deploy/up` and `deploy/down`, as their users call them.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::kit::client::get;
use crate::kit::deployment::{DEPLOY, Deployment, down, in_words, up};
use crate::kit::files::Folder;
use crate::kit::process::{self, Signal, children};
use crate::kit::program::{BINARY, Program};
use crate::kit::visitor::Visitor;
use crate::kit::wait::until;

#[test]
fn up_says_where_it_is_up_and_down_can_be_repeated() -> Result<()> {
    let deployment = Deployment::up(&[])?;
    let address = deployment.address;
    ensure!(deployment.said.lines().last() == Some(&format!("http://{address}")), "{}", deployment.said);
    get(address, "/fib/10")?.with_status(200)?;
    deployment.stop()?;
    ensure!(get(address, "/fib/10").is_err(), "it is still up");
    let again = down(deployment.folder()).output()?;
    ensure!(again.status.success(), "{}", in_words(&again));
    ensure!(has_logs(deployment.folder())?, "the logs are gone");
    deployment.remove()
}

fn has_logs(folder: &Path) -> Result<bool> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    Ok(names.iter().any(|path| path.extension().is_some_and(|extension| extension == "log")))
}

#[test]
fn sessions_live_on_when_it_was_down() -> Result<()> {
    let deployment = Deployment::with_instances(1, &[])?;
    let mut visitor = Visitor::default();
    ensure!(visitor.count(deployment.address)? == 1);
    deployment.stop()?;
    let deployment = deployment.up_again()?;
    ensure!(visitor.count(deployment.address)? == 2, "the session is lost");
    deployment.down()
}

#[test]
fn up_does_not_come_up_twice_in_a_folder() -> Result<()> {
    let deployment = Deployment::with_instances(1, &[])?;
    let output = up(deployment.folder()).output()?;
    ensure!(output.status.code() == Some(1), "{}", in_words(&output));
    // The one that is up does not notice.
    get(deployment.address, "/visit")?.with_status(200)?;
    deployment.down()
}

#[test]
fn two_deployments_come_up_beside_each_other() -> Result<()> {
    let two: Vec<_> = (0..2).map(|_| thread::spawn(|| Deployment::up(&[]))).collect();
    let two: Vec<_> = two.into_iter().map(|up| up.join().expect("it does not panic")).collect::<Result<_>>()?;
    ensure!(two[0].address != two[1].address);
    for deployment in &two {
        get(deployment.address, "/visit")?.with_status(200)?;
    }
    let [one, other] = two.try_into().expect("two");
    one.down()?;
    // The other does not notice.
    get(other.address, "/visit")?.with_status(200)?;
    other.down()
}

/// Then nobody tells its workers to end.
#[test]
fn down_ends_the_workers_of_an_nginx_that_was_killed() -> Result<()> {
    let deployment = Deployment::up(&[])?;
    let nginx = deployment.pid("nginx")?;
    until("nginx has workers", || !children(nginx).is_empty())?;
    let workers = children(nginx);
    let instances = deployment.pids()?;
    process::signal(nginx, Signal::KILL)?;
    process::signal(deployment.pid("supervise")?, Signal::KILL)?;
    let output = down(deployment.folder()).output()?;
    ensure!(output.status.success(), "{}", in_words(&output));
    for pid in workers.into_iter().chain(instances) {
        ensure!(!process::runs(pid), "process {pid} runs on");
    }
    deployment.remove()
}

/// The commands of this machine but one.
fn all_but(missing: &str, folder: &Path) -> Result<()> {
    for source in ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"] {
        for entry in fs::read_dir(source).into_iter().flatten() {
            let entry = entry?;
            if entry.file_name() != missing {
                // Some are in two of the folders.
                let _ = symlink(entry.path(), folder.join(entry.file_name()));
            }
        }
    }
    Ok(())
}

#[test]
fn up_says_what_is_missing_and_how_to_install_it() -> Result<()> {
    let folder = Folder::new()?;
    let bin = folder.join("bin");
    fs::create_dir(&bin)?;
    all_but("redis-server", &bin)?;
    let output = up(&folder.join("deployment")).env("PATH", &bin).output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1), "{}", in_words(&output));
    ensure!(error.contains("redis-server") && error.contains("deploy/install"), "{error}");
    folder.remove()
}

#[test]
fn up_that_fails_leaves_nothing_running() -> Result<()> {
    let folder = Folder::new()?;
    let output = up(folder.path()).arg("--no-such-flag").output()?;
    ensure!(output.status.code() == Some(1), "{}", in_words(&output));
    ensure!(String::from_utf8_lossy(&output.stderr).contains("--no-such-flag"), "{}", in_words(&output));
    for name in ["nginx", "redis", "supervise"] {
        let Ok(pid) = fs::read_to_string(folder.join(&format!("{name}.pid"))) else { continue };
        ensure!(!process::runs(pid.trim().parse()?), "{name} runs");
    }
    folder.remove()
}

/// Runs this as an ordinary user, if it is not one already.
fn ordinary(command: &Path) -> Command {
    if rustix::process::geteuid().is_root() {
        let mut su = Command::new("setpriv");
        su.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(command);
        return su;
    }
    Command::new(command)
}

#[test]
fn an_ordinary_user_can_bring_it_up_and_down() -> Result<()> {
    let folder = Folder::new()?;
    // What that user can read, wherever the sources are.
    let (deploy, binary, files) = (folder.join("deploy"), folder.join("scale-out"), folder.join("files"));
    let copied = Command::new("cp").arg("-r").arg(DEPLOY).arg(&deploy).status()?;
    ensure!(copied.success());
    fs::copy(BINARY, &binary)?;
    fs::create_dir(&files)?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    fs::set_permissions(&files, fs::Permissions::from_mode(0o777))?;
    let up = ordinary(&deploy.join("up")).arg(&files).env("SCALE_OUT_BIN", &binary).output()?;
    let answer = fs::read_to_string(files.join("deployment.env"));
    let down = ordinary(&deploy.join("down")).arg(&files).output()?;
    ensure!(up.status.success(), "{}", in_words(&up));
    ensure!(answer?.contains("URL=http://"));
    ensure!(down.status.success(), "{}", in_words(&down));
    folder.remove()
}

#[test]
fn the_folder_and_the_program_may_have_any_name() -> Result<()> {
    let folder = Folder::new()?;
    let (files, binary) = (folder.join(r#"a b'c"d\e&f|g$h*[i]"#), folder.join("version 2"));
    fs::copy(BINARY, &binary)?;
    let output = up(&files).env("SCALE_OUT_BIN", &binary).output()?;
    let address = address(&output);
    let answer = address.and_then(|address| get(address, "/visit"));
    let end = down(&files).output()?;
    answer.with_context(|| in_words(&output))?.with_status(200)?;
    ensure!(end.status.success(), "{}", in_words(&end));
    let log = fs::read_to_string(files.join("supervise.log"))?;
    ensure!(log.matches("drained").count() >= 3, "the instances were killed:\n{log}");
    folder.remove()
}

#[test]
fn a_proxy_for_the_world_is_not_asked_for_this_machine() -> Result<()> {
    let folder = Folder::new()?;
    let output = up(folder.path()).env("http_proxy", "http://127.0.0.1:1").output()?;
    let end = down(folder.path()).output()?;
    ensure!(output.status.success(), "{}", in_words(&output));
    ensure!(end.status.success(), "{}", in_words(&end));
    folder.remove()
}

#[test]
fn of_two_calls_of_up_at_once_in_one_folder_one_is_refused() -> Result<()> {
    let folder = Folder::new()?;
    let calls = thread::scope(|scope| {
        let calls = [(); 2].map(|()| scope.spawn(|| up(folder.path()).output()));
        calls.map(|call| call.join().expect("it does not panic"))
    });
    let [one, other] = calls;
    let (one, other) = (one?, other?);
    let (up, refused) = if one.status.success() { (one, other) } else { (other, one) };
    let answer = address(&up).and_then(|address| get(address, "/visit"));
    let end = down(folder.path()).output()?;
    ensure!(!refused.status.success(), "both came up: {} {}", in_words(&up), in_words(&refused));
    answer.with_context(|| in_words(&up))?.with_status(200)?;
    ensure!(end.status.success(), "{}", in_words(&end));
    folder.remove()
}

/// Neither by a folder's name that looks like a pattern, nor by an id that has become another process's, nor by a variable
/// that others may set, too.
#[test]
fn down_ends_nothing_that_is_not_its_own() -> Result<()> {
    let folder = Folder::new()?;
    let (own, other) = (folder.join("a.b"), folder.join("a-b"));
    let output = up(&other).output()?;
    let address = address(&output);
    fs::create_dir(&own)?;
    for name in ["nginx", "supervise", "redis"] {
        fs::copy(other.join(format!("{name}.pid")), own.join(format!("{name}.pid")))?;
    }
    let mut bystander = Program::start(Command::new("sleep").arg("60").env("DEPLOYMENT", &own))?;
    let end = down(&own).output()?;
    let answer = address.and_then(|address| get(address, "/visit"));
    let end_of_other = down(&other).output()?;
    ensure!(end.status.success(), "{}", in_words(&end));
    ensure!(end_of_other.status.success(), "{}", in_words(&end_of_other));
    answer.with_context(|| in_words(&output))?.with_status(200)?;
    ensure!(bystander.runs(), "it has ended a process that has only a variable in common with it");
    folder.remove()
}

fn address(up: &Output) -> Result<SocketAddr> {
    let url = String::from_utf8_lossy(&up.stdout);
    Ok(url.trim().strip_prefix("http://").context("not a URL")?.parse()?)
}
