//! A small HTTP client: for the commands that ask a running endpoint, and for the keys of tokens.

use haversack_core::{Error, ErrorCode};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);
const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Gets `path` of the endpoint at `url`; statuses in `also` count as answers too.
///
/// # Errors
/// `config_invalid` for a URL that can't be used, `network` where there is no good answer.
pub fn get(url: &str, path: &str, also: &[u16]) -> Result<String, Error> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Error::new(
            ErrorCode::ConfigInvalid,
            format!("{url} is not an http:// or https:// address"),
        )
        .hint("give the endpoint's address, or use --schema with DATABASE_URL"));
    }
    let address = format!("{}{path}", url.trim_end_matches('/'));
    fetch(&address, also, BODY_BYTES_MAX)
        .map_err(|error| error.hint("check that `haversack serve` runs there"))
}

/// Gets an address whose body has at most so many bytes; statuses in `also` count as answers too.
///
/// # Errors
/// `network` where there is no good answer.
pub fn fetch(address: &str, also: &[u16], bytes_max: u64) -> Result<String, Error> {
    let network = |why: String| {
        Error::new(
            ErrorCode::Network,
            format!("{address} can't be reached: {why}"),
        )
    };
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .http_status_as_error(false)
        .build()
        .into();
    let mut response = agent
        .get(address)
        .call()
        .map_err(|e| network(e.to_string()))?;
    let status = response.status().as_u16();
    if status != 200 && !also.contains(&status) {
        return Err(network(format!("it answers with status {status}")));
    }
    response
        .body_mut()
        .with_config()
        .limit(bytes_max)
        .read_to_string()
        .map_err(|e| network(e.to_string()))
}
