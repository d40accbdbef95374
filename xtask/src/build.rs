//! Builds the npm package in `pkg/`: module, glue, TypeScript, declarations. What has not changed
//! since the last build is not made again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files::fresh_folder;
use crate::lean::Library;
use crate::node;
use crate::process::Program;
use crate::repository::Repository;
use crate::setup::{self, Tools};
use crate::stamp::{Inputs, Stamp};
use crate::wasm_target::TARGET;

/// What the package may weigh: module, glue and TypeScript together, by brotli. A ratchet: the goal
/// is 90 KB (`docs/decisions/0004-json-without-serde-in-the-client.md` has what was done and what is left).
const PACKAGE_BYTES_MAX: u64 = 354 * 1024;

/// The same where the standard library is the toolchain's.
const PACKAGE_INSTALLED_BYTES_MAX: u64 = 340 * 1024;
/// What the module may use. Not `--all-features`: that emits imports that Chromium rejects.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// What makes the module small: written in a flat form first, more of it is found to be the same, and
/// what is alike compresses better side by side. 1.2 % less by brotli than `-Oz` alone.
const SHRINKING: [&str; 5] = [
    "--flatten",
    "--rereloop",
    "-Oz",
    "-Oz",
    "--reorder-functions-by-name",
];

/// `cargo xtask build`
pub fn run(repository: &Repository) -> Result<()> {
    let tools = setup::run(repository, setup::BUILD)?;
    package(repository, &tools)?.within_limit(tools.library()?)
}

/// Builds the package, prints what it weighs and returns it: a package that is too heavy still
/// works, so that only `build` and the packaging tests refuse it.
pub fn package(repository: &Repository, tools: &Tools) -> Result<Weight> {
    fs::create_dir_all(repository.path("pkg/dist/wasm"))?;
    let compiled = compile(repository, tools)?;
    bind(repository, tools, &compiled)?;
    script(repository)?;
    licences(repository)?;
    weigh(repository, tools.library()?)
}

/// Compiles the module; cargo knows by itself what has changed.
fn compile(repository: &Repository, tools: &Tools) -> Result<PathBuf> {
    let program = Program::new("cargo")
        // With both crate types of the manifest, LTO would silently be off.
        .args([
            "rustc",
            "--package",
            "haversack",
            "--lib",
            "--crate-type",
            "cdylib",
        ])
        .args(["--release", "--target", TARGET])
        .folder(repository.root())
        .limit_s(1200);
    let library = tools.library()?;
    println!("build  the module, with {}", library.name());
    tools.wasm(library.apply(program))?.show()?;
    Ok(repository
        .target()
        .join(TARGET)
        .join("release/haversack.wasm"))
}

/// Makes glue and module from what the compiler wrote.
fn bind(repository: &Repository, tools: &Tools, compiled: &Path) -> Result<()> {
    let inputs = Inputs::new("bindgen 2")
        .path(compiled)?
        .path(&repository.path("Cargo.lock"))?
        .path(&repository.path("package-lock.json"))?
        .text(&WASM_FEATURES.join(" "))
        .text(&SHRINKING.join(" "));
    let stamp = Stamp::new(repository, "bindgen", inputs)?;
    let module = repository.path("pkg/dist/wasm/haversack_bg.wasm");
    let folder = repository.state("build/bindgen/wasm")?;
    if stamp.holds() && module.is_file() && folder.join("haversack.d.ts").is_file() {
        return Ok(());
    }
    println!("build  the glue");
    fresh_folder(&folder)?;
    let bindgen = Program::new("wasm-bindgen")
        .arg(compiled)
        .args(["--target", "web", "--out-name", "haversack", "--out-dir"])
        .arg(&folder);
    tools.native(bindgen)?.run()?;
    node::tool(repository, "wasm-opt")
        .arg(folder.join("haversack_bg.wasm"))
        .args(SHRINKING)
        .args(WASM_FEATURES)
        // It strips the names, and only after having read the features that the compiler noted.
        .args([
            "--strip-debug",
            "--strip-producers",
            "--strip-target-features",
            "--output",
        ])
        .arg(&module)
        .run()?;
    stamp.set()
}

