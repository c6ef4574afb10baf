//! `serve` and `supervise` as the test's own children.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Command;

use anyhow::Result;

use super::client::get;
use super::program::{BINARY, Program, without_settings};
use super::wait::{PATIENCE, until, until_some};

/// Nobody listens there.
pub const NO_REDIS: &str = "redis://127.0.0.1:1";

/// Puts the socket where systemd would, and what tells of it into the environment.
const WITH_SOCKET: &str = r#"exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@""#;

/// One `serve`, on a socket that it is given.
#[derive(Debug)]
pub struct Server {
    pub program: Program,
    pub address: SocketAddr,
}

impl Server {
    /// Without Redis, unless a flag names one.
    pub fn start(flags: &[&str]) -> Result<Self> {
        Self::start_with(flags, &[])
    }

    /// With these in its environment.
    pub fn start_with(flags: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let mut command = Command::new("sh");
        command.args(["-c", WITH_SOCKET, "sh", BINARY, "serve"]).args(flags);
        without_settings(&mut command).env("REDIS_URL", NO_REDIS).envs(environment.iter().copied());
        let program = Program::start(command.stdin(OwnedFd::from(listener)))?;
        until("the server answers", || pid(address).is_some())?;
        Ok(Self { program, address })
    }
}

/// One `supervise`, with a socket for each instance, without Redis.
#[derive(Debug)]
pub struct Supervisor {
    pub program: Program,
    pub instances: Vec<SocketAddr>,
}

impl Supervisor {
    pub fn start(binary: impl AsRef<OsStr>, instances: usize, flags: &[&str]) -> Result<Self> {
        Self::start_with(binary, instances, flags, &[])
    }

    /// With these in its environment.
    pub fn start_with(
        binary: impl AsRef<OsStr>,
        instances: usize,
        flags: &[&str],
        environment: &[(&str, &OsStr)],
    ) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["supervise", "--instances", &instances.to_string()]);
        for _ in 0..instances {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        without_settings(command.arg("--").args(flags)).env("REDIS_URL", NO_REDIS).envs(environment.iter().copied());
        let program = Program::start(&mut command)?;
        let (instances, _) = until_some("the addresses of all instances", PATIENCE, || {
            let addresses: Vec<_> = program.output().lines().filter_map(address_of_instance).collect();
            (addresses.len() == instances).then_some(addresses)
        })?;
        Ok(Self { program, instances })
    }
}

/// `instance 1 listens on 127.0.0.1:41001`
pub fn address_of_instance(line: &str) -> Option<SocketAddr> {
    line.strip_prefix("instance ")?.split_once(" listens on ")?.1.parse().ok()
}

/// The processes of all these instances, once each has answered.
pub fn pids(instances: &[SocketAddr]) -> Result<Vec<u32>> {
    let all = || instances.iter().map(|&instance| pid(instance)).collect::<Option<Vec<_>>>();
    let (pids, _) = until_some("all instances answer", PATIENCE, all)?;
    Ok(pids)
}

/// The process that answers there now.
pub fn pid(instance: SocketAddr) -> Option<u32> {
    get(instance, "/healthz").ok()?.with_status(200).ok()?.number("pid").ok()?.try_into().ok()
}
