//! The whole screen: a view goes in, a frame comes out.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders};

use super::units::time;
use super::view::{Status, View};
use super::{chart, table, workers};

/// With less than this there is only a line.
const LEAST: (u16, u16) = (40, 12);
const QUEUE: u16 = 7;
/// The line above each part, with its title.
pub const TITLE: u16 = 1;

pub const FRAME: Color = Color::DarkGray;
pub const ACCENT: Color = Color::Cyan;
pub const GOOD: Color = Color::Green;
pub const WARNING: Color = Color::Yellow;
pub const BAD: Color = Color::Red;

pub fn draw(frame: &mut Frame<'_>, view: &View, status: &Status) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return line(frame, area, Line::from(format!("queued {}, too small", view.queue.depth())));
    }
    let times = table::height(view);
    // The times come first: there are ever so many workers, and what is left out of them is said.
    let room = area.height.saturating_sub(2 + QUEUE + times);
    let workers = workers::height(view).min(room.max(TITLE + 1));
    let [head, queue, middle, bottom, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(QUEUE),
        Constraint::Length(workers),
        Constraint::Length(times),
        Constraint::Length(1),
    ])
    .horizontal_margin(1)
    .areas(area);
    line(frame, head, title(view, status));
    chart::draw(frame, queue, view);
    workers::draw(frame, middle, view);
    table::draw(frame, bottom, view);
    line(frame, foot, footer(status));
}

pub fn panel(title: &str) -> Block<'static> {
    Block::new().borders(Borders::TOP).border_style(FRAME).title(Span::styled(format!("{title} "), Style::new().bold()))
}

fn line(frame: &mut Frame<'_>, area: Rect, line: Line<'_>) {
    frame.render_widget(line, area);
}

fn title(view: &View, status: &Status) -> Line<'static> {
    let count = view.workers.len();
    let mut parts = vec![
        "corepool ".bold().fg(ACCENT),
        format!("pool \"{}\", {count} worker{}, ", view.name, if count == 1 { "" } else { "s" }).into(),
        format!("up {}", time(view.uptime)).into(),
    ];
    if status.is_paused {
        parts.push("  the load is paused".fg(WARNING));
    }
    Line::from(parts)
}

fn footer(status: &Status) -> Line<'static> {
    let pause = if status.is_paused { " go on  " } else { " pause the load  " };
    let keys = [("c", " cancel the oldest job  "), ("p", pause), ("q", " quit  ")];
    let mut parts: Vec<_> = keys.into_iter().flat_map(|(key, what)| [key.bold().fg(ACCENT), what.into()]).collect();
    parts.push(status.note.clone().fg(WARNING));
    Line::from(parts)
}

#[cfg(test)]
pub mod tests {
    use std::time::Duration;

    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::top::view::{Quantiles, Queue, Rate, RateKind, Row, Running, Worker};

    const NAMES: [&str; 6] = ["parse", "thumbnail", "fetch", "report", "part", "index"];

    /// One worker waits for a job, the others are idle.
    pub fn view(workers: usize) -> View {
        let busy = Worker { utilisation: 1.0, jobs: vec![running("report", Some("part"))] };
        let idle = Worker { utilisation: 0.5, jobs: Vec::new() };
        let rate = |what, per_second, kind| Rate { what, per_second, kind };
        View {
            name: "demo".to_owned(),
            uptime: Duration::from_millis(12_500),
            queue: Queue { history: vec![0, 120, 60], bound: Some(120), waiting: 3 },
            workers: [busy].into_iter().chain(vec![idle; workers - 1]).collect(),
            rates: vec![rate("completed", 250.0, RateKind::Good), rate("expired", 2.0, RateKind::Bad)],
            priorities: vec![row("high", 8), row("normal", 8), row("low", 0)],
            names: NAMES.iter().map(|name| row(name, 8)).collect(),
        }
    }

    fn running(name: &str, waits_for: Option<&str>) -> Running {
        let waits_for = waits_for.map(str::to_owned);
        Running { name: name.to_owned(), running_for: Duration::from_millis(45), waits_for }
    }

    fn row(label: &str, jobs: u64) -> Row {
        let time = (jobs > 0).then_some(Duration::from_millis(jobs));
        let times = Quantiles { p50: time.map(|time| time / 2), p99: time };
        Row { label: label.to_owned(), jobs, waited: times, ran: times, cpu_share: time.map(|_| 0.99) }
    }

    fn drawn(width: u16, height: u16, view: &View, status: &Status) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, view, status)).unwrap();
        terminal.backend().to_string()
    }

    fn assert_whole(screen: &str) {
        let parts = ["pool \"demo\"", "queue: 60 of 120, 3 in line for room", "120", "now", "jobs a second", "250"];
        let table = ["high", "normal", "low", "wait p50", "run p99", "CPU", "4.0 ms", "99 %"];
        let keys = ["c cancel the oldest job", "p pause the load", "q quit"];
        for part in parts.into_iter().chain(NAMES).chain(table).chain(keys) {
            assert!(screen.contains(part), "{part} is missing in\n{screen}");
        }
    }

    #[test]
    fn a_small_terminal_has_all() {
        let screen = drawn(80, 24, &view(2), &Status::default());
        assert_whole(&screen);
        assert!(screen.contains("100 %") && screen.contains("report 45 ms, waits for part"), "{screen}");
        assert!(screen.contains("50 %") && screen.contains("idle"), "{screen}");
    }

    #[test]
    fn a_large_terminal_has_all() {
        assert_whole(&drawn(120, 40, &view(8), &Status::default()));
    }

    #[test]
    fn workers_that_have_no_room_are_counted() {
        let screen = drawn(80, 24, &view(64), &Status::default());
        assert_whole(&screen);
        assert!(screen.contains("and 62 more"), "{screen}");
    }

    #[test]
    fn a_tiny_terminal_has_a_line() {
        for (width, height) in [(20, 5), (1, 1), (39, 24), (40, 12), (80, 11)] {
            drawn(width, height, &view(2), &Status::default());
        }
        assert!(drawn(20, 5, &view(2), &Status::default()).contains("queued 60"));
    }

    #[test]
    fn what_a_key_did_is_said() {
        let status = Status { is_paused: true, note: "parse: asked to stop".to_owned() };
        let screen = drawn(80, 24, &view(2), &status);
        for part in ["the load is paused", "p go on", "parse: asked to stop"] {
            assert!(screen.contains(part), "{part} is missing in\n{screen}");
        }
    }

    #[test]
    fn nothing_has_happened_yet() {
        let mut view = view(1);
        view.queue = Queue { history: Vec::new(), bound: None, waiting: 0 };
        view.priorities.clear();
        view.names.clear();
        assert!(drawn(80, 24, &view, &Status::default()).contains("queue: 0, no bound"));
    }
}
