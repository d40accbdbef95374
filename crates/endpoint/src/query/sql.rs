//! A checked query as SQL: names of the catalog, values as parameters.

mod groups;
mod words;

use super::operand::{Cast, operand};
use crate::compiled::Compiled;
use crate::introspect::ColumnFacts;
use haversack_core::query::{Checked, Condition, Existing, Op, OrderKey, Param, Place, constant};
use haversack_core::schema::Type;
use haversack_core::{Error, ErrorCode};

pub(super) use groups::statement as groups;

/// SQL, and the texts and arrays of texts that are its parameters.
#[derive(Debug, Default)]
pub struct Statement {
    /// The SQL.
    pub sql: String,
    /// Its parameters.
    pub params: Vec<Given>,
    /// How similar texts are at least that it asks for, by `%` and by `<%`.
    pub similar: Thresholds,
}

/// How similar texts are at least, where that is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// By `%`.
    pub similarity: Option<f64>,
    /// By `<%`.
    pub word_similarity: Option<f64>,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A text.
    Text(Option<String>),
    /// An array of texts.
    Texts(Vec<Option<String>>),
}

/// The statement that gives a query's rows, at most `limit` of them.
///
/// # Errors
/// As `operand`; not for what was checked.
pub(super) fn statement(
    compiled: &Compiled,
    checked: &Checked,
    params: &[Param<'_>],
    limit: usize,
) -> Result<Statement, Error> {
    let table = compiled.sql(checked.table());
    let mut writer = Writer::new(compiled, table.columns(), checked.existing(), params);
    let mut sql = table.read_all.clone();
    let mut all = writer.conditions(checked.conditions())?;
    if let Some(places) = checked.after() {
        all.push(writer.after(places)?);
    }
    sql.push_str(&filtered(&all));
    let mut order = Vec::new();
    for place in 0..=checked.order().len() {
        for ranked in checked.ranked().iter().filter(|r| r.after == place) {
            order.push(writer.rank(ranked)?);
        }
        order.extend(checked.order().get(place).map(|key| writer.order(key)));
    }
    sql.push_str(&ordered(&order));
    sql.push_str(&window(limit, checked.offset));
    Ok(writer.written(sql))
}

/// ` WHERE …`; nothing where every row will do.
fn filtered(conditions: &[String]) -> String {
    match conditions {
        [] => String::new(),
        conditions => format!(" WHERE {}", conditions.join(" AND ")),
    }
}

/// ` ORDER BY …`; nothing where any order will do.
fn ordered(order: &[String]) -> String {
    match order {
        [] => String::new(),
        order => format!(" ORDER BY {}", order.join(", ")),
    }
}

/// ` LIMIT … OFFSET …`
fn window(limit: usize, offset: usize) -> String {
    match offset {
        0 => format!(" LIMIT {limit}"),
        offset => format!(" LIMIT {limit} OFFSET {offset}"),
    }
}

struct Writer<'a> {
    compiled: &'a Compiled,
    /// The columns that conditions are of now, and what their table is called in the statement.
    columns: &'a [ColumnFacts],
    alias: String,
    /// What these conditions ask of other tables.
    existing: &'a [Existing],
    params: &'a [Param<'a>],
    given: Vec<Given>,
    /// How many other tables the statement has.
    tables: usize,
    similar: Thresholds,
}

