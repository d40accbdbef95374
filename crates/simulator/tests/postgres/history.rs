//! What replicas and writers in SQL do, step by step, by chance.

use crate::client::Client;
use crate::draw::{Draw, USERS, uuid};
use haversack_core::map::Map;
use haversack_core::merge::base_of_text;
use haversack_core::protocol::{Base, KeyText, Mutation, Op, SyncRequest, Text, Values};
use haversack_core::schema::{Schema, Table};
use haversack_core::value::{self, Value};
use serde::{Deserialize, Serialize};

/// What is done next.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant)] // a history has a few dozen
pub enum Step {
    /// A request of a user's, from where a client stood so many answers ago.
    Sync {
        client: usize,
        user: String,
        /// Counted back from the latest; none for no cursor.
        cursor: Option<usize>,
        epoch: Epoch,
        request: SyncRequest,
    },
    /// A transaction in SQL, which may stay open.
    Sql { ops: Vec<Op>, end: End },
    /// The one that is open ends.
    End { commit: bool },
    /// All that is in the changelog is forgotten.
    Prune,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Epoch {
    None,
    Own,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Commit,
    Rollback,
    /// It stays open.
    Open,
}

/// What there is before anybody comes: labels, and some projects and tasks of each user.
pub fn beginning(draw: &mut Draw) -> Step {
    let row = |table: &str, pairs: &[(&str, String)]| Op::Insert {
        table: table.to_owned(),
        values: pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Some(text.clone())))
            .collect(),
    };
    let mut ops = Vec::new();
    for i in 1..6 {
        let name = format!("label {i}");
        ops.push(row("labels", &[("id", i.to_string()), ("name", name)]));
    }
    for i in 0..4 {
        let owner = USERS[i % 2].to_owned();
        let name = format!("project {i}");
        let id = uuid(1, i);
        ops.push(row(
            "projects",
            &[("id", id), ("owner", owner), ("name", name)],
        ));
    }
    for i in 0..draw.below(8) {
        let (owner, title) = (USERS[i % 2].to_owned(), format!("title {i}"));
        let pairs = [
            ("id", uuid(2, i)),
            ("owner", owner),
            ("title", title),
            ("project_id", uuid(1, i % 4)),
        ];
        ops.push(row("tasks", &pairs));
    }
    Step::Sql {
        ops,
        end: End::Commit,
    }
}

/// Draws steps.
pub struct Drawing<'a> {
    pub draw: &'a mut Draw,
    pub schema: &'a Schema,
    pub clients: &'a mut [Client],
    /// Is a writer in SQL open?
    pub open: bool,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

