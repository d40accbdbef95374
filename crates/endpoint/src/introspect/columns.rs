//! Columns: exact types, nullability, defaults, privileges.

use super::{ColumnFacts, Found, defaults};
use crate::database::{command_error, ident};
use haversack_core::schema::{Column, ColumnDefault, Generated, Table, Type};
use haversack_core::{Error, ErrorCode};
use tokio_postgres::{Row, Transaction};

/// The columns of a table.
pub(super) struct Columns {
    /// Served ones.
    pub(super) columns: Vec<Column>,
    /// Beside them.
    pub(super) facts: Vec<ColumnFacts>,
    /// Names of all, private ones included.
    pub(super) all: Vec<String>,
    /// Numbers of private ones.
    pub(super) private_numbers: Vec<i16>,
    /// Private ones that an insert can't leave out.
    pub(super) private_needed: Vec<String>,
    /// Served ones that `attach` lets a client write.
    pub(super) grantable: Vec<String>,
}

// Domains are followed to their base type; their NOT NULL and their default count.
const COLUMNS: &str = "
WITH RECURSIVE base AS (
    SELECT a.attnum, a.atttypid AS typ, a.atttypmod AS mod, a.attnotnull AS needed, NULL::text AS inner_default
    FROM pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
    SELECT b.attnum, t.typbasetype, CASE WHEN t.typtypmod = -1 THEN b.mod ELSE t.typtypmod END,
           b.needed OR t.typnotnull, coalesce(b.inner_default, t.typdefault COLLATE \"default\")
    FROM base b JOIN pg_type t ON t.oid = b.typ WHERE t.typtype = 'd'
)
SELECT a.attnum, a.attname::text AS name, b.needed, a.attidentity::text AS identity,
       a.attgenerated::text AS generated,
       coalesce(pg_get_expr(d.adbin, d.adrelid), b.inner_default) AS default,
       format_type(a.atttypid, a.atttypmod) AS declared, format_type(a.atttypid, -1) AS cast,
       b.mod, t.typname::text, tn.nspname::text AS typschema, t.typtype::text, format_type(t.oid, b.mod) AS typsql,
       ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder) AS labels,
       t.typcategory = 'A' AND t.typelem <> 0 AS is_array,
       e.typname::text AS elem_name, en.nspname::text AS elem_schema, e.typtype::text AS elem_type,
       format_type(e.oid, b.mod) AS elem_sql,
       ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = e.oid ORDER BY enumsortorder) AS elem_labels,
       CASE WHEN a.attcollation = 0 THEN NULL
            WHEN c.collname = 'default' THEN (SELECT datcollate::text FROM pg_database WHERE datname = current_database()
                 AND datcollate NOT IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8'))
            ELSE c.collname::text END AS collation,
       col_description($1, a.attnum) AS comment,
       CASE WHEN $2::text IS NOT NULL THEN has_column_privilege($2::text, $1, a.attnum, 'SELECT') END AS can_select,
       CASE WHEN $2::text IS NOT NULL THEN has_column_privilege($2::text, $1, a.attnum, 'INSERT') END AS can_insert,
       CASE WHEN $2::text IS NOT NULL THEN has_column_privilege($2::text, $1, a.attnum, 'UPDATE') END AS can_update
FROM base b
JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = b.attnum
JOIN pg_type t ON t.oid = b.typ AND t.typtype <> 'd'
JOIN pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
LEFT JOIN pg_namespace en ON en.oid = e.typnamespace
LEFT JOIN pg_collation c ON c.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = $1 AND d.adnum = a.attnum
ORDER BY a.attnum";

pub(super) async fn read(
    transaction: &Transaction<'_>,
    found: &Found<'_>,
    role: Option<&str>,
    identity: &[String],
) -> Result<Columns, Error> {
    let rows = transaction
        .query(COLUMNS, &[&found.oid, &role])
        .await
        .map_err(command_error("reading the columns"))?;
    let mut read = Columns {
        columns: Vec::new(),
        facts: Vec::new(),
        all: rows.iter().map(|row| row.get("name")).collect(),
        private_numbers: Vec::new(),
        private_needed: Vec::new(),
        grantable: Vec::new(),
    };
    for (list, names) in [
        ("private", &found.rules.private),
        ("read_only", &found.rules.read_only),
    ] {
        if let Some(unknown) = names.iter().find(|name| !read.all.contains(name)) {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                format!("{list} of [tables.{}] in haversack.toml names {unknown:?}, which the table does not have", found.name),
            )
            .table(&found.name)
            .column(unknown)
            .hint(format!("its columns are {}", read.all.join(", "))));
        }
    }
    for row in &rows {
        read_one(transaction, found, identity, row, &mut read).await?;
    }
    Ok(read)
}

