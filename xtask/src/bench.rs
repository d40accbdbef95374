//! Measures Haversack beside its peers; the measuring itself is `bench/`.

use anyhow::Result;

use crate::build;
use crate::process::Program;
use crate::repository::Repository;
use crate::setup::{self, Need};

/// `cargo xtask bench`
pub fn run(repository: &Repository, quick: bool) -> Result<()> {
    let mut needs = setup::BUILD.to_vec();
    needs.push(Need::Browser);
    let tools = setup::run(repository, &needs)?;
    build::package(repository, &tools)?;
    let program = Program::new("node")
        .arg("bench/run.mjs")
        .args(quick.then_some("--quick"))
        .env("HAVERSACK_CHROMIUM", &tools.browser()?.chromium)
        .env("HAVERSACK_PKG", repository.path("pkg"))
        .folder(repository.root())
        .limit_s(if quick { 900 } else { 3600 });
    program.show()?;
    Ok(())
}
