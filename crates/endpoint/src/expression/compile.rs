//! From the parser's tree to typed expressions.

use super::collation::Collation;
use super::fold::{FAILED, fold};
use super::kinds::{self, NUMERIC, base, common, shown};
use super::parse::parse;
use super::{Scope, ScopeColumn};
use haversack_core::expr::Expr;
use haversack_core::schema::Type;
use haversack_core::value;
use sqlparser::ast::{self, BinaryOperator, CastKind, Ident, UnaryOperator};

/// An expression with what only the compiler needs to know of it.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) expr: Expr,
    /// A literal without a type: it takes the type of what it meets.
    pub(super) untyped: bool,
    pub(super) collation: Collation,
}

impl Typed {
    pub(super) fn of(expr: Expr) -> Self {
        Self {
            expr,
            untyped: false,
            collation: Collation::Default,
        }
    }

    pub(super) fn kind(&self) -> &Type {
        &self.expr.kind
    }

    /// The constant's text; `Some(None)` is NULL.
    pub(super) fn constant(&self) -> Option<Option<&str>> {
        (self.expr.op == "const").then_some(self.expr.text.as_deref())
    }
}

pub(super) fn compile(sql: &str, scope: &Scope, target: Option<&Type>) -> Result<Expr, String> {
    let parsed = parse(condition(sql))?;
    let compiler = Compiler { scope };
    let typed = compiler.expr(&parsed)?;
    let expr = match target {
        Some(target) => compiler.assign(typed, target)?.expr,
        None => typed.expr,
    };
    match &expr.text {
        Some(message) if expr.op == FAILED => Err(format!(
            "a part of it that is constant fails whatever the row is: {message}"
        )),
        _ => Ok(expr),
    }
}

/// What stands between the brackets of `CHECK (…) NO INHERIT NOT VALID`.
fn condition(sql: &str) -> &str {
    let sql = sql.trim();
    let Some(rest) = sql.strip_prefix("CHECK (") else {
        return sql;
    };
    let mut rest = rest;
    for ending in [" NOT ENFORCED", " NOT VALID", " NO INHERIT"] {
        rest = rest.strip_suffix(ending).unwrap_or(rest);
    }
    rest.strip_suffix(')').unwrap_or(rest)
}

pub(super) struct Compiler<'a> {
    pub(super) scope: &'a Scope,
}

