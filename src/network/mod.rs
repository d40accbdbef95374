//! What goes over the network: one streamed request at a time, and the poke socket.

pub mod request;
pub mod socket;
