//! Runs programs: each in its own process group, bounded in time, its output kept so that a
//! failure can show it. Knows nothing of what the programs do.
//!
//! Invariant: no child outlives this process in an orderly end; on SIGINT, SIGTERM and SIGHUP
//! every group is told to stop, in the reverse order of their starts.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use wait_timeout::ChildExt;

/// How much of a failed program's output is shown.
const TAIL_LINES: usize = 40;
/// How long a group may take to stop after it was told to.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A program to run.
#[derive(Clone, Debug)]
pub struct Program {
    name: OsString,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    removed: Vec<OsString>,
    folder: Option<PathBuf>,
    limit: Duration,
}

/// What a program left behind.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output and standard error, in the order in which they came.
    pub output: String,
}

impl Program {
    /// A program by name or path, limited to ten minutes unless told otherwise.
    pub fn new(name: impl AsRef<OsStr>) -> Program {
        Program {
            name: name.as_ref().to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
            removed: Vec::new(),
            folder: None,
            limit: Duration::from_secs(600),
        }
    }

    /// Adds one argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Program {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Program {
        self.arguments
            .extend(arguments.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Adds an option with its value, where there is one.
    pub fn option(self, name: &str, value: Option<impl ToString>) -> Program {
        match value {
            Some(value) => self.args([name, &value.to_string()]),
            None => self,
        }
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Program {
        self.variables
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Takes an environment variable away.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Program {
        self.removed.push(name.as_ref().to_owned());
        self
    }

    /// Runs in this folder.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Program {
        self.folder = Some(folder.into());
        self
    }

    /// Ends the whole group when it has run for this long.
    pub fn limit_s(mut self, seconds: u64) -> Program {
        self.limit = Duration::from_secs(seconds);
        self
    }

    /// The command line as a person would type it.
    pub fn line(&self) -> String {
        let mut line = self.name.to_string_lossy().into_owned();
        for argument in &self.arguments {
            let argument = argument.to_string_lossy();
            if argument.is_empty() || argument.contains(char::is_whitespace) {
                let _ = write!(line, " '{argument}'");
            } else {
                let _ = write!(line, " {argument}");
            }
        }
        line
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.name);
        command.args(&self.arguments).stdin(Stdio::null());
        for name in &self.removed {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    /// Runs it silently; fails, with the end of its output, unless it succeeds.
    pub fn run(&self) -> Result<String> {
        let outcome = self.outcome(false)?;
        self.expect_success(&outcome, true)?;
        Ok(outcome.output)
    }

    /// Runs it with its output shown as it comes; fails unless it succeeds.
    pub fn show(&self) -> Result<String> {
        let outcome = self.outcome(true)?;
        self.expect_success(&outcome, false)?;
        Ok(outcome.output)
    }

    fn expect_success(&self, outcome: &Outcome, with_output: bool) -> Result<()> {
        if outcome.status.success() {
            return Ok(());
        }
        let how = describe(outcome.status);
        if with_output {
            bail!("`{}` {how}\n{}", self.line(), tail(&outcome.output));
        }
        bail!("`{}` {how}", self.line())
    }

    /// Runs it to its end, whatever that is; only a failure to start or the time limit is an
    /// error.
    pub fn outcome(&self, shown: bool) -> Result<Outcome> {
        let (reader, writer) = io::pipe()?;
        let mut command = self.command();
        command.stdout(writer.try_clone()?).stderr(writer);
        let mut group =
            Group::start(&mut command).with_context(|| format!("starting `{}`", self.line()))?;
        // The command holds the write end of the pipe; the reader ends only when all are closed.
        drop(command);
        let pump = thread::spawn(move || read_all(reader, shown));
        let ended = group.child.wait_timeout(self.limit)?;
        let Some(status) = ended else {
            group.stop(Signal::SIGTERM, Duration::from_secs(3));
            let output = pump.join().unwrap_or_default();
            let seconds = self.limit.as_secs();
            bail!(
                "`{}` was ended after {seconds} s\n{}",
                self.line(),
                tail(&output)
            );
        };
        // A grandchild left in the group would keep the pipe open for ever.
        group.stop(Signal::SIGTERM, Duration::from_secs(1));
        let output = pump.join().unwrap_or_default();
        exit_if_stopping();
        Ok(Outcome { status, output })
    }

    /// Starts it as a server whose output goes to `log`; dropping the value stops it.
    pub fn serve(&self, log: &Path) -> Result<Server> {
        let file = File::create(log).with_context(|| format!("making {}", log.display()))?;
        let mut command = self.command();
        command.stdout(file.try_clone()?).stderr(file);
        let group =
            Group::start(&mut command).with_context(|| format!("starting `{}`", self.line()))?;
        Ok(Server {
            group,
            stop_signal: Signal::SIGTERM,
            log: log.to_path_buf(),
        })
    }
}

/// A program that runs until its value is dropped.
#[derive(Debug)]
pub struct Server {
    group: Group,
    stop_signal: Signal,
    log: PathBuf,
}

impl Server {
    /// Chooses the signal that asks it to stop, for a program whose orderly end is not SIGTERM.
    pub fn stops_by(mut self, signal: Signal) -> Server {
        self.stop_signal = signal;
        self
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Result<Option<String>> {
        Ok(self.group.child.try_wait()?.map(|status| {
            let output = fs::read_to_string(&self.log).unwrap_or_default();
            format!("{}\n{}", describe(status), tail(&output))
        }))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.group.stop(self.stop_signal, STOP_LIMIT);
    }
}

/// A child that leads a process group of its own.
#[derive(Debug)]
struct Group {
    child: Child,
    id: Pid,
}

impl Group {
    fn start(command: &mut Command) -> io::Result<Group> {
        let mut live = live();
        let child = command.process_group(0).spawn()?;
        let id = Pid::from_raw(child.id() as i32);
        live.push(id);
        Ok(Group { child, id })
    }

    fn stop(&mut self, signal: Signal, limit: Duration) {
        // ESRCH only says that it is gone already.
        let _ = killpg(self.id, signal);
        if !matches!(self.child.wait_timeout(limit), Ok(Some(_))) {
            let _ = killpg(self.id, Signal::SIGKILL);
            let _ = self.child.wait();
        }
        let _ = killpg(self.id, Signal::SIGKILL);
        live().retain(|id| *id != self.id);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if live().contains(&self.id) {
            self.stop(Signal::SIGTERM, STOP_LIMIT);
        }
    }
}

static LIVE: Mutex<Vec<Pid>> = Mutex::new(Vec::new());
static STOPPING: AtomicBool = AtomicBool::new(false);
static ORDERLY: AtomicBool = AtomicBool::new(false);

fn live() -> MutexGuard<'static, Vec<Pid>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Arranges that a signal ends the children before this process. The program that is running in
/// the foreground ends first; the values that hold servers are then dropped in their own order.
pub fn stop_children_on_signals() {
    let result = ctrlc::set_handler(|| {
        STOPPING.store(true, Ordering::SeqCst);
        if ORDERLY.load(Ordering::SeqCst) {
            return;
        }
        end_all();
        std::process::exit(130);
    });
    if let Err(error) = result {
        eprintln!("warning: signals are not handled: {error}");
    }
}

fn end_all() {
    // SIGINT is what Postgres takes as its fast shutdown, and ends every other program too.
    let groups: Vec<Pid> = live().iter().rev().copied().collect();
    for group in &groups {
        let _ = killpg(*group, Signal::SIGINT);
    }
    let until = Instant::now() + STOP_LIMIT;
    while Instant::now() < until && groups.iter().any(|group| killpg(*group, None).is_ok()) {
        thread::sleep(Duration::from_millis(50));
    }
    for group in &groups {
        let _ = killpg(*group, Signal::SIGKILL);
    }
}

/// From here on a signal is only noted: the caller looks at [`stopping`] and ends in order.
pub fn handle_signals_in_order() {
    ORDERLY.store(true, Ordering::SeqCst);
    exit_if_stopping();
}

/// Whether a signal has asked us to end.
pub fn stopping() -> bool {
    STOPPING.load(Ordering::SeqCst)
}

fn exit_if_stopping() {
    if stopping() && !ORDERLY.load(Ordering::SeqCst) {
        // The handler's thread is ending the other groups and then this process.
        thread::sleep(STOP_LIMIT * 2);
    }
}

fn read_all(reader: impl Read, shown: bool) -> String {
    let mut reader = BufReader::new(reader);
    let mut all = Vec::new();
    let mut line = Vec::new();
    while let Ok(1..) = reader.read_until(b'\n', &mut line) {
        if shown {
            let mut screen = io::stdout().lock();
            // A closed terminal is no reason to lose the program's own result.
            let _ = screen.write_all(&line).and_then(|()| screen.flush());
        }
        all.append(&mut line);
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// The last lines of a program's output, indented.
fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.trim_end().lines().collect();
    let start = lines.len().saturating_sub(TAIL_LINES);
    lines[start..]
        .iter()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_of_both_streams_is_kept() {
        let output = Program::new("sh")
            .args(["-c", "echo out; echo err >&2"])
            .run()
            .unwrap();
        assert_eq!(output, "out\nerr\n");
    }

    #[test]
    fn a_failure_shows_the_command_and_its_output() {
        let error = Program::new("sh")
            .args(["-c", "echo why; exit 3"])
            .run()
            .unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("code 3") && text.contains("why"), "{text}");
    }

    #[test]
    fn the_limit_ends_grandchildren_too() {
        let start = Instant::now();
        let program = Program::new("sh")
            .args(["-c", "sleep 61 & sleep 62"])
            .limit_s(1);
        let error = program.run().unwrap_err();
        assert!(format!("{error:#}").contains("after 1 s"), "{error:#}");
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn dropping_a_server_stops_it() {
        let folder = crate::files::TemporaryFolder::new("process").unwrap();
        let log = folder.path().join("log");
        let mut server = Program::new("sleep").arg("63").serve(&log).unwrap();
        assert!(server.ended().unwrap().is_none());
        let id = server.group.id;
        drop(server);
        assert!(killpg(id, None).is_err(), "the group is gone");
    }
}
