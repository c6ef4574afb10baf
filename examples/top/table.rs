//! How long jobs waited and ran, by priority and by name.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{self, Cell, Table};

use super::draw::{FRAME, TITLE, WARNING, panel};
use super::units::{or_none, percent};
use super::view::{Row, View};

const HEAD: u16 = 1;
/// What a name takes; the other columns share the rest.
const NAME: u16 = 14;
/// Below it a job blocks more than it computes.
const MOSTLY_BLOCKED: f64 = 0.5;

pub fn height(view: &View) -> u16 {
    let rows = view.priorities.len() + view.names.len();
    TITLE + HEAD + u16::try_from(rows).unwrap_or(u16::MAX - TITLE - HEAD)
}

pub fn draw(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let heads = ["", "jobs", "wait p50", "wait p99", "run p50", "run p99", "CPU"];
    let head = heads.map(|head| Cell::from(Line::from(head).right_aligned().fg(FRAME)));
    let priorities = view.priorities.iter().map(|row| cells(row).bold());
    let names = view.names.iter().map(cells);
    let rest = [Constraint::Fill(1); 6];
    let widths = [Constraint::Length(NAME)].into_iter().chain(rest);
    let table = Table::new(priorities.chain(names), widths)
        .header(widgets::Row::new(head))
        .block(panel("jobs that ended in the last half second"));
    frame.render_widget(table, area);
}

fn cells(row: &Row) -> widgets::Row<'static> {
    let share = match row.cpu_share {
        None => Line::from("-"),
        Some(share) if share < MOSTLY_BLOCKED => Line::styled(percent(share), Style::new().fg(WARNING)),
        Some(share) => Line::from(percent(share)),
    };
    let numbers = [
        row.jobs.to_string(),
        or_none(row.waited.p50),
        or_none(row.waited.p99),
        or_none(row.ran.p50),
        or_none(row.ran.p99),
    ];
    let label = Cell::from(Line::from(row.label.clone()));
    let numbers = numbers.into_iter().map(Line::from).chain([share]);
    widgets::Row::new([label].into_iter().chain(numbers.map(|line| Cell::from(line.right_aligned()))))
}
