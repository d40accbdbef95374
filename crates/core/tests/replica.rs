//! What a replica promises to the binding, one behaviour at a time.

use haversack_core::protocol::{Base, Mutation, Op};
use haversack_core::query::{Param, QueryShape, Strategy};
use haversack_core::replica::{
    DraftOp, Key, LineKind, LocalId, Prepared, Replica, Staged, WriteContext,
};
use haversack_core::schema::{
    Column, ColumnDefault, ForeignKey, Identity, Limits, Schema, Table, TableId, Type,
};
use haversack_core::value::{Value, row_hash};
use haversack_core::{Error, ErrorCode};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const NOTES: TableId = TableId(0);
const PAIRS: TableId = TableId(1);
const NOW_MS: i64 = 1_767_225_600_123;
const NOW: &str = "2026-01-01T00:00:00.123000Z";

fn column(name: &str, kind: Type) -> Column {
    Column {
        name: name.into(),
        kind,
        nullable: true,
        default: None,
        generated: None,
        identity: false,
        writable: true,
        collation: None,
        comment: None,
    }
}

fn table(name: &str, columns: Vec<Column>, key: &[&str]) -> Table {
    Table {
        name: name.into(),
        columns,
        primary_key: key.iter().map(|k| (*k).to_owned()).collect(),
        insertable: true,
        updatable: true,
        deletable: true,
        uniques: vec![],
        checks: vec![],
        foreign_keys: vec![],
        indexes: vec![],
        comment: None,
    }
}

fn required(mut column: Column) -> Column {
    column.nullable = false;
    column
}

fn default(mut column: Column, default: ColumnDefault) -> Column {
    column.default = Some(default);
    column
}

fn schema() -> Arc<Schema> {
    let constant = |text: &str| ColumnDefault::Constant { text: text.into() };
    let mut owner = required(column("owner", Type::Int4));
    owner.identity = true;
    let mut upper = column("upper", Type::Text);
    upper.generated = Some("upper(title)".into());
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
                },
            )),
            upper,
            secret,
            column("data", Type::Jsonb),
        ],
        &["id"],
    );
    notes.foreign_keys.push(ForeignKey {
        name: "notes_kind".into(),
        columns: vec!["kind".into()],
        references: "kinds".into(),
        referenced_columns: vec!["id".into()],
        on_delete: haversack_core::schema::Action::NoAction,
        on_update: haversack_core::schema::Action::NoAction,
        deferrable: false,
        deferred: false,
    });
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
    let identity = Identity {
        claim: "sub".into(),
        setting: "app.current_user_id".into(),
    };
    let limits = Limits {
        body_bytes_max: 40_000,
        rows_max: 50_000,
    };
    Arc::new(Schema::new(identity, limits, vec![notes, pairs, fixed]).expect("a good schema"))
}

fn replica() -> Replica {
    let mut replica = Replica::new(schema());
    replica.set_identity(Some("7".into()));
    replica
}

fn prepare_with(replica: &Replica, ops: Json, keys: Option<i64>) -> Result<Prepared, Error> {
    let ops: Vec<DraftOp> = serde_json::from_value(ops).expect("drafts");
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

fn prepare(replica: &Replica, ops: Json) -> Result<Prepared, Error> {
    prepare_with(replica, ops, Some(100))
}

fn write(replica: &mut Replica, ops: Json) -> LocalId {
    let prepared = prepare(replica, ops).expect("a good write");
    replica.apply(prepared)
}

fn note(id: i64, title: &str) -> Vec<Option<String>> {
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
    ]
    .map(|value| value.map(str::to_owned))
    .to_vec()
}

fn head(judged: u64, snapshot: bool) -> String {
    let verdicts: Vec<Json> = (1..=judged)
        .map(|seq| json!({ "seq": seq, "verdict": "applied" }))
        .collect();
    json!({ "line": "head", "protocol": 1, "epoch": "e", "fingerprint": "f", "user": "7",
        "verdicts": verdicts, "snapshot": snapshot })
    .to_string()
}

