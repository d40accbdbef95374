//! The browser binding of Haversack: translates between the core and the browser, never decides.
//!
//! [`Client`] is what TypeScript holds. Reads and writes are synchronous; what waits for IndexedDB
//! or the network is told by notices (`client::events`).

mod browser;
mod client;
mod convert;
mod network;
mod poison;
mod store;

use client::Shared;
use client::events::{ErrorView, thrown};
use haversack_core::protocol::{KeyText, Op, Text};
use haversack_core::query::{Param, PlanId};
use haversack_core::replica::Key;
use haversack_core::schema::{Schema, TableId};
use haversack_core::value;
use haversack_core::{Error, ErrorCode};
use js_sys::{Array, Function, Reflect, Uint32Array};
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// The version of this module; for bug reports.
#[wasm_bindgen]
pub fn core_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// A parameter until its query is run.
#[derive(Clone)]
enum Given {
    Null,
    Number(f64),
    Text(String),
}

impl Given {
    fn param(&self) -> Param<'_> {
        match self {
            Given::Null => Param::Null,
            Given::Number(number) => Param::Number(*number),
            Given::Text(text) => Param::Text(text),
        }
    }
}

/// An open database.
#[wasm_bindgen]
pub struct Client {
    shared: Rc<Shared>,
    params: RefCell<Vec<Given>>,
    /// Where the last query's hits are, for TypeScript to read from memory.
    hits: RefCell<Vec<u32>>,
}

#[wasm_bindgen]
impl Client {
    /// Opens a database: `{ schema, url, token, onEvent }`.
    pub async fn open(options: JsValue) -> Result<Client, JsValue> {
        let shared = open(&options).await.map_err(|error| thrown(&error))?;
        Ok(Client {
            shared,
            params: RefCell::default(),
            hits: RefCell::default(),
        })
    }

    /// The slot of a row by its single integer key; -1 where there is none.
    pub fn find_int(&self, table: u16, key: f64) -> i32 {
        slot(
            self.shared
                .replica
                .borrow()
                .find_int(TableId(table), key as i64),
        )
    }

    /// The slot of a row by its single text key; -1 where there is none.
    pub fn find_text(&self, table: u16, key: &str) -> i32 {
        slot(self.shared.replica.borrow().find_text(TableId(table), key))
    }

    /// The slot of a row by its key as a JSON array; -1 where there is none.
    pub fn find_key(&self, table: u16, key: &str) -> Result<i32, JsValue> {
        let table = TableId(table);
        let definition = self.shared.schema.table(table);
        let json = parse_json(key).map_err(|error| thrown(&error))?;
        let key = Key::from_json(definition, &json).map_err(|error| thrown(&error))?;
        Ok(slot(self.shared.replica.borrow().find(table, &key)))
    }

    /// How many rows a table has.
    pub fn len(&self, table: u16) -> u32 {
        self.shared.replica.borrow().len(TableId(table)) as u32
    }

    /// Frozen rows of these slots.
    pub fn rows(&self, table: u16, slots: &[u32]) -> Result<Array, JsValue> {
        let mut json = String::with_capacity(slots.len() * 512 + 2);
        json.push('[');
        {
            let replica = self.shared.replica.borrow();
            for (i, &slot) in slots.iter().enumerate() {
                if i > 0 {
                    json.push(',');
                }
                replica.row_json(TableId(table), slot, &mut json);
            }
        }
        json.push(']');
        self.shared.shapes[usize::from(table)]
            .frozen(&json)
            .map_err(|error| thrown(&error))
    }

    /// Compiles a query's shape.
    pub fn compile(&self, shape: &str) -> Result<u32, JsValue> {
        let shape = serde_json::from_str(shape).map_err(|e| {
            thrown(&Error::new(
                ErrorCode::InvalidQuery,
                format!("not a query: {e}"),
            ))
        })?;
        let plan = self.shared.replica.borrow_mut().compile(&shape);
        plan.map(|plan| plan.0).map_err(|error| thrown(&error))
    }

    /// Sets a parameter of the next run.
    pub fn number_param(&self, i: usize, value: f64) {
        self.set_param(i, Given::Number(value));
    }

    /// Sets a parameter of the next run.
    pub fn text_param(&self, i: usize, value: String) {
        self.set_param(i, Given::Text(value));
    }

