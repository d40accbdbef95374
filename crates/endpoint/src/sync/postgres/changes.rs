//! What changed since a cursor, as the changelog has it.

use super::Postgres;
use super::sql::{CHANGED, OPEN_PULL};
use crate::sync::cursor::Position;
use crate::sync::failure::Failure;
use crate::sync::store::{Changed, Store};
use futures_util::future::join;
use haversack_core::protocol::KeyText;
use tokio_postgres::Row;

impl Postgres {
    /// [`Store::look`], in one round trip.
    pub(super) async fn looked(
        &self,
        snapshot: &str,
        scopes: &[String],
        most: usize,
    ) -> Result<(Position, Vec<Changed>), Failure> {
        // Both are at hand before the first is sent, so that they are sent in this order.
        self.session.prepare(&OPEN_PULL).await?;
        self.session.prepare(CHANGED).await?;
        let position = self.position(Some(snapshot));
        let changed = self.changed(scopes, snapshot, most);
        let (position, changed) = join(position, changed).await;
        let position = position?;
        let changed = if position.continues {
            changed?
        } else {
            Vec::new()
        };
        Ok((position, changed))
    }

    /// [`Store::changed`].
    pub(super) async fn found(
        &self,
        scopes: &[String],
        snapshot: &str,
        most: usize,
    ) -> Result<Vec<Changed>, Failure> {
        let limit = most as i64;
        let rows = self
            .session
            .query(CHANGED, &[&scopes, &snapshot, &limit])
            .await?;
        Ok(rows.iter().flat_map(|row| self.changes(row)).collect())
    }

    /// What one entry of the changelog says.
    fn changes(&self, row: &Row) -> Vec<Changed> {
        let (number, key): (i32, Option<KeyText>) = (row.get(0), row.get(1));
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
