//! The folders of `src` are floors: references run down only, and within a floor no more than two files stand in a circle.
//!
//! | file | what |
//! |---|---|
//! | `rules` | the floors from the ground up, and what breaks the rules |
//! | `resolve` | which file refers to which |
//! | `scan` | which paths a file names |
//! | `offenders`, `innocents`, `circles` | made-up trees that break a rule, and that break none |
//!
//! What no path shows is forbidden instead: `#[path]`, `include!`, `#[macro_use]`, `extern crate self`.

#![allow(unreachable_pub, reason = "a test binary has no outside")]

mod circles;
mod innocents;
mod offenders;
mod resolve;
mod rules;
mod scan;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::rules::{floors, violations};

/// Source texts by path, as in `src/queue/line.rs`.
type Tree = BTreeMap<String, String>;

/// The sources of the crate at `root`.
fn read(root: &Path) -> Tree {
    let mut tree = Tree::new();
    for entry in WalkDir::new(root.join("src")).follow_links(true) {
        let entry = entry.expect("src can be walked");
        if entry.path().extension().is_some_and(|extension| extension == "rs") {
            let parts = entry.path().strip_prefix(root).expect("the walk began at the root").iter();
            let parts: Vec<_> = parts.map(|part| part.to_str().expect("names of modules are UTF-8")).collect();
            tree.insert(parts.join("/"), fs::read_to_string(entry.path()).expect("a source is UTF-8"));
        }
    }
    tree
}

/// A tree that breaks no rule, with `files` added or put in the place of its own.
fn tree(files: &[(&str, &str)]) -> Tree {
    let floors = floors().map(|floor| (format!("src/{floor}/mod.rs"), "//! A floor.\n".to_owned()));
    let bare =
        ["src/job/cell.rs", "src/queue/line.rs", "src/breaker/circuit.rs"].map(|file| (file.to_owned(), String::new()));
    let files = files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
    floors.chain(bare).chain(files).collect()
}

#[test]
fn references_run_down_and_in_no_wide_circle() {
    let tree = read(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(tree.contains_key("src/lib.rs"), "the sources are elsewhere");
    let found = violations(&tree);
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}
