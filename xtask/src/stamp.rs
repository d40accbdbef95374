//! Remembers what a step was made from, so that it is skipped until that changes. A stamp is a
//! digest of contents: times of files say nothing in a fresh clone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::repository::Repository;

/// Folders that are made, never sources.
const MADE: [&str; 4] = ["node_modules", "dist", "target", ".haversack"];

/// Gathers what a step depends on.
pub struct Inputs(Sha256);

impl Inputs {
    /// Starts with the name of the step and the version of its recipe.
    pub fn new(recipe: &str) -> Inputs {
        Inputs(Sha256::new()).text(recipe)
    }

    /// Adds a plain value, such as a tool's version.
    pub fn text(mut self, text: &str) -> Inputs {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
        self
    }

    /// Adds a file, or a folder with all the sources in it; what is absent counts as absent.
    pub fn path(mut self, path: &Path) -> Result<Inputs> {
        if path.is_file() {
            return self.file(path);
        }
        let walk = WalkDir::new(path)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| {
                entry.depth() == 0
                    || !MADE
                        .iter()
                        .any(|made| entry.file_name() == std::ffi::OsStr::new(made))
            });
        for entry in walk
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
        {
            let relative = entry
                .path()
                .strip_prefix(path)?
                .to_string_lossy()
                .into_owned();
            self = self.text(&relative).file(entry.path())?;
        }
        Ok(self)
    }

    fn file(mut self, path: &Path) -> Result<Inputs> {
        let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(&bytes);
        Ok(self)
    }

    /// The digest of everything added.
    pub fn digest(self) -> String {
        self.0
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// A remembered digest.
pub struct Stamp {
    path: PathBuf,
    digest: String,
}

impl Stamp {
    /// The stamp `name` of this repository for these inputs.
    pub fn new(repository: &Repository, name: &str, inputs: Inputs) -> Result<Stamp> {
        let path = repository.state(&format!("stamps/{name}"))?;
        Ok(Stamp {
            path,
            digest: inputs.digest(),
        })
    }

    /// Whether the step was last finished with exactly these inputs.
    pub fn holds(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|found| found.trim() == self.digest)
    }

    /// Remembers that the step is finished.
    pub fn set(&self) -> Result<()> {
        fs::write(&self.path, format!("{}\n", self.digest))
            .with_context(|| format!("writing {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::TemporaryFolder;

    #[test]
    fn digest_changes_with_names_and_contents_but_not_with_made_files() {
        let folder = TemporaryFolder::new("stamp").unwrap();
        let digest = || Inputs::new("t").path(folder.path()).unwrap().digest();
        fs::write(folder.path().join("a"), "1").unwrap();
        let first = digest();
        assert_eq!(first, digest());

        fs::create_dir_all(folder.path().join("node_modules")).unwrap();
        fs::write(folder.path().join("node_modules/x"), "made").unwrap();
        assert_eq!(first, digest(), "made files are no inputs");

        fs::rename(folder.path().join("a"), folder.path().join("b")).unwrap();
        let renamed = digest();
        assert_ne!(first, renamed, "a name is part of the input");
        fs::write(folder.path().join("b"), "2").unwrap();
        assert_ne!(renamed, digest(), "contents are part of the input");
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let split = Inputs::new("t").text("ab").text("c").digest();
        assert_ne!(split, Inputs::new("t").text("a").text("bc").digest());
    }
}
