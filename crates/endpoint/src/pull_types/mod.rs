//! Writes `schema.ts`: row, insert and update types by table, and the schema itself.

mod lists;
mod names;

use haversack_core::schema::{Column, Schema, Table, Type};
use haversack_core::{Error, ErrorCode};
use names::{comment, property, quoted};

/// Numerics of at most this many digits are exact as JavaScript numbers.
const NUMBER_DIGITS_MAX: u16 = 15;

/// The text of `schema.ts`.
///
/// # Errors
/// `internal`, which does not happen: a schema has string keys only.
pub fn typescript(schema: &Schema) -> Result<String, Error> {
    let json = serde_json::to_string(schema).map_err(|e| {
        Error::new(
            ErrorCode::Internal,
            format!("the schema can't be written: {e}"),
        )
    })?;
    let mut body =
        String::from("/** Row, insert and update types by table. */\nexport interface Tables {\n");
    for table in &schema.tables {
        write_table(schema, table, &mut body);
    }
    body.push_str("}\n\n/** What the server enforces, for the client to enforce as well. */\n");
    body.push_str(&format!(
        "export const schema: SchemaOf<Tables> = JSON.parse(\n  {},\n) as SchemaOf<Tables>\n",
        quoted(&json)
    ));
    let mut types = Vec::new();
    for table in &schema.tables {
        types.extend(table.columns.iter().map(|c| base_type(&c.kind)));
        let written = table.columns.iter().filter(|c| is_written(table, c));
        types.extend(written.map(|c| input_type(table, c)));
    }
    // Whole words: `Timestamp` is also how `TimestampInput` begins.
    let uses = |name: &str| {
        let mut words = types
            .iter()
            .flat_map(|t| t.split(|c: char| !c.is_alphanumeric()));
        name == "SchemaOf" || words.any(|word| word == name)
    };
    let used: Vec<&str> = ["JsonValue", "SchemaOf", "Timestamp", "TimestampInput"]
        .into_iter()
        .filter(|name| uses(name))
        .collect();
    Ok(format!(
        "// Written by `haversack pull`; do not edit.\nimport type {{ {} }} from 'haversack'\n\n{body}",
        used.join(", ")
    ))
}

fn write_table(schema: &Schema, table: &Table, out: &mut String) {
    comment(table.comment.as_deref(), "  ", out);
    out.push_str(&format!("  {}: {{\n", property(&table.name)));
    out.push_str("    row: {\n");
    for column in &table.columns {
        comment(column.comment.as_deref(), "      ", out);
        let null = if column.nullable { " | null" } else { "" };
        out.push_str(&format!(
            "      readonly {}: {}{null}\n",
            property(&column.name),
            column_type(table, column)
        ));
    }
    out.push_str("    }\n");
    let writable = |c: &&Column| c.writable && c.generated.is_none();
    let inserted = table.columns.iter().filter(writable);
    write_values(table, "insert", table.insertable, inserted, out, |c| {
        c.nullable || c.default.is_some() || c.identity
    });
    let updated = table
        .columns
        .iter()
        .filter(writable)
        .filter(|c| !c.identity && !is_drawn_key(table, c));
    write_values(table, "update", table.updatable, updated, out, |_| true);
    write_relations(schema, table, out);
    out.push_str(&format!("    key: {}\n  }}\n", key_type(table)));
}

fn write_relations(schema: &Schema, table: &Table, out: &mut String) {
    let relations = schema.relations(table);
    if relations.is_empty() {
        out.push_str("    relations: {}\n");
        return;
    }
    out.push_str("    relations: {\n");
    for relation in relations {
        comment(Some(relation.along), "      ", out);
        out.push_str(&format!(
            "      readonly {}: {{\n        readonly table: {}\n        readonly many: {}\n        readonly optional: {}\n      }}\n",
            property(&relation.name),
            quoted(relation.table),
            relation.many,
            relation.optional
        ));
    }
    out.push_str("    }\n");
}

/// A key of a sequence belongs to one row for good.
fn is_drawn_key(table: &Table, column: &Column) -> bool {
    table
        .sequence_key()
        .is_some_and(|c| table.column(c).name == column.name)
}

fn write_values<'a>(
    table: &Table,
    name: &str,
    allowed: bool,
    columns: impl Iterator<Item = &'a Column>,
    out: &mut String,
    optional: impl Fn(&Column) -> bool,
) {
    if !allowed {
        out.push_str(&format!(
            "    /** No privilege is granted. */\n    {name}: never\n"
        ));
        return;
    }
    out.push_str(&format!("    {name}: {{\n"));
    for column in columns {
        let mark = if optional(column) { "?" } else { "" };
        let null = if column.nullable { " | null" } else { "" };
        out.push_str(&format!(
            "      {}{mark}: {}{null}\n",
            property(&column.name),
            input_type(table, column)
        ));
    }
    out.push_str("    }\n");
}

/// What a write takes: timestamps also as a `Date` or as plain text.
fn input_type(table: &Table, column: &Column) -> String {
    let row = column_type(table, column);
    let held = match &column.kind {
        Type::Array { of } => of,
        kind => kind,
    };
    if matches!(held, Type::Timestamp | Type::Timestamptz) {
        return row.replace("Timestamp", "TimestampInput");
    }
    row
}

/// Is the column part of an insert or update?
fn is_written(table: &Table, column: &Column) -> bool {
    (table.insertable || table.updatable) && column.writable && column.generated.is_none()
}

fn key_type(table: &Table) -> String {
    let mut types: Vec<String> = table
        .key_columns()
        .iter()
        .map(|c| column_type(table, table.column(*c)))
        .collect();
    if types.len() == 1 {
        return types.remove(0);
    }
    format!("readonly [{}]", types.join(", "))
}

fn column_type(table: &Table, column: &Column) -> String {
    if base_type(&column.kind) == "string"
        && let Some(values) = lists::listed(table, column)
    {
        return union(&values);
    }
    base_type(&column.kind)
}

fn union(values: &[String]) -> String {
    values
        .iter()
        .map(|v| quoted(v))
        .collect::<Vec<_>>()
        .join(" | ")
}

fn base_type(kind: &Type) -> String {
    match kind {
        Type::Bool => "boolean",
        Type::Int2 | Type::Int4 | Type::Float4 | Type::Float8 => "number",
        Type::Int8 => "bigint",
        Type::Numeric {
            precision: Some(p), ..
        } if *p <= NUMBER_DIGITS_MAX => "number",
        Type::Numeric { .. }
        | Type::Text
        | Type::Varchar { .. }
        | Type::Char { .. }
        | Type::Uuid
        | Type::Date
        | Type::Time
        | Type::Interval
        | Type::Opaque { .. } => "string",
        Type::Timestamp | Type::Timestamptz => "Timestamp",
        Type::Json | Type::Jsonb => "JsonValue",
        Type::Bytea => "Uint8Array",
        Type::Enum { labels, .. } => return union(labels),
        Type::Array { of } => {
            let element = base_type(of);
            return if element.contains(' ') {
                format!("readonly ({element})[]")
            } else {
                format!("readonly {element}[]")
            };
        }
    }
    .to_owned()
}
