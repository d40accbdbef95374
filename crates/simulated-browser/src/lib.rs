//! A browser as the client sees it, in one thread and with a clock of its own.
//!
//! The client's code runs here as in a page: IndexedDB, Web Locks, channels, timers, requests and
//! sockets have the same shape as its wrappers of the browser's. All that happens is an event of a
//! [`World`] at a time of its own making, so a seed gives the same history again. What can go wrong
//! in a browser is done from outside: tabs are killed or frozen between two events, transactions
//! fail, a power cut takes what was not yet on disk.
//!
//! Not modelled: anything of the page that the client does not use.

pub mod channel;
pub mod device;
pub mod fetch;
pub mod idb;
pub mod listener;
pub mod locks;
pub mod socket;
mod tasks;
pub mod timer;
pub mod value;
pub mod world;

pub use device::{DeviceId, StorageFault};
pub use fetch::{Network, Reply, Request};
pub use tasks::spawn;
pub use value::{List, Value};
pub use world::{TabId, World};

use base64::Engine;

/// Milliseconds since 1970 by the device's clock, which may be wrong.
pub fn now_ms() -> f64 {
    World::with(|world| world.device_now_ms())
}

/// Random bytes of the world's seed.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    World::with(|world| {
        let mut bytes = [0; N];
        world.fill(&mut bytes);
        bytes
    })
}

/// A random number in [0, 1).
pub fn random_unit() -> f64 {
    World::with(World::unit)
}

/// The payload of a JSON Web Token, unverified.
pub fn token_payload(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    String::from_utf8(engine.decode(payload).ok()?).ok()
}
