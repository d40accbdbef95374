//! An embedded Postgres: a cluster of our own, started as a child and stopped with its value.
//! Neither touches nor reads any cluster that the system runs.
//!
//! Postgres refuses to run as root, so root hands the cluster to an unprivileged account, in a
//! place which that account can reach.

pub mod binaries;

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};

use crate::files::{free_port, fresh_folder, remove_if_there};
use crate::process::{Program, Server};
use crate::repository::Repository;
use crate::stamp::Inputs;
use crate::system::is_root;
use binaries::Binaries;

/// How long a cluster may take to answer, recovery after a crash included.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long one left by a killed run may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// The superuser's name.
const SUPERUSER: &str = "postgres";

/// Whether a commit survives a crash of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// As in production: every commit waits for the disk.
    Durable,
    /// For tests: commits do not wait.
    Fast,
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    place: PathBuf,
    port: u16,
    password: String,
    remove: bool,
    /// Held as long as the cluster runs, and given back by the system whatever becomes of us.
    lock: Option<File>,
}

impl Cluster {
    /// Starts the cluster that this repository keeps under `name`, making it the first time.
    pub fn kept(repository: &Repository, binaries: &Binaries, name: &str) -> Result<Cluster> {
        let name = format!("{name}-pg{}", binaries.major);
        let place = place(repository, &name)?;
        // Without it, a second run would take the first one's server for a leftover.
        let lock = File::create(repository.state(&format!("postgres/{name}.lock"))?)?;
        if lock.try_lock().is_err() {
            bail!("another run in this clone uses the cluster `{name}`; stop it first");
        }
        let mut cluster = start(binaries, &place, Durability::Durable, false)?;
        cluster.lock = Some(lock);
        Ok(cluster)
    }

    /// Starts a new cluster that is removed with the value.
    pub fn fresh(
        repository: &Repository,
        binaries: &Binaries,
        name: &str,
        durability: Durability,
    ) -> Result<Cluster> {
        let place = place(repository, &format!("{name}-{}", std::process::id()))?;
        remove_abandoned(&place, name);
        stop_leftover(&place.join("data"))?;
        fresh_folder(&place)?;
        start(binaries, &place, durability, true)
    }

    /// The superuser's URL of a database.
    pub fn url(&self, database: &str) -> String {
        let Cluster { password, port, .. } = self;
        format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{database}")
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Result<Option<String>> {
        self.server.ended()
    }

    /// The folder that holds the cluster, for what has to live exactly as long.
    pub fn place(&self) -> &Path {
        &self.place
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.remove {
            // What is about to be removed need not be written out first.
            let _ = kill_immediately(&self.place.join("data"));
            let _ = fs::remove_dir_all(&self.place);
        }
    }
}

/// The account that owns the clusters.
fn account() -> Result<User> {
    if !is_root() {
        return User::from_uid(Uid::effective())?.context("initdb refuses a user without a name");
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(user);
        }
    }
    bail!("root cannot run Postgres, and there is no account `postgres` or `nobody` to run it as")
}

/// A program run as the account, which gets a signal if xtask is killed without a chance to
/// stop it.
fn as_account(account: &User, program: &Path) -> Program {
    let mut command = Program::new("setpriv").args(["--pdeathsig", "INT"]);
    if is_root() {
        command = command
            .arg(format!("--reuid={}", account.uid))
            .arg(format!("--regid={}", account.gid))
            .arg("--clear-groups");
    }
    command
        .arg(program)
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("PGDATA")
        .env_remove("PGPORT")
        .folder("/")
}

/// Where a cluster can live: under `.haversack/` if the account reaches it, else (a clone in
/// root's home, say) under /var/lib.
fn place(repository: &Repository, name: &str) -> Result<PathBuf> {
    let account = account()?;
    let inside = repository.state(&format!("postgres/{name}"))?;
    let parent = inside.parent().context("a place has a parent")?;
    let reaches = as_account(&account, Path::new("test"))
        .arg("-x")
        .arg(parent)
        .limit_s(10);
    if reaches.outcome(false)?.status.success() {
        return Ok(inside);
    }
    let clone = Inputs::new("clone")
        .text(&repository.root().to_string_lossy())
        .digest();
    let outside = Path::new("/var/lib/haversack").join(&clone[..12]);
    fs::create_dir_all(&outside).with_context(|| format!("making {}", outside.display()))?;
    Ok(outside.join(name))
}

