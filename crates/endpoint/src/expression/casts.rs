//! Casts: those that are written, those that Postgres makes by itself, those of an assignment.

use super::collation::Collation;
use super::compile::{Compiler, Typed, call};
use super::fold::fold;
use super::kinds::{base, computed, implicit, is_collatable, is_text, shown};
use haversack_core::expr::Expr;
use haversack_core::schema::Type;
use haversack_core::value;
use sqlparser::ast;

impl Compiler<'_> {
    pub(super) fn cast_expr(&self, inner: &ast::Expr, kind: &Type) -> Result<Typed, String> {
        if let ast::Expr::Array(array) = inner
            && let Type::Array { of } = kind
        {
            let items = self.all(&array.elem)?;
            if items.is_empty() {
                return Ok(Typed::of(Expr::constant(kind.clone(), Some("{}"))));
            }
            if items.iter().all(|item| item.untyped) {
                return self.array_of(items, of);
            }
            return self.cast(self.array(items)?, kind);
        }
        self.cast(self.expr(inner)?, kind)
    }

    /// A cast where Postgres makes one by itself.
    pub(super) fn cast_implicit(&self, typed: Typed, kind: &Type) -> Result<Typed, String> {
        if !typed.untyped && !implicit(&base(typed.kind()), &base(kind)) {
            return Err(format!(
                "it uses a value of the type {} as {}",
                shown(typed.kind()),
                shown(kind)
            ));
        }
        self.cast(typed, kind)
    }

    /// A cast that is written out, or that an assignment makes.
    pub(super) fn cast(&self, typed: Typed, kind: &Type) -> Result<Typed, String> {
        if typed.kind() == kind && !typed.untyped {
            return Ok(typed);
        }
        if !typed.untyped && (computed(typed.kind()).is_some() || computed(kind).is_some()) {
            return self.cast_rare(typed, kind);
        }
        if typed.untyped {
            let Some(Some(text)) = typed.constant() else {
                return Ok(Typed::of(Expr::constant(kind.clone(), None)));
            };
            return self.literal(text, kind);
        }
        if !castable(typed.kind(), kind) {
            return Err(format!(
                "it casts {} to {}, which the client can't",
                shown(typed.kind()),
                shown(kind)
            ));
        }
        let collation = match is_collatable(typed.kind()) {
            true => typed.collation.clone(),
            false => Collation::Default,
        };
        let inner = match typed.kind() {
            // JSON's null becomes NULL since version 18; before, it is an error.
            Type::Jsonb if !is_text(kind) && *kind != Type::Json && self.scope.server >= 18 => {
                let null = Expr::constant(Type::Jsonb, Some("null"));
                let is_null = Expr::new("eq", Type::Bool, vec![typed.expr.clone(), null]);
                let null = Expr::constant(Type::Jsonb, None);
                fold(Typed::of(Expr::new(
                    "case",
                    Type::Jsonb,
                    vec![fold(Typed::of(is_null)).expr, null, typed.expr],
                )))
                .expr
            }
            _ => typed.expr,
        };
        let mut typed = fold(Typed::of(Expr::new("cast", kind.clone(), vec![inner])));
        typed.collation = collation;
        Ok(typed)
    }

    /// The cast that an assignment to a column makes, which refuses a text that is too long.
    pub(super) fn assign(&self, typed: Typed, kind: &Type) -> Result<Typed, String> {
        let limited = matches!(kind, Type::Varchar { length: Some(_) } | Type::Char { .. });
        if !limited || typed.kind() == kind {
            return self.cast(typed, kind);
        }
        let typed = match typed.untyped {
            true => self.cast(typed, &Type::Text)?,
            false => typed,
        };
        if !castable(typed.kind(), kind) {
            return self.cast(typed, kind);
        }
        Ok(fold(Typed::of(call(
            "assign",
            kind.clone(),
            vec![typed.expr],
        ))))
    }

    /// A literal of a type.
    fn literal(&self, text: &str, kind: &Type) -> Result<Typed, String> {
        // These words mean the time at which they are read, which the catalog has not.
        let special = ["now", "today", "tomorrow", "yesterday", "allballs", "epoch"];
        let word = text.trim().to_ascii_lowercase();
        let time = matches!(
            kind,
            Type::Date | Type::Time | Type::Timestamp | Type::Timestamptz
        );
        if time && special.iter().any(|s| word.contains(s)) {
            return Err(format!(
                "it means another time whenever it is read: '{text}'"
            ));
        }
        // A cast to a length cuts a text off, where an assignment refuses it.
        let read = match kind {
            Type::Varchar { length: Some(_) } | Type::Char { .. } => {
                let text = Expr::constant(Type::Text, Some(text));
                return Ok(fold(Typed::of(Expr::new("cast", kind.clone(), vec![text]))));
            }
            Type::Opaque { .. } if computed(kind).is_some() => value::parse(&base(kind), text),
            _ => value::parse(kind, text),
        };
        let value = read.map_err(|e| format!("its constant can't be read: {}", e.message))?;
        let text = value::to_text(kind, &value);
        Ok(Typed::of(Expr::constant(kind.clone(), text.as_deref())))
    }
}

/// Can the client make one type of another, as Postgres does where a cast is written out?
fn castable(from: &Type, to: &Type) -> bool {
    use Type as T;
    let number = |kind: &Type| {
        matches!(
            kind,
            T::Int2 | T::Int4 | T::Int8 | T::Float4 | T::Float8 | T::Numeric { .. }
        )
    };
    match (from, to) {
        (T::Opaque { .. }, _) | (_, T::Opaque { .. }) => false,
        (_, to) if is_text(to) => true,
        (from, _) if is_text(from) => true,
        (a, b) if number(a) && number(b) => true,
        (T::Bool, T::Int4) | (T::Int4, T::Bool) => true,
        (T::Date | T::Timestamp | T::Timestamptz, T::Date | T::Timestamp | T::Timestamptz) => true,
        (T::Timestamp | T::Timestamptz | T::Interval, T::Time) | (T::Time, T::Interval) => true,
        (T::Json, T::Jsonb) | (T::Jsonb, T::Json) => true,
        (T::Jsonb, T::Bool) => true,
        (T::Jsonb, to) => number(to),
        // Of addresses a cast to text is not what an array prints.
        (T::Array { of: a }, T::Array { of: b }) if computed(a).is_some() => base(a) == base(b),
        (T::Array { of: a }, T::Array { of: b }) => a == b || castable(a, b),
        (a, b) => base(a) == base(b),
    }
}
