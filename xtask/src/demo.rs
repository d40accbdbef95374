//! The demo: Postgres, migrations, seed data, endpoint and page, served together or driven by the
//! story. The application is what lies in [`SCHEMA`] and `www/`; nothing here knows its tables.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::build;
use crate::endpoint;
use crate::files::{TemporaryFolder, free_port};
use crate::postgres::{Cluster, Durability, random_hex};
use crate::process::{self, Outcome, Program, Server};
use crate::repository::Repository;
use crate::setup::{self, Need, Tools};
use crate::stamp::{Inputs, Stamp};

/// The system that the demo shows.
const SCHEMA: &str = "schemas/organizational";
/// The database that is made in a cluster of our own.
const DATABASE: &str = "haversack";
/// The endpoint's port, when it is free.
const ENDPOINT_PORT: u16 = 8787;
/// How long a server may take to answer its first request.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// `cargo xtask demo`
pub fn serve(repository: &Repository, wished_port: u16) -> Result<()> {
    let start = Instant::now();
    let tools = setup::run(repository, &needs(false))?;
    let mut cluster = match env::var_os("DATABASE_URL") {
        Some(_) => None,
        None => Some(Cluster::kept(repository, tools.postgres()?, "demo")?),
    };
    let owner = owner_url(repository, cluster.as_ref())?;
    let demo = Demo::make(repository, &tools, owner)?;
    demo.seed_once(cluster.as_ref())?;

    let page_port = free_port(wished_port)?;
    let endpoint_port = free_port(ENDPOINT_PORT)?;
    let mut endpoint = demo.serve_endpoint(endpoint_port, page_port)?;
    let mut page = demo.serve_page(endpoint_port, page_port)?;
    let seconds = start.elapsed().as_secs_f64();
    println!("\n  Haversack's demo is ready after {seconds:.0} s: http://localhost:{page_port}\n");
    println!("  Sign in by choosing a user on the page; a private window can be another user.");
    println!(
        "  The endpoint is http://127.0.0.1:{endpoint_port}; its log and the page's are in .haversack/log/."
    );
    println!("  Look into the database by: psql {}", demo.owner);
    println!("  Ctrl-C stops everything.\n");

    process::handle_signals_in_order();
    let result = loop {
        if process::stopping() {
            println!("stopping page, endpoint and Postgres …");
            break Ok(());
        }
        if let Some(how) = page.ended()? {
            break Err(anyhow::anyhow!("the page's server {how}"));
        }
        if let Some(how) = endpoint.ended()? {
            break Err(anyhow::anyhow!("the endpoint {how}"));
        }
        if let Some(how) = cluster.as_mut().map(Cluster::ended).transpose()?.flatten() {
            break Err(anyhow::anyhow!("Postgres {how}"));
        }
        thread::sleep(Duration::from_millis(100));
    };
    drop(page);
    drop(endpoint);
    drop(cluster);
    result
}

/// `cargo xtask demo --check`
pub fn check(repository: &Repository, screenshots: Option<&Path>) -> Result<()> {
    let tools = setup::run(repository, &needs(true))?;
    let outcome = story(repository, &tools, screenshots)?;
    if !outcome.status.success() {
        bail!("the story did not hold; the step that failed is named above");
    }
    Ok(())
}

