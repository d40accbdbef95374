//! Queries: a shape that is planned once, and parameters that are bound at each run.
//!
//! A shape is a JSON-serialisable value without the values compared with, so that a plan is found
//! again however often the values change. Results are slots in order: every order ends in the
//! primary key. Nothing here writes, or knows what is confirmed and what is optimistic.

mod bind;
mod checked;
mod codec;
mod conditions;
mod grouping;
mod matching;
mod needles;
mod plan;
mod related;
mod run;
mod search;
mod terms;
mod totals;

use haversack_rows::{filter, index, walk};

pub use checked::{Checked, CheckedGroups, Place, constant};
pub use conditions::Condition;
pub use haversack_rows::index::OrderKey;
pub use related::{Existing, RELATIONS_MAX, Way, Word};
pub use terms::{Ranked, Sought, Syntax, TextShape};

pub(crate) use checked::{groups_on_the_wire, on_the_wire};
pub(crate) use grouping::Grouping;
pub(crate) use plan::{After, Plan};
pub(crate) use run::{check, count, owned_filters, run};
pub(crate) use terms::{Asked, TermIndex};

use serde::{Deserialize, Serialize};

/// The most values of one `in`.
pub const IN_VALUES_MAX: usize = 10_000;
/// The most conditions of one query, groups of them included. A place in the order counts as one.
pub const CONDITIONS_MAX: usize = 64;
/// The most sorted indexes that a table keeps; the one unused for longest makes room.
pub const INDEXES_MAX: usize = 24;

/// A compiled query, as long as its replica lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlanId(pub u32);

/// A query without its values.
///
/// Parameters come in this order: for each condition as many as its operator takes (one; two for
/// `between`, `similar` and `word_similar`; `n` for `in`; none for `is_null`, `not_null`, a group, and a
/// comparison with another column), then for each rank in the order what it is for, then, with `after`, one
/// for each column of the whole order (the columns of `order`, each once, and what they lack of the primary
/// key), then those of each query in `with`, then the limit, then the offset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryShape {
    /// The table's name.
    pub table: String,
    /// What rows must satisfy, all of it. A group (`and`, `or`, `not`) takes as its own the `n`
    /// conditions or groups that come after it; so does `exists`, whose own are of another table.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionShape>,
    /// What they are ordered by; the primary key follows in any case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<OrderShape>,
    /// Only rows after a place in the order?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after: bool,
    /// The rows of other tables that are wanted beside each row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<RelatedShape>,
    /// Is there a limit?
    #[serde(default)]
    pub limit: bool,
    /// Is there an offset?
    #[serde(default)]
    pub offset: bool,
}

/// Rows of another table beside each row of a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelatedShape {
    /// The relation's name.
    pub relation: String,
    /// Which of them, in which order: conditions, limit and offset are of each row's own.
    pub query: QueryShape,
}

/// A condition on one column, or the head of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionShape {
    /// The column's name; of a group, none; of `exists`, the relation's.
    #[serde(default)]
    pub column: String,
    /// The comparison.
    pub op: Op,
    /// The number of values of an `in`, and of the members of a group.
    #[serde(default)]
    pub n: usize,
    /// The name of the column that is compared with, in place of a value: for `eq` to `gte`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
    /// Where in a jsonb the value is that is compared, as of `#>`: a jsonb, or as of `#>>` a text
    /// for an operator of texts. Values to compare a jsonb with are JSON texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// How the column's text is searched, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Box<TextShape>>,
}

/// A comparison, with SQL's three-valued logic: with NULL it is never true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// `=`
    #[default]
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Lte,
    /// `>`
    Gt,
    /// `>=`
    Gte,
    /// `BETWEEN`, both ends included
    Between,
    /// `IN`
    In,
    /// `IS NULL`
    IsNull,
    /// `IS NOT NULL`
    NotNull,
    /// All of `n`; of none, true.
    And,
    /// Any of `n`; of none, false.
    Or,
    /// There are rows of a relation that satisfy all of `n`.
    Exists,
    /// The one that follows is false. That it is unknown is not enough.
    Not,
    /// `LIKE`
    Like,
    /// `ILIKE`
    Ilike,
    /// `~`
    Matches,
    /// `~*`
    Imatches,
    /// `^@`, `starts_with`
    StartsWith,
    /// `@>`: of jsonb and arrays.
    Contains,
    /// `<@`: of jsonb and arrays.
    ContainedIn,
    /// `&&`: of arrays.
    Overlaps,
    /// `?`: of jsonb.
    HasKey,
    /// `?|`: of jsonb, the keys as a JSON array.
    HasAnyKey,
    /// `?&`: of jsonb, the keys as a JSON array.
    HasAllKeys,
    /// `@@`: of a tsvector, and of texts as `to_tsvector` has them.
    Search,
    /// `similarity(column, text)`, of pg_trgm, is as great as a number; that of `%` where it is NULL.
    Similar,
    /// `word_similarity(text, column)` is as great as a number; that of `<%` where it is NULL.
    WordSimilar,
}

