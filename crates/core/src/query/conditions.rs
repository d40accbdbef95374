//! Compiles the conditions of a query's shape: columns are found, parameters placed, negations
//! carried down to the comparisons.
//!
//! A row passes where a condition is true, so NULL needs no value of its own: `not` is read as "is
//! false", which for every comparison is another one that can be true.

use super::plan::{has_order, invalid};
use super::related::Existing;
use super::terms::{Sought, is_of_words};
use super::{CONDITIONS_MAX, ConditionShape, IN_VALUES_MAX, Op};
use crate::error::Error;
use crate::schema::{Column, Letters, Schema, Table, Type};

/// The most steps of a path into JSON.
const PATH_MAX: usize = 32;

/// The column of a condition that has none.
const NONE: usize = usize::MAX;

/// A condition with its column found and its parameters placed, or a group of them.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Its position; of a group, none that there is.
    pub column: usize,
    /// The column's name.
    pub name: Box<str>,
    /// The column's type.
    pub kind: Type,
    /// The comparison; of a group `and` or `or`, never `not`.
    pub op: Op,
    /// How many parameters it takes.
    pub n: usize,
    /// Position of its first parameter.
    pub param: usize,
    /// Is it to be false? Only where no other operator says so.
    pub negated: bool,
    /// The column compared with, in place of a parameter.
    pub other: Option<usize>,
    /// Where in the column's jsonb the value is.
    pub path: Box<[String]>,
    /// How the column's letters change their case.
    pub letters: Letters,
    /// Which of the conditions on other tables it is.
    pub existing: Option<usize>,
    /// What it looks for in the column's text.
    pub sought: Option<Box<Sought>>,
    /// The members of a group.
    pub members: Vec<Condition>,
}

impl Condition {
    /// A comparison with one parameter.
    pub fn new(position: usize, column: &Column, op: Op, param: usize) -> Self {
        Self {
            column: position,
            name: column.name.as_str().into(),
            kind: column.kind.clone(),
            op,
            n: 1,
            param,
            negated: false,
            other: None,
            path: Box::default(),
            letters: column.letters,
            existing: None,
            sought: None,
            members: Vec::new(),
        }
    }

    /// The same where the server answers, who knows all letters.
    pub(super) fn of_server(&self) -> Self {
        let letters = match self.letters {
            Letters::Server => Letters::Unicode,
            known => known,
        };
        let sought = self.sought.as_ref();
        Self {
            letters,
            sought: sought.map(|sought| Box::new(sought.of_server())),
            members: self.members.iter().map(Self::of_server).collect(),
            ..self.clone()
        }
    }

    /// Does it leave one value of its column?
    pub fn is_point(&self) -> bool {
        self.op == Op::Eq && !self.is_apart()
    }

    /// Is it nothing that an index of its column can narrow to?
    pub fn is_apart(&self) -> bool {
        let plain = self.other.is_none() && self.path.is_empty() && self.sought.is_none();
        self.negated || !plain || self.column == NONE
    }

    /// With another operator, of which the `nth` parameter is the one.
    fn only(&self, op: Op, nth: usize) -> Self {
        Self {
            op,
            param: self.param + nth,
            n: 1,
            ..self.clone()
        }
    }
}

/// Compiles the conditions of a shape, which must all hold, and those on other tables that they refer
/// to; where no schema is given, there are no others.
///
/// # Errors
/// `unknown_column`; `invalid_query` for a comparison that the column's type has not, a group
/// that lacks members, and a relation that there is not.
pub(super) fn conditions(
    schema: Option<&Schema>,
    table: &Table,
    shapes: &[ConditionShape],
    params: &mut usize,
) -> Result<(Vec<Condition>, Vec<Existing>), Error> {
    if shapes.len() > CONDITIONS_MAX {
        return Err(too_many(table));
    }
    let mut left = shapes.iter();
    let mut existing = Vec::new();
    let mut reader = Reader {
        schema,
        table,
        left: &mut left,
        params,
        existing: &mut existing,
    };
    let mut conditions = Vec::with_capacity(shapes.len());
    while !reader.left.as_slice().is_empty() {
        reader.read(Op::And, false, &mut conditions)?;
    }
    Ok((conditions, existing))
}

