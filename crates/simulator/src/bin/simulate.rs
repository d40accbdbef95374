//! Runs histories: `simulate --histories N --seed K`, or one: `simulate --history SEED`.

use haversack_simulator::batch::{run_batch, run_one, shrunk};
use haversack_simulator::history::History;
use haversack_simulator::run::run_and_tell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

const USAGE: &str =
    "usage: simulate --seed K [--histories N] [--threads T] | simulate --history SEED";

struct Asked {
    seed: u64,
    histories: u64,
    threads: usize,
    history: Option<u64>,
    tell: Option<u64>,
}

fn asked() -> Option<Asked> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut asked = Asked {
        seed: 0,
        histories: 300,
        threads: cores,
        history: None,
        tell: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let number = words.next()?.parse().ok()?;
        match word.as_str() {
            "--seed" => asked.seed = number,
            "--histories" => asked.histories = number,
            "--threads" => asked.threads = number as usize,
            "--history" => asked.history = Some(number),
            "--tell" => asked.tell = Some(number),
            _ => return None,
        }
    }
    Some(asked)
}

fn main() -> ExitCode {
    let Some(asked) = asked() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    // What panics is part of a history; it is told with its steps.
    std::panic::set_hook(Box::new(|_| {}));
    match (asked.tell, asked.history) {
        (Some(seed), _) => tell(seed),
        (None, Some(seed)) => one(seed),
        (None, None) => batch(&asked),
    }
}

fn tell(seed: u64) -> ExitCode {
    let line = |us: u64, line: &str| println!("{:>12.3} ms  {line}", us as f64 / 1_000.0);
    let outcome = run_and_tell(&History::draw(seed), Some(Rc::new(line)));
    match outcome.failure {
        Some(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

fn one(seed: u64) -> ExitCode {
    let outcome = run_one(seed, true);
    print!("{}", outcome.tally);
    match outcome.failure {
        Some(failure) => {
            println!("\n{failure}\n");
            println!("{}", shrunk(History::draw(seed), failure));
            ExitCode::FAILURE
        }
        None => {
            println!("trace {:016x}", outcome.trace);
            ExitCode::SUCCESS
        }
    }
}

fn batch(asked: &Asked) -> ExitCode {
    let began = Instant::now();
    let report = run_batch(asked.seed, asked.histories, asked.threads);
    print!("{}", report.tally);
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "\n{} histories of seed {} in {seconds:.1} s",
        report.histories, asked.seed
    );
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