fn patch(replica: &mut Replica, judged: u64, rows: &[Vec<Option<String>>]) {
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

fn row(replica: &Replica, id: i64) -> Json {
    let slot = replica.find_int(NOTES, id).expect("a row");
    let mut out = String::new();
    replica.row_json(NOTES, slot, &mut out);
    serde_json::from_str(&out).expect("valid JSON")
}

fn insert(values: Json) -> Json {
    json!([{ "op": "insert", "table": "notes", "values": values }])
}

fn update(id: i64, set: Json) -> Json {
    json!([{ "op": "update", "table": "notes", "key": id, "set": set }])
}

#[test]
fn an_insert_fills_what_the_client_can_know() {
    let mut replica = replica();
    let prepared = prepare(&replica, insert(json!({ "title": "hi" }))).expect("a good write");
    let Op::Insert { values, .. } = &prepared.ops[0] else {
        panic!("an insert")
    };
    // Keys, identity, references and random values are sent; other defaults are the server's.
    let sent: Vec<&str> = values.keys().map(String::as_str).collect();
    assert_eq!(sent, ["id", "kind", "owner", "title", "token"]);
    assert_eq!(values["id"].as_deref(), Some("100"));
    assert_eq!(values["owner"].as_deref(), Some("7"));
    assert_eq!(
        values["token"].as_deref(),
        Some("019b76da-a87b-7bab-abab-abababababab")
    );
    let key = prepared.keys[0].1.clone();
    assert_eq!(key, Key::new(vec![Value::Int(100)]));
    assert_eq!(replica.len(NOTES), 0, "preparing changes nothing");
    replica.apply(prepared);
    let shown = row(&replica, 100);
    assert_eq!(shown["state"], "open");
    assert_eq!(shown["made"], NOW);
    assert_eq!(shown["id"], "100");
    assert_eq!(shown["slug"], Json::Null);
    assert!(!replica.confirmed_row_json(NOTES, &key, &mut String::new()));
}

#[test]
fn a_write_looks_the_same_after_a_reload() {
    let mut first = replica();
    let local = write(
        &mut first,
        insert(json!({ "title": "hi", "data": { "b": 1, "a": [] } })),
    );
    first.sequence(local, 1);
    let stored = serde_json::to_string(first.mutation(local).expect("pending")).expect("JSON");
    let mut second = replica();
    let mutation: Mutation = serde_json::from_str(&stored).expect("a mutation");
    second.adopt(mutation).expect("the same schema");
    assert_eq!(row(&first, 100), row(&second, 100));
}

#[test]
fn bad_writes_are_refused_and_change_nothing() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one")]);
    let long = "x".repeat(30_000);
    let check = |ops: Json, code: ErrorCode, column: Option<&str>| {
        let error = prepare(&replica, ops.clone()).expect_err("refused");
        assert_eq!(
            (error.code, error.details.column.as_deref()),
            (code, column),
            "{ops}"
        );
    };
    use ErrorCode as E;
    check(json!([]), E::InvalidQuery, None);
    check(
        json!([{ "op": "delete", "table": "nope", "key": 1 }]),
        E::UnknownTable,
        None,
    );
    check(
        insert(json!({ "title": "a", "nope": 1 })),
        E::UnknownColumn,
        Some("nope"),
    );
    check(
        insert(json!({ "title": 1 })),
        E::TypeMismatch,
        Some("title"),
    );
    check(
        insert(json!({ "title": "sixsix" })),
        E::ValueTooLong,
        Some("title"),
    );
    check(
        insert(json!({ "title": "a", "kind": 3_000_000_000i64 })),
        E::OutOfRange,
        Some("kind"),
    );
    check(insert(json!({})), E::NotNullViolation, Some("title"));
    check(
        insert(json!({ "state": null, "title": null })),
        E::NotNullViolation,
        Some("title"),
    );
    check(
        insert(json!({ "title": "a", "state": null })),
        E::NotNullViolation,
        Some("state"),
    );
    check(
        insert(json!({ "title": "a", "id": 1 })),
        E::UniqueViolation,
        Some("id"),
    );
    check(
        insert(json!({ "title": "a", "owner": 8 })),
        E::PermissionDenied,
        Some("owner"),
    );
    check(
        insert(json!({ "title": "a", "upper": "A" })),
        E::PermissionDenied,
        Some("upper"),
    );
    check(
        insert(json!({ "title": "a", "audit": "A" })),
        E::PermissionDenied,
        Some("audit"),
    );
    check(
        update(1, json!({ "audit": "A" })),
        E::PermissionDenied,
        Some("audit"),
    );
    check(
        update(1, json!({ "id": 2 })),
        E::PermissionDenied,
        Some("id"),
    );
    check(
        update(1, json!({ "owner": 8 })),
        E::PermissionDenied,
        Some("owner"),
    );
    check(
        update(1, json!({ "title": null })),
        E::NotNullViolation,
        Some("title"),
    );
    check(update(1, json!({})), E::InvalidQuery, None);
    check(update(1, json!({ "id": 1 })), E::InvalidQuery, None);
    check(update(2, json!({ "title": "a" })), E::RowNotFound, None);
    check(
        json!([{ "op": "delete", "table": "notes", "key": 2 }]),
        E::RowNotFound,
        None,
    );
    check(
        json!([{ "op": "delete", "table": "notes", "key": [1, 2] }]),
        E::TypeMismatch,
        None,
    );
    check(
        json!([{ "op": "delete", "table": "notes", "key": null }]),
        E::TypeMismatch,
        Some("id"),
    );
    check(
        json!([{ "op": "insert", "table": "fixed", "values": { "id": 1 } }]),
        E::PermissionDenied,
        None,
    );
    check(
        json!([{ "op": "insert", "table": "pairs", "values": { "a": 1 } }]),
        E::NotNullViolation,
        Some("b"),
    );
    check(
        insert(json!({ "title": "a", "data": long })),
        E::MutationTooLarge,
        None,
    );
    let error = prepare_with(&replica, insert(json!({ "title": "a" })), None).expect_err("refused");
    assert_eq!(error.code, E::KeysExhausted);
    replica.set_identity(None);
    let error = prepare(&replica, insert(json!({ "title": "a" }))).expect_err("refused");
    assert_eq!(error.code, E::NotSignedIn);
    assert_eq!((replica.len(NOTES), replica.pending_len()), (1, 0));
}

