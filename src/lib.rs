//! The browser binding of Haversack: translates between the core and the browser, never decides.

mod browser;
mod network;
mod store;
