//! Runs the tests, area by area, and sums them up. An area that fails does not hide the others;
//! an area that ran nothing has failed.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::build::{self, Weight};
use crate::counts::{self, Counts};
use crate::demo;
use crate::endpoint;
use crate::fuzz;
use crate::node;
use crate::parity;
use crate::postgres::binaries;
use crate::postgres::{Cluster, Durability};
use crate::process::{Outcome, Program};
use crate::repository::Repository;
use crate::setup::{self, Need, Tools};
use crate::simulate;

/// Operations of the parity test for each schema and version.
const PARITY_OPS: u64 = 5000;

/// Random questions, over all schemas, for each version.
const QUERY_PAIRS: u64 = 2500;

/// The tests of the area `sync`, as nextest selects them.
const SYNC_TESTS: &str = "package(haversack-fault-proxy) + binary(faults)";

/// A set of tests that run alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Area {
    /// Rust natively: core, endpoint with Postgres, xtask
    Rust,
    /// Endpoints, Postgres and what goes wrong between them: faults, kills, random histories
    Sync,
    /// The binding, in headless Chromium by wasm-pack
    Wasm,
    /// TypeScript and its types, in Node
    Js,
    /// The packed npm package, as applications use it
    Packaging,
    /// The schemas on the oldest and newest Postgres, and the core beside Postgres on each
    Schemas,
    /// Browser, endpoint and Postgres together
    Browser,
    /// Random histories of many clients in the simulator
    Simulate,
    /// The story of `demo --check`
    Story,
}

impl Area {
    fn needs(self) -> &'static [Need] {
        match self {
            // The schemas' seed generators are Node programs.
            Area::Rust => &[Need::Nextest, Need::NodePackages, Need::Postgres],
            Area::Sync => &[Need::Nextest, Need::Postgres],
            Area::Wasm => &[
                Need::WasmTarget,
                Need::WasmBindgen,
                Need::WasmPack,
                Need::Browser,
            ],
            Area::Js => setup::BUILD,
            Area::Packaging => &[
                Need::NodePackages,
                Need::WasmTarget,
                Need::WasmBindgen,
                Need::Browser,
            ],
            Area::Schemas => &[
                Need::NodePackages,
                Need::WasmTarget,
                Need::WasmBindgen,
                Need::Nextest,
            ],
            Area::Simulate => &[],
            Area::Browser | Area::Story => &[
                Need::NodePackages,
                Need::WasmTarget,
                Need::WasmBindgen,
                Need::Browser,
                Need::Postgres,
            ],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Area::Rust => "rust",
            Area::Sync => "sync",
            Area::Wasm => "wasm",
            Area::Js => "js",
            Area::Packaging => "packaging",
            Area::Schemas => "schemas",
            Area::Browser => "browser",
            Area::Simulate => "simulate",
            Area::Story => "story",
        }
    }
}

/// What an area came to.
struct Report {
    area: Area,
    counts: Counts,
    took: Duration,
    problem: Option<String>,
}

/// `cargo xtask test [area…]`: whether everything passed.
pub fn run(repository: &Repository, areas: &[Area]) -> Result<bool> {
    let areas = if areas.is_empty() {
        Area::value_variants()
    } else {
        areas
    };
    let mut needs: Vec<Need> = Vec::new();
    for need in areas.iter().flat_map(|area| area.needs()) {
        if !needs.contains(need) {
            needs.push(*need);
        }
    }
    let tools = setup::run(repository, &needs)?;
    let bench = Workbench::new(repository, tools);
    let reports: Vec<Report> = areas.iter().map(|area| bench.report(*area)).collect();
    Ok(summarise(&reports))
}

