//! Numbers as people read them: three digits and a unit.

const UNITS: [(f64, &str); 4] = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")];
/// From here on a number is rounded up to the next unit.
const NEARLY: f64 = 0.999_5;

/// Of a row's unit.
pub(crate) fn amount(value: f64, unit: &str) -> String {
    match unit {
        "ns" => time(value),
        // Counts: whole ones without a fraction.
        _ if value.fract() == 0.0 => format!("{value} {unit}"),
        _ => format!("{} {unit}", digits(value)),
    }
}

pub(crate) fn time(ns: f64) -> String {
    let (size, unit) = UNITS.into_iter().find(|(size, _)| ns >= size * NEARLY).unwrap_or((1.0, "ns"));
    format!("{} {unit}", digits(ns / size))
}

pub(crate) fn times(ratio: f64) -> String {
    if ratio.is_infinite() { "∞×".to_owned() } else { format!("{}×", digits(ratio)) }
}

pub(crate) fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

pub(crate) fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

/// 100000 as 100,000.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn digits(number: f64) -> String {
    if number < 9.995 {
        format!("{number:.2}")
    } else if number < 99.95 {
        format!("{number:.1}")
    } else {
        grouped(number.round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_the_unit_that_fits() {
        for (ns, text) in [
            (0.0, "0.00 ns"),
            (1.234, "1.23 ns"),
            (999.4, "999 ns"),
            (999.6, "1.00 µs"),
            (12_345.0, "12.3 µs"),
            (123_456.0, "123 µs"),
            (9_996_000.0, "10.0 ms"),
            (2.5e9, "2.50 s"),
            (4.2e12, "4,200 s"),
        ] {
            assert_eq!(time(ns), text);
        }
    }

    #[test]
    fn other_amounts_keep_their_unit() {
        assert_eq!(amount(1_500.0, "ns"), "1.50 µs");
        assert_eq!(amount(0.0, "ticks"), "0 ticks");
        assert_eq!(amount(96.36, "bytes a job"), "96.4 bytes a job");
        assert_eq!(amount(1.0, "a job"), "1 a job");
    }

    #[test]
    fn ratios_and_parts() {
        assert_eq!(times(1.0), "1.00×");
        assert_eq!(times(1_234.5), "1,235×");
        assert_eq!(times(f64::INFINITY), "∞×");
        assert_eq!(percent(0.9512), "95.1 %");
        assert_eq!(gibibytes(3 << 29), "1.5 GiB");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
