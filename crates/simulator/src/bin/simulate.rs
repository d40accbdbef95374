//! Runs random histories, or one of them again.

use clap::Parser;
use haversack_simulator::batch::{Failed, SHRINK_MAX, run_batch, shrunk, twice};
use haversack_simulator::history::History;
use haversack_simulator::run::{Failure, run_and_tell};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Runs random histories of many clients against the endpoint's logic; the last line is the hash of all that
/// happened.
#[derive(Parser)]
struct Asked {
    /// How many histories
    #[arg(long, default_value_t = 300)]
    histories: u64,
    /// The seed of all of them
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many at a time; as many as there are cores where it is not given
    #[arg(long)]
    threads: Option<usize>,
    /// One history, by the seed that a failure names: it is run twice, and shrunk where it fails
    #[arg(long, value_name = "SEED")]
    history: Option<u64>,
    /// One history, kept in a file
    #[arg(long, value_name = "FILE", conflicts_with = "history")]
    case: Option<PathBuf>,
    /// Say what happens in the one history, as it happens
    #[arg(long)]
    tell: bool,
    /// Leave a history that fails as it is, instead of looking for the steps that matter
    #[arg(long)]
    unshrunk: bool,
    /// Keep the one history as it is shrunk
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    let history = match (&asked.case, asked.history) {
        (Some(file), _) => match read(file) {
            Ok(history) => history,
            Err(why) => {
                eprintln!("{}: {why}", file.display());
                return ExitCode::from(2);
            }
        },
        (None, Some(seed)) => History::draw(seed),
        (None, None) => {
            hush();
            return batch(&asked);
        }
    };
    if asked.tell {
        return tell(&history);
    }
    hush();
    one(history, asked.keep.as_deref())
}

/// What panics is part of a history; it is told with its steps.
fn hush() {
    std::panic::set_hook(Box::new(|_| {}));
}

fn read(file: &std::path::Path) -> Result<History, String> {
    let text = std::fs::read_to_string(file).map_err(|e| e.to_string())?;
    serde_json::from_str(&text).map_err(|e| e.to_string())
}

fn tell(history: &History) -> ExitCode {
    let line = |us: u64, line: &str| println!("{:>12.3} ms  {line}", us as f64 / 1_000.0);
    let outcome = run_and_tell(history, Some(Rc::new(line)));
    end(outcome.failure, outcome.trace)
}

fn one(history: History, keep: Option<&std::path::Path>) -> ExitCode {
    let outcome = twice(&history);
    print!("{}", outcome.tally);
    let failed = outcome
        .failure
        .clone()
        .map(|failure| shrunk(history.clone(), failure, SHRINK_MAX));
    if let Some(Failed { history, .. }) = &failed
        && let Some(file) = keep
        && let Err(why) = write(file, history)
    {
        eprintln!("{}: {why}", file.display());
    }
    if let Some(failed) = &failed {
        println!("\n{failed}");
    }
    end(outcome.failure, outcome.trace)
}

fn write(file: &std::path::Path, history: &History) -> Result<(), String> {
    let text = serde_json::to_string(history).map_err(|e| e.to_string())?;
    std::fs::write(file, text + "\n").map_err(|e| e.to_string())
}

fn end(failure: Option<Failure>, trace: u64) -> ExitCode {
    match failure {
        Some(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
        None => {
            println!("trace {trace:016x}");
            ExitCode::SUCCESS
        }
    }
}

fn batch(asked: &Asked) -> ExitCode {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    let shrink = match asked.unshrunk {
        true => Duration::ZERO,
        false => SHRINK_MAX,
    };
    let threads = asked.threads.unwrap_or(cores);
    let report = run_batch(asked.seed, asked.histories, threads, shrink);
    print!("{}", report.tally);
    let seconds = began.elapsed().as_secs_f64();
    let (histories, seed) = (report.histories, asked.seed);
    println!("\n{histories} histories of seed {seed} in {seconds:.1} s");
    if let Some(failed) = report.failed {
        println!("\n{failed}");
        return ExitCode::FAILURE;
    }
    let missing = report.tally.missing();
    for one in &missing {
        println!("never: {one}");
    }
    println!("trace {:016x}", report.trace);
    match missing.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