async fn read_one(
    transaction: &Transaction<'_>,
    found: &Found<'_>,
    identity: &[String],
    row: &Row,
    read: &mut Columns,
) -> Result<(), Error> {
    let name: String = row.get("name");
    let needed: bool = row.get("needed");
    let generated = row.get::<_, &str>("generated") == "s";
    let expression: Option<String> = row.get("default");
    let identity_kind: &str = row.get("identity");
    if found.rules.private.contains(&name) {
        read.private_numbers.push(row.get("attnum"));
        if needed && expression.is_none() && identity_kind.is_empty() {
            read.private_needed.push(name);
        }
        return Ok(());
    }
    if row.get::<_, Option<bool>>("can_select") == Some(false) {
        return Err(Error::new(
            ErrorCode::NotAttached,
            format!("the user role may not read {}.{name}", found.name),
        )
        .table(&found.name)
        .column(&name)
        .hint("run `haversack attach`, or list the column as private in haversack.toml"));
    }
    let default = match identity_kind {
        "a" => Some(ColumnDefault::Sequence { always: true }),
        "d" => Some(ColumnDefault::Sequence { always: false }),
        _ if generated => None,
        _ => match &expression {
            Some(sql) => defaults::classify(transaction, sql, row.get("declared")).await?,
            None => None,
        },
    };
    let planned = found.writable && !generated && !found.rules.read_only.contains(&name);
    let can_insert = row.get::<_, Option<bool>>("can_insert").unwrap_or(planned) && !generated;
    let can_update = row.get::<_, Option<bool>>("can_update").unwrap_or(planned) && !generated;
    if planned {
        read.grantable.push(name.clone());
    }
    read.facts.push(ColumnFacts {
        sql: ident(&name),
        cast: row.get("cast"),
        can_insert,
        can_update,
    });
    read.columns.push(Column {
        kind: kind(row),
        nullable: !needed,
        default,
        generated: expression.filter(|_| generated).map(|sql| Generated {
            sql,
            ..Generated::default()
        }),
        domains: Vec::new(),
        identity: identity.contains(&name),
        writable: can_insert || can_update,
        collation: row.get("collation"),
        comment: row.get("comment"),
        name,
    });
    Ok(())
}

fn kind(row: &Row) -> Type {
    let modifier: i32 = row.get("mod");
    if row.get::<_, bool>("is_array")
        && let Some(name) = row.get::<_, Option<&str>>("elem_name")
    {
        let element = Named {
            name,
            schema: row.get("elem_schema"),
            kind: row.get("elem_type"),
            sql: row.get("elem_sql"),
            labels: row.get("elem_labels"),
        };
        return Type::Array {
            of: Box::new(element.kind(modifier)),
        };
    }
    Named {
        name: row.get("typname"),
        schema: row.get("typschema"),
        kind: row.get("typtype"),
        sql: row.get("typsql"),
        labels: row.get("labels"),
    }
    .kind(modifier)
}

