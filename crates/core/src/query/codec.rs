//! Shapes and explanations in JSON, for the client; the same as serde's.

use super::{
    AggregateOp, AggregateShape, ConditionShape, Explain, GroupingShape, Op, OrderShape,
    QueryShape, RelatedShape, Strategy, Syntax, TextShape,
};
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
    Exists "exists",
    Not "not",
    Like "like",
    Ilike "ilike",
    Matches "matches",
    Imatches "imatches",
    StartsWith "starts_with",
    Contains "contains",
    ContainedIn "contained_in",
    Overlaps "overlaps",
    HasKey "has_key",
    HasAnyKey "has_any_key",
    HasAllKeys "has_all_keys",
    Search "search",
    Similar "similar",
    WordSimilar "word_similar",
});
json_words!(Syntax {
    Web "web",
    Plain "plain",
    Phrase "phrase",
    Operators "operators",
});
json_words!(AggregateOp {
    Count "count",
    Sum "sum",
    Avg "avg",
    Min "min",
    Max "max",
    Array "array",
});
json_words!(Strategy {
    None "none",
    PrimaryKey "primary_key",
    Ordered "ordered",
    Merged "merged",
    Range "range",
    Text "text",
    Json "json",
    Ranked "ranked",
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
        fault.only(
            json,
            &[
                "table", "where", "order", "after", "with", "limit", "offset",
            ],
        );
        Self {
            table: FromJson::member(json, "table", fault),
            conditions: optional(json, "where", fault),
            order: optional(json, "order", fault),
            after: optional(json, "after", fault),
            with: optional(json, "with", fault),
            limit: optional(json, "limit", fault),
            offset: optional(json, "offset", fault),
        }
    }
}

impl<'a> FromJson<'a> for RelatedShape {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        fault.only(json, &["relation", "query"]);
        Self {
            relation: FromJson::member(json, "relation", fault),
            query: FromJson::member(json, "query", fault),
        }
    }
}

impl<'a> FromJson<'a> for GroupingShape {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        let members = [
            "table", "where", "by", "values", "having", "order", "limit", "offset",
        ];
        fault.only(json, &members);
        Self {
            table: FromJson::member(json, "table", fault),
            conditions: optional(json, "where", fault),
            by: optional(json, "by", fault),
            values: optional(json, "values", fault),
            having: optional(json, "having", fault),
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
            after,
            with,
            limit,
            offset,
        } = self;
        Members::new(out)
            .add("table", table)
            .add_some("where", conditions)
            .add_some("order", order)
            .add_some("after", after)
            .add_some("with", with)
            .add_some("limit", limit)
            .add_some("offset", offset)
            .end();
    }
}

impl ToJson for GroupingShape {
    fn to_json(&self, out: &mut String) {
        let Self {
            table,
            conditions,
            by,
            values,
            having,
            order,
            limit,
            offset,
        } = self;
        Members::new(out)
            .add("table", table)
            .add_some("where", conditions)
            .add_some("by", by)
            .add_some("values", values)
            .add_some("having", having)
            .add_some("order", order)
            .add_some("limit", limit)
            .add_some("offset", offset)
            .end();
    }
}

impl ToJson for AggregateShape {
    fn to_json(&self, out: &mut String) {
        let Self { name, op, column } = self;
        Members::new(out)
            .add("name", name)
            .add("op", op)
            .add_some("column", column)
            .end();
    }
}

impl ToJson for RelatedShape {
    fn to_json(&self, out: &mut String) {
        let Self { relation, query } = self;
        Members::new(out)
            .add("relation", relation)
            .add("query", query)
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
            path,
            text,
        } = self;
        Members::new(out)
            .add("column", column)
            .add("op", op)
            .add_some("n", n)
            .add_some("other", other)
            .add_some("path", path)
            .add_some("text", text)
            .end();
    }
}

impl ToJson for TextShape {
    fn to_json(&self, out: &mut String) {
        let Self {
            with,
            config,
            syntax,
        } = self;
        Members::new(out)
            .add_some("with", with)
            .add_some("config", config)
            .add_some("syntax", syntax)
            .end();
    }
}

impl ToJson for OrderShape {
    fn to_json(&self, out: &mut String) {
        let Self {
            column,
            descending,
            nulls_first,
            rank,
            text,
        } = self;
        Members::new(out)
            .add("column", column)
            .add_some("descending", descending)
            .add_some("nulls_first", nulls_first)
            .add_some("rank", rank)
            .add_some("text", text)
            .end();
    }
}

impl<'a> FromJson<'a> for AggregateShape {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        fault.only(json, &["name", "op", "column"]);
        Self {
            name: FromJson::member(json, "name", fault),
            op: FromJson::member(json, "op", fault),
            column: optional(json, "column", fault),
        }
    }
}

impl<'a> FromJson<'a> for ConditionShape {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        fault.only(json, &["column", "op", "n", "other", "path", "text"]);
        Self {
            column: optional(json, "column", fault),
            op: FromJson::member(json, "op", fault),
            n: optional(json, "n", fault),
            other: optional(json, "other", fault),
            path: optional(json, "path", fault),
            text: optional(json, "text", fault),
        }
    }
}

impl<'a> FromJson<'a> for TextShape {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        fault.only(json, &["with", "config", "syntax"]);
        Self {
            with: optional(json, "with", fault),
            config: optional(json, "config", fault),
            syntax: optional(json, "syntax", fault),
        }
    }
}

impl<'a> FromJson<'a> for OrderShape {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        let members = ["column", "descending", "nulls_first", "rank", "text"];
        fault.only(json, &members);
        Self {
            column: FromJson::member(json, "column", fault),
            descending: optional(json, "descending", fault),
            nulls_first: optional(json, "nulls_first", fault),
            rank: optional(json, "rank", fault),
            text: optional(json, "text", fault),
        }
    }
}