impl Compiler<'_> {
    pub(super) fn all(&self, list: &[ast::Expr]) -> Result<Vec<Typed>, String> {
        list.iter().map(|e| self.expr(e)).collect()
    }

    pub(super) fn expr(&self, e: &ast::Expr) -> Result<Typed, String> {
        use ast::Expr as E;
        match e {
            E::Nested(inner) => self.expr(inner),
            E::Identifier(name) => self.column(name),
            E::CompoundIdentifier(names) => match &names[..] {
                [_, name] => self.column(name),
                _ => Err(format!("it names {e}, which is no column")),
            },
            E::Value(value) => constant(&value.value),
            E::TypedString(typed) => {
                let kind = kinds::of_sql(&typed.data_type, self.scope)?;
                self.cast(constant(&typed.value.value)?, &kind)
            }
            E::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr,
                data_type,
                format: None,
            } => {
                // Names of encodings are of the type name, and nothing else here is.
                if matches!(&*data_type.to_string(), "unknown" | "name") {
                    return self.expr(expr);
                }
                if data_type.to_string().eq_ignore_ascii_case("jsonpath") {
                    return self.path(expr);
                }
                let kind = kinds::of_sql(data_type, self.scope)?;
                self.cast_expr(expr, &kind)
            }
            E::IsNull(inner) => self.is_null(inner, "is_null"),
            E::IsNotNull(inner) => self.is_null(inner, "is_not_null"),
            E::IsTrue(inner) => self.truth("is_true", inner),
            E::IsNotTrue(inner) => self.truth("is_not_true", inner),
            E::IsFalse(inner) => self.truth("is_false", inner),
            E::IsNotFalse(inner) => self.truth("is_not_false", inner),
            E::IsUnknown(inner) => self.truth("is_null", inner),
            E::IsNotUnknown(inner) => self.truth("is_not_null", inner),
            E::IsDistinctFrom(a, b) => self.compare("distinct", self.expr(a)?, self.expr(b)?),
            E::IsNotDistinctFrom(a, b) => {
                self.compare("not_distinct", self.expr(a)?, self.expr(b)?)
            }
            E::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let value = self.expr(expr)?;
                let above = self.compare("ge", value.clone(), self.expr(low)?)?;
                let below = self.compare("le", value, self.expr(high)?)?;
                let both = Expr::new("and", Type::Bool, vec![above.expr, below.expr]);
                Ok(negate(fold(Typed::of(both)), *negated))
            }
            E::InList {
                expr,
                list,
                negated,
            } => {
                let value = self.expr(expr)?;
                let each = |item| Ok(self.compare("eq", value.clone(), self.expr(item)?)?.expr);
                let any = list.iter().map(each).collect::<Result<_, String>>()?;
                let any = Typed::of(Expr::new("or", Type::Bool, any));
                Ok(negate(fold(any), *negated))
            }
            E::Like {
                negated,
                any: false,
                expr,
                pattern,
                escape_char,
            } => self.like("~~", expr, pattern, escape_char.as_deref(), *negated),
            E::ILike {
                negated,
                any: false,
                expr,
                pattern,
                escape_char,
            } => self.like("~~*", expr, pattern, escape_char.as_deref(), *negated),
            E::SimilarTo {
                negated,
                expr,
                pattern,
                escape_char,
            } => self.similar_to(expr, pattern, escape_char.as_deref(), *negated),
            E::BinaryOp { left, op, right } => self.binary(left, op, right),
            E::UnaryOp { op, expr } => self.unary(*op, expr),
            E::AnyOp {
                left,
                compare_op,
                right,
                ..
            } => self.quantified("any", left, compare_op, right),
            E::AllOp {
                left,
                compare_op,
                right,
            } => self.quantified("all", left, compare_op, right),
            E::Collate { expr, collation } => {
                let mut typed = self.expr(expr)?;
                let last = collation.0.last().and_then(|part| part.as_ident());
                let name = last.map_or_else(|| collation.to_string(), |ident| ident.value.clone());
                if typed.untyped {
                    typed = self.cast(typed, &Type::Text)?;
                }
                typed.collation = Collation::Explicit(name);
                Ok(typed)
            }
            _ => self.special(e),
        }
    }

    /// A path of SQL/JSON: a constant, which the client reads as Postgres prints it.
    fn path(&self, expr: &ast::Expr) -> Result<Typed, String> {
        let typed = self.expr(expr)?;
        let Some(Some(path)) = typed.constant().filter(|_| typed.untyped) else {
            return Err("its path is no constant".into());
        };
        match haversack_core::expr::path_fault(path) {
            Some(fault) => Err(fault),
            None => Ok(Typed::of(Expr::constant(Type::Text, Some(path)))),
        }
    }

    fn column(&self, name: &Ident) -> Result<Typed, String> {
        let written = match name.quote_style {
            Some(_) => name.value.clone(),
            None => name.value.to_lowercase(),
        };
        if let Some(value) = &self.scope.value
            && written == "value"
            && name.quote_style.is_none()
        {
            return Ok(of_column(
                Expr::new("value", value.kind.clone(), vec![]),
                value,
            ));
        }
        if let Some(column) = self.scope.columns.get(&written) {
            return Ok(of_column(
                Expr::column(&written, column.kind.clone()),
                column,
            ));
        }
        Err(if self.scope.private.contains(&written) {
            format!("it reads {written}, which is private")
        } else {
            format!("it names {written}, which is no column that the client has")
        })
    }

    fn is_null(&self, inner: &ast::Expr, op: &str) -> Result<Typed, String> {
        if let Some(parts) = row(inner) {
            // A row is null where all of it is, and not null where nothing of it is null.
            // Postgres doesn't look into a row inside a row.
            let each = |part: &ast::Expr| -> Result<Expr, String> {
                let part = self.expr(part)?;
                Ok(Expr::new(op, Type::Bool, vec![part.expr]))
            };
            let all = parts.into_iter().map(each).collect::<Result<_, String>>()?;
            return Ok(fold(Typed::of(Expr::new("and", Type::Bool, all))));
        }
        let typed = self.expr(inner)?;
        Ok(fold(Typed::of(Expr::new(op, Type::Bool, vec![typed.expr]))))
    }

    fn truth(&self, op: &str, inner: &ast::Expr) -> Result<Typed, String> {
        let inner = self.condition(inner)?;
        Ok(fold(Typed::of(Expr::new(op, Type::Bool, vec![inner]))))
    }

    /// An expression that has to be boolean.
    pub(super) fn condition(&self, e: &ast::Expr) -> Result<Expr, String> {
        Ok(self.cast_implicit(self.expr(e)?, &Type::Bool)?.expr)
    }

    fn unary(&self, op: UnaryOperator, inner: &ast::Expr) -> Result<Typed, String> {
        match op {
            UnaryOperator::Not => Ok(negate(Typed::of(self.condition(inner)?), true)),
            UnaryOperator::Plus => self.expr(inner),
            UnaryOperator::Minus => {
                // The smallest integer is no negated integer.
                if let ast::Expr::Value(value) = inner
                    && let ast::Value::Number(digits, _) = &value.value
                {
                    return number(&format!("-{digits}"));
                }
                self.call("-", vec![self.expr(inner)?])
            }
            UnaryOperator::BitwiseNot
            | UnaryOperator::PGAbs
            | UnaryOperator::PGSquareRoot
            | UnaryOperator::PGCubeRoot => self.call(&op.to_string(), vec![self.expr(inner)?]),
            _ => Err(format!(
                "it uses the operator {op}, which the client has not"
            )),
        }
    }

    fn binary(
        &self,
        left: &ast::Expr,
        op: &BinaryOperator,
        right: &ast::Expr,
    ) -> Result<Typed, String> {
        let logic = match op {
            BinaryOperator::And => Some("and"),
            BinaryOperator::Or => Some("or"),
            _ => None,
        };
        if let Some(logic) = logic {
            let mut parts = Vec::new();
            self.flatten(left, op, &mut parts)?;
            self.flatten(right, op, &mut parts)?;
            return Ok(fold(Typed::of(Expr::new(logic, Type::Bool, parts))));
        }
        if *op == BinaryOperator::Overlaps
            && let (Some(a), Some(b)) = (row(left), row(right))
        {
            let ends = a.into_iter().chain(b).map(|end| self.expr(end));
            return self.overlaps(ends.collect::<Result<_, String>>()?);
        }
        let name = symbol(op)?;
        if let (Some(a), Some(b)) = (row(left), row(right)) {
            return self.compare_rows(&name, &a, &b);
        }
        self.operate(&name, self.expr(left)?, self.expr(right)?)
    }

    /// AND and OR of many parts are one node, as the parser nests them to the left.
    fn flatten(
        &self,
        e: &ast::Expr,
        wanted: &BinaryOperator,
        parts: &mut Vec<Expr>,
    ) -> Result<(), String> {
        match e {
            ast::Expr::BinaryOp { left, op, right } if op == wanted => {
                self.flatten(left, wanted, parts)?;
                self.flatten(right, wanted, parts)?;
            }
            _ => parts.push(self.condition(e)?),
        }
        Ok(())
    }

    /// `ARRAY[…]` of items of types that have one in common.
    pub(super) fn array(&self, items: Vec<Typed>) -> Result<Typed, String> {
        let kind = self.common_kind(&items)?;
        self.array_of(items, &kind)
    }

    pub(super) fn array_of(&self, items: Vec<Typed>, of: &Type) -> Result<Typed, String> {
        let nested = matches!(of, Type::Array { .. });
        let (items, collation) = self.cast_all(items, of)?;
        let kind = match of {
            // An array of arrays is one of more dimensions.
            Type::Array { .. } if nested => of.clone(),
            _ => Type::Array {
                of: Box::new(of.clone()),
            },
        };
        let mut typed = fold(Typed::of(Expr::new("array", kind, items)));
        typed.collation = collation;
        Ok(typed)
    }

    /// The type that several values become.
    pub(super) fn common_kind(&self, items: &[Typed]) -> Result<Type, String> {
        let mut typed = items.iter().filter(|item| !item.untyped);
        let Some(first) = typed.next() else {
            return Ok(Type::Text);
        };
        let mut found = first.kind().clone();
        for item in typed {
            if *item.kind() == found {
                continue;
            }
            let (a, b) = (base(&found), base(item.kind()));
            found = common(&a, &b)
                .ok_or_else(|| format!("it takes {} and {} as one type", shown(&a), shown(&b)))?;
        }
        Ok(found)
    }

    pub(super) fn cast_all(
        &self,
        items: Vec<Typed>,
        kind: &Type,
    ) -> Result<(Vec<Expr>, Collation), String> {
        let mut collation = Collation::Default;
        let mut cast = Vec::new();
        for item in items {
            let item = self.cast_implicit(item, kind)?;
            collation = collation.with(item.collation);
            cast.push(item.expr);
        }
        Ok((cast, collation))
    }
}

