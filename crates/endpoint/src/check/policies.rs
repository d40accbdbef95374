//! Policies that cost more than they need to: row security asks them for every row.

use crate::database::ident;
use crate::introspect::{Code, Note, TableFacts};

/// Notes the slow policies of a table.
pub(super) fn look(table: &str, facts: &TableFacts, functions: &[String], notes: &mut Vec<Note>) {
    for policy in &facts.policies {
        let slow = |sql: &Option<String>| sql.as_deref().and_then(|sql| rewrite(sql, functions));
        let (using, check) = (slow(&policy.using), slow(&policy.check));
        if using.is_some() || check.is_some() {
            let clause = |word: &str, sql: Option<String>| {
                sql.map(|sql| format!(" {word} {}", wrapped(&sql)))
                    .unwrap_or_default()
            };
            let sentence = format!(
                "policy {} of {table} asks who the user is for every row",
                policy.name
            );
            notes.push(
                Note::new(Code::PolicySlow, table, sentence)
                    .constraint(&policy.name)
                    .hint(format!(
                        "ask once for a statement: ALTER POLICY {} ON {}{}{}",
                        ident(&policy.name),
                        facts.sql,
                        clause("USING", using),
                        clause("WITH CHECK", check)
                    )),
            );
        }
        let relation = facts
            .sql
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .trim_matches('"');
        if [&policy.using, &policy.check]
            .into_iter()
            .flatten()
            .any(|sql| is_correlated(sql, relation))
        {
            let sentence = format!(
                "policy {} of {table} runs a query for every row",
                policy.name
            );
            notes.push(Note::new(Code::PolicySubquery, table, sentence).constraint(&policy.name).hint(
                "let the query not depend on the row: column IN (SELECT … WHERE member = (SELECT who the user is)) runs once for a statement",
            ));
        }
    }
}

fn wrapped(sql: &str) -> String {
    if sql.starts_with('(') && sql.ends_with(')') {
        return sql.to_owned();
    }
    format!("({sql})")
}

/// The same condition with each question who the user is asked once; none where it is already.
fn rewrite(sql: &str, functions: &[String]) -> Option<String> {
    let mut out = String::with_capacity(sql.len() + 32);
    let (mut at, mut changed) = (0, false);
    while at < sql.len() {
        let rest = &sql[at..];
        if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            let end = rest[1..].find(quote).map_or(rest.len(), |i| i + 2);
            out.push_str(&rest[..end]);
            at += end;
            continue;
        }
        let boundary =
            !out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"'));
        let named = std::iter::once("current_setting").chain(functions.iter().map(String::as_str));
        let call = named
            .filter(|_| boundary)
            .find_map(|name| call_length(rest, name));
        match call {
            Some(length) if !is_once(&out) => {
                out.push_str("( SELECT ");
                out.push_str(&rest[..length]);
                out.push(')');
                at += length;
                changed = true;
            }
            Some(length) => {
                out.push_str(&rest[..length]);
                at += length;
            }
            None => {
                let c = rest.chars().next().unwrap_or(' ');
                out.push(c);
                at += c.len_utf8();
            }
        }
    }
    changed.then_some(out)
}

/// The bytes of a call of `name` at the start of `sql`.
fn call_length(sql: &str, name: &str) -> Option<usize> {
    let rest = sql.strip_prefix(name)?;
    if !rest.starts_with('(') {
        return None;
    }
    let (mut depth, mut quoted) = (0_usize, false);
    for (i, c) in rest.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Some(name.len() + i + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Does what comes next stand in a query of its own, which runs once where it names no column?
fn is_once(before: &str) -> bool {
    let mut depth = 0_usize;
    for (at, c) in before.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' if depth > 0 => depth -= 1,
            '(' if before[at + 1..].trim_start().starts_with("SELECT ") => return true,
            _ => {}
        }
    }
    false
}

/// Is there a query in it that names a column of the row?
fn is_correlated(sql: &str, relation: &str) -> bool {
    let mut rest = sql;
    while let Some(at) = rest.find("SELECT ") {
        let body = &rest[at + 7..];
        let mut depth = 0_i32;
        let end = body.char_indices().find(|(_, c)| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth < 0
        });
        let query = &body[..end.map_or(body.len(), |(i, _)| i)];
        let names = |name: &str| {
            query.match_indices(name).any(|(i, _)| {
                !query[..i].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"'))
            })
        };
        let outer = names(&format!("{relation}.")) || names(&format!("{}.", ident(relation)));
        if query.contains(" FROM ") || query.contains("\n   FROM ") {
            let own = query.contains(&format!("FROM {relation} "))
                || query.contains(&format!("FROM {relation}\n"));
            if outer && !own {
                return true;
            }
        }
        rest = body;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_every_row_is_asked_once() {
        let functions = ["auth.uid".to_owned()];
        for (sql, expected) in [
            (
                "(auth.uid() = user_id)",
                Some("(( SELECT auth.uid()) = user_id)"),
            ),
            ("(( SELECT auth.uid() AS uid) = user_id)", None),
            (
                "(user_id = (NULLIF(current_setting('app.it''s)'::text, true), ''::text))::integer)",
                Some(
                    "(user_id = (NULLIF(( SELECT current_setting('app.it''s)'::text, true)), ''::text))::integer)",
                ),
            ),
            (
                "(user_id = ( SELECT (current_setting('a.b'::text))::integer AS current_setting))",
                None,
            ),
            ("(a = 'auth.uid()'::text)", None),
            ("(my_auth.uid() = a)", None),
        ] {
            assert_eq!(rewrite(sql, &functions).as_deref(), expected, "{sql}");
        }
    }

    #[test]
    fn a_query_that_names_the_row_runs_for_every_row() {
        for (sql, expected) in [
            (
                "(EXISTS ( SELECT 1\n   FROM members m\n  WHERE ((m.org = docs.org) AND (m.who = auth.uid()))))",
                true,
            ),
            (
                "(org IN ( SELECT m.org\n   FROM members m\n  WHERE (m.who = ( SELECT auth.uid() AS uid))))",
                false,
            ),
            ("(( SELECT auth.uid() AS uid) = user_id)", false),
            (
                "(EXISTS ( SELECT 1\n   FROM members m\n  WHERE (m.org = my_docs.org)))",
                false,
            ),
        ] {
            assert_eq!(is_correlated(sql, "docs"), expected, "{sql}");
        }
    }
}
