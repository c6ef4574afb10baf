//! Random rules, made to collide: small numbers, and times of a few nanoseconds.

use std::panic::resume_unwind;
use std::time::Duration;

use corepool::breaker::{
    AbandonedPolicy, Backoff, CircuitBreaker, Expired, FailurePolicy, HalfOpenPolicy, ManualClock, Window,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;

/// Nanoseconds since the clock's origin, or between two moments.
pub type Time = u64;

pub const fn nanos(time: Time) -> Duration {
    Duration::from_nanos(time)
}

#[derive(Clone, Debug)]
pub struct Rules {
    /// One, or `Any` of several.
    pub policies: Vec<FailurePolicy>,
    pub slow: Option<(Time, f64)>,
    pub open_wait: Time,
    pub backoff: Option<Waits>,
    pub permits: u32,
    pub successes: u32,
    pub half_open: HalfOpenPolicy,
    pub max_wait: Option<(Time, Expired)>,
    pub abandoned: Option<AbandonedPolicy>,
}

#[derive(Clone, Copy, Debug)]
pub enum Waits {
    Exponential {
        first: Time,
        factor: u32,
        cap: Option<Time>,
    },
    /// A function: so long for each attempt.
    Linear(Time),
    /// A function that does not answer.
    Panics,
}

impl Rules {
    pub fn build(&self, clock: &ManualClock) -> CircuitBreaker {
        let policy = match &self.policies[..] {
            [policy] => policy.clone(),
            policies => FailurePolicy::Any(policies.to_vec()),
        };
        let mut builder = CircuitBreaker::builder()
            .failure_policy(policy)
            .open_wait(nanos(self.open_wait))
            .half_open(self.permits, self.successes)
            .half_open_policy(self.half_open)
            .clock(clock.clone());
        if let Some((longer_than, rate)) = self.slow {
            builder = builder.slow_calls(nanos(longer_than), rate);
        }
        if let Some(waits) = self.backoff {
            builder = builder.open_backoff(waits.backoff());
        }
        if let Some((wait, then)) = self.max_wait {
            builder = builder.half_open_max_wait(nanos(wait), then);
        }
        if let Some(policy) = self.abandoned {
            builder = builder.abandoned(policy);
        }
        builder.build().expect("the rules make sense")
    }
}

impl Waits {
    fn backoff(self) -> Backoff {
        match self {
            Waits::Exponential { first, factor, cap } => {
                let backoff = Backoff::exponential(nanos(first), factor.into());
                cap.map_or(backoff.clone(), |cap| backoff.cap(nanos(cap)))
            }
            Waits::Linear(each) => Backoff::from_fn(move |attempt| nanos(each) * attempt),
            Waits::Panics => Backoff::from_fn(|_| resume_unwind(Box::new("no answer"))),
        }
    }
}

pub fn rules() -> impl Strategy<Value = Rules> {
    let tripping = (vec(policy(), 1..=3), option::of((0..=4_u64, share())), any::<bool>());
    let opening = (0..=6_u64, option::of(waits()));
    let probing = (1..=4_u32, 1..=4_u32, option::of((1..=6_u64, expired())));
    (tripping, opening, probing, option::of(abandoned())).prop_map(|(tripping, opening, probing, abandoned)| {
        let (policies, slow, judges_probes_by_rate) = tripping;
        let has_rate = policies.iter().any(|policy| matches!(policy, FailurePolicy::Rate { .. }));
        let half_open =
            if judges_probes_by_rate && has_rate { HalfOpenPolicy::Rate } else { HalfOpenPolicy::Consecutive };
        let abandoned = abandoned.filter(|policy| match policy {
            AbandonedPolicy::Rate(_) => has_rate,
            AbandonedPolicy::FailureIfSlow => slow.is_some(),
            _ => true,
        });
        let ((open_wait, backoff), (permits, successes, max_wait)) = (opening, probing);
        let successes = successes.min(permits);
        Rules { policies, slow, open_wait, backoff, permits, successes, half_open, max_wait, abandoned }
    })
}

fn policy() -> impl Strategy<Value = FailurePolicy> {
    let rate = (share(), window(), 1..=6_u32);
    prop_oneof![
        2 => (1..=4_u32).prop_map(FailurePolicy::Consecutive),
        3 => rate.prop_map(|(threshold, window, minimum_calls)| FailurePolicy::Rate { threshold, window, minimum_calls }),
    ]
}

fn window() -> BoxedStrategy<Window> {
    let time = (1..=5_u16, 0..=8_u64);
    prop_oneof![
        (1..=5_u32).prop_map(Window::Count),
        time.prop_map(|(buckets, more)| Window::Time { span: nanos(u64::from(buckets) + more), buckets }),
    ]
    .boxed()
}

fn share() -> impl Strategy<Value = f64> {
    select(vec![0.5, 1.0, 0.25, 0.75, 0.1, 1.0 / 3.0, 2.0 / 3.0])
}

fn waits() -> impl Strategy<Value = Waits> {
    prop_oneof![
        2 => (1..=4_u64, 1..=3_u32, option::of(1..=8_u64))
            .prop_map(|(first, factor, cap)| Waits::Exponential { first, factor, cap }),
        2 => (0..=3_u64).prop_map(Waits::Linear),
        1 => Just(Waits::Panics),
    ]
}

fn expired() -> impl Strategy<Value = Expired> {
    prop_oneof![Just(Expired::Reopen), Just(Expired::Close), Just(Expired::Reprobe)]
}

fn abandoned() -> impl Strategy<Value = AbandonedPolicy> {
    prop_oneof![
        Just(AbandonedPolicy::Ignore),
        Just(AbandonedPolicy::Failure),
        Just(AbandonedPolicy::FailureIfSlow),
        share().prop_map(AbandonedPolicy::Rate),
    ]
}
