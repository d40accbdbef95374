//! What is known before any row: constant parts are computed, as Postgres's planner does.

use super::compile::Typed;
use haversack_core::expr::{Bound, Context, Expr, is_strict};
use haversack_core::schema::{Table, Type};
use haversack_core::value;

/// Marks a constant part that can't be computed, while the rest is compiled.
pub(super) const FAILED: &str = "failed";

/// A constant part that can't be computed; the whole expression is left to the server.
fn failed_with(typed: &Typed, message: &str) -> Typed {
    Typed::of(Expr {
        text: Some(message.to_owned()),
        ..Expr::new(FAILED, typed.expr.kind.clone(), Vec::new())
    })
}

/// CASE without the branches that a constant rules out, COALESCE up to the first constant.
fn pruned(expr: Expr) -> Expr {
    let truth = |arg: &Expr| match (&*arg.op, arg.text.as_deref()) {
        ("const", Some("true")) => Some(true),
        ("const", _) => Some(false),
        _ => None,
    };
    let mut kept = Vec::new();
    let mut args = expr.args.into_iter();
    if expr.op == "coalesce" {
        for arg in args {
            match (&*arg.op, arg.text.is_some()) {
                ("const", false) => {}
                ("const", true) => {
                    kept.push(arg);
                    break;
                }
                _ => kept.push(arg),
            }
        }
        if kept.is_empty() {
            return Expr::constant(expr.kind, None);
        }
    } else {
        while let Some(condition) = args.next() {
            let Some(result) = args.next() else {
                kept.push(condition);
                break;
            };
            match truth(&condition) {
                Some(true) => {
                    kept.push(result);
                    break;
                }
                Some(false) => {}
                None => kept.extend([condition, result]),
            }
        }
    }
    match <[Expr; 1]>::try_from(kept) {
        Ok([only]) => only,
        Err(args) => Expr {
            args,
            op: expr.op,
            kind: expr.kind,
            text: None,
        },
    }
}

/// What one constant decides, whatever the rest would be, or would raise: Postgres's planner looks
/// at these before any row.
fn simplified(expr: &Expr) -> Option<Expr> {
    let is = |arg: &Expr, text: Option<&str>| arg.op == "const" && arg.text.as_deref() == text;
    let decisive = match &*expr.op {
        "and" => Some("false"),
        "or" => Some("true"),
        _ => None,
    };
    if decisive.is_some() {
        let any = expr.args.iter().any(|arg| is(arg, decisive));
        return any.then(|| Expr::constant(Type::Bool, decisive));
    }
    let strict = match &*expr.op {
        "call" => is_strict(expr.text.as_deref().unwrap_or_default()),
        "cast" | "not" | "eq" | "ne" | "lt" | "le" | "gt" | "ge" => true,
        _ => false,
    };
    let null = strict && expr.args.iter().any(|arg| is(arg, None));
    null.then(|| Expr::constant(expr.kind.clone(), None))
}

/// Evaluates what consists of constants alone, so that no client has to.
pub(super) fn fold(mut typed: Typed) -> Typed {
    if matches!(&*typed.expr.op, "case" | "coalesce") {
        typed.expr = pruned(typed.expr);
    }
    if let Some(failed) = typed.expr.args.iter().find(|arg| arg.op == FAILED) {
        return failed_with(&typed, failed.text.as_deref().unwrap_or_default());
    }
    if let Some(known) = simplified(&typed.expr) {
        return Typed {
            expr: known,
            ..typed
        };
    }
    let expr = &typed.expr;
    if expr.args.is_empty() || expr.args.iter().any(|arg| arg.op != "const") {
        return typed;
    }
    let mut nothing = || [0; 16];
    let mut context = Context {
        now_ms: 0,
        identity: None,
        value: None,
        random: &mut nothing,
    };
    let Ok(bound) = Bound::new(expr, &Table::default()) else {
        return typed;
    };
    match bound.value(&[], &mut context) {
        Ok(value) => {
            let text = value::to_text(&expr.kind, &value);
            Typed {
                expr: Expr::constant(expr.kind.clone(), text.as_deref()),
                ..typed
            }
        }
        // Postgres's planner fails here too, before it sees a row.
        Err(error) => failed_with(&typed, &error.message),
    }
}
