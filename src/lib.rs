//! The browser binding of Haversack: translates between the core and the browser, never decides.

mod browser;
mod network;
mod store;

use wasm_bindgen::prelude::wasm_bindgen;

/// The version of this module; for bug reports.
#[wasm_bindgen]
pub fn core_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
