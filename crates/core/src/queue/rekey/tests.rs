use super::*;
use crate::protocol::Values;
use crate::schema::{Action, ColumnDefault, ForeignKey, Polymorphic, fixture};

fn reference(name: &str, columns: &[&str], references: &str, referenced: &[&str]) -> ForeignKey {
    let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    ForeignKey {
        name: name.into(),
        rank: 0,
        columns: owned(columns),
        references: references.into(),
        referenced_columns: owned(referenced),
        match_full: false,
        on_delete: Action::NoAction,
        delete_columns: vec![],
        on_update: Action::NoAction,
        deferrable: false,
        deferred: false,
    }
}

fn table(name: &str, key: &[&str], columns: &[&str], keys: Vec<ForeignKey>) -> Table {
    let columns = columns.iter().map(|c| fixture::column(c, Type::Int4));
    let mut columns: Vec<_> = columns.collect();
    if key == ["id"] {
        columns[0].default = Some(ColumnDefault::Sequence { always: false });
    }
    Table {
        name: name.into(),
        primary_key: key.iter().map(|k| (*k).to_owned()).collect(),
        columns,
        insertable: true,
        updatable: true,
        deletable: true,
        foreign_keys: keys,
        ..Table::default()
    }
}

/// Parts refer to orders within their own key; notes to parts, by both columns; orders to orders.
fn schema() -> Schema {
    let one = fixture::schema("unused", vec![fixture::column("id", Type::Text)]);
    let to_orders = || reference("o", &["order_id"], "orders", &["id"]);
    let both = ["order_id", "line"];
    let tables = vec![
        table(
            "notes",
            &["id"],
            &["id", "order_id", "line", "n"],
            vec![reference(
                "p",
                &["line", "order_id"],
                "parts",
                &["line", "order_id"],
            )],
        ),
        table(
            "orders",
            &["id"],
            &["id", "parent", "n"],
            vec![reference("s", &["parent"], "orders", &["id"])],
        ),
        table(
            "parts",
            &both,
            &["order_id", "line", "n"],
            vec![to_orders()],
        ),
    ];
    Schema::new(15, one.identity, one.limits, tables, vec![]).expect("a good schema")
}

const MADE: &str = "-2147483647";

fn given() -> Assigned {
    Map::from([(
        "orders".to_owned(),
        Map::from([(MADE.to_owned(), "7".to_owned())]),
    )])
}

fn values(pairs: &[(&str, &str)]) -> Values {
    let pairs = pairs.iter();
    pairs
        .map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned())))
        .collect()
}

#[track_caller]
fn check(op: Op, expected: Op) {
    let (schema, before) = (schema(), op.clone());
    let holders = Holders::new(&schema);
    let mut mutation = Mutation {
        seq: 1,
        at: 0,
        seen: 0,
        predicted: Vec::new(),
        earlier: Vec::new(),
        ops: vec![op],
    };
    let changed = rekey(&schema, &holders, &given(), &mut mutation);
    assert_eq!(mutation.ops, vec![expected.clone()]);
    assert_eq!(changed, before != expected, "it says whether it changed");
    assert!(
        !rekey(&schema, &holders, &given(), &mut mutation),
        "a second time changes nothing"
    );
}

fn insert(table: &str, pairs: &[(&str, &str)]) -> Op {
    Op::Insert {
        table: table.into(),
        values: values(pairs),
    }
}

#[test]
fn an_inserts_own_key_and_a_self_reference_are_replaced() {
    check(
        insert("orders", &[("id", MADE), ("parent", MADE), ("n", "1")]),
        insert("orders", &[("id", "7"), ("parent", "7"), ("n", "1")]),
    );
}

#[test]
fn a_reference_within_a_composite_key_is_replaced() {
    check(
        insert("parts", &[("order_id", MADE), ("line", "2")]),
        insert("parts", &[("order_id", "7"), ("line", "2")]),
    );
}

#[test]
fn a_reference_by_way_of_another_tables_key_is_replaced() {
    check(
        insert("notes", &[("id", "3"), ("order_id", MADE), ("line", "2")]),
        insert("notes", &[("id", "3"), ("order_id", "7"), ("line", "2")]),
    );
}

