//! Values of ours as plain objects.

use crate::client::events::ErrorView;
use haversack_core::Error;
use haversack_core::json::{self, ToJson};
use wasm_bindgen::JsValue;

/// An error as a plain object, to be thrown.
pub fn thrown(error: &Error) -> JsValue {
    to_object(&ErrorView::from(error))
}

/// A value of ours as a plain object.
pub fn to_object(value: &dyn ToJson) -> JsValue {
    js_sys::JSON::parse(&json::text(value)).unwrap_or(JsValue::NULL)
}
