//! Bugs that are planted on purpose, to see that the tests catch them (I22).
//!
//! Only a build with the feature `planted` has them, and there only the one that `HAVERSACK_PLANTED` names;
//! in every other build [`is`] is false to the compiler. `cargo xtask planted` has the list, with what
//! catches each.

/// Is the bug of this name planted?
#[cfg(feature = "planted")]
pub fn is(name: &str) -> bool {
    use std::sync::OnceLock;
    static PLANTED: OnceLock<Option<String>> = OnceLock::new();
    let planted = PLANTED.get_or_init(|| std::env::var("HAVERSACK_PLANTED").ok());
    planted.as_deref() == Some(name)
}

/// Is the bug of this name planted? Never, in this build.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn is(_name: &str) -> bool {
    false
}
