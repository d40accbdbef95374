//! Comparisons: the common type of both sides, and whether the client knows its order.

use super::collation::Collation;
use super::compile::{Compiler, Typed, call};
use super::fold::fold;
use super::kinds::{base, common, computed as computed_type, is_collatable, is_text, shown};
use haversack_core::expr::Expr;
use haversack_core::schema::Type;
use sqlparser::ast;

impl Compiler<'_> {
    /// Checks that an operator of this name is Postgres's here.
    pub(super) fn postgres_operator(&self, name: &str) -> Result<(), String> {
        match self.scope.own.contains(name) {
            true => Err(format!(
                "the operator {name} may be one of the database's own"
            )),
            false => Ok(()),
        }
    }

    /// An operator between two values.
    pub(super) fn operate(&self, name: &str, a: Typed, b: Typed) -> Result<Typed, String> {
        self.postgres_operator(name)?;
        match comparison(name) {
            Some(op) => self.compare(op, a, b),
            None => self.call(name, vec![a, b]),
        }
    }

    pub(super) fn compare(&self, op: &str, a: Typed, b: Typed) -> Result<Typed, String> {
        Ok(fold(Typed::of(self.comparison(op, a, b)?)))
    }

    /// A comparison whose sides have been cast, even where constants decide it.
    pub(super) fn comparison(&self, op: &str, a: Typed, b: Typed) -> Result<Expr, String> {
        let collation = a.collation.clone().with(b.collation.clone());
        let kind = match (a.untyped, b.untyped) {
            (true, true) => Type::Text,
            (true, false) => b.kind().clone(),
            (false, true) => a.kind().clone(),
            (false, false) => comparable(a.kind(), b.kind()).ok_or_else(|| {
                format!(
                    "it compares {} with {}, which the client can't",
                    shown(a.kind()),
                    shown(b.kind())
                )
            })?,
        };
        let equality = matches!(op, "eq" | "ne" | "distinct" | "not_distinct");
        self.check_comparable(&kind, equality, &collation)?;
        // A literal becomes a text of any length, so that a comparison never cuts it off.
        let kind = base(&kind);
        let (a, b) = (self.cast_compared(a, &kind)?, self.cast_compared(b, &kind)?);
        Ok(Expr::new(op, Type::Bool, vec![a, b]))
    }

    fn cast_compared(&self, typed: Typed, kind: &Type) -> Result<Expr, String> {
        // A date beyond the range of timestamps still compares; a cast would fail.
        if *typed.kind() == Type::Date && matches!(kind, Type::Timestamp | Type::Timestamptz) {
            let cast = call("date_as_timestamp", kind.clone(), vec![typed.expr]);
            return Ok(fold(Typed::of(cast)).expr);
        }
        if matches!(kind, Type::Char { .. }) && matches!(typed.kind(), Type::Char { .. }) {
            return Ok(typed.expr);
        }
        Ok(self.cast(typed, kind)?.expr)
    }

    /// Can the client compare values of a type, for equality or in order?
    pub(super) fn check_comparable(
        &self,
        kind: &Type,
        equality: bool,
        collation: &Collation,
    ) -> Result<(), String> {
        match kind {
            Type::Opaque { .. } if computed_type(kind).is_some() => Ok(()),
            Type::Opaque { sql } => Err(format!(
                "it compares values of the type {sql}, which the client carries as text"
            )),
            Type::Array { of } => self.check_comparable(of, equality, collation),
            Type::Json => Err("values of the type json can't be compared".into()),
            _ if is_collatable(kind) && equality => collation.deterministic(self.scope),
            _ if is_collatable(kind) => collation.ordered(self.scope),
            // Numbers and names inside follow bytes, but for the order of the database's collation.
            Type::Jsonb if !equality => Collation::Default.ordered(self.scope),
            _ => Ok(()),
        }
    }

    pub(super) fn compare_rows(
        &self,
        name: &str,
        a: &[&ast::Expr],
        b: &[&ast::Expr],
    ) -> Result<Typed, String> {
        let op = comparison(name).filter(|_| a.len() == b.len());
        let op = op.ok_or_else(|| format!("it compares rows by {name}"))?;
        let pairs: Vec<(Typed, Typed)> = std::iter::zip(a, b)
            .map(|(a, b)| Ok((self.expr(a)?, self.expr(b)?)))
            .collect::<Result<_, String>>()?;
        let (joined, strict) = match op {
            "eq" => ("and", "eq"),
            "ne" => ("or", "ne"),
            "lt" | "le" => ("", "lt"),
            _ => ("", "gt"),
        };
        let each = |op: &str, (a, b): &(Typed, Typed)| -> Result<Expr, String> {
            Ok(self.compare(op, a.clone(), b.clone())?.expr)
        };
        if !joined.is_empty() {
            let all = pairs.iter().map(|pair| each(strict, pair));
            let all = all.collect::<Result<_, String>>()?;
            return Ok(fold(Typed::of(Expr::new(joined, Type::Bool, all))));
        }
        // (a, b) < (c, d) asks for b and d where a = c, and for nothing more where either is NULL.
        let asked =
            |op: &str, pair: &(Typed, Typed)| Ok::<_, String>(computed(each(op, pair)?, pair));
        let mut whole: Option<Expr> = None;
        for pair in pairs.iter().rev() {
            whole = Some(match whole {
                None => asked(op, pair)?,
                Some(rest) => {
                    let parts = vec![asked("eq", pair)?, rest, asked(strict, pair)?];
                    fold(Typed::of(Expr::new("case", Type::Bool, parts))).expr
                }
            });
        }
        let whole = whole.ok_or("it compares empty rows")?;
        Ok(fold(Typed::of(whole)))
    }
}

/// A comparison in the order of rows. Of these Postgres computes both sides even where one is NULL in
/// itself, so what the other raises counts.
fn computed(compared: Expr, pair: &(Typed, Typed)) -> Expr {
    if compared.op != "const" || compared.text.is_some() {
        return compared;
    }
    let mut sides = [&pair.0.expr, &pair.1.expr].into_iter();
    let Some(side) = sides.find(|side| side.op != "const") else {
        return compared;
    };
    let is_null = Expr::new("is_null", Type::Bool, vec![side.clone()]);
    Expr::new(
        "case",
        Type::Bool,
        vec![is_null, compared.clone(), compared],
    )
}

/// The operation of a comparing operator.
pub(super) fn comparison(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "=" => "eq",
        "<>" | "!=" => "ne",
        "<" => "lt",
        "<=" => "le",
        ">" => "gt",
        ">=" => "ge",
        _ => return None,
    })
}

/// The type as which two types are compared.
fn comparable(a: &Type, b: &Type) -> Option<Type> {
    let (a, b) = (base(a), base(b));
    match (&a, &b) {
        // text compares with character as text, so that blanks at the end count.
        (Type::Char { .. }, Type::Char { .. }) => Some(a),
        (x, y) if is_text(x) && is_text(y) => match (x, y) {
            (Type::Char { .. }, Type::Varchar { .. })
            | (Type::Varchar { .. }, Type::Char { .. }) => Some(Type::Char { length: 0 }),
            _ => Some(Type::Text),
        },
        (Type::Float4, Type::Float8) | (Type::Float8, Type::Float4) => Some(Type::Float8),
        _ => common(&a, &b),
    }
}
