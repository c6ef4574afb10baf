//! A subscriber that panics while a job is spawned in a scope: the scope ends, whatever becomes of the spawn.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use corepool::{Pool, Shutdown};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber, info_span};
use tracing_core::span::Current;

use crate::common::{Live, with_workers, within_a_minute};

/// Where it panics.
#[derive(Default)]
struct Dislikes {
    clones: AtomicBool,
    closing: AtomicBool,
}

/// Has one span, and panics where a handle of that is cloned or let go of.
#[derive(Default)]
struct Grumpy {
    span: OnceLock<&'static Metadata<'static>>,
    dislikes: Arc<Dislikes>,
}

impl Subscriber for Grumpy {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        self.span.get_or_init(|| attributes.metadata());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn clone_span(&self, id: &Id) -> Id {
        if self.dislikes.clones.load(Ordering::SeqCst) {
            resume_unwind(Box::new("clone"));
        }
        id.clone()
    }

    fn try_close(&self, _: Id) -> bool {
        if self.dislikes.closing.swap(false, Ordering::SeqCst) {
            resume_unwind(Box::new("close"));
        }
        false
    }

    fn current_span(&self) -> Current {
        self.span.get().map_or_else(Current::none, |metadata| Current::new(Id::from_u64(1), metadata))
    }
}

/// Spawns a job in the span of a subscriber that panics then, `at` one thing or the other. Tells whether the spawn panicked, and
/// what was left of the job's closure.
fn spawn_before_grumpy(pool: &Pool, at: fn(&Dislikes) -> &AtomicBool) -> (bool, usize) {
    let grumpy = Grumpy::default();
    let dislikes = Arc::clone(&grumpy.dislikes);
    let at = at(&dislikes);
    with_default(grumpy, || {
        let _entered = info_span!("scene").entered();
        let live = AtomicUsize::new(0);
        let spawned = pool.scope(|scope| {
            let alive = Live::new(&live);
            at.store(true, Ordering::SeqCst);
            let spawned = catch_unwind(AssertUnwindSafe(|| drop(scope.spawn(move || drop(alive)))));
            at.store(false, Ordering::SeqCst);
            spawned.is_ok()
        });
        (!spawned, live.into_inner())
    })
}

/// Fails if a job that was never made is counted: its scope would wait for ever.
#[test]
fn a_scope_ends_where_a_subscriber_panics_as_a_job_is_made() {
    within_a_minute(|| {
        let pool = with_workers(1);
        assert_eq!(spawn_before_grumpy(&pool, |dislikes| &dislikes.clones), (true, 0));
    });
}

/// Fails if a job that is rejected does not resolve.
#[test]
fn a_scope_ends_where_a_subscriber_panics_as_a_job_is_rejected() {
    within_a_minute(|| {
        let pool = with_workers(1);
        pool.shutdown(Shutdown::Drain, None).unwrap();
        assert_eq!(spawn_before_grumpy(&pool, |dislikes| &dislikes.closing), (false, 0));
    });
}
