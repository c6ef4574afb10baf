//! Jobs in their submitters' spans, and in spans of their own.
//!
//! One subscriber hears all threads of this binary, and keeps what it hears; each test looks at its own, which it knows by
//! the name of a span that it opens.

use std::cell::Cell;
use std::fmt::Debug;
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, Once};
use std::time::{Duration, Instant};

use corepool::{CancelToken, JobError, Pool, join_all};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Instrument, Level, Metadata, Subscriber, info, info_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// A span or an event.
#[derive(Clone, Debug, Default)]
struct Heard {
    /// A span's, 0 for an event.
    id: u64,
    name: String,
    level: Option<Level>,
    /// Of the spans around it, the outermost first.
    around: Vec<u64>,
    fields: Vec<(String, String)>,
    is_closed: bool,
}

impl Heard {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| &**value)
    }
}

impl Visit for Heard {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.push((field.name().to_owned(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.push((field.name().to_owned(), value.to_owned()));
    }
}

static HEARD: Mutex<Vec<Heard>> = Mutex::new(Vec::new());

fn heard() -> MutexGuard<'static, Vec<Heard>> {
    HEARD.lock().unwrap()
}

struct Ear;

thread_local! {
    /// On such a thread nobody wants to hear of jobs' own spans.
    static IS_TERSE: Cell<bool> = const { Cell::new(false) };
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Ear {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !(IS_TERSE.get() && *metadata.level() == Level::DEBUG)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let metadata = attributes.metadata();
        let around =
            context.span_scope(id).into_iter().flat_map(|scope| scope.from_root()).map(|span| span.id().into_u64());
        let mut span = Heard {
            id: id.into_u64(),
            name: metadata.name().to_owned(),
            level: Some(*metadata.level()),
            around: around.filter(|around| *around != id.into_u64()).collect(),
            ..Heard::default()
        };
        attributes.record(&mut span);
        // The registry gives numbers out again.
        heard().retain(|old| old.id != span.id || old.is_closed);
        heard().push(span);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut all = heard();
        let span = all.iter_mut().rfind(|span| span.id == id.into_u64()).expect("it was opened");
        values.record(span);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let around = context.event_scope(event).into_iter().flat_map(|scope| scope.from_root());
        let mut told = Heard {
            level: Some(*event.metadata().level()),
            around: around.map(|span| span.id().into_u64()).collect(),
            ..Heard::default()
        };
        event.record(&mut told);
        told.name = told.field("message").unwrap_or_default().to_owned();
        heard().push(told);
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        if let Some(span) = heard().iter_mut().rfind(|span| span.id == id.into_u64()) {
            span.is_closed = true;
        }
    }
}

/// A test's own span, and what is heard inside of it.
struct Scene {
    span: tracing::Span,
    id: u64,
}

impl Scene {
    fn new(name: &'static str) -> Self {
        static LISTEN: Once = Once::new();
        LISTEN.call_once(|| {
            tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Ear)).unwrap();
        });
        let span = info_span!("scene", name);
        let id = span.id().expect("somebody listens").into_u64();
        Self { span, id }
    }

    fn play<R>(&self, act: impl FnOnce() -> R) -> R {
        self.span.in_scope(act)
    }

    fn spans(&self) -> Vec<Heard> {
        heard().iter().filter(|heard| heard.id != 0 && heard.around.contains(&self.id)).cloned().collect()
    }

    fn events(&self) -> Vec<Heard> {
        heard().iter().filter(|heard| heard.id == 0 && heard.around.contains(&self.id)).cloned().collect()
    }

    /// Of the only job.
    fn job(&self) -> Heard {
        let [job] = &self.spans()[..] else { panic!("{:?}", self.spans()) };
        assert_eq!((&*job.name, job.level), ("job", Some(Level::DEBUG)));
        job.clone()
    }
}

fn one_worker() -> Pool {
    Pool::builder().workers(1).build().unwrap()
}

