//! Measures Haversack beside its peers, and a sync and questions beside what Postgres does alone; the
//! measuring itself is `bench/`.

use anyhow::Result;
use clap::Args;

use crate::build;
use crate::endpoint;
use crate::postgres::{Cluster, Durability};
use crate::process::Program;
use crate::repository::Repository;
use crate::setup::{self, Need};

/// What is measured.
#[derive(Clone, Copy, Debug, Args)]
pub struct Options {
    /// Without the peers' bench: the ratios beside idb, in a few minutes
    #[arg(long)]
    quick: bool,
    /// A sync, beside what Postgres does alone, instead of the client beside its peers
    #[arg(long)]
    sync: bool,
    /// Questions put to Postgres over a million rows, instead of the client beside its peers
    #[arg(long, conflicts_with_all = ["quick", "sync"])]
    server: bool,
}

/// `cargo xtask bench`
pub fn run(repository: &Repository, options: Options) -> Result<()> {
    let Options {
        quick,
        sync,
        server,
    } = options;
    let mut needs = setup::BUILD.to_vec();
    needs.extend([Need::Browser, Need::Postgres]);
    let tools = setup::run(repository, &needs)?;
    build::package(repository, &tools)?;
    if !sync && !server {
        Program::new("cargo")
            .args(["run", "--profile", "bench", "--package", "haversack-core"])
            .args(["--example", "micro", "--", "rules"])
            .folder(repository.root())
            .limit_s(600)
            .show()?;
    }
    let binary = endpoint::build(repository)?;
    let postgres = tools.postgres()?;
    // As durable as in production: a measurement without it would flatter us.
    let cluster = Cluster::fresh(repository, postgres, "bench", Durability::Durable)?;
    for script in scripts(options) {
        Program::new("node")
            .arg(script)
            .args((quick && sync).then_some("--quick"))
            .env("HAVERSACK_PGBENCH", postgres.program("pgbench"))
            .env("HAVERSACK_CHROMIUM", &tools.browser()?.chromium)
            .env("HAVERSACK_BIN", &binary)
            .env("HAVERSACK_TEST_DATABASE_URL", cluster.url("postgres"))
            .env("HAVERSACK_PKG", repository.path("pkg"))
            .folder(repository.root())
            .limit_s(if quick { 900 } else { 3600 })
            .show()?;
    }
    Ok(())
}

/// What is run, one after the other.
const fn scripts(options: Options) -> &'static [&'static str] {
    match options {
        Options { server: true, .. } => &["bench/server.mjs"],
        Options { sync: true, .. } => &["bench/sync.mjs"],
        Options { quick: true, .. } => &["bench/run.mjs"],
        Options { .. } => &["bench/run.mjs", "bench/peers.mjs"],
    }
}
