//! What waits, was refused or lost, as TypeScript gets it: values in JavaScript's notation.

use crate::client::events::ErrorView;
use crate::store::queue::{LostValue, Rejected};
use haversack_core::json::{self, Members, ToJson};
use haversack_core::protocol::{KeyText, Lost, Op, Text, Values};
use haversack_core::replica::{PendingMutation, Replica};
use haversack_core::schema::{Schema, Table};
use haversack_core::value;

/// Mutations without a verdict.
pub fn pending(schema: &Schema, replica: &Replica) -> String {
    let view = |mutation| PendingView { schema, mutation };
    json::text(&replica.pending().map(view).collect::<Vec<_>>())
}

/// Rejected mutations.
pub fn rejected(schema: &Schema, rejected: &[Rejected]) -> String {
    let view = |rejected| RejectedView { schema, rejected };
    json::text(&rejected.iter().map(view).collect::<Vec<_>>())
}

/// Lost values with their ids.
pub fn lost(schema: &Schema, lost: &[(f64, LostValue)]) -> String {
    let views = lost.iter().map(|(id, lost)| LostView { schema, id, lost });
    json::text(&views.collect::<Vec<_>>())
}

struct PendingView<'a> {
    schema: &'a Schema,
    mutation: &'a PendingMutation,
}

impl ToJson for PendingView<'_> {
    fn to_json(&self, out: &mut String) {
        let pending = self.mutation;
        Members::new(out)
            .add("seq", &pending.seq())
            .add("local", &pending.local.0)
            .add("at", &pending.mutation.at)
            .add("ops", &op_views(self.schema, &pending.mutation.ops))
            .add("unverified", &pending.unverified)
            .end();
    }
}

struct RejectedView<'a> {
    schema: &'a Schema,
    rejected: &'a Rejected,
}

impl ToJson for RejectedView<'_> {
    fn to_json(&self, out: &mut String) {
        let rejected = self.rejected;
        Members::new(out)
            .add("seq", &rejected.seq)
            .add("at", &rejected.at)
            .add("rejectedAt", &rejected.rejected_at)
            .add("ops", &op_views(self.schema, &rejected.ops))
            .add("error", &ErrorView::from(&rejected.error))
            .add("blockedBy", &rejected.blocked_by)
            .end();
    }
}

struct LostView<'a> {
    schema: &'a Schema,
    id: &'a f64,
    lost: &'a LostValue,
}

impl ToJson for LostView<'_> {
    fn to_json(&self, out: &mut String) {
        let lost = &self.lost.lost;
        let table = find(self.schema, &lost.table);
        let column = lost.column.as_deref();
        let value = |text| ValueView {
            table,
            column,
            text,
        };
        let mut members = Members::new(out);
        members
            .add("id", self.id)
            .add("seq", &self.lost.seq)
            .add("at", &self.lost.at)
            .add("table", &lost.table)
            .add(
                "key",
                &KeyView {
                    table,
                    key: &lost.key,
                },
            )
            .add("column", &lost.column)
            .add("base", &value(&lost.base))
            .add("mine", &value(&lost.mine))
            .add("winner", &lost.winner)
            .add("open", &!self.lost.settled);
        match removed(table, lost) {
            Some(values) => members.add(
                "theirs",
                &ValuesView {
                    table,
                    values: &values,
                },
            ),
            None => members.add("theirs", &value(&lost.theirs)),
        }
        .end();
    }
}

/// The row that went with a deletion that won, as far as an insert can bring it back: a key of a
/// sequence is drawn anew.
fn removed(table: Option<&Table>, lost: &Lost) -> Option<Values> {
    let (None, Some(text), Some(table)) = (&lost.column, &lost.theirs, table) else {
        return None;
    };
    let mut values: Values = json::read_text(text).ok()?;
    let drawn = table.sequence_key();
    values.retain(|name, _| {
        let column = table.column_id(name);
        column.is_some_and(|id| table.column(id).writable && Some(id) != drawn)
    });
    Some(values)
}

fn find<'s>(schema: &'s Schema, table: &str) -> Option<&'s Table> {
    schema.table_id(table).map(|id| schema.table(id))
}

fn op_views<'a>(schema: &'a Schema, ops: &'a [Op]) -> Vec<OpView<'a>> {
    ops.iter().map(|op| OpView { schema, op }).collect()
}

/// An operation with its values as JavaScript gets them.
struct OpView<'a> {
    schema: &'a Schema,
    op: &'a Op,
}

impl ToJson for OpView<'_> {
    fn to_json(&self, out: &mut String) {
        let mut members = Members::new(out);
        let (Op::Insert { table: name, .. }
        | Op::Update { table: name, .. }
        | Op::Delete { table: name, .. }) = self.op;
        let table = find(self.schema, name);
        match self.op {
            Op::Insert { values, .. } => members
                .add("op", &"insert")
                .add("values", &ValuesView { table, values }),
            Op::Update {
                key, set: values, ..
            } => members
                .add("op", &"update")
                .add("key", &KeyView { table, key })
                .add("set", &ValuesView { table, values }),
            Op::Delete { key, .. } => members
                .add("op", &"delete")
                .add("key", &KeyView { table, key }),
        }
        .add("table", name)
        .end();
    }
}

struct ValuesView<'a> {
    table: Option<&'a Table>,
    values: &'a Values,
}

impl ToJson for ValuesView<'_> {
    fn to_json(&self, out: &mut String) {
        let mut members = Members::new(out);
        for (name, text) in self.values {
            let value = ValueView {
                table: self.table,
                column: Some(name),
                text,
            };
            members.add(name, &value);
        }
        members.end();
    }
}

struct KeyView<'a> {
    table: Option<&'a Table>,
    key: &'a KeyText,
}

impl ToJson for KeyView<'_> {
    fn to_json(&self, out: &mut String) {
        let names = self.table.map_or(&[][..], |table| &table.primary_key);
        out.push('[');
        for (i, part) in self.key.iter().enumerate() {
            out.push_str(if i > 0 { "," } else { "" });
            let view = ValueView {
                table: self.table,
                column: names.get(i).map(String::as_str),
                text: &Some(part.clone()),
            };
            view.to_json(out);
        }
        out.push(']');
    }
}

/// A wire value as JavaScript gets it; where the schema has moved on, the text itself.
struct ValueView<'a> {
    table: Option<&'a Table>,
    column: Option<&'a str>,
    text: &'a Text,
}

impl ToJson for ValueView<'_> {
    fn to_json(&self, out: &mut String) {
        let Some(text) = self.text else {
            return out.push_str("null");
        };
        let known = || {
            let table = self.table?;
            let kind = &table.column(table.column_id(self.column?)?).kind;
            Some((kind, value::parse(kind, text).ok()?))
        };
        match known() {
            Some((kind, value)) => value::write_json(kind, &value, out),
            None => text.to_json(out),
        }
    }
}