fn start(
    binaries: &Binaries,
    place: &Path,
    durability: Durability,
    remove: bool,
) -> Result<Cluster> {
    let account = account()?;
    let data = place.join("data");
    stop_leftover(&data)?;
    // The marker is written after initdb: one that was interrupted is done again.
    let marker = place.join("initialised");
    if !marker.is_file() {
        initialise(binaries, &account, place)?;
        fs::write(&marker, "")?;
    }
    let password = fs::read_to_string(place.join("password"))?
        .trim()
        .to_owned();
    let kept_port = fs::read_to_string(place.join("port")).ok();
    let port = free_port(
        kept_port
            .and_then(|port| port.trim().parse().ok())
            .unwrap_or(0),
    )?;
    fs::write(place.join("port"), port.to_string())?;

    let mut program = as_account(&account, &binaries.program("postgres"))
        .arg("-D")
        .arg(&data)
        .args(["-p", &port.to_string()])
        .args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
        ])
        .args(["-c", "max_connections=200"]);
    if durability == Durability::Fast {
        program = program
            .args(["-c", "fsync=off", "-c", "synchronous_commit=off"])
            .args(["-c", "full_page_writes=off"]);
    }
    let log = place.join("log");
    let server = program.serve(&log)?.stops_by(Signal::SIGINT);
    let place = place.to_path_buf();
    let mut cluster = Cluster {
        server,
        place,
        port,
        password,
        remove,
        lock: None,
    };
    cluster.wait_until_ready(&data)?;
    Ok(cluster)
}

