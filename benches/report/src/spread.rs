//! How two rows compare: by the ratio within each round.

use crate::measured::{Row, quantile};

/// The median of the rounds' ratios, and the quarters around it: in half of the rounds the ratio was between these two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// How many times the other one it is.
    pub(crate) fn of(row: &Row, other: &Row) -> Self {
        let rounds: Vec<f64> = row.rounds.iter().zip(&other.rounds).map(|(&a, &b)| ratio(a, b)).collect();
        let at = |part| quantile(rounds.clone(), part);
        Self { low: at(0.25), median: at(0.5), high: at(0.75) }
    }

    /// Half of the distance between the quarters, as a part of the median.
    pub(crate) fn width(self) -> f64 {
        if self.low == self.high { 0.0 } else { (self.high - self.low) / 2.0 / self.median }
    }
}

/// How many times the other one it is. Nothing is as much as nothing, and infinitely less than anything.
pub(crate) fn ratio(value: f64, other: f64) -> f64 {
    if value == other { 1.0 } else { value / other }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rounds: &[f64]) -> Row {
        Row { group: String::new(), peer: String::new(), rounds: rounds.to_vec(), unit: "ns".to_owned(), jobs: None }
    }

    #[test]
    fn ratios_of_nothing_are_defined() {
        assert_eq!(ratio(6.0, 3.0), 2.0);
        assert_eq!(ratio(0.0, 0.0), 1.0);
        assert_eq!(ratio(0.0, 3.0), 0.0);
        assert_eq!(ratio(3.0, 0.0), f64::INFINITY);
    }

    /// The machine was half as fast in the second round, for both.
    #[test]
    fn what_slows_a_whole_round_down_changes_no_ratio() {
        let spread = Spread::of(&row(&[2.0, 4.0, 2.2]), &row(&[1.0, 2.0, 1.1]));
        assert_eq!((spread.low, spread.median, spread.high, spread.width()), (2.0, 2.0, 2.0, 0.0));
    }

    #[test]
    fn the_quarters_are_around_the_median() {
        let spread = Spread::of(&row(&[1.0, 5.0, 2.0, 4.0, 3.0]), &row(&[1.0; 5]));
        assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
        assert_eq!(spread.width(), 1.0 / 3.0);
    }

    #[test]
    fn one_round_has_no_width() {
        assert_eq!(Spread::of(&row(&[3.0]), &row(&[0.0])).width(), 0.0);
    }
}
