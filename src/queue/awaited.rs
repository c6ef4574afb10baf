//! What those wait for who watch the pool.

use crate::queue::epochs::Goal;
use crate::queue::idle::Since;
use crate::queue::sides::Sides;

/// What somebody waits for.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// Every worker has exited, and every job has resolved that another thread aborts or runs.
    End,
    /// Every job accepted before has been retired. `None`: not looked yet, or more epochs are open than can be told apart.
    Flush(Option<Goal>),
    /// An idle moment. `None`: not looked yet.
    Idle(Option<Since>),
}

impl Awaited {
    /// Whether it has come about.
    pub(crate) fn has_come(&mut self, mut sides: Sides<'_>) -> bool {
        match self {
            Self::End => sides.back().has_ended() && !sides.has_queued(),
            Self::Flush(goal) => {
                *goal = goal.or_else(|| sides.close_epoch());
                goal.is_some_and(|goal| sides.back().has_reached(goal))
            }
            Self::Idle(Some(since)) => sides.back().idle().has_come_since(*since),
            Self::Idle(since) => {
                let is_idle = sides.is_idle();
                if !is_idle {
                    sides.close_epoch();
                    *since = Some(sides.back().idle().wait());
                }
                is_idle
            }
        }
    }

    /// For who waits no longer.
    pub(crate) fn give_up(self, mut sides: Sides<'_>) {
        if let Self::Idle(Some(since)) = self {
            sides.back().idle().give_up(since);
        }
    }
}
