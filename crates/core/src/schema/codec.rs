//! The schema in JSON, for the client; the same as serde's.

use super::{
    Action, Check, Column, ColumnDefault, Domain, ForeignKey, Generated, Identity, Index,
    IndexPart, Letters, Limits, Move, OnDeleteConflict, Policy, Polymorphic, Predicate, Rename,
    Schema, ServerRule, Step, Table, Type, Unique, View, ViewColumn,
};
use crate::expr::Expr;
use crate::json::{Fault, FromJson, Json, OTHER_KIND, optional};
use crate::{json_from, json_words};

json_from!(Schema {
    format,
    fingerprint,
    server,
    letters = default,
    identity,
    limits,
    tables,
    views = default,
    steps = default,
});
json_from!(Step { name, tables = default, renames = default, moves = default });
json_from!(Rename { table, from, to });
json_from!(Move {
    table,
    column,
    key,
    to
});
json_from!(View { name, columns, sql, tables, comment = default });
json_from!(ViewColumn { name, kind as "type" });
json_from!(Identity { claim, setting });
json_from!(Limits {
    body_bytes_max,
    rows_max
});
json_from!(Table {
    name,
    columns,
    primary_key,
    primary_key_name,
    primary_key_rank = default,
    insertable,
    updatable,
    deletable,
    hides_rows = default,
    uniques = default,
    checks = default,
    foreign_keys = default,
    polymorphic = default,
    indexes = default,
    server_rules = default,
    together = default,
    on_delete_conflict = default,
    mergeable = default,
    comment = default,
});
json_words!(OnDeleteConflict {
    KeepEdit "keep_edit",
    Delete "delete",
});
json_words!(Policy {
    ServerWins "server_wins",
    ClientWins "client_wins",
    Merge "merge",
    Lww "lww",
    Counter "counter",
    Max "max",
    Min "min",
    Manual "manual",
});
json_from!(Column {
    name,
    kind as "type",
    precision = default,
    nullable,
    default = default,
    generated = default,
    domains = default,
    identity = default,
    writable,
    policy = default,
    collation = default,
    letters = default,
    comment = default,
});
json_words!(Letters {
    Unicode "unicode",
    Ascii "ascii",
    Server "server",
});
json_from!(Unique {
    name,
    columns,
    predicate = default,
    nulls_not_distinct = default,
    deferrable = default,
    deferred = default,
    reason = default,
});
json_from!(Check { name, sql, expr = default, reason = default });
json_from!(Predicate { sql, expr = default });
json_from!(Generated { sql, expr = default, reason = default });
json_from!(Domain { name, not_null = default, checks = default });
json_from!(ServerRule { name, kind, reason });
json_from!(Expr { op, kind as "type" = default, text = default, args = default });
json_words!(Action {
    NoAction "no_action",
    Restrict "restrict",
    Cascade "cascade",
    SetNull "set_null",
    SetDefault "set_default",
});
json_from!(ForeignKey {
    name,
    rank = default,
    columns,
    references,
    referenced_columns,
    match_full = default,
    on_delete,
    delete_columns = default,
    on_update,
    deferrable = default,
    deferred = default,
});
json_from!(Polymorphic { column, by, tables });
json_from!(IndexPart {
    expression,
    column,
    expr = default,
    collation = default,
    operators = default,
    descending = default,
    nulls_first = default,
});
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
                reason: optional(json, "reason", fault),
            },
            "expression" => ColumnDefault::Expression {
                sql: String::member(json, "sql", fault),
                expr: Expr::member(json, "expr", fault),
                random: optional(json, "random", fault),
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
            "interval" => Type::Interval,
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
