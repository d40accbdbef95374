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
mod view;

use client::Shared;
use client::events::thrown;
use haversack_core::json::{self, Json};
use haversack_core::query::{Param, PlanId};
use haversack_core::replica::{DraftOp, Key};
use haversack_core::schema::{Schema, TableId};
use haversack_core::{Error, ErrorCode};
use js_sys::{Array, Function, Reflect, Uint32Array};
use std::cell::{Cell, RefCell};
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

/// Queries with so many parameters are run without an allocation.
const PARAMS_FEW: usize = 8;

/// An open database.
#[wasm_bindgen]
pub struct Client {
    shared: Rc<Shared>,
    params: RefCell<Vec<Given>>,
    /// Where the last query's hits are, for TypeScript to read from memory.
    hits: Cell<*const u32>,
    /// Why the last run failed, until TypeScript asks.
    error: RefCell<Option<Error>>,
}

#[wasm_bindgen]
impl Client {
    /// Opens a database: `{ schema, url, token, onEvent }`.
    pub async fn open(options: JsValue) -> Result<Client, JsValue> {
        let shared = open(&options).await.map_err(|error| thrown(&error))?;
        Ok(Client {
            shared,
            params: RefCell::default(),
            hits: Cell::new(std::ptr::null()),
            error: RefCell::default(),
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
        let json = Json::parse(key).map_err(|error| thrown(&error))?;
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
        let shape = json::read_text(shape).map_err(|e| {
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

    /// Runs a query and returns how many rows it found; their slots are at `ids_ptr`. Negative where
    /// it failed: then `take_error` says why. (A `Result` would cross the boundary as an array,
    /// which costs as much as finding a few dozen rows.)
    pub fn run(&self, plan: u32, params: usize) -> i32 {
        self.with_params(params, |params| {
            let mut replica = self.shared.replica.borrow_mut();
            let found = replica.run(PlanId(plan), params)?;
            // The plan keeps them until its next run, and TypeScript reads them before that.
            self.hits.set(found.as_ptr());
            Ok(found.len() as u32)
        })
    }

    /// Where the slots of the last run are.
    pub fn ids_ptr(&self) -> *const u32 {
        self.hits.get()
    }

    /// How many rows a query finds; negative as for `run`.
    pub fn count(&self, plan: u32, params: usize) -> i32 {
        self.with_params(params, |params| {
            self.shared.replica.borrow_mut().count(PlanId(plan), params)
        })
    }

    /// Why the last run failed.
    pub fn take_error(&self) -> JsValue {
        self.error
            .take()
            .map_or(JsValue::UNDEFINED, |error| thrown(&error))
    }

    /// How a query was last run, as JSON.
    pub fn explain(&self, plan: u32) -> String {
        json::text(&self.shared.replica.borrow().explain(PlanId(plan)))
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
        let drafts = json::read_text::<Vec<DraftOp<'_>>>(ops).map_err(|e| {
            Error::new(
                ErrorCode::MalformedRequest,
                format!("not a list of operations: {e}"),
            )
        });
        let made = drafts.and_then(|drafts| self.shared.write(&drafts));
        made.map(|made| json::text(&made))
            .map_err(|error| thrown(&error))
    }

    /// Syncs now, whichever tab leads.
    pub fn sync_now(&self) {
        self.shared.ask();
    }

    /// The status, as JSON.
    pub fn status(&self) -> String {
        json::text(&self.shared.status())
    }

    /// Mutations without a verdict, as JSON.
    pub fn pending(&self) -> String {
        view::pending(&self.shared.schema, &self.shared.replica.borrow())
    }

    /// Rejected mutations, as JSON.
    pub fn rejected(&self) -> String {
        view::rejected(&self.shared.schema, &self.shared.rejected.borrow())
    }

    /// Lost values, as JSON.
    pub fn lost(&self) -> String {
        view::lost(&self.shared.schema, &self.shared.lost.borrow())
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

    /// The parameters of a run; few ones, as nearly always, without an allocation.
    fn with_params(
        &self,
        count: usize,
        run: impl FnOnce(&[Param<'_>]) -> Result<u32, Error>,
    ) -> i32 {
        let held = self.params.borrow();
        let held = &held[..count.min(held.len())];
        let mut few = [Param::Null; PARAMS_FEW];
        let many: Vec<Param<'_>>;
        let params = match few.get_mut(..held.len()) {
            Some(few) => {
                for (to, given) in few.iter_mut().zip(held) {
                    *to = given.param();
                }
                &*few
            }
            None => {
                many = held.iter().map(Given::param).collect();
                &many
            }
        };
        match run(params) {
            Ok(hits) => hits as i32,
            Err(error) => {
                self.error.replace(Some(error));
                -1
            }
        }
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
    #[cfg(target_arch = "wasm32")]
    browser::floats::set();
    browser::text::set();
    let field = |name: &str| Reflect::get(options, &name.into()).unwrap_or_default();
    let text = |name: &str| {
        field(name).as_string().ok_or_else(|| {
            Error::new(
                ErrorCode::MalformedRequest,
                format!("open() needs \"{name}\" as text"),
            )
        })
    };
    let function = |name: &str| {
        field(name).dyn_into::<Function>().map_err(|_| {
            Error::new(
                ErrorCode::MalformedRequest,
                format!("open() needs \"{name}\" as a function"),
            )
        })
    };
    let schema = Schema::from_pulled(&text("schema")?)?;
    let url = text("url")?.trim_end_matches('/').to_owned();
    let on_event = function("onEvent")?;
    poison::on_panic(&on_event);
    Shared::open(schema, url, function("token")?, on_event).await
}

fn slot(slot: Option<u32>) -> i32 {
    slot.map_or(-1, |slot| slot as i32)
}
