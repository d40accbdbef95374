//! The browser that the page runs in.

pub mod channel;
pub mod fetch;
mod floats;
pub mod listener;
pub mod locks;
pub mod objects;
pub mod socket;
mod text;
pub mod timer;
pub mod value;

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &js_sys::Uint8Array);

    #[wasm_bindgen(catch, js_name = atob)]
    fn atob(text: &str) -> Result<String, JsValue>;
}

/// Lends the core what the browser has already: the conversions of floats, patterns, letters' case.
pub fn lend() {
    floats::set();
    text::set();
}

/// Milliseconds since 1970 by this device's clock.
pub fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// Random bytes from the browser's cryptographic source.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let array = js_sys::Uint8Array::new_with_length(N as u32);
    get_random_values(&array);
    let mut bytes = [0; N];
    array.copy_to(&mut bytes);
    bytes
}

/// A random number in [0, 1) for jitter.
pub fn random_unit() -> f64 {
    js_sys::Math::random()
}

/// The payload of a JSON Web Token, unverified.
pub fn token_payload(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?.replace('-', "+").replace('_', "/");
    let binary = atob(&payload).ok()?;
    // `atob` gives one char per byte.
    let bytes: Vec<u8> = binary.chars().map(|c| c as u8).collect();
    String::from_utf8(bytes).ok()
}
