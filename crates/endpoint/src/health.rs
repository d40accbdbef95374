//! Whether the endpoint can do its work: Postgres answers, and every synced table has its triggers.

use crate::state::State;
use crate::sync::postgres::session::Session;
use haversack_core::protocol::PROTOCOL_VERSION;
use serde::Serialize;

/// The answer of `/health`.
#[derive(Debug, Serialize)]
pub struct Health {
    /// `ok`, or `failing`.
    pub status: &'static str,
    /// Does Postgres answer?
    pub postgres: bool,
    /// Tables and partitions whose changes are not captured: run `haversack attach`.
    pub uncaptured: Vec<String>,
    /// The wire's version.
    pub protocol: u32,
    /// The served schema.
    pub fingerprint: String,
    /// Connections for syncs in use, and the most there may be.
    pub connections: (usize, usize),
}

impl Health {
    /// Is all well?
    pub fn is_ok(&self) -> bool {
        self.status == "ok"
    }
}

const UNCAPTURED: &str = "
WITH RECURSIVE r(relid, prefix) AS (
    SELECT t.name::regclass::oid, 'haversack_' FROM unnest($1::text[]) AS t(name)
  UNION
    SELECT t.name::regclass::oid, 'haversack_permit_' FROM unnest($2::text[]) AS t(name)
  UNION
    SELECT i.inhrelid, r.prefix FROM r JOIN pg_inherits i ON i.inhparent = r.relid
)
SELECT DISTINCT r.relid::regclass::text FROM r JOIN pg_class c ON c.oid = r.relid AND c.relkind <> 'f'
WHERE 4 <> (SELECT count(*) FROM pg_trigger g
            WHERE g.tgrelid = r.relid AND g.tgname ~ ('^' || r.prefix || '[a-z]+$') AND g.tgenabled = 'A' AND NOT g.tgisinternal)
ORDER BY 1";

/// Looks.
pub async fn health(state: &State) -> Health {
    let compiled = state.compiled();
    let tables: Vec<&str> = compiled.tables.iter().map(|t| t.sql.as_str()).collect();
    let found = async {
        let session = Session::get(&state.own_pool).await.ok()?;
        let rows = session
            .query(UNCAPTURED, &[&tables, &compiled.permit_relations])
            .await
            .ok()?;
        Some(rows.iter().map(|row| row.get(0)).collect::<Vec<String>>())
    }
    .await;
    let pool = state.pool.status();
    let good = found.as_ref().is_some_and(Vec::is_empty);
    Health {
        status: if good { "ok" } else { "failing" },
        postgres: found.is_some(),
        uncaptured: found.unwrap_or_default(),
        protocol: PROTOCOL_VERSION,
        fingerprint: compiled.schema.fingerprint.clone(),
        connections: (pool.size.saturating_sub(pool.available), pool.max_size),
    }
}
