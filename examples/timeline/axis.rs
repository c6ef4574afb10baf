//! The axis of time, and the lines that lead up from it.

use std::time::Duration;

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::style::{Area, FAINT, GRID, Scale, letters, line, text};

pub const HEIGHT: i32 = 34;
/// At most so many steps on the axis.
const STEPS: u32 = 12;

/// The lines go behind everything else, so this is drawn first.
pub fn draw(area: &Area<'_>, scale: Scale, top: i32, bottom: i32) -> Result<()> {
    let step = step(scale.length);
    let (unit, nanos) = unit(step);
    let mut at = Duration::ZERO;
    while at <= scale.length {
        let x = scale.x(at);
        line(area, [(x, top), (x, bottom + 5)], GRID.stroke_width(1))?;
        let label = format!("{}", at.as_nanos() / nanos);
        text(area, &label, (x, bottom + 15), &letters(12, FAINT, HPos::Center))?;
        at += step;
    }
    text(area, &format!("time, {unit}"), (Scale::LEFT - 12, bottom + 15), &letters(12, FAINT, HPos::Right))
}

/// 1, 2 or 5 of some power of ten.
fn step(length: Duration) -> Duration {
    let least = (length / STEPS).max(Duration::from_nanos(1));
    let mut power = Duration::from_nanos(1);
    while power * 10 <= least {
        power *= 10;
    }
    [1, 2, 5, 10].map(|times| power * times).into_iter().find(|step| *step >= least).unwrap_or(power * 10)
}

/// In which the steps are whole numbers, and its nanoseconds.
fn unit(step: Duration) -> (&'static str, u128) {
    let units = [("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000), ("ns", 1)];
    units.into_iter().find(|(_, nanos)| step.as_nanos() >= *nanos).unwrap_or(("ns", 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (length, expected, expected_unit) in [(143, 20, "ms"), (90, 10, "ms"), (12_000, 1_000, "s"), (0, 0, "ns")] {
            let step = step(Duration::from_millis(length));
            assert_eq!((step.as_millis(), unit(step).0), (expected, expected_unit), "of {length} ms");
        }
    }
}
