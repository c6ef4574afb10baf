//! Made-up trees that break one rule each, in every way of writing it.

use crate::rules::violations;
use crate::tree;

/// Asserts that `files` break one rule and that the complaint begins with `begin`.
#[track_caller]
fn assert_one(files: &[(&str, &str)], begin: &str) {
    let found = violations(&tree(files));
    assert!(found.len() == 1 && found[0].starts_with(begin), "{begin:?} expected from {files:?}, found {found:#?}");
}

/// Asserts that `text` in "job" is seen to import a file of "queue" in its line `line`, and nothing else.
#[track_caller]
fn assert_imports_line(text: &str, line: usize) {
    let begin = format!("src/job/cell.rs:{line} imports src/queue/line.rs: \"job\" is below \"queue\"; ");
    assert_one(&[("src/job/cell.rs", text)], &begin);
}

#[test]
fn a_use_upwards_is_seen_in_every_form() {
    let forms = [
        "use crate::queue::line::Line;",
        "use super::super::queue::line::Line;",
        "use self::super::super::queue::line::Line;",
        "pub use crate::queue::line::Line;",
        "pub(crate) use crate::queue::line::Line;",
        "pub(in crate::job) use crate::queue::line::Line;",
        "use crate::queue::line;",
        "use crate::queue::line as l;",
        "use crate::queue::line::Line as _;",
        "use crate::queue::line::*;",
        "use crate::{queue::line::Line};",
        "use crate::{base::{self}, queue::{line::{Line, Waiting}}};",
        "use crate::queue::{line::{self}};",
        "use {std::mem, crate::queue::line::Line};",
        "use super::{super::queue::line::Line};",
        "use crate::r#queue::line::Line;",
        "fn f() { use crate::queue::line::Line; }",
        "#[cfg(corepool_loom)] use crate::queue::line::Line;",
        "macro_rules! m { () => { use $crate::queue::line::Line; } }",
        "macro_rules! m { () => { use {$crate::queue::line::Line}; } }",
        "macro_rules! m { ($x:ident) => { use $crate::queue::line::{$x}; } }",
        "macro_rules! m { ($($x:ident)*) => { use {$($crate::queue::line::$x),*}; } }",
    ];
    for text in forms {
        assert_imports_line(text, 1);
    }
}

#[test]
fn a_path_upwards_is_seen_wherever_it_stands() {
    let places = [
        "fn f() { crate::queue::line::Line::new(); }",
        "fn f() { let _ = 0..crate::queue::line::LENGTH; }",
        "fn f(line: &'static crate::queue::line::Line) {}",
        "fn f() -> Option<crate::queue::line::Line> { None }",
        "fn f() { crate::queue::line::make::<u8>() }",
        "fn f() { <u8 as crate::queue::line::Waits>::wait() }",
        "struct Job(pub (crate::queue::line::Line, u8));",
        "impl crate::queue::line::Waits for u8 {}",
        "fn f(x: u8) { matches!(x, crate::queue::line::FIRST) }",
        "fn f(x: u8) { println!(\"{x}\", x = [super::super::queue::line::FIRST]) }",
        "fn f() { crate::queue::line::wait!(); }",
        "macro_rules! m { () => { $crate::queue::line::Line::new() } }",
        "#[error(\"{}\", crate::queue::line::FIRST)] struct Error;",
        "#[cfg(test)] mod tests { fn f() { crate::queue::line::Line::new() } }",
        "mod a { mod b { use super::super::super::super::queue::line::Line; } }",
    ];
    for text in places {
        assert_imports_line(text, 1);
    }
}

#[test]
fn the_line_is_that_of_the_name() {
    assert_imports_line("//! A cell.\n\nuse crate::{\n    base,\n    queue::line::{\n        Line,\n    },\n};\n", 6);
    assert_imports_line("/* a\n b */\nfn f() {\n    crate::queue::line::f();\n    crate::queue::line::g();\n}", 4);
}

