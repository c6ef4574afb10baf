//! The picture's colours, letters and measures, and what draws with them.

use std::time::Duration;

use anyhow::Result;
use corepool::Priority;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Two opposite corners.
pub type Frame = [(i32, i32); 2];

pub const WIDTH: i32 = 1_000;
pub const MARGIN: i32 = 16;
/// What the names of the lanes take.
pub const NAMES: i32 = 92;

// On a white ground of its own the picture looks the same on a light page and on a dark one.
pub const GROUND: RGBColor = WHITE;
pub const INK: RGBColor = RGBColor(36, 41, 47);
pub const FAINT: RGBColor = RGBColor(95, 104, 112);
pub const GRID: RGBColor = RGBColor(228, 231, 235);
pub const LANE: RGBColor = RGBColor(246, 248, 250);
pub const BLOCKED: RGBColor = RGBColor(190, 196, 203);
pub const SLOW: RGBColor = RGBColor(224, 152, 0);
pub const CANCELLED: RGBColor = RGBColor(190, 20, 60);

/// Told apart by everybody, whichever colours they see.
pub fn colour(priority: Priority) -> RGBColor {
    match priority {
        Priority::High => RGBColor(200, 80, 0),
        Priority::Normal => RGBColor(0, 108, 170),
        _ => RGBColor(0, 128, 96),
    }
}

pub fn pale(colour: RGBColor) -> RGBColor {
    let RGBColor(red, green, blue) = colour;
    let [red, green, blue] = [red, green, blue].map(|part| 255 - (255 - part) / 4);
    RGBColor(red, green, blue)
}

/// Where a moment is on the axis.
#[derive(Clone, Copy)]
pub struct Scale {
    pub length: Duration,
}

impl Scale {
    pub const LEFT: i32 = MARGIN + NAMES;
    pub const RIGHT: i32 = WIDTH - MARGIN;

    pub fn x(self, at: Duration) -> i32 {
        let part = at.as_secs_f64() / self.length.as_secs_f64().max(f64::MIN_POSITIVE);
        Self::LEFT + (f64::from(Self::RIGHT - Self::LEFT) * part.min(1.0)).round() as i32
    }
}

/// At half its height the text begins, is centred or ends.
pub fn letters(size: i32, ink: RGBColor, place: HPos) -> TextStyle<'static> {
    styled(size, FontStyle::Normal, ink, place)
}

pub fn bold(size: i32, ink: RGBColor) -> TextStyle<'static> {
    styled(size, FontStyle::Bold, ink, HPos::Left)
}

fn styled(size: i32, weight: FontStyle, ink: RGBColor, place: HPos) -> TextStyle<'static> {
    // The backend takes a size for that of the line, and writes letters that are so much smaller.
    let font = FontDesc::new(FontFamily::SansSerif, f64::from(size) * 1.24, weight);
    TextStyle { font, color: ink.to_backend_color(), pos: Pos::new(place, VPos::Center) }
}

/// Upwards.
pub fn turned(style: TextStyle<'static>) -> TextStyle<'static> {
    style.transform(FontTransform::Rotate270)
}

pub fn text(area: &Area<'_>, text: &str, place: (i32, i32), style: &TextStyle<'_>) -> Result<()> {
    Ok(area.draw(&Text::new(text, place, style))?)
}

pub fn fill(area: &Area<'_>, frame: Frame, colour: RGBColor) -> Result<()> {
    Ok(area.draw(&Rectangle::new(frame, colour.filled()))?)
}

pub fn line(area: &Area<'_>, ends: Frame, style: ShapeStyle) -> Result<()> {
    Ok(area.draw(&PathElement::new(ends, style))?)
}

/// A cross, for what is cancelled.
pub fn cross(area: &Area<'_>, (x, y): (i32, i32), arm: i32) -> Result<()> {
    let stroke = CANCELLED.stroke_width(2);
    line(area, [(x - arm, y - arm), (x + arm, y + arm)], stroke)?;
    line(area, [(x - arm, y + arm), (x + arm, y - arm)], stroke)
}

/// A triangle on its tip, for what is slow. The place is that of the tip.
pub fn flag(area: &Area<'_>, (x, y): (i32, i32)) -> Result<()> {
    let corners = vec![(x - 5, y - 8), (x + 5, y - 8), (x, y)];
    Ok(area.draw(&Polygon::new(corners, SLOW.filled()))?)
}

/// As much of `name` as has room: all of it, its last parts, or nothing.
pub fn fitting(name: &str, size: i32, room: i32) -> Option<&str> {
    // Which letters a browser takes is not known here: these are those of the widest of the usual ones.
    let fits = |text: &&str| text.chars().count() as i32 * size * 60 / 100 + 4 <= room;
    let tails = name.match_indices('/').map(|(at, _)| &name[at + 1..]);
    std::iter::once(name).chain(tails).find(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_at_the_front() {
        assert_eq!(fitting("tests/breaker/races", 10, 200), Some("tests/breaker/races"));
        assert_eq!(fitting("tests/breaker/races", 10, 90), Some("breaker/races"));
        assert_eq!(fitting("tests/breaker/races", 10, 40), Some("races"));
        assert_eq!(fitting("tests/breaker/races", 10, 20), None);
    }

    #[test]
    fn the_axis_begins_and_ends_in_its_place() {
        let scale = Scale { length: Duration::from_secs(2) };
        assert_eq!(scale.x(Duration::ZERO), Scale::LEFT);
        assert_eq!(scale.x(Duration::from_secs(2)), Scale::RIGHT);
        assert_eq!(Scale { length: Duration::ZERO }.x(Duration::ZERO), Scale::LEFT);
    }
}
