//! Calls of functions: arguments are evaluated, NULL is passed on, numbers are computed here.

use super::bound::Context;
use super::cast::{self, date, int, invalid};
use super::datum::Datum;
use super::functions::Function;
use super::node::Call;
use super::{
    arrays, bytes, division_by_zero, jsonb, jsonb_edit, patterns, raw_json, temporal, text,
};
use crate::error::Error;
use crate::schema::Type;
use crate::value::Value;
use crate::value::decimal::{self, Fault, Operation, Rounding};
use crate::value::roots;

/// The most arguments that a function of fixed arity has.
const ARGUMENTS_MAX: usize = 8;

/// The arguments of a call, NULL where it has fewer.
pub(super) type Args<'a> = [Datum<'a>; ARGUMENTS_MAX];

pub(super) fn call<'a, 'c: 'a>(
    call: &'a Call,
    row: &'a [Value],
    context: &mut Context<'c>,
) -> Result<Datum<'a>, Error> {
    let function = call.function;
    match function {
        Function::Concat | Function::ConcatWs => return text::concat(call, row, context),
        Function::NumNulls | Function::NumNonnulls => {
            let mut nulls = 0;
            for arg in &call.args {
                nulls += i64::from(arg.value(row, context)?.is_null());
            }
            return Ok(Datum::Int(match function {
                Function::NumNulls => nulls,
                _ => call.args.len() as i64 - nulls,
            }));
        }
        Function::ArrayGet => return arrays::get(call, row, context),
        Function::ArraySlice => return arrays::slice(call, row, context),
        _ => {}
    }
    let mut args: Args<'a> = Default::default();
    for (place, arg) in args.iter_mut().zip(&call.args) {
        *place = arg.value(row, context)?;
    }
    let count = call.args.len().min(ARGUMENTS_MAX);
    if !function.takes_null() && args[..count].iter().any(Datum::is_null) {
        return Ok(Datum::Null);
    }
    apply(call, &args, count)
}

