//! Shapes and explanations in JSON, for the client; the same as serde's.

use super::{ConditionShape, Explain, Op, OrderShape, QueryShape, Strategy};
use crate::json::{Fault, FromJson, Json, Members, ToJson, optional};
use crate::{json_to, json_words};

json_words!(Op {
    Eq "eq",
    Ne "ne",
    Lt "lt",
    Lte "lte",
    Gt "gt",
    Gte "gte",
    Between "between",
    In "in",
    IsNull "is_null",
    NotNull "not_null",
    And "and",
    Or "or",
    Not "not",
    Like "like",
    StartsWith "starts_with",
    Contains "contains",
    ContainedIn "contained_in",
    Overlaps "overlaps",
    HasKey "has_key",
    HasAnyKey "has_any_key",
    HasAllKeys "has_all_keys",
});
json_words!(Strategy {
    None "none",
    PrimaryKey "primary_key",
    Ordered "ordered",
    Merged "merged",
    Range "range",
});
json_to!(Explain {
    table,
    strategy,
    index,
    schema_index = default,
    examined,
    returned,
});

impl<'a> FromJson<'a> for QueryShape {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        fault.only(json, &["table", "where", "order", "limit", "offset"]);
        Self {
            table: FromJson::member(json, "table", fault),
            conditions: optional(json, "where", fault),
            order: optional(json, "order", fault),
            limit: optional(json, "limit", fault),
            offset: optional(json, "offset", fault),
        }
    }
}

// By all of their members, so that a new one is not forgotten: it would be asked here and not there.
impl ToJson for QueryShape {
    fn to_json(&self, out: &mut String) {
        let Self {
            table,
            conditions,
            order,
            limit,
            offset,
        } = self;
        Members::new(out)
            .add("table", table)
            .add_some("where", conditions)
            .add_some("order", order)
            .add_some("limit", limit)
            .add_some("offset", offset)
            .end();
    }
}

impl ToJson for ConditionShape {
    fn to_json(&self, out: &mut String) {
        let Self {
            column,
            op,
            n,
            other,
        } = self;
        Members::new(out)
            .add("column", column)
            .add("op", op)
            .add_some("n", n)
            .add_some("other", other)
            .end();
    }
}

impl ToJson for OrderShape {
    fn to_json(&self, out: &mut String) {
        let Self {
            column,
            descending,
            nulls_first,
        } = self;
        Members::new(out)
            .add("column", column)
            .add_some("descending", descending)
            .add_some("nulls_first", nulls_first)
            .end();
    }
}

impl<'a> FromJson<'a> for ConditionShape {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        fault.only(json, &["column", "op", "n", "other"]);
        Self {
            column: optional(json, "column", fault),
            op: FromJson::member(json, "op", fault),
            n: optional(json, "n", fault),
            other: optional(json, "other", fault),
        }
    }
}

impl<'a> FromJson<'a> for OrderShape {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        fault.only(json, &["column", "descending", "nulls_first"]);
        Self {
            column: FromJson::member(json, "column", fault),
            descending: optional(json, "descending", fault),
            nulls_first: optional(json, "nulls_first", fault),
        }
    }
}
