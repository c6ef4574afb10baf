//! Made-up trees that break no rule, though a coarser look would say so.

use crate::rules::violations;
use crate::tree;

#[track_caller]
fn assert_innocent(files: &[(&str, &str)]) {
    let found = violations(&tree(files));
    assert!(found.is_empty(), "{files:?}: {found:#?}");
}

/// Asserts that `text` in "job", below "queue", breaks no rule.
#[track_caller]
fn assert_innocent_job(text: &str) {
    assert_innocent(&[("src/job/cell.rs", text)]);
}

#[test]
fn a_bare_tree_breaks_no_rule() {
    assert_innocent(&[]);
}

#[test]
fn references_down_are_allowed() {
    let files = [
        ("src/pool/mod.rs", "//! A floor.\nuse crate::{handle, worker::X, monitor::*, queue::line::Line};"),
        ("src/queue/line.rs", "use crate::job::cell::Cell; use super::super::base::Mutex;"),
        ("src/breaker/circuit.rs", "use crate::base::Mutex; use super::X; use crate::breaker::Y;"),
        ("src/adapters/tower.rs", "use crate::{breaker::circuit::Circuit, pool::*, handle, base::Mutex};"),
        ("src/lib.rs", "mod base; pub use pool::Pool; pub use crate::breaker::circuit; mod pool; mod breaker;"),
    ];
    assert_innocent(&files);
}

#[test]
fn comments_docs_and_strings_name_nothing() {
    let texts = [
        "// use crate::queue::line::Line;",
        "/* use crate::queue::line::Line; /* crate::pool::Pool */ */",
        "/// See [`Line`](crate::queue::line::Line), `crate::queue::line::Line`.\nstruct X;",
        "//! ```\n//! use crate::queue::line::Line;\n//! ```",
        "#[doc = \"crate::queue::line::Line\"] struct X;",
        "const X: &str = \"use crate::queue::line::Line;\";",
        "const X: &str = r##\"\"#crate::queue::line::Line\"##;",
        "const X: &[u8] = b\"crate::queue::line::Line\";",
        "const X: char = '\"'; // crate::queue::line::Line \"",
        "fn f<'crate_>(x: &'crate_ str) { println!(\"crate::queue::Line\") }",
        "#[cfg_attr(docsrs, doc = \"crate::queue::line::Line\")] struct X;",
    ];
    for text in texts {
        assert_innocent_job(text);
    }
}

#[test]
fn a_visibility_is_no_reference() {
    assert_innocent_job("pub(in crate::queue) struct X(pub(in crate::queue::line) u8);");
    assert_innocent_job("pub(in super::super) fn f() {} pub(super) fn g() {} pub(crate) fn h() {} pub(self) fn i() {}");
}

#[test]
fn other_crates_are_not_this_one() {
    assert_innocent_job("use std::sync::Arc; use ::queue::line::Line; use queue::line::Line; use pool;");
    assert_innocent_job("fn f() { queue::line::f(); ::crate_::queue::f(); other::crate_::queue::line::f() }");
    assert_innocent_job("macro_rules! m { ($queue:ident) => { $queue::line::f() } } mod queue {}");
}

#[test]
fn words_that_only_look_like_paths_name_nothing() {
    assert_innocent_job(
        "mod queue { pub(super) mod line {} } use queue::line; use self::queue::line::X; fn f() { line::f() }",
    );
    assert_innocent_job("fn f<'a>(x: &'a u8) -> impl Copy + use<'a> { <u8 as Into<u16>>::into; x.queue::<u8>() }");
    assert_innocent_job("fn f() { let crate_ = 1; self.queue; Self::queue::<u8>(); }");
    assert_innocent_job(
        "const X: &str = include_str!(\"../queue/line.rs\"); #[derive(Debug)] struct Path { path: u8 }",
    );
}

#[test]
fn super_of_an_inline_module_is_its_file() {
    let text = "mod tests { use super::*; use super::super::cell::X; mod deep { use super::super::Cell; super::super::f!(); } }";
    assert_innocent_job(text);
    assert_innocent(&[("src/job/mod.rs", "//! A floor.\nmod cell; mod tests { use super::cell::X; use super::Job; }")]);
}

#[test]
fn a_macro_below_the_mod_lines_is_seen_by_none_of_them() {
    assert_innocent_job("mod below; macro_rules! m { () => {} } pub(crate) use m; mod inline { m!(); }");
}
