//! The workers: a lane each, a bar for each job, and in it those that its joins ran.

use anyhow::Result;
use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::record::{How, Job, Slow, Stay};
use super::style::{
    Area, Frame, GROUND, INK, LANE, Scale, colour, cross, fill, fitting, flag, letters, pale, text, turned,
};

const LANE_HEIGHT: i32 = 84;
const GAP: i32 = 10;
/// By so much a job stands lower than the one that joins it.
const STEP: i32 = 18;
const LETTERS: i32 = 12;

pub fn height(workers: usize) -> i32 {
    (LANE_HEIGHT + GAP) * workers as i32
}

pub fn draw(area: &Area<'_>, jobs: &[Job], workers: usize, scale: Scale, top: i32) -> Result<()> {
    for worker in 0..workers {
        let top = top + height(worker);
        let place = (Scale::LEFT - 12, top + LANE_HEIGHT / 2);
        text(area, &format!("worker {worker}"), place, &letters(13, INK, HPos::Right))?;
        fill(area, [(Scale::LEFT, top), (Scale::RIGHT, top + LANE_HEIGHT)], LANE)?;
        let on_it = jobs.iter().filter_map(|job| Some((job, job.stay()?)));
        let mut on_it: Vec<_> = on_it.filter(|(_, stay)| stay.worker == worker).collect();
        on_it.sort_by_key(|(_, stay)| stay.depth);
        for (job, stay) in &on_it {
            let has_nested = on_it.iter().any(|(_, other)| is_inside(*other, *stay));
            bar(area, job, *stay, scale, top, Naming::of(has_nested))?;
        }
    }
    Ok(())
}

/// Where the pool reported a job as slow.
pub fn mark(area: &Area<'_>, slow: &[Slow], scale: Scale, top: i32) -> Result<()> {
    for Slow { worker, at } in slow {
        flag(area, (scale.x(*at), top + height(*worker)))?;
    }
    Ok(())
}

fn is_inside(inner: Stay, outer: Stay) -> bool {
    inner.depth > outer.depth && inner.begin >= outer.begin && inner.end <= outer.end
}

/// Where a name may stand.
#[derive(Clone, Copy)]
enum Naming {
    Anywhere,
    /// Above the bars of the jobs inside.
    OnTop,
}

impl Naming {
    fn of(has_nested: bool) -> Naming {
        if has_nested { Naming::OnTop } else { Naming::Anywhere }
    }
}

fn bar(area: &Area<'_>, job: &Job, stay: Stay, scale: Scale, lane: i32, naming: Naming) -> Result<()> {
    let (left, right) = (scale.x(stay.begin), scale.x(stay.end).max(scale.x(stay.begin) + 1));
    let (top, bottom) = (lane + STEP * stay.depth as i32, lane + LANE_HEIGHT);
    let own = colour(job.priority);
    let (ground, ink) = match stay.how {
        How::Completed => (own, GROUND),
        How::Stopped => (pale(own), INK),
    };
    fill(area, [(left, top), (right, bottom)], GROUND)?;
    // A gap to the next one, unless that would be all there is.
    let inner = if right - left > 2 { right - 1 } else { right };
    let top = if stay.depth > 0 { top + 1 } else { top };
    fill(area, [(left, top), (inner, bottom)], ground)?;
    let lowest = if matches!(naming, Naming::OnTop) { top + STEP } else { bottom };
    name(area, &job.name, [(left, top), (inner, lowest)], ink)?;
    if stay.how == How::Stopped {
        cross(area, (inner - 7, top + 10), 5)?;
    }
    Ok(())
}

/// From left to right or upwards, whichever shows more of it.
fn name(area: &Area<'_>, name: &str, [(left, top), (right, bottom)]: Frame, ink: RGBColor) -> Result<()> {
    let (style, place) = (letters(LETTERS, ink, HPos::Center), ((left + right) / 2, (top + bottom) / 2));
    let length = |shown: Option<&str>| shown.map_or(0, str::len);
    let across = fitting(name, LETTERS, right - left);
    let upwards = fitting(name, LETTERS, bottom - top).filter(|_| right - left > LETTERS);
    match (across, upwards) {
        (across, Some(shown)) if length(across) < shown.len() => text(area, shown, place, &turned(style)),
        (Some(shown), _) => text(area, shown, place, &style),
        (None, _) => Ok(()),
    }
}
