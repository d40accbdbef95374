//! The client's JSON and serde's, which the endpoint uses, are one format.

use haversack_core::error::{Details, ErrorCode, Recovery};
use haversack_core::expr::Expr;
use haversack_core::json::{FromJson, Json, ToJson, read_text, text};
use haversack_core::lease::Lease;
use haversack_core::map::Map;
use haversack_core::protocol::{
    Base, Head, Line, Lost, Mutation, Op, Outcome, PokeClient, PokeServer, Problem, QueryHead,
    QueryLine, QueryParam, QueryRequest, Renew, SyncRequest, Verdict, Winner, Written,
    mutation_hash,
};
use haversack_core::query::{self, QueryShape};
use haversack_core::schema::{
    Action, Check, Column, ColumnDefault, Domain, ForeignKey, Generated, Identity, Index,
    IndexPart, Letters, Limits, Move, OnDeleteConflict, Policy, Polymorphic, Predicate, Rename,
    Schema, ServerRule, Step, Table, Type, Unique, View, ViewColumn,
};
use haversack_core::{Error, value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// What serde writes, the client reads; and they agree on what a missing or wrong member means.
fn reads<T>(sample: &T)
where
    T: Serialize + DeserializeOwned + for<'a> FromJson<'a> + PartialEq + Debug,
{
    let written = serde_json::to_string(sample).expect("JSON");
    assert_eq!(read_text::<T>(&written).as_ref(), Ok(sample), "{written}");
    let serde_json::Value::Object(members) = serde_json::to_value(sample).expect("JSON") else {
        return;
    };
    for name in members.keys() {
        let mut without = members.clone();
        without.remove(name);
        let mut wrong = members.clone();
        wrong[name] = serde_json::json!({ "no": {} });
        for changed in [without, wrong] {
            let changed = serde_json::to_string(&changed).expect("JSON");
            let by_serde = serde_json::from_str::<T>(&changed).ok();
            assert_eq!(read_text::<T>(&changed).ok(), by_serde, "{changed}");
        }
    }
}

/// What the client writes, serde reads.
fn writes<T>(sample: &T)
where
    T: ToJson + DeserializeOwned + PartialEq + Debug,
{
    let written = text(sample);
    let read = serde_json::from_str::<T>(&written).map_err(|e| e.to_string());
    assert_eq!(read.as_ref(), Ok(sample), "{written}");
}

fn both<T>(sample: &T)
where
    T: Serialize + DeserializeOwned + ToJson + for<'a> FromJson<'a> + PartialEq + Debug,
{
    reads(sample);
    writes(sample);
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn error() -> Error {
    Error::new(
        ErrorCode::Rejected,
        "a \"quoted\"\n\u{1} \u{1F600} sentence",
    )
    .sqlstate("23514")
    .constraint("positive")
    .table("t")
    .column("c")
    .hint("try\\again")
}

fn ops() -> Vec<Op> {
    let values = Map::from([("b".to_owned(), None), ("a".to_owned(), some("1"))]);
    let base = Map::from([
        ("a".to_owned(), Base::Text(some("0"))),
        ("b".to_owned(), Base::Text(None)),
        (
            "c".to_owned(),
            Base::Hash {
                sha256: value::text_hash("long"),
            },
        ),
    ]);
    let (table, key) = ("t".to_owned(), vec!["1".to_owned(), "x".to_owned()]);
    vec![
        Op::Insert {
            table: table.clone(),
            values: values.clone(),
        },
        Op::Update {
            table: table.clone(),
            key: key.clone(),
            set: values,
            base,
        },
        Op::Delete {
            table: table.clone(),
            key: key.clone(),
            base: some("ab"),
        },
        Op::Delete {
            table,
            key,
            base: None,
        },
    ]
}

fn verdicts() -> Vec<Verdict> {
    let lost = Lost {
        op: 1,
        table: "t".into(),
        key: vec!["1".into()],
        column: some("c"),
        mine: some("x"),
        theirs: None,
        base: some("b"),
        winner: Winner::Nobody,
    };
    let outcomes = [
        Outcome::Applied,
        Outcome::Merged,
        Outcome::Conflict,
        Outcome::Gone,
        Outcome::Rejected { error: error() },
        Outcome::Rejected {
            error: Error::new(ErrorCode::OutOfRange, "bare"),
        },
    ];
    let verdict = |outcome| Verdict {
        seq: 7,
        outcome,
        written: vec![Written {
            table: "t".into(),
            key: vec!["1".into()],
            values: Map::from([("c".to_owned(), some("x"))]),
            hash: some("ff"),
        }],
        lost: vec![lost.clone()],
    };
    let mut verdicts: Vec<Verdict> = outcomes.into_iter().map(verdict).collect();
    verdicts.push(Verdict {
        written: vec![],
        lost: vec![],
        ..verdicts[0].clone()
    });
    verdicts
}

fn head() -> Head {
    Head {
        protocol: 1,
        epoch: "e".into(),
        fingerprint: "f".into(),
        user: "7".into(),
        verdicts: verdicts(),
        leases: Map::from([("t".to_owned(), vec![(1, 1024), (-5, i64::MAX)])]),
        snapshot: true,
        renewed: vec!["t".into()],
        rows_total: u64::from(u32::MAX) + 1,
        time: 1_700_000_000_123,
        last: 7,
    }
}

fn problem() -> Problem {
    Problem {
        retry_after_ms: Some(1500),
        ..Problem::new(&error(), "request")
    }
}

#[test]
fn mutations_and_requests_agree() {
    let mutation = Mutation {
        seq: 3,
        at: -1,
        seen: 2,
        predicted: Vec::new(),
        earlier: vec!["h".into()],
        ops: ops(),
    };
    both(&mutation);
    mutation.ops.iter().for_each(both);
    let full = SyncRequest {
        protocol: 1,
        replica: "r".into(),
        fingerprint: "f".into(),
        cursor: some("c"),
        epoch: some("e"),
        began: 4,
        acknowledged: 2,
        mutations: vec![mutation],
        leases: Map::from([("t".to_owned(), 1024)]),
        renew: Some(Renew {
            fingerprint: "f".into(),
            tables: vec!["t".into()],
        }),
    };
    writes(&full);
    writes(&SyncRequest {
        cursor: None,
        epoch: None,
        acknowledged: 0,
        mutations: vec![],
        leases: Map::new(),
        renew: None,
        ..full
    });
}

/// Hashes that endpoints recorded when serde wrote them are those that clients make.
#[test]
fn a_mutation_has_the_hash_of_its_json() {
    let odd: String = (0..=0x2ff).filter_map(char::from_u32).collect();
    let mut all = ops();
    let values = Map::from([(odd.clone(), some(&odd))]);
    all.push(Op::Insert { table: odd, values });
    for (at, ops) in [(1_790_000_000_000, all), (-1, ops()), (5, vec![])] {
        let at_written = if ops.is_empty() { 0 } else { at };
        let written = serde_json::to_string(&(at_written, &ops)).expect("JSON");
        let hash = value::text_hash(&written);
        assert_eq!(mutation_hash(at, &ops), hash[..32], "{written}");
    }
}

#[test]
fn answers_agree() {
    verdicts().iter().for_each(both);
    verdicts().iter().for_each(|verdict| both(&verdict.outcome));
    both(&head());
    let lines = [
        Line::Head(head()),
        Line::Rows {
            table: "t".into(),
            rows: vec![vec![some("1"), None], vec![]],
        },
        Line::Removed {
            table: "t".into(),
            keys: vec![vec!["1".into()]],
        },
        Line::End { cursor: "c".into() },
        Line::Error(problem()),
    ];
    lines.iter().for_each(reads);
    let written: Line = serde_json::from_str(&head().line()).expect("a line");
    assert_eq!(written, Line::Head(head()));
    reads(&problem());
    both(&error());
    both(&Details::default());
    ErrorCode::ALL.iter().for_each(both);
    let recoveries = [
        Recovery::None,
        Recovery::Retry,
        Recovery::Authenticate,
        Recovery::Reset,
        Recovery::Upgrade,
    ];
    recoveries.iter().for_each(both);
}

#[test]
fn pokes_and_leases_agree() {
    writes(&PokeClient::Hello {
        protocol: 1,
        token: "t".into(),
        replica: "r".into(),
    });
    reads(&PokeServer::Ready { epoch: "e".into() });
    reads(&PokeServer::Poke);
    reads(&PokeServer::Error(problem()));
    both(&Lease {
        free: vec![(1, 2)],
        held: Map::from([("tab".to_owned(), vec![(3, 4), (5, 5)])]),
        block: 16,
        used: 3,
    });
    both(&Lease::default());
}

#[test]
fn queries_agree() {
    let shape = r#"{"table":"t","where":[{"column":"a","op":"in","n":3},{"column":"b","op":"eq"}],
        "order":[{"column":"c","descending":true,"nulls_first":false},{"column":"d"}],"limit":true}"#;
    let mut shape: QueryShape = serde_json::from_str(shape).expect("a shape");
    let searched = query::TextShape {
        with: vec!["b".into()],
        config: "simple".into(),
        syntax: query::Syntax::Phrase,
    };
    shape.conditions.push(query::ConditionShape {
        column: "a".into(),
        op: query::Op::Lt,
        n: 0,
        other: some("b"),
        path: vec!["x".into()],
        text: Some(Box::new(searched.clone())),
    });
    shape.order.push(query::OrderShape {
        column: "a".into(),
        rank: Some(query::Op::Search),
        text: Some(Box::new(searched.clone())),
        ..query::OrderShape::default()
    });
    both(&searched);
    shape.after = true;
    shape.with.push(query::RelatedShape {
        relation: "r".into(),
        query: shape.clone(),
    });
    both(&shape);
    shape.conditions.iter().for_each(both);
    shape.order.iter().for_each(both);
    use query::Op::{
        Between, Eq, Exists, Gt, Gte, In, IsNull, Lt, Lte, Ne, NotNull, Search, Similar,
        WordSimilar,
    };
    [
        Eq,
        Ne,
        Lt,
        Lte,
        Gt,
        Gte,
        Between,
        In,
        IsNull,
        NotNull,
        Exists,
        Search,
        Similar,
        WordSimilar,
    ]
    .iter()
    .for_each(both);
    assert!(read_text::<QueryShape>(r#"{"table":"t","were":[]}"#).is_err());
    let grouping = query::GroupingShape {
        table: "t".into(),
        conditions: shape.conditions.clone(),
        by: vec!["a".into()],
        values: vec![
            query::AggregateShape {
                name: "n".into(),
                ..query::AggregateShape::default()
            },
            query::AggregateShape {
                name: "most".into(),
                op: query::AggregateOp::Max,
                column: some("a"),
            },
        ],
        having: shape.conditions.clone(),
        order: shape.order.clone(),
        limit: true,
        offset: true,
    };
    both(&grouping);
    writes(&QueryRequest {
        groups: Some(grouping),
        ..QueryRequest::default()
    });
    writes(&QueryRequest {
        protocol: 1,
        fingerprint: "f".into(),
        query: Some(shape),
        groups: None,
        params: vec![
            QueryParam::Null,
            QueryParam::Number(-0.5),
            QueryParam::Number(1e300),
            QueryParam::Text("a\"".into()),
        ],
    });
    writes(&QueryRequest::default());
    let head = QueryHead {
        protocol: 1,
        epoch: "e".into(),
        fingerprint: "f".into(),
        user: "7".into(),
        time: 1_700_000_000_123,
    };
    both(&head);
    reads(&QueryLine::Head(head));
    reads(&QueryLine::Rows {
        table: "t".into(),
        rows: vec![vec![some("1"), None]],
    });
    reads(&QueryLine::End { more: true });
    let explain = query::Explain {
        table: "t".into(),
        strategy: query::Strategy::PrimaryKey,
        index: vec!["-a".into()],
        schema_index: some("i"),
        examined: 2,
        returned: 1,
    };
    assert_eq!(
        text(&explain),
        serde_json::to_string(&explain).expect("JSON")
    );
}

fn types() -> Vec<Type> {
    let plain = [
        Type::Bool,
        Type::Int2,
        Type::Int4,
        Type::Int8,
        Type::Float4,
        Type::Float8,
        Type::Text,
        Type::Uuid,
        Type::Date,
        Type::Time,
        Type::Timestamp,
        Type::Timestamptz,
        Type::Interval,
        Type::Json,
        Type::Jsonb,
        Type::Bytea,
    ];
    let mut types = plain.to_vec();
    types.extend([
        Type::Numeric {
            precision: Some(12),
            scale: Some(-2),
        },
        Type::Numeric {
            precision: None,
            scale: None,
        },
        Type::Varchar { length: Some(3) },
        Type::Varchar { length: None },
        Type::Char { length: 3 },
        Type::Enum {
            sql: "mood".into(),
            labels: vec!["a".into(), "b".into()],
        },
        Type::Array {
            of: Box::new(Type::Text),
        },
        Type::Opaque { sql: "cidr".into() },
    ]);
    types
}

fn expression() -> Expr {
    let sides = vec![
        Expr::column("c1", Type::Int4),
        Expr::constant(Type::Int4, Some("0")),
        Expr::constant(Type::Text, None),
    ];
    Expr::new("gt", Type::Bool, sides)
}

fn domain() -> Domain {
    Domain {
        name: "positive".into(),
        not_null: true,
        checks: vec![Check {
            name: "above".into(),
            sql: "(VALUE > 0)".into(),
            expr: Some(expression()),
            reason: None,
        }],
    }
}

fn schema() -> Schema {
    let defaults = [
        ColumnDefault::Constant { text: "5".into() },
        ColumnDefault::Now,
        ColumnDefault::Uuid,
        ColumnDefault::Sequence { always: true },
        ColumnDefault::Sequence { always: false },
        ColumnDefault::ServerOnly {
            sql: "f()".into(),
            reason: "it calls f".into(),
        },
        ColumnDefault::Expression {
            sql: "now()".into(),
            expr: expression(),
            random: true,
        },
    ];
    defaults.iter().for_each(reads);
    let column = |(i, kind): (usize, Type)| Column {
        name: format!("c{i}"),
        kind,
        precision: (i == 4).then_some(3),
        nullable: i % 2 == 0,
        default: defaults.get(i).cloned(),
        generated: (i == 7).then(|| Generated {
            sql: "a + b".into(),
            expr: Some(expression()),
            reason: None,
        }),
        domains: if i == 5 { vec![domain()] } else { vec![] },
        identity: i == 8,
        writable: i != 7,
        policy: Policy::ALL[i % Policy::ALL.len()],
        collation: (i == 6).then(|| "C".to_owned()),
        letters: [Letters::Unicode, Letters::Ascii, Letters::Server][i % 3],
        comment: (i == 9).then(|| "why".to_owned()),
    };
    let part = IndexPart {
        expression: "c1".into(),
        column: true,
        expr: Some(expression()),
        collation: some("C"),
        operators: some("text_pattern_ops"),
        descending: true,
        nulls_first: true,
    };
    let actions = [
        Action::NoAction,
        Action::Restrict,
        Action::Cascade,
        Action::SetNull,
        Action::SetDefault,
    ];
    let foreign_key = |on_delete| ForeignKey {
        rank: 3,
        name: "fk".into(),
        columns: vec!["c1".into()],
        references: "other".into(),
        referenced_columns: vec!["id".into()],
        match_full: on_delete == Action::Restrict,
        on_delete,
        delete_columns: vec!["c1".into()],
        on_update: Action::NoAction,
        deferrable: true,
        deferred: on_delete == Action::Cascade,
    };
    let table = Table {
        name: "t".into(),
        columns: types().into_iter().enumerate().map(column).collect(),
        primary_key: vec!["c1".into()],
        primary_key_name: "pkey".into(),
        primary_key_rank: 1,
        insertable: true,
        updatable: false,
        deletable: true,
        hides_rows: true,
        uniques: vec![Unique {
            name: "u".into(),
            columns: vec![part.clone()],
            predicate: Some(Predicate {
                sql: "c1 > 0".into(),
                expr: Some(expression()),
            }),
            nulls_not_distinct: true,
            deferrable: true,
            deferred: true,
            reason: some("why"),
        }],
        checks: vec![Check {
            name: "k".into(),
            sql: "c1 > 0".into(),
            expr: Some(expression()),
            reason: some("why"),
        }],
        polymorphic: vec![Polymorphic {
            column: "c1".into(),
            by: "c2".into(),
            tables: Map::from([("note", "notes".to_owned())]),
        }],
        foreign_keys: actions.map(foreign_key).to_vec(),
        indexes: vec![Index {
            name: "i".into(),
            method: "btree".into(),
            parts: vec![part],
            predicate: None,
        }],
        server_rules: vec![ServerRule {
            name: "x".into(),
            kind: "exclusion".into(),
            reason: "why".into(),
        }],
        together: vec![vec!["c2".into(), "c3".into()]],
        on_delete_conflict: OnDeleteConflict::Delete,
        mergeable: true,
        comment: some("a table"),
    };
    let view = View {
        name: "v".into(),
        columns: vec![ViewColumn {
            name: "c1".into(),
            kind: Type::Text,
        }],
        sql: "SELECT c1 FROM t".into(),
        tables: vec!["t".into()],
        comment: some("a view"),
    };
    let identity = Identity {
        claim: "sub".into(),
        setting: "app.current_user_id".into(),
    };
    let schema = Schema::new(15, identity, Limits::default(), vec![table], vec![view]);
    schema.expect("a good schema").with_steps(vec![Step {
        name: "V2__more".into(),
        tables: Map::from([("s".to_owned(), "t".to_owned())]),
        renames: vec![Rename {
            table: "t".into(),
            from: "c".into(),
            to: "c1".into(),
        }],
        moves: vec![Move {
            table: "t".into(),
            column: "c5".into(),
            key: "k".into(),
            to: "c2".into(),
        }],
    }])
}

#[test]
fn schemas_agree() {
    types().iter().for_each(reads);
    let schema = schema();
    reads(&schema);
    let table = &schema.tables[0];
    reads(table);
    table.columns.iter().for_each(reads);
    table.foreign_keys.iter().for_each(reads);
    table.uniques.iter().for_each(reads);
    table.indexes.iter().for_each(reads);
    reads(&table.checks[0]);
    reads(&schema.identity);
    reads(&schema.limits);
    schema.steps.iter().for_each(reads);
    schema.steps[0].renames.iter().for_each(reads);
    schema.steps[0].moves.iter().for_each(reads);
    let json = serde_json::to_string(&schema).expect("JSON");
    assert_eq!(Schema::from_pulled(&json), Ok(schema.clone()));
    assert_eq!(Schema::from_json(&json), Ok(schema));
    let foreign = json.replacen("\"format\":2", "\"format\":1", 1);
    let error = Schema::from_pulled(&foreign).expect_err("another format");
    assert_eq!(error.code, ErrorCode::SchemaChanged);
}

#[test]
fn any_json_means_the_same() {
    let texts = [
        "null",
        " [1, -0.5e+3, {\"a\": {\"b\": []}}, \"\\u00e9\\ud83d\\ude00\\n\\/\", true, false] ",
        "{\"a\":1,\"a\":2}",
        "\"\\u0000\"",
        "",
        "[1,]",
        "{\"a\"}",
        "{\"a\":1,}",
        "01",
        "1.",
        "-",
        "nul",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\n\"",
        "[1] 2",
        "\"\\x\"",
    ];
    for given in texts {
        let by_serde = serde_json::from_str::<serde_json::Value>(given).ok();
        let ours = Json::parse(given).ok();
        assert_eq!(ours.is_some(), by_serde.is_some(), "{given}");
        let written = ours.map(|json| text(&json));
        let again = written.map(|text| serde_json::from_str(&text).expect("JSON"));
        assert_eq!(again, by_serde, "{given}");
    }
    let deep = "[".repeat(10_000);
    assert!(
        Json::parse(&deep).is_err(),
        "what nests too deep is refused"
    );
}
