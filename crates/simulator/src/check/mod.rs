//! The invariants of `docs/reliability.md`, each with what asks for it.

pub mod causal;
