//! Columns that a check confines to a list of values: their type is a union.

use haversack_core::expr::Expr;
use haversack_core::schema::{Column, Table, Type};
use haversack_core::value;

/// The values that the checks of a table, or of the column's domains, leave to a column of text.
pub(super) fn listed(table: &Table, column: &Column) -> Option<Vec<String>> {
    let own = table.checks.iter();
    let of_domains = column.domains.iter().flat_map(|domain| &domain.checks);
    own.chain(of_domains)
        .filter_map(|check| check.expr.as_ref())
        .find_map(|expr| values(expr, &column.name))
}

/// The values that a condition leaves to a column, where it says so.
fn values(expr: &Expr, column: &str) -> Option<Vec<String>> {
    match (&*expr.op, &expr.args[..]) {
        ("any", [value, list]) if expr.text.as_deref() == Some("eq") => {
            is_column(value, column).then(|| texts(list)).flatten()
        }
        ("eq", [value, only]) if is_column(value, column) => constant(only).map(|text| vec![text]),
        // Any one of them confines the column.
        ("and", parts) => parts.iter().find_map(|part| values(part, column)),
        // All of them have to; what the column may hold beside is null.
        ("or", parts) => {
            let is_null = |part: &&Expr| {
                part.op == "is_null" && part.args.iter().all(|a| is_column(a, column))
            };
            let mut all = Vec::new();
            for part in parts.iter().filter(|part| !is_null(part)) {
                for value in values(part, column)? {
                    if !all.contains(&value) {
                        all.push(value);
                    }
                }
            }
            (!all.is_empty()).then_some(all)
        }
        _ => None,
    }
}

/// Is it the column, or a cast of it that keeps its text?
fn is_column(expr: &Expr, column: &str) -> bool {
    match &*expr.op {
        "column" => expr.text.as_deref() == Some(column),
        "value" => true,
        "cast" => is_text(&expr.kind) && expr.args.iter().all(|arg| is_column(arg, column)),
        _ => false,
    }
}

fn is_text(kind: &Type) -> bool {
    matches!(kind, Type::Text | Type::Varchar { .. })
}

fn constant(expr: &Expr) -> Option<String> {
    match &*expr.op {
        "const" if is_text(&expr.kind) => expr.text.clone(),
        "cast" if is_text(&expr.kind) => constant(expr.args.first()?),
        _ => None,
    }
}

fn texts(list: &Expr) -> Option<Vec<String>> {
    match (&*list.op, &list.kind) {
        ("array", _) => list.args.iter().map(constant).collect(),
        ("cast", Type::Array { of }) if is_text(of) => texts(list.args.first()?),
        ("const", Type::Array { of }) if is_text(of) => {
            let array = value::parse(&list.kind, list.text.as_deref()?).ok()?;
            let mut json = String::new();
            value::write_json(&list.kind, &array, &mut json);
            let items: Vec<Option<String>> = serde_json::from_str(&json).ok()?;
            // A null among them lets nothing more in.
            Some(items.into_iter().flatten().collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use haversack_core::schema::Check;

    fn text(value: &str) -> Expr {
        Expr::constant(Type::Text, Some(value))
    }

    fn status() -> Expr {
        let kind = Type::Varchar { length: Some(20) };
        Expr::new("cast", Type::Text, vec![Expr::column("status", kind)])
    }

    fn any(list: Expr) -> Expr {
        let mut any = Expr::new("any", Type::Bool, vec![status(), list]);
        any.text = Some("eq".into());
        any
    }

    fn of(expr: Expr) -> Option<Vec<String>> {
        let column = Column {
            name: "status".into(),
            ..Column::default()
        };
        let table = Table {
            checks: vec![Check {
                expr: Some(expr),
                ..Check::default()
            }],
            ..Table::default()
        };
        listed(&table, &column)
    }

    #[test]
    fn lists_of_values_are_read_from_checks() {
        let texts = || Type::Array {
            of: Box::new(Type::Text),
        };
        let array = || Expr::new("array", texts(), vec![text("a"), text("it's")]);
        let both = Some(vec!["a".to_owned(), "it's".to_owned()]);
        let or = |a, b| Expr::new("or", Type::Bool, vec![a, b]);
        let only = |value| Expr::new("eq", Type::Bool, vec![status(), text(value)]);
        let is_null = || Expr::new("is_null", Type::Bool, vec![status()]);
        let other = || {
            Expr::new(
                "is_null",
                Type::Bool,
                vec![Expr::column("other", Type::Text)],
            )
        };

        assert_eq!(of(any(array())), both);
        assert_eq!(of(any(Expr::new("cast", texts(), vec![array()]))), both);
        assert_eq!(of(any(Expr::constant(texts(), Some("{a,it's}")))), both);
        assert_eq!(of(or(only("a"), only("it's"))), both);
        assert_eq!(of(or(any(array()), is_null())), both);
        assert_eq!(
            of(Expr::new("and", Type::Bool, vec![other(), any(array())])),
            both
        );

        assert_eq!(of(or(any(array()), other())), None, "another column may do");
        assert_eq!(of(is_null()), None, "no value is listed");
        let mut all = any(array());
        all.op = "all".into();
        assert_eq!(of(all), None);
        let computed = Expr::new("call", Type::Text, vec![text("A")]);
        assert_eq!(of(any(Expr::new("array", texts(), vec![computed]))), None);
    }
}