fn apply<'a>(call: &'a Call, args: &Args<'a>, count: usize) -> Result<Datum<'a>, Error> {
    use Function as F;
    let kind = &call.kind;
    let (a, b) = (args[0].int(), args[1].int());
    let (x, y) = (args[0].float(), args[1].float());
    let wide = |number: i64| i128::from(number);
    Ok(match call.function {
        F::IntAdd => int(kind, wide(a) + wide(b))?,
        F::IntSub => int(kind, wide(a) - wide(b))?,
        F::IntMul => int(kind, wide(a) * wide(b))?,
        F::IntDiv | F::IntMod if b == 0 => return Err(division_by_zero()),
        F::IntDiv => int(kind, wide(a) / wide(b))?,
        F::IntMod => int(kind, wide(a) % wide(b))?,
        F::IntNeg => int(kind, -wide(a))?,
        F::IntAbs => int(kind, wide(a).abs())?,
        F::IntAnd => Datum::Int(a & b),
        F::IntOr => Datum::Int(a | b),
        F::IntXor => Datum::Int(a ^ b),
        F::IntNot => Datum::Int(!a),
        F::IntShl => Datum::Int(shift_left(kind, a, b)),
        F::IntShr => Datum::Int(match kind {
            Type::Int8 => a >> (b & 63),
            _ => a >> (b & 31),
        }),
        F::IntGcd => int(kind, gcd(wide(a), wide(b)))?,
        F::IntLcm => {
            let divisor = gcd(wide(a), wide(b));
            let multiple = if divisor == 0 {
                0
            } else {
                wide(a) / divisor * wide(b)
            };
            int(kind, multiple.abs())?
        }
        F::FloatAdd => float(kind, x + y, x.is_infinite() || y.is_infinite(), true)?,
        F::FloatSub => float(kind, x - y, x.is_infinite() || y.is_infinite(), true)?,
        F::FloatMul => float(
            kind,
            x * y,
            x.is_infinite() || y.is_infinite(),
            x == 0.0 || y == 0.0,
        )?,
        F::FloatDiv if y == 0.0 && !x.is_nan() => return Err(division_by_zero()),
        F::FloatDiv => float(kind, x / y, x.is_infinite(), x == 0.0 || y.is_infinite())?,
        F::FloatNeg => Datum::Float(-x),
        F::FloatAbs => Datum::Float(x.abs()),
        F::FloatPower => power(x, y)?,
        F::FloatSqrt if x < 0.0 => {
            return Err(invalid(
                "the square root of a negative number is none",
                "2201F",
            ));
        }
        F::FloatSqrt => Datum::Float(x.sqrt()),
        F::FloatRound => Datum::Float(x.round_ties_even()),
        F::FloatTrunc => Datum::Float(x.trunc()),
        F::FloatCeil => Datum::Float(x.ceil()),
        F::FloatFloor => Datum::Float(x.floor()),
        F::FloatSign => Datum::Float(match x {
            x if x > 0.0 => 1.0,
            x if x < 0.0 => -1.0,
            _ => 0.0,
        }),
        F::NumericAdd => exact(Operation::Add, args)?,
        F::NumericSub => exact(Operation::Sub, args)?,
        F::NumericMul => exact(Operation::Mul, args)?,
        F::NumericDiv => exact(Operation::Div, args)?,
        F::NumericQuotient => exact(Operation::Quotient, args)?,
        F::NumericMod => exact(Operation::Mod, args)?,
        F::NumericPower | F::NumericPower15 => {
            let by_size = call.function == F::NumericPower;
            numeric_power(args[0].as_text(), args[1].as_text(), by_size)?
        }
        F::NumericNeg | F::NumericAbs => {
            Datum::text(negated(args[0].as_text(), call.function == F::NumericAbs))
        }
        F::NumericRound => round(args, b, Rounding::Nearest)?,
        F::NumericTrunc => round(args, b, Rounding::Truncate)?,
        F::NumericCeil => round(args, 0, Rounding::Ceil)?,
        F::NumericFloor => round(args, 0, Rounding::Floor)?,
        F::NumericSign => Datum::text(sign(args[0].as_text())),
        F::NumericScale | F::NumericMinScale => {
            let zeros = call.function == F::NumericMinScale;
            decimal::scale(args[0].as_text(), zeros).map_or(Datum::Null, Datum::Int)
        }
        F::NumericTrimScale => match decimal::scale(args[0].as_text(), true) {
            Some(scale) => round(args, scale, Rounding::Truncate)?,
            None => Datum::text(args[0].as_text().to_owned()),
        },
        F::NumericSqrt => known(roots::sqrt(args[0].as_text()))?,
        F::NumericGcd => known(roots::gcd(args[0].as_text(), args[1].as_text()))?,
        F::NumericLcm => known(roots::lcm(args[0].as_text(), args[1].as_text()))?,
        F::Factorial => known(roots::factorial(a))?,
        F::WidthBucket | F::WidthBucketRounded => {
            let bounds = [args[0].as_text(), args[1].as_text(), args[2].as_text()];
            let rounded = call.function == F::WidthBucketRounded;
            let at = roots::bucket(bounds, args[3].int(), rounded);
            int(kind, at.map_err(|fault| fault.error("the result"))?.into())?
        }
        F::DateAddDays | F::DateSubDays if temporal::infinite(a) => Datum::Int(a),
        F::DateAddDays => date(a + b)?,
        F::DateSubDays => date(a - b)?,
        F::DateDiff if temporal::infinite(a) || temporal::infinite(b) => {
            return Err(invalid("infinite dates can't be subtracted", "22008"));
        }
        F::DateDiff => int(kind, wide(a) - wide(b))?,
        F::DateAsTimestamp => cast::date_as_timestamp(a),
        F::DateAddTime
        | F::DateAddInterval
        | F::DateSubInterval
        | F::TimestampAdd
        | F::TimestampSub
        | F::TimestampDiff
        | F::TimestampDiffInfinite
        | F::TimeAdd
        | F::TimeSub
        | F::TimeDiff
        | F::IntervalAdd
        | F::IntervalSub
        | F::IntervalNeg
        | F::IntervalMul
        | F::IntervalDiv
        | F::JustifyDays
        | F::JustifyHours
        | F::JustifyInterval
        | F::Isfinite
        | F::MakeDate
        | F::MakeTime
        | F::Extract
        | F::DatePart
        | F::DateTrunc
        | F::Age
        | F::MakeTimestamp
        | F::MakeInterval
        | F::MakeIntervalWrapping
        | F::DateBin
        | F::Overlaps
        | F::AgeInfinite => temporal::apply(call, args)?,
        F::Assign => cast::assign(&call.kinds[0], kind, args[0].clone())?,
        F::ArrayCat
        | F::ArrayAppend
        | F::ArrayPrepend
        | F::ArrayRemove
        | F::ArrayReplace
        | F::ArrayContains
        | F::ArrayOverlap
        | F::ArrayLength
        | F::ArrayLower
        | F::ArrayUpper
        | F::ArrayNdims
        | F::Cardinality
        | F::ArrayPosition
        | F::ArrayToString
        | F::ArrayPositions
        | F::ArrayFill
        | F::ArrayDims
        | F::ArrayTrim
        | F::ArraySlice
        | F::ArrayGet => arrays::apply(call, args, count)?,
        F::JsonbField
        | F::JsonbElement
        | F::JsonbFieldText
        | F::JsonbElementText
        | F::JsonbPath
        | F::JsonbPathText
        | F::JsonbContains
        | F::JsonbExists
        | F::JsonbExistsAny
        | F::JsonbExistsAll
        | F::JsonbConcat
        | F::JsonbDelete
        | F::JsonbDeleteIndex
        | F::JsonbTypeof
        | F::JsonbArrayLength => jsonb::apply(call, args)?,
        F::JsonbSet
        | F::JsonbInsert
        | F::JsonbDeletePath
        | F::JsonbStripNulls
        | F::JsonbPretty
        | F::JsonbObject
        | F::JsonObject => jsonb_edit::apply(call.function, args, count)?,
        F::ByteaConcat
        | F::ByteaSubstring
        | F::ByteaPosition
        | F::ByteaOverlay
        | F::ByteaBtrim
        | F::ByteaLtrim
        | F::ByteaRtrim
        | F::GetByte
        | F::SetByte
        | F::GetBit
        | F::SetBit
        | F::BitCount
        | F::Md5
        | F::Sha224
        | F::Sha256
        | F::Sha384
        | F::Sha512
        | F::ConvertTo
        | F::ConvertFrom
        | F::Encode
        | F::Decode => bytes::apply(call, args, count)?,
        F::RegexpTest
        | F::RegexpReplace
        | F::RegexpCount
        | F::RegexpInstr
        | F::RegexpSubstr
        | F::RegexpMatch
        | F::RegexpSubstring
        | F::RegexpSplit => patterns::apply(call, args, count)?,
        F::JsonField
        | F::JsonElement
        | F::JsonFieldText
        | F::JsonElementText
        | F::JsonPath
        | F::JsonPathText
        | F::JsonTypeof
        | F::JsonArrayLength
        | F::JsonStripNulls => raw_json::apply(call.function, args)?,
        F::TextConcat
        | F::Length
        | F::OctetLength
        | F::BitLength
        | F::ByteaLength
        | F::CharPad
        | F::Output
        | F::Lower
        | F::LowerAscii
        | F::Upper
        | F::UpperAscii
        | F::InitcapAscii
        | F::Btrim
        | F::Ltrim
        | F::Rtrim
        | F::Substring
        | F::Overlay
        | F::Left
        | F::Right
        | F::Replace
        | F::Translate
        | F::Position
        | F::StartsWith
        | F::SplitPart
        | F::Concat
        | F::ConcatWs
        | F::Repeat
        | F::Lpad
        | F::Rpad
        | F::Reverse
        | F::Ascii
        | F::Chr
        | F::ToHex
        | F::Like
        | F::Ilike
        | F::IlikeAscii
        | F::Regex
        | F::JsonbPathFound
        | F::JsonbPathTrue
        | F::JsonbPathExists
        | F::JsonbPathMatch
        | F::NumNulls
        | F::LikeEscape
        | F::SimilarEscape
        | F::QuoteIdent
        | F::QuoteLiteral
        | F::StringToArray
        | F::NumNonnulls => text::apply(call, args, count)?,
    })
}

