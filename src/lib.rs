//! The client of Haversack: what lies between the core and a browser. Translates, never decides.
//!
//! In a page it is [`binding`] that TypeScript holds. Compiled natively, the same code runs over the
//! simulated browser of `crates/simulated-browser`, for the simulator alone.

#[cfg(target_arch = "wasm32")]
pub mod binding;
mod browser;
pub mod client;
mod convert;
mod memory;
mod network;
#[cfg(target_arch = "wasm32")]
mod poison;
pub mod store;
mod task;
#[cfg(target_arch = "wasm32")]
mod view;
