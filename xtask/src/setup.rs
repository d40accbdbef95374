//! Finds what a command needs and installs what is missing. One line per step that does
//! something, none for what is there already. Steps that wait for the network run beside those
//! that compile.

use std::ffi::OsString;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cargo_tools::Tool;
use crate::files::TemporaryFolder;
use crate::lean::Library;
use crate::node;
use crate::postgres::binaries::{self, Binaries};
use crate::process::Program;
use crate::repository::Repository;
use crate::system::{self, Browser};
use crate::wasm_target::{self, Compiler, path_with};

/// Something that a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A compiler for WebAssembly.
    WasmTarget,
    /// The generator of the JavaScript glue.
    WasmBindgen,
    /// The runner of WebAssembly tests.
    WasmPack,
    /// The runner of native tests.
    Nextest,
    /// The npm packages of the workspace.
    NodePackages,
    /// Chromium and its driver.
    Browser,
    /// A Postgres to start.
    Postgres,
}

/// What every command together needs.
pub const EVERYTHING: &[Need] = &[
    Need::NodePackages,
    Need::WasmTarget,
    Need::WasmBindgen,
    Need::WasmPack,
    Need::Nextest,
    Need::Browser,
    Need::Postgres,
];
/// What the npm package is built with.
pub const BUILD: &[Need] = &[Need::NodePackages, Need::WasmTarget, Need::WasmBindgen];

/// What was found or installed.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    compiler: Option<Compiler>,
    library: Option<Library>,
    folders: Vec<PathBuf>,
    browser: Option<Browser>,
    postgres: Option<Binaries>,
    /// Whether cargo-nextest is there; without it `cargo test` runs the native tests.
    pub nextest: bool,
}

impl Tools {
    /// The browser; asked for by [`Need::Browser`].
    pub fn browser(&self) -> Result<&Browser> {
        self.browser
            .as_ref()
            .context("this command did not ask for a browser")
    }

    /// Postgres; asked for by [`Need::Postgres`].
    pub fn postgres(&self) -> Result<&Binaries> {
        self.postgres
            .as_ref()
            .context("this command did not ask for Postgres")
    }

    /// A program that finds the installed tools, for native work.
    pub fn native(&self, program: Program) -> Result<Program> {
        Ok(program.env("PATH", self.path(None)?))
    }

    /// A program that compiles for WebAssembly.
    pub fn wasm(&self, program: Program) -> Result<Program> {
        let compiler = self
            .compiler
            .context("this command did not ask for WebAssembly")?;
        let path = self.path(compiler.folder())?;
        Ok(compiler.apply(program).env("PATH", path))
    }

    /// The standard library of the shipped module.
    pub fn library(&self) -> Result<Library> {
        self.library
            .context("this command did not ask for WebAssembly")
    }

    fn path(&self, first: Option<PathBuf>) -> Result<OsString> {
        let mut folders: Vec<PathBuf> = first.into_iter().collect();
        folders.extend(self.folders.iter().cloned());
        path_with(&folders)
    }
}

/// One thing to install, and what to tell a person when it fails.
struct Step<'a> {
    what: &'a str,
    how: &'a str,
    needs: &'a str,
    by_hand: String,
}

impl Step<'_> {
    fn run<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let Step {
            what,
            how,
            needs,
            by_hand,
        } = self;
        println!("setup  {what}: {how}");
        let start = Instant::now();
        let result = work();
        let seconds = start.elapsed().as_secs_f64();
        match &result {
            Ok(_) => println!("setup  {what}: ready after {seconds:.0} s"),
            Err(_) => println!("setup  {what}: failed after {seconds:.0} s"),
        }
        result.with_context(|| {
            format!("{what} could not be installed.\n  This step needs {needs}.\n  By hand: {by_hand}\n  What happened")
        })
    }
}

