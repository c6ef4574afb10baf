//! Made-up trees with files of one floor that lead to each other.

use crate::rules::violations;
use crate::tree;

/// The violations of a tree where `a.rs` of "queue" imports `b.rs`, that the `mod.rs`, and that is `entrance`.
fn violations_with(entrance: &str) -> Vec<String> {
    let entrance = format!("//! A floor.\n{entrance}");
    let files = [
        ("src/queue/mod.rs", entrance.as_str()),
        ("src/queue/a.rs", "use super::b::B;"),
        ("src/queue/b.rs", "use super::Entrance;"),
    ];
    violations(&tree(&files))
}

/// Asserts that `entrance` imports `a.rs` in its line 2.
#[track_caller]
fn assert_closes_circle(entrance: &str) {
    let complaint = "\"queue\" has a circle of 3 files, src/queue/a.rs, src/queue/b.rs, src/queue/mod.rs:\n    \
                     src/queue/a.rs:1 imports src/queue/b.rs\n    \
                     src/queue/b.rs:1 imports src/queue/mod.rs\n    \
                     src/queue/mod.rs:2 imports src/queue/a.rs";
    assert_eq!(violations_with(entrance), [complaint], "of {entrance:?}");
}

/// Asserts that `entrance` does not import `a.rs`.
#[track_caller]
fn assert_leaves_circle_open(entrance: &str) {
    let found = violations_with(entrance);
    assert!(found.is_empty(), "{entrance:?}: {found:#?}");
}

#[test]
fn a_circle_of_three_is_seen() {
    assert_closes_circle("use crate::queue::a::A;");
    assert_closes_circle("use self::a::A;");
}

#[test]
fn a_circle_of_two_is_allowed() {
    let files = [
        ("src/queue/mod.rs", "//! A floor.\nmod line; mod turn; use line::Line;"),
        ("src/queue/line.rs", "use super::Queue;"),
        ("src/queue/turn.rs", "use super::line::Line;"),
    ];
    assert!(violations(&tree(&files)).is_empty());
}

#[test]
fn a_mod_line_is_no_reference() {
    assert_leaves_circle_open("mod a; pub(crate) mod b;");
}

#[test]
fn a_child_needs_no_prefix() {
    assert_closes_circle("pub use a::A; mod a;");
    assert_closes_circle("pub use {std::mem, a::{A}}; mod a;");
    assert_closes_circle("mod a; fn f() { a::f() }");
    assert_closes_circle("mod a; m!(a::f);");
    assert_closes_circle("#[cfg(unix)] mod r#a; fn f(a: a::A) {}");
    assert_closes_circle("mod a; mod tests { use super::*; fn f() { a::f() } }");
    assert_closes_circle("mod a; mod tests { use super::a as b; }");
}

#[test]
fn the_name_of_a_child_in_the_middle_of_a_path_is_not_the_child() {
    for entrance in ["mod a; use ::a::A;", "mod a; fn f() { <u8 as X>::a::f(); x.a; }", "mod a; fn f() { std::a::f() }"]
    {
        assert_leaves_circle_open(entrance);
    }
    assert_leaves_circle_open("mod a; macro_rules! m { ($a:ident) => { $a::f() } }");
    assert_leaves_circle_open("mod a; mod tests { fn f() { a::f() } }");
}

#[test]
fn another_name_for_a_module_is_that_module() {
    assert_closes_circle("use crate::queue as q; use q::a::A;");
    assert_closes_circle("use crate::{base as b, queue::{self as q}}; fn f() { q::a::f() }");
    assert_closes_circle("use crate::queue::{self}; fn f() { queue::a::f() }");
    assert_closes_circle("use super::queue; use queue as r; fn f() { r::a::f() }");
    assert_closes_circle("use r::a::f; use s as r; use r as s; use crate::queue as r;");
}

#[test]
fn circles_of_one_floor_are_told_apart() {
    let ring = |next: &str| format!("use super::{next}::X;");
    let texts: Vec<_> = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "e"), ("e", "f"), ("f", "d")]
        .map(|(file, next)| (format!("src/breaker/{file}.rs"), ring(next)))
        .into();
    let mut files: Vec<_> = texts.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    files.push(("src/breaker/circuit.rs", "use super::{a::X, d::X as Y};"));
    let found = violations(&tree(&files));
    let circle = |names: [&str; 3]| {
        let files = names.map(|name| format!("src/breaker/{name}.rs"));
        format!("\"breaker\" has a circle of 3 files, {}:\n", files.join(", "))
    };
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with(&circle(["a", "b", "c"])), "{found:#?}");
    assert!(found[1].starts_with(&circle(["d", "e", "f"])), "{found:#?}");
}

#[test]
fn a_circle_through_another_floor_is_told_as_the_reference_upwards() {
    let files = [
        ("src/queue/line.rs", "use super::turn::Turn;"),
        ("src/queue/turn.rs", "use crate::job::cell::Cell;"),
        ("src/job/cell.rs", "use crate::queue::line::Line;"),
    ];
    let found = violations(&tree(&files));
    assert!(found.len() == 1 && found[0].starts_with("src/job/cell.rs:1 imports src/queue/line.rs: "), "{found:#?}");
}
