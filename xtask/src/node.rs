//! Node and the npm packages of the workspace.

use anyhow::{Context, Result, bail};

use crate::process::Program;
use crate::repository::Repository;
use crate::stamp::{Inputs, Stamp};

/// The oldest Node that the tools run on.
const NODE_MIN: (u32, u32) = (20, 19);

/// Refuses a Node that is missing or too old.
pub fn require_node() -> Result<()> {
    let said = Program::new("node")
        .arg("--version")
        .limit_s(10)
        .run()
        .context("Node is missing")?;
    let found = parse_version(&said).with_context(|| format!("node says `{}`", said.trim()))?;
    if found < NODE_MIN {
        bail!(
            "Node {} is too old: {}.{} is needed",
            said.trim(),
            NODE_MIN.0,
            NODE_MIN.1
        );
    }
    Ok(())
}

fn parse_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.trim().trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Whether the packages are those of the lock file.
pub fn packages_are_current(repository: &Repository) -> Result<bool> {
    Ok(repository.path("node_modules/.package-lock.json").is_file() && stamp(repository)?.holds())
}

/// Installs the packages of the lock file.
pub fn install_packages(repository: &Repository) -> Result<()> {
    Program::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--prefer-offline"])
        .folder(repository.root())
        .limit_s(600)
        .run()?;
    stamp(repository)?.set()
}

fn stamp(repository: &Repository) -> Result<Stamp> {
    let inputs = Inputs::new("npm ci 1").path(&repository.path("package-lock.json"))?;
    Stamp::new(repository, "node-packages", inputs)
}

/// A program of an installed package.
pub fn tool(repository: &Repository, name: &str) -> Program {
    Program::new(repository.path("node_modules/.bin").join(name)).folder(repository.root())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(parse_version("v20.20.2\n"), Some((20, 20)));
        assert!(parse_version("v20.9.0").unwrap() < NODE_MIN);
        assert!(parse_version("v100.0.0").unwrap() > NODE_MIN);
        assert_eq!(parse_version("nodejs"), None);
    }
}
