//! Doing the same with each of many items, cut in two when somebody asks.
//!
//! ```text
//!   [block][  block  ][      block      ][   left half of the rest   |   right half   ]
//!   ----- looks between two blocks whether somebody asks -----------> then joins the halves, each of which goes on like this
//! ```
//!
//! 1. A thread does a *block* of items at a time: each twice as long as the one before, and never more than a part of what is left.
//!    So it looks often where items may be large and where the end is near, and there are few blocks of many small items.
//! 2. Between two blocks it looks whether anybody has asked for halves ([`crate::steal::limit`]). If so, what is left becomes a
//!    join of two halves. So what a thread has begun can still be shared, however large the items turn out to be, and no
//!    size has to be chosen beforehand.
//! 3. A few items may well be large, and who is in the middle of one does not look. So these are cut without being asked for: at the
//!    end of each half there are as many.
//! 4. To wake a worker takes longer than many a call. So who calls with more than a few items asks the clock first, until the call
//!    has taken as long as that, and what is left will, too, if it goes on as in the last block.
//! 5. A thread that waits for a half helps with any other of the same call: no code of the user's is going on there but its items',
//!    which are done one after the other. So nobody is idle while a few large items are left, wherever they are.
//! 6. Before each block it looks whether there is any use in it: not after a panic, or an error, in whatever part.
//!
//! Halves get shorter by half, so the recursion is no deeper than the binary logarithm of the number of items.

use std::mem;
use std::sync::Arc;

use crate::base::sync::{AtomicBool, Ordering};
use crate::base::tick::Tick;
use crate::fork::each::Each;
use crate::fork::items::Items;
use crate::fork::join::join;
use crate::fork::made::{Made, collect};
use crate::fork::site::{exposes_enough, is_asked};
use crate::steal::lane::Group;
use crate::worker::shared::Shared;

/// In nanoseconds: about what it takes to wake a worker until it has its half. So a call takes no more than twice what it would take
/// with or without one.
const WORTH_A_CALL: u64 = 10_000;
/// A block is what others may have to wait for when the items run out, so it is to be small beside what a thread has done.
const BLOCKS_A_WORKER: usize = 8;

/// Gives the value for each item, in their order. `None` where `each` stops before.
pub(crate) fn map<I, E>(pool: &Arc<Shared>, items: I, each: &E) -> Option<Vec<E::Value>>
where
    I: Items,
    E: Each<I::Item>,
{
    let few = BLOCKS_A_WORKER * pool.workers.max(1);
    let fill = Fill { pool, each, few, has_panicked: AtomicBool::new(false) };
    let call = if items.len() > fill.few { Call::begun_now() } else { Call::Cut };
    collect(items.len(), |made| fill.run(items, made, call))
}

/// Where the call has got to.
#[derive(Clone, Copy)]
enum Call {
    /// It has begun, then, and nobody else knows of it; the last block of items has, then.
    Begun { at: Tick, block: Tick },
    /// Its items have been cut in two, or are to be.
    Cut,
}

impl Call {
    fn begun_now() -> Self {
        let now = Tick::now();
        Self::Begun { at: now, block: now }
    }
}

struct Fill<'a, E> {
    pool: &'a Arc<Shared>,
    each: &'a E,
    /// So many items are few. No block is longer than one of so many equal parts of what is left.
    few: usize,
    /// Whether an item has, so that no other need be done.
    has_panicked: AtomicBool,
}

impl<E> Fill<'_, E> {
    fn run<I>(&self, items: I, made: &mut Made<'_, E::Value>, call: Call) -> Option<()>
    where
        I: Items,
        E: Each<I::Item>,
    {
        if items.len() == 0 {
            return Some(());
        }
        let guard = NotePanic(&self.has_panicked);
        let done = self.run_blocks(items, made, call);
        mem::forget(guard);
        done
    }

    fn run_blocks<I>(&self, items: I, made: &mut Made<'_, E::Value>, mut call: Call) -> Option<()>
    where
        I: Items,
        E: Each<I::Item>,
    {
        let mut state = self.each.take_state();
        let (mut rest, mut longest, mut length) = (items, 1, 1);
        while rest.len() > 0 {
            // ORDERING: Relaxed: who sees it late does some more.
            if self.has_panicked.load(Ordering::Relaxed) || self.each.is_over() {
                return None;
            }
            if rest.len() > 1 && self.is_to_share(rest.len(), length, &mut call) {
                self.each.put_back(state);
                return self.run_halves(rest, made);
            }
            length = longest.min(rest.len() / self.few).max(1);
            let (block, others) = rest.cut(length);
            made.extend(block.each().map(|item| self.each.call(&mut state, item)))?;
            (rest, longest) = (others, length.saturating_mul(2));
        }
        self.each.put_back(state);
        Some(())
    }

    fn run_halves<I>(&self, items: I, made: &mut Made<'_, E::Value>) -> Option<()>
    where
        I: Items,
        E: Each<I::Item>,
    {
        let middle = items.len() / 2;
        let (left, right) = items.cut(middle);
        made.complete(middle, |left_made, right_made| {
            let left = || self.run(left, left_made, Call::Cut);
            let right = || self.run(right, right_made, Call::Cut);
            let (left, right) = join(self.pool, Group::of(self), left, right);
            left.and(right)
        })
    }

    /// After a block of so many items.
    fn is_to_share(&self, left: usize, block_length: usize, call: &mut Call) -> bool {
        match call {
            Call::Cut if left > self.few => is_asked(self.pool.id),
            Call::Cut => !exposes_enough(self.pool.id),
            Call::Begun { at, block } => {
                let now = Tick::now();
                let block = mem::replace(block, now);
                let has_lasted = now.since(*at) >= WORTH_A_CALL;
                let left = || now.since(block).saturating_mul((left / block_length) as u64);
                has_lasted && left() >= WORTH_A_CALL && !exposes_enough(self.pool.id)
            }
        }
    }
}

/// Notes, if it is dropped, that an item has panicked.
struct NotePanic<'a>(&'a AtomicBool);

impl Drop for NotePanic<'_> {
    fn drop(&mut self) {
        // ORDERING: Relaxed, see where it is read.
        self.0.store(true, Ordering::Relaxed);
    }
}
