//! What a default is: a constant, the time, a new key, a sequence's next value, an expression, or
//! something that only the server can evaluate.

use super::Draft;
use super::note::{Code, Note};
use super::reader::Reader;
use super::rules;
use crate::database::{command_error, explain};
use haversack_core::Error;
use haversack_core::expr::Expr;
use haversack_core::schema::{ColumnDefault, Type};
use tokio_postgres::Transaction;

/// Constants whose text Postgres still has to tell.
#[derive(Default)]
pub(super) struct Constants(Vec<Constant>);

struct Constant {
    /// The draft, and the column in it.
    at: (usize, usize),
    /// The default as the catalog has it.
    sql: String,
    /// The same as the column would hold it, as text.
    text_sql: String,
}

/// Constants that one query asks for.
const AT_ONCE: usize = 500;

/// Classifies a default in the catalog's normal form, with the names in it that are the database's own; a
/// constant is told later, by Postgres itself.
pub(super) fn classify(
    reader: &Reader,
    (sql, own): (&str, &[String]),
    kind: &Type,
    at: (usize, usize),
    declared: &str,
    constants: &mut Constants,
) -> Option<ColumnDefault> {
    let timed = matches!(
        kind,
        Type::Timestamp | Type::Timestamptz | Type::Date | Type::Time
    );
    let named = matches!(
        kind,
        Type::Uuid | Type::Text | Type::Varchar { length: None }
    );
    let counted = matches!(kind, Type::Int2 | Type::Int4 | Type::Int8);
    match shape(sql) {
        Shape::Null => return None,
        Shape::Constant => {
            constants.0.push(Constant {
                at,
                sql: sql.to_owned(),
                text_sql: format!("(({sql})::{declared})::text"),
            });
            return None;
        }
        Shape::Now if timed => return Some(ColumnDefault::Now),
        Shape::Uuid if named => return Some(ColumnDefault::Uuid),
        Shape::Sequence if counted => return Some(ColumnDefault::Sequence { always: false }),
        Shape::Now | Shape::Uuid | Shape::Sequence | Shape::Other => {}
    }
    if reader.who.is_identity(sql) {
        let user = Expr::new("identity", Type::Text, Vec::new());
        let expr = match kind {
            Type::Text => user,
            _ => Expr::new("cast", kind.clone(), vec![user]),
        };
        return Some(ColumnDefault::Expression {
            sql: sql.to_owned(),
            expr,
            random: false,
        });
    }
    rules::default(&reader.base, sql, own, kind)
}

/// The note on a default that only the server can evaluate.
pub(super) fn note(table: &str, column: &str, sql: &str, reason: &str) -> Note {
    let sentence = format!(
        "{table}.{column} has the default {sql}, which only the server can evaluate: {reason}"
    );
    Note::new(Code::ServerOnlyDefault, table, sentence).column(column)
}

/// Has Postgres tell the constants, many at once.
pub(super) async fn tell(
    transaction: &mut Transaction<'_>,
    constants: Constants,
    drafts: &mut [Draft],
) -> Result<(), Error> {
    for chunk in constants.0.chunks(AT_ONCE) {
        let texts = match ask(transaction, chunk).await? {
            Ok(texts) => texts.into_iter().map(Ok).collect(),
            // One of them fails, as a default that its domain forbids: each by itself then.
            Err(_) => {
                let mut texts = Vec::with_capacity(chunk.len());
                for constant in chunk {
                    let one = ask(transaction, std::slice::from_ref(constant)).await?;
                    texts.push(one.map(|mut one| one.pop().flatten()));
                }
                texts
            }
        };
        for (constant, text) in chunk.iter().zip(texts) {
            let draft = &mut drafts[constant.at.0];
            let column = &mut draft.columns[constant.at.1];
            column.default = match text {
                Ok(text) => text.map(|text| ColumnDefault::Constant { text }),
                Err(reason) => {
                    let reason = format!("Postgres refuses it: {reason}");
                    let sql = constant.sql.clone();
                    draft
                        .notes
                        .push(note(&draft.name, &column.name, &sql, &reason));
                    Some(ColumnDefault::ServerOnly { sql, reason })
                }
            };
        }
    }
    Ok(())
}

