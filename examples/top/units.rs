//! Times and shares in few letters.

use std::time::Duration;

/// At most seven letters up to a thousand minutes.
pub fn time(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{:.1} ms", micros as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..100_000_000 => format!("{:.1} s", micros as f64 / 1e6),
        _ => format!("{} min", micros / 60_000_000),
    }
}

pub fn or_none(value: Option<Duration>) -> String {
    value.map_or("-".to_owned(), time)
}

pub fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        for (micros, expected) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_049, "1.0 ms"),
            (9_999, "10.0 ms"),
            (10_000, "10 ms"),
            (999_999, "999 ms"),
            (1_500_000, "1.5 s"),
            (120_000_000, "2 min"),
        ] {
            assert_eq!(time(Duration::from_micros(micros)), expected);
        }
    }
}