#[test]
fn a_transaction_sees_its_own_operations_and_stands_or_falls() {
    let mut replica = replica();
    let ops = json!([
        { "op": "insert", "table": "notes", "values": { "id": 5, "title": "a" } },
        { "op": "update", "table": "notes", "key": "5", "set": { "title": "b" } },
        { "op": "insert", "table": "notes", "values": { "id": 6, "title": "c" } },
        { "op": "delete", "table": "notes", "key": 6 },
        { "op": "insert", "table": "notes", "values": { "id": 6, "title": "d" } },
    ]);
    write(&mut replica, ops.clone());
    assert_eq!(
        (
            row(&replica, 5)["title"].clone(),
            row(&replica, 6)["title"].clone()
        ),
        (json!("b"), json!("d"))
    );
    let error = prepare(&replica, ops).expect_err("5 is there already");
    assert_eq!(error.code, ErrorCode::UniqueViolation);
    assert_eq!(replica.len(NOTES), 2);
}

#[test]
fn bases_are_what_the_person_saw_confirmed() {
    let base_of = |prepared: &Prepared| match &prepared.ops[0] {
        Op::Update { base, .. } => base["title"].clone(),
        _ => panic!("an update"),
    };
    let text = |text: &str| Base::Text(Some(text.to_owned()));
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "old")]);
    let first = prepare(&replica, update(1, json!({ "title": "mine" }))).expect("good");
    assert_eq!(base_of(&first), text("old"));
    replica.apply(first);
    // Someone else's value arrives; what the person sees is still their own.
    patch(&mut replica, 0, &[note(1, "them")]);
    assert_eq!(row(&replica, 1)["title"], "mine");
    let second = prepare(&replica, update(1, json!({ "title": "again" }))).expect("good");
    assert_eq!(base_of(&second), text("old"));
    // A row that was never confirmed: what its insert says.
    write(&mut replica, insert(json!({ "id": 9, "title": "new" })));
    let third = prepare(&replica, update(9, json!({ "title": "newer" }))).expect("good");
    assert_eq!(base_of(&third), text("new"));
    let delete = |id: i64| json!([{ "op": "delete", "table": "notes", "key": id }]);
    let of_new = prepare(&replica, delete(9)).expect("good");
    assert!(matches!(&of_new.ops[0], Op::Delete { base: None, .. }));
    patch(&mut replica, 0, &[note(2, "two")]);
    let slot = replica.find_int(NOTES, 2).expect("a row");
    let columns = replica.schema().table(NOTES).columns.len() as u16;
    let values: Vec<Value> = (0..columns)
        .map(|c| {
            replica
                .value(NOTES, slot, haversack_core::schema::ColumnId(c))
                .to_value()
        })
        .collect();
    let of_old = prepare(&replica, delete(2)).expect("good");
    assert!(
        matches!(&of_old.ops[0], Op::Delete { base: Some(hash), .. } if *hash == row_hash(&values))
    );
}