struct Named<'a> {
    name: &'a str,
    schema: &'a str,
    kind: &'a str,
    sql: String,
    labels: Vec<String>,
}

impl Named<'_> {
    fn kind(self, modifier: i32) -> Type {
        if self.kind == "e" {
            return Type::Enum {
                sql: self.sql,
                labels: self.labels,
            };
        }
        if self.schema != "pg_catalog" {
            return Type::Opaque { sql: self.sql };
        }
        // The catalog adds the four bytes of a header to lengths.
        let length = u32::try_from(modifier - 4).ok().filter(|_| modifier >= 4);
        match self.name {
            "bool" => Type::Bool,
            "int2" => Type::Int2,
            "int4" => Type::Int4,
            "int8" => Type::Int8,
            "float4" => Type::Float4,
            "float8" => Type::Float8,
            "numeric" if modifier >= 4 => {
                let packed = modifier - 4;
                Type::Numeric {
                    precision: Some(((packed >> 16) & 0xffff) as u16),
                    // Eleven bits, signed since Postgres 15.
                    scale: Some((((packed & 0x7ff) ^ 1024) - 1024) as i16),
                }
            }
            "numeric" => Type::Numeric {
                precision: None,
                scale: None,
            },
            "text" => Type::Text,
            "varchar" => Type::Varchar { length },
            "bpchar" => match length {
                Some(length) => Type::Char { length },
                None => Type::Opaque { sql: self.sql },
            },
            "uuid" => Type::Uuid,
            "date" => Type::Date,
            "time" => Type::Time,
            "timestamp" => Type::Timestamp,
            "timestamptz" => Type::Timestamptz,
            // One with fields or a precision keeps its name, which the text alone would lose.
            "interval" if modifier < 0 => Type::Interval,
            "json" => Type::Json,
            "jsonb" => Type::Jsonb,
            "bytea" => Type::Bytea,
            _ => Type::Opaque { sql: self.sql },
        }
    }
}

/// May the user role delete rows?
pub(super) async fn may_delete(
    transaction: &Transaction<'_>,
    found: &Found<'_>,
    role: Option<&str>,
) -> Result<bool, Error> {
    let Some(role) = role else {
        return Ok(found.writable);
    };
    let row = transaction
        .query_one(
            "SELECT has_table_privilege($1::text, $2::oid, 'DELETE')",
            &[&role, &found.oid],
        )
        .await
        .map_err(command_error("reading the privileges"))?;
    Ok(row.get(0))
}

/// Sequences that the table's columns draw from, and which column draws from which.
pub(super) async fn sequences(
    transaction: &Transaction<'_>,
    found: &Found<'_>,
    table: &Table,
) -> Result<(Vec<String>, Vec<(String, String)>), Error> {
    // `auto` and `internal` dependencies are serial and identity columns; a default that calls
    // nextval on a free sequence depends on it normally.
    let rows = transaction
        .query(
            "SELECT DISTINCT a.attname::text, format('%I.%I', n.nspname, s.relname)
             FROM pg_attribute a
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             JOIN pg_depend p ON (p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass
                   AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype IN ('a', 'i'))
                OR (p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 'pg_class'::regclass)
             JOIN pg_class s ON s.relkind = 'S' AND s.oid IN (p.objid, p.refobjid)
             JOIN pg_namespace n ON n.oid = s.relnamespace
             WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
             ORDER BY 1, 2",
            &[&found.oid],
        )
        .await
        .map_err(command_error("reading the sequences"))?;
    let mut all: Vec<String> = rows.iter().map(|row| row.get(1)).collect();
    all.dedup();
    let served = rows
        .iter()
        .map(|row| (row.get::<_, String>(0), row.get::<_, String>(1)))
        .filter(|(column, _)| {
            table.columns.iter().any(|c| {
                c.name == *column && matches!(c.default, Some(ColumnDefault::Sequence { .. }))
            })
        })
        .collect();
    Ok((all, served))
}