/// Drives the story against a database of its own, showing its lines.
pub fn story(
    repository: &Repository,
    tools: &Tools,
    screenshots: Option<&Path>,
) -> Result<Outcome> {
    let script = repository.path("tests/story/check.mjs");
    if !script.is_file() {
        bail!("tests/story/check.mjs is not there");
    }
    let outside = env::var("DATABASE_URL").ok();
    let cluster = match &outside {
        Some(_) => None,
        None => {
            let postgres = tools.postgres()?;
            Some(Cluster::fresh(
                repository,
                postgres,
                "story",
                Durability::Durable,
            )?)
        }
    };
    let database = format!("haversack_story_{}", std::process::id());
    let server = match (&outside, &cluster) {
        (Some(url), _) => url.clone(),
        (None, Some(cluster)) => cluster.url("postgres"),
        (None, None) => bail!("there is no Postgres"),
    };
    let fresh = FreshDatabase::create(repository, &server, &database)?;
    let demo = Demo::make(repository, tools, fresh.url.clone())?;
    demo.seed()?;

    let mut program = Program::new("node")
        .arg(&script)
        .env("HAVERSACK_BIN", &demo.binary)
        .env("DATABASE_URL", &demo.owner)
        .env("HAVERSACK_DATABASE_URL", &demo.login)
        .env("HAVERSACK_JWT_SECRET", &demo.secret)
        .env("HAVERSACK_SCHEMA_DIR", repository.path(SCHEMA))
        .env("HAVERSACK_CHROMIUM", &tools.browser()?.chromium)
        .env("HAVERSACK_PKG", repository.path("pkg"))
        .folder(repository.root())
        .limit_s(900);
    if let Some(folder) = screenshots {
        let folder = std::path::absolute(folder)?;
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        program = program.env("HAVERSACK_SCREENSHOTS", folder);
    }
    program.outcome(true)
}

fn needs(browser: bool) -> Vec<Need> {
    let mut needs = setup::BUILD.to_vec();
    needs.extend(browser.then_some(Need::Browser));
    needs.extend(
        env::var_os("DATABASE_URL")
            .is_none()
            .then_some(Need::Postgres),
    );
    needs
}

/// The owner's URL of the demo's database, which is made if the cluster is ours.
fn owner_url(repository: &Repository, cluster: Option<&Cluster>) -> Result<String> {
    match cluster {
        Some(cluster) => {
            database(repository, "create", &cluster.url("postgres"), DATABASE)?;
            Ok(cluster.url(DATABASE))
        }
        None => env::var("DATABASE_URL").context("DATABASE_URL is not readable"),
    }
}

/// Creates or drops a database; psql need not be there.
fn database(repository: &Repository, verb: &str, server: &str, name: &str) -> Result<String> {
    let output = Program::new("node")
        .args(["tests/database.mjs", verb, name])
        .env("DATABASE_URL", server)
        .folder(repository.root())
        .limit_s(60)
        .run()?;
    Ok(output.trim().to_owned())
}

/// A database that is dropped with the value.
struct FreshDatabase<'a> {
    repository: &'a Repository,
    server: String,
    name: String,
    url: String,
}

impl<'a> FreshDatabase<'a> {
    fn create(repository: &'a Repository, server: &str, name: &str) -> Result<FreshDatabase<'a>> {
        let url = database(repository, "create", server, name)?;
        Ok(FreshDatabase {
            repository,
            server: server.to_owned(),
            name: name.to_owned(),
            url,
        })
    }
}

impl Drop for FreshDatabase<'_> {
    fn drop(&mut self) {
        if let Err(error) = database(self.repository, "drop", &self.server, &self.name) {
            eprintln!(
                "warning: the database {} stays behind: {error:#}",
                self.name
            );
        }
    }
}

/// A database made ready, and all that is needed to serve it.
struct Demo<'a> {
    repository: &'a Repository,
    binary: PathBuf,
    owner: String,
    login: String,
    secret: String,
}

