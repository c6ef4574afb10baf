//! The picture of a run: who waits in the queue, and below it what the workers do meanwhile.

use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::record::Record;
use super::rows::Rows;
use super::style::{FAINT, GROUND, INK, MARGIN, Scale, WIDTH, bold, letters, text};
use super::summary::headline;
use super::{axis, lanes, legend};

const HEAD: i32 = 88;
const GAP: i32 = 14;
const NOTE: &str =
    "A job waits above and runs below, from left to right. Each hashes a folder of files; a name stands where it fits.";

pub fn svg(record: &Record) -> Result<String> {
    let Record { jobs, slow, workers, length } = record;
    let scale = Scale { length: *length };
    let rows = Rows::of(jobs, scale);
    let first_lane = HEAD + rows.height() + GAP;
    let bottom = first_lane + lanes::height(*workers);
    let mut svg = String::new();
    {
        let area =
            SVGBackend::with_string(&mut svg, (WIDTH as u32, (bottom + axis::HEIGHT) as u32)).into_drawing_area();
        area.fill(&GROUND)?;
        let title = format!("A pool at work: {}", headline(record));
        text(&area, &title, (MARGIN, 22), &bold(18, INK))?;
        text(&area, NOTE, (MARGIN, 44), &letters(13, FAINT, HPos::Left))?;
        legend::draw(&area, 66)?;
        axis::draw(&area, scale, HEAD, bottom)?;
        rows.draw(&area, scale, HEAD)?;
        lanes::draw(&area, jobs, *workers, scale, first_lane)?;
        lanes::mark(&area, slow, scale, first_lane)?;
        area.present()?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use corepool::Priority;

    use super::*;
    use crate::timeline::record::{End, How, Job, Slow, Stay};

    fn job(name: &str, accepted: u64, end: End) -> Job {
        let accepted = Duration::from_millis(accepted);
        Job { name: name.to_owned(), priority: Priority::Normal, offered: accepted, accepted, end }
    }

    fn stay(begin: u64, end: u64, how: How) -> End {
        let [begin, end] = [begin, end].map(Duration::from_millis);
        End::Ran(Stay { worker: 0, depth: 0, begin, end, how })
    }

    fn record(jobs: Vec<Job>) -> Record {
        Record { jobs, slow: Vec::new(), workers: 2, length: Duration::from_millis(100) }
    }

    #[test]
    fn jobs_are_named_where_they_wait_and_where_they_run() {
        let svg = svg(&record(vec![job("a<b", 0, stay(50, 100, How::Completed))])).unwrap();
        assert_eq!(svg.matches("a&lt;b").count(), 2, "{svg}");
        assert!(svg.contains("worker 0") && svg.contains("worker 1"));
    }

    #[test]
    fn what_is_cancelled_is_crossed_out() {
        let strokes = |end| svg(&record(vec![job("a", 0, end)])).unwrap().matches("stroke=\"#BE143C\"").count();
        let in_legend = 2;
        assert_eq!(strokes(stay(0, 100, How::Completed)), in_legend);
        assert_eq!(strokes(stay(0, 100, How::Stopped)), in_legend + 2);
        assert_eq!(strokes(End::Dequeued { at: Duration::from_millis(50) }), in_legend + 2);
    }

    #[test]
    fn what_is_reported_as_slow_is_marked() {
        let marks = |slow| {
            let jobs = vec![job("a", 0, stay(0, 100, How::Completed))];
            svg(&Record { slow, ..record(jobs) }).unwrap().matches("<polygon").count()
        };
        let in_legend = 1;
        assert_eq!(marks(Vec::new()), in_legend);
        assert_eq!(marks(vec![Slow { worker: 0, at: Duration::from_millis(25) }]), in_legend + 1);
    }

    #[test]
    fn a_run_without_jobs_is_a_picture_without_bars() {
        let record = Record { jobs: Vec::new(), slow: Vec::new(), workers: 1, length: Duration::ZERO };
        assert!(svg(&record).unwrap().contains("0 jobs on 1 worker in"));
    }
}
