//! What a column's default is where it is an expression.

use super::{Scope, compile_to};
use haversack_core::expr::Expr;
use haversack_core::schema::{ColumnDefault, Type};

/// Describes a default that is an expression of a column of this type.
///
/// Constants, the time and new uuids alone are told apart as such; a sequence is not known here.
pub fn default_of(sql: &str, kind: &Type, scope: &Scope) -> Option<ColumnDefault> {
    // A default names no column, whatever the scope has.
    let scope = Scope {
        columns: Default::default(),
        value: None,
        draws: true,
        enums: scope
            .columns
            .values()
            .map(|c| c.kind.clone())
            .chain(scope.enums.clone())
            .collect(),
        ..scope.clone()
    };
    match compile_to(sql, kind, &scope) {
        Ok(expr) if expr.op == "const" => expr.text.map(|text| ColumnDefault::Constant { text }),
        Ok(expr) if is_uuid(&expr) => Some(ColumnDefault::Uuid),
        Ok(expr) if is_now(&expr) => Some(ColumnDefault::Now),
        Ok(expr) => Some(ColumnDefault::Expression {
            sql: sql.to_owned(),
            random: expr.has("uuid") || expr.has("random"),
            expr,
        }),
        Err(reason) => Some(ColumnDefault::ServerOnly {
            sql: sql.to_owned(),
            reason,
        }),
    }
}

/// Is it the transaction's time, in the type of the column?
pub fn is_now(expr: &Expr) -> bool {
    let time = matches!(
        expr.kind,
        Type::Timestamp | Type::Timestamptz | Type::Date | Type::Time
    );
    match &*expr.op {
        "now" => true,
        "cast" => time && expr.args.iter().all(is_now),
        _ => false,
    }
}

/// Is it a new uuid, and nothing else?
pub fn is_uuid(expr: &Expr) -> bool {
    expr.op == "uuid"
}
