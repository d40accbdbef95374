//! JavaScript's values, as far as the store keeps them.

pub use js_sys::Array as List;
pub use wasm_bindgen::JsValue as Value;

use js_sys::JSON;

/// The value of a JSON text.
pub fn parse(text: &str) -> Option<Value> {
    JSON::parse(text).ok()
}

/// The JSON text of plain data.
pub fn stringify(value: &Value) -> Option<String> {
    JSON::stringify(value).ok()?.as_string()
}

/// The JSON text of a list.
pub fn stringify_list(list: &List) -> Option<String> {
    stringify(list)
}

/// A list of two as a value.
pub fn pair(first: &Value, second: &Value) -> Value {
    List::of2(first, second).into()
}

/// The parts of a value that is a list.
pub fn parts(value: &Value) -> List {
    List::from(value)
}
