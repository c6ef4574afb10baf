//! The floors, and what may refer to what.

use std::collections::{BTreeMap, BTreeSet};

use crate::Tree;
use crate::resolve::{ROOT, Reference, References};

/// From the ground up: each may import from those before it.
const FLOORS: [&str; 12] =
    ["base", "job", "ending", "queue", "monitor", "observe", "steal", "worker", "fork", "handle", "pool", "adapters"];
/// Stands beside the tower on one floor of it. Only one other, and the crate's root, know it.
const ANNEX: &str = "breaker";
const UNDER_ANNEX: &str = "base";
const OVER_ANNEX: &str = "adapters";
/// Pages of documentation: they refer to nothing, and only the crate's root knows them.
const GUIDE: &str = "guide";

/// More files than this do not stand in one circle: nobody could read one of them alone.
const WIDEST_CIRCLE: usize = 2;

pub fn floors() -> impl Iterator<Item = &'static str> {
    FLOORS.into_iter().chain([ANNEX, GUIDE])
}

/// Everything in `tree` that breaks a rule, a sentence each.
pub fn violations(tree: &Tree) -> Vec<String> {
    let references = References::of(tree);
    let mut found = homeless(tree);
    found.extend(unfounded(tree));
    found.extend(references.unreadable.iter().map(|(file, error)| format!("{file} is not read as Rust: {error}")));
    found.extend(references.hidden.iter().map(|(file, line, what)| {
        format!("{file}:{line}: {what} lets a file see another without a path: write a `mod` and a `use`")
    }));
    found.extend(references.all.iter().filter_map(upwards));
    found.extend(floors().flat_map(|floor| circles(floor, &references.all)));
    found
}

/// The first folder of `file`; `None` for a file that stands in `src` itself.
fn floor_of(file: &str) -> Option<&str> {
    file.strip_prefix("src/")?.split_once('/').map(|(floor, _)| floor)
}

fn homeless(tree: &Tree) -> Vec<String> {
    let mut found = BTreeSet::new();
    for file in tree.keys().filter(|file| *file != ROOT) {
        match floor_of(file) {
            None => found.insert(format!("{file} is on no floor: move it into a folder of FLOORS")),
            Some(floor) if floors().all(|known| known != floor) => {
                found.insert(format!("src/{floor} is on no floor: add it to FLOORS"))
            }
            Some(_) => false,
        };
    }
    found.into_iter().collect()
}

fn unfounded(tree: &Tree) -> Vec<String> {
    let check = |floor: &str| {
        let entrance = format!("src/{floor}/mod.rs");
        match tree.get(&entrance) {
            Some(text) if text.starts_with("//! ") => None,
            Some(_) => Some(format!("{entrance} must begin with `//!`: say what is on this floor")),
            None if tree.keys().any(|file| floor_of(file) == Some(floor)) => Some(format!("{entrance} is missing")),
            None => Some(format!("src/{floor} does not exist: take it out of FLOORS")),
        }
    };
    floors().filter_map(check).collect()
}

/// The complaint about a reference from one floor to another that is not below it.
fn upwards(reference: &Reference) -> Option<String> {
    let Reference { from, line, to } = reference;
    let known = |floor: &&str| floors().any(|known| known == *floor);
    // What stands on no floor is complained about as such.
    let below = floor_of(from).filter(known)?;
    let fault = match floor_of(to) {
        None if *to == ROOT => {
            format!("\"{below}\" is below the crate's root; import it from the file that defines it")
        }
        above => fault(below, above.filter(known)?)?,
    };
    Some(format!("{from}:{line} imports {to}: {fault}"))
}

fn fault(from: &str, to: &str) -> Option<String> {
    let height = |floor| FLOORS.iter().position(|known| *known == floor);
    match (height(from), height(to)) {
        _ if from == to => None,
        _ if from == GUIDE => Some(format!("\"{GUIDE}\" holds documentation only: move the code to a floor")),
        _ if to == GUIDE => Some(format!("\"{GUIDE}\" holds documentation only, nothing to import")),
        (Some(from_height), Some(to_height)) => (from_height < to_height).then(|| {
            format!(
                "\"{from}\" is below \"{to}\"; move what both need down, or call it through a trait of the lower floor"
            )
        }),
        (None, _) => (to != UNDER_ANNEX)
            .then(|| format!("\"{from}\" may know only \"{UNDER_ANNEX}\", not \"{to}\"; move what both need there")),
        (_, None) => (from != OVER_ANNEX)
            .then(|| format!("\"{from}\" may not know \"{to}\"; move what both need down to \"{UNDER_ANNEX}\"")),
    }
}

/// The complaints about files of `floor` that all lead to each other.
fn circles(floor: &str, references: &[Reference]) -> Vec<String> {
    let inside = |file: &str| floor_of(file) == Some(floor);
    let edges: Vec<_> = references.iter().filter(|edge| inside(edge.from) && inside(edge.to)).collect();
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in &edges {
        next.entry(edge.from).or_default().push(edge.to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = next.keys().map(|file| (*file, reachable(file, &next))).collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|files| files.contains(to));
    let circles: BTreeSet<BTreeSet<&str>> = next
        .keys()
        .map(|file| reached[file].iter().copied().filter(|other| leads(other, file)).collect())
        .filter(|circle: &BTreeSet<&str>| circle.len() > WIDEST_CIRCLE)
        .collect();
    circles.iter().map(|circle| describe(floor, circle, &edges)).collect()
}

/// All files that `file` leads to; itself only if it is in a circle.
fn reachable<'a>(file: &str, next: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = next.get(file).cloned().unwrap_or_default();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(next.get(file).into_iter().flatten());
        }
    }
    reached
}

fn describe(floor: &str, circle: &BTreeSet<&str>, edges: &[&Reference]) -> String {
    let files: Vec<_> = circle.iter().copied().collect();
    let mut text = format!("\"{floor}\" has a circle of {} files, {}:", files.len(), files.join(", "));
    for Reference { from, line, to } in edges {
        if circle.contains(from) && circle.contains(to) {
            text += &format!("\n    {from}:{line} imports {to}");
        }
    }
    text
}
