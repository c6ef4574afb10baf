//! One run: requests at a steady pace through breaker and pool, while the server follows its script.

use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use corepool::breaker::{CircuitBreaker, Event, Permit};
use corepool::{CancelToken, Pool, Shutdown};
use indicatif::ProgressBar;

use crate::server::{Mood, Server, ask};

pub const SCRIPT: [Mood; 5] = [Mood::Up, Mood::Down, Mood::Hanging, Mood::Up, Mood::Up];

/// When the server has recovered, in phases.
const RECOVERY: u32 = 3;

/// How often a sleeping pacer looks whether it was interrupted.
const BLINK: Duration = Duration::from_millis(50);

pub enum Guard {
    Breaker(CircuitBreaker),
    None,
}

impl Guard {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Breaker(_) => "behind a breaker",
            Self::None => "without one",
        }
    }
}

pub struct Traffic {
    pub pool: Pool,
    pub guard: Guard,
    pub server: Server,
    pub phase: Duration,
    /// From one request to the next.
    pub pace: Duration,
    pub timeout: Duration,
}

/// What became of a request.
pub enum Fate {
    /// `after`: from when it came to its answer.
    Answered { after: Duration, at: Duration },
    /// `spent`: what the worker waited for nothing.
    Failed { spent: Duration },
    /// `after`: how long that took.
    Rejected { after: Duration },
    /// The queue was full.
    Dropped,
}

/// What happened in a run. Times are from its begin.
pub struct Run {
    pub fates: Vec<Fate>,
    /// `None` if it was interrupted before.
    pub recovery: Option<Duration>,
}

impl Traffic {
    /// Writes the timeline as it comes.
    pub fn run(self, stop: &CancelToken, bar: &ProgressBar, out: &mut impl Write) -> Result<Run> {
        let begin = Instant::now();
        let (note, notes) = channel();
        let _subscription = match &self.guard {
            Guard::Breaker(breaker) => Some(breaker.subscribe({
                let note = note.clone();
                move |event| {
                    if let Event::StateChanged { from, to, .. } = event {
                        // The last ones may come when nobody reads any more.
                        let _ = note.send((begin.elapsed(), format!("breaker  {from} -> {to}")));
                    }
                }
            })),
            Guard::None => None,
        };
        let mut timeline = Timeline { notes, bar, out };
        let (tell, fates) = channel();
        let (mut next, mut recovery) = (begin, None);
        'script: for (number, mood) in (0..).zip(SCRIPT) {
            if number == RECOVERY {
                recovery = Some(begin.elapsed());
            }
            if number == 0 || mood != SCRIPT[number as usize - 1] {
                self.server.become_(mood);
                note.send((begin.elapsed(), format!("server   {}", mood.in_words())))?;
            }
            let end = begin + self.phase * (number + 1);
            while next < end {
                timeline.write()?;
                if !sleep_until(next, stop) {
                    break 'script;
                }
                self.request(begin, &tell);
                next += self.pace;
            }
            if !sleep_until(end, stop) {
                break;
            }
            bar.inc(self.phase.as_millis() as u64);
        }
        self.pool.shutdown(Shutdown::Drain, None)?;
        timeline.write()?;
        drop(tell);
        Ok(Run { fates: fates.into_iter().collect(), recovery })
    }

    /// One request: through the breaker, to a worker. Its fate comes by the channel.
    fn request(&self, begin: Instant, tell: &Sender<Fate>) {
        let came = Instant::now();
        let permit = match &self.guard {
            Guard::None => None,
            Guard::Breaker(breaker) => match breaker.try_acquire() {
                Ok(permit) => Some(permit),
                Err(_) => {
                    tell.send(Fate::Rejected { after: came.elapsed() }).expect("this run listens");
                    return;
                }
            },
        };
        let (address, timeout) = (self.server.address(), self.timeout);
        let job = {
            let tell = tell.clone();
            move || {
                let started = Instant::now();
                let answer = through(permit, || ask(address, timeout));
                let fate = match answer {
                    Ok(()) => Fate::Answered { after: came.elapsed(), at: begin.elapsed() },
                    Err(_) => Fate::Failed { spent: started.elapsed() },
                };
                tell.send(fate).expect("this run listens");
            }
        };
        match self.pool.try_submit(job) {
            Ok(handle) => handle.detach(),
            // The permit is dropped with the job: as if it had not been asked for.
            Err(_) => tell.send(Fate::Dropped).expect("this run listens"),
        }
    }
}

/// False if it was interrupted.
fn sleep_until(time: Instant, stop: &CancelToken) -> bool {
    loop {
        let left = time.saturating_duration_since(Instant::now());
        if left.is_zero() || stop.is_cancelled() {
            return !stop.is_cancelled();
        }
        thread::sleep(left.min(BLINK));
    }
}

fn through<T, E>(permit: Option<Permit>, call: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    match permit {
        Some(permit) => permit.run(call),
        None => call(),
    }
}

/// What changed, with its time.
struct Timeline<'a, W> {
    notes: Receiver<(Duration, String)>,
    bar: &'a ProgressBar,
    out: &'a mut W,
}

impl<W: Write> Timeline<'_, W> {
    fn write(&mut self) -> Result<()> {
        for (at, what) in self.notes.try_iter() {
            self.bar.suspend(|| writeln!(self.out, "{:>8.3} s  {what}", at.as_secs_f64()))?;
        }
        Ok(self.out.flush()?)
    }
}
