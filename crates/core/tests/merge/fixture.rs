//! A server of one row, and replicas that write to it while they are away.

use haversack_core::map::Map;
use haversack_core::merge::{Judge, OwnWrites, Row, Update, When};
use haversack_core::protocol::{
    Base, KeyText, Lost, Mutation, Op, Outcome, Seq, Text, Values, Written,
};
use haversack_core::schema::{
    Column, ColumnId, Identity, Limits, Policy, Schema, Table, TableId, Type,
};
use haversack_core::value::{self, Value};
use std::collections::BTreeMap;

/// A table with a column per policy; `starts` and `ends` belong together.
pub fn table() -> Table {
    let column = |name: &str, kind: Type, policy: Policy| Column {
        name: name.into(),
        kind,
        policy,
        nullable: true,
        writable: true,
        ..Column::default()
    };
    let numeric = Type::Numeric {
        precision: Some(10),
        scale: Some(2),
    };
    let list = Type::Array {
        of: Box::new(Type::Text),
    };
    Table {
        name: "things".into(),
        columns: vec![
            column("id", Type::Int4, Policy::ServerWins),
            column("server", Type::Text, Policy::ServerWins),
            column("client", Type::Text, Policy::ClientWins),
            column("late", Type::Text, Policy::Lww),
            column("hits", Type::Int4, Policy::Counter),
            column("money", numeric, Policy::Counter),
            column("best", Type::Int4, Policy::Max),
            column("least", Type::Date, Policy::Min),
            column("doc", Type::Jsonb, Policy::Merge),
            column("tags", list, Policy::Merge),
            column("asked", Type::Text, Policy::Manual),
            column("starts", Type::Int4, Policy::ServerWins),
            column("ends", Type::Int4, Policy::ServerWins),
        ],
        primary_key: vec!["id".into()],
        insertable: true,
        updatable: true,
        deletable: true,
        together: vec![vec!["starts".into(), "ends".into()]],
        ..Table::default()
    }
}

pub fn schema(table: Table) -> Schema {
    let identity = Identity {
        claim: "sub".into(),
        setting: "app.user".into(),
    };
    Schema::new(15, identity, Limits::default(), vec![table], vec![]).expect("a good schema")
}

/// A server of one row.
pub struct Server {
    pub schema: Schema,
    pub row: Vec<Value>,
    pub written: BTreeMap<ColumnId, i64>,
    pub own: BTreeMap<usize, OwnWrites>,
}

impl Server {
    pub fn new(table: Table, values: &[(&str, &str)]) -> Self {
        let mut row = vec![Value::Null; table.columns.len()];
        row[0] = Value::Int(1);
        for (name, text) in values {
            let at = table.column_id(name).expect("a column");
            row[usize::from(at.0)] = value::parse(&table.column(at).kind, text).expect("good");
        }
        Self {
            schema: schema(table),
            row,
            written: BTreeMap::new(),
            own: BTreeMap::new(),
        }
    }

    pub fn table(&self) -> &Table {
        &self.schema.tables[0]
    }

    pub fn text(&self, name: &str) -> Text {
        let at = self.table().column_id(name).expect("a column");
        value::to_text(&self.table().column(at).kind, &self.row[usize::from(at.0)])
    }

    /// What a mutation of one update comes to.
    pub fn take(&mut self, replica: usize, mutation: &Mutation) -> (Outcome, Vec<Lost>) {
        let Op::Update { key, set, base, .. } = &mutation.ops[0] else {
            panic!("only updates");
        };
        let own = self.own.entry(replica).or_default();
        let own = own.after(mutation.seen, TableId(0), key);
        let written: Vec<_> = self.written.iter().map(|(c, at)| (*c, *at)).collect();
        let table = self.schema.tables[0].clone();
        let mut judge = Judge::new(&self.schema, mutation).expect("a good key");
        let update = Update {
            table: &table,
            current: &self.row.clone(),
            set,
            base,
            own: own.as_ref(),
            when: When {
                made: mutation.at,
                written: &written,
            },
        };
        let row = Row {
            op: 0,
            table: &table,
            key,
        };
        let decided = judge.update(row, &update).expect("good values");
        if !judge.undone() {
            for (column, value) in &decided.apply {
                self.row[usize::from(column.0)] = value.clone();
            }
            let set = decided.apply.iter().map(|(c, _)| *c).chain(decided.equal);
            let set: Vec<ColumnId> = set.collect();
            let values = set.iter().map(|c| {
                let name = table.column(*c).name.clone();
                (name.clone(), self.text(&name))
            });
            let wrote = Written {
                table: "things".into(),
                key: key.clone(),
                values: values.collect(),
                hash: Some(value::row_hash(&self.row)),
            };
            for column in set {
                let at = self.written.entry(column).or_insert(i64::MIN);
                *at = mutation.at.max(*at);
            }
            let own = self.own.entry(replica).or_default();
            own.record(&self.schema, mutation.seq, &wrote)
                .expect("good");
        }
        judge.finish()
    }
}

/// A replica that was away: each write is made on top of what it shows.
pub struct Away {
    pub table: Table,
    pub confirmed: Map<Text>,
    pub visible: Map<Text>,
    pub queue: Vec<Mutation>,
}

impl Away {
    pub fn new(server: &Server) -> Self {
        let names = server.table().columns.iter().map(|c| c.name.clone());
        let confirmed: Map<Text> = names.map(|n| (n.clone(), server.text(&n))).collect();
        Self {
            table: server.table().clone(),
            visible: confirmed.clone(),
            confirmed,
            queue: Vec::new(),
        }
    }

    pub fn write(&mut self, at: i64, set: &[(&str, &str)]) {
        let mut base = Map::new();
        for (name, _) in set {
            let with = self.table.together_with(name).map(<[String]>::to_vec);
            for name in with.unwrap_or_else(|| vec![(*name).to_owned()]) {
                let id = self.table.column_id(&name).expect("a column");
                let from = if self.table.column(id).policy.is_relative() {
                    &self.visible
                } else {
                    &self.confirmed
                };
                base.insert(&*name, Base::Text(from[&*name].clone()));
            }
        }
        let values: Values = set
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned())))
            .collect();
        self.visible.extend(values.clone());
        self.queue.push(Mutation {
            seq: self.queue.len() as Seq + 1,
            at,
            seen: 0,
            predicted: Vec::new(),
            earlier: Vec::new(),
            ops: vec![Op::Update {
                table: "things".into(),
                key: KeyText::from(["1".to_owned()]),
                set: values,
                base,
            }],
        });
    }
}

pub const BEFORE: [(&str, &str); 11] = [
    ("server", "old"),
    ("client", "old"),
    ("late", "old"),
    ("hits", "10"),
    ("money", "1.50"),
    ("best", "10"),
    ("least", "2026-05-05"),
    ("doc", r#"{"k": 0}"#),
    ("tags", "{a,b}"),
    ("asked", "old"),
    ("starts", "1"),
];
