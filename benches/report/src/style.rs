//! The chart's colours and letters.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

// Blue beside greys: told apart by everybody, and in print.
pub(crate) const OURS: RGBColor = RGBColor(0, 114, 178);
pub(crate) const PEER: RGBColor = RGBColor(160, 168, 176);
pub(crate) const REFERENCE: RGBColor = RGBColor(218, 222, 226);
pub(crate) const INK: RGBColor = RGBColor(36, 41, 47);
pub(crate) const FAINT: RGBColor = RGBColor(95, 104, 112);

#[derive(Clone, Copy)]
pub(crate) enum Weight {
    Normal,
    Bold,
}

impl Weight {
    /// Text that begins at its point, at half its height.
    pub(crate) fn style(self, size: u32, colour: RGBColor) -> TextStyle<'static> {
        let weight = match self {
            Self::Normal => FontStyle::Normal,
            Self::Bold => FontStyle::Bold,
        };
        let font = FontDesc::new(FontFamily::SansSerif, f64::from(size), weight);
        TextStyle { font, color: colour.to_backend_color(), pos: Pos::new(HPos::Left, VPos::Center) }
    }

    /// Text that ends at its point.
    pub(crate) fn style_to_the_left(self, size: u32, colour: RGBColor) -> TextStyle<'static> {
        self.style(size, colour).pos(Pos::new(HPos::Right, VPos::Center))
    }
}
