//! Breakers with a clock that the test moves, and short words for what is done to them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use corepool::breaker::{
    Backoff, BreakerBuilder, CircuitBreaker, Clock, Event, Expired, FailurePolicy, HalfOpenPolicy, ManualClock, Permit,
    Recorded, State, Subscription, Window,
};

pub fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A breaker and its clock.
pub struct Bench {
    pub breaker: CircuitBreaker,
    pub clock: ManualClock,
}

/// A breaker by `rules`.
pub fn bench(rules: impl FnOnce(BreakerBuilder) -> BreakerBuilder) -> Bench {
    let clock = ManualClock::new();
    let breaker = rules(CircuitBreaker::builder().clock(clock.clone())).build().unwrap();
    Bench { breaker, clock }
}

pub fn consecutive(failures: u32) -> Bench {
    bench(|rules| rules.failure_policy(FailurePolicy::Consecutive(failures)))
}

pub fn rate(threshold: f64, window: Window, minimum_calls: u32) -> FailurePolicy {
    FailurePolicy::Rate { threshold, window, minimum_calls }
}

/// B4 of the contract: a time window of 20 s, at least 5 calls, failures from 50 %, slow over 4 s from 50 %, half-open by rate
/// with 4 permits, an open wait of 5 s, a lease of 1 s.
pub fn b4() -> Bench {
    bench(|rules| {
        rules
            .failure_policy(rate(0.5, Window::Time { span: secs(20.0), buckets: 20 }, 5))
            .slow_calls(secs(4.0), 0.5)
            .half_open(4, 1)
            .half_open_policy(HalfOpenPolicy::Rate)
            .open_wait(secs(5.0))
            .half_open_max_wait(secs(1.0), Expired::Reopen)
    })
}

impl Bench {
    pub fn state(&self) -> State {
        self.breaker.state()
    }

    /// A permit that must be given.
    pub fn acquire(&self) -> Permit {
        self.breaker.try_acquire().expect("a call is admitted")
    }

    pub fn is_rejected(&self) -> bool {
        self.breaker.try_acquire().is_err()
    }

    pub fn wait(&self, seconds: f64) {
        self.clock.advance(secs(seconds));
    }

    /// One call after the other, by their letters: S success, F failure, I ignored. All must be admitted and counted.
    pub fn calls(&self, outcomes: &str) {
        for letter in outcomes.chars() {
            let permit = self.acquire();
            let recorded = match letter {
                'S' => permit.success(),
                'F' => permit.failure(),
                'I' => permit.ignore(),
                other => panic!("no such outcome: {other}"),
            };
            assert_eq!(recorded, Recorded::Counted);
        }
    }

    /// Lets as much time pass as an open breaker waits.
    pub fn wait_out(&self) {
        self.clock.advance(self.breaker.snapshot().retry_after.expect("it is open"));
    }

    /// Opens it, waits, and sends a probe out.
    pub fn probe(&self) -> Permit {
        self.breaker.open_for(secs(30.0));
        self.wait_out();
        self.acquire()
    }

    /// Calls and failures in the window.
    pub fn counts(&self) -> (u32, u32) {
        let window = self.breaker.snapshot().window.expect("there is a window");
        (window.calls, window.failures)
    }

    pub fn listen(&self) -> (Log, Subscription) {
        let log = Log::default();
        let subscription = log.listen_to(&self.breaker);
        (log, subscription)
    }
}

/// A clock that goes back too.
#[derive(Clone, Default)]
pub struct Settable(Arc<Mutex<Duration>>);

impl Settable {
    pub fn set(&self, seconds: f64) {
        *self.0.lock().unwrap() = secs(seconds);
    }
}

impl Clock for Settable {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// A back-off that always says `wait`, and the attempts that it was asked for.
pub fn asked_backoff(wait: Duration) -> (Backoff, Arc<Mutex<Vec<u32>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let backoff = Backoff::from_fn({
        let asked = Arc::clone(&asked);
        move |attempt| {
            asked.lock().unwrap().push(attempt);
            wait
        }
    });
    (backoff, asked)
}

/// What a listener has heard.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Event>>>);

impl Log {
    pub fn listen_to(&self, breaker: &CircuitBreaker) -> Subscription {
        let log = self.clone();
        breaker.subscribe(move |event| log.0.lock().unwrap().push(event.clone()))
    }

    /// Takes what was heard since the last time, in short.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap()).iter().map(in_short).collect()
    }
}

pub fn in_short(event: &Event) -> String {
    match event {
        Event::StateChanged { from, to, generation, .. } => format!("{from} -> {to} #{generation}"),
        Event::Rejected { rejected, .. } => format!("rejected {:?}", rejected.reason),
        Event::Recorded { outcome, abandoned: true, .. } => format!("abandoned {outcome:?}"),
        Event::Recorded { outcome, slow: true, .. } => format!("slow {outcome:?}"),
        Event::Recorded { outcome, .. } => format!("{outcome:?}"),
        Event::LateResult { outcome, generation, .. } => format!("late {outcome:?} #{generation}"),
        other => format!("{other:?}"),
    }
}
