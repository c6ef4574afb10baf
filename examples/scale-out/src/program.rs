//! What the subcommands have in common as programs: the log, the runtime, durations as arguments, and how they end.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

const FAILED: i32 = 1;
const BAD_INPUT: i32 = 2;
/// What a shell reports of a process that a signal has ended.
const SIGNALLED: i32 = 128;

/// What was asked for cannot be done as it was asked: exit code 2, as for an argument that clap refuses.
#[derive(Debug)]
pub(crate) struct BadInput(pub(crate) String);

impl std::fmt::Display for BadInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}

/// A signal has ended the program: with this exit code.
#[derive(Debug)]
pub(crate) struct Signalled(pub(crate) i32);

impl std::fmt::Display for Signalled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ended by a signal")
    }
}

impl std::error::Error for Signalled {}

/// Under overload each request that is refused would have a line, and while Redis is down each visit two. The metrics count the
/// former, and the circuit breaker has a line whenever it opens or closes.
const LOGGED: &str = "info,corepool=error,tower_sessions=off,tower_sessions_core=off";

/// The log goes to the standard error. `RUST_LOG` says how much of it.
pub(crate) fn start_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    let log = log.with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    // It would be reported on the standard error, with a panic where that cannot be written to, as when its reader has gone.
    log.log_internal_errors(false).init();
}

pub(crate) fn in_runtime(program: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Runtime::new().context("cannot start the async runtime")?.block_on(program)
}

/// Ends the process: what is still running or open then is not waited for.
pub(crate) fn finish(outcome: Result<()>) -> ! {
    let Err(error) = outcome else { process::exit(0) };
    // `eprintln!` would panic on a closed stderr, and there is nowhere left to report it.
    let _ = writeln!(io::stderr(), "error: {error:#}");
    process::exit(match error.downcast_ref() {
        Some(Signalled(code)) => *code,
        None if error.is::<BadInput>() => BAD_INPUT,
        None => FAILED,
    })
}

/// A time of any length, as an argument.
pub(crate) fn duration(text: &str) -> Result<Duration> {
    let time = humantime::parse_duration(text)?;
    ensure!(!time.is_zero(), "must be more than none");
    Ok(time)
}

/// More threads or processes than on any machine are a mistake, and what starts them would fail in the middle.
const MOST: usize = 1_024;

/// How many threads or processes, as an argument.
pub(crate) fn number(text: &str) -> Result<NonZeroUsize> {
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= MOST);
    number.with_context(|| format!("give a whole number from 1 to {MOST}"))
}

/// A socket that takes a burst: those who find no place in its queue try again a second later, and are called slow or gone by
/// then. More than the system allows (`net.core.somaxconn`) is as much as it allows.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    const BACKLOG: u32 = 4_096;
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of the one that was here before may not have ended.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What somebody else has written, in a message: the beginning says enough, however long it is.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("'{}…'", on_one_line(&text[..end])),
        None => format!("'{}'", on_one_line(text)),
    }
}

/// No character of it moves a terminal's cursor, or looks like the end of a field or of a line.
pub(crate) fn on_one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The signals that ask a program to end.
#[derive(Debug)]
pub(crate) struct Stops {
    terminate: Signal,
    interrupt: Signal,
}

impl Stops {
    pub(crate) fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// The exit code of a program that a signal ends at once.
    pub(crate) async fn next(&mut self) -> i32 {
        let kind = tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        };
        SIGNALLED + kind.as_raw_value()
    }
}
