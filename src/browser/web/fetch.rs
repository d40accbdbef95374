//! `fetch`, with an answer that is read as it arrives.

use super::now_ms;
use js_sys::{Object, Promise, Reflect, Uint8Array};
use std::cell::OnceCell;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStream, ReadableStreamDefaultReader};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(address: &str, options: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = Response)]
    type RawResponse;
    #[wasm_bindgen(method, getter)]
    fn status(this: &RawResponse) -> u16;
    #[wasm_bindgen(method)]
    fn text(this: &RawResponse) -> Promise;
    #[wasm_bindgen(method, getter)]
    fn body(this: &RawResponse) -> Option<ReadableStream>;
    #[wasm_bindgen(method, getter)]
    fn headers(this: &RawResponse) -> RawHeaders;

    #[wasm_bindgen(js_name = Headers)]
    type RawHeaders;
    // What can't be text for a number or a date is NaN then.
    #[wasm_bindgen(method)]
    fn get(this: &RawHeaders, name: &str) -> JsValue;
    #[wasm_bindgen(js_namespace = Date)]
    fn parse(date: &JsValue) -> f64;
}

/// Gives a request up.
#[derive(Clone)]
pub struct Abort(AbortController);

impl Abort {
    /// For one request. None where the browser can't.
    pub fn new() -> Option<Self> {
        AbortController::new().ok().map(Self)
    }

    /// Gives it up: whoever waits for it hears that it broke.
    pub fn abort(&self) {
        self.0.abort();
    }
}

/// An answer that has begun.
pub struct Response {
    raw: RawResponse,
    reader: OnceCell<ReadableStreamDefaultReader>,
}

impl Response {
    /// Its status.
    pub fn status(&self) -> u16 {
        self.raw.status()
    }

    /// For how long it asks to be left alone, in milliseconds: by a number of seconds, or by a date, which
    /// is held against its own, as the page's clock may be wrong.
    pub fn retry_after_ms(&self) -> Option<u64> {
        let headers = self.raw.headers();
        let after = headers.get("retry-after");
        let wish_ms = match after.as_string()?.parse::<u32>() {
            Ok(seconds) => f64::from(seconds) * 1000.0,
            Err(_) => {
                let date_ms = parse(&headers.get("date"));
                parse(&after) - if date_ms.is_nan() { now_ms() } else { date_ms }
            }
        };
        // As an integer, what is negative or no number is 0.
        Some(wish_ms as u64)
    }

    /// All of it as text.
    ///
    /// # Errors
    /// What broke.
    pub async fn text(self) -> Result<String, String> {
        let text = JsFuture::from(self.raw.text()).await.map_err(said)?;
        Ok(text.as_string().unwrap_or_default())
    }

    /// Waits for the next bytes and adds them; false at the end, none where the connection broke.
    pub async fn more(&self, to: &mut Vec<u8>) -> Option<bool> {
        let reader = match self.reader.get() {
            Some(reader) => reader,
            None => {
                let stream = self.raw.body()?;
                self.reader
                    .get_or_init(|| stream.get_reader().unchecked_into())
            }
        };
        let part = JsFuture::from(reader.read()).await.ok()?;
        let Some(bytes) = part_bytes(&part) else {
            return Some(false);
        };
        let from = to.len();
        to.resize(from + bytes.length() as usize, 0);
        bytes.copy_to(&mut to[from..]);
        Some(true)
    }
}

/// Sends a body and waits for the answer to begin.
///
/// # Errors
/// What broke.
pub async fn post(
    address: &str,
    token: &str,
    body: String,
    abort: &Abort,
) -> Result<Response, String> {
    let headers = object(&[
        ("authorization", format!("Bearer {token}").into()),
        ("content-type", "application/json".into()),
    ]);
    let options = object(&[
        ("method", "POST".into()),
        ("headers", headers.into()),
        ("body", body.into()),
        ("signal", abort.0.signal().into()),
    ]);
    let sent = fetch(address, &options).map_err(said)?;
    let raw = JsFuture::from(sent).await.map_err(said)?.unchecked_into();
    Ok(Response {
        raw,
        reader: OnceCell::new(),
    })
}

fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        // A plain object takes any member.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

/// What an exception says.
fn said(exception: JsValue) -> String {
    let message = Reflect::get(&exception, &"message".into()).ok();
    message
        .and_then(|message| message.as_string())
        .unwrap_or_else(|| "no reason given".to_owned())
}

fn part_bytes(part: &JsValue) -> Option<Uint8Array> {
    let done = Reflect::get(part, &"done".into()).ok()?;
    if done.is_truthy() {
        return None;
    }
    Reflect::get(part, &"value".into()).ok()?.dyn_into().ok()
}
