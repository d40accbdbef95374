//! Types of columns: domains followed to their base, enums with their labels, arrays of either.

use super::reader::Reader;
use super::rules;
use crate::database::{command_error, ident};
use crate::expression::plain;
use haversack_core::Error;
use haversack_core::schema::{Check, Domain, Type};
use std::collections::HashMap;
use tokio_postgres::Transaction;

/// The types that some relations use, and those that these are made of.
pub(super) struct Types(HashMap<u32, Entry>);

struct Entry {
    name: String,
    schema: String,
    /// As in `pg_type.typtype`.
    kind: char,
    /// Of an array.
    element: Option<u32>,
    /// Of a domain.
    base: u32,
    /// The base's modifier, of a domain.
    modifier: i32,
    /// The base with its modifier as SQL, of a domain.
    base_sql: Option<String>,
    not_null: bool,
    default: Option<String>,
    /// The database's own functions and operators in a domain's checks and default.
    own: Vec<String>,
    /// As SQL, without a modifier.
    sql: String,
    labels: Vec<String>,
    /// Name and expression of a domain's checks, by name.
    checks: Vec<(String, String)>,
    /// The collation of a domain where it is not the database's.
    collation: Option<String>,
}

/// A type, resolved.
pub(super) struct Resolved {
    pub(super) kind: Type,
    /// The innermost first.
    pub(super) domains: Vec<Domain>,
    /// The default of the outermost domain, with the names in it that are the database's own: Postgres asks
    /// no other.
    pub(super) default: Option<(String, Vec<String>)>,
    /// Domains of an array's elements that have rules of their own.
    pub(super) element_domains: Vec<String>,
    /// The digits after the second that the type keeps, where it keeps fewer than six.
    pub(super) precision: Option<u16>,
}

