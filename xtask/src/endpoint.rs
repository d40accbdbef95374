//! Builds the endpoint, the native binary `haversack`.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::Program;
use crate::repository::Repository;

/// Builds it and returns its path.
pub fn build(repository: &Repository) -> Result<PathBuf> {
    println!("build  the endpoint");
    Program::new("cargo")
        .args([
            "build",
            "--package",
            "haversack-endpoint",
            "--bin",
            "haversack",
        ])
        .args(["--profile", "native"])
        .folder(repository.root())
        .limit_s(1200)
        .show()?;
    Ok(repository.target().join("native/haversack"))
}
