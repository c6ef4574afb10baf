//! A bar for each worker, and the jobs it runs.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::LineGauge;

use super::draw::{ACCENT, FRAME, TITLE, WARNING, panel};
use super::units::{percent, time};
use super::view::{Running, View, Worker};

const LABEL: usize = 5;
/// The bar with its label.
const BAR: u16 = 28;

pub fn height(view: &View) -> u16 {
    TITLE + u16::try_from(view.workers.len()).unwrap_or(u16::MAX - TITLE)
}

pub fn draw(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let block = panel("workers: busy in the last half second, and what they run now");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let rows: Vec<Rect> = inner.rows().collect();
    let is_cut = rows.len() < view.workers.len();
    let shown = if is_cut { rows.len().saturating_sub(1) } else { view.workers.len() };
    for ((index, worker), row) in view.workers.iter().enumerate().take(shown).zip(&rows) {
        draw_worker(frame, *row, index, worker);
    }
    if is_cut && let Some(row) = rows.last() {
        frame.render_widget(Line::from(format!("and {} more", view.workers.len() - shown)).fg(FRAME), *row);
    }
}

fn draw_worker(frame: &mut Frame<'_>, row: Rect, index: usize, worker: &Worker) {
    let [number, bar, jobs] =
        Layout::horizontal([Constraint::Length(3), Constraint::Length(BAR), Constraint::Min(1)]).areas(row);
    frame.render_widget(Line::from(format!("{index:>2} ")), number);
    let gauge = LineGauge::default()
        .ratio(worker.utilisation.clamp(0.0, 1.0))
        .label(format!("{:>LABEL$}", percent(worker.utilisation)))
        .filled_symbol("▆")
        .unfilled_symbol("▁")
        .filled_style(ACCENT)
        .unfilled_style(FRAME);
    frame.render_widget(gauge, bar);
    frame.render_widget(Line::from(running(&worker.jobs)), jobs);
}

/// The innermost last: that is the one that runs.
fn running(jobs: &[Running]) -> Vec<Span<'static>> {
    if jobs.is_empty() {
        return vec![Span::styled("  idle", Style::new().fg(FRAME))];
    }
    let mut spans = vec![Span::raw("  ")];
    for (index, job) in jobs.iter().enumerate() {
        if index > 0 {
            spans.push(" > ".fg(FRAME));
        }
        spans.push(job.name.clone().bold());
        spans.push(format!(" {}", time(job.running_for)).into());
        // What comes next in the line is what it waits for, if it runs here.
        if let Some(other) = job.waits_for.as_ref().filter(|_| index + 1 == jobs.len()) {
            spans.push(format!(", waits for {other}").fg(WARNING));
        }
    }
    spans
}