#[test]
fn what_mod_rs_re_exports_is_of_mod_rs() {
    let texts = [
        "use crate::queue::Line;",
        "use crate::queue;",
        "use crate::queue as q;",
        "use crate::queue::*; fn f() { Line::new() }",
        "use crate::queue::Line; fn f() { Line::new() }",
    ];
    for text in texts {
        let files = [("src/queue/mod.rs", "//! A floor.\npub use line::Line;\nmod line;"), ("src/job/cell.rs", text)];
        assert_one(&files, "src/job/cell.rs:1 imports src/queue/mod.rs: \"job\" is below \"queue\"; ");
    }
}

#[test]
fn the_longest_path_that_is_a_module_is_the_file() {
    let with =
        |file, text| [("src/job/cell.rs", text), (file, ""), ("src/queue/line.rs", "mod deep { mod inline {} }")];
    let begin = "src/job/cell.rs:1 imports src/queue/line/deep.rs: ";
    assert_one(&with("src/queue/line/deep.rs", "use crate::queue::line::deep::inline::X;"), begin);
    let begin = "src/job/cell.rs:1 imports src/queue/line/deep/mod.rs: ";
    assert_one(&with("src/queue/line/deep/mod.rs", "use crate::queue::line::deep::X;"), begin);
    let begin = "src/job/cell.rs:1 imports src/queue/line.rs: ";
    assert_one(&with("src/queue/line/other.rs", "use crate::queue::line::deep::inline::X;"), begin);
}

#[test]
fn nobody_imports_from_the_root() {
    let texts = [
        "use crate::Priority;",
        "use crate::{Priority};",
        "use crate as root;",
        "use crate::*;",
        "use super::super::Priority;",
        "fn f() { crate::Priority::High; }",
        "macro_rules! m { () => { $crate::Priority } }",
        "macro_rules! m { ($($x:tt)*) => { $crate::$($x)* } }",
    ];
    for text in texts {
        let files = [("src/lib.rs", "mod job; pub use job::Priority;"), ("src/job/cell.rs", text)];
        assert_one(&files, "src/job/cell.rs:1 imports src/lib.rs: \"job\" is below the crate's root; ");
    }
}

#[test]
fn the_root_is_no_way_round() {
    let files = [("src/lib.rs", "pub use pool as p;\nmod pool;"), ("src/job/cell.rs", "use crate::p::Pool;")];
    assert_one(&files, "src/job/cell.rs:1 imports src/lib.rs: ");
    let found = violations(&tree(&[("src/job/cell.rs", "use crate as root; use root::queue::line::Line;")]));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].starts_with("src/job/cell.rs:1 imports src/queue/line.rs: "), "{found:?}");
}

#[test]
fn the_breaker_knows_the_base_only() {
    let begin = "src/breaker/circuit.rs:1 imports src/job/cell.rs: \"breaker\" may know only \"base\", not \"job\"; ";
    assert_one(&[("src/breaker/circuit.rs", "use crate::job::cell::Cell;")], begin);
    let begin = "src/job/cell.rs:1 imports src/breaker/circuit.rs: \"job\" may not know \"breaker\"; ";
    assert_one(&[("src/job/cell.rs", "use crate::breaker::circuit::Circuit;")], begin);
    let begin = "src/base/mod.rs:2 imports src/breaker/circuit.rs: \"base\" may not know \"breaker\"; ";
    assert_one(&[("src/base/mod.rs", "//! A floor.\nuse crate::breaker::circuit::Circuit;")], begin);
}

#[test]
fn only_the_adapters_know_pool_and_breaker() {
    let begin = "src/pool/mod.rs:2 imports src/breaker/circuit.rs: \"pool\" may not know \"breaker\"; ";
    assert_one(&[("src/pool/mod.rs", "//! A floor.\nuse crate::breaker::circuit::Circuit;")], begin);
    let begin = "src/breaker/circuit.rs:1 imports src/pool/mod.rs: \"breaker\" may know only \"base\", not \"pool\"; ";
    assert_one(&[("src/breaker/circuit.rs", "use crate::pool::Pool;")], begin);
}

