//! One-shot timers.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &js_sys::Function, delay_ms: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(handle: &JsValue);
}

/// An armed timer; dropping it disarms it.
pub struct Timer {
    handle: JsValue,
    _callback: Closure<dyn FnMut()>,
}

impl Timer {
    /// Calls back once after `delay_ms`.
    pub fn after(delay_ms: u64, callback: impl FnOnce() + 'static) -> Self {
        let callback = Closure::once(callback);
        let handle = set_timeout(callback.as_ref().unchecked_ref(), delay_ms as f64);
        Self {
            handle,
            _callback: callback,
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        clear_timeout(&self.handle);
    }
}

/// Resolves after `delay_ms`.
pub async fn sleep(delay_ms: u64) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        set_timeout(&resolve, delay_ms as f64);
    });
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}
