//! Plants bugs, one at a time, and sees that the tests catch each (I22).
//!
//! The bugs are in the code, behind `planted::is("name")`; a build with the feature `planted` has them all,
//! and `HAVERSACK_PLANTED` names the one that is awake. Nothing is caught by a test that fails anyway,
//! so everything runs once with no bug first.

mod list;

use anyhow::{Result, bail};
use list::{BUGS, Bug, Catcher};
use std::fs;

use crate::process::{Outcome, Program};
use crate::repository::Repository;
use crate::setup::{self, Need};
use crate::simulate;

/// The tests that catch bugs, beside the simulator; one command, so that nothing is compiled twice, and of
/// all packages, so that the dependencies are those that the tests have.
const TESTS: &[&str] = &[
    "nextest",
    "run",
    "--features",
    "haversack-core/planted",
    "--workspace",
    "--exclude",
    "haversack",
    "--lib",
    "--test",
    "merge",
    "--test",
    "model",
    "--test",
    "replica",
    "--test",
    "tabs",
];

/// How nextest says where they are.
const LIST: &[&str] = &["--list-type", "binaries-only", "--message-format", "json"];

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
        let outcome = garden.run(catcher, None)?;
        if !outcome.status.success() {
            println!("{}", outcome.output);
            bail!("{catcher} fails with no bug planted, so it shows nothing");
        }
    }
    let mut missed = 0;
    for bug in &bugs {
        let caught = what_failed(bug.by, &garden.run(bug.by, Some(bug))?);
        let verdict = if caught.is_some() { "caught" } else { "MISSED" };
        let by = caught.unwrap_or_else(|| bug.by.to_string());
        println!("{verdict}  {:<28} {}  by {by}", bug.name, bug.what);
        missed += usize::from(verdict == "MISSED");
    }
    println!("{} of {} caught", bugs.len() - missed, bugs.len());
    Ok(missed == 0)
}

/// What failed, in words, where it did.
fn what_failed(catcher: Catcher, outcome: &Outcome) -> Option<String> {
    if outcome.status.success() {
        return None;
    }
    match catcher {
        Catcher::Test(..) => Some(catcher.to_string()),
        // That some fault never happened in few histories is no invariant that a bug broke.
        Catcher::Simulator => outcome.output.lines().find_map(|line| {
            let (seed, why) = line.strip_prefix("seed ")?.split_once(": ")?;
            seed.parse::<u64>().ok()?;
            Some(format!("{catcher}: {why}"))
        }),
    }
}

/// The line of a program's output that is JSON, among what it says to people.
fn json_line(output: &str) -> Result<&str> {
    let line = output.lines().find(|line| line.starts_with('{'));
    line.ok_or_else(|| anyhow::anyhow!("no JSON in:\n{output}"))
}

fn chosen(options: &Options) -> Result<Vec<&'static Bug>> {
    if let Some(some) = options.some {
        // A day's ten are the next ten of the day after.
        let days = std::time::UNIX_EPOCH.elapsed()?.as_secs() / 86_400;
        let from = (days as usize).wrapping_mul(some) % BUGS.len();
        let bugs = BUGS.iter().cycle().skip(from).take(some.min(BUGS.len()));
        println!("{some} from {from} of {}, day {days}", BUGS.len());
        return Ok(bugs.collect());
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
        println!("build  the simulator and the tests, with the bugs");
        fs::create_dir_all(garden.folder())?;
        simulate::fast(garden.cargo().args(TESTS).arg("--no-run")).show()?;
        // Another build would leave its own in that place.
        fs::copy(simulate::program(repository), garden.simulator())?;
        // The tests that are there now run, whatever becomes of the sources meanwhile: a build that
        // fails catches no bug.
        let list = garden.cargo().args(["nextest", "list"]).args(&TESTS[2..]);
        let list = simulate::fast(list.args(LIST)).run()?;
        fs::write(garden.binaries(), json_line(&list)?)?;
        let metadata = ["metadata", "--format-version", "1"];
        let metadata = garden.cargo().args(metadata).run()?;
        fs::write(garden.metadata(), json_line(&metadata)?)?;
        Ok(garden)
    }

    fn cargo(&self) -> Program {
        Program::new("cargo")
            .folder(self.repository.root())
            .limit_s(1_800)
    }

    /// Beside the integration tests of its package, cargo builds its program.
    fn simulator(&self) -> std::path::PathBuf {
        self.folder().join("simulate")
    }

    fn binaries(&self) -> std::path::PathBuf {
        self.folder().join("binaries.json")
    }

    fn metadata(&self) -> std::path::PathBuf {
        self.folder().join("metadata.json")
    }

    fn folder(&self) -> std::path::PathBuf {
        self.repository.target().join("planted")
    }

    fn run(&self, catcher: Catcher, bug: Option<&Bug>) -> Result<Outcome> {
        let program = match catcher {
            Catcher::Simulator => Program::new(self.simulator())
                .args(["--histories", &self.histories, "--seed", &self.seed])
                .arg("--unshrunk")
                .folder(self.repository.root())
                .limit_s(600),
            Catcher::Test(package, test) => {
                let filter = format!("package({package}) & (test(={test}) | test(/::{test}$/))");
                self.cargo()
                    .args(["nextest", "run", "-E", &filter, "--binaries-metadata"])
                    .arg(self.binaries())
                    .arg("--cargo-metadata")
                    .arg(self.metadata())
            }
        };
        let program = program.env("HAVERSACK_PLANTED", bug.map_or("", |bug| bug.name));
        program.outcome(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
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
