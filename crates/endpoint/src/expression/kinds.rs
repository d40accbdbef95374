//! Types in expressions: names, implicit casts, and which types one takes as the other.

use super::Scope;
use haversack_core::more;
use haversack_core::schema::Type;
use sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType, ExactNumberInfo, ObjectName, TimezoneInfo,
};

/// A numeric without precision.
pub(super) const NUMERIC: Type = Type::Numeric {
    precision: None,
    scale: None,
};

/// The type of this name in the catalog, where the name says all of it.
pub(crate) fn plain(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "int2" => Type::Int2,
        "int4" => Type::Int4,
        "int8" => Type::Int8,
        "float4" => Type::Float4,
        "float8" => Type::Float8,
        "text" => Type::Text,
        "date" => Type::Date,
        "time" => Type::Time,
        "timestamp" => Type::Timestamp,
        "timestamptz" => Type::Timestamptz,
        _ => return None,
    })
}

/// A type without its length or precision.
pub(super) fn base(kind: &Type) -> Type {
    match kind {
        Type::Numeric { .. } => NUMERIC,
        Type::Varchar { .. } => Type::Varchar { length: None },
        Type::Char { .. } => Type::Char { length: 0 },
        Type::Array { of } => Type::Array {
            of: Box::new(base(of)),
        },
        Type::Opaque { sql } => opaque(more::plain_name(sql).unwrap_or(sql)),
        other => other.clone(),
    }
}

pub(super) fn opaque(sql: &str) -> Type {
    Type::Opaque { sql: sql.into() }
}

/// The name of an opaque type that can be computed with, without length or precision.
pub(super) fn computed(kind: &Type) -> Option<&'static str> {
    match kind {
        Type::Opaque { sql } => more::plain_name(sql),
        _ => None,
    }
}

/// Is it one of the types that hold text?
pub(super) fn is_text(kind: &Type) -> bool {
    matches!(kind, Type::Text | Type::Varchar { .. } | Type::Char { .. })
}

/// Does the value of a type, or its elements, have a collation?
pub(super) fn is_collatable(kind: &Type) -> bool {
    match kind {
        Type::Array { of } => is_collatable(of),
        other => is_text(other),
    }
}

fn rank(kind: &Type) -> Option<u8> {
    Some(match kind {
        Type::Int2 => 1,
        Type::Int4 => 2,
        Type::Int8 => 3,
        Type::Numeric { .. } => 4,
        Type::Float4 => 5,
        Type::Float8 => 6,
        _ => return None,
    })
}

/// Does Postgres cast one base type to another wherever it is needed?
pub(super) fn implicit(from: &Type, to: &Type) -> bool {
    if from == to {
        return true;
    }
    if let (Some(a), Some(b)) = (rank(from), rank(to)) {
        return a < b;
    }
    match (from, to) {
        (a, b) if is_text(a) && is_text(b) => true,
        (Type::Date, Type::Timestamp | Type::Timestamptz)
        | (Type::Timestamp, Type::Timestamptz)
        | (Type::Time, Type::Interval) => true,
        (Type::Array { of: a }, Type::Array { of: b }) => implicit(a, b),
        (Type::Opaque { sql: a }, Type::Opaque { sql: b }) => matches!(
            (&**a, &**b),
            ("cidr", "inet") | ("bit", "bit varying") | ("bit varying", "bit")
        ),
        _ => false,
    }
}

/// Is it the type of its category that Postgres prefers?
pub(super) fn preferred(kind: &Type) -> bool {
    if let Type::Opaque { sql } = kind {
        return matches!(&**sql, "inet" | "bit varying");
    }
    matches!(
        kind,
        Type::Text | Type::Float8 | Type::Timestamptz | Type::Interval | Type::Bool
    )
}

/// The type that both of two base types become, as `select_common_type` finds it.
pub(super) fn common(a: &Type, b: &Type) -> Option<Type> {
    if a == b {
        Some(a.clone())
    } else if is_text(a) && is_text(b) {
        // CASE and the like keep the first unless the other is preferred.
        Some(if *b == Type::Text { b } else { a }.clone())
    } else if implicit(a, b) {
        Some(b.clone())
    } else if implicit(b, a) {
        Some(a.clone())
    } else {
        None
    }
}

