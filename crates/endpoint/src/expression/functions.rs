//! Functions that the core has in other words: casts written as calls, and what is made of others.

use super::compile::{Compiler, Typed, call};
use super::fold::fold;
use super::keywords::keywords;
use super::kinds::{NUMERIC, plain, shown};
use super::special::{int, null, text};
use haversack_core::expr::Expr;
use haversack_core::schema::Type;
use sqlparser::ast::{self, FunctionArg, FunctionArgExpr, FunctionArguments};

/// A degree in radians, as Postgres has it.
const RADIANS_PER_DEGREE: &str = "0.017453292519943295";

/// The arguments of `make_interval`; the last is a float.
const MADE_OF: [&str; 7] = ["years", "months", "weeks", "days", "hours", "mins", "secs"];

impl Compiler<'_> {
    /// A call in other words, or the arguments back.
    pub(super) fn in_other_words(
        &self,
        name: &str,
        mut args: Vec<Typed>,
    ) -> Result<Result<Typed, Vec<Typed>>, String> {
        Ok(Ok(match (name, args.len()) {
            (_, 1) if cast_of(name).is_some() => {
                let kind = cast_of(name).unwrap_or_default();
                self.cast(args.remove(0), &kind)?
            }
            ("pi", 0) => Typed::of(Expr::constant(Type::Float8, Some("3.141592653589793"))),
            ("degrees" | "radians", 1) => {
                args.push(Typed::of(Expr::constant(
                    Type::Float8,
                    Some(RADIANS_PER_DEGREE),
                )));
                let by = if name == "degrees" { "/" } else { "*" };
                args[0] = self.cast_implicit(args[0].clone(), &Type::Float8)?;
                self.call(by, args)?
            }
            ("quote_literal", 1) => self.quoted(name, args.remove(0))?,
            ("quote_nullable", 1) => {
                let quoted = self.quoted("quote_literal", args.remove(0))?;
                self.one_of_type("coalesce", vec![quoted, text("NULL")])?
            }
            ("quote_ident", 1) => self.quoted(name, args.remove(0))?,
            ("format", 1..) => self.format(args)?,
            ("overlaps", 4) => self.overlaps(args)?,
            ("similar_escape", 2) if args[1].constant() == Some(None) => {
                args.pop();
                self.call("similar_to_escape", args)?
            }
            ("similar_escape", 2) => self.call("similar_to_escape", args)?,
            ("uuid_extract_version", 1) => self.uuid_version(args.remove(0))?,
            ("ln" | "log" | "exp" | "log10", 1 | 2) if *args[0].kind() == NUMERIC => {
                return Err(format!(
                    "it calls {name} for numeric, whose digits are the server's own"
                ));
            }
            (
                "ln" | "log" | "log10" | "exp" | "cbrt" | "sin" | "cos" | "tan" | "cot" | "asin"
                | "acos" | "atan" | "atan2" | "sinh" | "cosh" | "tanh" | "asinh" | "acosh"
                | "atanh" | "sind" | "cosd" | "tand" | "cotd" | "asind" | "acosd" | "atand"
                | "atan2d" | "erf" | "erfc" | "gamma" | "lgamma",
                _,
            ) => {
                return Err(format!(
                    "it calls the function {name}, whose last digit is the server's own"
                ));
            }
            _ => return Ok(Err(args)),
        }))
    }

    fn quoted(&self, function: &str, value: Typed) -> Result<Typed, String> {
        let (value, mut args) = (self.cast(value, &Type::Text)?, Vec::new());
        args.push(value.expr);
        if function == "quote_ident" {
            args.push(text(&keywords(self.scope.server)).expr);
        }
        Ok(fold(Typed::of(call(function, Type::Text, args))))
    }

    /// `format` of a constant, as the texts between the values.
    fn format(&self, args: Vec<Typed>) -> Result<Typed, String> {
        let unusual = || "its format is no constant, or has more than %s, %I and %L".to_owned();
        let mut args = args.into_iter();
        let format = args.next().ok_or_else(unusual)?;
        let Some(format) = format.constant().ok_or_else(unusual)?.map(str::to_owned) else {
            return Ok(null());
        };
        let args: Vec<Typed> = args.collect();
        let (mut parts, mut plain, mut next) = (Vec::new(), String::new(), 0);
        let mut rest = format.chars().peekable();
        while let Some(c) = rest.next() {
            if c != '%' || rest.next_if_eq(&'%').is_some() {
                plain.push(c);
                continue;
            }
            let mut place = String::new();
            while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                place.push(digit);
            }
            if !place.is_empty() {
                rest.next_if_eq(&'$').ok_or_else(unusual)?;
                next = place
                    .parse::<usize>()
                    .ok()
                    .and_then(|at| at.checked_sub(1))
                    .ok_or_else(unusual)?;
            }
            let arg = args.get(next).cloned().ok_or_else(unusual)?;
            next += 1;
            parts.push(text(&std::mem::take(&mut plain)));
            parts.push(match rest.next() {
                Some('s') => arg,
                Some('L') => {
                    let arg = self.concat_or_null(arg)?;
                    self.named_call("quote_nullable", arg)?
                }
                Some('I') if arg.expr.op == "const" && arg.constant() != Some(None) => {
                    let arg = self.concat_or_null(arg)?;
                    self.named_call("quote_ident", arg)?
                }
                _ => return Err(unusual()),
            });
        }
        parts.push(text(&plain));
        self.concat("concat", parts)
    }

    /// A value as its output function prints it, NULL as NULL.
    fn concat_or_null(&self, value: Typed) -> Result<Typed, String> {
        let is_null = Expr::new("is_null", Type::Bool, vec![value.expr.clone()]);
        let printed = self.concat("concat", vec![value])?;
        let none = Expr::constant(Type::Text, None);
        let args = vec![fold(Typed::of(is_null)).expr, none, printed.expr];
        Ok(fold(Typed::of(Expr::new("case", Type::Text, args))))
    }

    fn named_call(&self, name: &str, arg: Typed) -> Result<Typed, String> {
        let made = self.in_other_words(name, vec![arg])?;
        made.map_err(|_| format!("it calls the function {name}, which the client has not"))
    }

    /// `(a, b) OVERLAPS (c, d)`; an interval as the second of a pair is added to the first.
    pub(super) fn overlaps(&self, mut ends: Vec<Typed>) -> Result<Typed, String> {
        let kind = match ends.iter().find(|end| !end.untyped).map(Typed::kind) {
            Some(Type::Time) => Type::Time,
            Some(Type::Timestamptz) => Type::Timestamptz,
            // Of the types that a date becomes, that with a zone is preferred.
            Some(Type::Date) if ends.iter().any(|end| *end.kind() == Type::Timestamp) => {
                Type::Timestamp
            }
            Some(Type::Date) => Type::Timestamptz,
            Some(Type::Timestamp) if ends.iter().any(|end| *end.kind() == Type::Timestamptz) => {
                Type::Timestamptz
            }
            Some(Type::Timestamp) => Type::Timestamp,
            Some(other) => {
                return Err(format!("it asks whether spans of {} overlap", shown(other)));
            }
            None => return Err("it asks whether spans of no type overlap".into()),
        };
        let mut args = Vec::new();
        for end in 0..ends.len() {
            let typed = match end % 2 == 1 && *ends[end].kind() == Type::Interval {
                true => {
                    let start = self.cast_implicit(ends[end - 1].clone(), &kind)?;
                    self.call("+", vec![start, ends[end].clone()])?
                }
                false => self.cast_implicit(std::mem::replace(&mut ends[end], null()), &kind)?,
            };
            if end % 2 == 0 {
                ends[end] = typed.clone();
            }
            args.push(typed.expr);
        }
        Ok(fold(Typed::of(call("overlaps", Type::Bool, args))))
    }

    /// The version of a uuid of the variant that RFC 9562 describes.
    fn uuid_version(&self, uuid: Typed) -> Result<Typed, String> {
        let digits = self.cast(uuid, &Type::Text)?;
        let digit = |at: i32, among: &str| -> Result<Typed, String> {
            let digit = self.call("substring", vec![digits.clone(), int(at), int(1)])?;
            self.call("position", vec![text(among), digit])
        };
        let variant = self.compare("gt", digit(20, "89ab")?, int(0))?;
        let version = self.call("-", vec![digit(15, "0123456789abcdef")?, int(1)])?;
        let version = self.cast(version, &Type::Int2)?;
        let none = Expr::constant(Type::Int2, None);
        let args = vec![variant.expr, version.expr, none];
        Ok(fold(Typed::of(Expr::new("case", Type::Int2, args))))
    }

    /// `make_interval`, whose arguments have names and defaults.
    pub(super) fn make_interval(&self, function: &ast::Function) -> Result<Typed, String> {
        let unusual = || format!("it calls {function} in a way that the client has not");
        let FunctionArguments::List(list) = &function.args else {
            return Err(unusual());
        };
        let mut args: Vec<Typed> = MADE_OF.iter().map(|_| int(0)).collect();
        for (i, arg) in list.args.iter().enumerate() {
            let (at, value) = match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => (Some(i), value),
                FunctionArg::ExprNamed {
                    name: ast::Expr::Identifier(name),
                    arg: FunctionArgExpr::Expr(value),
                    ..
                } => {
                    let at = MADE_OF.iter().position(|known| *known == name.value);
                    (at, value)
                }
                _ => return Err(unusual()),
            };
            *at.and_then(|at| args.get_mut(at)).ok_or_else(unusual)? = self.expr(value)?;
        }
        let mut cast = Vec::new();
        for (arg, name) in args.into_iter().zip(MADE_OF) {
            let kind = match name {
                "secs" => Type::Float8,
                _ => Type::Int4,
            };
            cast.push(self.cast_implicit(arg, &kind)?.expr);
        }
        let core = match self.scope.server {
            ..17 => "make_interval_wrapping",
            _ => "make_interval",
        };
        Ok(fold(Typed::of(call(core, Type::Interval, cast))))
    }
}

/// The type that a function of one argument casts to.
fn cast_of(name: &str) -> Option<Type> {
    Some(match name {
        "numeric" => NUMERIC,
        "varchar" => Type::Varchar { length: None },
        "bpchar" => Type::Char { length: 0 },
        "interval" => Type::Interval,
        _ => return plain(name),
    })
}
