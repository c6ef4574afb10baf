//! The chart: bars side by side for the groups that tell most, in two columns on a white ground.

use anyhow::Result;
use plotters::prelude::*;

use crate::conditions::Conditions;
use crate::group::{Group, too_good};
use crate::panel::{self, Panel, Shown, text};
use crate::style::{FAINT, INK, Weight};

const PANELS: [Panel; 7] = [
    Panel { group: "burst", title: "A burst of 100,000 empty jobs: time a job", shown: Shown::Job },
    Panel { group: "producers_4", title: "The burst from four threads: time a job", shown: Shown::Job },
    Panel { group: "bounded", title: "A stream, 1,024 jobs in flight: time a job", shown: Shown::Job },
    Panel { group: "round_trip", title: "One job after the other, from a thread", shown: Shown::Job },
    Panel { group: "round_trip_from_task", title: "One job after the other, from a tokio task", shown: Shown::Job },
    Panel { group: "grain_10us", title: "10,000 jobs of 10 µs each: time in all", shown: Shown::Iteration },
    Panel { group: "nested", title: "4,095 jobs that wait for jobs: time a job", shown: Shown::Job },
];

const TITLE: &str = "corepool and its peers: less is better";
const NOTE: &str =
    "Two workers each. Beside a time: how many times that of corepool it is. A bar with a gap is cut short.";
const WIDTH: i32 = 1_000;
const MARGIN: i32 = 20;
const COLUMN: i32 = (WIDTH - 3 * MARGIN) / 2;
const HEAD: i32 = 76;
const FOOT: i32 = 30;

/// A panel's data and its upper left corner.
type Placed<'a> = (&'a Panel, &'a Group<'a>, (i32, i32));

pub(crate) fn svg(conditions: &Conditions, groups: &[Group<'_>]) -> Result<String> {
    let found = |panel: &'static Panel| Some((panel, groups.iter().find(|group| group.name == panel.group)?));
    let (placed, lowest) = place(PANELS.iter().filter_map(found).collect());
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, (lowest + FOOT) as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        text(&area, TITLE, (MARGIN, 26), &Weight::Bold.style(20, INK))?;
        text(&area, NOTE, (MARGIN, 52), &Weight::Normal.style(15, FAINT))?;
        for (panel, group, corner) in placed {
            panel::draw(&area, panel, group, corner, COLUMN)?;
        }
        let Conditions { processor, cores, commit, date, .. } = conditions;
        let busy = too_good(groups).map_or("", |_| "; beside other work: not to be relied on");
        let origin = format!("{processor}, {cores} cores; corepool at {commit}, {date}{busy}");
        text(&area, &origin, (MARGIN, lowest + FOOT / 2), &Weight::Normal.style(14, FAINT))?;
        area.present()?;
    }
    Ok(svg)
}

/// One below the other, in the second column when half of the whole height is used; the lowest end.
fn place<'a>(panels: Vec<(&'a Panel, &'a Group<'a>)>) -> (Vec<Placed<'a>>, i32) {
    let whole: i32 = panels.iter().map(|(_, group)| panel::height(group)).sum();
    let (mut x, mut y, mut lowest) = (MARGIN, HEAD, HEAD);
    let mut placed = Vec::new();
    for (panel, group) in panels {
        let height = panel::height(group);
        if x == MARGIN && 2 * (y - HEAD) + height > whole {
            (x, y) = (2 * MARGIN + COLUMN, HEAD);
        }
        placed.push((panel, group, (x, y)));
        y += height;
        lowest = lowest.max(y);
    }
    (placed, lowest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::all;
    use crate::group::tests::rows;

    fn conditions() -> Conditions {
        Conditions {
            processor: "Some <CPU>".to_owned(),
            cores: 2,
            memory_bytes: 0,
            system: String::new(),
            rustc: String::new(),
            commit: "abc1234".to_owned(),
            date: "2026-01-31".to_owned(),
            versions: Vec::new(),
        }
    }

    #[test]
    fn the_chart_names_the_peers_and_their_times_as_text() {
        let rows = rows(&[
            ("burst", "corepool", 1_000.0),
            ("burst", "slow&steady", 90_000.0),
            ("unknown", "somebody", 1.0),
            ("nested", "corepool", 0.0),
        ]);
        let svg = svg(&conditions(), &all(&rows)).unwrap();
        for part in ["corepool", "slow&amp;steady", "900 ns · 90.0×", "Some &lt;CPU&gt;, 2 cores"] {
            assert!(svg.contains(part), "{part} is missing in\n{svg}");
        }
        assert!(!svg.contains("somebody") && !svg.contains("relied on"));
    }

    #[test]
    fn the_chart_of_a_busy_machine_says_so() {
        let rows = rows(&[("grain_10us", "two_threads", 9.0), ("grain_10us", "rayon+oneshot", 5.0)]);
        assert!(svg(&conditions(), &all(&rows)).unwrap().contains("not to be relied on"));
    }

    #[test]
    fn nothing_measured_is_an_empty_chart() {
        assert!(svg(&conditions(), &[]).unwrap().contains(TITLE));
    }

    #[test]
    fn the_columns_share_the_height() {
        let names = ["burst", "producers_4", "bounded", "nested"];
        let rows: Vec<_> = names.iter().flat_map(|name| rows(&[(name, "corepool", 1.0)])).collect();
        let groups = all(&rows);
        let (placed, lowest) = place(groups.iter().map(|group| (&PANELS[0], group)).collect());
        let corners: Vec<_> = placed.iter().map(|(.., corner)| *corner).collect();
        let (height, right) = (panel::height(&groups[0]), 2 * MARGIN + COLUMN);
        assert_eq!(corners, [(MARGIN, HEAD), (MARGIN, HEAD + height), (right, HEAD), (right, HEAD + height)]);
        assert_eq!(lowest, HEAD + 2 * height);
    }
}
