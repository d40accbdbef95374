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
        /// What hooks foresee that the server will make of columns; not sent.
        predicted: Map<Json<'a>>,
        /// The whole operation is what a hook foresees; it is not sent.
        foreseen: bool,
    },
    /// New values for some columns of a row.
    Update {
        /// The table's name.
        table: String,
        /// The key: a value, or an array of a value per key column.
        key: Json<'a>,
        /// New values by column.
        set: Map<Json<'a>>,
        /// Values that new ones replace, where the person saw others than those confirmed here.
        base: Map<Json<'a>>,
        /// Columns that take the key of an earlier insert: its position among the operations.
        refs: Map<usize>,
        /// What hooks foresee that the server will make of columns; not sent.
        predicted: Map<Json<'a>>,
        /// The whole operation is what a hook foresees; it is not sent.
        foreseen: bool,
    },
    /// A row's end.
    Delete {
        /// The table's name.
        table: String,
        /// The key: a value, or an array of a value per key column.
        key: Json<'a>,
        /// The whole operation is what a hook foresees; it is not sent.
        foreseen: bool,
    },
}

impl<'a> FromJson<'a> for DraftOp<'a> {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        let op = fault.tag(json, "op");
        let table = String::member(json, "table", fault);
        match op {
            "insert" => {
                fault.only(
                    json,
                    &["op", "table", "values", "refs", "predicted", "foreseen"],
                );
                DraftOp::Insert {
                    table,
                    values: Map::member(json, "values", fault),
                    refs: optional(json, "refs", fault),
                    predicted: optional(json, "predicted", fault),
                    foreseen: optional(json, "foreseen", fault),
                }
            }
            "update" => {
                fault.only(
                    json,
                    &[
                        "op",
                        "table",
                        "key",
                        "set",
                        "base",
                        "refs",
                        "predicted",
                        "foreseen",
                    ],
                );
                DraftOp::Update {
                    table,
                    key: Json::member(json, "key", fault),
                    set: Map::member(json, "set", fault),
                    base: optional(json, "base", fault),
                    refs: optional(json, "refs", fault),
                    predicted: optional(json, "predicted", fault),
                    foreseen: optional(json, "foreseen", fault),
                }
            }
            _ => {
                if op != "delete" {
                    fault.note(Fault::Member("op"));
                }
                fault.only(json, &["op", "table", "key", "foreseen"]);
                DraftOp::Delete {
                    table,
                    key: Json::member(json, "key", fault),
                    foreseen: optional(json, "foreseen", fault),
                }
            }
        }
    }
}

impl DraftOp<'_> {
    /// Is the whole operation what a hook foresees?
    pub fn foreseen(&self) -> bool {
        match self {
            DraftOp::Insert { foreseen, .. }
            | DraftOp::Update { foreseen, .. }
            | DraftOp::Delete { foreseen, .. } => *foreseen,
        }
    }
}