fn of_column(expr: Expr, column: &ScopeColumn) -> Typed {
    Typed {
        expr,
        untyped: false,
        collation: match &column.collation {
            Some(name) => Collation::Implicit(name.clone()),
            None => Collation::Default,
        },
    }
}

/// The parts of `(…, …)` and `ROW(…)`.
fn row(e: &ast::Expr) -> Option<Vec<&ast::Expr>> {
    match e {
        ast::Expr::Nested(inner) => row(inner),
        ast::Expr::Tuple(parts) => Some(parts.iter().collect()),
        ast::Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("row") => {
            let ast::FunctionArguments::List(list) = &function.args else {
                return None;
            };
            let part = |arg| match arg {
                &ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ref part)) => Some(part),
                _ => None,
            };
            list.args.iter().map(part).collect()
        }
        _ => None,
    }
}

fn constant(value: &ast::Value) -> Result<Typed, String> {
    use ast::Value as V;
    Ok(match value {
        V::Number(digits, _) => return number(digits),
        V::Boolean(bool) => Typed::of(Expr::constant(
            Type::Bool,
            Some(if *bool { "true" } else { "false" }),
        )),
        V::Null => Typed {
            untyped: true,
            ..Typed::of(Expr::constant(Type::Text, None))
        },
        // The catalog prints bits with their type, B'01'::"bit".
        V::SingleQuotedByteStringLiteral(text)
        | V::SingleQuotedString(text)
        | V::EscapedStringLiteral(text)
        | V::UnicodeStringLiteral(text) => Typed {
            untyped: true,
            ..Typed::of(Expr::constant(Type::Text, Some(text)))
        },
        other => return Err(format!("it has a constant that can't be read: {other}")),
    })
}

