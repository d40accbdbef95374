//! Rows in memory, and the loops over them: typed columns, sorted indexes, filters, walks.
//!
//! A crate of its own because a compiler's choice between speed and size holds for a whole crate:
//! this one is compiled for speed, [the core](../haversack_core/index.html) for size. What is generic
//! or `#[inline]` is compiled where it is used, so that what must be quick is neither, or is used by
//! the loops of this crate only. It knows values and positions of columns, and no schema.
#![forbid(unsafe_code)]

pub mod column;
pub mod filter;
pub mod index;
pub mod order;
pub mod sort;
pub mod value;
pub mod walk;

pub use column::Column;
pub use filter::Filter;
pub use index::{OrderKey, SortedIndex, Spec};
pub use value::{Value, ValueRef};
pub use walk::{Run, Set, Walk};
