//! What a default is: a constant, the time, a new key, a sequence's next value, or something that
//! only the server can evaluate.

use crate::database::command_error;
use crate::expression::{Scope, default_of};
use haversack_core::Error;
use haversack_core::schema::{ColumnDefault, Type};
use tokio_postgres::Transaction;

/// Classifies a default in the catalog's normal form; a constant is evaluated by Postgres itself.
pub(super) async fn classify(
    transaction: &Transaction<'_>,
    sql: &str,
    declared: &str,
) -> Result<Option<ColumnDefault>, Error> {
    Ok(match shape(sql) {
        Shape::Null => None,
        Shape::Now => Some(ColumnDefault::Now),
        Shape::Uuid => Some(ColumnDefault::Uuid),
        Shape::Sequence => Some(ColumnDefault::Sequence { always: false }),
        Shape::Constant => {
            let row = transaction
                .query_one(&format!("SELECT (({sql})::{declared})::text"), &[])
                .await
                .map_err(command_error("evaluating a default"))?;
            row.get::<_, Option<String>>(0)
                .map(|text| ColumnDefault::Constant { text })
        }
        Shape::Other => Some(ColumnDefault::ServerOnly {
            sql: sql.to_owned(),
            reason: "it is no constant".into(),
        }),
    })
}

/// Classifies a default as [`classify`] does, and compiles what is none of the usual ones.
#[allow(dead_code)]
pub(super) async fn classify_in(
    transaction: &Transaction<'_>,
    sql: &str,
    declared: &str,
    kind: &Type,
    scope: &Scope,
) -> Result<Option<ColumnDefault>, Error> {
    Ok(match classify(transaction, sql, declared).await? {
        Some(ColumnDefault::ServerOnly { sql, .. }) => default_of(&sql, kind, scope),
        other => other,
    })
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
        "gen_random_uuid()" | "uuid_generate_v4()" => Shape::Uuid,
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
