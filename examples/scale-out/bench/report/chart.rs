//! The chart: a row for each step, with a bar for each of three numbers, on a white ground.

use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::measured::{Load, Measured};
use crate::units::{milliseconds, number};

// Blue beside grey: told apart by everybody, and in print.
const OURS: RGBColor = RGBColor(0, 114, 178);
const NODE: RGBColor = RGBColor(160, 168, 176);
const INK: RGBColor = RGBColor(36, 41, 47);
const FAINT: RGBColor = RGBColor(95, 104, 112);

const WIDTH: i32 = 1_000;
const MARGIN: i32 = 20;
const HEAD: i32 = 76;
const FOOT: i32 = 36;
const ROW: i32 = 26;
const BAR: i32 = 16;
const GAP: i32 = 8;
/// What the names on the left take of the width, and the number behind a bar of its column.
const NAMES: i32 = 230;
const NUMBER: i32 = 76;
const LETTERS: u32 = 15;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

struct Column {
    title: &'static str,
    value: fn(&Load) -> f64,
    shown: fn(f64) -> String,
}

const COLUMNS: [Column; 3] = [
    Column { title: "served a second: more is better", value: |load| load.autocannon.each_second(200), shown: number },
    Column { title: "their p99: less is better", value: |load| load.autocannon.latency.p99, shown: milliseconds },
    Column {
        title: "p99 of /healthz: less is better",
        value: |load| load.healthz.served.map_or(f64::NAN, |times| times.p99),
        shown: milliseconds,
    },
];

pub fn svg(measured: &Measured) -> Result<String> {
    let loads = measured.loads();
    let height = HEAD + ROW * loads.len() as i32 + FOOT;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        let of = |name| measured.condition(name);
        let title = format!("fib({}) over HTTP, {} connections, on {} cores", of("n"), of("connections"), of("cores"));
        text(&area, &title, (MARGIN, 26), &style(20, INK, FontStyle::Bold))?;
        for (load, y) in loads.iter().zip((HEAD..).step_by(ROW as usize)) {
            let name = style(LETTERS, INK, FontStyle::Normal).pos(Pos::new(HPos::Right, VPos::Center));
            text(&area, load.step.label(), (MARGIN + NAMES - GAP, y + ROW / 2), &name)?;
        }
        let width = (WIDTH - 2 * MARGIN - NAMES) / COLUMNS.len() as i32;
        for (column, x) in COLUMNS.iter().zip((MARGIN + NAMES..).step_by(width as usize)) {
            draw(&area, column, loads, x, width)?;
        }
        let origin = format!("{}, commit {}", of("processor"), of("commit"));
        text(&area, &origin, (MARGIN, height - FOOT / 2), &style(LETTERS - 1, FAINT, FontStyle::Normal))?;
        area.present()?;
    }
    Ok(svg)
}

fn draw(area: &Area<'_>, column: &Column, loads: &[Load], x: i32, width: i32) -> Result<()> {
    text(area, column.title, (x, HEAD - 14), &style(LETTERS, INK, FontStyle::Bold))?;
    let longest = loads.iter().map(column.value).fold(0.0, f64::max);
    for (load, top) in loads.iter().zip((HEAD..).step_by(ROW as usize)) {
        let (value, middle) = ((column.value)(load), top + ROW / 2);
        let part = if longest > 0.0 { value / longest } else { 0.0 };
        let end = x + ((f64::from(width - NUMBER - GAP) * part).round() as i32).max(1);
        let colour = if load.step.is_ours() { OURS } else { NODE };
        area.draw(&Rectangle::new([(x, middle - BAR / 2), (end, middle + BAR / 2)], colour.filled()))?;
        let shown = if value.is_nan() { "none".to_owned() } else { (column.shown)(value) };
        text(area, &shown, (end + GAP / 2, middle), &style(LETTERS, INK, FontStyle::Normal))?;
    }
    Ok(())
}

fn text(area: &Area<'_>, text: &str, place: (i32, i32), style: &TextStyle<'_>) -> Result<()> {
    Ok(area.draw(&Text::new(text, place, style))?)
}

/// Text that begins at its point, at half its height.
fn style(size: u32, colour: RGBColor, weight: FontStyle) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::SansSerif, f64::from(size), weight);
    TextStyle { font, color: colour.to_backend_color(), pos: Pos::new(HPos::Left, VPos::Center) }
}