/// Makes sure of all needs, or says of each that failed what to do.
pub fn run(repository: &Repository, needs: &[Need]) -> Result<Tools> {
    let wants = |need: Need| needs.contains(&need);
    let (downloads, compilations) = thread::scope(|scope| {
        let browser = scope.spawn(|| wants(Need::Browser).then(browser).transpose());
        let packages = scope.spawn(|| -> Result<Option<Binaries>> {
            if wants(Need::NodePackages) || wants(Need::Postgres) {
                node::require_node().context(
                    "Node 20.19 or newer has to be there first (https://nodejs.org, or your system's package)",
                )?;
            }
            if wants(Need::NodePackages) {
                node_packages(repository)?;
            }
            wants(Need::Postgres).then(postgres).transpose()
        });
        let compilations = compile(repository, needs);
        ((joined(browser), joined(packages)), compilations)
    });

    let mut problems = Vec::new();
    let mut keep = |error: anyhow::Error| problems.push(format!("{error:#}"));
    let browser = downloads.0.unwrap_or_else(|error| (keep(error), None).1);
    let postgres = downloads.1.unwrap_or_else(|error| (keep(error), None).1);
    let compiled = compilations.unwrap_or_else(|error| (keep(error), Tools::default()).1);
    if !problems.is_empty() {
        bail!("set-up is not complete\n\n{}", problems.join("\n\n"));
    }
    Ok(Tools {
        browser,
        postgres,
        ..compiled
    })
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| bail!("a step of the set-up panicked"))
}

/// Everything that keeps the processor busy, one after the other.
fn compile(repository: &Repository, needs: &[Need]) -> Result<Tools> {
    let mut tools = Tools::default();
    if needs.contains(&Need::WasmTarget) {
        let compiler = wasm_target()?;
        tools.compiler = Some(compiler);
        tools.library = Some(Library::find(compiler)?);
    }
    let build_folder = TemporaryFolder::new("tools")?;
    if needs.contains(&Need::WasmBindgen) {
        let tool = Tool::wasm_bindgen(repository)?;
        tools
            .folders
            .push(cargo_tool(&tool, "the network", &build_folder)?);
    }
    if needs.contains(&Need::WasmPack) {
        tools.folders.push(cargo_tool(
            &Tool::wasm_pack(),
            "the network",
            &build_folder,
        )?);
    }
    if needs.contains(&Need::Nextest) {
        match cargo_tool(&Tool::nextest(), "the network", &build_folder) {
            Ok(folder) => {
                tools.folders.push(folder);
                tools.nextest = true;
            }
            Err(error) => println!("setup  `cargo test` will do instead.\n{error:#}"),
        }
    }
    Ok(tools)
}

fn wasm_target() -> Result<Compiler> {
    if let Some(compiler) = wasm_target::find() {
        return Ok(compiler);
    }
    let step = Step {
        what: wasm_target::TARGET,
        how: "`rustup target add` (seconds)",
        needs: "the network; by Debian's packages also root",
        by_hand: format!("rustup target add {}", wasm_target::TARGET),
    };
    step.run(wasm_target::install)
}

fn cargo_tool(tool: &Tool, needs: &str, build_folder: &TemporaryFolder) -> Result<PathBuf> {
    if let Some(folder) = tool.find()? {
        return Ok(folder);
    }
    let version = tool.version.as_deref().unwrap_or_default();
    let what = format!("{} {version}", tool.krate);
    let step = Step {
        what: what.trim_end(),
        how: "`cargo install` (1 to 5 minutes)",
        needs,
        by_hand: tool.by_hand(),
    };
    step.run(|| tool.install(build_folder))
}

fn node_packages(repository: &Repository) -> Result<()> {
    if node::packages_are_current(repository)? {
        return Ok(());
    }
    let step = Step {
        what: "npm packages",
        how: "`npm ci` (under a minute)",
        needs: "the network",
        by_hand: "npm ci".to_owned(),
    };
    step.run(|| node::install_packages(repository))
}

fn browser() -> Result<Browser> {
    if let Some(browser) = system::browser() {
        return Ok(browser);
    }
    let packages = ["chromium", "chromium-driver"];
    let step = Step {
        what: "Chromium and its driver",
        how: "`apt-get install` (1 to 2 minutes)",
        needs: "the network, root, and Debian's packages chromium and chromium-driver",
        by_hand: "apt-get install chromium chromium-driver, or name them in HAVERSACK_CHROMIUM and HAVERSACK_CHROMEDRIVER".to_owned(),
    };
    step.run(|| system::install_packages(&packages, 900))?;
    system::browser().context("the packages brought no /usr/bin/chromium and /usr/bin/chromedriver")
}

fn postgres() -> Result<Binaries> {
    if let Some(binaries) = binaries::find()? {
        return Ok(binaries);
    }
    let step = Step {
        what: "Postgres",
        how: "`npm install` of an embedded one (seconds)",
        needs: "the network",
        by_hand: "apt-get install postgresql, or set DATABASE_URL to a Postgres of your own"
            .to_owned(),
    };
    step.run(binaries::install)
}