/// Bundles the TypeScript with its declarations.
fn script(repository: &Repository) -> Result<()> {
    let inputs = Inputs::new("script 1")
        .path(&repository.path("js"))?
        .path(&repository.path("pkg/package.json"))?
        .path(&repository.path("tsconfig.base.json"))?
        .path(&repository.path("package-lock.json"))?
        .path(&repository.state("build/bindgen/wasm/haversack.js")?)?
        .path(&repository.state("build/bindgen/wasm/haversack.d.ts")?)?;
    let stamp = Stamp::new(repository, "script", inputs)?;
    let made = [
        "pkg/dist/index.js",
        "pkg/dist/index.d.ts",
        "pkg/dist/wasm/haversack.js",
    ];
    if stamp.holds() && made.iter().all(|file| repository.path(file).is_file()) {
        return Ok(());
    }
    println!("build  the TypeScript");
    let dist = repository.path("pkg/dist");
    remove_declarations(&dist)?;
    node::tool(repository, "tsc")
        .args(["--project", "js/tsconfig.json"])
        .run()?;
    fs::copy(
        repository.state("build/bindgen/wasm/haversack.d.ts")?,
        dist.join("wasm/haversack.d.ts"),
    )?;
    Program::new("node")
        .arg("js/build.mjs")
        .folder(repository.root())
        .run()?;
    stamp.set()
}

/// Takes away the declarations of sources that may be gone.
fn remove_declarations(dist: &Path) -> Result<()> {
    for entry in walkdir::WalkDir::new(dist) {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy();
        if name.ends_with(".d.ts") || name.ends_with(".d.ts.map") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The package carries the licences of the repository, when they are there.
fn licences(repository: &Repository) -> Result<()> {
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        let licence = repository.path(name);
        if licence.is_file() {
            fs::copy(licence, repository.path("pkg").join(name))?;
        }
    }
    Ok(())
}

/// Bytes of one file, or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Weight {
    /// Refuses a package that is too heavy.
    pub fn within_limit(self, library: Library) -> Result<()> {
        let most = match library {
            Library::Lean => PACKAGE_BYTES_MAX,
            Library::Installed => PACKAGE_INSTALLED_BYTES_MAX,
        };
        if self.brotli > most {
            bail!(
                "the package weighs {} bytes by brotli with {}; {most} is the most",
                self.brotli,
                library.name()
            );
        }
        Ok(())
    }
}

fn weigh(repository: &Repository, library: Library) -> Result<Weight> {
    let listed = Program::new("node")
        .args(["js/build.mjs", "--sizes"])
        .folder(repository.root())
        .run()?;
    let mut total = Weight::default();
    println!(
        "{:<32} {:>10} {:>10} {:>10}",
        "pkg/dist", "raw", "gzip", "brotli"
    );
    for line in listed.lines() {
        let (file, weight) =
            parse_weight(line).with_context(|| format!("js/build.mjs said `{line}`"))?;
        print_weight(file, weight);
        total.raw += weight.raw;
        total.gzip += weight.gzip;
        total.brotli += weight.brotli;
    }
    print_weight("together", total);
    if total.brotli == 0 {
        bail!("pkg/dist is empty");
    }
    if let Err(error) = total.within_limit(library) {
        println!("warning: {error}");
    }
    Ok(total)
}

fn print_weight(name: &str, Weight { raw, gzip, brotli }: Weight) {
    println!("{name:<32} {raw:>10} {gzip:>10} {brotli:>10}");
}

fn parse_weight(line: &str) -> Option<(&str, Weight)> {
    let mut parts = line.split('\t');
    let file = parts.next()?;
    let mut number = || parts.next()?.parse().ok();
    Some((
        file,
        Weight {
            raw: number()?,
            gzip: number()?,
            brotli: number()?,
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_by_brotli() {
        let weight = |brotli| Weight {
            raw: u64::MAX,
            gzip: u64::MAX,
            brotli,
        };
        let most = [
            (Library::Lean, PACKAGE_BYTES_MAX),
            (Library::Installed, PACKAGE_INSTALLED_BYTES_MAX),
        ];
        for (library, most) in most {
            assert!(weight(most).within_limit(library).is_ok());
            assert!(weight(most + 1).within_limit(library).is_err());
        }
    }

    #[test]
    fn weights_are_read() {
        let weight = Weight {
            raw: 30,
            gzip: 20,
            brotli: 10,
        };
        assert_eq!(
            parse_weight("wasm/a.wasm\t30\t20\t10"),
            Some(("wasm/a.wasm", weight))
        );
        assert_eq!(parse_weight("wasm/a.wasm\t30\t20"), None);
    }
}
