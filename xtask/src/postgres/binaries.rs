//! Where the programs of Postgres come from: the system's packages, else an npm package that
//! carries them. `HAVERSACK_POSTGRES=system|npm` forces one. Tests of versions ask for a major.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::process::Program;
use crate::repository::cache;
use crate::system::is_root;

/// The npm package's version: the first three numbers are those of Postgres.
const NPM_VERSION: &str = "18.4.0-beta.17";
/// The same for the oldest Postgres that the tests run on.
const NPM_VERSION_15: &str = "15.18.0-beta.17";
/// The major versions that the tests of schemas run on: the oldest supported, and the newest.
pub const MAJORS: [u32; 2] = [15, 18];
/// Where Debian keeps its versions.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs of one Postgres.
#[derive(Clone, Debug)]
pub struct Binaries {
    folder: PathBuf,
    /// The major version, which decides the format of a cluster.
    pub major: u32,
}

impl Binaries {
    /// A program's path.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn at(folder: PathBuf) -> Option<Binaries> {
        if !["initdb", "postgres"]
            .iter()
            .all(|name| folder.join(name).is_file())
        {
            return None;
        }
        let said = Program::new(folder.join("postgres"))
            .arg("--version")
            .limit_s(10)
            .run()
            .ok()?;
        Some(Binaries {
            folder,
            major: parse_major(&said)?,
        })
    }
}

/// The Postgres of this machine that needs nothing more.
pub fn find() -> Result<Option<Binaries>> {
    let forced = env::var("HAVERSACK_POSTGRES")
        .ok()
        .filter(|way| !way.is_empty());
    let may = |way: &str| forced.as_deref().is_none_or(|forced| forced == way);
    let system = if may("system") { system() } else { None };
    if system.is_some() || !may("npm") {
        return Ok(system);
    }
    npm(NPM_VERSION)
}

/// The Postgres of a major version: the system's, else that of the npm package, fetched where it
/// is not there yet.
pub fn of_major(major: u32) -> Result<Binaries> {
    let version = match major {
        15 => NPM_VERSION_15,
        18 => NPM_VERSION,
        _ => bail!("Postgres {major} is none of those that the tests run on: {MAJORS:?}"),
    };
    let system = versions().find(|binaries| binaries.major == major);
    match system.map_or_else(|| npm(version), |found| Ok(Some(found)))? {
        Some(found) => Ok(found),
        None => {
            println!("setup  Postgres {major}: `npm install` of an embedded one (seconds)");
            install_version(version)
        }
    }
}

fn npm(version: &str) -> Result<Option<Binaries>> {
    Ok(Binaries::at(
        npm_root(version)?
            .join("node_modules")
            .join(npm_package()?)
            .join("native/bin"),
    ))
}

/// Fetches the npm package.
pub fn install() -> Result<Binaries> {
    install_version(NPM_VERSION)
}

fn install_version(version: &str) -> Result<Binaries> {
    let root = npm_root(version)?;
    fs::create_dir_all(&root).with_context(|| format!("making {}", root.display()))?;
    fs::write(root.join("package.json"), "{\"private\":true}\n")?;
    let package = npm_package()?;
    Program::new("npm")
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--no-save",
            "--ignore-scripts",
        ])
        .arg(format!("{package}@{version}"))
        .folder(&root)
        .limit_s(300)
        .run()?;
    // Its only script puts back the symbolic links that npm cannot carry.
    let folder = root.join("node_modules").join(&package);
    Program::new("node")
        .arg("scripts/hydrate-symlinks.js")
        .folder(&folder)
        .limit_s(30)
        .run()?;
    Binaries::at(folder.join("native/bin")).context("the npm package holds no working Postgres")
}

fn system() -> Option<Binaries> {
    versions().max_by_key(|binaries| binaries.major)
}

/// The system's, of every version.
fn versions() -> impl Iterator<Item = Binaries> {
    let folders = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    folders.filter_map(|entry| Binaries::at(entry.path().join("bin")))
}

/// Root's own cache is closed to the account that runs Postgres.
fn npm_root(version: &str) -> Result<PathBuf> {
    let base = if is_root() {
        PathBuf::from("/var/lib/haversack")
    } else {
        cache()?
    };
    Ok(base.join(format!("postgres-{version}")))
}

fn npm_package() -> Result<String> {
    let machine = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => bail!("there is no embedded Postgres for {other}: set DATABASE_URL"),
    };
    Ok(format!("@embedded-postgres/linux-{machine}"))
}

/// `postgres (PostgreSQL) 15.18 (Debian …)`
fn parse_major(said: &str) -> Option<u32> {
    let version = said
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(
            parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta2\n"), Some(18));
        assert_eq!(parse_major("postgres\n"), None);
    }
}
