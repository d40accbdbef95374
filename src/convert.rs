//! Rows between the core's JSON and JavaScript's objects.
//!
//! The core writes rows as JSON text, which the browser's own parser reads faster than any other
//! way in (`JSON.parse`: 1.3 µs a row). What JSON can't hold is put right here: bigint, bytes,
//! and the freezing of what the application is given.

use haversack_core::replica::Key;
use haversack_core::schema::{Table, Type};
use haversack_core::{Error, ErrorCode};
use js_sys::{Array, BigInt, JSON, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

/// What JSON can't say about a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Special {
    /// int8: a decimal string in JSON, a bigint in JavaScript.
    BigInt,
    /// bytea: hex in JSON, a `Uint8Array` in JavaScript.
    Bytes,
    /// An object or array, to be frozen to the bottom.
    Deep,
}

/// Turns a table's rows into JavaScript's, and back for hydration.
pub struct RowShape {
    special: Vec<(JsValue, Special)>,
}

fn special_of(kind: &Type) -> Option<Special> {
    match kind {
        Type::Int8 => Some(Special::BigInt),
        Type::Bytea => Some(Special::Bytes),
        Type::Json | Type::Jsonb | Type::Array { .. } => Some(Special::Deep),
        Type::Bool
        | Type::Int2
        | Type::Int4
        | Type::Float4
        | Type::Float8
        | Type::Numeric { .. }
        | Type::Text
        | Type::Varchar { .. }
        | Type::Char { .. }
        | Type::Uuid
        | Type::Date
        | Type::Time
        | Type::Timestamp
        | Type::Timestamptz
        | Type::Enum { .. }
        | Type::Opaque { .. } => None,
    }
}

impl RowShape {
    /// The shape of a table's rows.
    pub fn new(table: &Table) -> Self {
        let special = table
            .columns
            .iter()
            .filter_map(|c| special_of(&c.kind).map(|s| (JsValue::from_str(&c.name), s)))
            .collect();
        Self { special }
    }

    /// Rows for the application: a JSON array of objects becomes an array of frozen ones.
    ///
    /// # Errors
    /// `internal`, which can't happen for the core's own JSON.
    pub fn frozen(&self, json: &str) -> Result<Array, Error> {
        let rows = self.plain(json)?;
        for row in rows.iter() {
            for (name, special) in &self.special {
                if *special == Special::Deep {
                    freeze_deep(&Reflect::get(&row, name).unwrap_or_default());
                }
            }
            Object::freeze(row.unchecked_ref::<Object>());
        }
        Ok(rows)
    }

    /// Rows for a store: as [`RowShape::frozen`], but not frozen.
    ///
    /// # Errors
    /// `internal`, which can't happen for the core's own JSON.
    pub fn plain(&self, json: &str) -> Result<Array, Error> {
        let internal = || Error::new(ErrorCode::Internal, "the core wrote rows that are not JSON");
        let rows: Array = JSON::parse(json).map_err(|_| internal())?.unchecked_into();
        if self
            .special
            .iter()
            .any(|(_, special)| *special != Special::Deep)
        {
            rows.iter().for_each(|row| self.revive(&row));
        }
        Ok(rows)
    }

    fn revive(&self, row: &JsValue) {
        for (name, special) in &self.special {
            let Some(text) = Reflect::get(row, name).ok().and_then(|v| v.as_string()) else {
                continue;
            };
            let value = match special {
                Special::BigInt => {
                    BigInt::new(&text.as_str().into()).map_or(JsValue::NULL, Into::into)
                }
                Special::Bytes => bytes_of_hex(&text).into(),
                Special::Deep => continue,
            };
            let _ = Reflect::set(row, name, &value);
        }
    }

    /// Stored rows as the JSON that the core reads: the opposite of [`RowShape::plain`].
    ///
    /// # Errors
    /// `storage_failed` where a record is not plain data.
    pub fn stored(&self, rows: &Array) -> Result<Vec<serde_json::Value>, Error> {
        if self
            .special
            .iter()
            .any(|(_, special)| *special != Special::Deep)
        {
            for row in rows.iter() {
                self.flatten(&row);
            }
        }
        JSON::stringify(rows)
            .ok()
            .and_then(|text| serde_json::from_str(&text.as_string()?).ok())
            .ok_or_else(|| {
                Error::new(
                    ErrorCode::StorageFailed,
                    "a row store holds something that is no row",
                )
            })
    }

    fn flatten(&self, row: &JsValue) {
        for (name, _) in &self.special {
            let Ok(value) = Reflect::get(row, name) else {
                continue;
            };
            let text = if value.is_bigint() {
                value
                    .unchecked_ref::<BigInt>()
                    .to_string(10)
                    .ok()
                    .map(JsValue::from)
            } else {
                value
                    .dyn_ref::<Uint8Array>()
                    .map(|bytes| hex_of_bytes(bytes).into())
            };
            if let Some(text) = text {
                let _ = Reflect::set(row, name, &text);
            }
        }
    }
}

fn freeze_deep(value: &JsValue) {
    if !value.is_object() {
        return;
    }
    let object: &Object = value.unchecked_ref();
    for child in Object::values(object).iter() {
        freeze_deep(&child);
    }
    Object::freeze(object);
}

fn bytes_of_hex(text: &str) -> Uint8Array {
    let digits = text.trim_start_matches("\\x").as_bytes();
    let nibble = |b: u8| (b as char).to_digit(16).unwrap_or(0) as u8;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| nibble(pair[0]) << 4 | nibble(pair[1]))
        .collect();
    Uint8Array::from(bytes.as_slice())
}

fn hex_of_bytes(bytes: &Uint8Array) -> String {
    format!("\\x{}", haversack_core::schema::hex(&bytes.to_vec()))
}

/// A key as an IndexedDB key: a number or string, or an array of those. Booleans, which IndexedDB
/// refuses, stand as 0 and 1 (F23).
pub fn key_to_js(table: &Table, key: &Key) -> JsValue {
    let mut json = String::new();
    key.write_json(table, &mut json);
    let value = JSON::parse(&json).unwrap_or_default();
    let number = |part: JsValue| {
        part.as_bool()
            .map_or(part, |b| f64::from(u8::from(b)).into())
    };
    match value.dyn_into::<Array>() {
        Ok(parts) => parts.iter().map(number).collect::<Array>().into(),
        Err(part) => number(part),
    }
}

/// The key that an IndexedDB key stands for; None where it is none of ours.
pub fn key_from_js(table: &Table, key: &JsValue) -> Option<Key> {
    let text = JSON::stringify(key).ok()?.as_string()?;
    let mut json: serde_json::Value = serde_json::from_str(&text).ok()?;
    let parts = match &mut json {
        serde_json::Value::Array(parts) => &mut parts[..],
        part => std::slice::from_mut(part),
    };
    for (part, column) in parts.iter_mut().zip(table.key_columns()) {
        if table.column(column).kind == Type::Bool {
            *part = serde_json::Value::Bool(part.as_f64()? != 0.0);
        }
    }
    Key::from_json(table, &json).ok()
}
