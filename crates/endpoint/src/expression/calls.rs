//! Calls of operators and functions whose types resolve by the table of signatures.

use super::collation::{Collation, Letters};
use super::compile::{Compiler, Typed, call, negate};
use super::fold::fold;
use super::kinds::{base, is_collatable, shown};
use super::signatures::{known, resolve};
use haversack_core::expr::Expr;
use haversack_core::schema::Type;

/// The largest exponent of a power that the core computes.
const POWER_MAX: i64 = 1000;

impl Compiler<'_> {
    /// Calls an operator or function by Postgres's name.
    pub(super) fn call(&self, name: &str, args: Vec<Typed>) -> Result<Typed, String> {
        let given: Vec<Option<Type>> = args
            .iter()
            .map(|arg| (!arg.untyped).then(|| base(arg.kind())))
            .collect();
        let Some(resolved) = resolve(name, &given) else {
            return Err(unresolved(name, &args));
        };
        let (swap, core) = match resolved.core.strip_prefix("swap:") {
            Some(core) => (true, core),
            None => (false, resolved.core),
        };
        let (not, core) = match core.strip_prefix("not:") {
            Some(core) => (true, core),
            None => (false, core),
        };
        let mut collation = Collation::Default;
        let mut cast = Vec::new();
        for (arg, target) in args.into_iter().zip(&resolved.arguments) {
            let arg = match (target, arg.kind()) {
                (Type::Char { .. }, Type::Char { .. }) => self.padded(core, arg),
                _ => self.cast(arg, target)?,
            };
            collation = collation.with(arg.collation.clone());
            cast.push(arg);
        }
        if swap {
            cast.reverse();
        }
        let mut typed = self.build(core, resolved.result, cast, &collation)?;
        if is_collatable(typed.kind()) {
            typed.collation = collation;
        }
        Ok(negate(typed, not))
    }

    /// A blank-padded value as those functions see it that count the blanks.
    pub(super) fn padded(&self, core: &str, arg: Typed) -> Typed {
        let Type::Char { length } = *arg.kind() else {
            return arg;
        };
        if core == "char_length_trimmed" || length == 0 {
            return arg;
        }
        let length = Typed::of(Expr::constant(Type::Int4, Some(&length.to_string())));
        Typed {
            collation: arg.collation,
            ..fold(Typed::of(call(
                "char_pad",
                Type::Text,
                vec![arg.expr, length.expr],
            )))
        }
    }

    /// The core's call, where the function needs more than its arguments.
    fn build(
        &self,
        core: &str,
        kind: Type,
        args: Vec<Typed>,
        collation: &Collation,
    ) -> Result<Typed, String> {
        let name = match core {
            "regex" | "iregex" => return self.regex(args, core == "iregex", collation),
            _ if core.starts_with("regexp_") => {
                return self.pattern_call(core, kind, args, collation);
            }
            "lower" | "upper" | "initcap" | "ilike" => match collation.letters(self.scope)? {
                Letters::Ascii => format!("{core}_ascii"),
                Letters::Unicode if core == "initcap" => {
                    return Err("it asks which characters are letters beyond ASCII".into());
                }
                Letters::Unicode => core.to_owned(),
            },
            "like" | "replace" | "position" | "split_part" | "starts_with" | "string_to_array" => {
                collation.deterministic(self.scope)?;
                core.to_owned()
            }
            "convert_to" | "convert_from" => {
                let encoding = args.get(1).and_then(Typed::constant).flatten();
                let name = encoding.unwrap_or_default().to_ascii_lowercase();
                match &*name.replace(|c: char| !c.is_ascii_alphanumeric(), "") {
                    "utf8" | "unicode" => core.to_owned(),
                    _ => return Err("it converts to or from an encoding that is not UTF-8".into()),
                }
            }
            // Intervals are infinite since version 17.
            "timestamp_diff" if self.scope.server >= 17 => "timestamp_diff_infinite".into(),
            "age" if self.scope.server >= 17 => "age_infinite".into(),
            "char_length_trimmed" => "length".into(),
            "char_octet_length" => "octet_length".into(),
            "array_contains" | "array_overlap" | "array_position" | "array_positions"
            | "array_remove" | "array_replace" => {
                if let Some(Type::Array { of }) = args.first().map(Typed::kind) {
                    self.check_comparable(of, true, collation)?;
                }
                core.to_owned()
            }
            "width_bucket" if self.scope.server < 16 => "width_bucket_rounded".into(),
            "float_power" if !exact_power(&args) => {
                let why = "it raises a floating-point number to a power";
                return Err(format!("{why}, whose last digit is the server's own"));
            }
            "numeric_power" => {
                // Any other power goes by logarithms.
                let exponent = args.get(1).and_then(Typed::constant);
                let whole = match exponent {
                    Some(Some(text)) => {
                        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
                        fraction.bytes().all(|b| b == b'0')
                            && whole.parse::<i64>().is_ok_and(|e| e.abs() <= POWER_MAX)
                    }
                    Some(None) => true,
                    None => false,
                };
                if !whole {
                    return Err("it raises a number to a power that is no whole constant".into());
                }
                // Version 16 chooses the scale of a power by its size.
                match self.scope.server {
                    ..16 => "numeric_power_15".into(),
                    _ => core.to_owned(),
                }
            }
            "more.timetz_extract" => {
                const FIELDS: &[&str] = &[
                    "hour",
                    "minute",
                    "second",
                    "milliseconds",
                    "microseconds",
                    "timezone",
                    "timezone_hour",
                    "timezone_minute",
                    "epoch",
                ];
                let field = args.first().and_then(Typed::constant).flatten();
                match field {
                    Some(field) if FIELDS.contains(&field) => core.to_owned(),
                    _ => return Err("it asks a time with a zone for another field".into()),
                }
            }
            "extract" | "date_part" | "date_trunc" => {
                let field = args.first().and_then(Typed::constant).flatten();
                let field = field.ok_or("it takes a field of a time that is no constant")?;
                check_field(core, &field.to_ascii_lowercase())?;
                core.to_owned()
            }
            _ => core.to_owned(),
        };
        let args = args.into_iter().map(|arg| arg.expr).collect();
        Ok(fold(Typed::of(call(&name, kind, args))))
    }
}

