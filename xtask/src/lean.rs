//! Compiles the standard library together with the module, for size. The one that a toolchain
//! brings is compiled for speed and for messages; it makes the package a tenth heavier.
//!
//! Needs the library's source beside the compiler. Without it the module is built with what the
//! toolchain brings, and works as well: nothing but its weight depends on this.

use std::env;
use std::path::Path;

use anyhow::{Result, bail};

use crate::process::Program;
use crate::wasm_target::Compiler;

/// rustup fetches 3 MB; a network that takes longer is as good as none.
const SOURCE_LIMIT_S: u64 = 120;

/// Unstable, as building the library is: places in the source and the output of `{:?}`, which no
/// message of ours has. Panics still reach their hook, with their text.
const FLAGS: &str = "-Zlocation-detail=none -Zfmt-debug=none";

/// The standard library in the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// Compiled with the module, for size: the published package has it.
    Lean,
    /// As the toolchain brings it.
    Installed,
}

impl Library {
    /// The one that can be had, fetching the source if need be; `HAVERSACK_WASM_STD` forces one.
    ///
    /// # Errors
    /// Where the one that is forced can't be had.
    pub fn find(compiler: Compiler) -> Result<Library> {
        let forced = env::var("HAVERSACK_WASM_STD").unwrap_or_default();
        match forced.as_str() {
            "installed" => return Ok(Library::Installed),
            "" | "lean" => {}
            other => bail!("HAVERSACK_WASM_STD={other} is neither `lean` nor `installed`"),
        }
        if compiler.sysroot().is_some_and(|root| has_source(&root)) {
            return Ok(Library::Lean);
        }
        let fetched = fetch_source(compiler);
        if compiler.sysroot().is_some_and(|root| has_source(&root)) {
            return Ok(Library::Lean);
        }
        let why = fetched.err().map_or_else(
            || "the compiler does not find its source".to_owned(),
            |error| format!("{error:#}"),
        );
        if forced == "lean" {
            bail!("the standard library can't be compiled for size: {why}");
        }
        println!(
            "setup  the standard library's source is missing, so the package is a tenth heavier: {why}"
        );
        Ok(Library::Installed)
    }

    /// Makes a `cargo rustc` or `cargo build` for WebAssembly use this library.
    pub fn apply(self, program: Program) -> Program {
        match self {
            Library::Installed => program,
            Library::Lean => program
                .args([
                    "-Zbuild-std=std,panic_abort",
                    "-Zbuild-std-features=optimize_for_size",
                ])
                .env("RUSTC_BOOTSTRAP", "1")
                .env("RUSTFLAGS", FLAGS),
        }
    }

    /// What the package is said to be built with.
    pub fn name(self) -> &'static str {
        match self {
            Library::Lean => "a standard library compiled for size",
            Library::Installed => "the toolchain's standard library",
        }
    }
}

fn has_source(sysroot: &Path) -> bool {
    sysroot
        .join("lib/rustlib/src/rust/library/std/Cargo.toml")
        .is_file()
}

fn fetch_source(compiler: Compiler) -> Result<()> {
    match compiler {
        Compiler::Own => {
            println!("setup  the standard library's source: `rustup component add rust-src`");
            Program::new("rustup")
                .args(["component", "add", "rust-src"])
                .limit_s(SOURCE_LIMIT_S)
                .run()?;
            Ok(())
        }
        // It came with the packages.
        Compiler::Debian => bail!("the package rust-web-src is not installed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::TemporaryFolder;
    use std::fs;

    #[test]
    fn a_sysroot_without_source_has_none() {
        let sysroot = TemporaryFolder::new("sysroot").unwrap();
        assert!(!has_source(sysroot.path()));
        let std = sysroot.path().join("lib/rustlib/src/rust/library/std");
        fs::create_dir_all(&std).unwrap();
        assert!(!has_source(sysroot.path()));
        fs::write(std.join("Cargo.toml"), "").unwrap();
        assert!(has_source(sysroot.path()));
    }

    #[test]
    fn only_the_lean_library_is_built() {
        let line = |library: Library| library.apply(Program::new("cargo").arg("rustc")).line();
        assert_eq!(line(Library::Installed), "cargo rustc");
        assert!(line(Library::Lean).contains("-Zbuild-std=std,panic_abort"));
    }
}
