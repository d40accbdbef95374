//! The command `haversack`.

use clap::Parser;
use haversack_endpoint::cli::{Cli, describe, run};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    // clap's own exit code for a wrong option is 2; every error of ours is 1; `check` has its own.
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("HAVERSACK_LOG")
        .unwrap_or_else(|_| EnvFilter::new("haversack_endpoint=info,warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match run(cli).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{}", describe(&error));
            ExitCode::FAILURE
        }
    }
}
