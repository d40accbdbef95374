//! The endpoint as a process, a Postgres of the tests' own, and what goes wrong between them and
//! their replicas: connections cut at the worst moment, half-open, slow, doubled; `kill -9`.
//!
//! The binaries are those of the cluster that HAVERSACK_TEST_DATABASE_URL names.

mod client;
mod cluster;
mod commits;
// What these tests do not use of it, those of `tests/endpoint` do.
#[allow(dead_code)]
#[path = "../endpoint/harness.rs"]
mod harness;
mod histories;
mod hostile;
mod random;
mod restored;
mod server;
mod several;
mod silent;
mod soak;
mod world;
