//! Defaults that the client can evaluate: those it only shows, and those it makes and sends.

use super::prepare::WriteContext;
use crate::error::{Error, ErrorCode};
use crate::schema::{Column, ColumnDefault, Table, TableId, Type};
use crate::value::{self, POSTGRES_EPOCH_UNIX_MICROS, Value};

const DAY_MICROS: i64 = 86_400_000_000;

/// A default that depends on nothing but the mutation's time; null for any other.
pub(super) fn local_default(column: &Column, at_ms: i64) -> Result<Value, Error> {
    match &column.default {
        Some(ColumnDefault::Constant { text }) => value::parse(&column.kind, text),
        Some(ColumnDefault::Now) => Ok(now(&column.kind, at_ms)),
        Some(
            ColumnDefault::Uuid
            | ColumnDefault::Sequence { .. }
            | ColumnDefault::Expression { .. }
            | ColumnDefault::ServerOnly { .. },
        )
        | None => Ok(Value::Null),
    }
}

/// A time, in milliseconds since 1970, as a value of a type.
fn now(kind: &Type, at_ms: i64) -> Value {
    let micros = at_ms
        .saturating_mul(1000)
        .saturating_sub(POSTGRES_EPOCH_UNIX_MICROS);
    match kind {
        Type::Timestamp | Type::Timestamptz => Value::Int(micros),
        Type::Date => Value::Int(micros.div_euclid(DAY_MICROS)),
        Type::Time => Value::Int(micros.rem_euclid(DAY_MICROS)),
        _ => Value::Null,
    }
}

/// A default that the client makes and sends.
pub(super) fn made_default(
    id: TableId,
    table: &Table,
    column: &Column,
    context: &mut WriteContext<'_>,
) -> Result<Option<Value>, Error> {
    match &column.default {
        Some(ColumnDefault::Constant { .. } | ColumnDefault::Now) => {
            local_default(column, context.now_ms).map(Some)
        }
        Some(ColumnDefault::Uuid) => value::parse(
            &column.kind,
            &value::uuid_v7(context.now_ms, (context.random)()),
        )
        .map(Some),
        Some(ColumnDefault::Sequence { .. }) => {
            let leased = table.sequence_key().map(|c| &table.column(c).name);
            if leased != Some(&column.name) {
                // Leases are for keys; any other sequence is drawn from by the server.
                return Ok(None);
            }
            let key = (context.keys)(id).ok_or_else(|| {
                Error::new(
                    ErrorCode::KeysExhausted,
                    format!("the leased keys of {} are used up", table.name),
                )
            })?;
            Ok(Some(parse_int_key(&column.kind, key)?))
        }
        Some(ColumnDefault::Expression { .. } | ColumnDefault::ServerOnly { .. }) | None => {
            Ok(None)
        }
    }
}

fn parse_int_key(kind: &Type, key: i64) -> Result<Value, Error> {
    value::parse(kind, &key.to_string())
}