/// The type as people read it.
pub(super) fn shown(kind: &Type) -> String {
    match kind {
        Type::Bool => "boolean".into(),
        Type::Int2 => "smallint".into(),
        Type::Int4 => "integer".into(),
        Type::Int8 => "bigint".into(),
        Type::Float4 => "real".into(),
        Type::Float8 => "double precision".into(),
        Type::Numeric { .. } => "numeric".into(),
        Type::Text => "text".into(),
        Type::Varchar { .. } => "character varying".into(),
        Type::Char { .. } => "character".into(),
        Type::Uuid => "uuid".into(),
        Type::Date => "date".into(),
        Type::Time => "time without time zone".into(),
        Type::Timestamp => "timestamp without time zone".into(),
        Type::Timestamptz => "timestamp with time zone".into(),
        Type::Interval => "interval".into(),
        Type::Json => "json".into(),
        Type::Jsonb => "jsonb".into(),
        Type::Bytea => "bytea".into(),
        Type::Enum { sql, .. } | Type::Opaque { sql } => sql.clone(),
        Type::Array { of } => format!("{}[]", shown(of)),
    }
}

/// Reads the type of a cast.
pub(super) fn of_sql(sql: &DataType, scope: &Scope) -> Result<Type, String> {
    let unknown = || {
        format!("it uses the type {sql}, of which the client knows only that values can be equal")
    };
    Ok(match sql {
        DataType::Boolean | DataType::Bool => Type::Bool,
        DataType::SmallInt(None) | DataType::Int2(None) => Type::Int2,
        DataType::Integer(None) | DataType::Int(None) | DataType::Int4(None) => Type::Int4,
        DataType::BigInt(None) | DataType::Int8(None) => Type::Int8,
        DataType::Real | DataType::Float4 => Type::Float4,
        DataType::DoublePrecision | DataType::Float8 | DataType::Float(ExactNumberInfo::None) => {
            Type::Float8
        }
        DataType::Numeric(info) | DataType::Decimal(info) | DataType::Dec(info) => {
            let (precision, scale) = match info {
                ExactNumberInfo::None => return Ok(NUMERIC),
                ExactNumberInfo::Precision(precision) => (*precision, 0),
                ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
            };
            Type::Numeric {
                precision: Some(u16::try_from(precision).map_err(|_| unknown())?),
                scale: Some(i16::try_from(scale).map_err(|_| unknown())?),
            }
        }
        DataType::Text => Type::Text,
        DataType::CharacterVarying(length)
        | DataType::Varchar(length)
        | DataType::CharVarying(length) => Type::Varchar {
            length: length_of(length.as_ref()).ok_or_else(unknown)?,
        },
        DataType::Character(length) | DataType::Char(length) => Type::Char {
            length: length_of(length.as_ref()).ok_or_else(unknown)?.unwrap_or(1),
        },
        DataType::Uuid => Type::Uuid,
        DataType::Date => Type::Date,
        DataType::Time(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => Type::Time,
        DataType::Timestamp(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            Type::Timestamp
        }
        DataType::Timestamp(None, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
            Type::Timestamptz
        }
        DataType::Interval {
            fields: None,
            precision: None,
        } => Type::Interval,
        DataType::JSON => Type::Json,
        DataType::JSONB => Type::Jsonb,
        DataType::Bytea => Type::Bytea,
        DataType::Array(ArrayElemTypeDef::SquareBracket(of, _)) => Type::Array {
            of: Box::new(of_sql(of, scope)?),
        },
        DataType::Custom(name, modifiers) if modifiers.is_empty() => named(name, scope)
            .or_else(|| rare(&name.to_string()))
            .ok_or_else(unknown)?,
        other => rare(&other.to_string().to_lowercase()).ok_or_else(unknown)?,
    })
}

/// A type that few schemas have, with its length.
fn rare(sql: &str) -> Option<Type> {
    let plain = sql.strip_prefix("pg_catalog.").unwrap_or(sql);
    more::plain_name(plain).map(|_| match plain {
        "bit" => opaque("bit(1)"),
        plain => opaque(plain),
    })
}

fn length_of(length: Option<&CharacterLength>) -> Option<Option<u32>> {
    match length {
        None => Some(None),
        Some(CharacterLength::IntegerLength { length, unit: None }) => {
            u32::try_from(*length).ok().map(Some)
        }
        Some(_) => None,
    }
}

/// A type of the database's own: an enum of the columns, or `bpchar`.
fn named(name: &ObjectName, scope: &Scope) -> Option<Type> {
    let written = name.to_string();
    let plain = written.strip_prefix("public.").unwrap_or(&written);
    if plain == "bpchar" {
        // A length of zero stands for any.
        return Some(Type::Char { length: 0 });
    }
    let columns = scope.columns.values().chain(&scope.value);
    let mut known = columns.map(|column| &column.kind).chain(&scope.enums);
    known.find_map(|kind| {
        let kind = match kind {
            Type::Array { of } => of,
            other => other,
        };
        match kind {
            Type::Enum { sql, .. } if sql == plain || *sql == written => Some(kind.clone()),
            _ => None,
        }
    })
}