impl Cluster {
    fn wait_until_ready(&mut self, data: &Path) -> Result<()> {
        let until = Instant::now() + START_LIMIT;
        loop {
            if lock_file(data).is_some_and(|lock| lock.ready) {
                return Ok(());
            }
            if let Some(how) = self.server.ended()? {
                bail!("Postgres {how}");
            }
            if Instant::now() > until {
                bail!("Postgres is not ready after {} s", START_LIMIT.as_secs());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn initialise(binaries: &Binaries, account: &User, place: &Path) -> Result<()> {
    fresh_folder(place)?;
    fs::set_permissions(place, fs::Permissions::from_mode(0o700))?;
    let password = place.join("password");
    fs::write(&password, random_hex()?)?;
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600))?;
    if is_root() {
        for path in [place, &password] {
            chown(path, Some(account.uid.as_raw()), Some(account.gid.as_raw()))?;
        }
    }
    as_account(account, &binaries.program("initdb"))
        .arg("-D")
        .arg(place.join("data"))
        .arg("--pwfile")
        .arg(&password)
        .args(["-U", SUPERUSER, "-A", "scram-sha-256", "--no-sync"])
        .args(["--encoding=UTF8", "--locale=C.UTF-8"])
        .limit_s(120)
        .run()
        .context("making a Postgres cluster")?;
    Ok(())
}

/// A secret of 256 bits.
pub fn random_hex() -> Result<String> {
    use std::io::Read;
    let mut bytes = [0_u8; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What `postmaster.pid` says.
#[derive(Debug, PartialEq, Eq)]
struct LockFile {
    pid: i32,
    ready: bool,
}

fn lock_file(data: &Path) -> Option<LockFile> {
    parse_lock_file(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
}

/// Line 1 is the process, line 8 its state.
fn parse_lock_file(text: &str) -> Option<LockFile> {
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    Some(LockFile {
        pid,
        ready: lines.nth(6).is_some_and(|state| state.trim() == "ready"),
    })
}

/// The postmaster of this data folder, if one runs: a number in a file may be another's by now.
fn running_postmaster(data: &Path) -> Option<Pid> {
    let pid = lock_file(data)?.pid;
    let folder = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    (folder == fs::canonicalize(data).ok()?).then(|| Pid::from_raw(pid))
}

/// Stops the Postgres that a killed run left behind, and takes away the lock of a dead one.
fn stop_leftover(data: &Path) -> Result<()> {
    if let Some(pid) = running_postmaster(data) {
        println!("stopping the Postgres that an earlier run left behind (process {pid})");
        kill(pid, Signal::SIGINT)?;
    }
    let until = Instant::now() + STOP_LIMIT;
    while let Some(process) = process_in(data) {
        if Instant::now() > until {
            bail!(
                "process {process} still holds {} after {STOP_LIMIT:?}",
                data.display()
            );
        }
        thread::sleep(Duration::from_millis(50));
    }
    // Postgres would take a zombie, or another program that got the old number, for the holder of
    // the lock; that nothing works in the folder is the better proof.
    remove_if_there(&data.join("postmaster.pid"))?;
    Ok(())
}

/// A process that works in the data folder: every one of Postgres does, and no other.
fn process_in(data: &Path) -> Option<Pid> {
    let data = fs::canonicalize(data).ok()?;
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        (fs::read_link(entry.path().join("cwd")).ok()? == data).then(|| Pid::from_raw(pid))
    })
}

fn kill_immediately(data: &Path) -> Result<()> {
    if let Some(pid) = running_postmaster(data) {
        kill(pid, Signal::SIGQUIT)?;
        let until = Instant::now() + Duration::from_secs(5);
        while running_postmaster(data).is_some() && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

/// Removes the clusters of runs that were killed before they could do so themselves.
fn remove_abandoned(place: &Path, name: &str) {
    let Some(Ok(siblings)) = place.parent().map(fs::read_dir) else {
        return;
    };
    for sibling in siblings.flatten() {
        let file_name = sibling.file_name().to_string_lossy().into_owned();
        let run = file_name
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('-'));
        let Some(run) = run.and_then(|run| run.parse::<u32>().ok()) else {
            continue;
        };
        if !Path::new(&format!("/proc/{run}")).exists() {
            let _ = kill_immediately(&sibling.path().join("data"));
            let _ = fs::remove_dir_all(sibling.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_tells_process_and_state() {
        let starting = "4711\n/data\n1700000000\n54321\n\n127.0.0.1\n  1234  5\nstarting\n";
        assert_eq!(
            parse_lock_file(starting),
            Some(LockFile {
                pid: 4711,
                ready: false
            })
        );
        let ready = starting.replace("starting", "ready   ");
        assert_eq!(
            parse_lock_file(&ready),
            Some(LockFile {
                pid: 4711,
                ready: true
            })
        );
        let half_written = "4711\n/data\n";
        assert_eq!(
            parse_lock_file(half_written),
            Some(LockFile {
                pid: 4711,
                ready: false
            })
        );
        assert_eq!(parse_lock_file(""), None);
    }

    #[test]
    fn another_process_with_the_old_number_is_left_alone() {
        let folder = crate::files::TemporaryFolder::new("lock").unwrap();
        let text = format!("{}\n/elsewhere\n", std::process::id());
        fs::write(folder.path().join("postmaster.pid"), text).unwrap();
        assert_eq!(running_postmaster(folder.path()), None);
        assert_eq!(process_in(folder.path()), None);
        stop_leftover(folder.path()).unwrap();
        assert!(
            !folder.path().join("postmaster.pid").exists(),
            "the lock of nobody is gone"
        );
    }

    #[test]
    fn a_process_that_works_in_the_folder_holds_it() {
        let folder = crate::files::TemporaryFolder::new("holder").unwrap();
        let log = folder.path().join("log");
        let sleep = Program::new("sleep")
            .arg("64")
            .folder(folder.path())
            .serve(&log)
            .unwrap();
        assert!(process_in(folder.path()).is_some());
        drop(sleep);
        assert_eq!(process_in(folder.path()), None);
    }

    #[test]
    fn secrets_differ() {
        let secret = random_hex().unwrap();
        assert_eq!(secret.len(), 64);
        assert_ne!(secret, random_hex().unwrap());
    }
}
