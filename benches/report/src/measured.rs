//! What was measured, kept in a file so that it can be shown again.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::conditions::Conditions;

/// The numbers of a peer, in a group of peers that did the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) group: String,
    pub(crate) peer: String,
    /// One for each round, the less the better. Of times, that of an iteration.
    pub(crate) rounds: Vec<f64>,
    /// `ns` of times.
    pub(crate) unit: String,
    /// In an iteration, if that is jobs.
    pub(crate) jobs: Option<u64>,
}

impl Row {
    pub(crate) fn value(&self) -> f64 {
        median(self.rounds.clone())
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) conditions: Conditions,
    /// As many as were asked for.
    pub(crate) rounds: u32,
    pub(crate) rows: Vec<Row>,
    /// What could not be measured, or not to its end, and why.
    pub(crate) failures: Vec<String>,
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

/// Zero of none.
pub(crate) fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this part of the values is, between two of them where none is there.
pub(crate) fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    let place = part * last as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    // So that infinity is not multiplied by nothing.
    if below == above { below } else { below + (above - below) * place.fract() }
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
        assert_eq!(median(vec![f64::INFINITY; 2]), f64::INFINITY);
    }

    #[test]
    fn quantiles_are_between_the_values() {
        let values = vec![5.0, 1.0, 3.0, 2.0, 4.0];
        assert_eq!([0.0, 0.25, 0.75, 1.0].map(|part| quantile(values.clone(), part)), [1.0, 2.0, 4.0, 5.0]);
        assert_eq!(quantile(vec![1.0, 2.0], 0.25), 1.25);
    }
}
