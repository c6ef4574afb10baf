//! What those wait for who watch the pool.

use std::ops::DerefMut;

use crate::queue::back::Back;
use crate::queue::epochs::Goal;
use crate::queue::front::Front;
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
    /// Whether it has come about. Locks the front only where it must.
    pub(crate) fn has_come<F: DerefMut<Target = Front>>(&mut self, back: &mut Back, front: impl FnOnce() -> F) -> bool {
        match self {
            Self::End => back.has_ended() && !Sides::new(back, &mut front()).has_queued(),
            Self::Flush(Some(goal)) => back.has_reached(*goal),
            Self::Flush(goal) => {
                *goal = Sides::new(back, &mut front()).close_epoch();
                goal.is_some_and(|goal| back.has_reached(goal))
            }
            Self::Idle(Some(since)) => back.idle().has_come_since(*since),
            Self::Idle(since) => {
                let mut front = front();
                let mut sides = Sides::new(back, &mut front);
                let is_idle = sides.is_idle();
                if !is_idle {
                    sides.close_epoch();
                    *since = Some(back.idle().wait());
                }
                is_idle
            }
        }
    }

    /// For who waits no longer.
    pub(crate) fn give_up(self, back: &mut Back) {
        if let Self::Idle(Some(since)) = self {
            back.idle().give_up(since);
        }
    }
}
