//! Runs the core and Postgres under the same random writes (`tests/parity`).

use anyhow::{Result, bail};

use crate::build;
use crate::endpoint;
use crate::postgres::binaries;
use crate::postgres::{Cluster, Durability};
use crate::process::Program;
use crate::repository::Repository;
use crate::setup;

/// Schemas that no system is behind.
const OWN: &str = "tests/parity/schemas/";

/// What to run.
#[derive(clap::Args)]
pub struct Options {
    /// A folder of schemas/, by name, or any other schema folder
    #[arg(long)]
    schema: String,
    /// How many operations
    #[arg(long, default_value_t = 5000)]
    ops: u64,
    /// The seed of a run to repeat; a fresh one where it is not given
    #[arg(long)]
    seed: Option<u64>,
    /// The major version of Postgres; both that are tested where it is not given
    #[arg(long, value_name = "MAJOR")]
    postgres: Option<u32>,
    /// Go on after a difference, and list them by cause
    #[arg(long)]
    all: bool,
    /// Keep the shrunk case as tests/parity/cases/NAME.json
    #[arg(long, value_name = "NAME")]
    keep: Option<String>,
}

/// `cargo xtask parity`: whether core and Postgres agree.
pub fn run(repository: &Repository, options: &Options) -> Result<bool> {
    beside_postgres(repository, "parity", options.postgres, || {
        program(repository, &options.schema, options.ops)
            .option("--seed", options.seed)
            .args(options.all.then_some("--all"))
            .option("--keep", options.keep.as_ref())
    })
}

/// Runs a comparison with each version of Postgres, or with one: whether core and Postgres agree.
pub fn beside_postgres(
    repository: &Repository,
    name: &str,
    major: Option<u32>,
    program: impl Fn() -> Program,
) -> Result<bool> {
    let tools = setup::run(repository, setup::BUILD)?;
    build::package(repository, &tools)?;
    let endpoint = endpoint::build(repository)?;
    let majors = major.map_or(binaries::MAJORS.to_vec(), |m| vec![m]);
    let mut well = true;
    for major in majors {
        let postgres = binaries::of_major(major)?;
        let cluster = Cluster::fresh(repository, &postgres, name, Durability::Fast)?;
        let program = program()
            .env("HAVERSACK_BIN", &endpoint)
            .env("HAVERSACK_TEST_DATABASE_URL", cluster.url("postgres"));
        well &= program.outcome(true)?.status.success();
    }
    Ok(well)
}

/// A run; its endpoint and its Postgres are still to be named.
pub fn program(repository: &Repository, schema: &str, ops: u64) -> Program {
    Program::new("node")
        // The schemas' hooks are TypeScript.
        .args(["--import", "tsx", "tests/parity/run.mjs"])
        .args(["--schema", schema, "--ops", &ops.to_string()])
        .folder(repository.root())
        // At a third of the speed that is asked for, and some time to migrate.
        .limit_s(300 + ops / 100)
}

/// The schemas of the repository by name, and by path those that are for this comparison alone.
pub fn schemas(repository: &Repository) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for (folder, prefix) in [("schemas", ""), (OWN, OWN)] {
        for entry in std::fs::read_dir(repository.path(folder))? {
            let entry = entry?;
            if entry.path().join("haversack.toml").is_file() {
                let name = entry.file_name().to_string_lossy().into_owned();
                names.push(format!("{prefix}{name}"));
            }
        }
    }
    names.sort();
    if names.is_empty() {
        bail!("schemas/ holds no folder with a haversack.toml");
    }
    Ok(names)
}