fn number(digits: &str) -> Result<Typed, String> {
    let kind = if digits.parse::<i32>().is_ok() {
        Type::Int4
    } else if digits.parse::<i64>().is_ok() {
        Type::Int8
    } else {
        NUMERIC
    };
    let value = value::parse(&kind, digits).map_err(|e| e.message.clone())?;
    let text = value::to_text(&kind, &value);
    Ok(Typed::of(Expr::constant(kind, text.as_deref())))
}

/// The operator's symbol.
pub(super) fn symbol(op: &BinaryOperator) -> Result<String, String> {
    Ok(match op {
        BinaryOperator::PGCustomBinaryOperator(parts) => match &parts[..] {
            [schema, name] if schema == "pg_catalog" => name.clone(),
            [name] => name.clone(),
            _ => {
                return Err(format!(
                    "it uses the operator {}, which is the database's own",
                    parts.join(".")
                ));
            }
        },
        other => other.to_string(),
    })
}

pub(super) fn negate(typed: Typed, negated: bool) -> Typed {
    if negated {
        fold(Typed::of(Expr::new("not", Type::Bool, vec![typed.expr])))
    } else {
        typed
    }
}

pub(super) fn call(function: &str, kind: Type, args: Vec<Expr>) -> Expr {
    Expr {
        text: Some(function.into()),
        ..Expr::new("call", kind, args)
    }
}
