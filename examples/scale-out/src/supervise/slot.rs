//! Keeps one instance running.
//!
//! | state | processes | leaves it for |
//! |---|---|---|
//! | starting | one, not ready | up: it is ready; waiting: it ended or took too long |
//! | up | one, ready | waiting: it ended, or drains because somebody else told it to; replacing: a rolling restart |
//! | replacing | one ready, one starting | up, with the new one if that became ready, else with the old one |
//! | waiting | none | starting: the wait is over, or a rolling restart asks for a new one |
//!
//! From each of them, a stop ends what there is. Instances that drain are beside this: any number may, each for a limited time.

use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Result, anyhow};
use corepool::breaker::Backoff;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{info, warn};

use super::instance::{Instance, Leaving, NotReady, Program};
use super::place::Place;
use crate::program::BadInput;

/// Whoever has lived for so long starts afresh when it dies.
const STABLE: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Connections wait in the socket for so long, and are refused from then on.
const LONGEST_UNANSWERED: Duration = Duration::from_millis(500);
/// Of a `serve` whose arguments or environment are wrong.
const BAD_INPUT: i32 = 2;

/// Replace the instance; and the answer, whether that was done.
pub(super) type Roll = oneshot::Sender<Result<()>>;

pub(super) struct Slot {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) program: Program,
    pub(super) ready_timeout: Duration,
    pub(super) kill_after: Duration,
    pub(super) rolls: mpsc::Receiver<Roll>,
    pub(super) stop: watch::Receiver<bool>,
    /// Told when an instance is ready for the first time.
    pub(super) ready: Option<oneshot::Sender<()>>,
    pub(super) draining: JoinSet<()>,
}

/// Why there is no instance.
enum Absent {
    Stopped,
    Ended,
}

enum Start {
    Ready(Box<Instance>),
    Failed(anyhow::Error),
    Stopped,
}

impl Slot {
    /// Until it is told to stop, and all that it has started has ended.
    ///
    /// # Errors
    ///
    /// No instance could ever be started, as what it is told is wrong.
    pub(super) async fn keep(mut self) -> Result<()> {
        let backoff = Backoff::exponential(FIRST_WAIT, 2.0).cap(LONGEST_WAIT).random_jitter(0.1);
        let (mut attempt, mut roll) = (0, None);
        loop {
            let lived = match self.start().await {
                Start::Stopped => break,
                Start::Failed(error) if error.is::<BadInput>() && self.ready.is_some() => return Err(error),
                Start::Failed(error) => {
                    warn!(instance = self.name, "{error:#}");
                    answer(&mut roll, Err(error));
                    Duration::ZERO
                }
                Start::Ready(instance) => {
                    answer(&mut roll, Ok(()));
                    if let Some(ready) = self.ready.take() {
                        let _ = ready.send(());
                    }
                    let (absent, lived) = self.attend(*instance).await;
                    match absent {
                        Absent::Stopped => break,
                        Absent::Ended => lived,
                    }
                }
            };
            attempt = if lived >= STABLE { 1 } else { attempt + 1 };
            match self.pause(backoff.wait(attempt)).await {
                Pause::Stopped => break,
                Pause::Over => {}
                Pause::Roll(next) => roll = Some(next),
            }
        }
        self.draining.join_all().await;
        Ok(())
    }

    async fn start(&mut self) -> Start {
        let started =
            self.place.hand_over().map_err(|error| anyhow!("cannot listen on {}: {error}", self.place.address()));
        let mut instance = match started.and_then(|socket| self.program.start(&self.name, socket)) {
            Ok(instance) => instance,
            Err(error) => return Start::Failed(error),
        };
        tokio::select! {
            ready = instance.ready(self.ready_timeout) => match ready {
                Ok(()) => Start::Ready(Box::new(instance)),
                Err(NotReady::Exited(status)) => Start::Failed(exited(status)),
                // Dropping it kills it.
                Err(NotReady::Failed(error)) => Start::Failed(error),
            },
            () = stopped(&mut self.stop) => {
                instance.terminate();
                self.retire(instance);
                Start::Stopped
            }
        }
    }

    /// Until there is no instance any more; and how long the last one has lived.
    async fn attend(&mut self, mut instance: Instance) -> (Absent, Duration) {
        loop {
            tokio::select! {
                leaving = instance.leaves() => {
                    let lived = instance.lived();
                    match leaving {
                        Leaving::Gone(Ok(status)) => warn!(instance = self.name, %status, ?lived, "it ended"),
                        Leaving::Gone(Err(error)) => warn!(instance = self.name, %error, "cannot wait for it"),
                        Leaving::Draining => {
                            info!(instance = self.name, "it drains, and nobody here has told it to: replacing it");
                            self.retire(instance);
                        }
                    }
                    return (Absent::Ended, lived);
                }
                Some(roll) = self.rolls.recv() => match self.start().await {
                    Start::Ready(new) => {
                        self.retire(std::mem::replace(&mut instance, *new));
                        answer(&mut Some(roll), Ok(()));
                    }
                    Start::Failed(error) => answer(&mut Some(roll), Err(error)),
                    Start::Stopped => {
                        self.retire(instance);
                        return (Absent::Stopped, Duration::ZERO);
                    }
                },
                () = stopped(&mut self.stop) => {
                    self.retire(instance);
                    return (Absent::Stopped, Duration::ZERO);
                }
            }
        }
    }

    async fn pause(&mut self, wait: Duration) -> Pause {
        info!(instance = self.name, ?wait, "starting another one after a wait");
        if wait > LONGEST_UNANSWERED {
            self.place.let_go();
        }
        tokio::select! {
            () = sleep(wait) => Pause::Over,
            Some(roll) = self.rolls.recv() => Pause::Roll(roll),
            () = stopped(&mut self.stop) => Pause::Stopped,
        }
    }

    fn retire(&mut self, instance: Instance) {
        // Those that have ended need not be kept.
        while self.draining.try_join_next().is_some() {}
        self.draining.spawn(instance.retire(self.kill_after));
    }
}

enum Pause {
    Over,
    Roll(Roll),
    Stopped,
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Whoever could tell has ended, and all ends with it.
    let _ = stop.wait_for(|&stop| stop).await;
}

fn answer(roll: &mut Option<Roll>, outcome: Result<()>) {
    if let Some(roll) = roll.take() {
        // Nobody asks any more.
        let _ = roll.send(outcome);
    }
}

fn exited(status: ExitStatus) -> anyhow::Error {
    let error = anyhow!("it ended before it was ready: {status}");
    if status.code() == Some(BAD_INPUT) {
        return error.context(BadInput("an instance cannot do what it is told: see its own message above".to_owned()));
    }
    error
}
