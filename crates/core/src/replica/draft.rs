//! Row operations as applications give them, in JSON.

use crate::value;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// A row operation as an application gives it.
#[derive(Clone, Debug)]
pub enum DraftOp {
    /// A new row.
    Insert {
        /// The table's name.
        table: String,
        /// Values by column; what is left out gets its default.
        values: Map<String, Json>,
        /// Columns that take the key of an earlier insert: its position among the operations.
        refs: BTreeMap<String, usize>,
    },
    /// New values for some columns of a row.
    Update {
        /// The table's name.
        table: String,
        /// The key: a value, or an array of a value per key column.
        key: Json,
        /// New values by column.
        set: Map<String, Json>,
        /// Columns that take the key of an earlier insert: its position among the operations.
        refs: BTreeMap<String, usize>,
    },
    /// A row's end.
    Delete {
        /// The table's name.
        table: String,
        /// The key: a value, or an array of a value per key column.
        key: Json,
    },
}

/// The members of an operation, those of every kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    op: String,
    table: String,
    /// Null where it is left out, which is no key either.
    #[serde(default)]
    key: Json,
    values: Option<Map<String, Json>>,
    set: Option<Map<String, Json>>,
    #[serde(default)]
    refs: BTreeMap<String, usize>,
}

impl<'de> Deserialize<'de> for DraftOp {
    /// From JSON text only: numbers are read from the text itself, exactly.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let json = value::parse_json(raw.get()).map_err(D::Error::custom)?;
        let members: Members = serde_json::from_value(json).map_err(D::Error::custom)?;
        let Members {
            op,
            table,
            key,
            values,
            set,
            refs,
        } = members;
        match (&*op, key, values, set) {
            ("insert", Json::Null, Some(values), None) => Ok(DraftOp::Insert {
                table,
                values,
                refs,
            }),
            ("update", key, None, Some(set)) => Ok(DraftOp::Update {
                table,
                key,
                set,
                refs,
            }),
            ("delete", key, None, None) if refs.is_empty() => Ok(DraftOp::Delete { table, key }),
            _ => Err(D::Error::custom(format!(
                "{op:?} is no operation with these members"
            ))),
        }
    }
}