#[test]
fn judged_mutations_leave_with_the_patch_and_never_come_back() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "old")]);
    let local = write(&mut replica, update(1, json!({ "title": "mine" })));
    replica.sequence(local, 1);
    let mutation = replica.mutation(local).expect("pending").clone();
    assert_eq!(mutation.seen, 0);
    patch(&mut replica, 1, &[note(1, "them")]);
    assert_eq!(
        (row(&replica, 1)["title"].clone(), replica.pending_len()),
        (json!("them"), 0)
    );
    assert_eq!(replica.judged(), 1);
    assert_eq!(replica.adopt(mutation).expect("good"), None);
    assert_eq!(row(&replica, 1)["title"], "them");
    let next = prepare(&replica, update(1, json!({ "title": "next" }))).expect("good");
    assert_eq!(next.seen, 1);
}

#[test]
fn only_what_changes_is_dirty() {
    let mut replica = replica();
    let dirty = |replica: &mut Replica| {
        let mut out = Vec::new();
        replica.take_dirty(&mut out);
        out.len()
    };
    patch(&mut replica, 0, &[note(1, "a"), note(2, "b")]);
    assert_eq!(dirty(&mut replica), 2);
    let local = write(&mut replica, update(1, json!({ "title": "mine" })));
    assert_eq!(dirty(&mut replica), 1);
    replica.sequence(local, 1);
    // The server confirms what is already shown, and sends the other row unchanged.
    patch(&mut replica, 1, &[note(1, "mine"), note(2, "b")]);
    assert_eq!(dirty(&mut replica), 0);
    let mut changed = Vec::new();
    replica.take_changed_tables(&mut changed);
    assert_eq!(changed, [NOTES]);
    write(&mut replica, update(1, json!({ "title": "mine" })));
    assert_eq!(dirty(&mut replica), 0);
}

#[test]
fn an_answer_counts_only_when_it_is_whole_and_good() {
    let replica = replica();
    let fails = |lines: &[&str]| {
        let mut staged = replica.stage();
        let last = lines
            .iter()
            .map(|line| staged.line(line))
            .last()
            .expect("a line");
        assert_eq!(staged.cursor(), None);
        last.expect_err("refused").code
    };
    let head = head(0, true);
    use ErrorCode as E;
    assert_eq!(fails(&["{"]), E::MalformedRequest);
    assert_eq!(
        fails(&["{\"line\":\"rows\",\"table\":\"pairs\",\"rows\":[]}"]),
        E::MalformedRequest
    );
    assert_eq!(fails(&[&head, &head]), E::MalformedRequest);
    let pairs = |rows: &str| {
        fails(&[
            &head,
            &format!("{{\"line\":\"rows\",\"table\":\"pairs\",\"rows\":{rows}}}"),
        ])
    };
    assert_eq!(pairs("[[\"u\",\"1\"]]"), E::MalformedRequest);
    assert_eq!(pairs("[[\"u\",\"1\",null,null]]"), E::MalformedRequest);
    assert_eq!(pairs("[[\"u\",null,null]]"), E::MalformedRequest);
    assert_eq!(pairs("[[\"u\",1,null]]"), E::MalformedRequest);
    assert_eq!(pairs("[[\"u\",\"one\",null]]"), E::TypeMismatch);
    assert_eq!(pairs("[[\"u\",\"1\",\"half"), E::MalformedRequest);
    assert_eq!(
        fails(&[&head, "{\"line\":\"rows\",\"table\":\"nope\",\"rows\":[]}"]),
        E::UnknownTable
    );
    assert_eq!(
        fails(&[
            &head,
            "{\"line\":\"removed\",\"table\":\"pairs\",\"keys\":[[\"1\"]]}"
        ]),
        E::TypeMismatch
    );
    let problem = haversack_core::protocol::Problem::new(&Error::new(E::Overloaded, "busy"), "r");
    let line =
        serde_json::to_string(&haversack_core::protocol::Line::Error(problem)).expect("JSON");
    assert_eq!(fails(&[&head, &line]), E::Overloaded);

    let mut staged: Staged = replica.stage();
    assert_eq!(staged.line(&head), Ok(LineKind::Head));
    let rows = "{\"line\":\"rows\",\"table\":\"pairs\",\"rows\":[[\"u\",\"1\",\"a\\u00e4\\n\\\"b\"],[\"w\",\"1\",null]]}\n";
    assert_eq!(staged.line(rows), Ok(LineKind::Rows(2)));
    assert_eq!((staged.rows(), staged.touched().len()), (2, 2));
    assert_eq!(
        staged.line("{\"line\":\"end\",\"cursor\":\"c\"}"),
        Ok(LineKind::End)
    );
    assert!(staged.line(rows).is_err(), "nothing follows the end");
}

