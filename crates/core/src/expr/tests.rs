use super::*;
use crate::schema::{Column, Table};
use crate::value::Value;

fn table() -> Table {
    let column = |name: &str, kind| Column {
        name: name.into(),
        kind,
        nullable: true,
        ..Column::default()
    };
    Table {
        columns: vec![
            column("status", Type::Varchar { length: Some(20) }),
            column("priority", Type::Int4),
        ],
        ..Table::default()
    }
}

fn evaluate(expr: &Expr, row: &[Value]) -> Result<Value, Error> {
    let mut bytes = || [7; 16];
    let given = Value::text("given");
    let mut context = Context {
        now_ms: 1_700_000_000_000,
        identity: Some("42"),
        value: Some(&given),
        random: &mut bytes,
    };
    Bound::new(expr, &table())
        .expect("it binds")
        .value(row, &mut context)
}

#[test]
fn what_comes_from_outside_the_row() {
    let nothing = [Value::Null, Value::Null];
    let identity = Expr::new("identity", Type::Text, vec![]);
    assert_eq!(evaluate(&identity, &nothing), Ok(Value::text("42")));
    let value = Expr::new("value", Type::Text, vec![]);
    assert_eq!(evaluate(&value, &nothing), Ok(Value::text("given")));
    let now = Expr::new("now", Type::Timestamptz, vec![]);
    let now = evaluate(&now, &nothing).expect("the time");
    let now = crate::value::to_text(&Type::Timestamptz, &now);
    assert_eq!(now.as_deref(), Some("2023-11-14 22:13:20+00"));
    let random = Expr::new("random", Type::Float8, vec![]);
    let random = evaluate(&random, &nothing);
    assert!(
        matches!(random, Ok(Value::Float(drawn)) if (0.0..1.0).contains(&drawn)),
        "{random:?}"
    );
    let uuid = Expr::new("uuid", Type::Uuid, vec![]);
    let uuid = evaluate(&uuid, &nothing).expect("a uuid");
    let again = match &uuid {
        Value::Text(text) => crate::value::parse(&Type::Uuid, text),
        other => panic!("{other:?}"),
    };
    assert_eq!(again, Ok(uuid));
}

#[test]
fn a_list_with_null_is_never_false() {
    let list = Type::Array {
        of: Box::new(Type::Text),
    };
    let status = Expr::new(
        "cast",
        Type::Text,
        vec![Expr::column("status", Type::Varchar { length: Some(20) })],
    );
    let within = |items: &str| Expr {
        text: Some("eq".into()),
        ..Expr::new(
            "any",
            Type::Bool,
            vec![status.clone(), Expr::constant(list.clone(), Some(items))],
        )
    };
    let row = |status: &str| [Value::text(status), Value::Null];
    for (items, status, expected) in [
        ("{a,b}", "a", Value::Int(1)),
        ("{a,b}", "c", Value::Int(0)),
        ("{a,NULL}", "a", Value::Int(1)),
        ("{a,NULL}", "c", Value::Null),
        ("{}", "c", Value::Int(0)),
    ] {
        assert_eq!(
            evaluate(&within(items), &row(status)),
            Ok(expected),
            "{status} in {items}"
        );
    }
}

#[test]
fn what_is_not_known_is_said() {
    for expr in [
        Expr::new("frobnicate", Type::Bool, vec![]),
        Expr {
            text: Some("frobnicate".into()),
            ..Expr::new("call", Type::Bool, vec![])
        },
        Expr::column("absent", Type::Bool),
        Expr::new("not", Type::Bool, vec![]),
    ] {
        assert!(Bound::new(&expr, &table()).is_err(), "{expr:?}");
    }
}

#[test]
fn errors_are_postgres_own() {
    let divided = Expr {
        text: Some("int_div".into()),
        ..Expr::new(
            "call",
            Type::Int4,
            vec![
                Expr::constant(Type::Int4, Some("1")),
                Expr::column("priority", Type::Int4),
            ],
        )
    };
    let error = evaluate(&divided, &[Value::Null, Value::Int(0)]).expect_err("no quotient");
    assert_eq!(error.details.sqlstate.as_deref(), Some("22012"));
}
