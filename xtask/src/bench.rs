//! Measures Haversack beside its peers; the measuring itself is `bench/`.

use anyhow::Result;

use crate::build;
use crate::endpoint;
use crate::postgres::{Cluster, Durability};
use crate::process::Program;
use crate::repository::Repository;
use crate::setup::{self, Need};

/// `cargo xtask bench`
pub fn run(repository: &Repository, quick: bool) -> Result<()> {
    let mut needs = setup::BUILD.to_vec();
    needs.extend([Need::Browser, Need::Postgres]);
    let tools = setup::run(repository, &needs)?;
    build::package(repository, &tools)?;
    Program::new("cargo")
        .args(["run", "--profile", "native", "--package", "haversack-core"])
        .args(["--example", "micro", "--", "rules"])
        .folder(repository.root())
        .limit_s(600)
        .show()?;
    let binary = endpoint::build(repository)?;
    // As durable as in production: a measurement without it would flatter us.
    let cluster = Cluster::fresh(repository, tools.postgres()?, "bench", Durability::Durable)?;
    let program = Program::new("node")
        .arg("bench/run.mjs")
        .args(quick.then_some("--quick"))
        .env("HAVERSACK_CHROMIUM", &tools.browser()?.chromium)
        .env("HAVERSACK_BIN", binary)
        .env("HAVERSACK_TEST_DATABASE_URL", cluster.url("postgres"))
        .env("HAVERSACK_PKG", repository.path("pkg"))
        .folder(repository.root())
        .limit_s(if quick { 900 } else { 3600 });
    program.show()?;
    Ok(())
}
