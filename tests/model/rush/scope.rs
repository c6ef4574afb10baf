//! Scopes in a crowd: nothing is left of their jobs when they end, whoever has ended those.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use corepool::{Cancel, Scope, ScopedJobHandle};

use super::{Actor, Place, Record, Scene, job};
use crate::cast::{Count, Outcome};
use crate::crowd::{Keep, Task};

/// A job of a scope, and what is to become of its handle.
struct Job<'a> {
    task: &'a Task,
    keep: Keep,
    record: Arc<Record>,
    /// Of the job that spawns it, if one does.
    spawner: Option<Arc<Record>>,
}

impl Actor {
    pub(super) fn scope(&self, jobs: &[(Task, Keep)]) {
        let jobs: Vec<_> = jobs.iter().enumerate().map(|(place, (task, keep))| self.open(place, task, *keep)).collect();
        let (scene, ran) = (&self.scene, Count::default());
        let scoped = catch_unwind(AssertUnwindSafe(|| scene.pool.scope(|scope| spawn_all(scene, scope, &jobs, &ran))));
        let panicked = scoped.is_err();
        let is_payload = scoped.err().is_none_or(|payload| payload.is::<Outcome>());
        scene.expect(is_payload, || format!("a scope of {} panics with what no job did", self.list));
        let mut expected = (false, 0);
        for job in &jobs {
            let Job { keep, record, .. } = job;
            let [runs, closures_gone, outcomes, outcomes_gone] = record.life.read();
            let is_gone = closures_gone == 1 && outcomes == outcomes_gone;
            scene.expect(is_gone, || format!("{} outlives its scope: {:?}", record.name, record.life));
            let is_heard = matches!(keep, Keep::Join | Keep::Cancel);
            expected = (expected.0 || (record.has_run() && record.panics && !is_heard), expected.1 + runs);
        }
        let found = (panicked, ran.get());
        scene.expect(found == expected, || {
            format!("a scope of {} panics, and so many of its jobs ran: {found:?}, not {expected:?}", self.list)
        });
    }

    fn open<'a>(&self, place: usize, task: &'a Task, keep: Keep) -> Job<'a> {
        let name = |what: &str| format!("{}{what}{place}", self.list);
        let is_nested = keep == Keep::Nest;
        let spawner = is_nested.then(|| Arc::new(Record::new(name("spawner"), &self.list, self.place, false)));
        let place = if is_nested { Place::InAJob } else { self.place };
        let record = Record::new(name("scoped"), &self.list, place, task.panics());
        let record = Arc::new(Record { caller: self.record.clone(), ..record });
        Job { task, keep, record, spawner }
    }
}

fn spawn_all<'scope>(
    scene: &'scope Arc<Scene>,
    scope: &'scope Scope<'scope, '_>,
    jobs: &'scope [Job<'_>],
    ran: &'scope Count,
) {
    let mut kept = Vec::new();
    for Job { task, keep, record, spawner } in jobs {
        let run = job(scene, record, Task::clone(task));
        let counted = move || {
            ran.add();
            run()
        };
        let spawn = move || {
            scene.write_down(record);
            scope.spawn(counted)
        };
        match (keep, spawner) {
            (Keep::Drop, _) => drop(spawn()),
            (Keep::Nest, Some(spawner)) => {
                scene.write_down(spawner);
                let run = job(scene, spawner, Task::Return);
                let nest = move || {
                    drop(spawn());
                    run()
                };
                drop(scope.spawn(nest));
            }
            _ => kept.push((record, *keep, spawn())),
        }
    }
    kept.into_iter().for_each(|(record, keep, handle)| see_to(scene, record, keep, handle));
}

fn see_to(scene: &Scene, record: &Record, keep: Keep, handle: ScopedJobHandle<'_, Outcome>) {
    if keep == Keep::Late {
        return;
    }
    if keep == Keep::Cancel {
        record.seen().was_cancelled = true;
        record.seen().was_dequeued = handle.cancel() == Cancel::Dequeued;
    }
    scene.hear(record, &handle.join());
}
