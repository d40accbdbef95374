//! The wire in JSON, for the client; the same as serde's.

use super::{
    Base, Head, Line, Lost, Mutation, Op, Outcome, PokeClient, PokeServer, Predicted, Problem,
    Renew, SyncRequest, Verdict, Winner, Written,
};
use crate::json::{Fault, FromJson, Json, Members, OTHER_KIND, ToJson, optional};
use crate::{json_from, json_struct, json_to, json_words};

json_to!(SyncRequest {
    protocol,
    replica,
    fingerprint,
    cursor = default,
    epoch = default,
    began = default,
    acknowledged = default,
    mutations = default,
    leases = default,
    renew = default,
});
json_struct!(Renew {
    fingerprint,
    tables
});
json_to!(Mutation {
    seq,
    at,
    seen,
    ops,
    predicted = default,
    earlier = default
});
json_from!(Mutation {
    seq,
    at,
    seen = default,
    ops,
    predicted = default,
    earlier = default
});
json_struct!(Predicted { after, op });
json_struct!(Head {
    protocol,
    epoch,
    fingerprint,
    user,
    verdicts = default,
    leases = default,
    snapshot = default,
    renewed = default,
    rows_total = default,
    time = default,
    last = default,
});
json_struct!(Written { table, key, values, hash = default });
json_struct!(Lost {
    op,
    table,
    key,
    column = default,
    mine = default,
    theirs = default,
    base = default,
    winner = default,
});
json_words!(Winner {
    Theirs "theirs",
    Mine "mine",
    Nobody "nobody",
});
json_from!(Problem {
    kind as "type",
    title,
    status,
    detail,
    code,
    recovery,
    retry_after_ms = default,
    request_id = default,
    details = default,
});

impl ToJson for Op {
    fn to_json(&self, out: &mut String) {
        let mut members = Members::new(out);
        match self {
            Op::Insert { table, values } => members
                .add("op", &"insert")
                .add("table", table)
                .add("values", values),
            Op::Update {
                table,
                key,
                set,
                base,
            } => members
                .add("op", &"update")
                .add("table", table)
                .add("key", key)
                .add("set", set)
                .add("base", base),
            Op::Delete { table, key, base } => members
                .add("op", &"delete")
                .add("table", table)
                .add("key", key)
                .add_some("base", base),
        }
        .end();
    }
}

impl<'a> FromJson<'a> for Op {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        let op = fault.tag(json, "op");
        let table = String::member(json, "table", fault);
        if op == "insert" {
            let values = FromJson::member(json, "values", fault);
            return Op::Insert { table, values };
        }
        let key = Vec::member(json, "key", fault);
        match op {
            "update" => Op::Update {
                table,
                key,
                set: FromJson::member(json, "set", fault),
                base: FromJson::member(json, "base", fault),
            },
            "delete" => Op::Delete {
                table,
                key,
                base: optional(json, "base", fault),
            },
            _ => {
                fault.note(Fault::Member("op"));
                Op::Delete {
                    table,
                    key,
                    base: None,
                }
            }
        }
    }
}

impl ToJson for Base {
    fn to_json(&self, out: &mut String) {
        match self {
            Base::Text(text) => text.to_json(out),
            Base::Hash { sha256 } => Members::new(out).add("sha256", sha256).end(),
        }
    }
}

impl<'a> FromJson<'a> for Base {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        match json {
            Json::Object(_) => Base::Hash {
                sha256: String::member(json, "sha256", fault),
            },
            text => Base::Text(FromJson::from_json(text, fault)),
        }
    }
}

impl<'a> FromJson<'a> for Line {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        match fault.tag(json, "line") {
            "head" => Line::Head(Head::from_json(json, fault)),
            "rows" => Line::Rows {
                table: String::member(json, "table", fault),
                rows: Vec::member(json, "rows", fault),
            },
            "removed" => Line::Removed {
                table: String::member(json, "table", fault),
                keys: Vec::member(json, "keys", fault),
            },
            "error" => Line::Error(Problem::from_json(json, fault)),
            tag => {
                if tag != "end" {
                    fault.note(Fault::Member("line"));
                }
                Line::End {
                    cursor: String::member(json, "cursor", fault),
                }
            }
        }
    }
}

impl Head {
    /// The line that carries it.
    pub fn line(&self) -> String {
        // A head is never empty, so its members follow the tag's.
        crate::json::text(self).replacen('{', "{\"line\":\"head\",", 1)
    }
}

impl Outcome {
    /// Adds the members that an outcome has, wherever it is.
    fn add_to(&self, members: &mut Members<'_>) {
        members.add("verdict", &self.name());
        if let Outcome::Rejected { error } = self {
            members.add("error", error);
        }
    }

    /// Its name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Merged => "merged",
            Outcome::Conflict => "conflict",
            Outcome::Gone => "gone",
            Outcome::Rejected { .. } => "rejected",
        }
    }
}

impl ToJson for Outcome {
    fn to_json(&self, out: &mut String) {
        let mut members = Members::new(out);
        self.add_to(&mut members);
        members.end();
    }
}

impl<'a> FromJson<'a> for Outcome {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        match fault.tag(json, "verdict") {
            "applied" => Outcome::Applied,
            "merged" => Outcome::Merged,
            "conflict" => Outcome::Conflict,
            "gone" => Outcome::Gone,
            "rejected" => Outcome::Rejected {
                error: FromJson::member(json, "error", fault),
            },
            _ => {
                fault.note(Fault::Member("verdict"));
                Outcome::Gone
            }
        }
    }
}

impl ToJson for Verdict {
    fn to_json(&self, out: &mut String) {
        let mut members = Members::new(out);
        members.add("seq", &self.seq);
        self.outcome.add_to(&mut members);
        members
            .add_some("written", &self.written)
            .add_some("lost", &self.lost)
            .end();
    }
}

impl<'a> FromJson<'a> for Verdict {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        Self {
            seq: FromJson::member(json, "seq", fault),
            outcome: Outcome::from_json(json, fault),
            written: optional(json, "written", fault),
            lost: optional(json, "lost", fault),
        }
    }
}

impl ToJson for PokeClient {
    fn to_json(&self, out: &mut String) {
        let PokeClient::Hello {
            protocol,
            token,
            replica,
        } = self;
        Members::new(out)
            .add("say", &"hello")
            .add("protocol", protocol)
            .add("token", token)
            .add("replica", replica)
            .end();
    }
}

impl<'a> FromJson<'a> for PokeServer {
    fn from_json(json: &Json<'a>, fault: &mut Fault) -> Self {
        match fault.tag(json, "say") {
            "ready" => PokeServer::Ready {
                epoch: String::member(json, "epoch", fault),
            },
            "error" => PokeServer::Error(Problem::from_json(json, fault)),
            tag => {
                if tag != "poke" {
                    fault.note(OTHER_KIND);
                }
                PokeServer::Poke
            }
        }
    }
}