/// Prints the table and what went wrong; the counts are the last line, for programs that read it.
fn summarise(reports: &[Report]) -> bool {
    println!(
        "\n{:<12} {:>7} {:>7} {:>8} {:>8}",
        "area", "passed", "failed", "skipped", "time"
    );
    let mut total = Counts::default();
    for Report {
        area, counts, took, ..
    } in reports
    {
        let Counts {
            passed,
            failed,
            skipped,
        } = *counts;
        let seconds = took.as_secs();
        println!(
            "{:<12} {passed:>7} {failed:>7} {skipped:>8} {seconds:>6} s",
            area.name()
        );
        total += *counts;
    }
    let problems: Vec<String> = reports
        .iter()
        .filter_map(|report| {
            Some(format!(
                "{}: {}",
                report.area.name(),
                report.problem.as_ref()?
            ))
        })
        .collect();
    for problem in &problems {
        println!("\n{problem}");
    }
    println!("\n{} passed, {} failed", total.passed, total.failed);
    problems.is_empty()
}

/// What several areas share, made when the first of them needs it.
struct Workbench<'a> {
    repository: &'a Repository,
    tools: Tools,
    cluster: OnceCell<Cluster>,
    endpoint: OnceCell<PathBuf>,
    package: OnceCell<Weight>,
}

