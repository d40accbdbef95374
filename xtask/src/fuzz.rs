//! Puts random questions to the core and to Postgres (`tests/queries`).

use anyhow::Result;

use crate::parity;
use crate::process::Program;
use crate::repository::Repository;

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
    let schemas = match &options.schema[..] {
        [] => parity::schemas(repository)?,
        given => given.to_vec(),
    };
    parity::beside_postgres(repository, "fuzz", options.postgres, || {
        program(repository, &schemas, options.pairs)
            .option("--seed", options.seed)
            .option("--keep", options.keep.as_ref())
    })
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