#[test]
fn nobody_knows_the_adapters() {
    let below = "//! A floor.\nuse crate::adapters::tower::Layer;";
    let begin = "src/pool/mod.rs:2 imports src/adapters/mod.rs: \"pool\" is below \"adapters\"; ";
    assert_one(&[("src/pool/mod.rs", below)], begin);
    let begin =
        "src/breaker/mod.rs:2 imports src/adapters/mod.rs: \"breaker\" may know only \"base\", not \"adapters\"; ";
    assert_one(&[("src/breaker/mod.rs", below)], begin);
    let begin = "src/adapters/tower.rs:1 imports src/lib.rs: \"adapters\" is below the crate's root; ";
    assert_one(&[("src/adapters/tower.rs", "use crate::Pool;")], begin);
}

#[test]
fn the_guide_is_documentation_only() {
    for below in ["base::Mutex", "pool::Pool", "breaker::circuit::Circuit"] {
        let text = format!("//! A guide.\nuse crate::{below};");
        let found = violations(&tree(&[("src/guide/mod.rs", &text)]));
        assert!(
            found.len() == 1 && found[0].contains("\"guide\" holds documentation only: move the code"),
            "{found:#?}"
        );
    }
    for file in ["src/job/cell.rs", "src/breaker/circuit.rs"] {
        let begin = format!("{file}:1 imports src/guide/mod.rs: \"guide\" holds documentation only, nothing to import");
        assert_one(&[(file, "use crate::guide::Page;")], &begin);
    }
}

#[test]
fn what_no_path_shows_is_forbidden() {
    let hidden = [
        ("#[path = \"../queue/line.rs\"] mod line;", "`#[path]`"),
        ("#[cfg_attr(unix, cfg_attr(unix, path = \"../queue/line.rs\"))] mod line;", "`#[path]`"),
        ("#[r#path = \"../queue/line.rs\"] mod line;", "`#[path]`"),
        ("#[macro_use] mod macros;", "`#[macro_use]`"),
        ("include!(\"../queue/line.rs\");", "`include!`"),
        ("std::include!(\"../queue/line.rs\");", "`include!`"),
        ("use std::include as inc;", "`include!`"),
        ("use std::{fmt, include};", "`include!`"),
        ("extern crate self as pool;", "`extern crate self`"),
        ("macro_rules! m { () => {} } mod below;", "a `macro_rules!` above a `mod` line"),
    ];
    for (text, what) in hidden {
        assert_one(&[("src/job/cell.rs", text)], &format!("src/job/cell.rs:1: {what} lets a file see another "));
        assert_one(&[("src/lib.rs", text)], &format!("src/lib.rs:1: {what} lets a file see another "));
    }
}

#[test]
fn what_is_no_rust_is_not_passed_over() {
    assert_one(&[("src/job/cell.rs", "fn f() { (")], "src/job/cell.rs is not read as Rust: ");
}

#[test]
fn a_folder_on_no_floor_is_seen() {
    let files = [("src/foo/mod.rs", "//! Docs.\nuse crate::pool::Pool;"), ("src/foo/bar.rs", "")];
    assert_one(&files, "src/foo is on no floor: add it to FLOORS");
}

#[test]
fn a_file_on_no_floor_is_seen() {
    for file in ["src/foo.rs", "src/queue.rs", "src/main.rs"] {
        assert_one(&[(file, "//! Docs.\n")], &format!("{file} is on no floor: move it into a folder of FLOORS"));
    }
}

#[test]
fn a_floor_that_does_not_exist_is_seen() {
    let mut tree = tree(&[]);
    tree.remove("src/monitor/mod.rs");
    assert_eq!(violations(&tree), ["src/monitor does not exist: take it out of FLOORS"]);
}

#[test]
fn a_floor_says_what_it_is() {
    let begin = "src/monitor/mod.rs must begin with `//!`";
    for text in ["", "mod lock;", "// A floor.\n", "/// A floor.\n", "//!\n//!\n", "\nmod a;\n//! A floor.\n"] {
        assert_one(&[("src/monitor/mod.rs", text)], begin);
    }
    let mut tree = tree(&[]);
    tree.remove("src/queue/mod.rs");
    assert_eq!(violations(&tree), ["src/queue/mod.rs is missing"]);
}
