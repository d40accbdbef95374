//! Plants bugs, one at a time, and sees that the tests catch each (I22).
//!
//! The bugs are in the code, behind `planted::is("name")`; a build under `--cfg planted` has them all,
//! and `HAVERSACK_PLANTED` names the one that is awake. Nothing is caught by a test that fails anyway,
//! so everything runs once with no bug first.

mod list;

use anyhow::{Result, bail};
use list::{BUGS, Bug, Catcher};

use crate::process::Program;
use crate::repository::Repository;
use crate::setup::{self, Need};
use crate::simulate;

/// What to plant.
#[derive(clap::Args)]
pub struct Options {
    /// Bugs by name; all of them where none is named
    names: Vec<String>,
    /// Only so many, other ones each day
    #[arg(long, value_name = "N", conflicts_with = "names")]
    some: Option<usize>,
    /// Histories that the simulator runs for each bug
    #[arg(long, default_value_t = 300)]
    histories: u64,
    /// Their seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// `cargo xtask planted`: whether every bug was caught.
pub fn run(repository: &Repository, options: &Options) -> Result<bool> {
    setup::run(repository, &[Need::Nextest])?;
    let bugs = chosen(options)?;
    let garden = Garden::build(repository, options)?;
    let mut catchers: Vec<Catcher> = Vec::new();
    for bug in &bugs {
        if !catchers.contains(&bug.by) {
            catchers.push(bug.by);
        }
    }
    for catcher in catchers {
        if garden.fails(catcher, None)? {
            bail!("{catcher} fails with no bug planted, so it shows nothing");
        }
    }
    let mut missed = 0;
    for bug in &bugs {
        let caught = garden.fails(bug.by, Some(bug))?;
        let verdict = if caught { "caught" } else { "MISSED" };
        println!("{verdict}  {:<28} {}  by {}", bug.name, bug.what, bug.by);
        missed += usize::from(!caught);
    }
    println!("{} of {} caught", bugs.len() - missed, bugs.len());
    Ok(missed == 0)
}

fn chosen(options: &Options) -> Result<Vec<&'static Bug>> {
    if let Some(some) = options.some {
        // A day's ten are the next ten of the day after.
        let days = std::time::UNIX_EPOCH.elapsed()?.as_secs() / 86_400;
        let from = (days as usize).wrapping_mul(some) % BUGS.len();
        return Ok(BUGS
            .iter()
            .cycle()
            .skip(from)
            .take(some.min(BUGS.len()))
            .collect());
    }
    if options.names.is_empty() {
        return Ok(BUGS.iter().collect());
    }
    let find = |name: &String| {
        let bug = BUGS.iter().find(|bug| bug.name == name);
        bug.ok_or_else(|| anyhow::anyhow!("no bug is called {name}"))
    };
    options.names.iter().map(find).collect()
}

/// The build that has the bugs.
struct Garden<'a> {
    repository: &'a Repository,
    histories: String,
    seed: String,
}

impl<'a> Garden<'a> {
    fn build(repository: &'a Repository, options: &Options) -> Result<Self> {
        let garden = Self {
            repository,
            histories: options.histories.to_string(),
            seed: options.seed.to_string(),
        };
        simulate::build(garden.cargo())?;
        Ok(garden)
    }

    fn cargo(&self) -> Program {
        Program::new("cargo")
            // Beside the other builds, which have other flags.
            .env("CARGO_TARGET_DIR", self.target())
            .env("RUSTFLAGS", "--cfg planted")
            .folder(self.repository.root())
            .limit_s(1_800)
    }

    fn target(&self) -> std::path::PathBuf {
        self.repository.target().join("planted")
    }

    fn fails(&self, catcher: Catcher, bug: Option<&Bug>) -> Result<bool> {
        let program = match catcher {
            Catcher::Simulator => Program::new(self.target().join("simulate/simulate"))
                .args(["--histories", &self.histories, "--seed", &self.seed])
                .folder(self.repository.root())
                .limit_s(600),
            Catcher::Test(package, test) => {
                let filter = format!("test(={test}) or test(/::{test}$/)");
                self.cargo()
                    .args(["nextest", "run", "--package", package, "-E", &filter])
            }
        };
        let program = program.env("HAVERSACK_PLANTED", bug.map_or("", |bug| bug.name));
        let outcome = program.outcome(false)?;
        let fails = !outcome.status.success();
        if fails && bug.is_none() {
            println!("{}", outcome.output);
        }
        Ok(fails)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    /// The names of the bugs in the sources.
    fn planted(root: &Path) -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        let mut folders = vec![root.join("src"), root.join("crates")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs") {
                    let text = fs::read_to_string(&path)?;
                    let calls = text.split("planted::is(\"").skip(1);
                    names.extend(calls.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
                }
            }
        }
        Ok(names)
    }

    #[test]
    fn the_list_has_every_bug_that_is_planted_and_no_other() {
        let repository = Repository::find().expect("the repository");
        let listed: BTreeSet<String> = BUGS.iter().map(|bug| bug.name.to_owned()).collect();
        assert_eq!(planted(repository.root()).expect("sources"), listed);
        assert_eq!(listed.len(), BUGS.len(), "each once");
        assert!(listed.len() >= 40, "issue: at least 40");
    }
}
