//! Real clients against the endpoint's real logic, deterministically.
//!
//! A [`history::History`] is made from a seed: who takes part, and a list of steps. Running it gives a
//! record of what happened, which the checkers of [`check`] hold against the invariants of
//! `docs/reliability.md`. A history that breaks one is shrunk to the steps that matter.
//!
//! Not its job: to decide anything that the client or the endpoint decides.

pub mod check;
pub mod draft;
pub mod history;
pub mod oracle;
pub mod rows;
pub mod shrink;
