//! What counters come to: differences are added, whoever made them, in whatever order.

use crate::error::{Error, invalid};
use crate::schema::Type;
use crate::value::decimal::{self, Operation};
use crate::value::{self, Value};

/// Adds what was added to `base`, where it became `mine`, to `theirs`; null counts as zero.
///
/// # Errors
/// `out_of_range` (22003) where the type can't hold the sum.
pub fn counted(kind: &Type, base: &Value, mine: &Value, theirs: &Value) -> Result<Value, Error> {
    let number = |value: &Value| value::to_text(kind, value).unwrap_or_else(|| "0".into());
    let sum = decimal::operate(Operation::Sub, &number(mine), &number(base))
        .and_then(|added| decimal::operate(Operation::Add, &number(theirs), &added))
        .map_err(|_| invalid("the sum is out of range", "22003"))?;
    value::parse(kind, &sum)
}