    /// Sets a parameter of the next run.
    pub fn null_param(&self, i: usize) {
        self.set_param(i, Given::Null);
    }

    /// Runs a query and returns how many rows it found; their slots are at `ids_ptr`.
    pub fn run(&self, plan: u32, params: usize) -> Result<u32, JsValue> {
        let held = self.params.borrow();
        let params: Vec<Param<'_>> = held.iter().take(params).map(Given::param).collect();
        let mut replica = self.shared.replica.borrow_mut();
        let found = replica
            .run(PlanId(plan), &params)
            .map_err(|error| thrown(&error))?;
        let mut hits = self.hits.borrow_mut();
        hits.clear();
        hits.extend_from_slice(found);
        Ok(hits.len() as u32)
    }

    /// Where the slots of the last run are.
    pub fn ids_ptr(&self) -> *const u32 {
        self.hits.borrow().as_ptr()
    }

    /// How many rows a query finds.
    pub fn count(&self, plan: u32, params: usize) -> Result<u32, JsValue> {
        let held = self.params.borrow();
        let params: Vec<Param<'_>> = held.iter().take(params).map(Given::param).collect();
        let mut replica = self.shared.replica.borrow_mut();
        replica
            .count(PlanId(plan), &params)
            .map_err(|error| thrown(&error))
    }

    /// How a query was last run, as JSON.
    pub fn explain(&self, plan: u32) -> String {
        to_json(&self.shared.replica.borrow().explain(PlanId(plan)))
    }

    /// Rows that changed since the last call: table, slot, table, slot, …
    pub fn take_dirty(&self) -> Uint32Array {
        let mut dirty = Vec::new();
        self.shared.replica.borrow_mut().take_dirty(&mut dirty);
        let flat: Vec<u32> = dirty
            .iter()
            .flat_map(|&(table, slot)| [u32::from(table.0), slot])
            .collect();
        Uint32Array::from(flat.as_slice())
    }

    /// Writes a transaction of operations.
    pub fn mutate(&self, ops: &str) -> Result<String, JsValue> {
        let drafts =
            serde_json::from_str::<Vec<haversack_core::replica::DraftOp>>(ops).map_err(|e| {
                Error::new(
                    ErrorCode::MalformedRequest,
                    format!("not a list of operations: {e}"),
                )
            });
        let made = drafts.and_then(|drafts| self.shared.write(&drafts));
        made.map(|made| to_json(&made))
            .map_err(|error| thrown(&error))
    }

    /// Syncs now, whichever tab leads.
    pub fn sync_now(&self) {
        self.shared.ask();
    }

    /// The status, as JSON.
    pub fn status(&self) -> String {
        to_json(&self.shared.status())
    }

    /// Mutations without a verdict, as JSON.
    pub fn pending(&self) -> String {
        let replica = self.shared.replica.borrow();
        let list: Vec<serde_json::Value> = replica
            .pending()
            .map(|p| json!({ "seq": p.seq(), "local": p.local.0, "at": p.mutation.at, "ops": p.mutation.ops.iter().map(|op| op_view(&self.shared.schema, op)).collect::<Vec<_>>() }))
            .collect();
        to_json(&list)
    }

    /// Rejected mutations, as JSON.
    pub fn rejected(&self) -> String {
        let rejected = self.shared.rejected.borrow();
        let view = |r: &store::queue::Rejected| {
            json!({
                "seq": r.seq,
                "at": r.at,
                "rejectedAt": r.rejected_at,
                "ops": r.ops.iter().map(|op| op_view(&self.shared.schema, op)).collect::<Vec<_>>(),
                "error": ErrorView::from(&r.error),
            })
        };
        to_json(&rejected.iter().map(view).collect::<Vec<_>>())
    }

    /// Lost values, as JSON.
    pub fn lost(&self) -> String {
        let view = |(id, value): &(f64, store::queue::LostValue)| {
            let lost = &value.lost;
            let schema = &self.shared.schema;
            json!({
                "id": id,
                "seq": value.seq,
                "at": value.at,
                "table": lost.table,
                "key": key_view(schema, &lost.table, &lost.key),
                "column": lost.column,
                "mine": value_view(schema, &lost.table, lost.column.as_deref(), &lost.mine),
                "theirs": value_view(schema, &lost.table, lost.column.as_deref(), &lost.theirs),
            })
        };
        to_json(
            &self
                .shared
                .lost
                .borrow()
                .iter()
                .map(view)
                .collect::<Vec<_>>(),
        )
    }