// An array type proper is the one that its element names; int2vector and its like are not.
const TYPES: &str = "
WITH RECURSIVE used(oid) AS (
    SELECT DISTINCT atttypid FROM pg_attribute WHERE attrelid = ANY ($1) AND attnum > 0 AND NOT attisdropped
  UNION
    SELECT x.oid FROM used u JOIN pg_type t ON t.oid = u.oid
    CROSS JOIN LATERAL (SELECT t.typbasetype WHERE t.typtype = 'd'
                        UNION ALL SELECT e.oid FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid) AS x(oid)
)
SELECT t.oid, t.typname::text AS name, n.nspname::text AS schema, t.typtype::text AS kind,
       (SELECT e.oid FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid) AS element,
       t.typbasetype AS base, t.typtypmod AS modifier,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base_sql,
       t.typnotnull AS not_null, pg_get_expr(t.typdefaultbin, 0) AS default, format_type(t.oid, NULL) AS sql,
       ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder) AS labels,
       ARRAY(SELECT conname::text FROM pg_constraint WHERE contypid = t.oid AND contype = 'c' ORDER BY conname) AS check_names,
       ARRAY(SELECT pg_get_expr(conbin, 0) FROM pg_constraint WHERE contypid = t.oid AND contype = 'c' ORDER BY conname) AS checks,
       {own} || ARRAY(SELECT unnest({check_own}) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c') AS own,
       CASE WHEN co.collname <> 'default' THEN co.collname::text END AS collation
FROM used u JOIN pg_type t ON t.oid = u.oid JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_collation co ON co.oid = t.typcollation";

/// The longest chain of domains that is followed; Postgres has no cycles among them.
const DEPTH_MAX: usize = 64;

impl Types {
    /// Reads the types of the columns of these relations.
    pub(super) async fn read(
        transaction: &Transaction<'_>,
        relations: &[u32],
    ) -> Result<Self, Error> {
        let sql = TYPES
            .replace("{own}", &rules::own("pg_type", "t.oid"))
            .replace("{check_own}", &rules::own("pg_constraint", "k.oid"));
        let rows = transaction
            .query(&sql, &[&relations])
            .await
            .map_err(command_error("reading the types"))?;
        let entries = rows.iter().map(|row| {
            let names: Vec<String> = row.get("check_names");
            let checks: Vec<String> = row.get("checks");
            let entry = Entry {
                name: row.get("name"),
                schema: row.get("schema"),
                kind: row.get::<_, &str>("kind").chars().next().unwrap_or('b'),
                element: row.get("element"),
                base: row.get("base"),
                modifier: row.get("modifier"),
                base_sql: row.get("base_sql"),
                not_null: row.get("not_null"),
                default: row.get("default"),
                own: row.get("own"),
                sql: row.get("sql"),
                labels: row.get("labels"),
                checks: names.into_iter().zip(checks).collect(),
                collation: row.get("collation"),
            };
            (row.get("oid"), entry)
        });
        Ok(Self(entries.collect()))
    }

    /// The enum types among them.
    pub(super) fn enums(&self) -> Vec<Type> {
        let mut entries: Vec<&Entry> = self.0.values().filter(|e| e.kind == 'e').collect();
        entries.sort_by(|a, b| a.sql.cmp(&b.sql));
        entries.into_iter().map(|e| e.kind(-1, &e.sql)).collect()
    }

    /// The type `oid` with a modifier; `declared` is the two as SQL.
    pub(super) fn resolve(
        &self,
        reader: &Reader,
        oid: u32,
        modifier: i32,
        declared: &str,
    ) -> Resolved {
        let (mut oid, mut modifier, mut declared) = (oid, modifier, declared.to_owned());
        let default = self.0.get(&oid).and_then(|e| {
            let sql = e.default.clone()?;
            Some((sql, e.own.clone()))
        });
        let mut domains = Vec::new();
        while let Some(entry) = self
            .0
            .get(&oid)
            .filter(|e| e.kind == 'd' && domains.len() < DEPTH_MAX)
        {
            domains.push((oid, entry));
            oid = entry.base;
            if entry.modifier >= 0 {
                modifier = entry.modifier;
            }
            declared = entry.base_sql.clone().unwrap_or(declared);
        }
        let (kind, element_domains) = self.base(oid, modifier, &declared);
        let domains = domains
            .into_iter()
            .rev()
            .map(|(_, entry)| entry.domain(reader, &kind))
            .collect();
        Resolved {
            precision: precision(&kind, modifier),
            kind,
            domains,
            default,
            element_domains,
        }
    }

    /// The name to cast a parameter to, with no modifier, so that a cast never cuts a value off, and
    /// qualified, so that it means the same under any path.
    pub(super) fn cast(&self, oid: u32, plain: String) -> String {
        match self.0.get(&oid) {
            Some(entry) if entry.schema != "pg_catalog" => {
                format!("{}.{}", ident(&entry.schema), ident(&entry.name))
            }
            _ => plain,
        }
    }

    /// The name to cast a parameter to that is only compared with: the same, but that a domain's rules are not
    /// asked. What is `plain` is already without them.
    pub(super) fn compared(&self, oid: u32, plain: String) -> String {
        let mut at = oid;
        for _ in 0..DEPTH_MAX {
            match self.0.get(&at) {
                Some(entry) if entry.kind == 'd' => at = entry.base,
                _ => break,
            }
        }
        match self.0.get(&at) {
            Some(entry) => format!("{}.{}", ident(&entry.schema), ident(&entry.name)),
            None => plain,
        }
    }

    fn base(&self, oid: u32, modifier: i32, declared: &str) -> (Type, Vec<String>) {
        let opaque = || Type::Opaque {
            sql: declared.to_owned(),
        };
        let Some(entry) = self.0.get(&oid) else {
            return (opaque(), Vec::new());
        };
        let Some(element) = entry.element else {
            return (entry.kind(modifier, declared), Vec::new());
        };
        // Elements may be of a domain too; what it is made of is what the text shows.
        let (mut at, mut modifier, mut named) = (element, modifier, Vec::new());
        let mut sql = declared.strip_suffix("[]").unwrap_or(declared).to_owned();
        while let Some(domain) = self
            .0
            .get(&at)
            .filter(|e| e.kind == 'd' && named.len() < DEPTH_MAX)
        {
            named.push(domain);
            at = domain.base;
            if domain.modifier >= 0 {
                modifier = domain.modifier;
            }
            sql = domain.base_sql.clone().unwrap_or(sql);
        }
        let ruled = named.iter().filter(|d| d.not_null || !d.checks.is_empty());
        let ruled = ruled.map(|d| d.sql.clone()).collect();
        match self.0.get(&at) {
            // An array whose elements are arrays by way of a domain has a text of its own.
            Some(base) if base.element.is_none() => {
                let of = Box::new(base.kind(modifier, &sql));
                (Type::Array { of }, ruled)
            }
            _ => (opaque(), ruled),
        }
    }
}

impl Entry {
    fn domain(&self, reader: &Reader, kind: &Type) -> Domain {
        let checks = self.checks.iter().map(|(name, sql)| {
            let (expr, reason) = rules::judged(rules::of_value(
                &reader.base,
                sql,
                &self.own,
                kind,
                self.collation.clone(),
            ));
            Check {
                name: name.clone(),
                sql: sql.clone(),
                expr,
                reason,
            }
        });
        Domain {
            name: self.sql.clone(),
            not_null: self.not_null,
            checks: checks.collect(),
        }
    }

    fn kind(&self, modifier: i32, declared: &str) -> Type {
        let opaque = || Type::Opaque {
            sql: declared.to_owned(),
        };
        if self.kind == 'e' {
            return Type::Enum {
                sql: self.sql.clone(),
                labels: self.labels.clone(),
            };
        }
        if self.schema != "pg_catalog" {
            return opaque();
        }
        // The catalog adds the four bytes of a header to lengths.
        let length = u32::try_from(modifier - 4).ok().filter(|_| modifier >= 4);
        match &*self.name {
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
            "varchar" => Type::Varchar { length },
            "bpchar" => length.map_or_else(opaque, |length| Type::Char { length }),
            "uuid" => Type::Uuid,
            // One with fields or a precision keeps its name, which the text alone would lose.
            "interval" if modifier < 0 => Type::Interval,
            "json" => Type::Json,
            "jsonb" => Type::Jsonb,
            "bytea" => Type::Bytea,
            name => plain(name).unwrap_or_else(opaque),
        }
    }
}

fn precision(kind: &Type, modifier: i32) -> Option<u16> {
    let timed = match kind {
        Type::Array { of } => of,
        other => other,
    };
    let timed = matches!(timed, Type::Time | Type::Timestamp | Type::Timestamptz);
    let digits = u16::try_from(modifier).ok()?;
    (timed && digits < 6).then_some(digits)
}
