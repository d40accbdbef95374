//! `cargo xtask`: the chores of the repository. Each command sets up what it needs by itself, so
//! that a fresh machine needs no other instruction.

mod bench;
mod build;
mod cargo_tools;
mod check;
mod counts;
mod demo;
mod endpoint;
mod files;
mod fuzz;
mod generate;
mod lean;
mod node;
mod parity;
mod planted;
mod postgres;
mod process;
mod repository;
mod setup;
mod simulate;
mod stamp;
mod system;
mod test;
mod wasm_target;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::repository::Repository;

/// What a person may set.
const VARIABLES: &str = "\
Environment:
  DATABASE_URL                 The owner's URL of a Postgres for the demo, instead of an embedded one
  HAVERSACK_TEST_DATABASE_URL  A superuser's URL of a Postgres for the tests, instead of a fresh one
  HAVERSACK_TEST_BUDGET        How many random cases a test tries (256); handed to the tests
  HAVERSACK_PARITY_OPS         Operations of the parity test, for each schema and Postgres (5000)
  HAVERSACK_QUERY_PAIRS        Random questions, over all schemas, for each Postgres (2500)
  HAVERSACK_SHARED_DATA        Where the shared data is; handed to the tests
  HAVERSACK_CACHE              Where tools are kept for all clones (~/.cache/haversack)
  HAVERSACK_CHROMIUM           The browser (/usr/bin/chromium)
  HAVERSACK_CHROMEDRIVER       Its driver (/usr/bin/chromedriver)
  HAVERSACK_WASM_TARGET        The only way to try for WebAssembly: sysroot, rustup or debian
  HAVERSACK_WASM_STD           The standard library in the module: lean or installed
  HAVERSACK_POSTGRES           The only embedded Postgres to take: system or npm";

/// The chores of the Haversack repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, after_help = VARIABLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs everything that the other commands need
    Setup,
    /// Builds the npm package in pkg/
    Build,
    /// Serves the demo: Postgres, seed data, endpoint and page; stops everything on Ctrl-C
    Demo {
        /// Drive headless browsers through the story and exit
        #[arg(long)]
        check: bool,
        /// Leave pictures of the page in this folder (with --check)
        #[arg(long, value_name = "DIR", requires = "check")]
        screenshots: Option<PathBuf>,
        /// The port of the page
        #[arg(long, default_value_t = 5173)]
        port: u16,
    },
    /// Runs every test, or those of the areas named
    Test {
        /// The areas to run; all of them when none is named
        #[arg(value_enum)]
        areas: Vec<test::Area>,
    },
    /// Runs the core and Postgres under the same random writes and compares
    Parity(parity::Options),
    /// Puts random questions to the core and to Postgres and compares
    #[command(subcommand)]
    Fuzz(fuzz::Fuzz),
    /// Runs real clients against the endpoint's logic with everything that can go wrong, from a seed
    Simulate(simulate::Options),
    /// Plants bugs, one at a time, and sees that the tests catch each
    Planted(planted::Options),
    /// Checks formatting, lints, types and links
    Check {
        /// Repair what a tool can repair
        #[arg(long)]
        fix: bool,
    },
    /// Writes the files that are derived from the table of error codes
    Generate,
    /// Measures Haversack beside its peers, or a sync beside Postgres
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    process::stop_children_on_signals();
    match run(arguments.command) {
        Ok(true) => ExitCode::SUCCESS,
        // What failed has been said, in the command's own words.
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is well; an error says why the command could not be carried out.
fn run(command: Command) -> anyhow::Result<bool> {
    let repository = Repository::find()?;
    match command {
        Command::Setup => setup::run(&repository, setup::EVERYTHING).map(drop),
        Command::Build => build::run(&repository),
        Command::Demo {
            check: false, port, ..
        } => demo::serve(&repository, port),
        Command::Demo {
            check: true,
            screenshots,
            ..
        } => demo::check(&repository, screenshots.as_deref()),
        Command::Test { areas } => return test::run(&repository, &areas),
        Command::Parity(options) => return parity::run(&repository, &options),
        Command::Fuzz(what) => return fuzz::run(&repository, &what),
        Command::Simulate(options) => return simulate::run(&repository, &options),
        Command::Planted(options) => return planted::run(&repository, &options),
        Command::Check { fix } => check::run(&repository, fix),
        Command::Generate => generate::run(&repository),
        Command::Bench(options) => bench::run(&repository, options),
    }?;
    Ok(true)
}
