//! What a replica promises to the binding, one behaviour at a time.

mod alone;
mod fixture;
mod patches;
mod queries;
mod writes;