#[test]
fn rows_survive_their_row_store() {
    let mut first = replica();
    let mut full = note(1, "one");
    full[5] = Some("019b76da-a87b-7bab-abab-abababababab".into());
    full[10] = Some("{\"a\": [1.50, \"\\\"\"]}".into());
    patch(&mut first, 0, &[full, note(2, "two")]);
    let mut second = replica();
    let mut staged = second.stage();
    for key in first.confirmed_keys(NOTES) {
        let mut out = String::new();
        assert!(first.confirmed_row_json(NOTES, &key, &mut out));
        staged
            .object(NOTES, &serde_json::from_str(&out).expect("JSON"))
            .expect("a row");
    }
    assert!(staged.object(NOTES, &json!({ "id": 1 })).is_err());
    second.apply_patch(staged);
    for id in [1, 2] {
        // The text of a number in JSON is JavaScript's own business.
        let (mut a, mut b) = (row(&first, id), row(&second, id));
        assert_eq!(a["data"].take().to_string(), b["data"].take().to_string());
        assert_eq!(a, b);
    }
}

#[test]
fn composite_keys_are_found_in_the_key_s_order() {
    let mut replica = replica();
    let uuid = "019b76da-a87b-7bab-abab-abababababab";
    let ops = json!([{ "op": "insert", "table": "pairs", "values": { "b": uuid.to_uppercase(), "a": 1 } }]);
    write(&mut replica, ops);
    let key = Key::from_json(&replica.schema().tables[1], &json!([1, uuid])).expect("a key");
    assert_eq!(key.values()[0], Value::Int(1));
    let slot = replica.find(PAIRS, &key).expect("a row");
    assert_eq!(replica.key(PAIRS, slot), key);
    let mut json = String::new();
    key.write_json(&replica.schema().tables[1], &mut json);
    assert_eq!(json, format!("[1,\"{uuid}\"]"));
    assert_eq!(replica.find_int(PAIRS, 1), None);
}

#[test]
fn storage_that_failed_leaves_no_residue() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one")]);
    let ops = json!([
        { "op": "delete", "table": "notes", "key": 1 },
        { "op": "insert", "table": "notes", "values": { "title": "a" } },
    ]);
    let local = write(&mut replica, ops);
    assert_eq!((replica.len(NOTES), replica.find_int(NOTES, 1)), (1, None));
    replica.withdraw(local);
    assert_eq!(row(&replica, 1)["title"], "one");
    assert_eq!((replica.len(NOTES), replica.pending_len()), (1, 0));
    assert!(!replica.is_pending(NOTES, &Key::new(vec![Value::Int(1)])));
    replica.withdraw(local);
    replica.sequence(local, 9);
}

#[test]
fn text_that_is_overwritten_again_and_again_is_collected() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one"), note(2, "two")]);
    for i in 0..40 {
        let long = format!("{i}{}", "x".repeat(9_000));
        write(&mut replica, update(1, json!({ "data": long })));
        assert_eq!(row(&replica, 1)["data"], long);
        assert_eq!(row(&replica, 2)["title"], "two");
    }
}

#[test]
fn shapes_that_the_schema_does_not_allow_are_refused() {
    let mut replica = replica();
    let mut compile = |json: Json| {
        let shape: QueryShape = serde_json::from_value(json).expect("a shape");
        replica.compile(&shape).map_err(|error| error.code)
    };
    use ErrorCode as E;
    let on = |column: &str, op: &str| json!({ "table": "notes", "where": [{ "column": column, "op": op }] });
    assert_eq!(compile(json!({ "table": "nope" })), Err(E::UnknownTable));
    assert_eq!(compile(on("nope", "eq")), Err(E::UnknownColumn));
    assert_eq!(compile(on("data", "lt")), Err(E::InvalidQuery));
    assert!(compile(on("data", "eq")).is_ok());
    let order = json!({ "table": "notes", "order": [{ "column": "data" }] });
    assert_eq!(compile(order), Err(E::InvalidQuery));
    let many = json!({ "table": "notes", "where": [{ "column": "id", "op": "in", "n": 10_001 }] });
    assert_eq!(compile(many), Err(E::InvalidQuery));
    let shape = json!({ "table": "notes", "limit": true });
    let plan = compile(shape.clone());
    assert_eq!(compile(shape), plan, "the same shape is compiled once");
}

