//! Peers side by side: who is the best, how far behind the others are, and where we are.

use crate::measured::Row;
use crate::role::{Role, is_plain_threads, role, variant};
use crate::spread::Spread;

/// A lead of less is as good as none: it shows as 1.00.
const EVEN: f64 = 0.005;
/// Plain threads are the ideal: who is faster by more than this was lucky, as something else ran beside the others.
const LUCK: f64 = 0.05;

#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub(crate) name: &'a str,
    pub(crate) unit: &'a str,
    /// In an iteration.
    pub(crate) jobs: Option<u64>,
    /// The best first.
    pub(crate) rows: Vec<&'a Row>,
}

/// One of ours beside the peer that it is compared with.
#[derive(Debug)]
pub(crate) struct Standing<'a> {
    pub(crate) group: &'a str,
    pub(crate) ours: &'a Row,
    pub(crate) rival: &'a Row,
}

/// Ahead or behind by so many times, where three quarters of the rounds agree on which.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lead {
    Ahead(Spread),
    /// Of ours over the rival's.
    Even(Spread),
    Behind(Spread),
}

/// In the order in which the groups appear.
pub(crate) fn all(rows: &[Row]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|group| group.name == row.group) {
            Some(group) => {
                group.jobs = group.jobs.or(row.jobs);
                group.rows.push(row);
            }
            None => groups.push(Group { name: &row.group, unit: &row.unit, jobs: row.jobs, rows: vec![row] }),
        }
    }
    for group in &mut groups {
        group.rows.sort_by(|a, b| a.value().total_cmp(&b.value()));
    }
    groups
}

impl<'a> Group<'a> {
    pub(crate) fn row(&self, peer: &str) -> Option<&'a Row> {
        self.rows.iter().copied().find(|row| row.peer == peer)
    }

    pub(crate) fn best_peer(&self) -> Option<&'a Row> {
        self.peers().next()
    }

    /// The same work done by plain threads.
    pub(crate) fn plain_threads(&self) -> Option<&'a Row> {
        self.rows.iter().copied().find(|row| is_plain_threads(&row.peer))
    }

    pub(crate) fn standings(&self) -> impl Iterator<Item = Standing<'a>> {
        let ours = self.rows.iter().filter(|row| role(&row.peer) == Role::Ours);
        ours.filter_map(|&ours| Some(Standing { group: self.name, ours, rival: self.rival(ours)? }))
    }

    fn peers(&self) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().copied().filter(|row| role(&row.peer) == Role::Peer)
    }

    /// Of a variant, the best of the peers that are of the same, or of all if none is. Of the plain one, the best of those that no
    /// variant of ours is compared with.
    fn rival(&self, ours: &Row) -> Option<&'a Row> {
        let is_of = |peer: &Row, variant| peer.peer.ends_with(&format!("_{variant}"));
        match variant(&ours.peer) {
            Some(variant) => self.peers().find(|peer| is_of(peer, variant)).or_else(|| self.best_peer()),
            None => {
                let variants = || self.rows.iter().filter_map(|row| variant(&row.peer));
                self.peers().find(|peer| !variants().any(|variant| is_of(peer, variant)))
            }
        }
    }
}

impl Standing<'_> {
    /// Of ours over the rival's.
    pub(crate) fn spread(&self) -> Spread {
        Spread::of(self.ours, self.rival)
    }

    pub(crate) fn lead(&self) -> Lead {
        let (behind, ahead) = (Spread::of(self.ours, self.rival), Spread::of(self.rival, self.ours));
        let is_clear = |spread: Spread| spread.median >= 1.0 + EVEN && spread.low > 1.0;
        if is_clear(behind) {
            Lead::Behind(behind)
        } else if is_clear(ahead) {
            Lead::Ahead(ahead)
        } else {
            Lead::Even(behind)
        }
    }
}

/// Where one of ours is behind, the worst first.
pub(crate) fn lost<'a>(groups: &[Group<'a>]) -> Vec<(Standing<'a>, Spread)> {
    let mut lost: Vec<_> = groups
        .iter()
        .flat_map(Group::standings)
        .filter_map(|standing| match standing.lead() {
            Lead::Behind(times) => Some((standing, times)),
            Lead::Ahead(_) | Lead::Even(_) => None,
        })
        .collect();
    lost.sort_by(|(_, a), (_, b)| b.median.total_cmp(&a.median));
    lost
}

