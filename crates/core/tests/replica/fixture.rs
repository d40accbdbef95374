//! The schema of these tests, and short ways to write and to patch.

use haversack_core::Error;
use haversack_core::json::read_text;
use haversack_core::replica::{DraftOp, LocalId, Prepared, Replica, WriteContext};
use haversack_core::schema::{
    Column, ColumnDefault, ColumnId, ForeignKey, Generated, Identity, Limits, Schema, Table,
    TableId, Type,
};
use haversack_core::value::{Value, row_hash};
use serde_json::{Value as Json, json};
use std::sync::Arc;

pub const NOTES: TableId = TableId(0);
pub const PAIRS: TableId = TableId(1);
pub const NOW_MS: i64 = 1_767_225_600_123;
pub const NOW: &str = "2026-01-01T00:00:00.123000Z";

pub fn column(name: &str, kind: Type) -> Column {
    Column {
        name: name.into(),
        kind,
        nullable: true,
        writable: true,
        ..Column::default()
    }
}

pub fn table(name: &str, columns: Vec<Column>, key: &[&str]) -> Table {
    Table {
        name: name.into(),
        columns,
        primary_key: key.iter().map(|k| (*k).to_owned()).collect(),
        primary_key_name: "pkey".into(),
        insertable: true,
        updatable: true,
        deletable: true,
        ..Table::default()
    }
}

pub fn required(mut column: Column) -> Column {
    column.nullable = false;
    column
}

pub fn default(mut column: Column, default: ColumnDefault) -> Column {
    column.default = Some(default);
    column
}

fn identity() -> Identity {
    Identity {
        claim: "sub".into(),
        setting: "app.current_user_id".into(),
    }
}

pub fn schema() -> Arc<Schema> {
    schema_with(|_| {})
}

/// The schema with its notes changed.
pub fn schema_with(change: impl FnOnce(&mut Table)) -> Arc<Schema> {
    let constant = |text: &str| ColumnDefault::Constant { text: text.into() };
    let mut owner = required(column("owner", Type::Int4));
    owner.identity = true;
    let mut upper = column("upper", Type::Text);
    upper.generated = Some(Generated {
        sql: "upper(title)".into(),
        ..Generated::default()
    });
    upper.writable = false;
    let mut secret = column("audit", Type::Text);
    secret.writable = false;
    let mut notes = table(
        "notes",
        vec![
            required(default(
                column("id", Type::Int8),
                ColumnDefault::Sequence { always: false },
            )),
            owner,
            required(column("title", Type::Varchar { length: Some(5) })),
            required(default(column("state", Type::Text), constant("open"))),
            default(column("made", Type::Timestamptz), ColumnDefault::Now),
            default(column("token", Type::Uuid), ColumnDefault::Uuid),
            default(column("kind", Type::Int4), constant("1")),
            required(default(
                column("slug", Type::Text),
                ColumnDefault::ServerOnly {
                    sql: "slugify(title)".into(),
                    reason: "it calls a function of the database".into(),
                },
            )),
            upper,
            secret,
            column("data", Type::Jsonb),
            column("score", Type::Float8),
        ],
        &["id"],
    );
    notes.foreign_keys.push(ForeignKey {
        name: "notes_kind".into(),
        columns: vec!["kind".into()],
        references: "kinds".into(),
        referenced_columns: vec!["id".into()],
        ..ForeignKey::default()
    });
    change(&mut notes);
    let pairs = table(
        "pairs",
        vec![
            column("b", Type::Uuid),
            required(column("a", Type::Int4)),
            column("v", Type::Text),
        ],
        &["a", "b"],
    );
    let mut fixed = table("fixed", vec![column("id", Type::Int4)], &["id"]);
    (fixed.insertable, fixed.updatable, fixed.deletable) = (false, false, false);
    let limits = Limits {
        body_bytes_max: 40_000,
        rows_max: 50_000,
    };
    Arc::new(
        Schema::new(15, identity(), limits, vec![notes, pairs, fixed], vec![])
            .expect("a good schema"),
    )
}

pub fn replica() -> Replica {
    let mut replica = Replica::new(schema());
    replica.set_identity(Some("7".into()));
    replica
}

pub fn prepare_with(replica: &Replica, ops: Json, keys: Option<i64>) -> Result<Prepared, Error> {
    let text = ops.to_string();
    let ops: Vec<DraftOp<'_>> = read_text(&text).expect("drafts");
    let mut random = || [0xab; 16];
    let mut next = keys;
    let mut draw = |_: TableId| {
        let key = next;
        next = next.map(|key| key + 1);
        key
    };
    let mut context = WriteContext {
        now_ms: NOW_MS,
        random: &mut random,
        keys: &mut draw,
    };
    replica.prepare(&ops, &mut context)
}

pub fn prepare(replica: &Replica, ops: Json) -> Result<Prepared, Error> {
    prepare_with(replica, ops, Some(100))
}

pub fn write(replica: &mut Replica, ops: Json) -> LocalId {
    let prepared = prepare(replica, ops).expect("a good write");
    replica.apply(prepared)
}

pub fn note(id: i64, title: &str) -> Vec<Option<String>> {
    [
        Some(&*id.to_string()),
        Some("7"),
        Some(title),
        Some("open"),
        Some("2025-12-31 00:00:00+00"),
        None,
        Some("1"),
        Some("s"),
        None,
        None,
        None,
        None,
    ]
    .map(|value| value.map(str::to_owned))
    .to_vec()
}

pub fn head(judged: u64, snapshot: bool) -> String {
    let verdicts: Vec<Json> = (1..=judged)
        .map(|seq| json!({ "seq": seq, "verdict": "applied" }))
        .collect();
    json!({ "line": "head", "protocol": 1, "epoch": "e", "fingerprint": "f", "user": "7",
        "verdicts": verdicts, "snapshot": snapshot })
    .to_string()
}

pub fn patch(replica: &mut Replica, judged: u64, rows: &[Vec<Option<String>>]) {
    let mut staged = replica.stage();
    staged.line(&head(judged, false)).expect("a head");
    let rows = json!({ "line": "rows", "table": "notes", "rows": rows });
    staged.line(&rows.to_string()).expect("rows");
    staged
        .line("{\"line\":\"end\",\"cursor\":\"c\"}")
        .expect("an end");
    assert_eq!(staged.cursor(), Some("c"));
    replica.apply_patch(staged);
}

pub fn row(replica: &Replica, id: i64) -> Json {
    let slot = replica.find_int(NOTES, id).expect("a row");
    let mut out = String::new();
    replica.row_json(NOTES, slot, &mut out);
    serde_json::from_str(&out).expect("valid JSON")
}

pub fn insert(values: Json) -> Json {
    json!([{ "op": "insert", "table": "notes", "values": values }])
}

pub fn update(id: i64, set: Json) -> Json {
    json!([{ "op": "update", "table": "notes", "key": id, "set": set }])
}

/// The hash of a visible row.
pub fn hash(replica: &Replica, id: i64) -> String {
    let slot = replica.find_int(NOTES, id).expect("a row");
    let columns = replica.schema().table(NOTES).columns.len() as u16;
    let value = |c| replica.value(NOTES, slot, ColumnId(c)).to_value();
    row_hash(&(0..columns).map(value).collect::<Vec<Value>>())
}
