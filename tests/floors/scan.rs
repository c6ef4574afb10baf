//! What one source file names: its paths, with every `use` taken apart, and the modules it declares.
//!
//! `proc_macro2` is the lexer. So comments and strings name nothing, and the arguments of a macro name what they say.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Ident, LexError, TokenStream, TokenTree};

/// Segments of a path; for a module, those from the root of the crate.
pub type Path = Vec<String>;

/// A path as it is written, in the module where it is written.
pub struct Named {
    pub module: Path,
    pub path: Path,
    pub line: usize,
    pub binds: Binds,
}

/// What a path brings into scope.
pub enum Binds {
    Nothing,
    Name(String),
    All,
}

#[derive(Default)]
pub struct Scan {
    pub named: Vec<Named>,
    /// Each declared module, by the module that declares it.
    pub children: BTreeSet<(Path, String)>,
    /// Ways to see another file that no path shows, by line.
    pub hidden: Vec<(usize, &'static str)>,
    /// A macro sees the `mod` lines below it, and their files see the macro.
    has_macro: bool,
}

/// Scans the `text` of the file of `module`.
pub fn scan(text: &str, module: &Path) -> Result<Scan, LexError> {
    let mut scan = Scan::default();
    scan.walk(&trees(text.parse()?), module);
    Ok(scan)
}

impl Scan {
    fn walk(&mut self, tokens: &[TokenTree], module: &Path) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = match token {
                TokenTree::Ident(word) => self.word(&word.to_string(), tokens, at, module),
                TokenTree::Group(group) => {
                    self.walk(&trees(group.stream()), module);
                    at + 1
                }
                TokenTree::Punct(mark) => {
                    if mark.as_char() == '#' {
                        self.attribute(tokens, at + 1);
                    }
                    at + 1
                }
                TokenTree::Literal(_) => at + 1,
            }
        }
    }

    /// Takes what begins with `word` at `at`, and says where to go on.
    fn word(&mut self, word: &str, tokens: &[TokenTree], at: usize, module: &Path) -> usize {
        let next = word_at(tokens, at + 1);
        match (word, next) {
            ("mod", Some(name)) => self.declaration(&name, tokens, at, module),
            ("use", _) => self.tree(tokens, at + 1, &[], Purpose::Use, module),
            // `pub(in crate::queue)` says who may look in, not what is looked at.
            ("pub", None) if is_restriction(tokens.get(at + 1)) => at + 2,
            ("extern", Some(next)) if next == "crate" && word_at(tokens, at + 2).as_deref() == Some("self") => {
                self.hide(tokens, at, "`extern crate self`");
                at + 3
            }
            ("include", None) if is_mark(tokens, at + 1, '!') => {
                self.hide(tokens, at, "`include!`");
                at + 1
            }
            ("macro_rules", None) => {
                self.has_macro = true;
                at + 1
            }
            _ if begins_path(word, tokens, at) => self.tree(tokens, at, &[], Purpose::Mention, module),
            _ => at + 1,
        }
    }

    /// Takes `mod name;` or `mod name { ... }`.
    fn declaration(&mut self, name: &str, tokens: &[TokenTree], at: usize, module: &Path) -> usize {
        let name = plain(name);
        match tokens.get(at + 2) {
            Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {
                self.children.insert((module.clone(), name.to_owned()));
                self.walk(&trees(body.stream()), &[module.as_slice(), &[name.to_owned()]].concat());
            }
            Some(TokenTree::Punct(mark)) if mark.as_char() == ';' => {
                self.children.insert((module.clone(), name.to_owned()));
                if self.has_macro {
                    self.hide(tokens, at, "a `macro_rules!` above a `mod` line");
                }
            }
            _ => return at + 1,
        }
        at + 3
    }

    /// Takes a path or a tree of them that begins with `stem`, and says where it ends.
    fn tree(&mut self, tokens: &[TokenTree], begin: usize, stem: &[String], purpose: Purpose, module: &Path) -> usize {
        let mut at = begin;
        let mut path = stem.to_vec();
        let mut all = false;
        loop {
            at += usize::from(is_mark(tokens, at, '$') && word_at(tokens, at + 1).as_deref() == Some("crate"));
            match tokens.get(at) {
                Some(TokenTree::Ident(word)) => path.push(bare(word)),
                Some(TokenTree::Punct(mark)) if mark.as_char() == '*' => all = true,
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    for branch in trees(group.stream()).split(is_comma) {
                        let end = self.tree(branch, 0, &path, purpose, module);
                        self.walk(&branch[end..], module);
                    }
                    return at + 1;
                }
                _ => break,
            }
            at += 1;
            if !is_separator(tokens, at) {
                break;
            }
            at += 2;
        }
        let is_seen = purpose == Purpose::Use || is_mark(tokens, at, '!');
        if is_seen && path.last().is_some_and(|last| last == "include") {
            self.hide(tokens, begin, "`include!`");
        }
        if begin < tokens.len() && !path.is_empty() {
            let alias = word_at(tokens, at).filter(|word| word == "as").and(word_at(tokens, at + 1));
            let (path, binds) = bound(path, all, alias, purpose);
            self.named.push(Named { module: module.clone(), path, line: line(tokens, begin), binds });
        }
        at
    }

    /// Looks into what may be an attribute: `at` is behind its `#`.
    fn attribute(&mut self, tokens: &[TokenTree], at: usize) {
        let at = at + usize::from(is_mark(tokens, at, '!'));
        let Some(TokenTree::Group(group)) = tokens.get(at) else { return };
        self.attribute_body(&trees(group.stream()), line(tokens, at));
    }

    fn attribute_body(&mut self, body: &[TokenTree], line: usize) {
        match (word_at(body, 0).as_deref().map(plain), body.get(1)) {
            (Some("path"), _) => self.hidden.push((line, "`#[path]`")),
            (Some("macro_use"), _) => self.hidden.push((line, "`#[macro_use]`")),
            (Some("cfg_attr"), Some(TokenTree::Group(list))) => {
                for part in trees(list.stream()).split(is_comma) {
                    self.attribute_body(part, line);
                }
            }
            _ => {}
        }
    }

    fn hide(&mut self, tokens: &[TokenTree], at: usize, what: &'static str) {
        self.hidden.push((line(tokens, at), what));
    }
}

