//! From the parser's tree to typed expressions.

use super::collation::Collation;
use super::fold::{FAILED, fold};
use super::kinds::{self, NUMERIC, base, common, implicit, is_collatable, is_text, shown};
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
                if data_type.to_string() == "unknown" {
                    return self.expr(expr);
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

    /// An operator between two values.
    pub(super) fn operate(&self, name: &str, a: Typed, b: Typed) -> Result<Typed, String> {
        if self.scope.operators.contains(name) {
            return Err(format!(
                "the operator {name} may be one of the database's own"
            ));
        }
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
            return Ok(call("date_as_timestamp", kind.clone(), vec![typed.expr]));
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

    fn compare_rows(
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
        // (a, b) < (c, d) is a < c OR a = c AND b < d.
        let mut whole: Option<Expr> = None;
        for pair in pairs.iter().rev() {
            whole = Some(match whole {
                None => each(op, pair)?,
                Some(rest) => {
                    let tie = Expr::new("and", Type::Bool, vec![each("eq", pair)?, rest]);
                    Expr::new("or", Type::Bool, vec![each(strict, pair)?, tie])
                }
            });
        }
        let whole = whole.ok_or("it compares empty rows")?;
        Ok(fold(Typed::of(whole)))
    }

    fn cast_expr(&self, inner: &ast::Expr, kind: &Type) -> Result<Typed, String> {
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
    fn assign(&self, typed: Typed, kind: &Type) -> Result<Typed, String> {
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
            _ => value::parse(kind, text),
        };
        let value = read.map_err(|e| format!("its constant can't be read: {}", e.message))?;
        let text = value::to_text(kind, &value);
        Ok(Typed::of(Expr::constant(kind.clone(), text.as_deref())))
    }

    /// `ARRAY[…]` of items of types that have one in common.
    pub(super) fn array(&self, items: Vec<Typed>) -> Result<Typed, String> {
        let kind = self.common_kind(&items)?;
        self.array_of(items, &kind)
    }

    fn array_of(&self, items: Vec<Typed>, of: &Type) -> Result<Typed, String> {
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
        V::SingleQuotedString(text)
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
        (T::Array { of: a }, T::Array { of: b }) => a == b || castable(a, b),
        (a, b) => base(a) == base(b),
    }
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
