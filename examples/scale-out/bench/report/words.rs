//! What is seen in the numbers, in sentences that hold whatever these are.

use crate::measured::{Measured, Rates, Step};
use crate::outcome::Outcome;
use crate::units::{grouped, milliseconds, number, rejected, served, times};

pub fn sentences(measured: &Measured) -> String {
    let sentences = [healthz, throughput, instances, killed, closed_loop, open_loop].map(|sentence| sentence(measured));
    sentences.map(|sentence| format!("- {sentence}\n")).concat()
}

fn healthz(measured: &Measured) -> String {
    let p99 = |step| served(&measured.load(step).healthz, |times| times.p99);
    format!(
        "**What jobs do to others.** While an instance computes on its async threads, its `/healthz` takes {} (p99); while \
         it computes on the pool, {}. In Node it takes {} beside jobs on the event loop, {} beside a new thread for each \
         job, and {} beside a pool of threads.",
        p99(Step::OneInline),
        p99(Step::OnePool),
        p99(Step::NodeInline),
        p99(Step::NodeThread),
        p99(Step::NodePool)
    )
}

fn throughput(measured: &Measured) -> String {
    let each_second = |step| measured.load(step).autocannon.each_second(200);
    let alone = |step| measured.load(step).alone.served.map_or(f64::NAN, |times| times.p50);
    let ours = each_second(Step::OnePool);
    format!(
        "**Requests served.** One instance on the pool serves {} a second. Node serves {} with a new thread for each job, \
         and {} with a pool of threads: we serve {} and {} as many. A part of that is the language: alone, a job takes {} in \
         Rust and {} in Node. With a new thread it takes {}, so that the language hardly matters.",
        number(ours),
        number(each_second(Step::NodeThread)),
        number(each_second(Step::NodePool)),
        times(ours / each_second(Step::NodeThread)),
        times(ours / each_second(Step::NodePool)),
        milliseconds(alone(Step::OneInline)),
        milliseconds(alone(Step::NodeInline)),
        milliseconds(alone(Step::NodeThread))
    )
}

fn instances(measured: &Measured) -> String {
    let [one, three] = [Step::OnePool, Step::ThreePool].map(|step| &measured.load(step).autocannon);
    format!(
        "**Three instances on one machine** serve {} as many as one does: they share its cores with each other and with \
         nginx. They are there for when one of them dies or is replaced. To serve more takes more machines.",
        times(three.each_second(200) / one.each_second(200))
    )
}

fn killed(measured: &Measured) -> String {
    let [whole, load] = [Step::ThreePool, Step::ThreeKilled].map(|step| measured.load(step));
    format!(
        "**When one of three is killed,** {} of {} requests fail: nginx sends what the dead one had to another, and the \
         supervisor starts a new one. Then {} requests a second are served, the p99 is {} and the longest takes {}; without \
         it these are {}, {} and {}.",
        grouped(load.failures()),
        grouped(load.autocannon.answers() + load.autocannon.errors),
        number(load.autocannon.each_second(200)),
        milliseconds(load.autocannon.latency.p99),
        milliseconds(load.autocannon.latency.max),
        number(whole.autocannon.each_second(200)),
        milliseconds(whole.autocannon.latency.p99),
        milliseconds(whole.autocannon.latency.max)
    )
}

fn closed_loop(measured: &Measured) -> String {
    let [patient, shedding] = [Step::ThreePool, Step::ThreeShed].map(|step| &measured.load(step).autocannon);
    format!(
        "**Shedding in a closed loop** is no more than a test of the machine: whoever gets a 503 asks again at once, which no \
         client should. That makes {} rejections a second, and their cost is paid by the {} requests a second that are \
         served; {} are when all find room in the queue. The p99 of those served is {} rather than {}.",
        number(shedding.each_second(503)),
        number(shedding.each_second(200)),
        number(patient.each_second(200)),
        milliseconds(shedding.latency.p99),
        milliseconds(patient.latency.p99)
    )
}

fn open_loop(measured: &Measured) -> String {
    let Rates { double: ours, .. } = measured.rate(Step::ThreeShed);
    let Rates { double: node, .. } = measured.rate(Step::NodePool);
    format!(
        "**Shedding at twice the rate that can be served,** when requests come at their own pace: of {} requests a second {} \
         are served, within {} (p99). {} % are rejected, half of these within {} and nearly all within {} (p99){}. Node with a \
         pool of threads rejects none: of {} a second it serves {}, within {}{}.",
        grouped(ours.rate.into()),
        number(ours.goodput),
        served(ours, |times| times.p99),
        number(100.0 * ours.count(503) as f64 / ours.sent as f64),
        rejected(ours, |times| times.p50),
        rejected(ours, |times| times.p99),
        unsent(ours),
        grouped(node.rate.into()),
        number(node.goodput),
        served(node, |times| times.p99),
        unsent(node)
    )
}

/// Nothing, if all could be sent.
fn unsent(outcome: &Outcome) -> String {
    match outcome.dropped {
        0 => String::new(),
        dropped => format!(
            "; {} in all are not sent, as 512 are waiting already. Without this limit of the load's, the wait would grow for \
             as long as it lasts",
            grouped(dropped)
        ),
    }
}
