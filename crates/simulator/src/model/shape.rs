//! What the model has to know of a schema beside what the schema's own rules say, and whether the model
//! can be a database of it at all.

use haversack_core::schema::{ColumnDefault, Policy, Schema, Table, TableId};
use haversack_core::{Error, ErrorCode};

/// What the model knows of a table.
#[derive(Debug)]
pub struct Shape {
    /// The column that says whose a row is; none where rows are everybody's.
    pub owner: Option<usize>,
    /// The columns whose time of writing is kept.
    pub timed: Vec<usize>,
    /// What no two rows may share, in the order in which Postgres asks.
    pub uniques: Vec<UniqueShape>,
    /// What its rows refer to.
    pub foreign: Vec<ForeignShape>,
}

/// Columns that no two rows share.
#[derive(Debug)]
pub struct UniqueShape {
    /// As errors cite it.
    pub name: String,
    /// Its columns.
    pub columns: Vec<usize>,
    /// Are two nulls the same?
    pub nulls_equal: bool,
}

/// Columns that refer to the key of a row.
#[derive(Debug)]
pub struct ForeignShape {
    /// As errors cite it.
    pub name: String,
    /// Its columns, in the order of the parent's key.
    pub columns: Vec<usize>,
    /// The table that it refers to.
    pub parent: TableId,
}

impl Shape {
    /// The shapes of a schema's tables.
    ///
    /// # Errors
    /// `config_invalid`, naming what only a real Postgres can judge.
    pub fn of(schema: &Schema) -> Result<Vec<Self>, Error> {
        schema
            .tables
            .iter()
            .map(|table| {
                check(table)?;
                Ok(Self {
                    owner: table.columns.iter().position(|c| c.identity),
                    timed: positions(table, |c| c.policy == Policy::Lww),
                    uniques: uniques(table)?,
                    foreign: foreign(schema, table)?,
                })
            })
            .collect()
    }
}

fn positions(table: &Table, is: impl Fn(&haversack_core::schema::Column) -> bool) -> Vec<usize> {
    let columns = table.columns.iter().enumerate();
    columns.filter(|(_, c)| is(c)).map(|(i, _)| i).collect()
}

fn columns(table: &Table, names: &[String]) -> Result<Vec<usize>, Error> {
    let column = |name: &String| Ok(usize::from(table.require_column(name)?.0));
    names.iter().map(column).collect()
}

fn unsupported(table: &Table, what: &str) -> Error {
    Error::new(
        ErrorCode::ConfigInvalid,
        format!("the model of a database can't have {}: {what}", table.name),
    )
    .table(&table.name)
}

fn check(table: &Table) -> Result<(), Error> {
    let no = |what: &str| Err(unsupported(table, what));
    if table.name.contains('.') {
        return no("it is outside of the schema public");
    }
    if !table.server_rules.is_empty() || table.checks.iter().any(|c| c.expr.is_none()) {
        return no("only Postgres can judge its rules");
    }
    for column in &table.columns {
        if matches!(column.default, Some(ColumnDefault::ServerOnly { .. }))
            || column.generated.as_ref().is_some_and(|g| g.expr.is_none())
        {
            return no("only Postgres can compute its columns");
        }
        if !column.domains.is_empty() {
            return no("it has a domain");
        }
    }
    Ok(())
}

fn uniques(table: &Table) -> Result<Vec<UniqueShape>, Error> {
    let mut uniques = Vec::new();
    for unique in &table.uniques {
        if unique.predicate.is_some() || unique.columns.iter().any(|part| !part.column) {
            return Err(unsupported(
                table,
                "a unique index is partial, or has an expression",
            ));
        }
        let names: Vec<String> = unique
            .columns
            .iter()
            .map(|p| p.expression.clone())
            .collect();
        uniques.push(UniqueShape {
            name: unique.name.clone(),
            columns: columns(table, &names)?,
            nulls_equal: unique.nulls_not_distinct,
        });
    }
    let key = UniqueShape {
        name: table.primary_key_name.clone(),
        columns: columns(table, &table.primary_key)?,
        nulls_equal: false,
    };
    uniques.insert(usize::from(table.primary_key_rank), key);
    Ok(uniques)
}

fn foreign(schema: &Schema, table: &Table) -> Result<Vec<ForeignShape>, Error> {
    let shape = |foreign: &haversack_core::schema::ForeignKey| {
        let parent = schema
            .table_id(&foreign.references)
            .ok_or_else(|| unsupported(table, "it refers to a table that is not synced"))?;
        let key = &schema.table(parent).primary_key;
        let column = |part: &String| {
            let at = foreign.referenced_columns.iter().position(|c| c == part);
            let name = at.map(|at| &foreign.columns[at]);
            name.ok_or_else(|| unsupported(table, "it refers to something else than a key"))
        };
        let names: Vec<String> = key
            .iter()
            .map(|part| column(part).cloned())
            .collect::<Result<_, _>>()?;
        Ok(ForeignShape {
            name: foreign.name.clone(),
            columns: columns(table, &names)?,
            parent,
        })
    };
    table.foreign_keys.iter().map(shape).collect()
}
