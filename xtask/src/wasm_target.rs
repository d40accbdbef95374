//! Obtains a compiler for `wasm32-unknown-unknown`, by the first way that works: the toolchain
//! has the target; rustup adds it; Debian's compiler, for which the standard library is built
//! here. Each way is bounded in time; `HAVERSACK_WASM_TARGET=sysroot|rustup|debian` forces one.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files::TemporaryFolder;
use crate::process::Program;
use crate::system::install_packages;

/// The target's name.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// What makes Debian 12 compile for it.
const PACKAGES: [&str; 5] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-llvm",
    "lld-22",
];
/// Where Debian puts its programs.
const DEBIAN_BIN: &str = "/usr/bin";
/// rustup fetches 20 MB; a network that takes longer is as good as none.
const RUSTUP_LIMIT_S: u64 = 120;

/// A compiler that has the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// The one that runs xtask itself.
    Own,
    /// Debian's, which stands in `/usr/bin`.
    Debian,
}

impl Compiler {
    /// Makes a program, and all that it starts, use this compiler.
    pub fn apply(self, program: Program) -> Program {
        match self {
            Compiler::Own => program,
            Compiler::Debian => {
                // Variables that cargo set for the toolchain of xtask would lead back to it.
                let names = [
                    "RUSTUP_TOOLCHAIN",
                    "CARGO",
                    "RUSTC",
                    "RUSTDOC",
                    "LD_LIBRARY_PATH",
                ];
                names
                    .iter()
                    .fold(program, |program, name| program.env_remove(name))
            }
        }
    }

    /// Where it keeps its libraries.
    pub fn sysroot(self) -> Option<PathBuf> {
        match self {
            Compiler::Own => sysroot(Path::new("rustc")),
            Compiler::Debian => sysroot(&Path::new(DEBIAN_BIN).join("rustc")),
        }
    }

    /// The folder that has to come first on the PATH.
    pub fn folder(self) -> Option<PathBuf> {
        match self {
            Compiler::Own => None,
            Compiler::Debian => Some(PathBuf::from(DEBIAN_BIN)),
        }
    }
}

/// The compiler that needs nothing more, if there is one.
pub fn find() -> Option<Compiler> {
    let forced = forced();
    let may = |way: &str| forced.as_deref().is_none_or(|forced| forced == way);
    if (may("sysroot") || may("rustup")) && has_target(&sysroot(Path::new("rustc"))?) {
        return Some(Compiler::Own);
    }
    if may("debian") && has_target(&sysroot(&Path::new(DEBIAN_BIN).join("rustc"))?) {
        return Some(Compiler::Debian);
    }
    None
}

/// Makes a compiler for the target.
pub fn install() -> Result<Compiler> {
    let mut tried = Vec::new();
    let forced = forced();
    let may = |way: &str| forced.as_deref().is_none_or(|forced| forced == way);
    if may("rustup") {
        match by_rustup() {
            Ok(()) => return Ok(Compiler::Own),
            Err(error) => tried.push(format!("by rustup: {error:#}")),
        }
    }
    if may("debian") {
        println!("setup  {TARGET}: building it with Debian's compiler (about 3 minutes)");
        match by_debian() {
            Ok(()) => return Ok(Compiler::Debian),
            Err(error) => tried.push(format!("by Debian's packages: {error:#}")),
        }
    }
    if tried.is_empty() {
        tried.push(format!(
            "HAVERSACK_WASM_TARGET={} allows no way",
            forced.unwrap_or_default()
        ));
    }
    bail!("no way led to {TARGET}:\n  {}", tried.join("\n  "))
}

fn forced() -> Option<String> {
    env::var("HAVERSACK_WASM_TARGET")
        .ok()
        .filter(|way| !way.is_empty())
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    if rustc.is_absolute() && !rustc.is_file() {
        return None;
    }
    let program = Program::new(rustc).args(["--print", "sysroot"]).limit_s(30);
    let program = if rustc.is_absolute() {
        Compiler::Debian.apply(program)
    } else {
        program
    };
    program.run().ok().map(|path| PathBuf::from(path.trim()))
}