pub(super) fn too_many(table: &Table) -> Error {
    let message = format!("a query has at most {CONDITIONS_MAX} conditions");
    invalid(table, message)
}

struct Reader<'r, 'a> {
    schema: Option<&'a Schema>,
    table: &'a Table,
    left: &'r mut std::slice::Iter<'a, ConditionShape>,
    /// How many parameters there are so far.
    params: &'r mut usize,
    existing: &'r mut Vec<Existing>,
}

impl Reader<'_, '_> {
    /// Reads a condition, or a group with all that is its own, into the members of `within`.
    fn read(&mut self, within: Op, negated: bool, out: &mut Vec<Condition>) -> Result<(), Error> {
        let Some(shape) = self.left.next() else {
            return Err(invalid(
                self.table,
                "a group has fewer conditions than it says".into(),
            ));
        };
        let op = match (shape.op, negated) {
            (Op::Not, _) if shape.n == 1 => return self.read(within, !negated, out),
            (Op::Not, _) => return Err(invalid(self.table, "`not` takes one condition".into())),
            // Not all of them: one is false. Not any: all are.
            (Op::And, false) | (Op::Or, true) => Op::And,
            (Op::Or, false) | (Op::And, true) => Op::Or,
            (Op::Exists, negated) => {
                let position = self.existing.len();
                let existing = self.related(shape, !negated)?;
                self.existing.push(existing);
                let condition = group(Op::Exists, Vec::new());
                out.push(Condition {
                    existing: Some(position),
                    ..condition
                });
                return Ok(());
            }
            (op, negated) if is_of_words(op) => {
                out.push(self.words(shape, negated)?);
                return Ok(());
            }
            _ => return self.comparison(shape, within, negated, out),
        };
        if op == within {
            for _ in 0..shape.n {
                self.read(op, negated, out)?;
            }
            return Ok(());
        }
        let mut members = Vec::new();
        for _ in 0..shape.n {
            self.read(op, negated, &mut members)?;
        }
        out.push(group(op, members));
        Ok(())
    }

    /// Reads the conditions on rows of another table.
    fn related(&mut self, shape: &ConditionShape, found: bool) -> Result<Existing, Error> {
        let Some(schema) = self.schema else {
            return Err(invalid(self.table, "groups have no related rows".into()));
        };
        let members = |other, existing: &mut Vec<Existing>| {
            let mut reader = Reader {
                schema: Some(schema),
                table: other,
                left: &mut *self.left,
                params: &mut *self.params,
                existing,
            };
            let mut members = Vec::new();
            for _ in 0..shape.n {
                reader.read(Op::And, false, &mut members)?;
            }
            Ok(members)
        };
        Existing::compile(schema, self.table, shape, found, members)
    }

    /// Reads a condition on the words of a text, or its trigrams.
    fn words(&mut self, shape: &ConditionShape, negated: bool) -> Result<Condition, Error> {
        let Some(schema) = self.schema else {
            return Err(invalid(self.table, "groups are not searched".into()));
        };
        if !shape.path.is_empty() || shape.other.is_some() {
            let message = "a search is of a column as it is, for a text that is given".to_owned();
            return Err(invalid(self.table, message).column(&shape.column));
        }
        let text = shape.text.as_deref().cloned().unwrap_or_default();
        let place = (&*shape.column, shape.op);
        let sought = Sought::compile(schema, self.table, place, &text)?;
        let column = sought.columns[0];
        let described = &self.table.columns[column];
        let condition = Condition::new(column, described, shape.op, *self.params);
        let n = if shape.op == Op::Search { 1 } else { 2 };
        *self.params += n;
        Ok(Condition {
            n,
            negated,
            sought: Some(Box::new(sought)),
            ..condition
        })
    }

