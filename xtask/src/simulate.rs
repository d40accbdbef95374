//! Runs random histories of many clients in the simulator (`crates/simulator`).

use anyhow::Result;
use std::path::PathBuf;

use crate::process::{Outcome, Program};
use crate::repository::Repository;

/// The packages that a history spends its time in.
const OURS: &[&str] = &[
    "haversack",
    "haversack-core",
    "haversack-endpoint",
    "haversack-rows",
    "haversack-simulated-browser",
    "haversack-simulator",
    "haversack-text",
];

/// How many histories the tests run.
pub const TESTED: u64 = 300;

/// What to run.
#[derive(clap::Args)]
pub struct Options {
    /// How many histories
    #[arg(long, default_value_t = TESTED)]
    histories: u64,
    /// The seed of all of them; a fresh one, which is printed, where it is not given
    #[arg(long)]
    seed: Option<u64>,
    /// One history, by the seed that a failure names: it is run twice, and shrunk where it fails
    #[arg(long, value_name = "SEED", conflicts_with_all = ["histories", "seed"])]
    history: Option<u64>,
    /// One history, kept in crates/simulator/tests/histories
    #[arg(long, value_name = "NAME", conflicts_with_all = ["histories", "seed", "history"])]
    case: Option<String>,
    /// Say what happens in the one history, as it happens
    #[arg(long)]
    tell: bool,
    /// Keep the one history, as it is shrunk, as crates/simulator/tests/histories/NAME.json
    #[arg(long, value_name = "NAME", requires = "history")]
    keep: Option<String>,
}

/// `cargo xtask simulate`: whether every invariant held, and everything happened.
pub fn run(repository: &Repository, options: &Options) -> Result<bool> {
    let file = |name: &String| {
        let file = repository.path(&format!("crates/simulator/tests/histories/{name}.json"));
        file.display().to_string()
    };
    let mut words = match (&options.case, options.history) {
        (Some(name), _) => vec!["--case".to_owned(), file(name)],
        (None, Some(seed)) => vec!["--history".to_owned(), seed.to_string()],
        (None, None) => batch(options.histories, options.seed),
    };
    if options.tell {
        words.push("--tell".to_owned());
    }
    if let Some(name) = &options.keep {
        words.extend(["--keep".to_owned(), file(name)]);
    }
    Ok(simulate(repository, &words)?.status.success())
}

/// The histories that the tests run, with a fresh seed.
pub fn test(repository: &Repository) -> Result<Outcome> {
    simulate(repository, &batch(TESTED, None))
}

fn batch(histories: u64, seed: Option<u64>) -> Vec<String> {
    let seed = seed.unwrap_or_else(fresh_seed);
    println!("seed {seed}");
    let words = [
        "--histories",
        &histories.to_string(),
        "--seed",
        &seed.to_string(),
    ];
    words.map(str::to_owned).to_vec()
}

/// The time, in nanoseconds: another one each time.
fn fresh_seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}

fn simulate(repository: &Repository, words: &[String]) -> Result<Outcome> {
    println!("build  the simulator");
    fast(Program::new("cargo").args(["build", "--workspace", "--bin", "simulate"]))
        .folder(repository.root())
        .limit_s(1800)
        .show()?;
    Program::new(program(repository))
        .args(words)
        .folder(repository.root())
        .limit_s(7200)
        .outcome(true)
}

/// Where a build leaves the simulator.
pub fn program(repository: &Repository) -> PathBuf {
    repository.target().join("debug/simulate")
}

/// A `cargo` that compiles what is ours for speed, with the checks of a debug build, and takes all else
/// as the tests have it: a profile of its own would compile every dependency once more.
pub fn fast(cargo: Program) -> Program {
    OURS.iter().fold(cargo, |cargo, package| {
        let speed = format!("profile.dev.package.{package}.opt-level=2");
        cargo.args(["--config", &speed])
    })
}
