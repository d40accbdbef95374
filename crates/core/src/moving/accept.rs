//! What a column takes of what was a member of a JSON object.

use crate::expr::{Bound, Context, Expr};
use crate::json::Json;
use crate::protocol::Text;
use crate::schema::{Check, Column, Table, Type};
use crate::value::{self, Value};

/// The value of a column that a JSON value becomes; none where it does not fit, and stays where it is.
///
/// It fits where it is of the column's type, nothing of it is rounded away, and no domain and no CHECK
/// of this column alone refuses it. Rules that only the server knows are left to the server.
pub fn accepts(table: &Table, column: &str, json: &Json<'_>) -> Option<Text> {
    let id = table.column_id(column)?;
    let column = table.column(id);
    if matches!(json, Json::Null) {
        return column.nullable.then_some(None);
    }
    let found = value::from_json(column, json).ok()?;
    if is_rounded(column, &found, json) {
        return None;
    }
    let mut row = vec![Value::Null; table.columns.len()];
    row[usize::from(id.0)] = found.clone();
    let refused = |check: &Check| refuses(table, check, &row, Some(&found));
    let mut domains = column.domains.iter().flat_map(|domain| &domain.checks);
    let mut own = (table.checks.iter()).filter(|check| {
        check
            .expr
            .as_ref()
            .is_some_and(|e| reads_only(e, &column.name))
    });
    if domains.any(refused) || own.any(refused) {
        return None;
    }
    Some(value::to_text(&column.kind, &found))
}

/// Is a number no longer what it was?
fn is_rounded(column: &Column, found: &Value, json: &Json<'_>) -> bool {
    let (Type::Numeric { .. }, Json::Number(was) | Json::Text(was)) = (&column.kind, json) else {
        return false;
    };
    let exact = Type::Numeric {
        precision: None,
        scale: None,
    };
    let parsed = |text: &str| value::parse(&exact, text).ok();
    let now = value::to_text(&column.kind, found).and_then(|text| parsed(&text));
    match (now, parsed(was)) {
        (Some(now), Some(was)) => value::compare(&exact, &now, &was).is_ne(),
        _ => true,
    }
}

fn reads_only(expr: &Expr, column: &str) -> bool {
    let own = expr.op != "column" || expr.text.as_deref() == Some(column);
    own && expr.args.iter().all(|arg| reads_only(arg, column))
}

fn refuses(table: &Table, check: &Check, row: &[Value], value: Option<&Value>) -> bool {
    let Some(bound) = check.expr.as_ref().and_then(|e| Bound::new(e, table).ok()) else {
        return false;
    };
    let mut random = || [0; 16];
    let mut context = Context {
        now_ms: 0,
        identity: None,
        value,
        random: &mut random,
    };
    !matches!(bound.test(row, &mut context), Ok(None | Some(true)))
}
