//! What the colours and marks mean.

use anyhow::Result;
use corepool::Priority;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::style::{Area, BLOCKED, GROUND, INK, MARGIN, colour, cross, fill, flag, letters, pale, text};

const LETTERS: i32 = 13;
const SWATCH: i32 = 14;

pub fn draw(area: &Area<'_>, y: i32) -> Result<()> {
    let mut x = MARGIN;
    for (priority, name) in [(Priority::High, "high priority"), (Priority::Normal, "normal"), (Priority::Low, "low")] {
        let own = colour(priority);
        fill(area, [(x, y - SWATCH / 2), (x + SWATCH, y + SWATCH / 2)], own)?;
        x = name_it(area, name, x + SWATCH, y)?;
    }
    for (index, priority) in [Priority::High, Priority::Normal, Priority::Low].into_iter().enumerate() {
        let left = x + index as i32 * SWATCH / 2;
        fill(area, [(left, y - SWATCH / 2), (left + SWATCH / 2, y + SWATCH / 2)], pale(colour(priority)))?;
    }
    x = name_it(area, "waits in the queue", x + SWATCH * 3 / 2, y)?;
    fill(area, [(x, y - SWATCH / 2), (x + SWATCH, y + SWATCH / 2)], BLOCKED)?;
    x = name_it(area, "submit waits for room", x + SWATCH, y)?;
    cross(area, (x + SWATCH / 2, y), 4)?;
    x = name_it(area, "cancelled", x + SWATCH, y)?;
    let (outer, inner) = (colour(Priority::Normal), [(x + 4, y), (x + SWATCH + 2, y + SWATCH / 2)]);
    fill(area, [(x, y - SWATCH / 2), (x + SWATCH + 6, y + SWATCH / 2)], outer)?;
    area.draw(&Rectangle::new(inner, GROUND.stroke_width(1)))?;
    x = name_it(area, "run by a join", x + SWATCH + 6, y)?;
    flag(area, (x + 6, y + 4))?;
    name_it(area, "reported as slow", x + SWATCH, y).map(|_| ())
}

/// Where the next one may begin.
fn name_it(area: &Area<'_>, name: &str, x: i32, y: i32) -> Result<i32> {
    text(area, name, (x + 6, y), &letters(LETTERS, INK, HPos::Left))?;
    Ok(x + 6 + name.chars().count() as i32 * LETTERS * 53 / 100 + 16)
}
