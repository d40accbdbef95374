//! Puts random questions to the core and to Postgres (`tests/queries`).

use anyhow::Result;

use crate::build;
use crate::endpoint;
use crate::parity;
use crate::postgres::binaries;
use crate::postgres::{Cluster, Durability};
use crate::process::Program;
use crate::repository::Repository;
use crate::setup;

/// What is asked at random.
#[derive(clap::Subcommand)]
pub enum Fuzz {
    /// Queries: the core's answer and Postgres's, on rows that random writes have changed
    Query(Options),
}

/// What to run.
#[derive(clap::Args)]
pub struct Options {
    /// A folder of schemas/, by name, or any other schema folder; all of schemas/ where none is given
    #[arg(long)]
    schema: Vec<String>,
    /// How many questions, in all schemas together
    #[arg(long, default_value_t = 5000)]
    pairs: u64,
    /// The seed of a run to repeat; a fresh one where it is not given
    #[arg(long)]
    seed: Option<u64>,
    /// The major version of Postgres; both that are tested where it is not given
    #[arg(long, value_name = "MAJOR")]
    postgres: Option<u32>,
    /// Keep the shrunk question as tests/queries/cases/NAME.json
    #[arg(long, value_name = "NAME")]
    keep: Option<String>,
}

/// `cargo xtask fuzz`: whether core and Postgres agree.
pub fn run(repository: &Repository, Fuzz::Query(options): &Fuzz) -> Result<bool> {
    let tools = setup::run(repository, setup::BUILD)?;
    build::package(repository, &tools)?;
    let endpoint = endpoint::build(repository)?;
    let majors = match options.postgres {
        Some(major) => vec![major],
        None => binaries::MAJORS.to_vec(),
    };
    let schemas = match &options.schema[..] {
        [] => parity::schemas(repository)?,
        given => given.to_vec(),
    };
    let mut well = true;
    for major in majors {
        let postgres = binaries::of_major(major)?;
        let cluster = Cluster::fresh(repository, &postgres, "fuzz", Durability::Fast)?;
        let mut program = program(repository, &schemas, options.pairs)
            .env("HAVERSACK_BIN", &endpoint)
            .env("HAVERSACK_TEST_DATABASE_URL", cluster.url("postgres"));
        if let Some(seed) = options.seed {
            program = program.args(["--seed", &seed.to_string()]);
        }
        if let Some(name) = &options.keep {
            program = program.args(["--keep", name]);
        }
        well &= program.outcome(true)?.status.success();
    }
    Ok(well)
}

/// A run; its endpoint and its Postgres are still to be named.
pub fn program(repository: &Repository, schemas: &[String], pairs: u64) -> Program {
    let mut program = Program::new("node")
        // The schemas' hooks are TypeScript.
        .args(["--import", "tsx", "tests/queries/run.mjs"])
        .args(["--pairs", &pairs.to_string()])
        .folder(repository.root())
        // At half of the speed that is asked for, and some time to migrate.
        .limit_s(300 + pairs / 100);
    for schema in schemas {
        program = program.args(["--schema", schema]);
    }
    program
}
