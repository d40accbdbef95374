//! Forms with a grammar of their own, and functions that take anything.

use super::collation::Collation;
use super::compile::{Compiler, Typed, call, negate};
use super::fold::fold;
use super::kinds::{base, shown};
use super::parse::VARIADIC;
use haversack_core::expr::Expr;
use haversack_core::more::plain_name;
use haversack_core::schema::Type;
use sqlparser::ast::{
    self, CaseWhen, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, TrimWhereField,
};

impl Compiler<'_> {
    pub(super) fn special(&self, e: &ast::Expr) -> Result<Typed, String> {
        use ast::Expr as E;
        match e {
            E::Array(array) => self.array(self.all(&array.elem)?),
            E::Case {
                operand,
                conditions,
                else_result,
                ..
            } => self.case(operand.as_deref(), conditions, else_result.as_deref()),
            E::Function(function) => self.function(function),
            E::Extract { field, expr, .. } => {
                let field = field.to_string().to_lowercase();
                let field = field.trim_matches(['\'', '"']);
                self.own("extract")?;
                self.call("extract", vec![text(field), self.expr(expr)?])
            }
            E::Ceil { expr, .. } => self.named("ceil", vec![self.expr(expr)?]),
            E::Floor { expr, .. } => self.named("floor", vec![self.expr(expr)?]),
            E::Position { expr, r#in } => {
                self.call("position", vec![self.expr(r#in)?, self.expr(expr)?])
            }
            E::Substring {
                expr,
                substring_from,
                substring_for,
                ..
            } => {
                let mut args = vec![self.expr(expr)?];
                match (substring_from, substring_for) {
                    (Some(from), _) => args.push(self.expr(from)?),
                    (None, Some(_)) => args.push(int(1)),
                    (None, None) => {}
                }
                if let Some(length) = substring_for {
                    args.push(self.expr(length)?);
                }
                self.named("substring", args)
            }
            E::Trim {
                trim_where,
                trim_what,
                expr,
                trim_characters,
            } => {
                let function = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    Some(TrimWhereField::Both) | None => "btrim",
                };
                let mut args = vec![self.expr(expr)?];
                if let Some(what) = trim_what {
                    args.push(self.expr(what)?);
                }
                for more in trim_characters.iter().flatten() {
                    args.push(self.expr(more)?);
                }
                self.call(function, args)
            }
            E::Overlay {
                expr,
                overlay_what,
                overlay_from,
                overlay_for,
            } => {
                let mut args = vec![
                    self.expr(expr)?,
                    self.expr(overlay_what)?,
                    self.expr(overlay_from)?,
                ];
                if let Some(length) = overlay_for {
                    args.push(self.expr(length)?);
                }
                self.call("overlay", args)
            }
            E::AtTimeZone {
                timestamp,
                time_zone,
            } => self.at_time_zone(self.expr(timestamp)?, self.expr(time_zone)?),
            E::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            E::Interval(interval) if interval.leading_field.is_none() => {
                self.cast(self.expr(&interval.value)?, &Type::Interval)
            }
            E::Exists { .. } | E::Subquery(_) | E::InSubquery { .. } => {
                Err("it reads other rows".into())
            }
            other => Err(format!("it has a form that the client has not: {other}")),
        }
    }

    fn case(
        &self,
        operand: Option<&ast::Expr>,
        conditions: &[CaseWhen],
        else_result: Option<&ast::Expr>,
    ) -> Result<Typed, String> {
        let operand = operand.map(|e| self.expr(e)).transpose()?;
        let mut results = Vec::new();
        let mut asked = Vec::new();
        for when in conditions {
            asked.push(match &operand {
                Some(operand) => {
                    let compared = self.expr(&when.condition)?;
                    self.compare("eq", operand.clone(), compared)?.expr
                }
                None => self.condition(&when.condition)?,
            });
            results.push(self.expr(&when.result)?);
        }
        results.push(match else_result {
            Some(e) => self.expr(e)?,
            None => null(),
        });
        let kind = self.common_kind(&results)?;
        let (results, collation) = self.cast_all(results, &kind)?;
        let mut args = Vec::new();
        let mut results = results.into_iter();
        for condition in asked {
            args.push(condition);
            args.extend(results.next());
        }
        args.extend(results);
        Ok(Typed {
            collation,
            ..fold(Typed::of(Expr::new("case", kind, args)))
        })
    }

    /// A function's arguments by position.
    fn arguments(&self, function: &ast::Function) -> Result<Vec<Typed>, String> {
        let simple = function.filter.is_none()
            && function.over.is_none()
            && function.within_group.is_empty()
            && matches!(function.parameters, FunctionArguments::None);
        let unusual = || format!("it calls {function} in a way that the client has not");
        if !simple {
            return Err(unusual());
        }
        let list = match &function.args {
            FunctionArguments::None => return Ok(Vec::new()),
            FunctionArguments::List(list) => list,
            FunctionArguments::Subquery(_) => return Err("it reads other rows".into()),
        };
        if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
            return Err(unusual());
        }
        let each = |arg: &FunctionArg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => self.expr(e),
            _ => Err(unusual()),
        };
        list.args.iter().map(each).collect()
    }

    fn function(&self, function: &ast::Function) -> Result<Typed, String> {
        let name = self.function_name(&function.name)?;
        if name == "row" {
            return Err("it makes a row".into());
        }
        if name == "make_interval" {
            return self.make_interval(function);
        }
        let args = self.arguments(function)?;
        if name == VARIADIC {
            return match <[Typed; 1]>::try_from(args) {
                Ok([list]) => Ok(list),
                Err(_) => Err("it spreads no list".into()),
            };
        }
        // What takes anything takes the list for one of many things.
        let anything = ["concat", "concat_ws", "num_nulls", "num_nonnulls", "format"];
        if anything.contains(&&*name) && function.to_string().contains(VARIADIC) {
            return Err(format!("it spreads a list over the arguments of {name}"));
        }
        self.named(&name, args)
    }

    /// The name of a function of Postgres; any other is an error.
    fn function_name(&self, name: &ObjectName) -> Result<String, String> {
        let idents: Option<Vec<_>> = name.0.iter().map(|part| part.as_ident()).collect();
        let idents = idents.ok_or_else(|| format!("it calls {name}"))?;
        let plain = |ident: &ast::Ident| match ident.quote_style {
            Some(_) => ident.value.clone(),
            None => ident.value.to_lowercase(),
        };
        match &idents[..] {
            [schema, name] if plain(schema) == "pg_catalog" => Ok(plain(name)),
            [name] => {
                let name = plain(name);
                self.own(&name)?;
                Ok(name)
            }
            _ => Err(format!(
                "it calls the function {name}, which is the database's own"
            )),
        }
    }

    fn own(&self, name: &str) -> Result<(), String> {
        if self.scope.own.contains(name) {
            return Err(format!(
                "it calls the function {name}, which is the database's own"
            ));
        }
        Ok(())
    }

    /// Calls a function of Postgres by its name.
    fn named(&self, name: &str, mut args: Vec<Typed>) -> Result<Typed, String> {
        if let Some(Type::Opaque { sql }) = args
            .iter()
            .map(Typed::kind)
            .find(|kind| matches!(kind, Type::Opaque { .. }))
            && !matches!(name, "num_nulls" | "num_nonnulls")
            // An inet is abbreviated as it is printed; a cidr is in a way of its own.
            && (plain_name(sql).is_none() || (name == "abbrev" && sql == "cidr"))
        {
            return Err(format!(
                "it calls {name} for the type {sql}, which the client carries as text"
            ));
        }
        match (name, args.len()) {
            (
                "now"
                | "current_timestamp"
                | "transaction_timestamp"
                | "statement_timestamp"
                | "clock_timestamp",
                0,
            ) => Ok(now()),
            ("current_date", 0) => self.cast(now(), &Type::Date),
            ("localtimestamp", 0) => self.cast(now(), &Type::Timestamp),
            ("localtime", 0) => self.cast(now(), &Type::Time),
            ("gen_random_uuid" | "uuidv4" | "uuidv7", 0) => {
                Ok(Typed::of(Expr::new("uuid", Type::Uuid, vec![])))
            }
            ("current_setting", 1 | 2) => self.setting(&args),
            ("coalesce", 1..) => self.one_of_type("coalesce", args),
            ("greatest" | "least", 1..) => {
                let kind = self.common_kind(&args)?;
                let collation = args
                    .iter()
                    .fold(Collation::Default, |c, arg| c.with(arg.collation.clone()));
                self.check_comparable(&base(&kind), false, &collation)?;
                self.one_of_type(name, args)
            }
            ("nullif", 2) => {
                let (kind, collation) = (args[0].kind().clone(), args[0].collation.clone());
                if args[0].untyped {
                    args[0] = self.cast(args[0].clone(), &Type::Text)?;
                }
                let (first, second) = (args[0].clone(), args[1].clone());
                let equal = self.compare("eq", first.clone(), second)?;
                let null = Expr::constant(kind.clone(), None);
                Ok(Typed {
                    collation,
                    ..fold(Typed::of(Expr::new(
                        "case",
                        kind,
                        vec![equal.expr, null, first.expr],
                    )))
                })
            }
            ("concat", 1..) => self.concat("concat", args),
            ("concat_ws", 2..) => self.concat("concat_ws", args),
            ("num_nulls" | "num_nonnulls", 1..) => {
                let args = args.into_iter().map(|arg| arg.expr).collect();
                Ok(fold(Typed::of(call(name, Type::Int4, args))))
            }
            ("timezone", 2) => {
                let zone = args.remove(0);
                self.at_time_zone(args.remove(0), zone)
            }
            ("substring", 3) if *args[2].kind() == Type::Text => {
                let escape = args.pop().into_iter();
                let pattern = args.pop().into_iter().chain(escape).collect();
                args.push(self.call("similar_to_escape", pattern)?);
                self.call(name, args)
            }
            ("random", 0) if self.scope.draws => {
                Ok(Typed::of(Expr::new("random", Type::Float8, vec![])))
            }
            ("random" | "setseed" | "gen_random_bytes" | "uuid_generate_v1", _) => Err(format!(
                "it calls the function {name}, whose results only the server can draw"
            )),
            ("session_user" | "current_user" | "user" | "current_role", 0) => {
                Err("it asks for the database role".into())
            }
            _ => match self.in_other_words(name, args)? {
                Ok(typed) => Ok(typed),
                Err(args) => self.call(name, args),
            },
        }
    }

    pub(super) fn one_of_type(&self, op: &str, args: Vec<Typed>) -> Result<Typed, String> {
        let kind = self.common_kind(&args)?;
        let (args, collation) = self.cast_all(args, &kind)?;
        Ok(Typed {
            collation,
            ..fold(Typed::of(Expr::new(op, kind, args)))
        })
    }

    /// Texts of anything, as its type prints it.
    pub(super) fn concat(&self, function: &str, args: Vec<Typed>) -> Result<Typed, String> {
        let mut collation = Collation::Default;
        let mut cast = Vec::new();
        for (i, arg) in args.into_iter().enumerate() {
            collation = collation.with(arg.collation.clone());
            let arg = match arg.kind() {
                _ if arg.untyped || (i == 0 && function == "concat_ws") => {
                    self.cast(arg, &Type::Text)?
                }
                Type::Text => arg,
                Type::Char { .. } => self.padded("output", arg),
                _ => fold(Typed::of(call("output", Type::Text, vec![arg.expr]))),
            };
            cast.push(arg.expr);
        }
        Ok(Typed {
            collation,
            ..fold(Typed::of(call(function, Type::Text, cast)))
        })
    }

    /// `current_setting` of the identity's setting.
    fn setting(&self, args: &[Typed]) -> Result<Typed, String> {
        let name = args[0].constant().flatten().unwrap_or_default();
        if name.eq_ignore_ascii_case(&self.scope.identity) && !name.is_empty() {
            return Ok(Typed::of(Expr::new("identity", Type::Text, vec![])));
        }
        Err(format!("it asks for the setting {name}"))
    }

    /// Between timestamps with and without a zone; the endpoint's sessions run in UTC.
    fn at_time_zone(&self, time: Typed, zone: Typed) -> Result<Typed, String> {
        let name = zone.constant().flatten().unwrap_or_default().to_owned();
        let utc = [
            "utc",
            "etc/utc",
            "gmt",
            "etc/gmt",
            "z",
            "zulu",
            "universal",
            "uct",
        ];
        if !utc.contains(&&*name.to_ascii_lowercase()) {
            return Err(format!("it asks for the time zone {name}"));
        }
        match time.kind() {
            Type::Timestamp => self.cast(time, &Type::Timestamptz),
            Type::Timestamptz => self.cast(time, &Type::Timestamp),
            Type::Date => {
                // A date becomes a timestamp with a zone first.
                let time = self.cast(time, &Type::Timestamptz)?;
                self.cast(time, &Type::Timestamp)
            }
            other => Err(format!("it puts {} into a time zone", shown(other))),
        }
    }

    pub(super) fn like(
        &self,
        symbol: &str,
        value: &ast::Expr,
        pattern: &ast::Expr,
        escape: Option<&ast::Expr>,
        negated: bool,
    ) -> Result<Typed, String> {
        let mut pattern = self.expr(pattern)?;
        if let Some(escape) = escape {
            pattern = self.call("like_escape", vec![pattern, self.expr(escape)?])?;
        }
        Ok(negate(
            self.operate(symbol, self.expr(value)?, pattern)?,
            negated,
        ))
    }
}

fn now() -> Typed {
    Typed::of(Expr::new("now", Type::Timestamptz, vec![]))
}

pub(super) fn null() -> Typed {
    Typed {
        untyped: true,
        ..Typed::of(Expr::constant(Type::Text, None))
    }
}

pub(super) fn text(text: &str) -> Typed {
    Typed::of(Expr::constant(Type::Text, Some(text)))
}

pub(super) fn int(int: i32) -> Typed {
    Typed::of(Expr::constant(Type::Int4, Some(&int.to_string())))
}