/// Is a power of floats exact for every value, so that no library rounds it in its own way?
fn exact_power(args: &[Typed]) -> bool {
    /// Up to here every integer is a float.
    const EXACT_MAX: i64 = 1 << 53;
    let [base, exponent] = args else {
        return false;
    };
    let whole = |typed: &Typed| -> Option<i64> { typed.constant()??.parse().ok() };
    let null = [base, exponent]
        .iter()
        .any(|arg| arg.constant() == Some(None));
    match (whole(base), whole(exponent)) {
        _ if null => true,
        (Some(base), Some(exponent)) => {
            let power = u32::try_from(exponent)
                .ok()
                .and_then(|e| base.checked_pow(e));
            power.is_some_and(|power| power.abs() <= EXACT_MAX)
        }
        // A power of two has one bit.
        (Some(2), None) => {
            let of = exponent.expr.args.first().map(|arg| &arg.kind);
            matches!(of, Some(Type::Int2 | Type::Int4 | Type::Int8))
        }
        // The cube of a smallint has 45 bits.
        (None, Some(exponent)) => {
            let short = base.expr.args.first().map(|arg| &arg.kind) == Some(&Type::Int2);
            (0..=if short { 3 } else { 1 }).contains(&exponent)
        }
        _ => false,
    }
}

/// The fields that the core extracts; other spellings are the parser's abbreviations.
fn check_field(core: &str, field: &str) -> Result<(), String> {
    const COMMON: &[&str] = &[
        "microseconds",
        "milliseconds",
        "second",
        "minute",
        "hour",
        "day",
        "week",
        "month",
        "quarter",
        "year",
        "decade",
        "century",
        "millennium",
    ];
    const EXTRACTED: &[&str] = &["epoch", "dow", "isodow", "doy", "isoyear"];
    if COMMON.contains(&field) || (core != "date_trunc" && EXTRACTED.contains(&field)) {
        return Ok(());
    }
    Err(format!("it asks a time for its {field}"))
}

fn unresolved(name: &str, args: &[Typed]) -> String {
    let kinds: Vec<String> = args.iter().map(|arg| shown(arg.kind())).collect();
    let symbol = !name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    match (symbol, known(name)) {
        (true, true) => format!("it uses the operator {name} for {}", kinds.join(" and ")),
        (true, false) => format!("it uses the operator {name}, which the client has not"),
        (false, true) => format!("it calls {name} for {}", kinds.join(", ")),
        (false, false) => format!("it calls the function {name}, which the client has not"),
    }
}
