//! The smallest whole thing: the module, loaded in an empty page of a real browser.
#![cfg(target_arch = "wasm32")]

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn the_module_answers_in_a_page() {
    assert_eq!(haversack::core_version(), env!("CARGO_PKG_VERSION"));
}
