//! Tools that come from crates.io. They are kept in the cache by name and version, so that a
//! version that another project of the user needs is never replaced.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::files::TemporaryFolder;
use crate::process::Program;
use crate::repository::{Repository, cache};

/// A program of a crate.
pub struct Tool {
    /// The crate's name.
    pub krate: &'static str,
    /// The program's name.
    pub program: &'static str,
    /// The exact version, or any when the program's version does not matter.
    pub version: Option<String>,
    /// Whether the crate insists on its own lock file.
    pub locked: bool,
}

impl Tool {
    /// wasm-bindgen's generator, which only works with the very version of its library.
    pub fn wasm_bindgen(repository: &Repository) -> Result<Tool> {
        let lock = fs::read_to_string(repository.path("Cargo.lock"))?;
        let version = locked_version(&lock, "wasm-bindgen")
            .context("Cargo.lock has no package wasm-bindgen")?;
        Ok(Tool {
            krate: "wasm-bindgen-cli",
            program: "wasm-bindgen",
            version: Some(version.to_owned()),
            // Its own lock file is older than what we build with, and compiles more.
            locked: false,
        })
    }

    /// The runner of WebAssembly tests in browsers.
    pub fn wasm_pack() -> Tool {
        Tool {
            krate: "wasm-pack",
            program: "wasm-pack",
            version: None,
            locked: false,
        }
    }

    /// The runner of native tests.
    pub fn nextest() -> Tool {
        Tool {
            krate: "cargo-nextest",
            program: "cargo-nextest",
            version: None,
            locked: true,
        }
    }

    /// The folder of an installed program that fits, on the PATH or in the cache.
    pub fn find(&self) -> Result<Option<PathBuf>> {
        let installed = self.root()?.join("bin");
        let path = env::var_os("PATH").unwrap_or_default();
        let candidates = std::iter::once(installed).chain(env::split_paths(&path));
        Ok(candidates
            .into_iter()
            .find(|folder| self.fits(&folder.join(self.program))))
    }

    fn fits(&self, program: &Path) -> bool {
        if !program.is_file() {
            return false;
        }
        let Some(version) = &self.version else {
            return true;
        };
        let said = Program::new(program)
            .arg("--version")
            .limit_s(10)
            .run()
            .unwrap_or_default();
        said.split_whitespace().any(|word| word == version)
    }

    fn root(&self) -> Result<PathBuf> {
        let version = self.version.as_deref().unwrap_or("any");
        Ok(cache()?
            .join("tools")
            .join(format!("{}-{version}", self.krate)))
    }

    /// Installs it and returns its folder.
    pub fn install(&self, build_folder: &TemporaryFolder) -> Result<PathBuf> {
        let root = self.root()?;
        let mut program = Program::new("cargo")
            .args(["install", "--quiet", self.krate, "--root"])
            .arg(&root)
            // They run for seconds: compiling them fast is worth more than their speed.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
            .env("CARGO_TARGET_DIR", build_folder.path())
            .env_remove("RUSTFLAGS")
            .folder(std::env::temp_dir())
            .limit_s(900);
        if let Some(version) = &self.version {
            program = program.args(["--version", &format!("={version}")]);
        }
        if self.locked {
            program = program.arg("--locked");
        }
        program.run()?;
        Ok(root.join("bin"))
    }

    /// What a person would type.
    pub fn by_hand(&self) -> String {
        let version = self
            .version
            .as_ref()
            .map(|v| format!(" --version ={v}"))
            .unwrap_or_default();
        let locked = if self.locked { " --locked" } else { "" };
        format!("cargo install {}{version}{locked}", self.krate)
    }
}

/// The version of a package in the text of a `Cargo.lock`.
pub fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let value = |line: &'a str, key: &str| {
        line.strip_prefix(key)?
            .strip_prefix(" = \"")?
            .strip_suffix('"')
    };
    let mut lines = lock.lines();
    lines.find(|line| value(line, "name") == Some(package))?;
    lines
        .take_while(|line| *line != "[[package]]")
        .find_map(|line| value(line, "version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_very_package() {
        let lock = "version = 4\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n\
            dependencies = [\n \"cfg-if\",\n]\n\n[[package]]\nname = \"wasm-bindgen-macro\"\n\
            version = \"0.2.1\"\n\n[[package]]\nname = \"bare\"\n\n[[package]]\nname = \"z\"\n\
            version = \"9.9.9\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(lock, "wasm-bindgen-macro"), Some("0.2.1"));
        assert_eq!(locked_version(lock, "wasm"), None);
        assert_eq!(
            locked_version(lock, "bare"),
            None,
            "the next package's version is not ours"
        );
    }

    #[test]
    fn the_repository_locks_wasm_bindgen() {
        let tool = Tool::wasm_bindgen(&Repository::find().unwrap()).unwrap();
        assert!(
            tool.by_hand()
                .starts_with("cargo install wasm-bindgen-cli --version =0.")
        );
    }
}
