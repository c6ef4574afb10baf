//! Breakers whose time stands still or is in the model's hands, and what they say in words that sort.

use super::*;

pub(crate) const WAIT: Duration = Duration::from_secs(10);

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

/// A clock that the threads of a model set. Relaxed, as no breaker depends on what else its clock orders.
#[derive(Clone)]
pub(crate) struct Hand(Arc<AtomicU32>);

impl Hand {
    pub(crate) fn at_zero() -> Self {
        Self(Arc::new(AtomicU32::new(0)))
    }

    pub(crate) fn set(&self, time: Duration) {
        self.0.store(time.as_secs() as u32, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed).into())
    }
}

/// The rules of a breaker that so many failures in a row open, at a time that stands still.
pub(crate) fn opens_after(failures: u32) -> BreakerBuilder {
    CircuitBreaker::builder()
        .failure_policy(FailurePolicy::Consecutive(failures))
        .open_wait(WAIT)
        .half_open_max_wait(WAIT, Expired::Reopen)
        .clock(StoppedClock)
}

/// A breaker that is open, with its wait over.
pub(crate) fn ready_to_probe(rules: BreakerBuilder) -> CircuitBreaker {
    let breaker = rules.build().unwrap();
    breaker.open_for(Duration::ZERO);
    breaker
}

/// A half-open breaker, its generation the second, and its probe.
pub(crate) fn probing(rules: BreakerBuilder) -> (CircuitBreaker, Permit) {
    let breaker = ready_to_probe(rules);
    let probe = breaker.try_acquire().unwrap();
    (breaker, probe)
}

pub(crate) fn elsewhere<R: 'static>(
    breaker: &CircuitBreaker,
    steps: impl FnOnce(&CircuitBreaker) -> R + Send + 'static,
) -> JoinHandle<R> {
    let breaker = breaker.clone();
    thread::spawn(move || steps(&breaker))
}

pub(crate) fn succeed(breaker: &CircuitBreaker) {
    breaker.call(|| Ok::<_, ()>(())).ok();
}

pub(crate) fn fail(breaker: &CircuitBreaker) {
    breaker.call(|| Err::<(), _>(())).ok();
}

pub(crate) fn word_for(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Open => "open",
        State::HalfOpen => "half-open",
        State::ForcedOpen => "forced open",
        State::Disabled => "disabled",
        State::MetricsOnly => "metrics only",
    }
}

pub(crate) fn what_became_of(recorded: Recorded) -> &'static str {
    match recorded {
        Recorded::Counted => "counted",
        Recorded::Stale => "late",
    }
}

pub(crate) fn answer_to(asked: &Result<Permit, Rejected>) -> &'static str {
    match asked {
        Ok(_) => "admitted",
        Err(Rejected { reason: Reason::Open, retry_after: Some(_) }) => "open",
        Err(Rejected { reason: Reason::Open, retry_after: None }) => "open, nobody knows how long",
        Err(Rejected { reason: Reason::HalfOpenSaturated, .. }) => "saturated",
        Err(Rejected { reason: Reason::ForcedOpen, .. }) => "forced open",
    }
}

/// What listeners have heard, in order: which generation it was about, and in a word what.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<base::sync::Mutex<Vec<(u64, &'static str)>>>);

impl Heard {
    pub(crate) fn hear(&self, event: &Event) {
        self.0.lock().push(match *event {
            Event::StateChanged { to, generation, .. } => (generation, word_for(to)),
            Event::Recorded { outcome: Outcome::Success, generation, .. } => (generation, "success"),
            Event::Recorded { outcome: Outcome::Failure, generation, .. } => (generation, "failure"),
            Event::Recorded { outcome: Outcome::Ignored, generation, .. } => (generation, "ignored"),
            Event::Rejected { generation, .. } => (generation, "rejected"),
            Event::LateResult { generation, .. } => (generation, "late"),
        });
    }

    pub(crate) fn all(&self) -> Vec<(u64, &'static str)> {
        self.0.lock().clone()
    }

    pub(crate) fn words(&self) -> Vec<&'static str> {
        self.0.lock().iter().map(|(_, word)| *word).collect()
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.0.lock().iter().any(|(_, heard)| *heard == word)
    }

    pub(crate) fn subscribe_to(&self, breaker: &CircuitBreaker) -> Subscription {
        let heard = self.clone();
        breaker.subscribe(move |event| heard.hear(event))
    }
}