impl Drawing<'_> {
    pub fn step(&mut self) -> Step {
        match self.draw.weighted(&[60, 12, 6, 4, 14, 4, 1]) {
            0 => self.push(),
            1 => self.pull(),
            2 => self.again(),
            3 => self.wrong(),
            4 => self.sql(),
            5 => Step::End {
                commit: self.draw.chance(70),
            },
            _ => Step::Prune,
        }
    }

    fn request(&self, client: usize) -> SyncRequest {
        SyncRequest {
            protocol: 1,
            replica: self.clients[client].id.clone(),
            fingerprint: self.schema.fingerprint.clone(),
            cursor: None,
            epoch: None,
            began: 0,
            acknowledged: self.clients[client].acknowledged,
            mutations: Vec::new(),
            leases: Map::new(),
            renew: None,
        }
    }

    fn sync(&mut self, client: usize, mut request: SyncRequest) -> Step {
        if self.open {
            without_draws(&mut request);
        }
        let stood = self.clients[client].cursors.len();
        let back = if self.draw.chance(85) {
            0
        } else {
            self.draw.below(stood)
        };
        let epoch = match self.draw.weighted(&[85, 8, 7]) {
            0 => Epoch::Own,
            1 => Epoch::None,
            _ => Epoch::Other,
        };
        self.clients[client].last = Some(request.clone());
        Step::Sync {
            client,
            user: self.clients[client].user.to_owned(),
            cursor: (!self.draw.chance(4)).then_some(back),
            epoch,
            request,
        }
    }

    fn push(&mut self) -> Step {
        let client = self.draw.below(self.clients.len());
        if self.draw.chance(10) {
            let seen = self.clients[client].seen as usize;
            self.clients[client].acknowledged = self.draw.below(seen + 1) as u64;
        }
        let mut request = self.request(client);
        let first = self.clients[client].seq + 1;
        for i in 0..1 + self.draw.below(4) as u64 {
            let mutation = self.mutation(client, first + i);
            request.mutations.push(mutation);
        }
        if self.draw.chance(25) {
            let count = 1 + self.draw.below(4) as u32;
            request.leases.insert("notes", count);
        }
        self.sync(client, request)
    }

    fn mutation(&mut self, client: usize, seq: u64) -> Mutation {
        let count = [1, 1, 1, 2, 3][self.draw.below(5)];
        let at = match self.draw.below(4) {
            0 => self.now_ms + 1_000_000,
            1 => self.now_ms,
            _ => 1_000 * self.draw.below(50) as i64,
        };
        let seen = self.clients[client].seen;
        Mutation {
            seq,
            at,
            seen: if self.draw.chance(90) {
                seen
            } else {
                self.draw.below(seen as usize + 1) as u64
            },
            ops: (0..count).map(|_| self.op(client)).collect(),
            predicted: Vec::new(),
            earlier: Vec::new(),
        }
    }

    fn pull(&mut self) -> Step {
        let client = self.draw.below(self.clients.len());
        let request = self.request(client);
        self.sync(client, request)
    }

    /// What was sent before, or something else under the same numbers.
    fn again(&mut self) -> Step {
        let client = self.draw.below(self.clients.len());
        let Some(mut request) = self.clients[client].last.clone() else {
            return self.pull();
        };
        if self.draw.chance(30)
            && let Some(mutation) = request.mutations.first().map(|m| m.seq)
        {
            request.mutations[0] = self.mutation(client, mutation);
        }
        self.sync(client, request)
    }

    /// What no replica should send.
    fn wrong(&mut self) -> Step {
        let client = self.draw.below(self.clients.len());
        let mut request = self.request(client);
        let seq = self.clients[client].seq;
        match self.draw.below(8) {
            0 => request.mutations.push(self.mutation(client, seq + 3)),
            1 => request.fingerprint = "another".to_owned(),
            2 => request.replica = "no uuid".to_owned(),
            3 => request.protocol = 7,
            4 => {
                let mut mutation = self.mutation(client, seq + 1);
                mutation.ops = vec![self.unknown()];
                request.mutations.push(mutation);
            }
            5 => {
                request
                    .leases
                    .insert(*self.draw.pick(&["tasks", "labels", "x"]), 3);
            }
            6 => request.acknowledged = u64::MAX,
            _ => {
                // Somebody else's replica.
                request.mutations.push(self.mutation(client, seq + 1));
                let user = *self.draw.pick(&USERS);
                return Step::Sync {
                    client,
                    user: user.to_owned(),
                    cursor: Some(0),
                    epoch: Epoch::Own,
                    request,
                };
            }
        }
        self.sync(client, request)
    }

    fn unknown(&mut self) -> Op {
        let values = |pairs: &[(&str, &str)]| -> Values {
            let pairs = pairs.iter();
            pairs
                .map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned())))
                .collect()
        };
        match self.draw.below(5) {
            0 => Op::Insert {
                table: "nothing".into(),
                values: values(&[("id", "1")]),
            },
            1 => Op::Insert {
                table: "labels".into(),
                values: values(&[("id", "1"), ("name", "a")]),
            },
            2 => Op::Delete {
                table: "labels".into(),
                key: vec!["1".into()],
                base: None,
            },
            3 => Op::Update {
                table: "tasks".into(),
                key: vec!["1".into(), "2".into()],
                set: values(&[("title", "a")]),
                base: Map::new(),
            },
            _ => Op::Update {
                table: "tasks".into(),
                key: vec![self.draw.uuid(2, 12)],
                set: values(&[("titel", "a")]),
                base: Map::new(),
            },
        }
    }

    /// A table that clients write.
    fn table(&mut self) -> &Table {
        let name = [
            "projects",
            "tasks",
            "tasks",
            "tasks",
            "notes",
            "task_labels",
            "payments",
        ][self.draw.below(7)];
        self.schema.table(self.schema.table_id(name).unwrap())
    }

    fn op(&mut self, client: usize) -> Op {
        let table = self.table().clone();
        let known: Vec<KeyText> = self.clients[client]
            .rows
            .keys()
            .filter(|(name, _)| *name == table.name)
            .map(|(_, key)| key.clone())
            .collect();
        let kind = self.draw.weighted(&[30, 50, 14]);
        if kind == 0 || (known.is_empty() && self.draw.chance(90)) {
            return self.insert(client, &table);
        }
        let key = if known.is_empty() || self.draw.chance(12) {
            self.key(&table)
        } else {
            self.draw.pick(&known).clone()
        };
        let row = self.clients[client]
            .rows
            .get(&(table.name.clone(), key.clone()));
        let row = row.cloned();
        if kind == 1 {
            return self.update(&table, key, row.as_deref());
        }
        let base = match self.draw.weighted(&[80, 12, 8]) {
            0 => row.map(|row| hash(&table, &row)),
            1 => None,
            _ => Some("0".repeat(64)),
        };
        Op::Delete {
            table: table.name,
            key,
            base,
        }
    }

    fn key(&mut self, table: &Table) -> KeyText {
        let columns = table.key_columns();
        let part = |c: &haversack_core::schema::ColumnId| {
            let text = self.draw.value(table, table.column(*c));
            text.unwrap_or_default()
        };
        columns.iter().map(part).collect()
    }

    fn insert(&mut self, client: usize, table: &Table) -> Op {
        let mut values = Values::new();
        for column in &table.columns {
            let is_key = table.primary_key.contains(&column.name);
            let needed = !column.nullable && column.default.is_none();
            if column.identity {
                if self.draw.chance(4) {
                    values.insert(column.name.clone(), self.draw.value(table, column));
                }
                continue;
            }
            let percent = if is_key || needed { 97 } else { 50 };
            if !self.draw.chance(percent) {
                continue;
            }
            let text = if table.name == "notes" && is_key {
                self.note_key(client)
            } else if is_key {
                self.draw.value(table, column)
            } else {
                self.draw.sent(table, column)
            };
            values.insert(column.name.clone(), text);
        }
        Op::Insert {
            table: table.name.clone(),
            values,
        }
    }

    /// A key that was leased, or now and then one that was not.
    fn note_key(&mut self, client: usize) -> Text {
        let leased = &mut self.clients[client].keys;
        if !leased.is_empty() && self.draw.chance(90) {
            let at = self.draw.below(leased.len());
            return Some(leased.remove(at).to_string());
        }
        Some((1 + self.draw.below(40)).to_string())
    }

    fn update(&mut self, table: &Table, key: KeyText, row: Option<&[Text]>) -> Op {
        let (mut set, mut base) = (Values::new(), Map::new());
        let writable: Vec<usize> = (0..table.columns.len())
            .filter(|i| !table.primary_key.contains(&table.columns[*i].name))
            .collect();
        for _ in 0..1 + self.draw.below(3) {
            let i = *self.draw.pick(&writable);
            let column = &table.columns[i];
            if column.identity && !self.draw.chance(5) {
                continue;
            }
            let text = self.draw.sent(table, column);
            set.insert(column.name.clone(), text);
            let confirmed = row.map(|row| row[i].clone());
            match (self.draw.weighted(&[86, 8, 6]), confirmed) {
                (0, Some(text)) => base.insert(column.name.clone(), base_of_text(text)),
                (1, _) => {
                    let text = self.draw.value(table, column);
                    base.insert(column.name.clone(), Base::Text(text))
                }
                (_, _) => None,
            };
        }
        for name in table.together.iter().flatten() {
            let i = usize::from(table.column_id(name).unwrap().0);
            if let Some(row) = row
                && table.together.iter().flatten().any(|n| set.contains_key(n))
                && self.draw.chance(95)
            {
                base.insert(name.clone(), Base::Text(row[i].clone()));
            }
        }
        Op::Update {
            table: table.name.clone(),
            key,
            set,
            base,
        }
    }

    fn sql(&mut self) -> Step {
        let ops = (0..1 + self.draw.below(3)).map(|_| self.sql_op()).collect();
        let end = match self.draw.weighted(&[45, 10, 45]) {
            2 if !self.open => End::Open,
            1 => End::Rollback,
            _ => End::Commit,
        };
        Step::Sql { ops, end }
    }

    fn sql_op(&mut self) -> Op {
        let table = if self.draw.chance(20) {
            self.schema
                .table(self.schema.table_id("labels").unwrap())
                .clone()
        } else {
            self.table().clone()
        };
        let key = self.key(&table);
        let name = table.name.clone();
        match self.draw.weighted(&[40, 45, 15]) {
            0 => {
                let mut values = Values::new();
                for column in &table.columns {
                    let is_key = table.primary_key.contains(&column.name);
                    let draws = is_key && name == "notes";
                    let needed = !column.nullable && column.default.is_none();
                    if column.identity || (!draws && (is_key || needed)) || self.draw.chance(50) {
                        values.insert(column.name.clone(), self.draw.value(&table, column));
                    }
                }
                Op::Insert {
                    table: name,
                    values,
                }
            }
            1 => {
                let mut set = Values::new();
                for _ in 0..1 + self.draw.below(2) {
                    let column = self.draw.pick(&table.columns).clone();
                    if !table.primary_key.contains(&column.name) {
                        set.insert(column.name.clone(), self.draw.value(&table, &column));
                    }
                }
                if set.is_empty() {
                    return Op::Delete {
                        table: name,
                        key,
                        base: None,
                    };
                }
                Op::Update {
                    table: name,
                    key,
                    set,
                    base: Map::new(),
                }
            }
            _ => Op::Delete {
                table: name,
                key,
                base: None,
            },
        }
    }
}

/// Takes out what draws from a sequence: a request that waits for a lock is tried again, and how often is
/// not the same in both.
fn without_draws(request: &mut SyncRequest) {
    request.leases = Map::new();
    for op in request.mutations.iter_mut().flat_map(|m| &mut m.ops) {
        if let Op::Insert { table, values } = op
            && table == "notes"
            && !values.contains_key("id")
        {
            values.insert("id", Some("1".to_owned()));
        }
    }
}

fn hash(table: &Table, row: &[Text]) -> String {
    let values: Vec<Value> = table
        .columns
        .iter()
        .zip(row)
        .map(|(column, text)| match text {
            Some(text) => value::parse_canonical(&column.kind, text).unwrap(),
            None => Value::Null,
        })
        .collect();
    value::row_hash(&values)
}