/// A row that is better than the ideal of its group can be: its machine was not idle, and no number can be relied on.
pub(crate) fn too_good<'a>(groups: &[Group<'a>]) -> Option<(&'a str, &'a Row)> {
    groups.iter().find_map(|group| {
        let (ideal, best) = (group.plain_threads()?, group.best_peer()?);
        (Spread::of(ideal, best).median > 1.0 + LUCK).then_some((group.name, best))
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Times in groups of a hundred jobs.
    pub(crate) fn rows(values: &[(&str, &str, f64)]) -> Vec<Row> {
        let row = |&(group, peer, value): &(&str, &str, f64)| Row {
            group: group.to_owned(),
            peer: peer.to_owned(),
            rounds: vec![value],
            unit: "ns".to_owned(),
            jobs: Some(100),
        };
        values.iter().map(row).collect()
    }

    fn names<'a>(group: &Group<'a>) -> Vec<&'a str> {
        group.rows.iter().map(|row| row.peer.as_str()).collect()
    }

    #[test]
    fn groups_keep_their_order_and_rows_are_sorted() {
        let rows =
            rows(&[("b", "corepool", 2.0), ("a", "corepool", 1.0), ("b", "bare", 0.5), ("b", "rayon+oneshot", 1.0)]);
        let groups = all(&rows);
        assert_eq!(groups.iter().map(|group| group.name).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(names(&groups[0]), ["bare", "rayon+oneshot", "corepool"]);
        assert_eq!(groups[0].best_peer().map(|row| row.peer.as_str()), Some("rayon+oneshot"));
        assert!(groups[1].best_peer().is_none());
    }

    #[test]
    fn jobs_are_those_of_any_row() {
        let mut rows = rows(&[("a", "piscina", 1.0), ("a", "corepool", 1.0)]);
        rows[0].jobs = None;
        assert_eq!(all(&rows)[0].jobs, Some(100));
    }

    #[test]
    fn a_variant_is_compared_with_its_like() {
        let rows = rows(&[
            ("rate_1", "corepool_count", 5.0),
            ("rate_1", "corepool_time", 6.0),
            ("rate_1", "corepool_permit", 7.0),
            ("rate_1", "failsafe_time", 9.0),
            ("rate_1", "recloser_count", 4.0),
        ]);
        let group = &all(&rows)[0];
        let rivals: Vec<_> = group.standings().map(|standing| standing.rival.peer.as_str()).collect();
        assert_eq!(rivals, ["recloser_count", "failsafe_time", "recloser_count"]);
    }

    #[test]
    fn the_plain_one_is_not_compared_with_what_a_variant_is_like() {
        let mut rows =
            rows(&[("nested", "corepool", 9.0), ("nested", "corepool_join", 1.0), ("nested", "rayon_join", 2.0)]);
        let standings =
            |rows: &[Row]| all(rows)[0].standings().map(|standing| standing.ours.peer.clone()).collect::<Vec<_>>();
        assert_eq!(standings(&rows), ["corepool_join"]);
        rows.remove(1);
        assert_eq!(standings(&rows), ["corepool"]);
    }

    #[test]
    fn a_lead_that_the_rounds_do_not_agree_on_is_none() {
        let mut rows = rows(&[("a", "corepool", 0.0), ("a", "rayon+oneshot", 0.0)]);
        let mut lead = |ours: &[f64], rivals: &[f64]| {
            (rows[0].rounds, rows[1].rounds) = (ours.to_vec(), rivals.to_vec());
            all(&rows)[0].standings().next().expect("both are there").lead()
        };
        let clear = lead(&[1.0, 1.0, 1.0, 1.0, 3.0], &[2.0; 5]);
        assert!(matches!(clear, Lead::Ahead(Spread { median: 2.0, .. })), "{clear:?}");
        let torn = lead(&[1.0, 1.0, 1.0, 3.0, 3.0], &[2.0; 5]);
        assert!(matches!(torn, Lead::Even(Spread { median: 0.5, .. })), "{torn:?}");
        let lost = lead(&[3.0; 5], &[2.0; 5]);
        assert!(matches!(lost, Lead::Behind(Spread { median: 1.5, .. })), "{lost:?}");
    }

    #[test]
    fn lost_rows_are_the_worst_first() {
        let rows = rows(&[
            ("ahead", "corepool", 1.0),
            ("ahead", "rayon+oneshot", 2.0),
            ("behind", "corepool", 3.0),
            ("behind", "rayon+oneshot", 2.0),
            ("even", "corepool", 1.004),
            ("even", "rayon+oneshot", 1.0),
            ("far", "corepool", 9.0),
            ("far", "rayon+oneshot", 2.0),
            ("far", "plain_threads", 1.0),
            ("alone", "corepool", 9.0),
            ("none", "corepool", 1.0),
            ("none", "rayon+oneshot", 0.0),
        ]);
        let groups = all(&rows);
        let lost: Vec<_> = lost(&groups).into_iter().map(|(standing, times)| (standing.group, times.median)).collect();
        assert_eq!(lost, [("none", f64::INFINITY), ("far", 4.5), ("behind", 1.5)]);
    }

    #[test]
    fn nobody_is_better_than_the_ideal() {
        let rows = rows(&[
            ("grain_1us", "plain_threads", 100.0),
            ("grain_1us", "rayon+oneshot", 96.0),
            ("grain_9us", "plain_threads", 100.0),
            ("grain_9us", "rayon+oneshot", 94.0),
            ("burst", "rayon+oneshot", 1.0),
        ]);
        let groups = all(&rows);
        assert_eq!(
            too_good(&groups).map(|(group, row)| (group, row.peer.as_str())),
            Some(("grain_9us", "rayon+oneshot"))
        );
        assert!(too_good(&groups[..1]).is_none());
    }
}