    fn comparison(
        &mut self,
        shape: &ConditionShape,
        within: Op,
        negated: bool,
        out: &mut Vec<Condition>,
    ) -> Result<(), Error> {
        let table = self.table;
        let id = table.require_column(&shape.column)?;
        let column = table.column(id);
        let refuse = |message: String| Err(invalid(table, message).column(&column.name));
        let taken = match shape.op {
            _ if shape.other.is_some() => 0,
            Op::IsNull | Op::NotNull => 0,
            Op::Between => 2,
            Op::In => shape.n,
            _ => 1,
        };
        if taken > IN_VALUES_MAX {
            return refuse(format!(
                "an `in` takes at most {IN_VALUES_MAX} values, not {taken}"
            ));
        }
        let at_path = !shape.path.is_empty();
        if at_path && (column.kind != Type::Jsonb || shape.other.is_some()) {
            return refuse(format!("{} has no paths to compare at", column.name));
        }
        if shape.path.len() > PATH_MAX {
            return refuse(format!("a path has at most {PATH_MAX} steps"));
        }
        let kind = match &column.kind {
            // What is compared there may be a text.
            Type::Jsonb if at_path && is_of_texts(shape.op) => &Type::Text,
            kind => kind,
        };
        if !at_path && !is_comparable(shape.op, kind) || at_path && shape.op == Op::Overlaps {
            return refuse(format!(
                "{} has a type without this comparison",
                column.name
            ));
        }
        let mut condition = Condition::new(usize::from(id.0), column, shape.op, *self.params);
        condition.n = taken;
        condition.path = shape.path.clone().into();
        if let Some(other) = &shape.other {
            let id = table.require_column(other)?;
            let other = table.column(id);
            if !is_binary(shape.op) || !one_order(column, other) {
                return refuse(format!(
                    "{} can't be compared with {} like this",
                    column.name, other.name
                ));
            }
            condition.other = Some(usize::from(id.0));
        }
        *self.params += taken;
        if negated {
            condition.op = match shape.op {
                Op::Eq => Op::Ne,
                Op::Ne => Op::Eq,
                Op::Lt => Op::Gte,
                Op::Lte => Op::Gt,
                Op::Gt => Op::Lte,
                Op::Gte => Op::Lt,
                Op::IsNull => Op::NotNull,
                Op::NotNull => Op::IsNull,
                Op::Between => {
                    let outside = [condition.only(Op::Lt, 0), condition.only(Op::Gt, 1)];
                    match within {
                        Op::Or => out.extend(outside),
                        _ => out.push(group(Op::Or, outside.into())),
                    }
                    return Ok(());
                }
                op => {
                    condition.negated = true;
                    op
                }
            };
        }
        out.push(condition);
        Ok(())
    }
}

fn group(op: Op, members: Vec<Condition>) -> Condition {
    Condition {
        column: NONE,
        name: "".into(),
        kind: Type::Bool,
        op,
        n: 0,
        param: 0,
        negated: false,
        other: None,
        path: Box::default(),
        letters: Letters::default(),
        existing: None,
        sought: None,
        members,
    }
}

/// Is it one of `=` to `>=`?
fn is_binary(op: Op) -> bool {
    matches!(op, Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte)
}

fn is_comparable(op: Op, kind: &Type) -> bool {
    match op {
        Op::IsNull | Op::NotNull => true,
        Op::Eq | Op::Ne | Op::In => *kind != Type::Json,
        op if is_of_texts(op) => matches!(kind, Type::Text | Type::Varchar { .. }),
        Op::Contains | Op::ContainedIn => matches!(kind, Type::Jsonb | Type::Array { .. }),
        Op::Overlaps => matches!(kind, Type::Array { .. }),
        Op::HasKey | Op::HasAnyKey | Op::HasAllKeys => *kind == Type::Jsonb,
        Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::Between => has_order(kind),
        _ => false,
    }
}

/// Does it ask a text for a pattern?
pub(super) fn is_of_texts(op: Op) -> bool {
    op == Op::Like || op == Op::StartsWith || is_by_letters(op)
}

/// Does it ask which characters are letters, and which of them are one but for their case?
pub(super) fn is_by_letters(op: Op) -> bool {
    matches!(op, Op::Ilike | Op::Matches | Op::Imatches)
}

/// Do two columns keep their values in one form and one order?
pub(super) fn one_order(a: &Column, b: &Column) -> bool {
    use Type as T;
    let kinds = match (&a.kind, &b.kind) {
        (T::Int2 | T::Int4 | T::Int8, T::Int2 | T::Int4 | T::Int8)
        | (T::Float4 | T::Float8, T::Float4 | T::Float8)
        | (T::Text | T::Varchar { .. }, T::Text | T::Varchar { .. }) => true,
        (a, b) => a == b,
    };
    kinds && a.collation == b.collation
}
