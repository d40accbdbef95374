//! The schema in JSON, for the client; the same as serde's.

use super::{
    Action, Check, Column, ColumnDefault, ForeignKey, Identity, Index, IndexPart, Limits, Schema,
    Table, Type, Unique,
};
use crate::json::{Fault, FromJson, Json, OTHER_KIND, optional};
use crate::{json_from, json_words};

json_from!(Schema {
    format,
    fingerprint,
    identity,
    limits,
    tables
});
json_from!(Identity { claim, setting });
json_from!(Limits {
    body_bytes_max,
    rows_max
});
json_from!(Table {
    name,
    columns,
    primary_key,
    insertable,
    updatable,
    deletable,
    uniques = default,
    checks = default,
    foreign_keys = default,
    indexes = default,
    comment = default,
});
json_from!(Column {
    name,
    kind as "type",
    nullable,
    default = default,
    generated = default,
    identity = default,
    writable,
    collation = default,
    comment = default,
});
json_from!(Unique { name, columns, predicate = default, nulls_not_distinct = default });
json_from!(Check { name, sql });
json_words!(Action {
    NoAction "no_action",
    Restrict "restrict",
    Cascade "cascade",
    SetNull "set_null",
    SetDefault "set_default",
});
json_from!(ForeignKey {
    name,
    columns,
    references,
    referenced_columns,
    on_delete,
    on_update,
    deferrable = default,
    deferred = default,
});
json_from!(IndexPart { expression, column, descending = default, nulls_first = default });
json_from!(Index { name, method, parts, predicate = default });

impl<'a> FromJson<'a> for ColumnDefault {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        match fault.tag(json, "kind") {
            "constant" => ColumnDefault::Constant {
                text: String::member(json, "text", fault),
            },
            "now" => ColumnDefault::Now,
            "uuid" => ColumnDefault::Uuid,
            "sequence" => ColumnDefault::Sequence {
                always: optional(json, "always", fault),
            },
            "server_only" => ColumnDefault::ServerOnly {
                sql: String::member(json, "sql", fault),
            },
            _ => {
                fault.note(OTHER_KIND);
                ColumnDefault::Now
            }
        }
    }
}

impl<'a> FromJson<'a> for Type {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        match fault.tag(json, "name") {
            "bool" => Type::Bool,
            "int2" => Type::Int2,
            "int4" => Type::Int4,
            "int8" => Type::Int8,
            "float4" => Type::Float4,
            "float8" => Type::Float8,
            "numeric" => Type::Numeric {
                precision: optional(json, "precision", fault),
                scale: optional(json, "scale", fault),
            },
            "text" => Type::Text,
            "varchar" => Type::Varchar {
                length: optional(json, "length", fault),
            },
            "char" => Type::Char {
                length: u32::member(json, "length", fault),
            },
            "uuid" => Type::Uuid,
            "date" => Type::Date,
            "time" => Type::Time,
            "timestamp" => Type::Timestamp,
            "timestamptz" => Type::Timestamptz,
            "json" => Type::Json,
            "jsonb" => Type::Jsonb,
            "bytea" => Type::Bytea,
            "enum" => Type::Enum {
                sql: String::member(json, "sql", fault),
                labels: Vec::member(json, "labels", fault),
            },
            "array" => Type::Array {
                of: Box::member(json, "of", fault),
            },
            "opaque" => Type::Opaque {
                sql: String::member(json, "sql", fault),
            },
            _ => {
                fault.note(OTHER_KIND);
                Type::Text
            }
        }
    }
}
