//! Rows between the core's JSON and the store's values, and keys.

#[cfg(not(target_arch = "wasm32"))]
mod simulated;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
pub use simulated::RowShape;
#[cfg(target_arch = "wasm32")]
pub use web::RowShape;

use crate::browser::value::{self, Value};
use haversack_core::json::{self, Json};
use haversack_core::replica::Key;
use haversack_core::schema::{Table, Type};

/// A key as an IndexedDB key: a number or string, or an array of those. Booleans, which IndexedDB
/// refuses, stand as 0 and 1 (F23).
pub fn key_to_value(table: &Table, key: &Key) -> Value {
    let mut text = String::new();
    key.write_json(table, &mut text);
    if has_bool(table) {
        text = json::text(&numbered(&text));
    }
    value::parse(&text).unwrap_or_default()
}

/// The key that an IndexedDB key stands for; None where it is none of ours.
pub fn key_from_value(table: &Table, key: &Value) -> Option<Key> {
    let text = value::stringify(key)?;
    let mut json = Json::parse(&text).ok()?;
    for (part, column) in parts_of(&mut json).iter_mut().zip(table.key_columns()) {
        if table.column(column).kind == Type::Bool {
            *part = Json::Bool(*part != Json::Number("0".into()));
        }
    }
    Key::from_json(table, &json).ok()
}

fn has_bool(table: &Table) -> bool {
    let mut columns = table.key_columns().into_iter();
    columns.any(|column| table.column(column).kind == Type::Bool)
}

/// A key with numbers in the place of booleans.
fn numbered(text: &str) -> Json<'_> {
    let mut json = Json::parse(text).unwrap_or(Json::Null);
    for part in parts_of(&mut json) {
        if let Json::Bool(value) = part {
            *part = Json::Number(if *value { "1" } else { "0" }.into());
        }
    }
    json
}

/// The parts of a key; one of a single column is its only one.
fn parts_of<'j, 'a>(json: &'j mut Json<'a>) -> &'j mut [Json<'a>] {
    match json {
        Json::List(parts) => parts,
        part => std::slice::from_mut(part),
    }
}
