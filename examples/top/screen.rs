//! The terminal: draws twice a second, listens to keys meanwhile, and leaves everything as it was.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use corepool::CancelToken;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};

use super::draw::draw;
use super::load::Load;
use super::reading::{INTERVAL, Reader};
use super::view::{Status, View};

/// How long a signal may go unnoticed.
const PATIENCE: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quit {
    Done,
    Interrupted,
}

/// Leaves the alternate screen on every way out, a panic included.
struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        // It fails if the terminal is gone, and then nobody misses it.
        let _ = ratatui::try_restore();
    }
}

pub fn show(mut reader: Reader, load: &Load, token: &CancelToken, length: Option<Duration>) -> Result<Quit> {
    // Before it begins: it may fail half-way.
    let _restore = Restore;
    let terminal = ratatui::try_init().context("cannot draw")?;
    let mut screen = Screen { terminal, events: listen()?, note: String::new() };
    let end = length.and_then(|length| Instant::now().checked_add(length));
    let mut next = Instant::now();
    loop {
        let view = reader.read();
        next = Instant::now().max(next + INTERVAL);
        let until = end.map_or(next, |end| end.min(next));
        if let Some(quit) = screen.show_until(until, &view, load, token)? {
            return Ok(quit);
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            return Ok(Quit::Done);
        }
    }
}

/// On a thread of its own: once the terminal is gone, to read from it or to poll it does not return, and keeps a core busy.
fn listen() -> Result<Receiver<io::Result<Event>>> {
    let (tell, events) = mpsc::channel();
    let listen = move || while tell.send(event::read()).is_ok() {};
    thread::Builder::new().name("keys".to_owned()).spawn(listen).context("cannot listen to keys")?;
    Ok(events)
}

struct Screen {
    terminal: DefaultTerminal,
    events: Receiver<io::Result<Event>>,
    /// What the last key did.
    note: String,
}

impl Screen {
    fn show_until(&mut self, until: Instant, view: &View, load: &Load, token: &CancelToken) -> Result<Option<Quit>> {
        self.draw(view, load)?;
        loop {
            if token.is_cancelled() {
                return Ok(Some(Quit::Interrupted));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let event = match self.events.recv_timeout(left.min(PATIENCE)) {
                Ok(event) => event.context("cannot listen to keys")?,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => bail!("cannot listen to keys"),
            };
            match event {
                Event::Key(key) if key.is_press() => {
                    if let Some(quit) = self.obey(key, load) {
                        return Ok(Some(quit));
                    }
                    self.draw(view, load)?;
                }
                Event::Resize(..) => self.draw(view, load)?,
                _ => {}
            }
        }
    }

    fn obey(&mut self, key: KeyEvent, load: &Load) -> Option<Quit> {
        match key.code {
            // The terminal sends it as a key, not as a signal.
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Some(Quit::Interrupted),
            KeyCode::Char('q') | KeyCode::Esc => return Some(Quit::Done),
            KeyCode::Char('c') => self.note = load.cancel_oldest(),
            KeyCode::Char('p') => {
                load.pause_or_go_on();
                self.note.clear();
            }
            _ => {}
        }
        None
    }

    fn draw(&mut self, view: &View, load: &Load) -> Result<()> {
        let status = Status { is_paused: load.is_paused(), note: self.note.clone() };
        self.terminal.draw(|frame| draw(frame, view, &status)).context("cannot draw")?;
        Ok(())
    }
}
