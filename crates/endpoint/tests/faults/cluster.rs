//! A Postgres of a test's own, that may be killed.

use crate::harness::superuser_url;
use haversack_endpoint::database;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to come up, recovery included.
const UP_TIMEOUT: Duration = Duration::from_secs(30);

pub struct Cluster {
    binaries: PathBuf,
    /// Who it runs as, where the tests run as root: Postgres refuses to.
    user: Option<(u32, u32)>,
    data: PathBuf,
    port: u16,
    postmaster: Option<Child>,
}

impl Cluster {
    /// Makes one and starts it, with the binaries of the tests' cluster.
    pub async fn start() -> Self {
        let owner = database::connect(&superuser_url(), "HAVERSACK_TEST_DATABASE_URL")
            .await
            .unwrap();
        let setting = "SELECT setting FROM pg_config WHERE name = 'BINDIR'";
        let binaries: String = owner.query_one(setting, &[]).await.unwrap().get(0);
        let setting = "SELECT current_setting('data_directory')";
        let running: String = owner.query_one(setting, &[]).await.unwrap().get(0);
        let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let user = root.then(|| {
            let theirs = std::fs::metadata(running).unwrap();
            (theirs.uid(), theirs.gid())
        });
        let data = std::env::temp_dir().join(format!("haversack-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&data).unwrap();
        if let Some((uid, gid)) = user {
            chown(&data, Some(uid), Some(gid)).unwrap();
        }
        let mut cluster = Self {
            binaries: binaries.into(),
            user,
            data,
            port: free_port(),
            postmaster: None,
        };
        let made = cluster
            .program("initdb")
            .args(["--username=postgres", "--auth=trust", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
            .arg(&cluster.data)
            .status()
            .unwrap();
        assert!(made.success(), "initdb: {made}");
        cluster.up().await;
        cluster
    }

    /// The superuser's URL.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its files are.
    pub fn data(&self) -> &Path {
        &self.data
    }

    fn copy(&self) -> PathBuf {
        self.data.with_extension("copy")
    }

    /// Copies its files aside; it must not run.
    pub fn keep(&self) {
        let status = Command::new("cp")
            .arg("-a")
            .arg(&self.data)
            .arg(self.copy())
            .status();
        assert!(status.unwrap().success());
    }

    /// Puts the copy in the place of its files, to be recovered on a timeline of its own; it must
    /// not run.
    pub fn put_back(&self) {
        std::fs::remove_dir_all(&self.data).unwrap();
        std::fs::rename(self.copy(), &self.data).unwrap();
        let signal = self.data.join("recovery.signal");
        std::fs::write(&signal, "").unwrap();
        if let Some((uid, gid)) = self.user {
            chown(&signal, Some(uid), Some(gid)).unwrap();
        }
    }

    /// Runs one of its programs with a file that it reads or writes.
    pub fn run(&self, name: &str, arguments: &[&str], file: &Path) {
        let mut program = self.program(name);
        program.args(arguments);
        if name == "pg_dump" {
            program.arg("--file");
        }
        let status = program.arg(file).status().unwrap();
        assert!(status.success(), "{name}: {status}");
    }

    fn program(&self, name: &str) -> Command {
        let mut program = Command::new(self.binaries.join(name));
        program
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((uid, gid)) = self.user {
            program.uid(uid).gid(gid);
        }
        program
    }

    /// Starts it, after a kill too, and waits until it takes writes.
    pub async fn up(&mut self) {
        let start = Instant::now();
        loop {
            let ended = match &mut self.postmaster {
                Some(child) => child.try_wait().unwrap().is_some(),
                None => true,
            };
            if ended {
                // After a kill the shared memory is in use until the last of its processes ends.
                self.postmaster = Some(self.postgres());
            }
            if self.takes_writes().await {
                return;
            }
            assert!(start.elapsed() < UP_TIMEOUT, "Postgres does not come up");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    async fn takes_writes(&self) -> bool {
        let Ok(client) = database::connect(&self.url(), "the cluster").await else {
            return false;
        };
        let sql = "SELECT NOT pg_is_in_recovery()";
        // Recovery's end may cut the connection.
        client.query_one(sql, &[]).await.is_ok_and(|row| row.get(0))
    }

    fn postgres(&self) -> Child {
        self.program("postgres")
            .arg("-D")
            .arg(&self.data)
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            // The processes are killed, not the machine: what was written is in the system's cache.
            .args(["-c", "fsync=off"])
            // There is no archive: recovery ends with what is in the copy.
            .args(["-c", "restore_command=false"])
            .spawn()
            .unwrap()
    }

    /// `kill -9` of the postmaster and of every process of it.
    pub fn kill(&mut self) {
        let Some(mut postmaster) = self.postmaster.take() else {
            return;
        };
        let children = children(postmaster.id());
        postmaster.kill().unwrap();
        for child in children {
            // It may have ended by itself.
            let _ = Command::new("kill")
                .args(["-9", &child])
                .stderr(Stdio::null())
                .status();
        }
        postmaster.wait().unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.data);
        let _ = std::fs::remove_dir_all(self.copy());
    }
}

fn children(pid: u32) -> Vec<String> {
    let list = Path::new("/proc").join(format!("{pid}/task/{pid}/children"));
    std::fs::read_to_string(list)
        .unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
