//! The page: where we lose, the bars, every group, and how to measure all that again.

use crate::about;
use crate::conditions::Conditions;
use crate::group::{Group, too_good};
use crate::measured::{Measured, median};
use crate::tables;
use crate::units::{gibibytes, percent};

const COMMAND: &str = "cargo run --release --manifest-path benches/report/Cargo.toml";

const HOW: &str = "\
Each round runs every row of a group once, for 40 ms or one iteration, in an order shuffled anew: a machine whose speed
drifts slows them all down alike. A time is the median of the rounds; a ratio is the median of the ratios within each
round, and in brackets are its quarters: in half of the rounds it was between these two. Ahead or behind is who is so in
three quarters of the rounds; else the two are even. Of `allocations`, `queued_memory`, `round_trip_p50`,
`round_trip_p99` and `idle` there is one sample. All
pools have two workers if the group does not say otherwise, and a peer without handles of its own has a `oneshot` channel
for its results. smol's `blocking` starts threads as it sees fit.

In the tables the best row is the first, and less is better. A peer's ratio is that to the best peer; ours says how it
stands beside the best one: if there are several of ours, beside the best of the same kind (`corepool_count` beside
`recloser_count`). Rows in italics are references, no peers: a call without a breaker, the parts of one, the same
computation on one thread (`serial`), or the same work done by plain threads without a pool. The last column is the time of
these threads over the row's: how much of the cores the work gets. piscina's jobs are JavaScript, of the same length.

The groups from `fib` to `halves_20ms` measure `join`, which takes two closures, runs one of them, and lets another thread
take the other one meanwhile. A job is a join there. Each peer runs the same code on the same number of threads: corepool
and rayon in a job, while the thread that asked for it waits; with chili that thread is one of them. Which half other
threads may take is the same for all.
";

pub(crate) fn page(measured: &Measured, groups: &[Group<'_>]) -> String {
    let parts = [
        "# What was measured\n".to_owned(),
        format!("This page and `results.svg` are written by one command, from a clone:\n\n```sh\n{COMMAND}\n```\n"),
        warning(groups).unwrap_or_default(),
        failures(measured),
        format!("## Rows we lose\n\n{}", tables::lost_rows(groups)),
        format!("## What that is the price of\n\n{}", tables::costs(groups)),
        format!("## Bars\n\nWhat corepool is held to, on a machine of two cores.\n\n{}", tables::bars(groups)),
        format!("## Where and when\n\n{}", conditions(&measured.conditions)),
        format!("## How\n\n{}", how(measured, groups)),
        "## Every group\n".to_owned(),
        sections(groups),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// That these numbers are not to be relied on, if they show it themselves.
pub(crate) fn warning(groups: &[Group<'_>]) -> Option<String> {
    let (group, row) = too_good(groups)?;
    Some(format!(
        "**The machine was busy with something else:** in {group}, {} took less time\nthan the same work takes without a \
         pool. Do not rely on these numbers, and measure again on an idle machine.\n",
        row.peer
    ))
}

fn conditions(conditions: &Conditions) -> String {
    let Conditions { processor, cores, memory_bytes, system, rustc, commit, date, versions } = conditions;
    let versions: Vec<_> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let lines = [
        format!("{processor}, {cores} cores, {} of memory", gibibytes(*memory_bytes)),
        system.clone(),
        rustc.clone(),
        format!("commit {commit}, {date}"),
        versions.join(", "),
    ];
    lines.iter().map(|line| format!("- {line}\n")).collect()
}

fn failures(measured: &Measured) -> String {
    if measured.failures.is_empty() {
        return String::new();
    }
    let lines: String = measured.failures.iter().map(|failure| format!("- {failure}\n")).collect();
    format!("## Not measured\n\n{lines}")
}

fn how(measured: &Measured, groups: &[Group<'_>]) -> String {
    let rounds = match measured.rounds {
        1 => "There was one round: see no more in it than the size of things.".to_owned(),
        rounds => {
            let widths = groups.iter().flat_map(Group::standings).map(|standing| standing.spread().width()).collect();
            let width = percent(median(widths));
            format!(
                "There were {rounds} rounds, and half of the ratios of ours and the best peer's spread by less than ±{width}."
            )
        }
    };
    format!("{rounds}\n{HOW}")
}

fn sections(groups: &[Group<'_>]) -> String {
    let section = |group: &Group<'_>| {
        let words = about::words(group.name).map_or(String::new(), |words| format!("{words}\n\n"));
        format!("### {}\n\n{}{}", group.name, capitalised(&words), tables::group(group))
    };
    groups.iter().map(section).collect::<Vec<_>>().join("\n")
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::all;
    use crate::group::tests::rows;

    fn measured(rounds: u32) -> Measured {
        let conditions = Conditions {
            processor: "Some CPU".to_owned(),
            cores: 2,
            memory_bytes: 1 << 30,
            system: "Linux, kernel 6".to_owned(),
            rustc: "rustc 1.88.0".to_owned(),
            commit: "abc1234+changes".to_owned(),
            date: "2026-01-31".to_owned(),
            versions: vec![("rayon".to_owned(), "1.12.0".to_owned())],
        };
        let rows = rows(&[("burst", "corepool", 1.0), ("brand_new_2_workers", "corepool", 1.0)]);
        Measured { conditions, rounds, rows, failures: vec!["piscina is left out".to_owned()] }
    }

    #[test]
    fn the_page_says_where_what_and_how() {
        let measured = measured(3);
        let page = page(&measured, &all(&measured.rows));
        for part in [
            COMMAND,
            "## Rows we lose\n\nNone.\n",
            "- Some CPU, 2 cores, 1.0 GiB of memory\n",
            "- commit abc1234+changes, 2026-01-31\n",
            "- rayon 1.12.0\n",
            "## Not measured\n\n- piscina is left out\n",
            "There were 3 rounds",
            "### burst\n\n100,000 empty jobs",
            "### brand_new_2_workers\n\n| peer |",
        ] {
            assert!(page.contains(part), "{part} is missing in\n{page}");
        }
    }

    #[test]
    fn a_busy_machine_is_told_first() {
        let mut measured = measured(1);
        measured.rows = rows(&[("grain_9us", "plain_threads", 9.0), ("grain_9us", "rayon+oneshot", 5.0)]);
        let page = page(&measured, &all(&measured.rows));
        let (before, after) = page.split_once("**The machine was busy").expect("a warning");
        assert!(!before.contains("##") && after.contains("in grain_9us, rayon+oneshot took"), "{page}");
    }
}
