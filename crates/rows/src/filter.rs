//! A condition with its parameters bound: typed, so that testing a row converts nothing.

use crate::column::{Column, Data};
use crate::index::OrderKey;
use crate::order::{compare_float, compare_rows};
use crate::value::{Value, ValueRef};
use std::any::Any;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Debug;
use std::ops::Bound;
use std::sync::Arc;

/// What is asked of a value beyond where it stands to others: this crate knows no such thing.
pub trait Test: Debug + Send + Sync {
    /// Does a value pass? What is unknown, as of NULL, neither passes nor fails.
    fn passes(&self, value: ValueRef<'_>) -> Option<bool>;
}

/// What is asked of a whole row beyond where its values stand to others.
pub trait RowTest: Any + Debug + Send + Sync {
    /// Does the row in a slot pass? What is unknown neither passes nor fails.
    fn passes(&self, columns: &[Column], slot: u32) -> Option<bool>;
}

/// What a row must satisfy. NULL passes `IsNull` and `Always` only, as in SQL.
#[derive(Clone, Debug)]
pub enum Filter<'a> {
    /// Every row passes; the condition has become part of another one.
    Always,
    /// No row passes.
    Never,
    /// NULL.
    IsNull {
        /// The position of the column.
        column: usize,
    },
    /// Anything but NULL.
    NotNull {
        /// The position of the column.
        column: usize,
    },
    /// Both ends included.
    Int {
        /// The position of the column.
        column: usize,
        /// The lower end.
        low: i64,
        /// The upper end.
        high: i64,
    },
    /// Another integer.
    IntNot {
        /// The position of the column.
        column: usize,
        /// What is compared with.
        value: i64,
    },
    /// Sorted, without duplicates.
    IntIn {
        /// The position of the column.
        column: usize,
        /// What is compared with.
        values: Vec<i64>,
    },
    /// Within two ends.
    Float {
        /// The position of the column.
        column: usize,
        /// The lower end.
        low: Bound<f64>,
        /// The upper end.
        high: Bound<f64>,
    },
    /// Another number.
    FloatNot {
        /// The position of the column.
        column: usize,
        /// What is compared with.
        value: f64,
    },
    /// One of some, sorted, without duplicates.
    FloatIn {
        /// The position of the column.
        column: usize,
        /// What is compared with.
        values: Vec<f64>,
    },
    /// This text.
    TextIs {
        /// The position of the column.
        column: usize,
        /// What is compared with.
        value: Cow<'a, str>,
    },
    /// Within two ends, in the order of the column.
    Text {
        /// The position of the column.
        column: usize,
        /// The lower end.
        low: Bound<Cow<'a, str>>,
        /// The upper end.
        high: Bound<Cow<'a, str>>,
    },
    /// Another text.
    TextNot {
        /// The position of the column.
        column: usize,
        /// What is compared with.
        value: Cow<'a, str>,
    },
    /// Sorted in the column's order, without duplicates.
    TextIn {
        /// The position of the column.
        column: usize,
        /// What is compared with.
        values: Vec<Cow<'a, str>>,
    },
    /// Any of these passes.
    Any(Vec<Filter<'a>>),
    /// All of these pass.
    All(Vec<Filter<'a>>),
    /// Not NULL, and not what this passes.
    Except {
        /// The position of the column.
        column: usize,
        /// What must not pass.
        filter: Box<Filter<'a>>,
    },
    /// Two columns of one form and order, and neither NULL.
    Beside {
        /// The position of the column.
        column: usize,
        /// The position of the other one.
        other: usize,
        /// Does a value that is less, equal, greater than the other's pass?
        passing: [bool; 3],
    },
    /// After a place in an order: for each column of the order what its value equals there. The
    /// place itself is not after it.
    After(Vec<(OrderKey, Filter<'a>)>),
    /// In several columns at once one of some rows, or none of them.
    Among {
        /// The positions of the columns.
        columns: Vec<usize>,
        /// What these rows have there: in the order of [`compare_rows`], without NULL and duplicates.
        rows: Arc<[Box<[Value]>]>,
        /// Does a row pass that is one of them?
        found: bool,
    },
    /// What a test says of the column's value.
    Test {
        /// The position of the column.
        column: usize,
        /// What it has to say.
        wanted: bool,
        /// The test.
        test: Arc<dyn Test>,
    },
    /// What a test says of the row.
    Row {
        /// What it has to say.
        wanted: bool,
        /// The test.
        test: Arc<dyn RowTest>,
    },
}

/// Where a value stands to an interval.
#[inline]
fn place_in<T>(low: &Bound<T>, high: &Bound<T>, compare_to: impl Fn(&T) -> Ordering) -> Ordering {
    let below = match low {
        Bound::Included(bound) => compare_to(bound) == Ordering::Less,
        Bound::Excluded(bound) => compare_to(bound) != Ordering::Greater,
        Bound::Unbounded => false,
    };
    if below {
        return Ordering::Less;
    }
    let above = match high {
        Bound::Included(bound) => compare_to(bound) == Ordering::Greater,
        Bound::Excluded(bound) => compare_to(bound) != Ordering::Less,
        Bound::Unbounded => false,
    };
    if above {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

impl<'a> Filter<'a> {
    /// What equals a value, NULL equal to NULL.
    pub fn equal(column: usize, value: ValueRef<'a>) -> Self {
        match value {
            ValueRef::Null => Filter::IsNull { column },
            ValueRef::Int(int) => Filter::Int {
                column,
                low: int,
                high: int,
            },
            ValueRef::Float(float) => Filter::Float {
                column,
                low: Bound::Included(float),
                high: Bound::Included(float),
            },
            ValueRef::Text(text) => Filter::TextIs {
                column,
                value: Cow::Borrowed(text),
            },
        }
    }

    /// The same, with texts of its own.
    pub fn into_owned(self) -> Filter<'static> {
        let own = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        let bound = |bound: Bound<Cow<'a, str>>| bound.map(own);
        let each = |filters: Vec<Self>| filters.into_iter().map(Self::into_owned).collect();
        match self {
            Filter::Always => Filter::Always,
            Filter::Never => Filter::Never,
            Filter::IsNull { column } => Filter::IsNull { column },
            Filter::NotNull { column } => Filter::NotNull { column },
            Filter::Int { column, low, high } => Filter::Int { column, low, high },
            Filter::IntNot { column, value } => Filter::IntNot { column, value },
            Filter::IntIn { column, values } => Filter::IntIn { column, values },
            Filter::Float { column, low, high } => Filter::Float { column, low, high },
            Filter::FloatNot { column, value } => Filter::FloatNot { column, value },
            Filter::FloatIn { column, values } => Filter::FloatIn { column, values },
            Filter::TextIs { column, value } => Filter::TextIs {
                column,
                value: own(value),
            },
            Filter::Text { column, low, high } => Filter::Text {
                column,
                low: bound(low),
                high: bound(high),
            },
            Filter::TextNot { column, value } => Filter::TextNot {
                column,
                value: own(value),
            },
            Filter::TextIn { column, values } => Filter::TextIn {
                column,
                values: values.into_iter().map(own).collect(),
            },
            Filter::Any(filters) => Filter::Any(each(filters)),
            Filter::All(filters) => Filter::All(each(filters)),
            Filter::Except { column, filter } => Filter::Except {
                column,
                filter: Box::new(filter.into_owned()),
            },
            Filter::Beside {
                column,
                other,
                passing,
            } => Filter::Beside {
                column,
                other,
                passing,
            },
            Filter::After(places) => {
                let places = places.into_iter();
                Filter::After(
                    places
                        .map(|(key, equal)| (key, equal.into_owned()))
                        .collect(),
                )
            }
            Filter::Among {
                columns,
                rows,
                found,
            } => Filter::Among {
                columns,
                rows,
                found,
            },
            Filter::Test {
                column,
                wanted,
                test,
            } => Filter::Test {
                column,
                wanted,
                test,
            },
            Filter::Row { wanted, test } => Filter::Row { wanted, test },
        }
    }

    /// Does the row in a slot pass?
    #[inline]
    pub fn passes(&self, columns: &[Column], slot: u32) -> bool {
        match self {
            Filter::Always => true,
            Filter::Never => false,
            Filter::IsNull { column } => columns[*column].is_null(slot),
            Filter::NotNull { column } => !columns[*column].is_null(slot),
            Filter::Int { column, low, high } => {
                let column = &columns[*column];
                let Data::Int(ints) = &column.data else {
                    return false;
                };
                let int = ints[slot as usize];
                *low <= int && int <= *high && !column.is_null(slot)
            }
            Filter::Any(filters) => filters.iter().any(|f| f.passes(columns, slot)),
            Filter::All(filters) => filters.iter().all(|f| f.passes(columns, slot)),
            Filter::Except { column, filter } => {
                !columns[*column].is_null(slot) && !filter.passes(columns, slot)
            }
            Filter::Beside {
                column,
                other,
                passing,
            } => {
                let order = columns[*column].compare_beside(&columns[*other], slot);
                order.is_some_and(|order| passing[(order as i8 + 1) as usize])
            }
            Filter::After(places) => {
                let each = places.iter();
                each.map(|(key, equal)| key.place(columns, slot, equal))
                    .find(|place| place.is_ne())
                    == Some(Ordering::Greater)
            }
            Filter::Among {
                columns: among,
                rows,
                found,
            } => {
                let place = |row: &[Value]| {
                    let values = among.iter().map(|&column| columns[column].get(slot));
                    compare_rows(row.iter().map(Value::as_value_ref), values)
                };
                rows.binary_search_by(|row| place(row)).is_ok() == *found
            }
            Filter::Test {
                column,
                wanted,
                test,
            } => test.passes(columns[*column].get(slot)) == Some(*wanted),
            Filter::Row { wanted, test } => test.passes(columns, slot) == Some(*wanted),
            Filter::IntNot { column, .. }
            | Filter::IntIn { column, .. }
            | Filter::Float { column, .. }
            | Filter::FloatNot { column, .. }
            | Filter::FloatIn { column, .. }
            | Filter::TextIs { column, .. }
            | Filter::Text { column, .. }
            | Filter::TextNot { column, .. }
            | Filter::TextIn { column, .. } => {
                let column = &columns[*column];
                !column.is_null(slot) && self.passes_value(column, slot)
            }
        }
    }

    /// As `passes`, for a value that is not NULL.
    fn passes_value(&self, column: &Column, slot: u32) -> bool {
        match (self, &column.data) {
            (Filter::IntNot { value, .. }, Data::Int(ints)) => ints[slot as usize] != *value,
            (Filter::IntIn { values, .. }, Data::Int(ints)) => {
                values.binary_search(&ints[slot as usize]).is_ok()
            }
            (Filter::FloatIn { values, .. }, Data::Float(floats)) => {
                let float = floats[slot as usize];
                values
                    .binary_search_by(|v| compare_float(*v, float))
                    .is_ok()
            }
            (Filter::FloatNot { value, .. }, Data::Float(floats)) => {
                compare_float(floats[slot as usize], *value) != Ordering::Equal
            }
            (Filter::TextNot { value, .. }, Data::Text(text)) => {
                text.compare(text.get(slot), value) != Ordering::Equal
            }
            (Filter::TextIn { values, .. }, Data::Text(text)) => {
                let value = text.get(slot);
                values.binary_search_by(|v| text.compare(v, value)).is_ok()
            }
            _ => self.place(column, slot) == Ordering::Equal,
        }
    }

    /// Where a value, not NULL, stands to those that pass, ascending; for points and intervals.
    #[inline]
    pub fn place(&self, column: &Column, slot: u32) -> Ordering {
        match (self, &column.data) {
            (Filter::Int { low, high, .. }, Data::Int(ints)) => {
                let int = ints[slot as usize];
                if int < *low {
                    Ordering::Less
                } else if int > *high {
                    Ordering::Greater
                } else {
                    Ordering::Equal
                }
            }
            (Filter::Float { low, high, .. }, Data::Float(floats)) => {
                let float = floats[slot as usize];
                place_in(low, high, |bound| compare_float(float, *bound))
            }
            (Filter::TextIs { value, .. }, Data::Text(text)) => text.compare(text.get(slot), value),
            (Filter::Text { low, high, .. }, Data::Text(text)) => {
                let value = text.get(slot);
                place_in(low, high, |bound| text.compare(value, bound))
            }
            // The planner asks for the place of points and intervals only.
            _ => Ordering::Less,
        }
    }

    /// The number of points of a list; of anything else, none.
    pub fn listed(&self) -> Option<usize> {
        match self {
            Filter::IntIn { values, .. } => Some(values.len()),
            Filter::FloatIn { values, .. } => Some(values.len()),
            Filter::TextIn { values, .. } => Some(values.len()),
            _ => None,
        }
    }

    /// A point of a list.
    pub fn point(&self, i: usize) -> Filter<'_> {
        match self {
            Filter::IntIn { column, values } => Filter::equal(*column, ValueRef::Int(values[i])),
            Filter::FloatIn { column, values } => {
                Filter::equal(*column, ValueRef::Float(values[i]))
            }
            Filter::TextIn { column, values } => Filter::equal(*column, ValueRef::Text(&values[i])),
            _ => Filter::Never,
        }
    }

    /// Does an index narrow to what passes: is it a point or an interval?
    pub fn is_interval(&self) -> bool {
        matches!(
            self,
            Filter::IsNull { .. }
                | Filter::Int { .. }
                | Filter::Float { .. }
                | Filter::TextIs { .. }
                | Filter::Text { .. }
        )
    }

    /// The column concerned.
    pub fn column(&self) -> Option<usize> {
        match self {
            Filter::Always | Filter::Never | Filter::Any(_) | Filter::All(_) => None,
            // Of several columns; and a test is of none that an index could narrow to.
            Filter::Beside { .. } | Filter::After(_) | Filter::Among { .. } => None,
            Filter::Test { .. } | Filter::Row { .. } | Filter::Except { .. } => None,
            Filter::IsNull { column }
            | Filter::NotNull { column }
            | Filter::Int { column, .. }
            | Filter::IntNot { column, .. }
            | Filter::IntIn { column, .. }
            | Filter::Float { column, .. }
            | Filter::FloatNot { column, .. }
            | Filter::FloatIn { column, .. }
            | Filter::TextIs { column, .. }
            | Filter::Text { column, .. }
            | Filter::TextNot { column, .. }
            | Filter::TextIn { column, .. } => Some(*column),
        }
    }

    /// Narrows an interval by another one on the same column.
    pub fn narrow(&mut self, other: Self) {
        match (&mut *self, other) {
            (
                Filter::Int { low, high, .. },
                Filter::Int {
                    low: low2,
                    high: high2,
                    ..
                },
            ) => {
                *low = (*low).max(low2);
                *high = (*high).min(high2);
            }
            (
                Filter::Float { low, high, .. },
                Filter::Float {
                    low: low2,
                    high: high2,
                    ..
                },
            ) => {
                tighten(low, low2, |new, old| {
                    compare_float(*new, *old) == Ordering::Greater
                });
                tighten(high, high2, |new, old| {
                    compare_float(*new, *old) == Ordering::Less
                });
            }
            // Text intervals on one column are rare, and numeric text has an order of its own:
            // the planner does not narrow them.
            (_, _) => unreachable!("only intervals of numbers are narrowed"),
        }
        let empty = match self {
            Filter::Int { low, high, .. } => low > high,
            _ => false,
        };
        if empty {
            *self = Filter::Never;
        }
    }
}

/// Replaces a bound by a tighter one.
fn tighten<T>(old: &mut Bound<T>, new: Bound<T>, tighter: impl Fn(&T, &T) -> bool) {
    let replace = match (&new, &*old) {
        (Bound::Unbounded, _) => false,
        (_, Bound::Unbounded) => true,
        (Bound::Excluded(new), Bound::Included(old)) => !tighter(old, new),
        (
            Bound::Included(new) | Bound::Excluded(new),
            Bound::Included(old) | Bound::Excluded(old),
        ) => tighter(new, old),
    };
    if replace {
        *old = new;
    }
}