fn library_folder(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET).join("lib")
}

fn has_target(sysroot: &Path) -> bool {
    let names: Vec<OsString> = fs::read_dir(library_folder(sysroot))
        .map(|entries| entries.flatten().map(|entry| entry.file_name()).collect())
        .unwrap_or_default();
    // `test` is copied last: with it, an interrupted copy is not taken for a whole one.
    ["libcore-", "libstd-", "libtest-"].iter().all(|start| {
        names
            .iter()
            .any(|name| name.to_string_lossy().starts_with(start))
    })
}

fn by_rustup() -> Result<()> {
    Program::new("rustup")
        .args(["target", "add", TARGET])
        .limit_s(RUSTUP_LIMIT_S)
        .run()?;
    let sysroot = sysroot(Path::new("rustc")).context("rustc does not answer")?;
    if !has_target(&sysroot) {
        bail!(
            "rustup added the target to another toolchain than {}",
            sysroot.display()
        );
    }
    Ok(())
}

fn by_debian() -> Result<()> {
    install_packages(&PACKAGES, 600)?;
    let sysroot =
        sysroot(&Path::new(DEBIAN_BIN).join("rustc")).context("Debian's rustc does not answer")?;
    if has_target(&sysroot) {
        return Ok(());
    }
    let folder = TemporaryFolder::new("std")?;
    let library = build_standard_library(folder.path())?;
    copy_libraries(&library, &library_folder(&sysroot))
}

/// Builds the standard library as a by-product of an empty crate, and returns where it lies.
fn build_standard_library(folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    fs::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n",
    )?;
    let program = Program::new(Path::new(DEBIAN_BIN).join("cargo"))
        .args([
            "build",
            "--release",
            "-Zbuild-std=std,panic_abort,test",
            "--target",
            TARGET,
        ])
        .env("RUSTC_BOOTSTRAP", "1")
        // Without bitcode in the library, the fat LTO of the shipped module would fail.
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("PATH", path_with(&[PathBuf::from(DEBIAN_BIN)])?)
        .folder(folder)
        .limit_s(600);
    Compiler::Debian.apply(program).run()?;
    Ok(folder.join("target").join(TARGET).join("release/deps"))
}

fn copy_libraries(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("making {}", to.display()))?;
    let mut libraries: Vec<PathBuf> = fs::read_dir(from)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "rlib")
        })
        .filter(|path| !is_library(path, "libempty-"))
        .collect();
    libraries.sort_by_key(|path| is_library(path, "libtest-"));
    for library in libraries {
        let name = library.file_name().context("a library has a name")?;
        fs::copy(&library, to.join(name)).with_context(|| format!("into {}", to.display()))?;
    }
    Ok(())
}

fn is_library(path: &Path, start: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(start))
}

/// The PATH with these folders in front.
pub fn path_with(folders: &[PathBuf]) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut all = folders.to_vec();
    all.extend(env::split_paths(&path));
    env::join_paths(all).context("a folder of a tool has a colon in its name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_copy_is_no_target() {
        let sysroot = TemporaryFolder::new("sysroot").unwrap();
        let library = library_folder(sysroot.path());
        let from = sysroot.path().join("deps");
        fs::create_dir_all(&from).unwrap();
        for name in [
            "libcore-1.rlib",
            "libstd-1.rlib",
            "libempty-1.rlib",
            "libcore-1.rmeta",
        ] {
            fs::write(from.join(name), "").unwrap();
        }
        copy_libraries(&from, &library).unwrap();
        assert!(!has_target(sysroot.path()));
        fs::write(from.join("libtest-1.rlib"), "").unwrap();
        copy_libraries(&from, &library).unwrap();
        assert!(has_target(sysroot.path()));
        assert!(!library.join("libempty-1.rlib").exists());
    }
}
