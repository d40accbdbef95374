//! A request whose answer is read line by line as it arrives.

use crate::browser::fetch::{self, Abort, Response};
use crate::browser::{now_ms, timer};
use haversack_core::json::read_text;
use haversack_core::protocol::Problem;
use haversack_core::{Error, ErrorCode};

/// An answer that brings nothing for this long is given up, in milliseconds: a half-open
/// connection would wait for ever.
const SILENCE_MS_MAX: u64 = 30_000;
/// The slowest upload that is waited for.
const UPLOAD_BYTES_PER_MS_MIN: u64 = 8;
/// Lines are read for this long at a time, in milliseconds; then the page may paint.
const SLICE_MS: f64 = 8.0;

/// A failure, with the endpoint's wish when to try again.
pub struct Failure {
    /// What went wrong.
    pub error: Error,
    /// When to try again, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            retry_after_ms: None,
        }
    }
}

fn unreachable(what: &str) -> Failure {
    Error::new(
        ErrorCode::Network,
        format!("the endpoint can't be reached: {what}"),
    )
    .into()
}

/// Whom each line is handed to. Behind one type, or all that waits here would be compiled for each.
type OnLine<'a> = &'a mut dyn FnMut(&str) -> Result<(), Error>;

/// Sends the body to an address and hands each line of the answer to `on_line`.
///
/// # Errors
/// `network`, whatever the endpoint's problem says, and what `on_line` returns.
pub async fn post(
    address: &str,
    token: &str,
    body: String,
    on_line: OnLine<'_>,
) -> Result<(), Failure> {
    let abort = Abort::new().ok_or_else(|| unreachable("this browser can't abort"))?;
    let watchdog = Watchdog::new(
        abort.clone(),
        SILENCE_MS_MAX + body.len() as u64 / UPLOAD_BYTES_PER_MS_MIN,
    );
    let failed = |reason: String| unreachable(&reason);
    let response = fetch::post(address, token, body, &abort)
        .await
        .map_err(failed)?;
    let status = response.status();
    if status != 200 {
        let retry_after_ms = response.retry_after_ms();
        let text = response.text().await.map_err(failed)?;
        return Err(failure_of(status, retry_after_ms, &text));
    }
    read_lines(response, watchdog, on_line).await
}

fn failure_of(status: u16, header_ms: Option<u64>, text: &str) -> Failure {
    match read_text::<Problem>(text) {
        Ok(problem) => {
            let retry_after_ms = problem.retry_after_ms;
            Failure {
                error: problem.into_error(),
                retry_after_ms,
            }
        }
        // A proxy or a captive portal answered in the endpoint's place.
        Err(_) => Failure {
            retry_after_ms: header_ms,
            ..unreachable(&format!("something else answered with status {status}"))
        },
    }
}

async fn read_lines(
    response: Response,
    mut watchdog: Watchdog,
    on_line: OnLine<'_>,
) -> Result<(), Failure> {
    let mut buffer: Vec<u8> = Vec::new();
    let mut slice_began = now_ms();
    loop {
        watchdog.restart();
        let from = buffer.len();
        let more = response.more(&mut buffer).await;
        if !more.ok_or_else(|| unreachable("the connection broke during the answer"))? {
            break;
        }
        let mut line_start = 0;
        while let Some(at) = buffer[line_start.max(from)..]
            .iter()
            .position(|&b| b == b'\n')
        {
            let end = line_start.max(from) + at;
            hand_over(&buffer[line_start..end], on_line)?;
            line_start = end + 1;
            // Also where the clock was set back meanwhile.
            if !(0.0..SLICE_MS).contains(&(now_ms() - slice_began)) {
                timer::sleep(0).await;
                slice_began = now_ms();
            }
        }
        buffer.drain(..line_start);
    }
    if !buffer.is_empty() {
        hand_over(&buffer, on_line)?;
    }
    Ok(())
}

fn hand_over(line: &[u8], on_line: OnLine<'_>) -> Result<(), Failure> {
    let text = std::str::from_utf8(line)
        .map_err(|_| Error::new(ErrorCode::Network, "the answer is not UTF-8"))?;
    Ok(on_line(text)?)
}

/// Aborts a request that has been silent too long.
struct Watchdog {
    abort: Abort,
    timer: Option<timer::Timer>,
}

impl Watchdog {
    fn new(abort: Abort, delay_ms: u64) -> Self {
        let mut watchdog = Self { abort, timer: None };
        watchdog.bark_after(delay_ms);
        watchdog
    }

    fn restart(&mut self) {
        self.bark_after(SILENCE_MS_MAX);
    }

    fn bark_after(&mut self, delay_ms: u64) {
        let abort = self.abort.clone();
        self.timer = Some(timer::Timer::after(delay_ms, move || abort.abort()));
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // An answer that was given up half-way is not read to its end; one that has ended does
        // not notice.
        self.abort.abort();
    }
}