/// The bits that fall off the type's end are lost, and the shift is taken modulo its width.
fn shift_left(kind: &Type, a: i64, b: i64) -> i64 {
    match kind {
        Type::Int8 => a << (b & 63),
        // Postgres shifts smallint as integer, and keeps the low bits.
        Type::Int2 => i64::from(((a as i32) << (b & 31)) as i16),
        _ => i64::from((a as i32) << (b & 31)),
    }
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A float of its type's precision; an infinity or zero that the operands don't explain is an error.
fn float<'a>(kind: &Type, result: f64, infinite: bool, zero: bool) -> Result<Datum<'a>, Error> {
    let result = match kind {
        Type::Float4 => f64::from(result as f32),
        _ => result,
    };
    if result.is_infinite() && !infinite {
        return Err(invalid("the result is out of range: overflow", "22003"));
    }
    if result == 0.0 && !zero {
        return Err(invalid("the result is out of range: underflow", "22003"));
    }
    Ok(Datum::Float(result))
}

/// A whole power that the compiler found to be exact, whatever the values are; what would be rounded
/// depends on the library that computes it.
fn power<'a>(x: f64, y: f64) -> Result<Datum<'a>, Error> {
    let mut square = if y < 0.0 { 1.0 / x } else { x };
    let mut result = 1.0;
    // Beyond this exponent every power but those of one and zero is beyond all floats.
    let mut left = y.abs().min(4096.0) as u32;
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        left >>= 1;
        square *= square;
    }
    float(
        &Type::Float8,
        result,
        x.is_infinite() || y.is_infinite(),
        x == 0.0 || y.is_infinite(),
    )
}

