//! Numbers as they are shown: three digits, and what they count.

use crate::outcome::{Outcome, Times};

pub const NOTHING: &str = "–";

/// With three digits, as far as they are behind the point.
pub fn number(value: f64) -> String {
    match value {
        _ if !value.is_finite() => NOTHING.to_owned(),
        _ if value >= 99.95 => grouped(value.round() as u64),
        _ if value >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

pub fn milliseconds(value: f64) -> String {
    format!("{} ms", number(value))
}

pub fn times(ratio: f64) -> String {
    format!("{}×", number(ratio))
}

pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// One of the times to a 200, if there was any.
pub fn served(outcome: &Outcome, time: impl Fn(Times) -> f64) -> String {
    outcome.served.map_or(NOTHING.to_owned(), |times| milliseconds(time(times)))
}

/// One of the times to a 503, if there was any.
pub fn rejected(outcome: &Outcome, time: impl Fn(Times) -> f64) -> String {
    outcome.rejected.map_or(NOTHING.to_owned(), |times| milliseconds(time(times)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_groups() {
        let shown = [f64::NAN, 0.0, 0.123, 9.99, 9.996, 99.94, 99.96, 1_234.5, 1_234_567.0].map(number);
        assert_eq!(shown, [NOTHING, "0.00", "0.12", "9.99", "10.0", "99.9", "100", "1,235", "1,234,567"]);
    }
}