impl<'a> Demo<'a> {
    /// Builds everything, migrates and attaches.
    fn make(repository: &'a Repository, tools: &Tools, owner: String) -> Result<Demo<'a>> {
        build::package(repository, tools)?;
        let binary = endpoint::build(repository)?;
        let run = |verb: &str| {
            println!("demo   {verb}");
            haversack(repository, &binary, &owner, verb)
                .limit_s(300)
                .run()
        };
        run("migrate")?;
        let said = run("attach")?;
        let login = parse_login(&said)
            .with_context(|| {
                format!("`haversack attach` printed no HAVERSACK_DATABASE_URL:\n{said}")
            })?
            .to_owned();
        pull_types(repository, &binary, &owner)?;
        build_page(repository)?;
        let secret = secret(repository)?;
        Ok(Demo {
            repository,
            binary,
            owner,
            login,
            secret,
        })
    }

    /// Loads the seed data, unless this very database has it.
    fn seed_once(&self, cluster: Option<&Cluster>) -> Result<()> {
        let inputs = seed_inputs(self.repository)?;
        let digest = inputs.digest();
        let Some(cluster) = cluster else {
            let inputs = Inputs::new("seeded 1").text(&digest).text(&self.owner);
            let stamp = Stamp::new(self.repository, "seeded", inputs)?;
            if !stamp.holds() {
                self.seed()?;
                stamp.set()?;
            }
            return Ok(());
        };
        // The note lives and goes with the cluster, whatever becomes of the stamps.
        let note = cluster.place().join("seeded");
        if fs::read_to_string(&note).is_ok_and(|found| found == digest) {
            return Ok(());
        }
        self.seed()?;
        Ok(fs::write(note, digest)?)
    }

    fn seed(&self) -> Result<()> {
        let data = generate_seed(self.repository)?;
        println!("demo   seed");
        let verb = haversack(self.repository, &self.binary, &self.owner, "seed");
        verb.arg("--from").arg(data).limit_s(600).run()?;
        Ok(())
    }

    fn serve_endpoint(&self, port: u16, page_port: u16) -> Result<Server> {
        let program = kept_alive(&self.binary)
            .args(["serve", "--schema", SCHEMA])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args(["--allow-origin", &format!("http://localhost:{page_port}")])
            .env("HAVERSACK_DATABASE_URL", &self.login)
            .env("HAVERSACK_JWT_SECRET", &self.secret)
            .env_remove("DATABASE_URL")
            .folder(self.repository.root());
        let mut server = program.serve(&self.repository.state("log/endpoint.log")?)?;
        wait_for_answer("the endpoint", &mut server, port, "/health")?;
        Ok(server)
    }

    fn serve_page(&self, endpoint_port: u16, port: u16) -> Result<Server> {
        let program = kept_alive(Path::new("node"))
            .arg("www/serve.mjs")
            .env("PORT", port.to_string())
            .env(
                "HAVERSACK_ENDPOINT_URL",
                format!("http://127.0.0.1:{endpoint_port}"),
            )
            .env("HAVERSACK_JWT_SECRET", &self.secret)
            // It offers the users that are there, and so has to read them.
            .env("DATABASE_URL", &self.owner)
            .folder(self.repository.root());
        let mut server = program.serve(&self.repository.state("log/page.log")?)?;
        wait_for_answer("the page's server", &mut server, port, "/")?;
        Ok(server)
    }
}

fn haversack(repository: &Repository, binary: &Path, owner: &str, verb: &str) -> Program {
    Program::new(binary)
        .args([verb, "--schema", SCHEMA])
        .env("DATABASE_URL", owner)
        .folder(repository.root())
}

/// A server that gets SIGTERM if xtask is killed without a chance to stop it.
fn kept_alive(program: &Path) -> Program {
    Program::new("setpriv")
        .args(["--pdeathsig", "TERM"])
        .arg(program)
}

/// The value of the line `HAVERSACK_DATABASE_URL=…`, with or without `export` and quotes.
fn parse_login(said: &str) -> Option<&str> {
    said.lines().find_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let value = line.strip_prefix("HAVERSACK_DATABASE_URL=")?;
        let value = value.trim_matches(['"', '\'']);
        (!value.is_empty()).then_some(value)
    })
}

/// The key that signs development tokens: random, and remembered so that a page that is signed in
/// stays so over a restart.
fn secret(repository: &Repository) -> Result<String> {
    let path = repository.state("demo/jwt-secret")?;
    if let Ok(secret) = fs::read_to_string(&path)
        && !secret.is_empty()
    {
        return Ok(secret);
    }
    let secret = random_hex()?;
    fs::write(&path, &secret)?;
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(secret)
}

/// Writes the page's schema as `haversack pull` does. The file is committed, so that the page is
/// type-checked without a database; one of another locale has another fingerprint.
fn pull_types(repository: &Repository, binary: &Path, owner: &str) -> Result<()> {
    let committed = repository.path("www/src/schema.ts");
    let pulled = repository.state("schema.ts")?;
    haversack(repository, binary, owner, "pull")
        .arg("--out")
        .arg(&pulled)
        .limit_s(60)
        .run()?;
    if fs::read(&pulled)? != fs::read(&committed)? {
        println!("demo   www/src/schema.ts is not this database's; writing it anew");
        fs::copy(&pulled, &committed)?;
    }
    Ok(())
}

