//! `supervise`: several instances on one machine, kept running.
//!
//! `place` holds a socket, `instance` is a process, `notices` hears from it, and `slot` keeps one running, whatever happens.
//! Here is what concerns them all: the start, the rolling restart, the stop.

mod instance;
mod notices;
mod place;
mod settings;
mod slot;

use std::io::{self, Write};

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use self::instance::Program;
use self::place::Place;
pub(crate) use self::settings::Settings;
use self::slot::{Roll, Slot};
use crate::program::{Signalled, Stops};

pub(crate) async fn run(settings: Settings) -> Result<()> {
    settings.check()?;
    let (mut stops, hang_ups) = (Stops::listen()?, signal(SignalKind::hangup()).context("cannot listen for signals")?);
    let places = places(&settings)?;
    announce(&places).context("cannot write the addresses")?;
    let (stop, _) = watch::channel(false);
    let mut slots = Slots::start(&settings, places, &stop)?;

    tokio::select! {
        _ = stops.next() => {}
        ended = slots.tasks.join_next() => return failed(ended),
        () = slots.handles.attend(hang_ups) => {}
    }
    info!("stopping: all instances drain");
    stop.send_replace(true);
    tokio::select! {
        code = stops.next() => {
            warn!("told to stop a second time: killing what is left");
            // What is dropped on the way out is killed.
            Err(Signalled(code).into())
        }
        ended = slots.tasks.join_all() => ended.into_iter().collect(),
    }
}

fn places(settings: &Settings) -> Result<Vec<Place>> {
    let mut places = settings.addresses().iter().map(|&address| Place::at(address)).collect::<Result<Vec<_>>>()?;
    while places.len() < settings.instances() {
        let shared = places[0].share();
        places.push(shared);
    }
    Ok(places)
}

/// On the standard output, for whoever has asked for any port.
fn announce(places: &[Place]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (number, place) in (1..).zip(places) {
        writeln!(out, "instance {number} listens on {}", place.address())?;
    }
    out.flush()
}

struct Slots {
    tasks: JoinSet<Result<()>>,
    handles: Handles,
}

/// By which they are told things.
struct Handles {
    rolls: Vec<mpsc::Sender<Roll>>,
    ready: Vec<oneshot::Receiver<()>>,
}

impl Slots {
    fn start(settings: &Settings, places: Vec<Place>, stop: &watch::Sender<bool>) -> Result<Self> {
        let program = Program {
            // Of its file, which may be another version's by the next start.
            executable: std::env::current_exe().context("cannot find this program's file")?,
            arguments: settings.serve.clone(),
            workers: settings.workers(),
        };
        let (mut tasks, mut handles) = (JoinSet::new(), Handles { rolls: Vec::new(), ready: Vec::new() });
        for (number, place) in (1..).zip(places) {
            let (roll, rolls) = mpsc::channel(1);
            let (ready, is_ready) = oneshot::channel();
            handles.rolls.push(roll);
            handles.ready.push(is_ready);
            let slot = Slot {
                name: number.to_string(),
                place,
                program: program.clone(),
                ready_timeout: settings.ready_timeout,
                kill_after: settings.kill_after,
                rolls,
                stop: stop.subscribe(),
                ready: Some(ready),
                draining: JoinSet::new(),
            };
            tasks.spawn(slot.keep());
        }
        Ok(Self { tasks, handles })
    }
}

impl Handles {
    /// Says when all are up, and restarts them whenever it is told to.
    async fn attend(&mut self, mut hang_ups: Signal) {
        for ready in self.ready.drain(..) {
            if ready.await.is_err() {
                return;
            }
        }
        info!("all instances are ready");
        if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
            warn!(%error, "cannot tell the supervisor of this one");
        }
        while hang_ups.recv().await.is_some() {
            info!("rolling restart");
            match self.roll().await {
                Ok(()) => info!("rolling restart done"),
                Err(error) => error!("rolling restart given up: {error:#}"),
            }
        }
    }

    /// One after the other, so that all but one serve at any time. The first that fails is the last: its old one goes on.
    async fn roll(&self) -> Result<()> {
        for (number, slot) in (1..).zip(&self.rolls) {
            let (roll, done) = oneshot::channel();
            let _ = slot.send(roll).await;
            done.await
                .context("it was stopped")
                .and_then(|rolled| rolled)
                .with_context(|| format!("instance {number}"))?;
        }
        Ok(())
    }
}

/// A slot ends by itself only if it has failed.
fn failed(ended: Option<Result<Result<()>, tokio::task::JoinError>>) -> Result<()> {
    match ended {
        Some(Ok(outcome)) => outcome,
        Some(Err(error)) => Err(error.into()),
        None => Ok(()),
    }
}
