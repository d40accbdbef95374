//! As whom, and with what settings, a database is read.

use crate::database::command_error;
use crate::expression::Scope;
use crate::scope::Who;
use haversack_core::Error;
use std::collections::HashMap;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Transaction};

/// As whom a database is read, and what is true of all of it.
pub(super) struct Reader {
    /// Who "the user" is in policies.
    pub(super) who: Who,
    /// The user role, where it exists: its policies count.
    pub(super) role: Option<String>,
    /// The same, where its privileges count rather than those that `attach` will grant.
    pub(super) granted_to: Option<String>,
    /// What an expression may name in any table.
    pub(super) base: Scope,
    /// The database's own collation, where it is not that of bytes.
    pub(super) collation: Option<String>,
    /// How the database's own collation orders texts.
    pub(super) order: Order,
}

/// How well a client can order texts as a collation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// By bytes, or as a port of ICU does.
    Exact,
    /// As a locale of the operating system.
    Approximate,
    /// And texts that differ may be equal.
    Nondeterministic,
}

/// The facts of a database that every table's description depends on.
pub(super) struct Server {
    pub(super) major: u16,
    /// The database's own collation, where it is not that of bytes.
    pub(super) collation: Option<String>,
    /// Its name whatever it is, and that of the classes of characters.
    pub(super) locale: String,
    pub(super) ctype: String,
    pub(super) order: Order,
    /// Where pg_trgm is, quoted; none where users can't get at it.
    pub(super) trigrams: Option<String>,
}

// Names of columns differ between versions, so they are asked for by name.
const SERVER: &str = "
SELECT current_setting('server_version_num')::int / 10000, coalesce(j ->> 'datlocprovider', 'c'), j ->> 'datcollate',
       coalesce(j ->> 'datlocale', j ->> 'daticulocale'), j ->> 'datctype',
       (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace, pg_roles r
        WHERE e.extname = 'pg_trgm' AND r.rolname = $1 AND has_schema_privilege(r.oid, n.oid, 'USAGE'))
FROM (SELECT to_jsonb(d) AS j FROM pg_database d WHERE d.datname = current_database()) d";

impl Server {
    /// `role` is that of the users.
    pub(super) async fn read(transaction: &Transaction<'_>, role: &str) -> Result<Self, Error> {
        let row = transaction
            .query_one(SERVER, &[&role])
            .await
            .map_err(command_error("reading the server's version"))?;
        let (provider, libc): (String, String) = (row.get(1), row.get(2));
        let locale: Option<String> = row.get(3);
        let own = locale
            .clone()
            .filter(|_| provider != "c")
            .unwrap_or_else(|| libc.clone());
        let (collation, order) = match &*provider {
            "i" => (locale.map(|l| format!("{l}-x-icu")), Order::Exact),
            "b" => (None, Order::Exact),
            _ if is_bytes(&libc) => (None, Order::Exact),
            _ => (Some(libc), Order::Approximate),
        };
        Ok(Self {
            major: u16::try_from(row.get::<_, i32>(0)).unwrap_or_default(),
            collation,
            locale: own,
            ctype: row.get(4),
            order,
            trigrams: row.get(5),
        })
    }
}

/// Does this locale of the operating system order by bytes?
pub(super) fn is_bytes(locale: &str) -> bool {
    matches!(locale, "C" | "POSIX" | "C.UTF-8" | "C.utf8")
}

/// Rows of one query over all tables, by the oid in their first column.
pub(super) type Grouped = HashMap<u32, Vec<Row>>;

/// Reads a catalog once for all tables.
pub(super) async fn grouped(
    transaction: &Transaction<'_>,
    sql: &str,
    params: &[&(dyn ToSql + Sync)],
    doing: &str,
) -> Result<Grouped, Error> {
    let rows = transaction
        .query(sql, params)
        .await
        .map_err(command_error(doing))?;
    let mut grouped = Grouped::new();
    for row in rows {
        grouped.entry(row.get(0)).or_default().push(row);
    }
    Ok(grouped)
}

/// The rows of one table.
pub(super) fn of(grouped: &Grouped, oid: u32) -> &[Row] {
    grouped.get(&oid).map_or(&[], Vec::as_slice)
}