fn build_page(repository: &Repository) -> Result<()> {
    let inputs = Inputs::new("page 1")
        .path(&repository.path("www"))?
        // `dist` of a folder is never an input of that folder; here it is the folder.
        .path(&repository.path("pkg/dist"))?
        .path(&repository.path("tsconfig.base.json"))?
        .path(&repository.path("package-lock.json"))?;
    let stamp = Stamp::new(repository, "page", inputs)?;
    if stamp.holds() && repository.path("www/dist/index.html").is_file() {
        return Ok(());
    }
    println!("build  the page");
    Program::new("npm")
        .args(["run", "build", "--workspace", "www"])
        .folder(repository.root())
        .limit_s(300)
        .run()?;
    stamp.set()
}

fn seed_inputs(repository: &Repository) -> Result<Inputs> {
    Inputs::new("seed 1")
        .path(&repository.path(SCHEMA).join("seed"))?
        .path(&repository.path("package-lock.json"))
}

/// Makes the seed data once, and returns their folder.
fn generate_seed(repository: &Repository) -> Result<PathBuf> {
    let folder = repository.state("seed/data")?;
    let stamp = Stamp::new(repository, "seed", seed_inputs(repository)?)?;
    if stamp.holds() && folder.is_dir() {
        return Ok(folder);
    }
    println!("demo   seed data");
    // Made beside, then moved: an interrupted run leaves nothing that looks whole.
    let made = TemporaryFolder::new("seed")?;
    Program::new("node")
        .arg(repository.path(SCHEMA).join("seed/generate.mjs"))
        .arg(made.path())
        .folder(repository.root())
        .limit_s(300)
        .run()?;
    crate::files::fresh_folder(&folder)?;
    crate::files::copy_folder(made.path(), &folder)?;
    stamp.set()?;
    Ok(folder)
}

fn wait_for_answer(name: &str, server: &mut Server, port: u16, path: &str) -> Result<()> {
    let until = Instant::now() + ANSWER_LIMIT;
    while !answers(port, path) {
        if let Some(how) = server.ended()? {
            bail!("{name} {how}");
        }
        if Instant::now() > until {
            bail!(
                "{name} does not answer on port {port} after {} s",
                ANSWER_LIMIT.as_secs()
            );
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Whether a GET of localhost is answered with 200.
fn answers(port: u16, path: &str) -> bool {
    let limit = Duration::from_secs(2);
    let get = |address: IpAddr| -> std::io::Result<bool> {
        let address = SocketAddr::from((address, port));
        let mut stream = TcpStream::connect_timeout(&address, limit)?;
        stream.set_read_timeout(Some(limit))?;
        // One write: a server may answer, and close, after the first segment.
        let host = format!("localhost:{port}");
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut start = [0_u8; 12];
        stream.read_exact(&mut start)?;
        Ok(start.ends_with(b" 200"))
    };
    // A server that listens on `localhost` may have got either of its addresses.
    [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        .into_iter()
        .any(|address| get(address).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_is_read_from_what_attach_prints() {
        let url = "postgres://haversack_login:p%40ss=1@127.0.0.1:5432/haversack";
        for line in [
            format!("HAVERSACK_DATABASE_URL={url}"),
            format!("attached 8 tables\n  export HAVERSACK_DATABASE_URL='{url}'\nnext: serve\n"),
            format!("HAVERSACK_DATABASE_URL=\"{url}\"\r\n"),
        ] {
            assert_eq!(parse_login(&line), Some(url), "{line}");
        }
        assert_eq!(parse_login("set HAVERSACK_DATABASE_URL before serve"), None);
        assert_eq!(parse_login("HAVERSACK_DATABASE_URL=\n"), None);
    }

    #[test]
    fn only_an_ok_is_an_answer() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let replies = ["HTTP/1.1 503 no\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"];
        let serving = thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 512]).unwrap();
                stream.write_all(reply.as_bytes()).unwrap();
            }
        });
        assert!(!answers(port, "/health"));
        assert!(answers(port, "/health"));
        serving.join().unwrap();
        assert!(!answers(port, "/health"), "nobody listens any more");
    }
}