/// Rows made of many rows: one for each group, or of all of them.
///
/// Parameters come as in a [`QueryShape`]: those of `where`, those of `having`, the limit, the offset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupingShape {
    /// The table's name.
    pub table: String,
    /// What rows must satisfy to count.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionShape>,
    /// The columns grouped by; with none, there is one group, of however few rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// What is made of each group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<AggregateShape>,
    /// What groups must satisfy: its columns are those grouped by, and the values by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub having: Vec<ConditionShape>,
    /// What groups are ordered by, as `having` names it; the columns grouped by follow in any case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<OrderShape>,
    /// Is there a limit?
    #[serde(default)]
    pub limit: bool,
    /// Is there an offset?
    #[serde(default)]
    pub offset: bool,
}

/// A value made of many rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AggregateShape {
    /// What it is called.
    pub name: String,
    /// The function.
    pub op: AggregateOp,
    /// The column whose values it takes; only a count can do without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// An aggregate function. All but `array_agg` and the count of rows leave NULLs out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateOp {
    /// `count(*)`, or `count(column)`: an integer.
    #[default]
    Count,
    /// `sum`: of int2 and int4 an int8, of int8 and numeric a numeric.
    Sum,
    /// `avg`: of integers and numeric a numeric, of floats a float8.
    Avg,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `array_agg`, in the order of the primary key.
    Array,
}

impl AggregateOp {
    /// Its name, in sentences.
    fn name(self) -> &'static str {
        match self {
            AggregateOp::Count => "count",
            AggregateOp::Sum => "sum",
            AggregateOp::Avg => "avg",
            AggregateOp::Min => "min",
            AggregateOp::Max => "max",
            AggregateOp::Array => "array",
        }
    }
}

/// A column to order by, or a rank: how well its text answers what is looked for, the best first, and those
/// that are NULL last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderShape {
    /// The column's name.
    pub column: String,
    /// DESC.
    #[serde(default)]
    pub descending: bool,
    /// NULLS FIRST or LAST; Postgres's default (first when descending) where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nulls_first: Option<bool>,
    /// Of a rank, the operator that is ranked by: `search`, `similar` or `word_similar`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<Op>,
    /// How the column's text is searched, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Box<TextShape>>,
}

/// A value to compare with, a limit or an offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Param<'a> {
    /// NULL.
    Null,
    /// A number; booleans are 0 and 1.
    Number(f64),
    /// Text: of text columns, and of any other type in the notations that `value::parse` takes;
    /// what an array is tested for is a JSON array.
    Text(&'a str),
}

/// How a query was answered the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explain {
    /// The table.
    pub table: String,
    /// The way taken.
    pub strategy: Strategy,
    /// The columns of the sorted index used, `-` before descending ones.
    pub index: Vec<String>,
    /// The index of the schema that starts with the same columns, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_index: Option<String>,
    /// Rows looked at.
    pub examined: u32,
    /// Rows returned.
    pub returned: u32,
}

/// The way in which a query is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// It has not been run.
    None,
    /// By the hash index on the primary key.
    PrimaryKey,
    /// Along an index that delivers the order, until there is enough.
    Ordered,
    /// By an index on a condition, sorted afterwards.
    Range,
    /// By an index on a condition and the order: one run of rows per value, merged.
    Merged,
    /// By an index of words or trigrams, sorted afterwards.
    Text,
    /// By an index of what is somewhere in a jsonb, sorted afterwards.
    Json,
    /// All that meet the conditions, sorted by how well they answer.
    Ranked,
}
