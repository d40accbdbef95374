//! Everything in Haversack that decides.
//!
//! The core knows schemas, values, rows, mutations and verdicts. It never touches a network, a
//! clock, a database or a browser: time and randomness are parameters, storage is an effect that
//! the caller carries out. So it runs natively in tests and in the simulator, inside the endpoint,
//! and as WebAssembly in the browser, and the same code decides in all three.
#![forbid(unsafe_code)]

pub mod error;
pub mod expr;
pub mod json;
pub mod lease;
pub mod map;
pub mod merge;
pub mod more;
pub mod moving;
pub mod planted;
pub mod protocol;
pub mod query;
pub mod queue;
pub mod replica;
pub mod schema;
pub mod sync;
pub mod value;

use haversack_rows::sort;

pub use error::{Error, ErrorCode, Recovery};
