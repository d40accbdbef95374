//! What a replica promises to the binding, one behaviour at a time.

mod alone;
mod cascades;
mod checks_generated;
mod fixture;
mod found;
mod hooks;
mod keys;
mod patches;
mod policies;
mod queries;
mod references;
mod row_states;
mod ruled;
mod temporary_keys;
mod uniques;
mod verdicts;
mod writes;
