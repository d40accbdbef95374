//! The browser binding of Haversack: translates between the core and the browser, never decides.

use wasm_bindgen::prelude::wasm_bindgen;

/// The version of this module; for bug reports.
#[wasm_bindgen(js_name = coreVersion)]
pub fn core_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
