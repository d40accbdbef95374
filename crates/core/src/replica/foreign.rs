//! Foreign keys, bound: which columns refer to which, and how values of both sides compare.

use super::hashed::HashSpec;
use super::rules::{GeneratedRule, index_of, positions};
use super::same::Same;
use crate::schema::{Action, Schema, Storage, TableId, Type};
use crate::value::Value;

#[derive(Debug)]
pub(super) struct ForeignRule {
    pub columns: Vec<usize>,
    /// The referenced table and columns; `None` where the client can't follow the reference.
    pub target: Option<Target>,
    pub on_delete: Action,
    pub on_update: Action,
    /// The columns that ON DELETE SET NULL and SET DEFAULT change.
    pub delete_columns: Vec<usize>,
    pub match_full: bool,
    pub deferred: bool,
    /// The referencing table's hash index over `columns`.
    pub index: usize,
}

#[derive(Debug)]
pub(super) struct Target {
    pub table: TableId,
    pub columns: Vec<usize>,
    /// The referenced table's hash index over `columns`.
    pub index: usize,
    /// Are `columns` the primary key's?
    pub is_key: bool,
    /// The types of both sides where a value has another stored form on the other side.
    pub convert: Vec<Option<(Type, Type)>>,
}

impl ForeignRule {
    /// May a change of these columns of the referenced table change what is referred to?
    pub fn is_about(&self, set: &[(usize, Value)], generated: &[GeneratedRule]) -> bool {
        let Some(target) = &self.target else {
            return false;
        };
        let changes = |c: &usize| {
            set.iter().any(|(column, _)| column == c) || generated.iter().any(|g| g.column == *c)
        };
        target.columns.iter().any(changes)
    }
}

/// Binds a foreign key of a table, and has both sides indexed.
pub(super) fn bind_foreign(
    schema: &Schema,
    t: usize,
    f: usize,
    specs: &mut [Vec<HashSpec>],
) -> ForeignRule {
    let table = &schema.tables[t];
    let foreign = &table.foreign_keys[f];
    let columns = positions(table, &foreign.columns).unwrap_or_default();
    let mut delete_columns = positions(table, &foreign.delete_columns).unwrap_or_default();
    if delete_columns.is_empty() {
        delete_columns.clone_from(&columns);
    }
    let target = schema.table_id(&foreign.references).and_then(|id| {
        let parent = schema.table(id);
        let referenced = positions(parent, &foreign.referenced_columns)?;
        if columns.is_empty() || referenced.len() != columns.len() {
            return None;
        }
        let mut convert = Vec::with_capacity(columns.len());
        for (&from, &to) in columns.iter().zip(&referenced) {
            convert.push(conversion(
                &table.columns[from].kind,
                &parent.columns[to].kind,
            )?);
        }
        let key = positions(parent, &parent.primary_key)?;
        let is_key = key == referenced
            && key
                .iter()
                .all(|&c| Same::of(&parent.columns[c].kind) == Same::Stored);
        Some(Target {
            table: id,
            index: index_of(parent, &referenced, &mut specs[usize::from(id.0)]),
            columns: referenced,
            is_key,
            convert,
        })
    });
    ForeignRule {
        index: index_of(table, &columns, &mut specs[t]),
        columns,
        target,
        on_delete: foreign.on_delete,
        on_update: foreign.on_update,
        delete_columns,
        match_full: foreign.match_full,
        deferred: foreign.deferred,
    }
}

/// How values of two types that a foreign key joins are compared: as they are stored, or (the inner
/// pair) after reading the text of the one as the other. `None` where that is not known here.
#[expect(
    clippy::option_option,
    reason = "not known is not the same as not needed"
)]
fn conversion(from: &Type, to: &Type) -> Option<Option<(Type, Type)>> {
    let int = |kind: &Type| matches!(kind, Type::Int2 | Type::Int4 | Type::Int8);
    let text = |kind: &Type| matches!(kind, Type::Text | Type::Varchar { .. });
    let number = |kind: &Type| int(kind) || matches!(kind, Type::Numeric { .. });
    if from == to || int(from) && int(to) || text(from) && text(to) {
        return Some(None);
    }
    let chars = matches!((from, to), (Type::Char { .. }, Type::Char { .. }));
    if chars {
        return Some(None);
    }
    let scaled = |kind: &Type| match kind {
        Type::Numeric { scale, .. } if kind.storage() == Storage::Int => Some(scale.unwrap_or(0)),
        _ => None,
    };
    if number(from) && number(to) {
        let alike = scaled(from).is_some() && scaled(from) == scaled(to)
            || from.storage() == Storage::Text && to.storage() == Storage::Text;
        return Some((!alike).then(|| (from.clone(), to.clone())));
    }
    None
}
