//! Which file refers to which: the paths of all files, resolved as the compiler would, as far as modules go.
//!
//! A path leads to the file of its longest prefix that is a module. What a `mod.rs` re-exports is of that `mod.rs`: the
//! reader of the path looks there first.

use std::collections::{BTreeMap, BTreeSet};

use crate::Tree;
use crate::scan::{Binds, Named, Path, Scan, scan};

/// The crate's root; it is the file of every path that leads to no module.
pub const ROOT: &str = "src/lib.rs";

/// The first line of a file that names another.
#[derive(Debug)]
pub struct Reference<'a> {
    pub from: &'a str,
    pub line: usize,
    pub to: &'a str,
}

/// What the files of a tree say about each other.
pub struct References<'a> {
    pub all: Vec<Reference<'a>>,
    /// File, line and means of what no path shows.
    pub hidden: Vec<(&'a str, usize, &'static str)>,
    /// Files that are no Rust, with the lexer's word on it.
    pub unreadable: Vec<(&'a str, String)>,
}

impl<'a> References<'a> {
    pub fn of(tree: &'a Tree) -> Self {
        let mut modules = Modules::default();
        let mut scans = Vec::new();
        let mut unreadable = Vec::new();
        for (file, text) in tree {
            let module = module_of(file);
            match scan(text, &module) {
                Ok(scan) => scans.push((file.as_str(), scan)),
                Err(error) => unreadable.push((file.as_str(), error.to_string())),
            }
            modules.files.insert(module, file);
        }
        for (_, scan) in &scans {
            modules.learn(scan);
        }
        let mut lines = BTreeMap::new();
        for (from, scan) in &scans {
            for named in &scan.named {
                for to in modules.files_named(named).into_iter().filter(|to| to != from) {
                    let line = lines.entry((*from, to)).or_insert(named.line);
                    *line = named.line.min(*line);
                }
            }
        }
        let all = lines.into_iter().map(|((from, to), line)| Reference { from, line, to }).collect();
        let hidden = scans.iter().flat_map(|(file, scan)| scan.hidden.iter().map(|&(line, what)| (*file, line, what)));
        Self { all, hidden: hidden.collect(), unreadable }
    }
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are `a::b`. No attribute says otherwise: `#[path]` is forbidden.
fn module_of(file: &str) -> Path {
    let stem = file.strip_prefix("src/").and_then(|file| file.strip_suffix(".rs")).unwrap_or(file);
    let mut path: Path = stem.split('/').map(str::to_owned).collect();
    path.pop_if(|last| last == "mod");
    if file == ROOT { Path::new() } else { path }
}

#[derive(Default)]
struct Modules<'a> {
    files: BTreeMap<Path, &'a str>,
    children: BTreeSet<(Path, String)>,
    /// The paths that `use` gives a name in a module.
    names: BTreeMap<(Path, String), Vec<Path>>,
    /// The paths of which a module uses everything.
    globs: BTreeMap<Path, Vec<Path>>,
}

impl<'a> Modules<'a> {
    fn learn(&mut self, scan: &Scan) {
        self.children.extend(scan.children.iter().cloned());
        for Named { module, path, binds, .. } in &scan.named {
            match binds {
                Binds::Name(name) => self.names.entry((module.clone(), name.clone())).or_default().push(path.clone()),
                Binds::All => self.globs.entry(module.clone()).or_default().push(path.clone()),
                Binds::Nothing => {}
            }
        }
    }

    fn files_named(&self, named: &Named) -> BTreeSet<&'a str> {
        let paths = self.absolute(&named.module, &named.path, &mut BTreeSet::new());
        paths.iter().map(|path| self.file_of(path)).collect()
    }

    fn file_of(&self, path: &[String]) -> &'a str {
        let prefixes = (1..=path.len()).rev().map(|length| &path[..length]);
        prefixes.filter_map(|prefix| self.files.get(prefix)).next().copied().unwrap_or(ROOT)
    }

    /// What `path` in `module` may mean, from the root; nothing if it leads out of the crate.
    fn absolute(&self, module: &Path, path: &[String], seen: &mut BTreeSet<(Path, String)>) -> Vec<Path> {
        match path[0].as_str() {
            "crate" => vec![walk(&[], &path[1..])],
            "self" | "super" => vec![walk(module, path)],
            name => self.lookup(module, name, seen).iter().map(|found| walk(found, &path[1..])).collect(),
        }
    }

    /// The modules that `name` means in `module`. An item is none of them: the `use` that named it has been counted.
    fn lookup(&self, module: &Path, name: &str, seen: &mut BTreeSet<(Path, String)>) -> Vec<Path> {
        let key = (module.clone(), name.to_owned());
        if !seen.insert(key.clone()) {
            return Vec::new();
        }
        if self.children.contains(&key) {
            return vec![walk(module, &[key.1])];
        }
        let mut found = Vec::new();
        for path in self.names.get(&key).into_iter().flatten() {
            found.extend(self.absolute(module, path, seen));
        }
        for glob in self.globs.get(module).into_iter().flatten() {
            for opened in self.absolute(module, glob, seen) {
                found.extend(self.lookup(&opened, name, seen));
            }
        }
        found.retain(|path| self.is_module(path));
        found
    }

    fn is_module(&self, path: &[String]) -> bool {
        match path.split_last() {
            None => true,
            Some((name, parent)) => {
                self.files.contains_key(path) || self.children.contains(&(parent.to_vec(), name.clone()))
            }
        }
    }
}

/// Follows `path` from `module`.
fn walk(module: &[String], path: &[String]) -> Path {
    let mut reached = module.to_vec();
    for segment in path {
        match segment.as_str() {
            "self" => {}
            "super" => drop(reached.pop()),
            _ => reached.push(segment.clone()),
        }
    }
    reached
}