#[test]
fn parameters_are_checked() {
    let mut replica = replica();
    patch(&mut replica, 0, &[note(1, "one")]);
    let mut run = |condition: Json, params: &[Param<'_>]| {
        let shape = json!({ "table": "notes", "where": [condition], "limit": true });
        let shape: QueryShape = serde_json::from_value(shape).expect("a shape");
        let plan = replica.compile(&shape).expect("a good shape");
        replica
            .run(plan, params)
            .map(<[u32]>::len)
            .map_err(|error| error.code)
    };
    use ErrorCode as E;
    let id = json!({ "column": "id", "op": "eq" });
    let title = json!({ "column": "title", "op": "eq" });
    let limit = Param::Number(9.0);
    assert_eq!(run(id.clone(), &[Param::Text("1"), limit]), Ok(1));
    assert_eq!(run(id.clone(), &[Param::Number(1.0)]), Err(E::InvalidQuery));
    assert_eq!(
        run(id.clone(), &[Param::Text("one"), limit]),
        Err(E::TypeMismatch)
    );
    assert_eq!(run(id.clone(), &[Param::Null, limit]), Ok(0));
    assert_eq!(
        run(id.clone(), &[Param::Number(1.0), Param::Number(-1.0)]),
        Err(E::InvalidQuery)
    );
    assert_eq!(
        run(id, &[Param::Number(1.0), Param::Number(0.5)]),
        Err(E::InvalidQuery)
    );
    assert_eq!(
        run(title.clone(), &[Param::Number(1.0), limit]),
        Err(E::TypeMismatch)
    );
    assert_eq!(
        run(title, &[Param::Text("longer than the column"), limit]),
        Ok(0)
    );
    let made = json!({ "column": "made", "op": "gte" });
    assert_eq!(
        run(made.clone(), &[Param::Text("2025-12-31T00:00:00Z"), limit]),
        Ok(1)
    );
    assert_eq!(
        run(made, &[Param::Text("yesterday"), limit]),
        Err(E::TypeMismatch)
    );
    let token = json!({ "column": "token", "op": "is_null" });
    assert_eq!(run(token, &[limit]), Ok(1));
}

#[test]
fn explain_names_the_way_taken() {
    let mut replica = replica();
    let rows: Vec<_> = (1..2000)
        .map(|id| note(id, ["a", "b"][id as usize % 2]))
        .collect();
    patch(&mut replica, 0, &rows);
    let mut explain = |json: Json, params: &[Param<'_>]| {
        let shape: QueryShape = serde_json::from_value(json).expect("a shape");
        let plan = replica.compile(&shape).expect("a good shape");
        assert_eq!(replica.explain(plan).strategy, Strategy::None);
        replica.run(plan, params).expect("good values");
        replica.explain(plan)
    };
    let by_key = explain(
        json!({ "table": "notes", "where": [{ "column": "id", "op": "eq" }] }),
        &[Param::Number(7.0)],
    );
    assert_eq!(
        (by_key.strategy, by_key.returned),
        (Strategy::PrimaryKey, 1)
    );
    let walked = explain(
        json!({ "table": "notes", "limit": true, "order": [{ "column": "made", "descending": true }],
            "where": [{ "column": "title", "op": "eq" }, { "column": "kind", "op": "gt" }] }),
        &[Param::Text("a"), Param::Number(0.0), Param::Number(5.0)],
    );
    assert_eq!((walked.strategy, walked.examined), (Strategy::Ordered, 5));
    assert_eq!(walked.index, ["title", "-made", "id"]);
    let ranged = explain(
        json!({ "table": "notes", "order": [{ "column": "made" }], "where": [{ "column": "id", "op": "lt" }] }),
        &[Param::Number(4.0)],
    );
    assert_eq!(
        (ranged.strategy, ranged.examined, ranged.returned),
        (Strategy::Range, 3, 3)
    );
}
