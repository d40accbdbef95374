//! `POST /v1/query`: a question to Postgres, and its answer.

use super::Text;
use crate::json::{Fault, FromJson, Json, ToJson};
use crate::query::{GroupingShape, Param, QueryShape};
use crate::{json_struct, json_to};
use serde::{Deserialize, Serialize};

/// A question that is put to Postgres: for rows, or for what is made of groups of rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryRequest {
    /// [`super::PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The fingerprint of the schema that the client was built with.
    pub fingerprint: String,
    /// Which rows are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<QueryShape>,
    /// Or which groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<GroupingShape>,
    /// Its values, in the order that [`QueryShape`] or [`GroupingShape`] says.
    #[serde(default)]
    pub params: Vec<QueryParam>,
}

/// A value of a query, as the wire carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum QueryParam {
    /// NULL.
    Null,
    /// A number; booleans are 0 and 1.
    Number(f64),
    /// Text, and any value that is no number in the notation of its type.
    Text(String),
}

impl QueryParam {
    /// As a query is run with.
    pub fn as_param(&self) -> Param<'_> {
        match self {
            QueryParam::Null => Param::Null,
            QueryParam::Number(number) => Param::Number(*number),
            QueryParam::Text(text) => Param::Text(text),
        }
    }
}

/// A line of the answer to a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum QueryLine {
    /// The first line.
    Head(QueryHead),
    /// Some of the rows, in their order.
    Rows {
        /// The table's name.
        table: String,
        /// The rows, each with all columns in the schema's order; of groups the columns grouped by, then the values.
        rows: Vec<Vec<Text>>,
    },
    /// The last line; without it nothing of the answer counts.
    End {
        /// Are there more rows than one answer has?
        more: bool,
    },
}

/// The first line of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryHead {
    /// [`super::PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The server's history.
    pub epoch: String,
    /// The fingerprint of the served schema.
    pub fingerprint: String,
    /// The user, as the token names it.
    pub user: String,
    /// When the rows were read, in milliseconds since 1970 by the database's clock.
    pub time: i64,
}

json_to!(QueryRequest {
    protocol,
    fingerprint,
    query = default,
    groups = default,
    params,
});
json_struct!(QueryHead {
    protocol,
    epoch,
    fingerprint,
    user,
    time
});

impl ToJson for QueryParam {
    fn to_json(&self, out: &mut String) {
        match self {
            QueryParam::Null => out.push_str("null"),
            QueryParam::Number(number) => number.to_json(out),
            QueryParam::Text(text) => text.to_json(out),
        }
    }
}

impl<'a> FromJson<'a> for QueryLine {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        match fault.tag(json, "line") {
            "head" => QueryLine::Head(QueryHead::from_json(json, fault)),
            "rows" => QueryLine::Rows {
                table: String::member(json, "table", fault),
                rows: Vec::member(json, "rows", fault),
            },
            tag => {
                if tag != "end" {
                    fault.note(Fault::Member("line"));
                }
                QueryLine::End {
                    more: bool::member(json, "more", fault),
                }
            }
        }
    }
}
