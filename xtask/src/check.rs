//! Formatting, lints, types and links. Every check runs, whatever the others say.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, bail};
use walkdir::WalkDir;

use crate::build;
use crate::generate;
use crate::node;
use crate::process::Program;
use crate::repository::Repository;
use crate::setup::{self, Tools};
use crate::wasm_target::TARGET;

/// What prettier formats.
const FORMATTED: &str = "**/*.{ts,tsx,mts,js,mjs,css,html,json}";

/// `cargo xtask check [--fix]`
pub fn run(repository: &Repository, fix: bool) -> Result<()> {
    let tools = setup::run(repository, setup::BUILD)?;
    let mut failed = Vec::new();
    generated(repository, fix, &mut failed)?;
    for (name, program) in rust_checks(repository, &tools, fix)? {
        check(name, program, &mut failed)?;
    }
    // The other projects see the types of the built package, so that those of an older one would
    // only raise false alarms.
    match build::package(repository, &tools) {
        Ok(_) => types(repository, &mut failed)?,
        Err(error) => {
            println!("check  build: FAILED, and with it all types\n{error:#}");
            failed.push("build".to_owned());
        }
    }
    let prettier = node::tool(repository, "prettier")
        .arg(if fix { "--write" } else { "--check" })
        .args(["--log-level", "warn", FORMATTED]);
    check("prettier", prettier, &mut failed)?;
    // Relative links and headings only: what lies outside is not ours to keep alive.
    let links = node::tool(repository, "remark").args([".", "--quiet", "--frail", "--no-stdout"]);
    check("links", links, &mut failed)?;
    if failed.is_empty() {
        return Ok(());
    }
    bail!("failed: {}", failed.join(", "))
}

/// Before all else, since the types are checked with what it repairs.
fn generated(repository: &Repository, fix: bool, failed: &mut Vec<String>) -> Result<()> {
    if fix {
        generate::run(repository)?;
    }
    let differing = generate::differing(repository)?;
    if differing.is_empty() {
        println!("check  generated files: well");
        return Ok(());
    }
    println!(
        "check  generated files: FAILED\n{} differ from crates/core/src/error.rs: run `cargo xtask generate`",
        differing.join(" and ")
    );
    failed.push("generated files".to_owned());
    Ok(())
}

fn types(repository: &Repository, failed: &mut Vec<String>) -> Result<()> {
    for project in type_projects(repository.root()) {
        let name = format!("types of {}", project.display());
        let program = node::tool(repository, "tsc")
            .args(["--noEmit", "--project"])
            .arg(&project);
        check(&name, program, failed)?;
    }
    Ok(())
}

fn rust_checks(
    repository: &Repository,
    tools: &Tools,
    fix: bool,
) -> Result<[(&'static str, Program); 3]> {
    let cargo = |arguments: &[&str]| {
        Program::new("cargo")
            .args(arguments)
            .folder(repository.root())
            .limit_s(900)
    };
    let format = cargo(if fix {
        &["fmt", "--all"]
    } else {
        &["fmt", "--all", "--check"]
    });
    let native = cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-Dwarnings",
    ]);
    let wasm = cargo(&[
        "clippy",
        "--package",
        "haversack",
        "--all-targets",
        "--quiet",
    ])
    .args(["--target", TARGET, "--", "-Dwarnings"]);
    Ok([
        ("rustfmt", tools.native(format)?),
        ("clippy", tools.native(native)?),
        ("clippy for WebAssembly", tools.wasm(wasm)?),
    ])
}

fn check(name: &str, program: Program, failed: &mut Vec<String>) -> Result<()> {
    let start = Instant::now();
    let outcome = program.outcome(false)?;
    let well = outcome.status.success();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "check  {name}: {} ({seconds:.1} s)",
        if well { "well" } else { "FAILED" }
    );
    if !well {
        println!("{}", outcome.output.trim_end());
        failed.push(name.to_owned());
    }
    Ok(())
}

/// Every TypeScript project of the repository, as a path relative to its root.
fn type_projects(root: &Path) -> Vec<PathBuf> {
    let made = ["node_modules", "target", "dist", ".haversack", ".git"];
    let mut projects: Vec<PathBuf> = WalkDir::new(root)
        .into_iter()
        .filter_entry(|entry| {
            !made
                .iter()
                .any(|made| entry.file_name() == std::ffi::OsStr::new(made))
        })
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy();
            name.starts_with("tsconfig") && name.ends_with(".json") && name != "tsconfig.base.json"
        })
        .filter_map(|entry| entry.path().strip_prefix(root).ok().map(Path::to_path_buf))
        .collect();
    projects.sort();
    projects
}
