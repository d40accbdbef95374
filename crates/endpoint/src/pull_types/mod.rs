//! Writes `schema.ts`: row, insert and update types by table, and the schema itself.

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
        write_table(table, &mut body);
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

fn write_table(table: &Table, out: &mut String) {
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
    out.push_str(&format!("    key: {}\n  }}\n", key_type(table)));
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
        && let Some(values) = table
            .checks
            .iter()
            .find_map(|check| listed(&check.sql, &column.name))
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

/// The values of a check such as `((status)::text = ANY ((ARRAY['a'::character varying, …])::text[]))`.
fn listed(check: &str, column: &str) -> Option<Vec<String>> {
    let bare: String = {
        // Parentheses and casts carry no meaning in this one shape.
        let mut rest = check.trim();
        while let Some(inner) = rest.strip_prefix('(') {
            rest = inner;
        }
        rest.to_owned()
    };
    let name = if column
        .chars()
        .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
    {
        column.to_owned()
    } else {
        format!("\"{}\"", column.replace('"', "\"\""))
    };
    let rest = bare.strip_prefix(&name)?;
    let rest = rest
        .strip_prefix(")::text")
        .unwrap_or(rest)
        .strip_prefix(" = ANY (")?;
    let rest = rest.trim_start_matches('(').strip_prefix("ARRAY[")?;
    let (mut values, mut rest) = (Vec::new(), rest);
    loop {
        let (value, after) = literal(rest)?;
        values.push(value);
        let end = after.find([',', ']'])?;
        let cast = &after[..end];
        let is_type = |name: &str| {
            name.chars()
                .all(|c| c.is_alphanumeric() || " ().".contains(c))
        };
        if !(cast.is_empty() || cast.strip_prefix("::").is_some_and(is_type)) {
            return None;
        }
        if after[end..].starts_with(']') {
            // What follows may only close.
            let tail = after[end + 1..]
                .replace("::text[]", "")
                .replace("::character varying[]", "");
            return tail.chars().all(|c| c == ')').then_some(values);
        }
        rest = after[end + 1..].trim_start();
    }
}

fn literal(sql: &str) -> Option<(String, &str)> {
    let body = sql.strip_prefix('\'')?;
    let mut value = String::new();
    let mut characters = body.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if c != '\'' {
            value.push(c);
        } else if characters.peek().is_some_and(|(_, next)| *next == '\'') {
            characters.next();
            value.push('\'');
        } else {
            return Some((value, &body[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_values_are_read_from_checks() {
        let two = Some(vec!["a".to_owned(), "it's".to_owned()]);
        for sql in [
            "((status)::text = ANY ((ARRAY['a'::character varying, 'it''s'::character varying])::text[]))",
            "(status = ANY (ARRAY['a'::text, 'it''s'::text]))",
        ] {
            assert_eq!(listed(sql, "status"), two, "{sql}");
        }
        for sql in [
            "((priority >= 1) AND (priority <= 5))",
            "((status = ANY (ARRAY['a'::text])) OR (x IS NULL))",
            "(other = ANY (ARRAY['a'::text]))",
            "(status = ANY (ARRAY[lower('A'::text)]))",
        ] {
            assert_eq!(listed(sql, "status"), None, "{sql}");
        }
    }
}
