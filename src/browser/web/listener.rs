//! Listeners on the page, removed when dropped.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = addEventListener)]
    fn add_event_listener(kind: &str, callback: &js_sys::Function) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_name = removeEventListener)]
    fn remove_event_listener(kind: &str, callback: &js_sys::Function) -> Result<(), JsValue>;
}

/// A listener on the global object.
pub struct Listener {
    kind: &'static str,
    callback: Closure<dyn FnMut(JsValue)>,
}

impl Listener {
    /// Calls back on every event of this kind.
    pub fn on(kind: &'static str, mut callback: impl FnMut() + 'static) -> Self {
        let callback = Closure::<dyn FnMut(JsValue)>::new(move |_event| callback());
        let _ = add_event_listener(kind, callback.as_ref().unchecked_ref());
        Self { kind, callback }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = remove_event_listener(self.kind, self.callback.as_ref().unchecked_ref());
    }
}
