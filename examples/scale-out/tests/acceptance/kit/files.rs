//! A folder for a test's files. It goes when the test is done with it, and stays if the test fails before.

use std::env;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Result;
use tempfile::{Builder, TempDir};

/// Where `tests/run` wants all folders, and looks for what was left running.
pub const ROOT: &str = "SCALE_OUT_ROOT";

#[derive(Debug)]
pub struct Folder(Option<TempDir>);

impl Folder {
    /// Named after the test that runs on this thread.
    pub fn new() -> Result<Self> {
        let root = env::var_os(ROOT).map_or_else(env::temp_dir, PathBuf::from);
        let test = thread::current().name().unwrap_or("test").rsplit("::").next().unwrap_or_default().to_owned();
        Ok(Self(Some(Builder::new().prefix(&format!("{test}-")).tempdir_in(root)?)))
    }

    pub fn path(&self) -> &Path {
        self.0.as_ref().expect("gone only when dropped").path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn remove(mut self) -> Result<()> {
        Ok(self.0.take().expect("gone only when dropped").close()?)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take() {
            eprintln!("see the files in {}", folder.keep().display());
        }
    }
}
