//! Tables in Markdown: the load of the articles, and the constant rates.

use crate::measured::{Load, Measured, Rates};
use crate::outcome::Outcome;
use crate::units::{NOTHING, grouped, milliseconds, number, rejected, served};

const LOADS: [&str; 10] = [
    "200s a second",
    "503s a second",
    "failed",
    "p50",
    "p99",
    "`/healthz` p50",
    "`/healthz` p99",
    "a job alone",
    "wrk: 200s a second",
    "wrk: failed",
];

const RATES: [&str; 10] = [
    "requests a second",
    "200s a second",
    "p50",
    "p99",
    "503s",
    "their p50",
    "their p99",
    "no `Retry-After`",
    "failed",
    "not sent",
];

/// The first column is words, the others are numbers, aligned to the right.
fn table(columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = format!("| step | {} |\n| --- |{}\n", columns.join(" | "), " ---: |".repeat(columns.len()));
    text.extend(rows.into_iter().map(|row| line(&row)));
    text
}

pub fn loads(measured: &Measured) -> String {
    table(&LOADS, measured.loads().iter().map(load))
}

fn load(load: &Load) -> Vec<String> {
    let Load { step, autocannon, wrk, healthz, alone } = load;
    vec![
        step.label().to_owned(),
        number(autocannon.each_second(200)),
        per_second(autocannon.count(503), autocannon.each_second(503)),
        grouped(load.failures()),
        milliseconds(autocannon.latency.p50),
        milliseconds(autocannon.latency.p99),
        served(healthz, |times| times.p50),
        healthz_p99(healthz),
        served(alone, |times| times.p50),
        number(wrk.each_second(200)),
        grouped(wrk.unanswered + wrk.answers() - wrk.count(200) - wrk.count(503)),
    ]
}

fn per_second(count: u64, each_second: f64) -> String {
    if count == 0 { NOTHING.to_owned() } else { number(each_second) }
}

/// With how many got no answer, as they have no time.
fn healthz_p99(healthz: &Outcome) -> String {
    let p99 = served(healthz, |times| times.p99);
    match healthz.sent - healthz.count(200) {
        0 => p99,
        failed => format!("{p99}, {} failed", grouped(failed)),
    }
}

pub fn rates(measured: &Measured) -> String {
    let rows = measured.rates().iter().flat_map(|rates| {
        let Rates { step, half, full, double } = rates;
        [("half of it", half), ("all of it", full), ("twice as much", double)]
            .map(|(share, outcome)| rate(&format!("{}: {share}", step.label()), outcome))
    });
    table(&RATES, rows)
}

fn rate(label: &str, outcome: &Outcome) -> Vec<String> {
    let count = |count: u64| if count == 0 { NOTHING.to_owned() } else { grouped(count) };
    let [served_in_all, rejections] = [200, 503].map(|status| outcome.count(status));
    vec![
        label.to_owned(),
        grouped(outcome.rate.into()),
        number(outcome.goodput),
        served(outcome, |times| times.p50),
        served(outcome, |times| times.p99),
        count(rejections),
        rejected(outcome, |times| times.p50),
        rejected(outcome, |times| times.p99),
        count(outcome.without_retry_after),
        count(outcome.sent - served_in_all - rejections),
        count(outcome.dropped),
    ]
}