    /// Forgets a rejected mutation.
    pub async fn dismiss_rejected(&self, seq: f64) -> Result<(), JsValue> {
        let shared = self.shared.clone();
        shared
            .dismiss_rejected(seq as u64)
            .await
            .map_err(|error| thrown(&error))
    }

    /// Forgets a lost value.
    pub async fn dismiss_lost(&self, id: f64) -> Result<(), JsValue> {
        let shared = self.shared.clone();
        shared
            .dismiss_lost(id)
            .await
            .map_err(|error| thrown(&error))
    }

    /// Resolves when the row stores are current.
    pub async fn flush(&self) -> Result<(), JsValue> {
        let shared = self.shared.clone();
        shared.flush().await.map_err(|error| thrown(&error))
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.shared.close(None);
    }

    fn set_param(&self, i: usize, value: Given) {
        let mut params = self.params.borrow_mut();
        if params.len() <= i {
            params.resize(i + 1, Given::Null);
        }
        params[i] = value;
    }
}

async fn open(options: &JsValue) -> Result<Rc<Shared>, Error> {
    let field = |name: &str| Reflect::get(options, &name.into()).unwrap_or_default();
    let text = |name: &str| {
        field(name).as_string().ok_or_else(|| {
            Error::new(
                ErrorCode::MalformedRequest,
                format!("open() needs {name:?} as text"),
            )
        })
    };
    let function = |name: &str| {
        field(name).dyn_into::<Function>().map_err(|_| {
            Error::new(
                ErrorCode::MalformedRequest,
                format!("open() needs {name:?} as a function"),
            )
        })
    };
    let schema = Schema::from_json(&text("schema")?)?;
    let url = text("url")?.trim_end_matches('/').to_owned();
    let on_event = function("onEvent")?;
    poison::on_panic(&on_event);
    Shared::open(schema, url, function("token")?, on_event).await
}

fn slot(slot: Option<u32>) -> i32 {
    slot.map_or(-1, |slot| slot as i32)
}

fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

fn parse_json(text: &str) -> Result<serde_json::Value, Error> {
    serde_json::from_str(text)
        .map_err(|e| Error::new(ErrorCode::MalformedRequest, format!("not JSON: {e}")))
}

/// A wire value as JavaScript gets it; where the schema has moved on, the text itself.
fn value_view(
    schema: &Schema,
    table: &str,
    column: Option<&str>,
    text: &Text,
) -> serde_json::Value {
    let Some(text) = text else {
        return serde_json::Value::Null;
    };
    let known = || {
        let table = schema.table(schema.table_id(table)?);
        let column = table.column(table.column_id(column?)?);
        let value = value::parse(&column.kind, text).ok()?;
        let mut json = String::new();
        value::write_json(&column.kind, &value, &mut json);
        serde_json::from_str(&json).ok()
    };
    known().unwrap_or_else(|| text.as_str().into())
}

fn key_view(schema: &Schema, table: &str, key: &KeyText) -> serde_json::Value {
    let names = schema
        .table_id(table)
        .map(|id| schema.table(id).primary_key.clone());
    let names = names.unwrap_or_default();
    let part = |(i, text): (usize, &String)| {
        value_view(
            schema,
            table,
            names.get(i).map(String::as_str),
            &Some(text.clone()),
        )
    };
    key.iter().enumerate().map(part).collect()
}

/// An operation with its values as JavaScript gets them.
fn op_view(schema: &Schema, op: &Op) -> serde_json::Value {
    let values = |table: &str, values: &haversack_core::protocol::Values| {
        let view = |(name, text): (&String, &Text)| {
            (name.clone(), value_view(schema, table, Some(name), text))
        };
        values.iter().map(view).collect::<serde_json::Map<_, _>>()
    };
    match op {
        Op::Insert {
            table,
            values: given,
        } => {
            json!({ "op": "insert", "table": table, "values": values(table, given) })
        }
        Op::Update {
            table, key, set, ..
        } => {
            let key = key_view(schema, table, key);
            json!({ "op": "update", "table": table, "key": key, "set": values(table, set) })
        }
        Op::Delete { table, key, .. } => {
            json!({ "op": "delete", "table": table, "key": key_view(schema, table, key) })
        }
    }
}
