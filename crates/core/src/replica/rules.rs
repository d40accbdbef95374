//! A table's rules, bound once: what a write has to be asked, without looking anything up by name.

use super::defaults::DefaultRule;
use super::foreign::{ForeignRule, bind_foreign};
use super::hashed::{HashSpec, Part, Source};
use super::same::Same;
use crate::expr::{Bound, Expr};
use crate::map::Name;
use crate::schema::{Domain, Predicate, Schema, Table, TableId, Unique};

/// What holds for the rows of a table.
#[derive(Debug)]
pub(super) struct TableRules {
    pub columns: Vec<ColumnRule>,
    /// The positions of columns by their names, as a mutation lists them.
    pub by_name: Vec<usize>,
    pub generated: Vec<GeneratedRule>,
    /// As `Table::checks`.
    pub checks: Vec<CheckRule>,
    /// The primary key and `Table::uniques`, in the order in which Postgres asks them.
    pub uniques: Vec<UniqueRule>,
    /// As `Table::foreign_keys`.
    pub foreign: Vec<ForeignRule>,
    /// The foreign keys that refer to this table, in the order in which Postgres fires them: the
    /// referencing table, and the position among its foreign keys.
    pub referring: Vec<(TableId, usize)>,
    /// The column that says whose a row is; without one, rows are everybody's.
    pub identity: Option<usize>,
}

#[derive(Debug)]
pub(super) struct ColumnRule {
    /// As mutations list it.
    pub name: Name,
    pub default: DefaultRule,
    /// Is a default that the client evaluates sent, rather than left to the server?
    pub sends_default: bool,
    pub is_key: bool,
    /// NOT NULL.
    pub required: bool,
    /// As `Column::domains`.
    pub domains: Vec<DomainRule>,
}

#[derive(Debug)]
pub(super) struct DomainRule {
    pub not_null: bool,
    /// As `Domain::checks`.
    pub checks: Vec<Option<Bound>>,
}