/// Where a path stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Use,
    Mention,
}

/// The path that is meant, and what it brings into scope.
fn bound(mut path: Path, all: bool, alias: Option<String>, purpose: Purpose) -> (Path, Binds) {
    // `a::{self}` is `a`.
    if path.len() > 1 {
        path.pop_if(|last| last == "self");
    }
    let binds = match purpose {
        Purpose::Mention => Binds::Nothing,
        Purpose::Use if all => Binds::All,
        Purpose::Use => alias.or_else(|| path.last().cloned()).map_or(Binds::Nothing, Binds::Name),
    };
    (path, binds)
}

fn trees(stream: TokenStream) -> Vec<TokenTree> {
    stream.into_iter().collect()
}

fn line(tokens: &[TokenTree], at: usize) -> usize {
    tokens[at].span().start().line
}

fn bare(word: &Ident) -> String {
    plain(&word.to_string()).to_owned()
}

/// A name without the mark of a raw one, which changes nothing for what is no keyword.
fn plain(word: &str) -> &str {
    word.trim_start_matches("r#")
}

fn word_at(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at)? {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')
}

fn is_mark(tokens: &[TokenTree], at: usize, mark: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(found)) if found.as_char() == mark)
}

/// Whether `::` is at `at`.
fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_mark(tokens, at, ':') && is_mark(tokens, at + 1, ':')
}

/// Whether the word at `at` is the first of several: neither the middle of a path nor a macro's variable.
fn begins_path(word: &str, tokens: &[TokenTree], at: usize) -> bool {
    let in_path = at >= 2 && is_separator(tokens, at - 2);
    let is_variable = at >= 1 && is_mark(tokens, at - 1, '$') && word != "crate";
    is_separator(tokens, at + 1) && !in_path && !is_variable
}

fn is_restriction(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if word_at(&trees(group.stream()), 0).as_deref() == Some("in"))
}
