//! The SHA-256 of a file: real work on real data.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use corepool::checkpoint;
use sha2::{Digest, Sha256};

use super::Refused;
use crate::program::quoted;

/// Read piece by piece, however large the file is; between two pieces the job can be stopped.
const PIECE: usize = 64 << 10;

/// As `sha256sum` prints it. Only of what lies under `root`.
pub(crate) fn checksum(root: &Path, path: &Path) -> Result<String> {
    let shown = quoted(&path.to_string_lossy());
    let mut file = File::open(inside(root, path)?).with_context(|| format!("cannot open {shown}"))?;
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        checkpoint()?;
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => digest.update(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {shown}")),
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Jobs come from whoever may write to Redis: they are not to learn of any file there is, nor of what there is not.
fn inside(root: &Path, path: &Path) -> Result<PathBuf> {
    let (full, shown) = (root.join(path), quoted(&path.to_string_lossy()));
    let found = full.canonicalize();
    let nearest = match &found {
        Ok(found) => Some(found.clone()),
        Err(_) => full.ancestors().find_map(|ancestor| ancestor.canonicalize().ok()),
    };
    if !nearest.is_some_and(|nearest| nearest.starts_with(root)) {
        bail!(Refused(format!("{shown} is not under {}", root.display())));
    }
    let found = found.with_context(|| format!("cannot find {shown} under {}", root.display()))?;
    if !found.is_file() {
        bail!(Refused(format!("{shown} is no file")));
    }
    Ok(found)
}
