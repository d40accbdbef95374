//! When columns under the policy `lww` were written, as far as a push has to know.

use super::apply::{Push, Stop};
use super::store::Store;
use haversack_core::protocol::{KeyText, Mutation, Values};
use haversack_core::schema::{ColumnId, Policy, Table, TableId};

impl<S: Store> Push<'_, S> {
    /// When a mutation counts as made: nobody writes in the future.
    pub(super) fn made(&self, mutation: &Mutation) -> i64 {
        mutation.at.min(self.now_ms)
    }

    /// When the columns of a row that an update sets were written last, as far as that matters.
    pub(super) async fn times(
        &self,
        id: TableId,
        set: &Values,
        key: &KeyText,
    ) -> Result<Vec<(ColumnId, i64)>, Stop> {
        let table = self.served.table(id);
        if !set.keys().any(|name| is_timed(table, name)) {
            return Ok(Vec::new());
        }
        let times = self.store.times(id, key).await?;
        let times = times.into_iter();
        Ok(times
            .filter_map(|(name, at)| Some((table.column_id(&name)?, at)))
            .collect())
    }

    /// Records that columns are as somebody wanted them to be at a time.
    pub(super) async fn confirm(
        &self,
        id: TableId,
        key: &KeyText,
        equal: &[ColumnId],
        made: i64,
    ) -> Result<(), Stop> {
        let table = self.served.table(id);
        let names = equal.iter().map(|c| table.column(*c).name.as_str());
        let names: Vec<&str> = names.filter(|name| is_timed(table, name)).collect();
        if !names.is_empty() {
            self.store.confirm(id, key, &names, made).await?;
        }
        Ok(())
    }
}

fn is_timed(table: &Table, name: &str) -> bool {
    table
        .column_id(name)
        .is_some_and(|c| table.column(c).policy == Policy::Lww)
}
