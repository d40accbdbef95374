//! Somebody who writes straight in SQL, past every endpoint.

use super::database::Database;
use super::statement::Outside;
use super::transaction::{By, TxId};
use haversack_core::merge::parse_values;
use haversack_core::protocol::Op;
use haversack_core::replica::{Key, RowOp};
use haversack_core::{Error, ErrorCode};
use haversack_endpoint::sync::failure::Failure;

/// A transaction in SQL, as the tables' owner: no row security, no privileges. It is open until it is
/// committed or dropped.
pub struct Writer {
    database: Database,
    tx: TxId,
}

impl Database {
    /// Begins a transaction in SQL.
    pub fn begin(&self) -> Writer {
        Writer {
            tx: self.state.borrow_mut().begin(By::Sql),
            database: self.clone(),
        }
    }
}

impl Writer {
    /// Does an operation, whatever its bases are; a row that is not there is no error.
    ///
    /// # Errors
    /// What Postgres raises, with its SQLSTATE: 55P03 where another transaction holds the row, 25P02
    /// after any other error. `database_unavailable` after a recovery.
    pub fn write(&mut self, op: &Op) -> Result<(), Error> {
        let schema = self.database.schema();
        let (Op::Insert { table, .. } | Op::Update { table, .. } | Op::Delete { table, .. }) = op;
        let id = schema.require_table(table)?;
        let table = schema.table(id);
        let op = match op {
            Op::Insert { values, .. } => RowOp::Insert(parse_values(table, values)?),
            Op::Update { key, set, .. } => {
                RowOp::Update(Key::from_text(table, key)?, parse_values(table, set)?)
            }
            Op::Delete { key, .. } => RowOp::Delete(Key::from_text(table, key)?),
        };
        let world = &self.database.world;
        let mut random = || {
            let bits = u128::from(world.random()) << 64 | u128::from(world.random());
            bits.to_le_bytes()
        };
        let mut outside = Outside {
            now_ms: world.now_ms(),
            random: &mut random,
        };
        let mut state = self.database.state.borrow_mut();
        match state.execute(self.tx, id, &op, &mut outside) {
            Ok(_) => Ok(()),
            Err(failure) => Err(said(failure)),
        }
    }

    /// Ends the transaction and keeps what it did; nothing, where a statement of it has failed.
    ///
    /// # Errors
    /// What was deferred and does not hold; nothing is kept then.
    pub fn commit(self) -> Result<(), Error> {
        self.database.commit(self.tx).map_err(said)
    }

    /// Ends the transaction as if it had not been.
    pub fn rollback(self) {}
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.database.state.borrow_mut().abort(self.tx);
    }
}

fn said(failure: Failure) -> Error {
    let refusal = match failure {
        Failure::Broken(error) => return error,
        Failure::Refused(refusal) | Failure::Transient(refusal) | Failure::Outdated(refusal) => {
            refusal
        }
    };
    let mut error = Error::new(ErrorCode::Rejected, refusal.message).sqlstate(refusal.sqlstate);
    error.details.table = refusal.table;
    error.details.column = refusal.column;
    error.details.constraint = refusal.constraint;
    error
}
