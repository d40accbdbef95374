//! The browser's regular expressions and case of letters, which the core asks for.

use haversack_core::expr::{HostText, set_host_text};
use js_sys::{JsString, RegExp};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // A pattern that this browser can't compile throws, which is no reason to stop.
    #[wasm_bindgen(catch, js_name = RegExp)]
    fn regular_expression(pattern: &str, flags: &str) -> Result<RegExp, JsValue>;
}

thread_local! {
    static COMPILED: RefCell<Vec<(String, RegExp)>> = const { RefCell::new(Vec::new()) };
}

/// Gives the core the browser's texts.
pub fn set() {
    set_host_text(HostText {
        compile,
        matches,
        change_case,
    });
}

fn compile(pattern: &str) -> Option<u32> {
    COMPILED.with_borrow_mut(|compiled| {
        // One table's rules are bound again by every database of the page.
        let known = compiled.iter().position(|(own, _)| own == pattern);
        let at = match known {
            Some(at) => at,
            None => {
                compiled.push((pattern.into(), regular_expression(pattern, "su").ok()?));
                compiled.len() - 1
            }
        };
        u32::try_from(at).ok()
    })
}

fn matches(pattern: u32, text: &str) -> bool {
    COMPILED.with_borrow(|compiled| {
        let found = compiled.get(pattern as usize);
        found.is_some_and(|(_, regex)| regex.test(text))
    })
}

fn change_case(text: &str, upper: bool) -> String {
    let text = JsString::from(text);
    if upper {
        text.to_upper_case().into()
    } else {
        text.to_lower_case().into()
    }
}
