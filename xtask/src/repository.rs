//! Where things are: the repository, its state folder `.haversack/`, and the cache of tools that
//! all clones of one user share. Knows paths only; never runs anything.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository that the command works on.
#[derive(Clone, Debug)]
pub struct Repository {
    root: PathBuf,
}

impl Repository {
    /// Finds the repository above the current folder, or where xtask was compiled. In this order,
    /// since a shared target folder may hold the xtask of another clone.
    pub fn find() -> Result<Repository> {
        let compiled = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let current = env::current_dir()?;
        let root = current
            .ancestors()
            .chain(compiled)
            .find(|folder| folder.join("xtask/Cargo.toml").is_file())
            .context("run this inside the repository: no xtask/Cargo.toml is above this folder")?;
        Ok(Repository {
            root: root.to_path_buf(),
        })
    }

    /// The folder that holds the root `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the repository.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A path inside `.haversack/`, whose parent is made.
    pub fn state(&self, relative: &str) -> Result<PathBuf> {
        let path = self.root.join(".haversack").join(relative);
        let parent = path.parent().context("a state path has a parent")?;
        fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        Ok(path)
    }

    /// Cargo's target folder.
    pub fn target(&self) -> PathBuf {
        match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }
}

/// The folder for what every clone can share: installed tools and downloaded servers.
pub fn cache() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("HAVERSACK_CACHE") {
        return Ok(PathBuf::from(folder));
    }
    let base = match env::var_os("XDG_CACHE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("haversack"))
}
