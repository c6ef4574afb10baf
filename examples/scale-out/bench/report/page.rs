//! The page: what is seen, the numbers, where they come from, and how to measure them again.

use crate::measured::Measured;
use crate::tables;
use crate::words;

/// So many busy cores are something else that the machine had to do.
const BUSY: f64 = 0.3;

pub fn page(measured: &Measured) -> String {
    let parts = [
        "# What was measured\n\nThis page and `results.svg` are written by one command:\n\n```sh\nbench/run\n```\n"
            .to_owned(),
        warning(measured).unwrap_or_default(),
        format!("## What is seen\n\n{}", words::sentences(measured)),
        "![Bars: requests served a second, their p99, and that of the health check, for each step](results.svg)\n"
            .to_owned(),
        format!("## The load of articles\n\n{}\n{}", the_load(measured), tables::loads(measured)),
        format!("## Constant rates\n\n{}\n{}", the_rates(measured), tables::rates(measured)),
        format!("## Where and when\n\n{}", conditions(measured)),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// That these numbers are not to be relied on, if something else ran before.
fn warning(measured: &Measured) -> Option<String> {
    let load = measured.condition("load").parse().ok().filter(|load: &f64| *load >= BUSY)?;
    Some(format!(
        "**The machine was busy with something else**: before the first step {load} of its cores were busy. Do not rely on\n\
         these numbers, and measure again on an idle machine.\n"
    ))
}

fn the_load(measured: &Measured) -> String {
    let of = |name| measured.condition(name);
    let (n, connections, seconds, short, probes) =
        (of("n"), of("connections"), of("seconds"), of("short"), of("probes"));
    format!(
        "\
autocannon, {connections} connections for {seconds} s, each of which asks again when it has its answer, for `/fib/{n}` or
`/inline/{n}`: naive recursion in all of them. The times are those of the 200s. Meanwhile `/healthz` is asked {probes} times a
second; its times count from when it should have been. wrk sends the same load for {short} s afterwards, and costs less
itself. Where instances do not shed load they have `--max-wait 10s`, so that all connections find room in the queue; where
they do, the default of 50 ms. One of three is killed with `kill -9` in the middle of each load. Failed is what got no answer,
or neither 200 nor 503. Node's processes are one for each core (`cluster`), with one thread each if there is a pool (piscina).

All steps ran once, one after the other, after some seconds of the same load. The load, the probe, nginx and the service share
the cores of one machine: a service with a machine for itself does more, and a difference of a few percent is none.
"
    )
}

fn the_rates(measured: &Measured) -> String {
    format!(
        "\
`open-loop` for {} s each, after the load above: half of what was served there, as much, and twice as much (for the instances
that shed load: of what they served without). A request is sent when it is time, whether or not others have been answered,
and its time counts from then; of 512 without an answer the next is not sent.
",
        measured.condition("short")
    )
}

fn conditions(measured: &Measured) -> String {
    let of = |name| measured.condition(name);
    let lines = [
        format!("{}, {} cores, {} of memory", of("processor"), of("cores"), of("memory")),
        of("system").to_owned(),
        of("versions").to_owned(),
        format!("commit {}", of("commit")),
    ];
    lines.iter().map(|line| format!("- {line}\n")).collect()
}
