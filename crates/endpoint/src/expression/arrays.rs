//! What stands in brackets after a value, and ANY and ALL of arrays.

use super::compare::comparison;
use super::compile::{Compiler, Typed, call, symbol};
use super::fold::fold;
use super::kinds::{base, shown};
use super::special::int;
use haversack_core::expr::Expr;
use haversack_core::schema::Type;
use sqlparser::ast::{self, AccessExpr, BinaryOperator, Subscript};

impl Compiler<'_> {
    /// `array[1]`, `jsonb['key']`.
    pub(super) fn access(&self, root: &ast::Expr, chain: &[AccessExpr]) -> Result<Typed, String> {
        let mut typed = self.expr(root)?;
        let mut indices = Vec::new();
        for access in chain {
            match access {
                AccessExpr::Subscript(Subscript::Index { index }) => {
                    indices.push(self.expr(index)?);
                }
                AccessExpr::Subscript(Subscript::Slice { .. }) => return self.slice(typed, chain),
                AccessExpr::Dot(_) => return Err("it takes a part of a row".into()),
            }
        }
        if *typed.kind() == Type::Jsonb {
            for index in indices {
                typed = self.call("->", vec![typed, index])?;
            }
            return Ok(typed);
        }
        let Type::Array { of } = typed.kind().clone() else {
            return Err(format!("it takes a part of {}", shown(typed.kind())));
        };
        let collation = typed.collation.clone();
        let mut args = vec![typed.expr];
        for index in indices {
            args.push(self.cast(index, &Type::Int4)?.expr);
        }
        Ok(Typed {
            collation,
            ..fold(Typed::of(call("array_get", *of, args)))
        })
    }

    /// `array[1:2]`, where a bound that is missing is the furthest one.
    fn slice(&self, array: Typed, chain: &[AccessExpr]) -> Result<Typed, String> {
        let Type::Array { .. } = array.kind() else {
            return Err(format!("it takes a slice of {}", shown(array.kind())));
        };
        let (kind, collation) = (array.kind().clone(), array.collation.clone());
        let mut args = vec![array.expr];
        for access in chain {
            let AccessExpr::Subscript(subscript) = access else {
                return Err("it takes a part of a row".into());
            };
            // Among slices a single place means all up to it.
            let (lower, upper) = match subscript {
                Subscript::Index { index } => (int(1), self.expr(index)?),
                Subscript::Slice {
                    stride: Some(_), ..
                } => {
                    return Err("it takes every so many of an array".into());
                }
                Subscript::Slice {
                    lower_bound,
                    upper_bound,
                    stride: None,
                } => {
                    let bound = |given: &Option<ast::Expr>, furthest| match given {
                        Some(bound) => self.expr(bound),
                        None => Ok(int(furthest)),
                    };
                    (bound(lower_bound, i32::MIN)?, bound(upper_bound, i32::MAX)?)
                }
            };
            for bound in [lower, upper] {
                args.push(self.cast(bound, &Type::Int4)?.expr);
            }
        }
        Ok(Typed {
            collation,
            ..fold(Typed::of(call("array_slice", kind, args)))
        })
    }

    /// `a = ANY (array)` and its like.
    pub(super) fn quantified(
        &self,
        op: &str,
        left: &ast::Expr,
        operator: &BinaryOperator,
        right: &ast::Expr,
    ) -> Result<Typed, String> {
        let symbol = symbol(operator)?;
        self.postgres_operator(&symbol)?;
        let (value, array) = (self.expr(left)?, self.expr(right)?);
        let array = match array.untyped {
            true => {
                let of = Box::new(base(value.kind()));
                self.cast(array, &Type::Array { of })?
            }
            false => array,
        };
        let Type::Array { of } = array.kind().clone() else {
            return Err(format!("it asks {op} of {}", shown(array.kind())));
        };
        let element = Typed {
            collation: array.collation.clone(),
            ..Typed::of(Expr::column("", (*of).clone()))
        };
        let Some(comparison) = comparison(&symbol) else {
            return self.quantified_patterns(op, &symbol, value, &array);
        };
        // What one comparison becomes tells how both sides have to be cast.
        let one = self.comparison(comparison, value, element)?;
        let [value, element] =
            <[Expr; 2]>::try_from(one.args).map_err(|_| "it compares nothing")?;
        let target = Type::Array {
            of: Box::new(element.kind.clone()),
        };
        let array = match element.op == "call" || base(&element.kind) != base(&of) {
            true => self.cast(array, &target)?.expr,
            false => array.expr,
        };
        Ok(fold(Typed::of(Expr {
            text: Some(comparison.into()),
            ..Expr::new(op, Type::Bool, vec![value, array])
        })))
    }

    /// LIKE and regular expressions over a constant list, spelled out.
    fn quantified_patterns(
        &self,
        op: &str,
        symbol: &str,
        value: Typed,
        array: &Typed,
    ) -> Result<Typed, String> {
        let items = haversack_core::value::array_texts(array.constant().flatten().unwrap_or("["));
        let items =
            items.ok_or_else(|| format!("it asks {symbol} of an array that is no constant"))?;
        let mut each = Vec::new();
        for item in items {
            let pattern = Expr::constant(Type::Text, item.as_deref());
            each.push(
                self.operate(symbol, value.clone(), Typed::of(pattern))?
                    .expr,
            );
        }
        let joined = if op == "any" { "or" } else { "and" };
        if each.is_empty() {
            let text = if op == "any" { "false" } else { "true" };
            return Ok(Typed::of(Expr::constant(Type::Bool, Some(text))));
        }
        Ok(fold(Typed::of(Expr::new(joined, Type::Bool, each))))
    }
}
