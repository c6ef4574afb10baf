//! The program as it is installed, so that a test can put another version in its place.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::files::Folder;
use super::program::BINARY;

#[derive(Debug)]
pub struct Installed(PathBuf);

impl Installed {
    pub fn in_folder(folder: &Folder) -> Result<Self> {
        let installed = Self(folder.join("scale-out"));
        installed.restore()?;
        Ok(installed)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Puts a script there that notes the time of each start, in nanoseconds, in the file that this returns.
    pub fn replace(&self, script: &str) -> Result<PathBuf> {
        let starts = self.0.with_extension("starts");
        let note = format!("date +%s%N >>'{}'", starts.display());
        let new = self.0.with_extension("new");
        fs::write(&new, format!("#!/bin/sh\n{note}\n{script}\n"))?;
        fs::set_permissions(&new, Permissions::from_mode(0o755))?;
        // As an installer does: the running program keeps its file.
        fs::rename(new, &self.0)?;
        Ok(starts)
    }

    pub fn restore(&self) -> Result<()> {
        let new = self.0.with_extension("new");
        fs::copy(BINARY, &new)?;
        Ok(fs::rename(new, &self.0)?)
    }
}
