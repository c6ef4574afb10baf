//! What was measured, kept in a file so that it can be shown again.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::conditions::Conditions;

/// A number: of a peer, in a group of peers that did the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) group: String,
    pub(crate) peer: String,
    /// The less the better. Of times, that of an iteration.
    pub(crate) value: f64,
    /// `ns` of times.
    pub(crate) unit: String,
    /// In an iteration, if that is jobs.
    pub(crate) jobs: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) conditions: Conditions,
    pub(crate) runs: u32,
    pub(crate) rows: Vec<Row>,
}

impl Measured {
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let unread = || format!("no measurements in {}: measure first, without --only-render", path.display());
        let text = fs::read_to_string(path).with_context(unread)?;
        let unknown = || format!("{} is not as this version writes it: measure again", path.display());
        serde_json::from_str(&text).with_context(unknown)
    }

    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("the measurements are not numbers")?;
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// One row for each peer of each group, with the median of its values, in the order of their first.
pub(crate) fn medians(rows: Vec<Row>) -> Vec<Row> {
    let mut merged: Vec<(Row, Vec<f64>)> = Vec::new();
    for row in rows {
        match merged.iter_mut().find(|(first, _)| first.group == row.group && first.peer == row.peer) {
            Some((_, values)) => values.push(row.value),
            None => merged.push((row.clone(), vec![row.value])),
        }
    }
    merged.into_iter().map(|(first, values)| Row { value: median(values), ..first }).collect()
}

/// Zero of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[odd / 2],
        even => values[even / 2 - 1].midpoint(values[even / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![]), 0.0);
        assert_eq!(median(vec![3.0]), 3.0);
        assert_eq!(median(vec![9.0, 1.0]), 5.0);
        assert_eq!(median(vec![9.0, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn runs_are_merged_by_group_and_peer() {
        let row = |group: &str, peer: &str, value| Row {
            group: group.to_owned(),
            peer: peer.to_owned(),
            value,
            unit: "ns".to_owned(),
            jobs: None,
        };
        let runs =
            vec![row("b", "x", 5.0), row("a", "x", 1.0), row("b", "x", 7.0), row("b", "y", 2.0), row("b", "x", 9.0)];
        assert_eq!(medians(runs), [row("b", "x", 7.0), row("a", "x", 1.0), row("b", "y", 2.0)]);
    }
}
