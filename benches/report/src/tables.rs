//! Tables in Markdown: one for each group, one of the bars, one of the rows we lose.

use crate::about;
use crate::bars::BARS;
use crate::group::{Group, Lead, Standing, lost};
use crate::judge::{Outcome, judge};
use crate::measured::Row;
use crate::role::{Role, role};
use crate::spread::Spread;
use crate::units::{amount, percent, time, times};

const NOTHING: &str = "–";

/// Columns of numbers are aligned to the right.
#[derive(Clone, Copy)]
enum Column {
    Words(&'static str),
    Number(&'static str),
}

use Column::{Number, Words};

fn table(columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let title = |column: &Column| match column {
        Words(title) | Number(title) => (*title).to_owned(),
    };
    let rule = |column: &Column| match column {
        Words(_) => "---".to_owned(),
        Number(_) => "---:".to_owned(),
    };
    let mut text = line(columns.iter().map(title).collect());
    text.push_str(&line(columns.iter().map(rule).collect()));
    text.extend(rows.into_iter().map(line));
    text
}

pub(crate) fn lost_rows(groups: &[Group<'_>]) -> String {
    let lost = lost(groups);
    if lost.is_empty() {
        return "None.\n".to_owned();
    }
    let row = |(standing, behind): (Standing<'_>, Spread)| {
        let Standing { group, ours, rival } = standing;
        let shown = |row: &Row| amount(row.value(), &row.unit);
        vec![group.to_owned(), ours.peer.clone(), shown(ours), rival.peer.clone(), shown(rival), spread(behind)]
    };
    let columns = [Words("group"), Words("ours"), Number(""), Words("best peer"), Number(""), Number("behind")];
    table(&columns, lost.into_iter().map(row))
}

/// What costs it, for each group in which a row is lost or a bar is not met.
pub(crate) fn costs(groups: &[Group<'_>]) -> String {
    let lost = lost(groups).into_iter().map(|(standing, _)| standing.group);
    let failed = BARS.iter().filter(|bar| judge(bar, groups).outcome == Outcome::NotMet).map(|bar| bar.group);
    let mut named = Vec::new();
    for group in lost.chain(failed) {
        if !named.contains(&group) {
            named.push(group);
        }
    }
    let mut lines: Vec<(&str, Vec<&str>)> = Vec::new();
    for (group, cost) in named.into_iter().filter_map(|group| Some((group, about::cost(group)?))) {
        match lines.iter_mut().find(|(known, _)| *known == cost) {
            Some((_, groups)) => groups.push(group),
            None => lines.push((cost, vec![group])),
        }
    }
    let line = |(cost, groups): (&str, Vec<&str>)| format!("- {}: {cost}.\n", groups.join(", "));
    lines.into_iter().map(line).collect()
}

pub(crate) fn bars(groups: &[Group<'_>]) -> String {
    let row = |bar| {
        let verdict = judge(bar, groups);
        let outcome = match verdict.outcome {
            Outcome::Met => "met",
            Outcome::NotMet => "**not met**",
            Outcome::NotMeasured => "not measured",
        };
        vec![bar.group.to_owned(), verdict.bar, verdict.measured, outcome.to_owned()]
    };
    table(&[Words("group"), Words("bar"), Words("measured"), Words("")], BARS.iter().map(row))
}

/// The best first. Times of more than one job are shown of a job, too, and the use of the cores where plain threads did
/// the same work.
pub(crate) fn group(group: &Group<'_>) -> String {
    let jobs = group.jobs.filter(|&jobs| jobs > 1);
    let is_time = group.unit == "ns";
    let mut columns = vec![Words("peer"), Number(if is_time { "an iteration" } else { "amount" })];
    if jobs.is_some() {
        columns.push(Number("a job"));
    }
    columns.push(Words("beside the best peer"));
    if group.plain_threads().is_some() {
        columns.push(Number("of plain threads"));
    }
    let row = |&row: &&Row| {
        let mut cells = vec![name(row), amount(row.value(), group.unit)];
        cells.extend(jobs.map(|jobs| time(row.value() / jobs as f64)));
        cells.push(place(group, row));
        cells.extend(group.plain_threads().map(|threads| percent(Spread::of(threads, row).median)));
        cells
    };
    table(&columns, group.rows.iter().map(row))
}

fn name(row: &Row) -> String {
    match role(&row.peer) {
        Role::Ours => format!("**{}**", row.peer),
        Role::Peer => row.peer.clone(),
        Role::Reference => format!("*{}*", row.peer),
    }
}

/// Where a row is: ours in words, a peer by its ratio to the best of them.
fn place(group: &Group<'_>, row: &Row) -> String {
    match role(&row.peer) {
        Role::Ours => {
            let standing = group.standings().find(|standing| standing.ours.peer == row.peer);
            standing.map_or("no peer".to_owned(), |standing| format!("**{}**", in_words(&standing)))
        }
        Role::Peer => group.best_peer().map_or(NOTHING.to_owned(), |best| spread(Spread::of(row, best))),
        Role::Reference => "reference".to_owned(),
    }
}

fn in_words(standing: &Standing<'_>) -> String {
    let (less, more) = if standing.ours.unit == "ns" { ("faster", "slower") } else { ("less", "more") };
    let rival = &standing.rival.peer;
    match standing.lead() {
        Lead::Ahead(lead) if lead.median.is_finite() => format!("{} {less} than {rival}", spread(lead)),
        Lead::Behind(behind) if behind.median.is_finite() => format!("{} {more} than {rival}", spread(behind)),
        Lead::Ahead(_) => format!("{less} than {rival}"),
        Lead::Behind(_) => format!("{more} than {rival}"),
        Lead::Even(even) if even.low == even.high => format!("as {rival}"),
        Lead::Even(even) => format!("as {rival}: {}", spread(even)),
    }
}

/// With the quarters behind it, unless all rounds agree.
fn spread(spread: Spread) -> String {
    let Spread { low, median, high } = spread;
    if low == high { times(median) } else { format!("{} ({}–{})", times(median), times(low), times(high)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::all;
    use crate::group::tests::rows;

    #[test]
    fn a_group_with_plain_threads_shows_all_columns() {
        let rows = rows(&[
            ("grain_10us_busy", "corepool", 200.0),
            ("grain_10us_busy", "rayon+oneshot", 300.0),
            ("grain_10us_busy", "plain_threads", 100.0),
        ]);
        let expected = "\
| peer | an iteration | a job | beside the best peer | of plain threads |
| --- | ---: | ---: | --- | ---: |
| *plain_threads* | 100 ns | 1.00 ns | reference | 100.0 % |
| **corepool** | 200 ns | 2.00 ns | **1.50× faster than rayon+oneshot** | 50.0 % |
| rayon+oneshot | 300 ns | 3.00 ns | 1.00× | 33.3 % |
";
        assert_eq!(group(&all(&rows)[0]), expected);
    }

    #[test]
    fn amounts_and_groups_without_peers_are_shown() {
        let mut rows =
            rows(&[("idle_2", "corepool", 0.0), ("idle_2", "other", 3.0), ("half_open", "corepool_probe", 1.0)]);
        for row in &mut rows {
            row.jobs = None;
        }
        for row in &mut rows[..2] {
            "ticks".clone_into(&mut row.unit);
        }
        let groups = all(&rows);
        let idle = group(&groups[0]);
        assert!(idle.contains("| **corepool** | 0 ticks | **less than other** |"), "{idle}");
        assert!(idle.contains("| other | 3 ticks | 1.00× |"), "{idle}");
        assert!(group(&groups[1]).contains("| **corepool_probe** | 1.00 ns | no peer |"));
    }

    #[test]
    fn rounds_that_differ_show_how_far() {
        let mut rows = rows(&[("a", "corepool", 1.0), ("a", "x", 1.0), ("a", "y", 1.0)]);
        rows[0].rounds = vec![100.0; 5];
        rows[1].rounds = vec![150.0, 160.0, 170.0, 180.0, 190.0];
        rows[2].rounds = vec![400.0; 5];
        let shown = group(&all(&rows)[0]);
        assert!(shown.contains("| **1.70× (1.60×–1.80×) faster than x** |"), "{shown}");
        assert!(shown.contains("| y | 400 ns | 4.00 ns | 2.35× (2.22×–2.50×) |"), "{shown}");
    }

    #[test]
    fn lost_rows_are_shown_or_none() {
        let lost = rows(&[("burst", "corepool", 3_000.0), ("burst", "rayon+oneshot", 2_000.0)]);
        let shown = lost_rows(&all(&lost));
        assert!(shown.ends_with("| burst | corepool | 3.00 µs | rayon+oneshot | 2.00 µs | 1.50× |\n"), "{shown}");
        assert_eq!(lost_rows(&all(&lost[..1])), "None.\n");
    }
}
