//! What changed since a cursor, as the changelog has it.

use super::Postgres;
use super::sql::look;
use crate::sync::cursor::Position;
use crate::sync::failure::Failure;
use crate::sync::store::Changed;
use haversack_core::protocol::KeyText;
use haversack_core::{Error, ErrorCode};
use tokio_postgres::types::ToSql;

/// What one entry of the changelog names: a table by its number, and a row of it; no row where all of them
/// may have changed.
type Entry = (i32, Option<KeyText>);

impl Postgres {
    /// [`Store::look`](crate::sync::store::Store::look), in one statement.
    pub(super) async fn looked(
        &self,
        snapshot: &str,
        scopes: &[String],
        most: usize,
    ) -> Result<(Position, Vec<Changed>), Failure> {
        let most = most as i64;
        let who = self.who();
        let user = who.iter().map(|text| text as &(dyn ToSql + Sync));
        let own: [&(dyn ToSql + Sync); 3] = [&snapshot, &scopes, &most];
        let params: Vec<_> = own.into_iter().chain(user).collect();
        let sql = |lookup| look(who.len() / 2, lookup);
        let (position, row) = self.open(sql, &params).await?;
        let found: Option<&str> = row.get("changed");
        let Some(found) = found.filter(|_| position.continues) else {
            return Ok((position, Vec::new()));
        };
        let found: Vec<Entry> = serde_json::from_str(found).map_err(|e| {
            tracing::error!("the changelog can't be read: {e}");
            Error::new(ErrorCode::Internal, "the changelog can't be read")
        })?;
        let changed = found.into_iter().flat_map(|entry| self.changes(entry));
        Ok((position, changed.collect()))
    }

    /// What one entry of the changelog says.
    fn changes(&self, (number, key): Entry) -> Vec<Changed> {
        // No row has an empty key: it stands for what row security reads there.
        if key.as_ref().is_some_and(Vec::is_empty) {
            let tables = self.compiled.permits(number).iter();
            let whole = |table: &_| Changed {
                table: Some(*table),
                key: None,
            };
            return tables.map(whole).collect();
        }
        let table = self.compiled.by_number(number);
        vec![Changed { table, key }]
    }
}
