//! Holds what was measured to the bars.

use crate::bars::{Bar, Must};
use crate::group::Group;
use crate::measured::Row;
use crate::spread::{Spread, ratio};
use crate::units::{amount, percent, times};

/// The row that bars are about.
const OURS: &str = "corepool";
/// The row of one thread.
const SERIAL: &str = "serial";

#[derive(Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) bar: String,
    pub(crate) measured: String,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Met,
    NotMet,
    NotMeasured,
}

pub(crate) fn judge(bar: &Bar, groups: &[Group<'_>]) -> Verdict {
    let found = groups.iter().find(|group| group.name == bar.group);
    let weighed = found.and_then(|group| weigh(&bar.must, group, group.row(OURS)?, groups));
    let (measured, outcome) = match weighed {
        Some((measured, true)) => (measured, Outcome::Met),
        Some((measured, false)) => (measured, Outcome::NotMet),
        None => ("–".to_owned(), Outcome::NotMeasured),
    };
    Verdict { bar: wording(&bar.must), measured, outcome }
}

fn wording(must: &Must) -> String {
    match must {
        Must::BeatBestPeer(least) => format!("at least {least}× as fast as the best peer"),
        Must::BeatEach([peer], least) => format!("at least {least}× as fast as {peer}"),
        Must::BeatEach(peers, least) => format!("at least {least}× as fast as each of {}", peers.join(", ")),
        Must::StayWithin(most, unit) => format!("at most {}", amount(*most, unit)),
        Must::KeepBusy(least) => format!("at least {:.0} % of what plain threads do", least * 100.0),
        Must::BeatOrShareLimit(peer, least, slack) => {
            format!("at least {least}× as fast as {peer}, or both at most {slack}× half of {SERIAL}")
        }
        Must::TakeAtMost(most, row) => format!("at most {most}× {row}"),
        Must::NotOutgrow(group, most) => format!("a job at most {most}× that of {group}"),
    }
}

/// What was measured, and whether that is enough; nothing if a row is missing or of another unit.
fn weigh(must: &Must, group: &Group<'_>, ours: &Row, groups: &[Group<'_>]) -> Option<(String, bool)> {
    match must {
        Must::BeatBestPeer(least) => Some(beat(ours, group.best_peer()?, *least)),
        Must::BeatEach(peers, least) => {
            let rivals = peers.iter().map(|peer| group.row(peer)).collect::<Option<Vec<_>>>()?;
            let fastest = rivals.into_iter().min_by(|a, b| a.value().total_cmp(&b.value()))?;
            Some(beat(ours, fastest, *least))
        }
        Must::StayWithin(most, unit) if *unit == group.unit => {
            Some((amount(ours.value(), unit), ours.value() <= *most))
        }
        Must::StayWithin(..) => None,
        Must::KeepBusy(least) => {
            let busy = Spread::of(group.plain_threads()?, ours).median;
            Some((percent(busy), busy >= *least))
        }
        Must::BeatOrShareLimit(peer, least, slack) => {
            let (rival, serial) = (group.row(peer)?, group.row(SERIAL)?);
            let (measured, is_beaten) = beat(ours, rival, *least);
            let is_at_limit = |row| 2.0 * ratio(row, serial.value()) <= *slack;
            Some((measured, is_beaten || is_at_limit(ours.value()) && is_at_limit(rival.value())))
        }
        Must::TakeAtMost(most, row) => {
            let taken = Spread::of(ours, group.row(row)?).median;
            Some((format!("{} {row}", times(taken)), taken <= *most))
        }
        Must::NotOutgrow(other, most) => {
            let other = groups.iter().find(|group| group.name == *other)?;
            let grown = ratio(a_job(group, ours)?, a_job(other, other.row(OURS)?)?);
            Some((times(grown), grown <= *most))
        }
    }
}

fn beat(ours: &Row, rival: &Row, least: f64) -> (String, bool) {
    let lead = Spread::of(rival, ours).median;
    (format!("{} as fast as {}", times(lead), rival.peer), lead >= least)
}

