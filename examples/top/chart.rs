//! The queue over time, below its bound, and beside it what became of jobs.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Text};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType};

use super::draw::{ACCENT, BAD, FRAME, GOOD, panel};
use super::reading::{HISTORY, PER_SECOND};
use super::view::{Queue, Rate, RateKind, View};

const RATES: u16 = 20;

pub fn draw(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let [left, right] = Layout::horizontal([Constraint::Min(10), Constraint::Length(RATES)]).spacing(2).areas(area);
    queue(frame, left, &view.queue);
    let rates: Vec<Line<'_>> = view.rates.iter().map(rate).collect();
    frame.render_widget(Text::from(rates), panel("jobs a second").inner(right));
    frame.render_widget(panel("jobs a second"), right);
}

fn queue(frame: &mut Frame<'_>, area: Rect, queue: &Queue) {
    let highest = queue.history.iter().copied().max().unwrap_or(0);
    let top = queue.bound.unwrap_or(0).max(highest).max(1);
    let depth = bars(&queue.history);
    let end = HISTORY as f64;
    let bound = queue.bound.map(|bound| [(0.0, bound as f64), (end, bound as f64)]);
    let mut lines = Vec::new();
    if let Some(bound) = &bound {
        lines.push(Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line).fg(BAD).data(bound));
    }
    lines.push(Dataset::default().marker(Marker::Braille).graph_type(GraphType::Bar).fg(ACCENT).data(&depth));
    let ago = format!("-{} s", HISTORY / PER_SECOND);
    let chart = Chart::new(lines)
        .block(panel(&title(queue)))
        .legend_position(None)
        .x_axis(Axis::default().bounds([0.0, end]).labels([ago, "now".to_owned()]).style(FRAME))
        .y_axis(Axis::default().bounds([0.0, top as f64]).labels(["0".to_owned(), top.to_string()]).style(FRAME));
    frame.render_widget(chart, area);
}

/// The last at the right end, each so wide that there is no gap to the next.
fn bars(history: &[u64]) -> Vec<(f64, f64)> {
    let first = HISTORY.saturating_sub(history.len());
    let bar = |(at, depth): (usize, &u64)| {
        let parts = [0.0, 0.25, 0.5, 0.75].map(|part| part + (first + at) as f64);
        parts.map(|x| (x, *depth as f64))
    };
    history.iter().enumerate().flat_map(bar).collect()
}

fn title(queue: &Queue) -> String {
    let depth = queue.depth();
    let mut title = match queue.bound {
        Some(bound) => format!("queue: {depth} of {bound}"),
        None => format!("queue: {depth}, no bound"),
    };
    if queue.waiting > 0 {
        title += &format!(", {} in line for room", queue.waiting);
    }
    title
}

fn rate(rate: &Rate) -> Line<'static> {
    let colour = match rate.kind {
        RateKind::Good => Style::new().fg(GOOD),
        RateKind::Bad if rate.per_second > 0.0 => Style::new().fg(BAD),
        RateKind::Bad => Style::new(),
    };
    Line::styled(format!("{:<11}{:>9.0}", rate.what, rate.per_second), colour)
}
