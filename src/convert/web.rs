//! Rows as JavaScript's objects.
//! The core writes rows as JSON text, which the browser's own parser reads faster than any other
//! way in (`JSON.parse`: 1.3 µs a row). What JSON can't hold is put right here: bigint, bytes,
//! and the freezing of what the application is given.

use crate::store::layout::plain_text;
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
        | Type::Interval
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

    /// Stored rows as the JSON array that the core reads: the opposite of [`RowShape::plain`].
    ///
    /// # Errors
    /// `storage_failed` where a record is not plain data.
    pub fn stored(&self, rows: &Array) -> Result<String, Error> {
        if self
            .special
            .iter()
            .any(|(_, special)| *special != Special::Deep)
        {
            for row in rows.iter() {
                self.flatten(&row);
            }
        }
        plain_text(rows)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::{key_from_value, key_to_value};
    use haversack_core::json::Json;
    use haversack_core::replica::Key;
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    wasm_bindgen_test_configure!(run_in_browser);

    /// A table of what JSON can't hold, with a key that IndexedDB can't.
    fn table() -> Table {
        let column = |name: &str, kind: &str| {
            format!(
                r#"{{"name":"{name}","type":{{"name":"{kind}"}},"nullable":true,"writable":true}}"#
            )
        };
        let columns = [
            column("big", "int8"),
            column("flag", "bool"),
            column("bytes", "bytea"),
            column("tree", "jsonb"),
            column("title", "text"),
        ];
        let columns = columns.join(",");
        let schema = format!(
            r#"{{"format":2,"server":15,"fingerprint":"","identity":{{"claim":"sub","setting":"s"}},
                "limits":{{"body_bytes_max":1,"rows_max":1}},
                "tables":[{{"name":"t","columns":[{columns}],"primary_key":["big","flag"], "primary_key_name": "big_pkey",
                "insertable":true,"updatable":true,"deletable":true}}]}}"#
        );
        haversack_core::schema::Schema::from_pulled(&schema)
            .expect("a schema")
            .tables
            .remove(0)
    }

    const ROWS: &str = concat!(
        r#"[{"big":"9007199254740993","flag":true,"bytes":"\\x00ff7f","#,
        r#""tree":{"a":[1,{"b":null}]},"title":"\\x00 1"},"#,
        r#"{"big":"-1","flag":false,"bytes":null,"tree":null,"title":null}]"#,
    );

    fn get(value: &JsValue, path: &[&str]) -> JsValue {
        path.iter().fold(value.clone(), |value, name| {
            Reflect::get(&value, &(*name).into()).unwrap_or_default()
        })
    }

    fn frozen(value: &JsValue) -> bool {
        Object::is_frozen(value.unchecked_ref::<Object>())
    }

    #[wasm_bindgen_test]
    fn rows_become_values_that_json_has_not() {
        let rows = RowShape::new(&table()).plain(ROWS).expect("rows");
        let (first, second) = (rows.get(0), rows.get(1));
        let big = get(&first, &["big"]);
        assert!(big.is_bigint());
        // Two to the power of 53 and one: no number has it.
        assert_eq!(big, JsValue::from(9_007_199_254_740_993_i64));
        let bytes: Uint8Array = get(&first, &["bytes"]).dyn_into().expect("bytes");
        assert_eq!(bytes.to_vec(), [0, 255, 127]);
        assert_eq!(
            get(&first, &["title"]).as_string().as_deref(),
            Some(r"\x00 1")
        );
        assert!(get(&second, &["bytes"]).is_null());
        assert_eq!(get(&second, &["big"]), JsValue::from(-1_i64));
        assert!(!frozen(&first), "the store gets its own copy");
    }

    #[wasm_bindgen_test]
    fn what_was_stored_is_read_as_it_was_written() {
        let shape = RowShape::new(&table());
        let rows = shape.plain(ROWS).expect("rows");
        assert_eq!(shape.stored(&rows).expect("text"), ROWS);
        let odd = Array::of1(&BigInt::from(1_i64).into());
        let error = shape.stored(&Array::of1(&odd)).expect_err("no plain data");
        assert_eq!(error.code, ErrorCode::StorageFailed);
    }

    #[wasm_bindgen_test]
    fn the_application_can_change_nothing_at_any_depth() {
        let rows = RowShape::new(&table()).frozen(ROWS).expect("rows");
        let first = rows.get(0);
        for path in [&[][..], &["tree"], &["tree", "a"], &["tree", "a", "1"]] {
            assert!(frozen(&get(&first, path)), "{path:?}");
        }
        assert!(get(&first, &["big"]).is_bigint());
    }

    #[wasm_bindgen_test]
    fn keys_are_valid_in_indexeddb_and_come_back() {
        let table = table();
        let json = Json::parse(r#"["7",true]"#).expect("JSON");
        let key = Key::from_json(&table, &json).expect("a key");
        let stored = key_to_value(&table, &key);
        web_sys::IdbKeyRange::only(&stored).expect("IndexedDB takes it");
        assert_eq!(key_from_value(&table, &stored), Some(key));
        assert_eq!(key_from_value(&table, &"neither".into()), None);
    }
}