fn a_job(group: &Group<'_>, row: &Row) -> Option<f64> {
    Some(row.value() / group.jobs? as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::BARS;
    use crate::group::all;
    use crate::group::tests::rows;

    fn outcome(must: Must, values: &[(&str, &str, f64)]) -> Outcome {
        judge(&Bar { group: "a", must }, &all(&rows(values))).outcome
    }

    #[test]
    fn the_best_peer_is_beaten_by_enough_or_not() {
        let values = [("a", "corepool", 10.0), ("a", "rayon+oneshot", 12.0), ("a", "plain_threads", 1.0)];
        assert_eq!(outcome(Must::BeatBestPeer(1.2), &values), Outcome::Met);
        assert_eq!(outcome(Must::BeatBestPeer(1.3), &values), Outcome::NotMet);
        assert_eq!(outcome(Must::BeatBestPeer(1.2), &values[..1]), Outcome::NotMeasured);
        assert_eq!(outcome(Must::BeatBestPeer(1.2), &[]), Outcome::NotMeasured);
    }

    #[test]
    fn each_named_peer_must_be_beaten_and_be_there() {
        let values = [("a", "corepool", 1.0), ("a", "x", 10.0), ("a", "y", 5.0), ("a", "z", 2.0)];
        assert_eq!(outcome(Must::BeatEach(&["x", "y"], 5.0), &values), Outcome::Met);
        assert_eq!(outcome(Must::BeatEach(&["x", "y"], 6.0), &values), Outcome::NotMet);
        assert_eq!(outcome(Must::BeatEach(&["x", "absent"], 5.0), &values), Outcome::NotMeasured);
    }

    #[test]
    fn a_limit_may_be_reached() {
        assert_eq!(outcome(Must::StayWithin(3.0, "ns"), &[("a", "corepool", 3.0)]), Outcome::Met);
        assert_eq!(outcome(Must::StayWithin(0.0, "ns"), &[("a", "corepool", 1.0)]), Outcome::NotMet);
        assert_eq!(outcome(Must::StayWithin(3.0, "ticks"), &[("a", "corepool", 1.0)]), Outcome::NotMeasured);
    }

    #[test]
    fn busy_cores_are_measured_by_plain_threads() {
        let values = [("a", "corepool", 100.0), ("a", "plain_threads", 96.0)];
        assert_eq!(outcome(Must::KeepBusy(0.95), &values), Outcome::Met);
        assert_eq!(outcome(Must::KeepBusy(0.98), &values), Outcome::NotMet);
        assert_eq!(outcome(Must::KeepBusy(0.98), &values[..1]), Outcome::NotMeasured);
    }

    #[test]
    fn at_the_limit_nobody_is_beaten() {
        let values = |ours, rival| [("a", "corepool", ours), ("a", "rayon", rival), ("a", "serial", 20.0)];
        let must = || Must::BeatOrShareLimit("rayon", 1.5, 1.2);
        assert_eq!(outcome(must(), &values(18.0, 27.0)), Outcome::Met);
        assert_eq!(outcome(must(), &values(18.0, 26.0)), Outcome::NotMet);
        assert_eq!(outcome(must(), &values(12.0, 11.0)), Outcome::Met);
        assert_eq!(outcome(must(), &values(12.1, 11.0)), Outcome::NotMet);
        assert_eq!(outcome(must(), &values(11.0, 12.1)), Outcome::NotMet);
        assert_eq!(outcome(must(), &values(11.0, 12.0)[..2]), Outcome::NotMeasured);
    }

    #[test]
    fn another_row_may_be_nearly_as_fast() {
        let values = [("a", "corepool", 11.0), ("a", "serial", 10.0)];
        assert_eq!(outcome(Must::TakeAtMost(1.1, "serial"), &values), Outcome::Met);
        assert_eq!(outcome(Must::TakeAtMost(1.05, "serial"), &values), Outcome::NotMet);
        assert_eq!(outcome(Must::TakeAtMost(1.1, "serial"), &values[..1]), Outcome::NotMeasured);
    }

    #[test]
    fn growth_is_that_of_a_job() {
        let mut rows = rows(&[("a", "corepool", 30.0), ("b", "corepool", 1.0)]);
        rows[0].jobs = Some(2_000);
        let groups = all(&rows);
        let growth = |most| judge(&Bar { group: "a", must: Must::NotOutgrow("b", most) }, &groups);
        assert_eq!(growth(1.5).outcome, Outcome::Met);
        assert_eq!(growth(1.4).outcome, Outcome::NotMet);
        assert_eq!(growth(1.5).measured, "1.50×");
    }

    #[test]
    fn every_bar_has_words_and_without_a_measurement_no_verdict() {
        for bar in &BARS {
            let verdict = judge(bar, &[]);
            assert_eq!(verdict.outcome, Outcome::NotMeasured);
            assert!(!verdict.bar.is_empty());
        }
    }
}
