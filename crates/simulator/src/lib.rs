//! Haversack in one process, deterministically: for tests that no network and no database could give.
#![forbid(unsafe_code)]

pub mod model;
mod schema;

pub use schema::schema;
