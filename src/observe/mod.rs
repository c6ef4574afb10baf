//! What is seen of a pool while it runs: which jobs run and for how long, and how long those took that have ended.
//!
//! In go the starts and ends of jobs, told by whoever runs them to the pool's [`Board`](board::Board), where it has one: it
//! costs a job two locks that nobody else wants, and three readings of the clock. Out come plain values for the user. Knows
//! jobs, but neither queue nor threads.

pub(crate) mod times; // a histogram of durations
pub(crate) mod label; // which job it is, in words
pub(crate) mod running; // what runs and what is queued, for the user
pub(crate) mod timings; // how long jobs took, for the user
mod names; // the names that are told apart
mod cpu; // how much of a job's time its thread had a CPU
mod tally; // durations, counted by one thread and read by others
mod ledger; // how long the jobs of one desk took
mod busy; // how long a worker has been running jobs
pub(crate) mod desk; // one worker's part of the board
pub(crate) mod board; // the whole
pub(crate) mod slow; // jobs that run for too long
