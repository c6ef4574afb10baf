//! A Redis with the settings of `deploy`, as the test's own child.

use std::net::TcpListener;
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use redis::{Client, Cmd, Connection, FromRedisValue, Pipeline};

use super::deployment::DEPLOY;
use super::files::Folder;
use super::process::Signal;
use super::program::Program;
use super::wait::{PATIENCE, until_some};

#[derive(Debug)]
pub struct RedisServer {
    pub url: String,
    pub folder: Folder,
    client: Client,
    port: u16,
    settings: Vec<String>,
    program: Option<Program>,
}

impl RedisServer {
    pub fn start() -> Result<Self> {
        Self::start_with(&[], "")
    }

    /// With more settings. The user, and a password, is how it stands in a URL: before the `@`, and with that.
    pub fn start_with(settings: &[&str], user: &str) -> Result<Self> {
        let port = free_port();
        let url = format!("redis://{user}127.0.0.1:{port}");
        let mut server = Self {
            client: Client::open(url.as_str())?,
            url,
            folder: Folder::new()?,
            port,
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
            program: None,
        };
        server.go_on()?;
        Ok(server)
    }

    /// With the data that it had.
    pub fn go_on(&mut self) -> Result<()> {
        let mut command = Command::new("redis-server");
        command.arg(format!("{DEPLOY}/redis.conf")).args(["--port", &self.port.to_string(), "--daemonize", "no"]);
        command.args(["--pidfile", "", "--logfile", "", "--dir"]).arg(self.folder.path()).args(&self.settings);
        let mut program = Program::start(&mut command)?;
        let answers = || match self.ask::<String>(&redis::cmd("PING")) {
            Ok(_) => Some(true),
            Err(_) => (!program.runs()).then_some(false),
        };
        if let (false, _) = until_some("Redis answers", PATIENCE, answers)? {
            bail!("Redis has ended: {}", program.output());
        }
        self.program = Some(program);
        Ok(())
    }

    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.program.as_ref().context("Redis does not run")?.signal(signal)
    }

    pub fn kill(&mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        self.program.take().context("Redis does not run")?.end()?;
        Ok(())
    }

    pub fn connection(&self) -> Result<Connection> {
        Ok(self.client.get_connection_with_timeout(PATIENCE)?)
    }

    pub fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        Ok(command.query(&mut self.connection()?)?)
    }

    pub fn ask_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T> {
        Ok(commands.query(&mut self.connection()?)?)
    }

    /// What a test ends with.
    pub fn down(mut self) -> Result<()> {
        drop(self.program.take());
        self.folder.remove()
    }
}

/// Of those that no outgoing connection gets: it could not be had again after a kill.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let ports = std::iter::repeat_with(|| {
        let next = process::id().wrapping_mul(101).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        20_000 + (next % 12_000) as u16
    });
    let is_free = |&port: &u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    ports.take(12_000).find(is_free).expect("one of so many ports is free")
}
