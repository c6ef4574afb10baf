//! What there is to see of the machine. None of it changes anything.

use std::time::Duration;

use super::Machine;
use crate::breaker::phase::{Phase, Wait};
use crate::breaker::policy::Expired;
use crate::breaker::state::State;
use crate::breaker::tally::Tally;

impl Machine {
    pub(in crate::breaker) fn state(&self) -> State {
        self.phase.state()
    }

    /// The state that `lapse` would leave.
    pub(in crate::breaker) fn state_at(&self, now: Duration) -> State {
        match self.rules.expired {
            _ if !self.is_overdue(now) => self.state(),
            Expired::Reopen => State::Open,
            Expired::Close => State::Closed,
            Expired::Reprobe => State::HalfOpen,
        }
    }

    pub(in crate::breaker) fn generation(&self) -> u64 {
        self.generation
    }

    pub(in crate::breaker) fn attempt(&self) -> u32 {
        self.attempt
    }

    pub(in crate::breaker) fn consecutive_failures(&self) -> u32 {
        self.consecutive_failures
    }

    pub(in crate::breaker) fn rejected(&self) -> u64 {
        self.rejected
    }

    pub(in crate::breaker) fn late_results(&self) -> u64 {
        self.late_results
    }

    /// The calls that the state is judged by, or was entered for, as the rules count them; and how many make a rate.
    pub(in crate::breaker) fn tally(&self, now: Duration) -> Option<(Tally, u32)> {
        let rate = self.rules.rates.first()?;
        Some(match &self.phase {
            Phase::HalfOpen(trial) => (trial.judged(&self.rules), self.rules.probes_needed()),
            Phase::Open(Wait { probes: Some(probes), .. }) => (*probes, self.rules.probes_needed()),
            _ => {
                let tally = self.meter.first(now)?.judged(self.rules.abandoned_share());
                (tally, rate.needed_in(&tally))
            }
        })
    }

    /// A success of this generation would change nothing.
    pub(in crate::breaker) fn is_at_ease(&self) -> bool {
        matches!(self.phase, Phase::Closed) && self.consecutive_failures == 0 && self.rules.forget_successes()
    }

    /// Where the windows are timeless: whether the next success can only be counted, or is late. It moves a closed breaker
    /// only where it makes a window's calls enough for a rate.
    pub(in crate::breaker) fn needs_no_time_for_success(&self) -> bool {
        match self.phase {
            Phase::Closed => !self.meter.next_call_makes_a_rate(),
            Phase::HalfOpen(_) => false,
            _ => true,
        }
    }

    /// How long an open breaker stays so.
    pub(in crate::breaker) fn wait_left(&self, now: Duration) -> Option<Duration> {
        match &self.phase {
            Phase::Open(wait) => wait.left(now),
            _ => None,
        }
    }
}
