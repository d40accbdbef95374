//! Small schemas with rules, and short ways to write under them.

use crate::fixture::{column, head, prepare_with, required, table};
use haversack_core::Error;
use haversack_core::expr::Expr;
use haversack_core::protocol::Mutation;
use haversack_core::replica::{LocalId, Prepared, Replica};
use haversack_core::schema::{
    Action, Check, Column, ColumnDefault, ForeignKey, Identity, IndexPart, Limits, Schema, Table,
    TableId, Type, Unique,
};
use serde_json::{Value as Json, json};
use std::sync::Arc;

pub fn int(name: &str) -> Column {
    column(name, Type::Int4)
}

/// A table of nullable integers whose key is `id`.
pub fn ints(name: &str, columns: &[&str]) -> Table {
    let mut all = vec![required(int("id"))];
    all.extend(columns.iter().map(|name| int(name)));
    let mut made = table(name, all, &["id"]);
    made.primary_key_name = format!("{name}_pkey");
    made
}

pub fn foreign(column: &str, references: &str, on_delete: Action) -> ForeignKey {
    ForeignKey {
        name: format!("{column}_fkey"),
        columns: vec![column.into()],
        references: references.into(),
        referenced_columns: vec!["id".into()],
        on_delete,
        ..ForeignKey::default()
    }
}

pub fn unique(name: &str, columns: &[&str]) -> Unique {
    let part = |column: &&str| IndexPart {
        expression: (*column).into(),
        column: true,
        ..IndexPart::default()
    };
    Unique {
        name: name.into(),
        columns: columns.iter().map(part).collect(),
        ..Unique::default()
    }
}

pub fn check(name: &str, expr: Option<Expr>) -> Check {
    Check {
        name: name.into(),
        sql: format!("({name})"),
        expr,
        reason: None,
    }
}

/// A comparison of an integer column with a constant.
pub fn compare(op: &str, name: &str, with: &str) -> Expr {
    let sides = vec![
        Expr::column(name, Type::Int4),
        Expr::constant(Type::Int4, Some(with)),
    ];
    Expr::new(op, Type::Bool, sides)
}

pub fn constant(text: &str) -> Option<ColumnDefault> {
    Some(ColumnDefault::Constant { text: text.into() })
}

pub struct World {
    pub replica: Replica,
    next_seq: u64,
}

impl World {
    /// A replica that has had its first snapshot, of no rows.
    pub fn new(tables: Vec<Table>) -> Self {
        Self::of_server(15, tables)
    }

    pub fn of_server(server: u16, tables: Vec<Table>) -> Self {
        let mut world = Self::before_sync(server, tables);
        world.snapshot(json!({}));
        world
    }

    pub fn before_sync(server: u16, tables: Vec<Table>) -> Self {
        let identity = Identity {
            claim: "sub".into(),
            setting: "app.current_user_id".into(),
        };
        let schema = Schema::new(server, identity, Limits::default(), tables, vec![]);
        let mut replica = Replica::new(Arc::new(schema.expect("a good schema")));
        replica.set_identity(Some("7".into()));
        Self {
            replica,
            next_seq: 1,
        }
    }

    /// Rows by table, each an array of texts; `"removed"` has keys by table.
    pub fn patch(&mut self, rows: Json) {
        self.answer(rows, 0, false);
    }

    pub fn snapshot(&mut self, rows: Json) {
        self.answer(rows, 0, true);
    }

    pub fn answer(&mut self, content: Json, judged: u64, snapshot: bool) {
        let mut staged = self.replica.stage();
        staged.line(&head(judged, snapshot)).expect("a head");
        for (table, rows) in content.as_object().expect("tables") {
            if table == "removed" {
                for (table, keys) in rows.as_object().expect("tables") {
                    let line = json!({ "line": "removed", "table": table, "keys": keys });
                    staged.line(&line.to_string()).expect("removed keys");
                }
                continue;
            }
            let line = json!({ "line": "rows", "table": table, "rows": rows });
            staged.line(&line.to_string()).expect("rows");
        }
        staged
            .line("{\"line\":\"end\",\"cursor\":\"c\"}")
            .expect("an end");
        self.replica.apply_patch(staged);
    }

    pub fn prepare(&self, ops: Json) -> Result<Prepared, Error> {
        prepare_with(&self.replica, ops, Some(1000))
    }

    /// Makes a write; gives the rules that are unverified.
    pub fn write(&mut self, ops: Json) -> Result<Vec<String>, Error> {
        let prepared = self.prepare(ops)?;
        let unverified = prepared.unverified.clone();
        self.replica.apply(prepared);
        Ok(unverified)
    }

    pub fn good(&mut self, ops: Json) -> LocalId {
        let prepared = self.prepare(ops).expect("a good write");
        self.replica.apply(prepared)
    }

    /// Gives the last write its number, as storing it does.
    pub fn number(&mut self, local: LocalId) -> Mutation {
        self.replica.sequence(local, self.next_seq);
        self.next_seq += 1;
        self.replica.mutation(local).expect("pending").clone()
    }

    /// The refusal of a write: SQLSTATE, and the constraint or else the column.
    pub fn refusal(&self, ops: Json) -> (String, String) {
        let error = self.prepare(ops.clone()).expect_err(&ops.to_string());
        let details = &error.details;
        let what = details.constraint.as_ref().or(details.column.as_ref());
        (
            details.sqlstate.clone().unwrap_or_default(),
            what.cloned().unwrap_or_default(),
        )
    }

    /// The visible rows of a table, by key.
    pub fn rows(&self, name: &str) -> Vec<Json> {
        let id = self.table(name);
        let live = (0..1000).filter(|&slot| self.replica.is_live(id, slot));
        let row = |slot| {
            let mut out = String::new();
            self.replica.row_json(id, slot, &mut out);
            let row: Json = serde_json::from_str(&out).expect("valid JSON");
            let columns = &self.replica.schema().table(id).columns;
            Json::Array(columns.iter().map(|c| row[&c.name].clone()).collect())
        };
        let mut rows: Vec<Json> = live.map(row).collect();
        rows.sort_by_key(|row| row[0].as_i64());
        rows
    }

    pub fn table(&self, name: &str) -> TableId {
        self.replica.schema().table_id(name).expect("a table")
    }

    /// Every table's visible rows.
    pub fn all_rows(&self) -> Vec<Vec<Json>> {
        let tables = self.replica.schema().tables.iter();
        tables.map(|table| self.rows(&table.name)).collect()
    }
}

pub fn insert(table: &str, values: Json) -> Json {
    json!([{ "op": "insert", "table": table, "values": values }])
}

pub fn update(table: &str, key: i64, set: Json) -> Json {
    json!([{ "op": "update", "table": table, "key": key, "set": set }])
}

pub fn delete(table: &str, key: i64) -> Json {
    json!([{ "op": "delete", "table": table, "key": key }])
}

/// One transaction of several.
pub fn all(ops: &[Json]) -> Json {
    let ops = ops
        .iter()
        .flat_map(|ops| ops.as_array().expect("operations"));
    Json::Array(ops.cloned().collect())
}

pub fn is(sqlstate: &str, what: &str) -> (String, String) {
    (sqlstate.into(), what.into())
}
