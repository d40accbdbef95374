//! Casts of the types that few schemas have: what the core calls `more`.

use super::compile::{Compiler, Typed, call};
use super::fold::fold;
use super::kinds::{base, computed, is_text, opaque, shown};
use haversack_core::expr::Expr;
use haversack_core::schema::Type;

impl Compiler<'_> {
    /// A cast that is written out, to or from one of these types.
    pub(super) fn cast_rare(&self, typed: Typed, kind: &Type) -> Result<Typed, String> {
        let (from, to) = (base(typed.kind()), base(kind));
        let (source, target) = (computed(&from), computed(&to));
        let made = |name: &str, kind: Type, args: Vec<Expr>| {
            let name = format!("{}{name}", haversack_core::more::PREFIX);
            Ok(fold(Typed::of(call(&name, kind, args))))
        };
        let length = length(kind);
        match (source, target) {
            // What the client keeps is the same, so the name of the type alone changes.
            (Some(a), Some(b)) if a == b && length.is_none() => Ok(typed),
            (Some("cidr"), Some("inet")) => {
                Ok(fold(Typed::of(Expr::new("cast", to, vec![typed.expr]))))
            }
            (Some("inet"), Some("cidr")) => made("network_network", to, vec![typed.expr]),
            (Some("bit" | "bit varying"), Some(name @ ("bit" | "bit varying"))) => match length {
                None => Ok(Typed::of(Expr {
                    kind: to,
                    ..typed.expr
                })),
                Some(length) => {
                    let function = if name == "bit" {
                        "bits_to_bit"
                    } else {
                        "bits_to_varbit"
                    };
                    made(function, to, vec![typed.expr, length])
                }
            },
            (Some("bit"), None) if to == Type::Int4 => made("bits_int4", to, vec![typed.expr]),
            (Some("bit"), None) if to == Type::Int8 => made("bits_int8", to, vec![typed.expr]),
            (None, Some("bit")) if matches!(from, Type::Int4 | Type::Int8) => {
                let length = length.ok_or("it casts a number to bits of no length")?;
                let function = match from {
                    Type::Int4 => "bits_of_int4",
                    _ => "bits_of_int8",
                };
                made(function, to, vec![typed.expr, length])
            }
            (Some("time with time zone"), None) if to == Type::Time => {
                made("timetz_time", to, vec![typed.expr])
            }
            (Some(_), None) if is_text(&to) => {
                let text = Expr::new("cast", Type::Text, vec![typed.expr]);
                self.cast(fold(Typed::of(text)), kind)
            }
            (None, Some(_)) if is_text(&from) => {
                let read = Expr::new("cast", to, vec![typed.expr]);
                self.cast_rare(fold(Typed::of(read)), kind)
            }
            _ => Err(format!(
                "it casts {} to {}, which the client can't",
                shown(&from),
                shown(kind)
            )),
        }
    }
}

/// The length or precision in a type's name, which a cast to it applies.
fn length(kind: &Type) -> Option<Expr> {
    let Type::Opaque { sql } = kind else {
        return None;
    };
    let digits = sql.split_once('(')?.1.split(')').next()?;
    Some(Expr::constant(Type::Int4, Some(digits)))
}

/// A type by the word of the table of signatures.
pub(super) fn by_word(word: &str) -> Option<Type> {
    Some(opaque(haversack_core::more::plain_name(word)?))
}
