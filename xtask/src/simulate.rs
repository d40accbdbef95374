//! Runs histories of real clients against the endpoint's logic, in one process (`crates/simulator`).

use std::time::UNIX_EPOCH;

use anyhow::{Result, bail};

use crate::process::{Outcome, Program};
use crate::repository::Repository;

/// What to run.
#[derive(clap::Args)]
pub struct Options {
    /// How many histories
    #[arg(long, default_value_t = 300)]
    histories: u64,
    /// The seed of a run to repeat; a fresh one where it is not given
    #[arg(long)]
    seed: Option<u64>,
}

/// `cargo xtask simulate`: whether every invariant held, and everything happened that can.
pub fn run(repository: &Repository, options: &Options) -> Result<bool> {
    let outcome = histories(repository, options.histories, options.seed)?;
    Ok(outcome.status.success())
}

/// Runs histories; the seed is printed with what they came to.
pub fn histories(repository: &Repository, count: u64, seed: Option<u64>) -> Result<Outcome> {
    build(Program::new("cargo").folder(repository.root()))?;
    let seed = match seed {
        Some(seed) => seed,
        None => UNIX_EPOCH.elapsed()?.as_millis() as u64,
    };
    Program::new(repository.target().join("simulate/simulate"))
        .args(["--histories", &count.to_string()])
        .args(["--seed", &seed.to_string()])
        .folder(repository.root())
        // A second each would be too slow by far.
        .limit_s(300 + count)
        .outcome(true)
}

/// Builds the simulator; `cargo` has the folder, and what else is to be set.
pub fn build(cargo: Program) -> Result<()> {
    let built = cargo
        .args([
            "build",
            "--profile",
            "simulate",
            "--package",
            "haversack-simulator",
        ])
        .limit_s(1_800)
        .outcome(true)?;
    if !built.status.success() {
        bail!("the simulator does not compile");
    }
    Ok(())
}