impl<'a> Writer<'a> {
    /// Of a table that is called `t`.
    fn new(
        compiled: &'a Compiled,
        columns: &'a [ColumnFacts],
        existing: &'a [Existing],
        params: &'a [Param<'a>],
    ) -> Self {
        Self {
            compiled,
            columns,
            alias: "t".to_owned(),
            existing,
            params,
            given: Vec::new(),
            tables: 0,
            similar: Thresholds::default(),
        }
    }

    fn written(self, sql: String) -> Statement {
        Statement {
            sql,
            params: self.given,
            similar: self.similar,
        }
    }

    fn conditions(&mut self, all: &[Condition]) -> Result<Vec<String>, Error> {
        all.iter().map(|one| self.condition(one)).collect()
    }

    fn condition(&mut self, condition: &Condition) -> Result<String, Error> {
        let sql = match condition.op {
            Op::And => self.group(condition, " AND ", "true")?,
            Op::Or => self.group(condition, " OR ", "false")?,
            Op::Exists => self.exists(condition)?,
            // It was carried down to the comparisons.
            Op::Not => return Err(Error::new(ErrorCode::Internal, "a negation is left")),
            Op::Eq => self.compared(condition, "=")?,
            Op::Ne => self.compared(condition, "<>")?,
            Op::Lt => self.compared(condition, "<")?,
            Op::Lte => self.compared(condition, "<=")?,
            Op::Gt => self.compared(condition, ">")?,
            Op::Gte => self.compared(condition, ">=")?,
            Op::Between => self.between(condition)?,
            Op::In => self.listed(condition)?,
            Op::IsNull => format!("({} IS NULL)", self.subject(condition)),
            Op::NotNull => format!("({} IS NOT NULL)", self.subject(condition)),
            Op::Like => self.beside_text(condition, "LIKE")?,
            Op::Ilike => self.beside_text(condition, "ILIKE")?,
            Op::Matches => self.beside_text(condition, "~")?,
            Op::Imatches => self.beside_text(condition, "~*")?,
            Op::StartsWith => self.beside_text(condition, "^@")?,
            Op::Contains => self.beside_part(condition, "@>")?,
            Op::ContainedIn => self.beside_part(condition, "<@")?,
            Op::Overlaps => self.beside_part(condition, "&&")?,
            Op::HasKey => self.beside_text(condition, "?")?,
            Op::HasAnyKey => self.beside_keys(condition, "?|")?,
            Op::HasAllKeys => self.beside_keys(condition, "?&")?,
            Op::Search => self.searched(condition)?,
            Op::Similar | Op::WordSimilar => self.similar(condition)?,
        };
        Ok(match condition.negated {
            true => format!("(NOT {sql})"),
            false => sql,
        })
    }

    fn group(&mut self, group: &Condition, word: &str, of_none: &str) -> Result<String, Error> {
        if group.members.is_empty() {
            return Ok(of_none.to_owned());
        }
        Ok(format!("({})", self.conditions(&group.members)?.join(word)))
    }

    /// That there are rows of another table that go with the row, or that there are none.
    fn exists(&mut self, condition: &Condition) -> Result<String, Error> {
        let asked = self.existing;
        let Some(existing) = condition.existing.and_then(|position| asked.get(position)) else {
            return Err(Error::new(ErrorCode::Internal, "a relation is left out"));
        };
        self.tables += 1;
        let alias = format!("t{}", self.tables);
        let (outer, outer_alias) = (self.columns, std::mem::replace(&mut self.alias, alias));
        let other = self.compiled.sql(existing.way.table);
        self.columns = other.columns();
        self.existing = existing.existing();
        let name = |columns: &[ColumnFacts], alias: &str, column: usize| {
            format!("{alias}.{}", columns[column].sql)
        };
        let mut all = Vec::new();
        for (own, theirs) in &existing.way.pairs {
            let own = name(outer, &outer_alias, *own);
            all.push(format!("({} = {own})", self.column(*theirs)));
        }
        if let Some(word) = &existing.way.word {
            let (columns, alias) = match word.theirs {
                true => (self.columns, &self.alias),
                false => (outer, &outer_alias),
            };
            let column = name(columns, alias, word.column);
            let cast = columns[word.column].compared.clone();
            let given = self.place(Given::Text(Some(word.text.clone())));
            all.push(format!("({column} = {given}::text::{cast})"));
        }
        all.extend(self.conditions(existing.conditions())?);
        let sql = format!("{} {}", other.sql, self.alias);
        (self.columns, self.alias, self.existing) = (outer, outer_alias, asked);
        let not = if existing.found { "" } else { "NOT " };
        let all = all.join(" AND ");
        Ok(format!("({not}EXISTS (SELECT 1 FROM {sql} WHERE {all}))"))
    }

    /// A comparison with a value, or with another column.
    fn compared(&mut self, condition: &Condition, operator: &str) -> Result<String, Error> {
        let other = match condition.other {
            Some(other) => self.column(other),
            None => self.value(condition, 0)?,
        };
        let column = self.subject(condition);
        Ok(format!("({column} {operator} {other})"))
    }

    fn between(&mut self, condition: &Condition) -> Result<String, Error> {
        let (low, high) = (self.value(condition, 0)?, self.value(condition, 1)?);
        let column = self.subject(condition);
        Ok(format!("({column} BETWEEN {low} AND {high})"))
    }

    /// One of a list, which is one parameter however long it is.
    fn listed(&mut self, condition: &Condition) -> Result<String, Error> {
        let (mut texts, mut cast) = (Vec::with_capacity(condition.n), None);
        for param in &self.params[condition.param..condition.param + condition.n] {
            let operand = operand(&condition.kind, *param)?;
            // One that is no whole number makes numbers of all.
            if let Some((_, own)) = operand
                && cast != Some(Cast::Numeric)
            {
                cast = Some(own);
            }
            texts.push(operand.map(|(text, _)| text));
        }
        let of = self.cast(condition, cast.unwrap_or(Cast::Own));
        let column = self.subject(condition);
        let list = self.place(Given::Texts(texts));
        Ok(if is_array(&condition.kind) {
            // There is no array of arrays to cast to.
            format!("({column} = ANY (SELECT v.x::{of} FROM unnest({list}::text[]) AS v(x)))")
        } else {
            format!("({column} = ANY ({list}::text[]::{of}[]))")
        })
    }

    /// Beside a text as it is: a pattern, a beginning, a key.
    fn beside_text(&mut self, condition: &Condition, operator: &str) -> Result<String, Error> {
        let text = self.text(condition)?.map(str::to_owned);
        let column = self.subject(condition);
        let given = self.place(Given::Text(text));
        Ok(format!("({column} {operator} {given}::text)"))
    }

    /// Beside a value of the column's type, of which it holds a part.
    fn beside_part(&mut self, condition: &Condition, operator: &str) -> Result<String, Error> {
        let text = self.constant(condition)?;
        let cast = self.cast(condition, Cast::Own);
        let column = self.subject(condition);
        let given = self.place(Given::Text(text));
        Ok(format!("({column} {operator} {given}::text::{cast})"))
    }

    /// Beside a list of keys.
    fn beside_keys(&mut self, condition: &Condition, operator: &str) -> Result<String, Error> {
        let text = self.constant(condition)?;
        let column = self.subject(condition);
        let given = self.place(Given::Text(text));
        Ok(format!("({column} {operator} {given}::text::text[])"))
    }

    fn constant(&self, condition: &Condition) -> Result<Option<String>, Error> {
        let text = self.text(condition)?;
        text.map(|text| constant(condition.op, &condition.kind, text))
            .transpose()
    }

    /// The parameter of a condition that takes a text.
    fn text(&self, condition: &Condition) -> Result<Option<&str>, Error> {
        match self.params[condition.param] {
            Param::Null => Ok(None),
            Param::Text(text) => Ok(Some(text)),
            Param::Number(_) => Err(Error::new(
                ErrorCode::TypeMismatch,
                "this is compared with texts, not with a number",
            )),
        }
    }

    /// The `nth` value of a condition, in the place of a parameter.
    fn value(&mut self, condition: &Condition, nth: usize) -> Result<String, Error> {
        let operand = operand(&condition.kind, self.params[condition.param + nth])?;
        let (text, cast) = match operand {
            Some((text, cast)) => (Some(text), cast),
            None => (None, Cast::Own),
        };
        let cast = self.cast(condition, cast);
        let given = self.place(Given::Text(text));
        Ok(format!("{given}::text::{cast}"))
    }

    fn order(&self, key: &OrderKey) -> String {
        let direction = if key.descending { "DESC" } else { "ASC" };
        let nulls = if key.nulls_first { "FIRST" } else { "LAST" };
        format!("{} {direction} NULLS {nulls}", self.column(key.column))
    }

    /// What a condition is about: its column, or what is somewhere in it.
    fn subject(&mut self, condition: &Condition) -> String {
        let column = self.column(condition.column);
        if condition.path.is_empty() {
            return column;
        }
        let operator = match condition.op {
            // Of texts, and so not in their quotes.
            Op::Like | Op::Ilike | Op::Matches | Op::Imatches | Op::StartsWith => "#>>",
            _ => "#>",
        };
        let path = condition.path.iter().cloned().map(Some);
        let path = self.place(Given::Texts(path.collect()));
        format!("({column} {operator} {path}::text[])")
    }

    /// That a row comes after a place in the order.
    fn after(&mut self, places: &[Place]) -> Result<String, Error> {
        let Some(((key, equal), rest)) = places.split_first() else {
            return Ok("false".to_owned());
        };
        let column = self.column(key.column);
        let (beyond, same) = match self.params[equal.param] {
            Param::Null if key.nulls_first => {
                (format!("{column} IS NOT NULL"), format!("{column} IS NULL"))
            }
            Param::Null => ("false".to_owned(), format!("{column} IS NULL")),
            Param::Number(_) | Param::Text(_) => {
                let value = self.value(equal, 0)?;
                let operator = if key.descending { "<" } else { ">" };
                let mut beyond = format!("{column} {operator} {value}");
                if !key.nulls_first {
                    beyond.push_str(&format!(" OR {column} IS NULL"));
                }
                (beyond, format!("{column} = {value}"))
            }
        };
        let rest = self.after(rest)?;
        Ok(format!("({beyond} OR ({same} AND {rest}))"))
    }

    fn column(&self, position: usize) -> String {
        let ColumnFacts {
            sql,
            cast,
            compared,
            ..
        } = &self.columns[position];
        match cast == compared {
            true => format!("{}.{sql}", self.alias),
            // For what a domain is of there is more than for the domain.
            false => format!("({}.{sql}::{compared})", self.alias),
        }
    }

    fn cast(&self, condition: &Condition, cast: Cast) -> String {
        match cast {
            Cast::Int8 => "pg_catalog.int8".to_owned(),
            Cast::Numeric => "pg_catalog.numeric".to_owned(),
            Cast::Own => self.columns[condition.column].compared.clone(),
        }
    }

    /// Takes a parameter in, and gives its place.
    fn place(&mut self, given: Given) -> String {
        self.given.push(given);
        format!("${}", self.given.len())
    }
}

fn is_array(kind: &Type) -> bool {
    match kind {
        Type::Array { .. } => true,
        Type::Opaque { sql } => sql.ends_with("[]"),
        _ => false,
    }
}
