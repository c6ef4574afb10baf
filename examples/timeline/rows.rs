//! The queue: a bar for the time that each job waits, those that wait at the same time one below the other.

use anyhow::Result;
use plotters::style::text_anchor::HPos;

use super::record::{End, Job};
use super::style::{Area, BLOCKED, INK, Scale, colour, cross, fill, fitting, letters, pale, text};

const ROW: i32 = 15;
const SUBMITTER: i32 = 18;
const LETTERS: i32 = 11;

pub struct Rows<'a> {
    /// By row.
    rows: Vec<Vec<&'a Job>>,
    jobs: &'a [Job],
}

impl<'a> Rows<'a> {
    pub fn of(jobs: &'a [Job], scale: Scale) -> Rows<'a> {
        let mut waits: Vec<&Job> = jobs.iter().filter(|job| is_seen(job, scale)).collect();
        waits.sort_by_key(|job| job.accepted);
        let mut rows: Vec<Vec<&Job>> = Vec::new();
        for job in waits {
            let is_free =
                |row: &&mut Vec<&Job>| row.last().is_none_or(|last| end_of(last, scale) < scale.x(job.accepted));
            match rows.iter_mut().find(is_free) {
                Some(row) => row.push(job),
                None => rows.push(vec![job]),
            }
        }
        Rows { rows, jobs }
    }

    pub fn height(&self) -> i32 {
        SUBMITTER + 6 + ROW * self.rows.len() as i32
    }

    pub fn draw(&self, area: &Area<'_>, scale: Scale, top: i32) -> Result<()> {
        self.draw_submitter(area, scale, top)?;
        let top = top + SUBMITTER + 6;
        if !self.rows.is_empty() {
            text(area, "queue", (Scale::LEFT - 12, top + ROW / 2), &letters(13, INK, HPos::Right))?;
        }
        for (row, top) in self.rows.iter().zip((top..).step_by(ROW as usize)) {
            for job in row {
                draw(area, job, scale, top)?;
            }
        }
        Ok(())
    }

    /// The time that `submit` waits for room.
    fn draw_submitter(&self, area: &Area<'_>, scale: Scale, top: i32) -> Result<()> {
        let middle = top + SUBMITTER / 2;
        text(area, "submitter", (Scale::LEFT - 12, middle), &letters(13, INK, HPos::Right))?;
        for job in self.jobs {
            let (left, right) = (scale.x(job.offered), scale.x(job.accepted));
            if right - left > 1 {
                fill(area, [(left, top + 2), (right - 1, top + SUBMITTER - 2)], BLOCKED)?;
            }
            if let Some(shown) = fitting("waits for room", LETTERS, right - left) {
                text(area, shown, ((left + right) / 2, middle), &letters(LETTERS, INK, HPos::Center))?;
            }
        }
        Ok(())
    }
}

fn is_seen(job: &Job, scale: Scale) -> bool {
    scale.x(job.dequeued()) > scale.x(job.accepted)
}

/// Where the next one of its row may begin.
fn end_of(job: &Job, scale: Scale) -> i32 {
    let cross = if is_dequeued(job) { 8 } else { 0 };
    scale.x(job.dequeued()) + cross
}

fn is_dequeued(job: &Job) -> bool {
    matches!(job.end, End::Dequeued { .. })
}

fn draw(area: &Area<'_>, job: &Job, scale: Scale, top: i32) -> Result<()> {
    let (left, right, middle) = (scale.x(job.accepted), scale.x(job.dequeued()), top + ROW / 2);
    fill(area, [(left, top + 1), (right, top + ROW - 1)], pale(colour(job.priority)))?;
    if let Some(shown) = fitting(&job.name, LETTERS, right - left - 4) {
        text(area, shown, (left + 4, middle), &letters(LETTERS, INK, HPos::Left))?;
    }
    if is_dequeued(job) {
        cross(area, (right, middle), 4)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use corepool::Priority;

    use super::*;

    #[test]
    fn those_that_wait_at_the_same_time_stand_below_each_other() {
        let job = |accepted, until| {
            let [accepted, at] = [accepted, until].map(Duration::from_millis);
            let end = End::Dequeued { at };
            Job { name: until.to_string(), priority: Priority::Low, offered: accepted, accepted, end }
        };
        let jobs = [job(0, 50), job(10, 20), job(30, 40), job(60, 60), job(70, 90)];
        let rows = Rows::of(&jobs, Scale { length: Duration::from_millis(100) }).rows;
        let names: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(|job| job.name.as_str()).collect()).collect();
        assert_eq!(names, [vec!["50", "90"], vec!["20", "40"]]);
    }
}
