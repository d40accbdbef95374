//! Real clients against the endpoint's real logic, deterministically.
//!
//! A [`history::History`] is made from a seed: who takes part, and a list of steps. Running it gives a
//! record of what happened, which the checkers of [`check`] hold against the invariants of
//! `docs/reliability.md`. A history that breaks one is shrunk to the steps that matter. The database is
//! [`model`]; endpoint and client are the code that ships.
//!
//! Not its job: to decide anything that the client or the endpoint decides.
#![forbid(unsafe_code)]

pub mod batch;
pub mod check;
pub mod draft;
pub mod history;
pub mod model;
pub mod oracle;
pub mod question;
pub mod record;
pub mod rows;
pub mod run;
mod schema;
pub mod shrink;
pub mod tally;

pub use schema::schema;
