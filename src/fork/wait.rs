//! Waiting for a half that another thread runs.
//!
//! Who waits helps: it steals from the thread that runs the half or, where that has none exposed, from one that runs a part of it;
//! never anything that does not belong to that very half. So it delays nobody: what it waits for cannot be done before what it
//! runs is. Where the half is one of a [`Group`], it also helps with others of that: then it delays what comes after its half, but
//! that is no code that anybody could wait for, and all of the group has to be done before. (After leapfrogging: D. B. Wagner and
//! B. G. Calder, Leapfrogging: a portable technique for implementing efficient futures, PPoPP 1993.)

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::park::with_parker;
use crate::base::spin::Glances;
use crate::fork::site::{self, Depth};
use crate::steal::lane::{Group, Lane, Pulse};
use crate::steal::lanes::Part;
use crate::steal::loot::Share;
use crate::worker::seat;
use crate::worker::shared::Shared;

/// Returns once the half is done, which is running.
#[cold]
pub(super) fn wait_for(pool: &Shared, half: &Share, group: Group) {
    let Some(own) = site::with_lane(Arc::clone) else { unreachable!("a thread that is in a join has its lane") };
    with_parker(|parker, waker| {
        // Parts may go as deep as the pool's stacks let them.
        let may_help = seat::has_stack_for(pool);
        let mut rest = FIRST_REST;
        while !half.is_done() {
            half.wait_with(waker.clone());
            own.wait_for(Some(half.clone()));
            if may_help && (help_with_part(pool, half, &own) || help_with_another(pool, half, group, &own)) {
                rest = FIRST_REST;
            } else if !half.is_done() {
                parker.park_until(Some(Instant::now() + rest));
                rest = LONGEST_REST.min(2 * rest);
            }
        }
        own.wait_for(None);
    });
}

/// Whether there was a part to run.
fn help_with_part(pool: &Shared, half: &Share, own: &Arc<Lane>) -> bool {
    look(half, own).is_some_and(|part| help(own, || pool.lanes.run_part(&part, own)))
}

/// Whether there was another one to run.
fn help_with_another(pool: &Shared, half: &Share, group: Group, own: &Arc<Lane>) -> bool {
    group != Group::NONE && !half.is_done() && help(own, || pool.lanes.run_one_of(group, own))
}

/// Meanwhile this thread waits for nothing, to those who wait for what it runs.
fn help(own: &Arc<Lane>, run: impl FnOnce() -> bool) -> bool {
    own.wait_for(None);
    let _depth = Depth::outermost();
    run()
}

const FIRST_REST: Duration = Duration::from_micros(20);
const LONGEST_REST: Duration = Duration::from_millis(1);
/// Shorter than those of workers in search, as who waits has nothing else to look for.
const GLANCES: Glances = Glances { spins: 10, spinning: 40 };
/// Looks before a rest.
const LOOKS: u32 = if cfg!(corepool_loom) { 1 } else { 60 };

/// A part of the half that is worth stealing, as in [`crate::steal::lanes`].
fn look(half: &Share, own: &Arc<Lane>) -> Option<Part> {
    let mut last: Option<(Pulse, Part)> = None;
    for look in 0..LOOKS {
        let now = Part::of(half, own).map(|part| (part.pulse(), part));
        match (&last, now) {
            (_, Some((_, part))) if cfg!(corepool_loom) => return Some(part),
            (Some((pulse, last)), Some((now, part))) if *pulse == now && last.is_at(&part) => return Some(part),
            (_, now) => last = now,
        }
        if GLANCES.pause(look, || half.is_done()) {
            break;
        }
    }
    None
}
