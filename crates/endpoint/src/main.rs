//! The command `haversack`.
fn main() {}