impl<'a> Workbench<'a> {
    fn new(repository: &'a Repository, tools: Tools) -> Workbench<'a> {
        Workbench {
            repository,
            tools,
            cluster: OnceCell::new(),
            endpoint: OnceCell::new(),
            package: OnceCell::new(),
        }
    }

    fn report(&self, area: Area) -> Report {
        println!("\n== {} ==", area.name());
        let start = Instant::now();
        let (counts, problem) = match self.area(area) {
            Ok((counts, ended_well)) => (counts, problem(counts, ended_well)),
            Err(error) => (Counts::default(), Some(format!("{error:#}"))),
        };
        // A failure that no test stands for still counts: nobody may read "0 failed" past it.
        let failed = counts.failed.max(usize::from(problem.is_some()));
        Report {
            area,
            counts: Counts { failed, ..counts },
            took: start.elapsed(),
            problem,
        }
    }

    fn area(&self, area: Area) -> Result<(Counts, bool)> {
        match area {
            Area::Rust => self.rust(),
            Area::Sync => self.sync(),
            Area::Wasm => self.wasm(),
            Area::Js => self.js(),
            Area::Packaging => {
                let weight = self.package()?;
                let (mut counted, well) =
                    self.node_tests("tests/packaging", Program::new("node"))?;
                // What it weighs is one more test.
                let light = self
                    .tools
                    .library()
                    .and_then(|library| weight.within_limit(library));
                if let Err(error) = &light {
                    println!("{error}");
                }
                counted += Counts::one(light.is_ok());
                Ok((counted, well && light.is_ok()))
            }
            Area::Schemas => self.schemas(),
            Area::Browser => {
                self.package()?;
                let program = Program::new("node")
                    .env("HAVERSACK_BIN", self.endpoint()?)
                    .env("HAVERSACK_TEST_DATABASE_URL", self.database_url()?);
                self.node_tests("tests/browser", program)
            }
            Area::Simulate => {
                let outcome = simulate::test(self.repository)?;
                let well = outcome.status.success();
                // One run is one test: no invariant was broken, and everything happened.
                let counts = Counts::one(well);
                Ok((counts, well))
            }
            Area::Story => {
                self.package()?;
                let outcome = demo::story(self.repository, &self.tools, None)?;
                let mut counts = counts::steps(&outcome.output);
                if counts == Counts::default() && outcome.status.success() {
                    counts.passed = 1;
                }
                Ok((counts, outcome.status.success()))
            }
        }
    }

    fn rust(&self) -> Result<(Counts, bool)> {
        // The root package is the browser's; its tests are the area `wasm`.
        let what = ["--workspace", "--exclude", "haversack", "--no-fail-fast"];
        let not_sync = format!("not ({SYNC_TESTS})");
        let program = if self.tools.nextest {
            Program::new("cargo")
                .args(["nextest", "run"])
                .args(what)
                .args(["--filterset", &not_sync])
        } else {
            Program::new("cargo").arg("test").args(what)
        };
        self.native_tests(program.limit_s(1800))
    }

    /// How long it takes is in the environment: HAVERSACK_HISTORIES, HAVERSACK_SOAK_S.
    fn sync(&self) -> Result<(Counts, bool)> {
        let packages = ["--package", "haversack-fault-proxy"];
        let endpoint = ["--package", "haversack-endpoint", "--no-fail-fast"];
        let program = if self.tools.nextest {
            Program::new("cargo")
                .args(["nextest", "run"])
                .args(packages)
                .args(endpoint)
                .args(["--filterset", SYNC_TESTS])
        } else {
            Program::new("cargo")
                .arg("test")
                .args(endpoint)
                .args(["--test", "faults"])
        };
        // Hours, at night.
        self.native_tests(program.limit_s(6 * 3600))
    }

    /// Runs native tests with the endpoint's Postgres beside them.
    fn native_tests(&self, program: Program) -> Result<(Counts, bool)> {
        let program = program
            .env("HAVERSACK_TEST_DATABASE_URL", self.database_url()?)
            .folder(self.repository.root());
        let outcome = self.tools.native(program)?.outcome(true)?;
        let counted = if self.tools.nextest {
            counts::nextest(&outcome.output)
        } else {
            counts::libtest(&outcome.output)
        };
        Ok((counted, outcome.status.success()))
    }

    fn wasm(&self) -> Result<(Counts, bool)> {
        let browser = self.tools.browser()?;
        let program = Program::new("wasm-pack")
            // It must not download what set-up has found.
            .args([
                "test",
                "--headless",
                "--chrome",
                "--mode",
                "no-install",
                "--chromedriver",
            ])
            .arg(&browser.chromedriver)
            .env("WASM_BINDGEN_TEST_TIMEOUT", "120")
            .folder(self.repository.root())
            .limit_s(1200);
        let outcome = self.tools.wasm(program)?.outcome(true)?;
        Ok((counts::libtest(&outcome.output), outcome.status.success()))
    }

    fn js(&self) -> Result<(Counts, bool)> {
        self.package()?;
        println!("types of js/test");
        let types = node::tool(self.repository, "tsc")
            .args(["--project", "js/tsconfig.test.json"])
            .limit_s(120)
            .outcome(true)?;
        // The type tests are one test: every line of theirs that should not compile doesn't.
        let well = types.status.success();
        let mut counted = Counts::one(well);
        let (run, ran_well) =
            self.node_tests("js/test", Program::new("node").args(["--import", "tsx"]))?;
        counted += run;
        Ok((counted, well && ran_well))
    }

    /// Every schema on every version: the endpoint's tests of them, then the core beside Postgres.
    fn schemas(&self) -> Result<(Counts, bool)> {
        self.package()?;
        let endpoint = self.endpoint()?;
        let ops = number("HAVERSACK_PARITY_OPS", PARITY_OPS)?;
        let pairs = number("HAVERSACK_QUERY_PAIRS", QUERY_PAIRS)?;
        let tests = self
            .repository
            .path("crates/endpoint/tests/endpoint/schemas.rs");
        let (mut counted, mut well) = (Counts::default(), true);
        for major in binaries::MAJORS {
            let postgres = binaries::of_major(major)?;
            let cluster = Cluster::fresh(self.repository, &postgres, "schemas", Durability::Fast)?;
            let url = cluster.url("postgres");
            if tests.is_file() && self.tools.nextest {
                println!("the schemas on Postgres {major}");
                let program = Program::new("cargo")
                    .args(["nextest", "run", "--package", "haversack-endpoint"])
                    .args(["--no-fail-fast", "schemas::"])
                    .env("HAVERSACK_TEST_DATABASE_URL", &url)
                    .folder(self.repository.root())
                    .limit_s(900);
                let outcome = self.tools.native(program)?.outcome(true)?;
                counted += counts::nextest(&outcome.output);
                well &= outcome.status.success();
            }
            for schema in parity::schemas(self.repository)? {
                let program = parity::program(self.repository, &schema, ops)
                    .env("HAVERSACK_BIN", &endpoint)
                    .env("HAVERSACK_TEST_DATABASE_URL", &url);
                let agreed = program.outcome(true)?.status.success();
                // One run is one test: no operation of it comes out otherwise than in Postgres.
                counted += Counts::one(agreed);
                well &= agreed;
            }
            let schemas = parity::schemas(self.repository)?;
            let program = fuzz::program(self.repository, &schemas, pairs)
                .env("HAVERSACK_BIN", &endpoint)
                .env("HAVERSACK_TEST_DATABASE_URL", &url);
            let agreed = program.outcome(true)?.status.success();
            counted += Counts::one(agreed);
            well &= agreed;
        }
        Ok((counted, well))
    }

    /// Runs the `*.test.mjs` and `*.test.ts` of a folder by Node's own runner.
    fn node_tests(&self, folder: &str, program: Program) -> Result<(Counts, bool)> {
        let files = test_files(&self.repository.path(folder))?;
        let mut program = program
            .args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
            .args(&files)
            .env("HAVERSACK_PKG", self.repository.path("pkg"))
            .folder(self.repository.root())
            .limit_s(1800);
        if let Ok(browser) = self.tools.browser() {
            program = program.env("HAVERSACK_CHROMIUM", &browser.chromium);
        }
        let Outcome { status, output } = self.tools.native(program)?.outcome(true)?;
        Ok((counts::node(&output), status.success()))
    }

    fn database_url(&self) -> Result<String> {
        if let Ok(url) = std::env::var("HAVERSACK_TEST_DATABASE_URL") {
            return Ok(url);
        }
        if self.cluster.get().is_none() {
            let postgres = self.tools.postgres()?;
            let cluster = Cluster::fresh(self.repository, postgres, "test", Durability::Fast)?;
            let _ = self.cluster.set(cluster);
        }
        let cluster = self.cluster.get().context("the cluster was just started")?;
        Ok(cluster.url("postgres"))
    }

    fn endpoint(&self) -> Result<PathBuf> {
        if let Some(path) = self.endpoint.get() {
            return Ok(path.clone());
        }
        let path = endpoint::build(self.repository)?;
        Ok(self.endpoint.get_or_init(|| path).clone())
    }

    fn package(&self) -> Result<Weight> {
        if let Some(weight) = self.package.get() {
            return Ok(*weight);
        }
        let weight = build::package(self.repository, &self.tools)?;
        Ok(*self.package.get_or_init(|| weight))
    }
}

fn problem(counts: Counts, ended_well: bool) -> Option<String> {
    match counts {
        Counts { failed: 1.., .. } => Some(format!("{} tests failed", counts.failed)),
        _ if !ended_well => Some("the runner failed; its output is above".to_owned()),
        Counts { passed: 0, .. } => Some("no test ran".to_owned()),
        _ => None,
    }
}

/// A number that a person may set.
fn number(name: &str, default: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(given) => given
            .parse()
            .with_context(|| format!("{name} is `{given}`, not a number")),
        Err(_) => Ok(default),
    }
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_entry(|entry| entry.file_name() != "node_modules" && entry.file_name() != "dist")
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy();
            name.ends_with(".test.mjs") || name.ends_with(".test.ts")
        })
        .map(|entry| entry.into_path())
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("{} holds no *.test.mjs and no *.test.ts", folder.display());
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_well_only_with_tests_and_without_failures() {
        let counts = |passed, failed| Counts {
            passed,
            failed,
            skipped: 0,
        };
        assert_eq!(problem(counts(3, 0), true), None);
        assert!(problem(counts(0, 0), true).is_some(), "nothing ran");
        assert!(problem(counts(3, 0), false).is_some(), "the runner failed");
        assert!(
            problem(counts(3, 1), true).is_some(),
            "the runner hid a failure"
        );
    }
}
