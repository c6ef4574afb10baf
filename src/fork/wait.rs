//! Waiting for a half that another thread runs.
//!
//! Who waits helps: it steals from the thread that runs the half or, where that waits in turn, from the one that runs what it waits
//! for; never anything that does not belong to that very half. So it delays nobody: what it waits for cannot be done before what it
//! runs is. (Leapfrogging: D. B. Wagner and B. G. Calder, Leapfrogging: a portable technique for implementing efficient futures, PPoPP
//! 1993.)

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::park::with_parker;
use crate::base::spin::Glances;
use crate::fork::site::{self, Depth};
use crate::steal::lane::Lane;
use crate::steal::lanes::lane_of_part;
use crate::steal::loot::Loot;
use crate::worker::shared::Shared;

/// Returns once all of it is done.
#[cold]
pub(super) fn wait_for(pool: &Shared, loot: &Arc<Loot>) {
    let Some(own) = site::with_lane(Arc::clone) else { unreachable!("a thread that is in a join has its lane") };
    with_parker(|parker, waker| {
        loot.wait_with(waker.clone());
        let mut rest = FIRST_REST;
        while !loot.is_done() {
            own.wait_for(Some(Arc::clone(loot)));
            let part = look(loot, &own).and_then(|lane| pool.lanes.steal(&lane, 1, &own));
            own.wait_for(None);
            match part {
                Some((part, _)) => {
                    let _depth = Depth::outermost();
                    part.run();
                    rest = FIRST_REST;
                }
                None if loot.is_done() => {}
                None => {
                    parker.park_until(Some(Instant::now() + rest));
                    rest = LONGEST_REST.min(2 * rest);
                }
            }
        }
    });
}

const FIRST_REST: Duration = Duration::from_micros(20);
const LONGEST_REST: Duration = Duration::from_millis(1);
/// Shorter than those of workers in search, as who waits has nothing else to look for.
const GLANCES: Glances = Glances { spins: 10, spinning: 40 };
/// Looks before a rest.
const LOOKS: u32 = if cfg!(corepool_loom) { 1 } else { 60 };

/// A lane with a part of it that is worth stealing, as in [`crate::steal::lanes`].
fn look(loot: &Loot, own: &Arc<Lane>) -> Option<Arc<Lane>> {
    let mut last = None;
    for look in 0..LOOKS {
        let now = lane_of_part(loot, own).map(|lane| (lane.pulse(), lane));
        match (&last, now) {
            (_, Some((_, lane))) if cfg!(corepool_loom) => return Some(lane),
            (Some((pulse, last)), Some((now, lane))) if *pulse == now && Arc::ptr_eq(last, &lane) => return Some(lane),
            (_, now) => last = now,
        }
        if GLANCES.pause(look, || loot.is_done()) {
            break;
        }
    }
    None
}
