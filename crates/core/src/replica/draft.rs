//! Row operations as applications give them, in JSON.

use crate::json::{Fault, FromJson, Json, optional};
use crate::map::Map;

/// A row operation as an application gives it.
#[derive(Clone, Debug)]
pub enum DraftOp<'a> {
    /// A new row.
    Insert {
        /// The table's name.
        table: String,
        /// Values by column; what is left out gets its default.
        values: Map<Json<'a>>,
        /// Columns that take the key of an earlier insert: its position among the operations.
        refs: Map<usize>,
    },
    /// New values for some columns of a row.
    Update {
        /// The table's name.
        table: String,
        /// The key: a value, or an array of a value per key column.
        key: Json<'a>,
        /// New values by column.
        set: Map<Json<'a>>,
        /// Columns that take the key of an earlier insert: its position among the operations.
        refs: Map<usize>,
    },
    /// A row's end.
    Delete {
        /// The table's name.
        table: String,
        /// The key: a value, or an array of a value per key column.
        key: Json<'a>,
    },
}

impl<'a> FromJson<'a> for DraftOp<'a> {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        let op = fault.tag(json, "op");
        let table = String::member(json, "table", fault);
        match op {
            "insert" => {
                fault.only(json, &["op", "table", "values", "refs"]);
                DraftOp::Insert {
                    table,
                    values: Map::member(json, "values", fault),
                    refs: optional(json, "refs", fault),
                }
            }
            "update" => {
                fault.only(json, &["op", "table", "key", "set", "refs"]);
                DraftOp::Update {
                    table,
                    key: Json::member(json, "key", fault),
                    set: Map::member(json, "set", fault),
                    refs: optional(json, "refs", fault),
                }
            }
            _ => {
                if op != "delete" {
                    fault.note(Fault::Member("op"));
                }
                fault.only(json, &["op", "table", "key"]);
                DraftOp::Delete {
                    table,
                    key: Json::member(json, "key", fault),
                }
            }
        }
    }
}
