//! Which call a step means, and which moment.

use super::{Held, Plain};
use crate::reference::program::{Id, Pick, Side, Step};

impl Plain {
    /// What a step means now, if it can be done.
    pub fn resolve(&self, step: Step<Pick>) -> Option<Step<Id>> {
        Some(match step {
            Step::Acquire(tag) => Step::Acquire(tag),
            Step::CallAsync(tag) => Step::CallAsync(tag),
            Step::Poll(pick) => {
                Step::Poll(self.choose(pick, |held| matches!(held, Held::NewFuture | Held::Future(_)))?)
            }
            Step::Start(pick) => Step::Start(self.choose(pick, |held| matches!(held, Held::Permit(_)))?),
            Step::Pause(pick) => Step::Pause(self.choose(pick, |held| matches!(held, Held::Permit(_)))?),
            Step::End(pick, end) => Step::End(self.choose(pick, |held| !matches!(held, Held::Gone))?, end),
            Step::Call(end, takes) => Step::Call(end, takes),
            Step::Burst(calls, end) => Step::Burst(calls, end),
            Step::Advance(by) => Step::Advance(by),
            Step::AdvanceTo(edge, side) => {
                let edge = self.next(edge)?;
                let moment = match side {
                    Side::Before => edge.saturating_sub(1),
                    Side::At => edge,
                    Side::Past => edge + 1,
                };
                Step::Advance(moment.checked_sub(self.now).filter(|by| *by > 0)?)
            }
            Step::Command(command) => Step::Command(command),
            Step::Subscribe => Step::Subscribe,
            Step::Unsubscribe(age) if !self.listeners.is_empty() => Step::Unsubscribe(age),
            Step::Unsubscribe(_) => return None,
        })
    }

    fn choose(&self, pick: Pick, can_be: impl Fn(Held) -> bool) -> Option<Id> {
        let held = self.held.iter().enumerate().filter(|(_, (held, _))| can_be(*held));
        held.min_by_key(|(_, (_, tag))| tag.wrapping_sub(pick)).map(|(id, _)| id)
    }
}
