//! What there is to hash: the files of each folder, or bytes that are made up.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use corepool::Priority;
use walkdir::WalkDir;

/// By priority, the highest first. The last one is that of all further paths.
const PRIORITIES: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];
const DEFAULT: [&str; 4] = ["src", "tests", "benches", "examples"];
/// A folder with less than one in so many of all bytes goes with its parent.
const SMALL: u64 = 100;

/// What one job hashes.
#[derive(Clone)]
pub struct Folder {
    pub name: String,
    pub priority: Priority,
    pub pieces: Arc<[Piece]>,
}

#[derive(Clone)]
pub enum Piece {
    File(PathBuf),
    MadeUp(u64),
}

impl Piece {
    fn bytes(&self) -> Result<u64> {
        match self {
            Piece::File(path) => {
                let metadata = path.metadata();
                Ok(metadata.map_err(|error| anyhow!("cannot read {}: {error}", path.display()))?.len())
            }
            Piece::MadeUp(bytes) => Ok(*bytes),
        }
    }
}

/// By path, each root with what is under it.
pub fn find(paths: &[PathBuf]) -> Result<Vec<Folder>> {
    let paths = match paths {
        [] => DEFAULT.map(PathBuf::from).into_iter().filter(|path| path.is_dir()).collect(),
        given => given.to_vec(),
    };
    if paths.is_empty() {
        return Ok(made_up());
    }
    let mut roots = Vec::new();
    for path in &paths {
        roots.push(under(path)?);
    }
    let total: u64 = roots.iter().flat_map(BTreeMap::values).map(|found| found.bytes).sum();
    let mut folders = Vec::new();
    for (index, mut root) in roots.into_iter().enumerate() {
        merge_small(&mut root, total / SMALL);
        let priority = PRIORITIES[index.min(PRIORITIES.len() - 1)];
        folders.extend(root.into_iter().map(|(path, found)| found.folder(&path, priority)));
    }
    ensure!(!folders.is_empty(), "there are no files under the given paths");
    Ok(folders)
}

#[derive(Default)]
struct Found {
    pieces: Vec<Piece>,
    bytes: u64,
}

impl Found {
    fn folder(self, path: &Path, priority: Priority) -> Folder {
        let name = path.display().to_string().replace('\\', "/");
        Folder { name, priority, pieces: self.pieces.into() }
    }
}

fn under(root: &Path) -> Result<BTreeMap<PathBuf, Found>> {
    let mut folders: BTreeMap<PathBuf, Found> = BTreeMap::new();
    for entry in WalkDir::new(root).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(root).display().to_string();
            // What is no error of the system's is a loop of links, and no link is followed.
            let error = error.into_io_error().unwrap_or_else(|| ErrorKind::Other.into());
            anyhow!("cannot read {path}: {error}")
        })?;
        if !entry.file_type().is_file() {
            continue;
        }
        let folder = if entry.depth() == 0 { entry.path() } else { entry.path().parent().unwrap_or(root) };
        let found = folders.entry(folder.to_owned()).or_default();
        let piece = Piece::File(entry.into_path());
        found.bytes += piece.bytes()?;
        found.pieces.push(piece);
    }
    Ok(folders)
}

/// The deepest first, so that what a parent is given counts when it is its turn.
fn merge_small(folders: &mut BTreeMap<PathBuf, Found>, least: u64) {
    let paths: Vec<_> = folders.keys().rev().cloned().collect();
    for path in paths {
        let is_small = folders.get(&path).is_some_and(|found| found.bytes < least);
        let parent = path.parent().filter(|parent| folders.contains_key(*parent));
        if is_small
            && let Some(parent) = parent
            && let Some(found) = folders.remove(&path)
        {
            let whole = folders.entry(parent.to_owned()).or_default();
            whole.bytes += found.bytes;
            whole.pieces.extend(found.pieces);
        }
    }
}

fn made_up() -> Vec<Folder> {
    let folder = |index: u64| {
        let bytes = (1 + index * 7 % 11) << 14;
        Folder {
            name: format!("data {index}"),
            priority: PRIORITIES[index as usize % PRIORITIES.len()],
            pieces: [Piece::MadeUp(bytes)].into(),
        }
    };
    (0..30).map(folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(bytes: u64) -> Found {
        Found { pieces: vec![Piece::MadeUp(bytes)], bytes }
    }

    #[test]
    fn small_folders_go_with_their_parents() {
        let mut folders = BTreeMap::from([
            ("a".into(), found(1)),
            ("a/b".into(), found(6)),
            ("a/b/c".into(), found(4)),
            ("a/d".into(), found(20)),
            ("a/e/f".into(), found(1)),
        ]);
        merge_small(&mut folders, 10);
        let left: Vec<_> = folders.iter().map(|(path, found)| (path.to_str().unwrap(), found.bytes)).collect();
        assert_eq!(left, [("a", 1), ("a/b", 10), ("a/d", 20), ("a/e/f", 1)]);
    }

    #[test]
    fn what_is_made_up_has_all_priorities() {
        let folders = made_up();
        assert!(PRIORITIES.iter().all(|priority| folders.iter().any(|folder| folder.priority == *priority)));
    }
}
