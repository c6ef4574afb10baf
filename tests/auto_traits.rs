//! The auto traits of every public type, whatever the closures and values in it are; and the small manners: what can be
//! compared, hashed, shown.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::marker::{PhantomData, PhantomPinned};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use corepool::breaker::*;
use corepool::*;

/// Of the auto traits it has `Send` only, as a closure or a value may.
#[allow(dead_code, reason = "it is named only")]
struct OnlySend(PhantomData<Cell<u8>>, PhantomData<&'static mut u8>, PhantomPinned);

/// Whether a type has a trait, by whether its own method or the trait's is found first.
struct Has<T: ?Sized>(PhantomData<T>);

macro_rules! probe {
    ($($fallback:ident $method:ident $trait:path;)*) => {$(
        trait $fallback {
            fn $method(&self) -> bool {
                false
            }
        }
        impl<T: ?Sized> $fallback for Has<T> {}
        impl<T: ?Sized + $trait> Has<T> {
            #[allow(clippy::unused_self, reason = "it goes before the method of the same name")]
            fn $method(&self) -> bool {
                true
            }
        }
    )*};
}

probe! {
    NotSend is_send Send;
    NotSync is_sync Sync;
    NotUnpin is_unpin Unpin;
    NotUnwindSafe is_unwind_safe UnwindSafe;
    NotRefUnwindSafe is_ref_unwind_safe RefUnwindSafe;
}

macro_rules! traits_of {
    ($($type:ty),* $(,)?) => {
        [$((stringify!($type), {
            let has = Has::<$type>(PhantomData);
            let found = [
                (has.is_send(), "Send"),
                (has.is_sync(), "Sync"),
                (has.is_unpin(), "Unpin"),
                (has.is_unwind_safe(), "UnwindSafe"),
                (has.is_ref_unwind_safe(), "RefUnwindSafe"),
            ];
            found.into_iter().filter(|(has, _)| !has).map(|(_, name)| name).collect::<Vec<_>>()
        })),*]
    };
}

/// Every public type, and the auto traits that it has not.
fn table() -> Vec<(&'static str, Vec<&'static str>)> {
    let all = traits_of![
        AsCompleted<OnlySend>,
        BuildError,
        Builder,
        Cancel,
        CancelOnDrop<OnlySend>,
        CancelToken,
        Interrupted,
        JobBuilder<'static>,
        JobError,
        JobHandle<OnlySend>,
        JobPanic,
        JobSet<OnlySend>,
        JoinNext<'static, OnlySend>,
        SetJobBuilder<'static, OnlySend>,
        Map<Range<u8>, fn(u8) -> OnlySend, OnlySend>,
        MapUnordered<Range<u8>, fn(u8) -> OnlySend, OnlySend>,
        RunError,
        Scope<'static, 'static>,
        ScopedJobHandle<'static, OnlySend>,
        TryMapError<()>,
        Pool,
        WeakPool,
        Priority,
        Shutdown,
        ShutdownReport,
        Stats,
        WorkerStats,
        JobLabel,
        JobTimes,
        QueuedJob,
        Report,
        Running,
        RunningJob,
        Times,
        TimesBucket,
        Timings,
        WorkerTimes,
        SubmitError<OnlySend>,
        SubmitErrorKind,
        WaitError,
        AbandonedPolicy,
        Backoff,
        BreakerBuilder,
        BreakerConfigError,
        CallError<u8>,
        CircuitBreaker,
        Event,
        Expired,
        FailurePolicy,
        HalfOpenPolicy,
        ManualClock,
        MonotonicClock,
        Outcome,
        Permit,
        Reason,
        Recorded,
        Rejected,
        Snapshot,
        State,
        Subscription,
        Window,
        WindowCounts,
    ];
    all.into_iter().chain(of_features()).collect()
}

/// Those of the features that the crate is built with.
fn of_features() -> Vec<(&'static str, Vec<&'static str>)> {
    #[allow(unused_mut, reason = "there may be none")]
    let mut all = Vec::new();
    #[cfg(feature = "metrics")]
    {
        use corepool::metrics::*;

        all.extend(traits_of![BreakerMetrics, PoolMetrics]);
    }
    #[cfg(feature = "tower")]
    {
        use corepool::tower::*;

        all.extend(traits_of![
            BreakerFuture<OnlySend, OnlySend>,
            BreakerLayer,
            BreakerService<u8>,
            ByResult,
            PoolFuture<OnlySend, OnlySend>,
            PoolService<fn(u8)>,
            PoolServiceError<OnlySend>,
            Returned<OnlySend>,
        ]);
    }
    all
}

/// Those that hold the user's own closures or values, which may be anything.
const EXCEPTIONS: [(&str, &[&str]); 5] = [
    // It gives the closure back as it was.
    ("SubmitError<OnlySend>", &["Unpin", "UnwindSafe"]),
    // It polls the call, and calls the classifier, as they are.
    ("BreakerFuture<OnlySend, OnlySend>", &["Sync", "UnwindSafe", "RefUnwindSafe"]),
    // They give the request back as it was.
    ("PoolFuture<OnlySend, OnlySend>", &["UnwindSafe"]),
    ("PoolServiceError<OnlySend>", &["Unpin", "UnwindSafe"]),
    ("Returned<OnlySend>", &["Unpin", "UnwindSafe"]),
];

#[test]
fn every_public_type_has_all_auto_traits_but_for_what_is_the_users() {
    for (name, missing) in table() {
        let excepted =
            EXCEPTIONS.iter().find(|(excepted, _)| *excepted == name).map_or(&[][..], |(_, missing)| missing);
        assert_eq!(missing, excepted, "{name} has not");
    }
}

/// The probe itself.
#[test]
fn what_has_none_of_the_traits_is_seen_to_have_none() {
    let [(_, missing)] = traits_of![*const RefCell<u8>];
    assert_eq!(missing, ["Send", "Sync", "UnwindSafe", "RefUnwindSafe"]);
    let [(_, missing)] = traits_of![OnlySend];
    assert_eq!(missing, ["Sync", "Unpin", "UnwindSafe", "RefUnwindSafe"]);
}

/// What a `pub use` line of `source` names that begins as types do.
fn exported(source: &str) -> impl Iterator<Item = &str> {
    let uses = source.lines().filter_map(|line| line.trim().strip_prefix("pub use "));
    uses.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .filter(|name| name.starts_with(char::is_uppercase))
}

#[test]
fn no_public_type_is_left_out() {
    let sources = [
        include_str!("../src/lib.rs"),
        include_str!("../src/breaker/mod.rs"),
        #[cfg(feature = "metrics")]
        include_str!("../src/adapters/metrics/mod.rs"),
        #[cfg(feature = "tower")]
        include_str!("../src/adapters/tower/mod.rs"),
    ];
    let public: BTreeSet<&str> = sources.into_iter().flat_map(exported).collect();
    let listed = table().into_iter().map(|(name, _)| name.split('<').next().unwrap());
    // A trait has no auto traits.
    let traits = [
        "Clock",
        #[cfg(feature = "tower")]
        "Classify",
    ];
    let listed: BTreeSet<&str> = listed.chain(traits).collect();
    assert_eq!(public, listed);
}

#[test]
fn a_panic_may_unwind_past_a_pool_and_its_handles() {
    let pool = Pool::builder().workers(1).build().unwrap();
    let (token, job) = (CancelToken::new(), pool.submit(|| Cell::new(1)).unwrap());
    // No `AssertUnwindSafe`: that it compiles is what is tested.
    let caught = catch_unwind(|| (pool.stats().workers, token.is_cancelled(), job.join().unwrap().get()));
    assert_eq!(caught.unwrap(), (1, false, 1));
    let breaker = CircuitBreaker::builder().build().unwrap();
    assert_eq!(catch_unwind(|| breaker.state()).unwrap(), State::Closed);
}

#[test]
fn small_values_can_be_compared_hashed_and_shown() {
    fn small<T: Copy + Eq + Hash + Debug>() {}
    small::<Cancel>();
    small::<Interrupted>();
    small::<Priority>();
    small::<Shutdown>();
    small::<SubmitErrorKind>();
    small::<TryMapError<u8>>();
    small::<WaitError>();
    small::<Expired>();
    small::<HalfOpenPolicy>();
    small::<Outcome>();
    small::<Reason>();
    small::<Recorded>();
    small::<State>();
    small::<Window>();
    fn shown<T: Display>(value: T) -> String {
        value.to_string()
    }
    assert_eq!(shown(SubmitErrorKind::ShutDown), "the pool is shut down");
    let mut priorities = [Priority::Normal, Priority::High, Priority::Low];
    priorities.sort();
    assert_eq!(priorities, [Priority::Low, Priority::Normal, Priority::High]);
    assert_eq!(Priority::High.max(Priority::Low), Priority::High);
}

#[test]
fn clones_of_a_token_are_equal_and_others_are_not() {
    let (token, other) = (CancelToken::new(), CancelToken::new());
    let clone = token.clone();
    assert!(token == clone && token != other);
    clone.cancel();
    other.cancel();
    assert!(token == clone && token != other, "whatever they say");
}

/// A handle that has given its outcome away.
fn spent(pool: &Pool) -> JobHandle<u8> {
    let mut job = pool.submit(|| 1).unwrap();
    pool.wait_idle(None).unwrap();
    let polled = Pin::new(&mut job).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(1))));
    job
}

