//! One group of the chart: a bar for each peer, the best first, with its time and how many times ours that is.

use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::group::Group;
use crate::measured::{Row, median};
use crate::role::{Role, role};
use crate::spread::Spread;
use crate::style::{FAINT, INK, OURS, PEER, REFERENCE, Weight};
use crate::units::{time, times};

pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) group: &'static str,
    pub(crate) title: &'static str,
    pub(crate) shown: Shown,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown {
    Job,
    Iteration,
}

const HEAD: i32 = 26;
const FOOT: i32 = 22;
const ROW: i32 = 20;
const BAR: i32 = 14;
/// What the names on the left and the times on the right take of the width.
const NAMES: i32 = 152;
const TIMES: i32 = 112;
const GAP: i32 = 8;
const LETTERS: u32 = 15;
/// A bar is cut at so many times the median of its group, so that it does not flatten the others.
const LONGEST: f64 = 2.0;

pub(crate) fn height(group: &Group<'_>) -> i32 {
    HEAD + ROW * group.rows.len() as i32 + FOOT
}

pub(crate) fn text(area: &Area<'_>, text: &str, place: (i32, i32), style: &TextStyle<'_>) -> Result<()> {
    Ok(area.draw(&Text::new(text, place, style))?)
}

pub(crate) fn draw(area: &Area<'_>, panel: &Panel, group: &Group<'_>, (x, y): (i32, i32), width: i32) -> Result<()> {
    text(area, panel.title, (x, y + HEAD / 2 - 2), &Weight::Bold.style(LETTERS + 1, INK))?;
    let longest = longest(&group.rows);
    let (left, room) = (x + NAMES, width - NAMES - TIMES);
    for (row, top) in group.rows.iter().zip((y + HEAD..).step_by(ROW as usize)) {
        let middle = top + ROW / 2;
        let (colour, ink, weight) = match role(&row.peer) {
            Role::Ours => (OURS, OURS, Weight::Bold),
            Role::Peer => (PEER, INK, Weight::Normal),
            Role::Reference => (REFERENCE, FAINT, Weight::Normal),
        };
        text(area, &row.peer, (left - GAP, middle), &weight.style_to_the_left(LETTERS, ink))?;
        let part = if longest > 0.0 { (row.value() / longest).min(1.0) } else { 0.0 };
        let end = left + ((f64::from(room) * part).round() as i32).max(1);
        area.draw(&Rectangle::new([(left, middle - BAR / 2), (end, middle + BAR / 2)], colour.filled()))?;
        if row.value() > longest {
            cut(area, end, middle)?;
        }
        text(area, &label(panel, group, row), (end + GAP, middle), &weight.style(LETTERS, ink))?;
    }
    Ok(())
}

/// A slanting gap shortly before the end.
fn cut(area: &Area<'_>, end: i32, middle: i32) -> Result<()> {
    let (low, high) = (middle + BAR / 2 + 1, middle - BAR / 2 - 1);
    let gap = vec![(end - 20, low), (end - 15, low), (end - 9, high), (end - 14, high)];
    Ok(area.draw(&Polygon::new(gap, WHITE.filled()))?)
}

/// The value whose bar takes all the room.
fn longest(rows: &[&Row]) -> f64 {
    let values: Vec<_> = rows.iter().map(|row| row.value()).collect();
    let slowest = values.iter().copied().fold(0.0, f64::max);
    slowest.min(LONGEST * median(values))
}

fn label(panel: &Panel, group: &Group<'_>, row: &Row) -> String {
    let jobs = match panel.shown {
        Shown::Job => group.jobs.unwrap_or(1),
        Shown::Iteration => 1,
    };
    let shown = time(row.value() / jobs as f64);
    match group.row("corepool") {
        Some(ours) if ours.peer != row.peer => format!("{shown} · {}", times(Spread::of(row, ours).median)),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::all;
    use crate::group::tests::rows;

    #[test]
    fn only_an_outlier_is_cut() {
        let near = rows(&[("a", "x", 1.5), ("a", "y", 2.0), ("a", "z", 3.0)]);
        assert_eq!(longest(&all(&near)[0].rows), 3.0);
        let far = rows(&[("a", "x", 1.0), ("a", "y", 2.0), ("a", "z", 100.0)]);
        assert_eq!(longest(&all(&far)[0].rows), 4.0);
    }
}
