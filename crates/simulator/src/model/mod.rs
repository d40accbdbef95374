//! A model of a database that Haversack is attached to, and of endpoints over it: in memory, in one
//! thread, with no time, chance or mishap but what a [`World`] gives.
//!
//! **Invariant.** The same calls in the same world have the same answers, byte for byte, and those are the
//! answers of a real endpoint over a real Postgres, but for ids, times and the order of a table's rows
//! (`tests/same_as_postgres.rs` holds the two beside each other).
//!
//! The schema's rules are the core's own: what a row has to obey, and what foreign keys do. The rest is
//! Postgres's: transactions that see only what is committed, ids and snapshots ([`xid`]), locks
//! ([`locks`]; nobody waits for one), savepoints, row security by owner, the triggers of `attach`.
//!
//! Not modelled: writes that empty a whole table, triggers of the application's own, sequences that jump
//! ahead in a recovery.

mod backup;
mod connection;
mod database;
mod image;
mod locks;
mod server;
mod shape;
mod statement;
mod store;
mod transaction;
mod world;
mod writer;
mod xid;

pub use backup::{Backup, Dump, ReplicaState};
pub use database::{Commit, CommittedRow, Database, TextRow};
pub use server::Server;
pub use transaction::By;
pub use world::{Fault, Point, Still, World};
pub use writer::Writer;