#[test]
fn a_job_runs_inside_its_submitters_span() {
    let (scene, pool) = (Scene::new("submitter"), one_worker());
    scene.play(|| pool.submit(|| info!("inside"))).unwrap().join().unwrap();
    let ([event], job) = (&scene.events()[..], scene.job()) else { panic!("{:?}", scene.events()) };
    assert_eq!((&*event.name, &event.around), ("inside", &vec![scene.id, job.id]));
    assert_eq!(job.around, [scene.id]);
}

#[test]
fn a_job_runs_inside_its_submitters_span_where_nobody_wants_its_own() {
    let scene = Scene::new("terse");
    let pool = Pool::builder().workers(1).on_worker_start(|_| IS_TERSE.set(true)).build().unwrap();
    let job = scene.play(|| {
        pool.submit(|| -> () {
            info!("inside");
            panic!("too")
        })
    });
    assert!(matches!(job.unwrap().join(), Err(JobError::Panicked(_))));
    let events = scene.events();
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.around == [scene.id]) && scene.spans().is_empty(), "{events:?}");
}

#[test]
fn a_jobs_span_tells_what_it_is_and_how_long_it_took() {
    let (scene, pool) = (Scene::new("times"), one_worker());
    let (go, gate) = channel::<()>();
    let held = pool.submit(move || gate.recv()).unwrap();
    let job = scene.play(|| pool.job().name("thumbnail").submit(|| std::thread::sleep(Duration::from_millis(20))));
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(20) {}
    drop(go);
    job.unwrap().join().unwrap();
    let span = scene.job();
    assert_eq!((span.field("name"), span.field("priority")), (Some("thumbnail"), Some("Normal")));
    assert!(span.field("submitted_at").unwrap().contains("tracing.rs:"), "{span:?}");
    for field in ["wait_us", "run_us"] {
        assert!(span.field(field).unwrap().parse::<u64>().unwrap() >= 20_000, "{field} of {span:?}");
    }
    held.join().unwrap().unwrap_err();
}

#[test]
fn both_spans_are_let_go_of_before_the_handle_resolves() {
    let (scene, pool) = (Scene::new("closed"), one_worker());
    let inner = scene.play(|| info_span!("submitter"));
    let jobs = inner.in_scope(|| [0, 1].map(|n| pool.submit(move || n).unwrap()));
    drop(inner);
    // Kept: what they hold on to is no span.
    pool.wait_idle(None).unwrap();
    let spans = scene.spans();
    assert_eq!(spans.len(), 3);
    assert!(spans.iter().all(|span| span.is_closed), "{spans:?}");
    assert!(join_all(jobs).into_iter().all(|outcome| outcome.is_ok()));
}

#[test]
fn a_panic_is_one_event_in_the_jobs_span_and_so_is_what_the_hook_says() {
    let scene = Scene::new("panic");
    let pool = Pool::builder().workers(1).on_panic(|_| info!("hook")).build().unwrap();
    let job = scene.play(|| pool.job().name("report").submit(|| panic!("no disk")));
    assert!(matches!(job.unwrap().join(), Err(JobError::Panicked(_))));
    let (events, span) = (scene.events(), scene.job());
    let [hook, panic] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&*hook.name, &hook.around), ("hook", &vec![scene.id, span.id]));
    assert_eq!((&*panic.name, panic.level, &panic.around), ("a job has panicked", Some(Level::ERROR), &hook.around));
    assert_eq!((panic.field("name"), panic.field("panic")), (Some("report"), Some("no disk")));
    assert!(span.is_closed && span.field("run_us").is_some(), "{span:?}");
}

fn assert_expired(scene: &Scene) {
    let events = scene.events();
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&*event.name, event.level), ("a job has expired before it ran", Some(Level::WARN)));
    assert_eq!((event.field("name"), &event.around), (Some("late"), &vec![scene.id]));
    assert!(scene.spans().is_empty(), "it did not run");
}