#[test]
fn the_same_number_in_any_other_column_stays() {
    let other = || insert("orders", &[("id", "9"), ("n", MADE)]);
    check(other(), other());
    // A key of another table's sequence, and a column that refers to no sequence.
    let other = || insert("notes", &[("id", MADE), ("line", MADE)]);
    check(other(), other());
}

#[test]
fn updates_and_deletes_find_their_row_by_its_new_key() {
    let update = |key: &str, parent: &str| Op::Update {
        table: "orders".into(),
        key: vec![key.into()],
        set: values(&[("n", MADE), ("parent", parent)]),
        base: Map::from([
            ("n".to_owned(), Base::Text(None)),
            ("parent".to_owned(), Base::Text(Some(parent.to_owned()))),
        ]),
    };
    check(update(MADE, MADE), update("7", "7"));
    let delete = |order: &str| Op::Delete {
        table: "parts".into(),
        key: vec![order.into(), "2".into()],
        base: Some("hash".into()),
    };
    check(delete(MADE), delete("7"));
}

#[test]
fn a_temporary_key_without_a_new_one_stays() {
    let waiting = || insert("orders", &[("id", "-2147483646"), ("n", "1")]);
    check(waiting(), waiting());
}

#[test]
fn an_unknown_table_or_column_stays() {
    let gone = || insert("gone", &[("id", MADE)]);
    check(gone(), gone());
    let gone = || insert("orders", &[("gone", MADE)]);
    check(gone(), gone());
}

#[test]
fn temporary_keys_fit_their_type_and_small_ones_have_none() {
    for kind in [Type::Int4, Type::Int8] {
        for number in [0, TEMPORARY_KEYS - 1] {
            let key = temporary(&kind, number).expect("room");
            assert!(is_temporary(&kind, key), "{key}");
            assert!(kind != Type::Int4 || i32::try_from(key).is_ok(), "{key}");
        }
        assert_eq!(temporary(&kind, -1), None);
        assert_eq!(temporary(&kind, TEMPORARY_KEYS), None);
        assert!(
            [0, 1, -1, -1_000_000]
                .iter()
                .all(|&k| !is_temporary(&kind, k))
        );
    }
    assert_eq!(
        temporary(&Type::Int4, 0),
        Some(MADE.parse().expect("a number"))
    );
    assert_eq!(temporary(&Type::Int2, 0), None);
}

#[test]
fn a_reference_whose_table_another_column_names_follows_too() {
    let mut schema = schema();
    schema.tables[0].polymorphic = vec![Polymorphic {
        column: "n".into(),
        by: "kind".into(),
        tables: Map::from([
            ("order", "orders".to_owned()),
            ("gone", "no such table".to_owned()),
        ]),
    }];
    let holders = Holders::new(&schema);
    let temporary = temporary(&Type::Int4, 3).expect("a key").to_string();
    let given = Assigned::from([("orders", Map::from([(&*temporary, "7".to_owned())]))]);
    let mut op = Op::Insert {
        table: "notes".into(),
        values: Values::from([
            ("n", Some(temporary.clone())),
            ("line", Some(temporary.clone())),
        ]),
    };
    assert!(rekey_op(&schema, &holders, &given, &mut op));
    let Op::Insert { values, .. } = op else {
        panic!("an insert")
    };
    assert_eq!(values["n"].as_deref(), Some("7"));
    assert_eq!(
        values["line"],
        Some(temporary),
        "which refers to parts alone"
    );
}

#[test]
fn the_keys_that_were_given_out_first_are_forgotten_first() {
    let key = |number| temporary(&Type::Int4, number).expect("a key").to_string();
    let keys = |numbers: &[i64]| numbers.iter().map(|&n| (key(n), n.to_string())).collect();
    let mut assigned = Assigned::from([("notes", keys(&[1, 5])), ("orders", keys(&[0, 7, 9]))]);
    forget_oldest(&schema(), &mut assigned, 5);
    assert_eq!(assigned["orders"].len(), 3, "so many are kept");
    forget_oldest(&schema(), &mut assigned, 3);
    let kept = Assigned::from([("notes", keys(&[5])), ("orders", keys(&[7, 9]))]);
    assert_eq!(assigned, kept);
}
