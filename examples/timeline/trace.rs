//! The same run as a trace for Perfetto: spans that each thread records for itself, and a counter.

use anyhow::{Context, Result};
use corepool::Pool;
use perfetto_recorder::{CounterTrack, CounterUnit, SpanGuard, ThreadTraceData, TraceBuilder, start_span, time};

use super::record::Kind;

pub struct Trace {
    builder: TraceBuilder,
    queued: Queued,
}

/// The counter of the jobs in the queue.
#[derive(Clone, Copy)]
pub struct Queued(CounterTrack);

impl Queued {
    pub fn note(self, pool: &Pool) {
        let Queued(mut track) = self;
        track.record_i64(time(), pool.stats().queued.try_into().unwrap_or(i64::MAX));
    }
}

impl Trace {
    pub fn begin() -> Result<Trace> {
        perfetto_recorder::start().context("cannot record a trace")?;
        let mut builder = TraceBuilder::new().context("cannot record a trace")?;
        let queued = Queued(builder.create_counter_track("jobs in the queue", CounterUnit::Count, 1, false));
        Ok(Trace { builder, queued })
    }

    pub fn queued(&self) -> Queued {
        self.queued
    }

    /// The trace, encoded, of this thread and the workers.
    pub fn end(mut self, pool: &Pool) -> Result<Vec<u8>> {
        // What a thread has recorded only it can hand over.
        let threads = pool.broadcast(|_worker| ThreadTraceData::take_current_thread())?;
        self.builder.process_thread_data(&ThreadTraceData::take_current_thread());
        for thread in threads {
            self.builder.process_thread_data(&thread?);
        }
        Ok(self.builder.encode_to_vec())
    }
}

/// On the track of the thread that submits: long if there is no room.
pub fn submit_span(job: &str) -> SpanGuard {
    start_span!("submit", job = job)
}

/// On the track of the worker.
pub fn span(kind: Kind, job: &str) -> SpanGuard {
    // The names of spans are constants, so that recording one costs next to nothing.
    match kind {
        Kind::Folder => start_span!("hash a folder", job = job),
        Kind::Slow => start_span!("hash everything", job = job),
        Kind::Split => start_span!("split and join", job = job),
        Kind::Part => start_span!("hash a part", job = job),
        Kind::Endless => start_span!("endless (cancelled)", job = job),
        Kind::Unwanted => start_span!("unwanted", job = job),
    }
}