#[test]
fn a_queued_job_that_expires_is_one_event() {
    let (scene, pool) = (Scene::new("keeper"), one_worker());
    let (go, gate) = channel::<()>();
    let held = pool.submit(move || gate.recv()).unwrap();
    let late = scene.play(|| pool.job().name("late").timeout(Duration::from_millis(1)).submit(|| ()));
    assert!(matches!(late.unwrap().join(), Err(JobError::Expired)));
    assert_expired(&scene);
    drop(go);
    held.join().unwrap().unwrap_err();
}

#[test]
fn a_job_that_has_expired_when_it_is_submitted_is_one_event() {
    let (scene, pool) = (Scene::new("past"), one_worker());
    let late = scene.play(|| pool.job().name("late").deadline(Instant::now()).submit(|| ()));
    assert!(matches!(late.unwrap().join(), Err(JobError::Expired)));
    assert_expired(&scene);
}

#[test]
fn a_job_that_is_found_to_have_expired_when_it_is_to_start_is_one_event() {
    let (scene, pool) = (Scene::new("found"), Pool::builder().inline().build().unwrap());
    let late = scene.play(|| pool.job().name("late").timeout(Duration::from_millis(5)).submit(|| ())).unwrap();
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(10) {}
    assert!(matches!(late.join(), Err(JobError::Expired)));
    assert_expired(&scene);
}

#[test]
fn a_cancelled_job_leaves_its_submitters_span_without_a_word() {
    let (scene, pool, token) = (Scene::new("cancel"), one_worker(), CancelToken::new());
    let (go, gate) = channel::<()>();
    let held = pool.submit(move || gate.recv()).unwrap();
    let submitter = scene.play(|| info_span!("submitter"));
    let job = submitter.in_scope(|| pool.job().token(&token).submit(|| ())).unwrap();
    drop(submitter);
    token.cancel();
    assert!(matches!(job.join(), Err(JobError::Cancelled)));
    assert!(scene.events().is_empty());
    assert!(scene.spans().iter().all(|span| span.is_closed && span.name == "submitter"), "{:?}", scene.spans());
    drop(go);
    held.join().unwrap().unwrap_err();
}

#[test]
fn a_job_that_runs_inside_a_join_has_a_span_of_its_own_meanwhile() {
    let (scene, pool) = (Scene::new("nested"), one_worker());
    let outer = scene.play(|| {
        pool.submit(|| {
            let inner = Pool::current().unwrap().submit(|| info!("inner")).unwrap();
            inner.join().unwrap();
            info!("outer");
        })
    });
    outer.unwrap().join().unwrap();
    let (spans, events) = (scene.spans(), scene.events());
    let ([outer, inner], [in_inner, in_outer]) = (&spans[..], &events[..]) else { panic!("{spans:?} {events:?}") };
    assert_eq!(inner.around, [scene.id, outer.id]);
    assert_eq!(in_inner.around, [scene.id, outer.id, inner.id]);
    assert_eq!(in_outer.around, [scene.id, outer.id]);
}

#[test]
fn a_future_submits_in_the_span_that_it_is_polled_in() {
    let (scene, pool) = (Scene::new("async"), one_worker());
    let submit = async { pool.submit_async(|| info!("inside")).await.unwrap().await.unwrap() };
    pollster::block_on(submit.instrument(scene.span.clone()));
    assert_eq!(scene.events()[0].around, [scene.id, scene.job().id]);
}

#[test]
fn a_job_submitted_outside_of_all_spans_runs_in_its_own_alone() {
    let _listening = Scene::new("root");
    let pool = one_worker();
    pool.submit(|| info!("alone in its span")).unwrap().join().unwrap();
    let event = heard().iter().find(|event| event.name == "alone in its span").cloned().unwrap();
    let [id] = event.around[..] else { panic!("{event:?}") };
    assert_eq!(heard().iter().rfind(|span| span.id == id).unwrap().around, []);
}
