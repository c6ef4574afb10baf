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
    let slow = || option::of((0..=4_u64, share()));
    let any_policies = (vec(policy(), 1..=3), slow(), option::of(abandoned()));
    // Rare by chance, and with steps of their own in the breaker.
    let abandoned_share =
        (vec(rate(counts().boxed()), 1), Just(None), share().prop_map(AbandonedPolicy::Rate).prop_map(Some));
    let time_alone = (vec(rate(times().boxed()), 1..=2), Just(None), option::of(abandoned()));
    let tripping = prop_oneof![6 => any_policies, 1 => abandoned_share, 1 => time_alone];
    let opening = (0..=6_u64, option::of(waits()));
    let probing = (1..=4_u32, 1..=4_u32, option::of((1..=6_u64, expired())), any::<bool>());
    (tripping, opening, probing).prop_map(|((policies, slow, abandoned), opening, probing)| {
        let (permits, successes, max_wait, judges_probes_by_rate) = probing;
        let has_rate = policies.iter().any(|policy| matches!(policy, FailurePolicy::Rate { .. }));
        let half_open =
            if judges_probes_by_rate && has_rate { HalfOpenPolicy::Rate } else { HalfOpenPolicy::Consecutive };
        let abandoned = abandoned.filter(|policy| match policy {
            AbandonedPolicy::Rate(_) => has_rate,
            AbandonedPolicy::FailureIfSlow => slow.is_some(),
            _ => true,
        });
        let (open_wait, backoff) = opening;
        let successes = successes.min(permits);
        Rules { policies, slow, open_wait, backoff, permits, successes, half_open, max_wait, abandoned }
    })
}

fn policy() -> impl Strategy<Value = FailurePolicy> {
    prop_oneof![
        2 => (1..=4_u32).prop_map(FailurePolicy::Consecutive),
        3 => rate(prop_oneof![counts(), times()].boxed()),
    ]
}

fn rate(window: BoxedStrategy<Window>) -> impl Strategy<Value = FailurePolicy> {
    let rate = (share(), window, 1..=6_u32);
    rate.prop_map(|(threshold, window, minimum_calls)| FailurePolicy::Rate { threshold, window, minimum_calls })
}

fn counts() -> impl Strategy<Value = Window> {
    (1..=5_u32).prop_map(Window::Count)
}

fn times() -> impl Strategy<Value = Window> {
    let time = (1..=5_u16, 0..=8_u64);
    time.prop_map(|(buckets, more)| Window::Time { span: nanos(u64::from(buckets) + more), buckets })
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
