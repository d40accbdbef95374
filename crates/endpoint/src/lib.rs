//! The Haversack endpoint: what stands between a Postgres database and its replicas.
//!
//! The binary `haversack` is a thin `main` over this library. It reads a database's schema from its
//! catalog ([`introspect`]), makes the database tell what changes ([`attach`]), and serves pushes
//! and pulls under row security ([`serve`]). It knows no table by name; every identifier in SQL
//! comes from the introspected schema.
#![forbid(unsafe_code)]

pub mod accept;
pub mod attach;
pub mod auth;
pub mod check;
pub mod cli;
mod client;
pub mod compiled;
pub mod config;
pub mod database;
pub mod durable;
pub mod expression;
mod health;
pub mod introspect;
pub mod migrate;
mod names;
pub mod poke;
pub mod problem;
pub mod pull_types;
pub mod query;
pub mod router;
pub mod scope;
pub mod seed;
pub mod serve;
pub mod served;
pub mod state;
pub mod steps;
pub mod sync;
mod table_sql;
pub mod turns;
pub mod watermark;