#[derive(Debug)]
pub(super) struct GeneratedRule {
    pub column: usize,
    pub bound: Option<Bound>,
    /// The columns that it reads.
    pub reads: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct CheckRule {
    pub bound: Option<Bound>,
    pub reads: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct UniqueRule {
    /// The position among `Table::uniques`; `None` for the primary key.
    pub unique: Option<usize>,
    /// The table's hash index; `None` where the key itself is looked up, or only the server judges.
    pub index: Option<usize>,
    pub server_only: bool,
    pub reads: Vec<usize>,
    pub when: When,
    /// Does it name the identity, so that every row it could meet is one that the user may see?
    pub within_identity: bool,
}

/// When a rule is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    AtOnce,
    StatementEnd,
    TransactionEnd,
}

/// The rules of all tables, and what their rows have to be found by.
pub(super) fn bind(schema: &Schema) -> (Vec<TableRules>, Vec<Vec<HashSpec>>) {
    let mut specs: Vec<Vec<HashSpec>> = schema.tables.iter().map(|_| Vec::new()).collect();
    let tables = schema.tables.iter().zip(&mut specs);
    let mut rules: Vec<TableRules> = tables.map(|(t, specs)| bind_table(t, specs)).collect();
    let mut order = Vec::new();
    for (t, table) in schema.tables.iter().enumerate() {
        for (f, foreign) in table.foreign_keys.iter().enumerate() {
            let rule = bind_foreign(schema, t, f, &mut specs);
            if let Some(target) = &rule.target {
                order.push((foreign.rank, t, f, target.table));
            }
            rules[t].foreign.push(rule);
        }
    }
    order.sort_unstable_by_key(|&(rank, t, f, _)| (rank, t, f));
    for (_, t, f, parent) in order {
        rules[usize::from(parent.0)]
            .referring
            .push((TableId(t as u16), f));
    }
    (rules, specs)
}

fn bind_table(table: &Table, specs: &mut Vec<HashSpec>) -> TableRules {
    let bound = |expr: &Option<Expr>| Bound::new(expr.as_ref()?, table).ok();
    let columns: Vec<ColumnRule> = table
        .columns
        .iter()
        .map(|c| bind_column(table, c))
        .collect();
    let generated = table.columns.iter().enumerate().filter_map(|(i, column)| {
        let generated = column.generated.as_ref()?;
        Some(GeneratedRule {
            column: i,
            bound: bound(&generated.expr),
            reads: reads(table, &generated.expr),
        })
    });
    let check = |check: &crate::schema::Check| CheckRule {
        bound: bound(&check.expr),
        reads: reads(table, &check.expr),
    };
    let identity = table.columns.iter().position(|c| c.identity);
    let mut uniques: Vec<UniqueRule> = Vec::with_capacity(table.uniques.len() + 1);
    for (i, unique) in table.uniques.iter().enumerate() {
        uniques.push(bind_unique(table, i, unique, identity, specs));
    }
    let rank = usize::from(table.primary_key_rank).min(uniques.len());
    uniques.insert(rank, bind_key(table, identity, specs));
    let mut by_name: Vec<usize> = (0..table.columns.len()).collect();
    by_name.sort_unstable_by_key(|&i| &table.columns[i].name);
    TableRules {
        by_name,
        generated: generated.collect(),
        checks: table.checks.iter().map(check).collect(),
        uniques,
        foreign: Vec::new(),
        referring: Vec::new(),
        identity,
        columns,
    }
}

fn bind_column(table: &Table, column: &crate::schema::Column) -> ColumnRule {
    let is_key = table.primary_key.contains(&column.name);
    let mut foreign = table.foreign_keys.iter();
    let refers = foreign.any(|f| f.columns.contains(&column.name));
    let default = DefaultRule::bind(table, column);
    let domain = |domain: &Domain| DomainRule {
        not_null: domain.not_null,
        checks: domain
            .checks
            .iter()
            .map(|check| Bound::new(check.expr.as_ref()?, table).ok())
            .collect(),
    };
    ColumnRule {
        name: column.name.as_str().into(),
        // What was made at random or drawn from a lease must be the same on both sides.
        sends_default: column.writable && (is_key || refers || default.is_made()),
        default,
        is_key,
        required: !column.nullable,
        domains: column.domains.iter().map(domain).collect(),
    }
}

/// The columns that an expression reads.
fn reads(table: &Table, expr: &Option<Expr>) -> Vec<usize> {
    let mut found = Vec::new();
    if let Some(expr) = expr {
        collect(table, expr, &mut found);
    }
    found
}

fn collect(table: &Table, expr: &Expr, found: &mut Vec<usize>) {
    if expr.op == "column"
        && let Some(column) = expr.text.as_deref().and_then(|name| table.column_id(name))
        && !found.contains(&usize::from(column.0))
    {
        found.push(usize::from(column.0));
    }
    expr.args.iter().for_each(|arg| collect(table, arg, found));
}

pub(super) fn positions(table: &Table, names: &[String]) -> Option<Vec<usize>> {
    let position = |name: &String| table.column_id(name).map(|c| usize::from(c.0));
    names.iter().map(position).collect()
}

fn of_columns(table: &Table, columns: &[usize]) -> HashSpec {
    let same = |c: usize| Same::of(&table.columns[c].kind);
    HashSpec::of_columns(columns, same, table.columns.len())
}

/// A table's index over columns, in this order; made if need be.
pub(super) fn index_of(table: &Table, columns: &[usize], specs: &mut Vec<HashSpec>) -> usize {
    let is = |spec: &HashSpec| {
        let column =
            |(part, c): (&Part, &usize)| matches!(part.source, Source::Column(p) if p == *c);
        spec.predicate.is_none()
            && !spec.nulls
            && spec.parts.len() == columns.len()
            && spec.parts.iter().zip(columns).all(column)
    };
    specs.iter().position(is).unwrap_or_else(|| {
        specs.push(of_columns(table, columns));
        specs.len() - 1
    })
}

fn bind_key(table: &Table, identity: Option<usize>, specs: &mut Vec<HashSpec>) -> UniqueRule {
    let columns = positions(table, &table.primary_key).unwrap_or_default();
    let stored = |&c: &usize| Same::of(&table.columns[c].kind) == Same::Stored;
    UniqueRule {
        unique: None,
        index: (!columns.iter().all(stored)).then(|| index_of(table, &columns, specs)),
        server_only: false,
        within_identity: identity.is_some_and(|i| columns.contains(&i)),
        reads: columns,
        when: When::AtOnce,
    }
}

fn bind_unique(
    table: &Table,
    i: usize,
    unique: &Unique,
    identity: Option<usize>,
    specs: &mut Vec<HashSpec>,
) -> UniqueRule {
    let spec = unique_spec(table, unique);
    let mut rule = UniqueRule {
        unique: Some(i),
        index: None,
        server_only: spec.is_none(),
        reads: Vec::new(),
        when: match (unique.deferrable, unique.deferred) {
            (false, _) => When::AtOnce,
            (true, false) => When::StatementEnd,
            (true, true) => When::TransactionEnd,
        },
        within_identity: false,
    };
    if let Some(spec) = spec {
        let is_identity =
            |part: &Part| matches!(part.source, Source::Column(c) if Some(c) == identity);
        rule.within_identity = spec.parts.iter().any(is_identity);
        rule.reads.clone_from(&spec.columns);
        rule.index = Some(specs.len());
        specs.push(spec);
    }
    rule
}

/// What a unique index is asked of; `None` where only the server can judge.
fn unique_spec(table: &Table, unique: &Unique) -> Option<HashSpec> {
    if unique.reason.is_some() {
        return None;
    }
    let mut columns = Vec::new();
    let mut parts = Vec::with_capacity(unique.columns.len());
    for part in &unique.columns {
        let (source, kind) = if part.column {
            let column = table.column_id(&part.expression)?;
            columns.push(usize::from(column.0));
            (
                Source::Column(usize::from(column.0)),
                &table.column(column).kind,
            )
        } else {
            let expr = part.expr.as_ref()?;
            collect(table, expr, &mut columns);
            (
                Source::Expression(Bound::new(expr, table).ok()?),
                &expr.kind,
            )
        };
        let same = Same::of(kind);
        parts.push(Part { source, same });
    }
    let mut predicate = None;
    if let Some(Predicate { expr, .. }) = &unique.predicate {
        let expr = expr.as_ref()?;
        collect(table, expr, &mut columns);
        predicate = Some(Bound::new(expr, table).ok()?);
    }
    columns.sort_unstable();
    columns.dedup();
    Some(HashSpec {
        parts,
        predicate,
        nulls: unique.nulls_not_distinct,
        columns,
        width: table.columns.len(),
    })
}