fn exact<'a>(operation: Operation, args: &[Datum<'_>]) -> Result<Datum<'a>, Error> {
    let (a, b) = (args[0].as_text(), args[1].as_text());
    known(decimal::operate(operation, a, b))
}

fn known<'a>(result: Result<String, Fault>) -> Result<Datum<'a>, Error> {
    result
        .map(Datum::text)
        .map_err(|fault| fault.error("the result"))
}

fn round<'a>(args: &[Datum<'_>], scale: i64, rounding: Rounding) -> Result<Datum<'a>, Error> {
    known(decimal::round(args[0].as_text(), scale, rounding))
}

fn numeric_power<'a>(base: &str, exponent: &str, by_size: bool) -> Result<Datum<'a>, Error> {
    match decimal::power(base, exponent, by_size) {
        Some(result) => known(result),
        None => Err(invalid(
            "only whole powers of numbers are known here",
            "0A000",
        )),
    }
}

fn negated(text: &str, absolute: bool) -> String {
    if let Some(positive) = text.strip_prefix('-') {
        return positive.to_owned();
    }
    let zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    if absolute || zero || text == "NaN" {
        text.to_owned()
    } else {
        format!("-{text}")
    }
}

fn sign(text: &str) -> &'static str {
    let zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    match text {
        "NaN" => "NaN",
        _ if text.starts_with('-') => "-1",
        _ if zero => "0",
        _ => "1",
    }
}