#[test]
fn a_spent_handle_panics_where_it_was_joined() {
    static SEEN: Mutex<Vec<(String, u32)>> = Mutex::new(Vec::new());
    let note = |at: &Location<'_>| SEEN.lock().unwrap().push((at.file().to_owned(), at.line()));
    std::panic::set_hook(Box::new(move |info| info.location().map(note).unwrap_or_default()));
    let pool = Pool::builder().workers(1).build().unwrap();
    type Join = fn(JobHandle<u8>);
    let joins: [(u32, Join); 6] = [
        (line!(), |job| drop(job.join())),
        (line!(), |job| drop(job.join_timeout(Duration::ZERO))),
        (line!(), |job| drop(job.try_join())),
        (line!(), |job| drop(job.cancel_on_drop().join())),
        (line!(), |job| drop(join_all([job]))),
        (line!(), |job| drop(as_completed([job]))),
    ];
    for (line, join) in joins {
        let job = spent(&pool);
        SEEN.lock().unwrap().clear();
        assert!(catch_unwind(AssertUnwindSafe(|| join(job))).is_err());
        assert!(SEEN.lock().unwrap().contains(&(file!().to_owned(), line)), "{line}: {:?}", SEEN.lock().unwrap());
    }
    drop(std::panic::take_hook());
}
