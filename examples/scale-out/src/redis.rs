//! Redis, behind a circuit breaker: while it is down, whoever needs it hears so at once, and it is not stormed when it comes
//! back.

use std::time::Duration;

use anyhow::{Context, Result};
use corepool::breaker::{Backoff, CallError, CircuitBreaker, Event, Outcome};
use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, ScriptInvocation,
    ServerErrorKind,
};
use tokio::time::timeout;
use tracing::warn;

use crate::program::BadInput;

/// A healthy Redis nearby takes less than a millisecond.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long the breaker stays open: first, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A connection that comes back by itself, shared by all clones.
#[derive(Clone)]
pub(crate) struct Redis {
    client: Client,
    connection: ConnectionManager,
    breaker: CircuitBreaker,
}

pub(crate) type Unavailable = CallError<RedisError>;

impl Redis {
    /// Does not wait for Redis: an instance is of use without it, too.
    pub(crate) fn new(url: &str) -> Result<Self> {
        // It is not shown: any part of what cannot be read may be a password.
        let wrong = || {
            BadInput(
                "--redis is no address of a Redis: give redis://HOST:PORT or redis://:PASSWORD@HOST:PORT".to_owned(),
            )
        };
        let client = Client::open(url).with_context(wrong)?;
        // The breaker decides when to try again.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config).context("cannot use Redis")?;
        let backoff = Backoff::exponential(FIRST_WAIT, 2.0).cap(LONGEST_WAIT).random_jitter(0.25);
        let breaker = CircuitBreaker::builder().open_backoff(backoff).half_open(1, 1).build()?;
        breaker.subscribe(log).detach();
        Ok(Self { client, connection, breaker })
    }

    pub(crate) fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }

    pub(crate) async fn ping(&self) -> Result<(), Unavailable> {
        self.ask(redis::cmd("PING")).await
    }

    pub(crate) async fn ask<T: FromRedisValue>(&self, command: Cmd) -> Result<T, Unavailable> {
        self.call(|mut connection| {
            let command = &command;
            async move { command.query_async(&mut connection).await }
        })
        .await
    }

    pub(crate) async fn ask_all<T: FromRedisValue>(&self, commands: Pipeline) -> Result<T, Unavailable> {
        self.call(|mut connection| {
            let commands = &commands;
            async move { commands.query_async(&mut connection).await }
        })
        .await
    }

    pub(crate) async fn run<T: FromRedisValue>(&self, script: ScriptInvocation<'_>) -> Result<T, Unavailable> {
        self.call(|mut connection| {
            let script = &script;
            async move { script.invoke_async(&mut connection).await }
        })
        .await
    }

    async fn call<T, A>(&self, ask: impl Fn(ConnectionManager) -> A) -> Result<T, Unavailable>
    where
        A: Future<Output = redis::RedisResult<T>>,
    {
        let asked = async {
            match ask(self.connection.clone()).await {
                // Without a connection, it first tells how its last try to connect has ended, and only then tries again: that is
                // what counts. Nothing that is asked here does more when it comes twice.
                Err(error) if error.is_io_error() => ask(self.connection.clone()).await,
                answer => answer,
            }
        };
        let asked = timeout(PATIENCE, asked);
        let call = async || {
            let answer = asked.await.unwrap_or_else(|_| Err((ErrorKind::Io, "no answer in time").into()));
            // While the breaker is open there are no calls, and so no lines.
            answer.inspect_err(|error| warn!(%error, "a call to Redis failed"))
        };
        self.breaker.call_async_with(classify, call).await
    }

    /// A connection of its own, for commands that wait: on the shared one all others would wait behind them.
    pub(crate) async fn connect(&self, longest_wait: Duration) -> Result<MultiplexedConnection, Unavailable> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(longest_wait + PATIENCE));
        let connect = async || self.client.get_multiplexed_async_connection_with_config(&config).await;
        self.breaker.call_async_with(classify, connect).await
    }
}

fn log(event: &Event) {
    if let Event::StateChanged { from, to, .. } = event {
        warn!(%from, %to, "the circuit breaker before Redis");
    }
}

/// An answer that says no is an answer, whether or not its reason is one that the library knows: only one that any command would get
/// now tells that Redis is down.
fn classify<T>(answer: &Result<T, RedisError>) -> Outcome {
    match answer.as_ref().map_err(RedisError::kind) {
        Ok(_) => Outcome::Success,
        Err(ErrorKind::Server(kind)) if !is_down(kind) => Outcome::Success,
        Err(ErrorKind::Extension | ErrorKind::Parse | ErrorKind::UnexpectedReturnType) => Outcome::Success,
        Err(_) => Outcome::Failure,
    }
}

fn is_down(kind: ServerErrorKind) -> bool {
    use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly};
    matches!(kind, BusyLoading | ClusterDown | MasterDown | ReadOnly)
}

#[cfg(test)]
mod tests {
    use redis::make_extension_error;

    use super::*;

    fn counts_as_failure(error: RedisError) -> bool {
        matches!(classify::<()>(&Err(error)), Outcome::Failure)
    }

    /// Fails if a worker that finds its group made already never comes back after an outage: that answer is what its breaker probes
    /// with.
    #[test]
    fn an_answer_that_says_no_is_no_failure() {
        for code in ["BUSYGROUP", "OOM", "NOSCRIPT", "WRONGTYPE"] {
            assert!(!counts_as_failure(make_extension_error(code.to_owned(), None)), "{code}");
        }
        assert!(counts_as_failure((ErrorKind::Io, "no answer in time").into()));
        assert!(counts_as_failure((ErrorKind::Server(ServerErrorKind::BusyLoading), "it starts").into()));
    }
}
