//! The invariants of `docs/reliability.md`, each with what asks for it.

pub mod causal;
pub mod live;
pub mod queue;
pub mod server;
pub mod sessions;
pub mod view;