/// The texts, or why Postgres can't tell them.
async fn ask(
    transaction: &mut Transaction<'_>,
    constants: &[Constant],
) -> Result<Result<Vec<Option<String>>, String>, Error> {
    let doing = "evaluating the defaults";
    let list: Vec<&str> = constants.iter().map(|c| c.text_sql.as_str()).collect();
    let sql = format!("SELECT ARRAY[{}]::text[]", list.join(", "));
    let savepoint = transaction
        .savepoint("constants")
        .await
        .map_err(command_error(doing))?;
    match savepoint.query_one(&sql, &[]).await {
        Ok(row) => {
            let texts = row.get(0);
            savepoint.commit().await.map_err(command_error(doing))?;
            Ok(Ok(texts))
        }
        Err(error) if error.as_db_error().is_some() => {
            savepoint.rollback().await.map_err(command_error(doing))?;
            Ok(Err(explain(&error)))
        }
        Err(error) => Err(command_error(doing)(error)),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Shape {
    Null,
    Now,
    Uuid,
    Sequence,
    Constant,
    Other,
}

fn shape(sql: &str) -> Shape {
    match sql {
        "now()"
        | "CURRENT_TIMESTAMP"
        | "CURRENT_DATE"
        | "LOCALTIMESTAMP"
        | "transaction_timestamp()" => Shape::Now,
        // The last two are Postgres 18's; the extension uuid-ossp has a schema of its own at some hosts.
        "gen_random_uuid()"
        | "uuid_generate_v4()"
        | "extensions.uuid_generate_v4()"
        | "uuidv4()"
        | "uuidv7()" => Shape::Uuid,
        _ if sql.starts_with("nextval(") && sql.ends_with(')') => Shape::Sequence,
        _ => match constant(sql) {
            Some(("", true)) => Shape::Null,
            Some(("", false)) => Shape::Constant,
            _ => Shape::Other,
        },
    }
}

/// Reads one constant with its casts from the start; returns the rest, and whether it is NULL.
fn constant(sql: &str) -> Option<(&str, bool)> {
    let (rest, null) = if let Some(inner) = sql.strip_prefix('(') {
        let (rest, null) = constant(inner)?;
        (rest.strip_prefix(')')?, null)
    } else if sql.starts_with('\'') || sql.starts_with("E'") {
        (quoted(sql)?, false)
    } else if let Some(inner) = sql.strip_prefix("ARRAY[") {
        (array(inner)?, false)
    } else {
        let end = sql
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))
            .unwrap_or(sql.len());
        let word = &sql[..end];
        match word {
            "NULL" => (&sql[end..], true),
            "true" | "false" => (&sql[end..], false),
            _ if word.parse::<f64>().is_ok()
                && word.starts_with(|c: char| c.is_ascii_digit() || c == '-') =>
            {
                (&sql[end..], false)
            }
            _ => return None,
        }
    };
    Some((casts(rest)?, null))
}

fn quoted(sql: &str) -> Option<&str> {
    let escaped = sql.starts_with('E');
    let body = &sql[if escaped { 2 } else { 1 }..];
    let mut end = None;
    let mut characters = body.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        if escaped && c == '\\' {
            characters.next();
        } else if c == '\'' {
            if characters.peek().is_some_and(|(_, next)| *next == '\'') {
                characters.next();
            } else {
                end = Some(at);
                break;
            }
        }
    }
    let end = end?;
    // These words mean the time at which they are read: ('now'::text)::date is no constant.
    let special = ["now", "today", "tomorrow", "yesterday"];
    if special.contains(&body[..end].trim().to_ascii_lowercase().as_str()) {
        return None;
    }
    Some(&body[end + 1..])
}

fn array(sql: &str) -> Option<&str> {
    if let Some(rest) = sql.strip_prefix(']') {
        return Some(rest);
    }
    let (rest, _) = constant(sql)?;
    match rest.strip_prefix(", ") {
        Some(more) => array(more),
        None => rest.strip_prefix(']'),
    }
}

fn casts(mut sql: &str) -> Option<&str> {
    while let Some(rest) = sql.strip_prefix("::") {
        let mut depth = 0_u32;
        let end = rest
            .find(|c: char| {
                match c {
                    '(' => depth += 1,
                    ')' if depth > 0 => depth -= 1,
                    ')' | ']' if depth == 0 && c == ')' => return true,
                    ',' if depth == 0 => return true,
                    ':' => return true,
                    _ => {}
                }
                !(c.is_alphanumeric()
                    || matches!(c, '_' | ' ' | '.' | '"' | '(' | ')' | '[' | ']' | ','))
            })
            .unwrap_or(rest.len());
        // An array's closing bracket ends the cast of its last element.
        let name = &rest[..end];
        let end = match (name.find('['), name.find(']')) {
            (Some(open), Some(close)) if open < close => end,
            (_, Some(close)) => close,
            (_, None) => end,
        };
        if end == 0 {
            return None;
        }
        sql = &rest[end..];
    }
    Some(sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_the_normal_form() {
        for (sql, expected) in [
            ("'active'::character varying", Shape::Constant),
            ("'{}'::jsonb", Shape::Constant),
            ("'{}'::text[]", Shape::Constant),
            ("ARRAY[]::text[]", Shape::Constant),
            ("ARRAY['a'::text, 'b'::text]", Shape::Constant),
            ("'it''s'::text", Shape::Constant),
            ("E'a\\'b\\\\'::text", Shape::Constant),
            ("'#64748b'::character varying(7)", Shape::Constant),
            ("1", Shape::Constant),
            ("'-1'::integer", Shape::Constant),
            ("(-1)", Shape::Constant),
            ("1.50", Shape::Constant),
            ("true", Shape::Constant),
            ("('1'::text)::integer", Shape::Constant),
            ("NULL::character varying", Shape::Null),
            ("now()", Shape::Now),
            ("CURRENT_DATE", Shape::Now),
            ("gen_random_uuid()", Shape::Uuid),
            ("extensions.uuid_generate_v4()", Shape::Uuid),
            ("uuidv7()", Shape::Uuid),
            ("nextval('events_event_id_seq'::regclass)", Shape::Sequence),
            ("('now'::text)::date", Shape::Other),
            ("(now() + '1 day'::interval)", Shape::Other),
            ("(('1'::text || '2'::text))", Shape::Other),
            ("random()", Shape::Other),
            ("(1 + 2)", Shape::Other),
            ("CURRENT_USER", Shape::Other),
            ("(gen_random_uuid())::text", Shape::Other),
        ] {
            assert_eq!(shape(sql), expected, "{sql}");
        }
    }
}
