//! Joins in a crowd: the leaves do what jobs do, on whatever thread.

use std::sync::Arc;

use corepool::{Interrupted, checkpoint};

use super::{Actor, Record, Scene};
use crate::crowd::Task;
use crate::fork::{Shape, join_all, pause};

/// Does all the tasks in a recursion of joins, and tells whether it has panicked. What the tasks hear at checkpoints goes to
/// `hear`; `name` is that of who joins, which may be a `job`.
pub(super) fn fork(
    scene: &Arc<Scene>,
    name: &str,
    job: Option<&Arc<Record>>,
    shape: Shape,
    leaves: &[Task],
    hear: &(dyn Fn(Option<Interrupted>) + Sync),
) -> bool {
    let first_panic = leaves.iter().position(Task::panics);
    let joined = join_all(&scene.pool, shape, leaves, first_panic, |place, leaf| match leaf {
        Task::Panic => None,
        Task::Return => Some(()),
        // Without a job there is nothing that could be dropped unrun.
        Task::Fragile => {
            pause();
            Some(())
        }
        Task::Spin => {
            hear(spin());
            Some(())
        }
        Task::Moves(moves) => {
            Actor::new(scene, format!("{name}.{place}."), job.cloned()).act(moves.clone());
            Some(())
        }
        Task::Fork(..) => unreachable!("a fork is no leaf"),
    });
    let is_right = joined.as_ref().is_ok_and(|joined| joined.as_ref().err() == first_panic.as_ref());
    scene.expect(is_right, || format!("a fork of {name} gives {joined:?}, the first panic should be {first_panic:?}"));
    first_panic.is_some()
}

/// Looks at checkpoints until it is to stop, but not for ever.
pub(super) fn spin() -> Option<Interrupted> {
    (0..3_000).find_map(|_| checkpoint().err())
}
