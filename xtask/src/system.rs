//! Debian packages, and the browser that comes from them.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Result, bail};

use crate::process::Program;

/// Chromium and its driver.
#[derive(Clone, Debug)]
pub struct Browser {
    /// The browser.
    pub chromium: PathBuf,
    /// Its WebDriver.
    pub chromedriver: PathBuf,
}

/// The browser of this machine, when it is there.
pub fn browser() -> Option<Browser> {
    let find = |variable: &str, path: &str| {
        let path = std::env::var_os(variable).map_or_else(|| PathBuf::from(path), PathBuf::from);
        path.is_file().then_some(path)
    };
    Some(Browser {
        chromium: find("HAVERSACK_CHROMIUM", "/usr/bin/chromium")?,
        chromedriver: find("HAVERSACK_CHROMEDRIVER", "/usr/bin/chromedriver")?,
    })
}

/// Whether this process may install packages.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Installs Debian packages, looking up the package lists once per run.
pub fn install_packages(packages: &[&str], limit_s: u64) -> Result<()> {
    /// Whether the lists are fresh; held while installing, since dpkg takes one caller at a time.
    static UPDATED: Mutex<bool> = Mutex::new(false);
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("this system has no apt-get");
    }
    if !is_root() {
        bail!("only root can install packages");
    }
    let apt = || {
        Program::new("apt-get")
            .args(["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"])
            .env("DEBIAN_FRONTEND", "noninteractive")
            .limit_s(limit_s)
    };
    let mut updated = UPDATED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if !*updated {
        apt().arg("update").run()?;
        *updated = true;
    }
    apt()
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages)
        .run()?;
    Ok(())
}
