//! Rows in memory, and the loops over them: typed columns, sorted indexes, filters, walks.
//!
//! A crate of its own because a compiler's choice between speed and size holds for a whole crate:
//! this one is compiled for speed, the core for size. What is generic or inlined is compiled as its
//! caller is, so that what the core calls for its speed is `#[inline(never)]`. It knows values and
//! positions of columns, and no schema.
#![forbid(unsafe_code)]

pub mod column;
pub mod filter;
pub mod index;
pub mod order;
pub mod plain;
pub mod sort;
pub mod totals;
pub mod value;
pub mod walk;

pub use column::Column;
pub use filter::Filter;
pub use index::{OrderKey, SortedIndex, Spec};
pub use value::{Value, ValueRef};
pub use walk::{Run, Set, Walk};
