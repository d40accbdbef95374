//! Groups of rows as SQL: what is made of them is a table of its own, and HAVING, order and limit are of that.

use super::{Statement, Writer, filtered, ordered, window};
use crate::compiled::{Compiled, TableSql};
use crate::introspect::ColumnFacts;
use crate::query::ANSWER_BYTES_MAX;
use haversack_core::Error;
use haversack_core::query::{AggregateOp, CheckedGroups, Param};
use haversack_core::schema::{Column, Type};

/// The statement that gives groups, at most `limit` of them: the columns grouped by, then the values, as text.
///
/// # Errors
/// As for rows.
pub(in crate::query) fn statement(
    compiled: &Compiled,
    checked: &CheckedGroups,
    params: &[Param<'_>],
    limit: usize,
) -> Result<Statement, Error> {
    let table = compiled.sql(checked.table());
    let described = compiled.schema.table(checked.table());
    let made = made(checked, table);
    let mut writer = Writer::new(compiled, table.columns(), checked.existing(), params);
    let rows = writer.conditions(checked.conditions())?;
    let keys: Vec<String> = checked.keys().iter().map(|&c| writer.column(c)).collect();
    let by_key = described.key_columns();
    let by_key = by_key.iter().map(|c| writer.column(usize::from(c.0)));
    let by_key = ordered(&by_key.collect::<Vec<_>>());
    let of = |column: usize| (writer.column(column), &described.columns[column].kind);
    let values = checked.values().iter();
    let values = values.map(|&(op, column)| value(op, column.map(of), &by_key));
    let list: Vec<String> = keys
        .iter()
        .cloned()
        .chain(values)
        .zip(&made)
        .map(|(sql, to)| format!("{sql} AS {}", to.sql))
        .collect();
    let groups = format!(
        "SELECT {} FROM {} t{} GROUP BY {}",
        list.join(", "),
        table.sql,
        filtered(&rows),
        // With none, there is one group even of no rows.
        if keys.is_empty() {
            "()".to_owned()
        } else {
            keys.join(", ")
        },
    );
    (writer.columns, writer.existing, writer.alias) = (&made, &[], "g".to_owned());
    let having = writer.conditions(checked.having())?;
    let list = as_text(checked, &made);
    let order: Vec<String> = checked
        .order()
        .iter()
        .map(|key| writer.order(key))
        .collect();
    let sql = format!(
        "SELECT {} FROM ({groups}) g{}{}{}",
        list.join(", "),
        filtered(&having),
        ordered(&order),
        window(limit, checked.offset),
    );
    Ok(writer.written(sql))
}

/// What groups have, as text. Arrays of more than an answer may hold end the query before anybody has them: what is
/// made of one group is one row, however many it is made of.
fn as_text(checked: &CheckedGroups, made: &[ColumnFacts]) -> Vec<String> {
    let is_array =
        |(column, _): &(&Column, &ColumnFacts)| matches!(column.kind, Type::Array { .. });
    let columns = || checked.made().columns.iter().zip(made);
    let sizes = columns()
        .filter(is_array)
        .map(|(_, made)| format!("coalesce(pg_catalog.pg_column_size(g.{}), 0)", made.sql));
    let size = sizes.collect::<Vec<_>>().join(" + ");
    let text = |column: (&Column, &ColumnFacts)| {
        let sql = &column.1.sql;
        match is_array(&column) {
            // It says `54000`; of a constant it would say so before there is a row.
            true => format!(
                "CASE WHEN {size} <= {ANSWER_BYTES_MAX} THEN g.{sql}::text \
                 ELSE pg_catalog.repeat('x', greatest(2147483647, pg_catalog.pg_column_size(g.{sql}))) END"
            ),
            false => format!("g.{sql}::text"),
        }
    };
    columns().map(text).collect()
}

/// What groups have, by names that no user gave.
fn made(checked: &CheckedGroups, table: &TableSql) -> Vec<ColumnFacts> {
    let keys = checked
        .keys()
        .iter()
        .map(|&column| table.column(column).compared.clone());
    let kinds = checked.made().columns.iter().skip(checked.keys().len());
    let values = checked.values().iter().zip(kinds);
    let values = values.map(|((op, column), made)| {
        type_of(
            *op,
            column.map(|column| &*table.column(column).compared),
            &made.kind,
        )
    });
    let types = keys.chain(values).enumerate();
    types
        .map(|(i, sql)| ColumnFacts {
            sql: format!("c{i}"),
            cast: sql.clone(),
            compared: sql,
            can_insert: false,
            can_update: false,
        })
        .collect()
}

/// What an aggregate makes is of this type, `made` in the schema's words.
fn type_of(op: AggregateOp, of: Option<&str>, made: &Type) -> String {
    let name = match (made, of) {
        (Type::Array { of }, _) if matches!(**of, Type::Char { .. }) => "pg_catalog.text[]",
        (Type::Array { .. }, Some(of)) => return format!("{of}[]"),
        (Type::Int4, _) if op == AggregateOp::Count => "pg_catalog.int4",
        (Type::Int8, _) if op == AggregateOp::Sum => "pg_catalog.int8",
        (Type::Numeric { .. }, _) => "pg_catalog.numeric",
        (Type::Float8, _) => "pg_catalog.float8",
        (_, Some(of)) => of,
        (_, None) => "pg_catalog.text",
    };
    name.to_owned()
}

/// An aggregate, of a type that a replica makes it of, too.
fn value(op: AggregateOp, of: Option<(String, &Type)>, by_key: &str) -> String {
    let Some((column, kind)) = of else {
        return "count(*)::pg_catalog.int4".to_owned();
    };
    match op {
        AggregateOp::Count => format!("count({column})::pg_catalog.int4"),
        AggregateOp::Sum => format!("sum({column})"),
        AggregateOp::Avg => format!("avg({column})"),
        AggregateOp::Min => format!("min({column})"),
        AggregateOp::Max => format!("max({column})"),
        AggregateOp::Array => {
            // Within an array Postgres keeps the spaces that it pads them with.
            let cast = if matches!(kind, Type::Char { .. }) {
                "::pg_catalog.text"
            } else {
                ""
            };
            format!("array_agg({column}{cast}{by_key})")
        }
    }
}
