//! A question to Postgres, and its answer while it arrives.
//!
//! Nothing of an answer becomes a row of the replica: what the replica lacks comes by a pull, which alone
//! knows where in the server's history it belongs.

use super::Replica;
use super::read::replaced;
use super::read::write_values;
use super::scan::Scan;
use super::staged::{StagedTable, malformed};
use crate::error::Error;
use crate::json::{self, read_text};
use crate::protocol::{PROTOCOL_VERSION, QueryHead, QueryLine, QueryRequest};
use crate::query::{self, Param, PlanId};
use crate::schema::{Schema, Table, TableId};
use std::sync::Arc;

/// The answer to a question.
#[derive(Debug)]
pub struct Found {
    of: Of,
    head: Option<QueryHead>,
    rows: StagedTable,
    more: Option<bool>,
}

/// What an answer has.
#[derive(Debug)]
enum Of {
    /// Rows of a table.
    Rows(Arc<Schema>, TableId),
    /// Groups, which have these columns.
    Groups(Box<Table>),
}

impl Found {
    fn new(of: Of) -> Self {
        Self {
            rows: StagedTable::new(of.table()),
            of,
            head: None,
            more: None,
        }
    }

    /// The head, once it has arrived.
    pub fn head(&self) -> Option<&QueryHead> {
        self.head.as_ref()
    }

    /// How many rows have arrived.
    pub fn len(&self) -> usize {
        self.rows.rows as usize
    }

    /// Has none arrived?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Are there more rows than the answer has? `None` as long as the answer is not whole.
    pub fn more(&self) -> Option<bool> {
        self.more
    }

    /// Takes in one line.
    ///
    /// # Errors
    /// `malformed_request` for anything that is not a line of an answer from this table, after which the
    /// answer is to be dropped.
    pub fn line(&mut self, line: &str) -> Result<(), Error> {
        if self.more.is_some() {
            return Err(malformed("a line follows the end"));
        }
        let table = self.of.table();
        let mut scan = Scan::new(line);
        if self.head.is_some() && scan.literal("{\"line\":\"rows\",\"table\":").is_some() {
            let asked = scan.text().flatten().is_some_and(|name| name == table.name);
            if asked && scan.literal(",\"rows\":[").is_some() {
                let rows = self.rows.fast_rows(table, &mut scan)?;
                return match rows {
                    Some(_) => Ok(()),
                    None => Err(malformed("a line of rows breaks off")),
                };
            }
        }
        let line = read_text(line).map_err(|fault| malformed(&fault.to_string()))?;
        match (line, self.head.is_some()) {
            (QueryLine::Head(head), false) => self.head = Some(head),
            (QueryLine::Rows { table: name, rows }, true) if name == table.name => {
                for row in &rows {
                    let values: Vec<Option<&str>> = row.iter().map(Option::as_deref).collect();
                    self.rows.row(table, &values)?;
                }
            }
            (QueryLine::End { more }, true) => self.more = Some(more),
            (QueryLine::Head(_) | QueryLine::Rows { .. } | QueryLine::End { .. }, _) => {
                return Err(malformed("a line is not in its place"));
            }
        }
        Ok(())
    }
}

impl Of {
    fn table(&self) -> &Table {
        match self {
            Of::Rows(schema, table) => schema.table(*table),
            Of::Groups(made) => made,
        }
    }
}

impl Replica {
    /// The request that puts a query to Postgres.
    ///
    /// # Errors
    /// As [`Replica::run`].
    pub fn question(&self, plan: PlanId, params: &[Param<'_>]) -> Result<String, Error> {
        let at = plan.0 as usize;
        let current = self.current_params(&self.plans[at], params);
        let params = replaced(params, &current);
        query::check(&self.plans[at], &params)?;
        Ok(json::text(&QueryRequest {
            query: Some(self.shapes[at].clone()),
            params: query::on_the_wire(&self.plans[at], &params),
            ..self.no_question()
        }))
    }

    /// The request that puts a grouping to Postgres.
    ///
    /// # Errors
    /// As [`Replica::run_grouping`].
    pub fn question_of_groups(&self, plan: PlanId, params: &[Param<'_>]) -> Result<String, Error> {
        let (shape, grouping) = &self.groupings[plan.0 as usize];
        let current = self.current_params(&grouping.rows, params);
        let params = replaced(params, &current);
        grouping.check(&params)?;
        Ok(json::text(&QueryRequest {
            groups: Some(shape.clone()),
            params: query::groups_on_the_wire(grouping, &params),
            ..self.no_question()
        }))
    }

    fn no_question(&self) -> QueryRequest {
        QueryRequest {
            protocol: PROTOCOL_VERSION,
            fingerprint: self.schema.fingerprint.clone(),
            ..QueryRequest::default()
        }
    }

    /// Begins an answer from this table.
    pub fn found(&self, table: TableId) -> Found {
        Found::new(Of::Rows(self.schema.clone(), table))
    }

    /// Begins an answer with the groups of a grouping.
    pub fn found_groups(&self, plan: PlanId) -> Found {
        let made = self.groupings[plan.0 as usize].1.made.clone();
        Found::new(Of::Groups(Box::new(made)))
    }

    /// An answer as a JSON array: of objects as [`Replica::row_json`] writes them, or of groups as
    /// [`Replica::run_grouping`] does.
    pub fn found_json(&self, found: &Found) -> String {
        let mut out = String::from("[");
        for row in 0..found.rows.rows {
            out.push_str(if row > 0 { "," } else { "" });
            match &found.of {
                Of::Rows(_, table) => self.row_of(*table, &found.rows.columns, row, &mut out),
                Of::Groups(made) => write_values(made, &found.rows.columns, row, &mut out),
            }
        }
        out.push(']');
        out
    }
}
