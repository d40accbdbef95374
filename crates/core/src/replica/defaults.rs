//! Defaults: those that the client only shows, and those that it makes and sends.

use super::prepare::WriteContext;
use crate::error::{Error, ErrorCode};
use crate::expr::{Bound, Context};
use crate::schema::{Column, ColumnDefault, Table, TableId, Type};
use crate::value::{self, POSTGRES_EPOCH_UNIX_MICROS, Value};

const DAY_MICROS: i64 = 86_400_000_000;

/// What a column is when an insert leaves it out.
#[derive(Debug)]
pub(super) enum DefaultRule {
    /// This.
    Value(Value),
    /// The transaction's time.
    Now,
    /// A new UUID.
    Uuid,
    /// The next leased key.
    Key,
    /// What an expression says.
    Expression(Bound),
    /// What an expression with something random in it says.
    Random(Bound),
    /// Only the server knows.
    Unknown,
}

impl DefaultRule {
    pub fn bind(table: &Table, column: &Column) -> Self {
        let known = || match &column.default {
            None if column.writable || column.identity => Some(Self::Value(Value::Null)),
            // A trigger may fill what nobody else can.
            None | Some(ColumnDefault::ServerOnly { .. }) => None,
            Some(ColumnDefault::Constant { text }) => {
                value::parse(&column.kind, text).ok().map(Self::Value)
            }
            Some(ColumnDefault::Now) => {
                now(&column.kind, 0)?;
                Some(Self::Now)
            }
            Some(ColumnDefault::Uuid) => column.writable.then_some(Self::Uuid),
            Some(ColumnDefault::Sequence { .. }) => {
                // Leases are for keys; any other sequence is drawn from by the server.
                let leased = table.sequence_key().map(|c| &table.column(c).name);
                (leased == Some(&column.name)).then_some(Self::Key)
            }
            Some(ColumnDefault::Expression { expr, random, .. }) => {
                let bound = Bound::new(expr, table).ok()?;
                match (random, column.writable) {
                    (false, _) => Some(Self::Expression(bound)),
                    (true, true) => Some(Self::Random(bound)),
                    (true, false) => None,
                }
            }
        };
        known().unwrap_or(Self::Unknown)
    }

    /// Does it make what no one else makes: at random, or from a lease?
    pub fn is_made(&self) -> bool {
        matches!(self, Self::Uuid | Self::Key | Self::Random(_))
    }

    /// A default that depends on nothing but the mutation's time and the user; `None` for any
    /// other.
    ///
    /// # Errors
    /// As [`Bound::value`].
    pub fn shown(
        &self,
        column: &Column,
        at_ms: i64,
        identity: Option<&str>,
    ) -> Result<Option<Value>, Error> {
        Ok(match self {
            Self::Value(value) => Some(value::to_precision(column, value.clone())),
            Self::Now => now(&column.kind, at_ms).map(|now| value::to_precision(column, now)),
            Self::Expression(bound) => {
                let mut random = || [0; 16];
                let mut context = Context {
                    now_ms: at_ms,
                    identity,
                    value: None,
                    random: &mut random,
                };
                Some(value::to_precision(column, bound.value(&[], &mut context)?))
            }
            Self::Uuid | Self::Key | Self::Random(_) | Self::Unknown => None,
        })
    }
}

/// A time, in milliseconds since 1970, as a value of a type.
fn now(kind: &Type, at_ms: i64) -> Option<Value> {
    let micros = at_ms
        .saturating_mul(1000)
        .saturating_sub(POSTGRES_EPOCH_UNIX_MICROS);
    Some(match kind {
        Type::Timestamp | Type::Timestamptz => Value::Int(micros),
        Type::Date => Value::Int(micros.div_euclid(DAY_MICROS)),
        Type::Time => Value::Int(micros.rem_euclid(DAY_MICROS)),
        _ => return None,
    })
}

/// A default, made where it has to be; `None` where only the server knows.
///
/// # Errors
/// `keys_exhausted`, and as [`Bound::value`].
pub(super) fn make_default(
    rule: &DefaultRule,
    id: TableId,
    table: &Table,
    column: &Column,
    context: &mut WriteContext<'_>,
    identity: Option<&str>,
) -> Result<Option<Value>, Error> {
    match rule {
        DefaultRule::Uuid => {
            let uuid = value::uuid_v7(context.now_ms, (context.random)());
            match column.kind {
                // It is written as Postgres does.
                Type::Uuid => Ok(Some(Value::text(uuid))),
                _ => value::parse(&column.kind, &uuid).map(Some),
            }
        }
        DefaultRule::Key => {
            let key = (context.keys)(id).ok_or_else(|| exhausted(table))?;
            value::parse(&column.kind, &key.to_string()).map(Some)
        }
        DefaultRule::Random(bound) => {
            let mut context = Context {
                now_ms: context.now_ms,
                identity,
                value: None,
                random: &mut *context.random,
            };
            bound.value(&[], &mut context).map(Some)
        }
        DefaultRule::Value(_)
        | DefaultRule::Now
        | DefaultRule::Expression(_)
        | DefaultRule::Unknown => rule.shown(column, context.now_ms, identity),
    }
}

#[cold]
fn exhausted(table: &Table) -> Error {
    Error::new(
        ErrorCode::KeysExhausted,
        format!("the leased keys of {} are used up", table.name),
    )
}
