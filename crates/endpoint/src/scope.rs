//! Derives from row security whose changes a user must hear of, and which column names the owner.
//!
//! Row security must never be finer than scope: a policy of a shape that is not understood is an
//! error here, never a guess. Reads the catalog's normal form only, and touches no database.

use haversack_core::{Error, ErrorCode};

/// The rows of a table that one identity may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    Global,
    /// Those whose column of this name equals the identity.
    Owner(String),
}

/// A row-security policy that applies to the user role.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// `r`, `a`, `w`, `d` or `*`, as in `pg_policy`.
    pub command: char,
    /// AS PERMISSIVE.
    pub permissive: bool,
    /// USING, in the catalog's normal form.
    pub using: Option<String>,
    /// WITH CHECK, in the catalog's normal form.
    pub check: Option<String>,
}

/// The scope of a table: as declared, or derived from its policies.
///
/// # Errors
/// `policy_unknown`, naming table and policy and what to declare.
pub fn derive(
    table: &str,
    declared: Option<&str>,
    row_security: bool,
    policies: &[Policy],
    setting: &str,
) -> Result<Scope, Error> {
    match declared {
        Some("global") => return Ok(Scope::Global),
        Some(column) => return Ok(Scope::Owner(column.to_owned())),
        None if !row_security => return Ok(Scope::Global),
        None => {}
    }
    let reading: Vec<&Policy> = policies
        .iter()
        .filter(|p| matches!(p.command, 'r' | '*'))
        .collect();
    if let Some(policy) = reading.iter().find(|p| !p.permissive) {
        return Err(unknown(table, &policy.name, "is restrictive"));
    }
    let mut owner: Option<String> = None;
    for policy in &reading {
        let column = policy
            .using
            .as_deref()
            .and_then(|sql| owner_column(sql, setting));
        match (column, &owner) {
            (None, _) => {
                return Err(unknown(
                    table,
                    &policy.name,
                    "has a shape that is not understood",
                ));
            }
            (Some(column), Some(other)) if column != *other => {
                return Err(unknown(
                    table,
                    &policy.name,
                    "names another owner than a policy before it",
                ));
            }
            (Some(column), _) => owner = Some(column),
        }
    }
    owner.map(Scope::Owner).ok_or_else(|| {
        Error::new(
            ErrorCode::PolicyUnknown,
            format!("table {table} has row security, but no policy lets the user role read it"),
        )
        .table(table)
        .hint("add a policy, or take the table out of haversack.toml")
    })
}

/// The columns that policies equate with the identity, for any command.
pub fn identity_columns(policies: &[Policy], setting: &str) -> Vec<String> {
    let mut columns = Vec::new();
    for sql in policies.iter().flat_map(|p| [&p.using, &p.check]).flatten() {
        if let Some(column) = owner_column(sql, setting)
            && !columns.contains(&column)
        {
            columns.push(column);
        }
    }
    columns
}

fn unknown(table: &str, policy: &str, why: &str) -> Error {
    Error::new(
        ErrorCode::PolicyUnknown,
        format!("policy {policy:?} of table {table} {why}, so it is not known whose changes a user must hear of"),
    )
    .table(table)
    .hint(format!(
        "declare in haversack.toml under [tables.{table}] scope = \"<the column that names the owner>\" or scope = \"global\""
    ))
}

/// The column that an expression in the catalog's normal form equates with the identity, such as
/// `(user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::integer)`.
pub fn owner_column(sql: &str, setting: &str) -> Option<String> {
    let (left, right) = split_equality(strip(sql))?;
    match (column(left), column(right)) {
        (Some(name), None) if is_identity(right, setting) => Some(name),
        (None, Some(name)) if is_identity(left, setting) => Some(name),
        _ => None,
    }
}

/// Walks text outside quotes, calling `visit` with the depth of parentheses before each character.
fn find_outside(sql: &str, mut visit: impl FnMut(usize, usize, char) -> bool) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in sql.char_indices() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None => {
                if visit(at, depth, c) {
                    return Some(at);
                }
                match c {
                    '\'' | '"' => quote = Some(c),
                    '(' | '[' => depth += 1,
                    ')' | ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
    }
    None
}

/// Takes off blanks, enclosing parentheses, trailing casts and `( SELECT … AS name)`.
fn strip(sql: &str) -> &str {
    let mut rest = sql.trim();
    loop {
        let before = rest;
        if rest.starts_with('(') {
            let close = find_outside(rest, |_, depth, c| depth == 1 && c == ')');
            match close {
                Some(at) if at + 1 == rest.len() => rest = rest[1..at].trim(),
                Some(at) if is_cast(&rest[at + 1..]) => rest = &rest[..=at],
                _ => {}
            }
        } else if let Some(body) = rest.strip_prefix("SELECT ") {
            let end = find_outside(body, |at, depth, c| {
                depth == 0 && c == ' ' && body[at..].starts_with(" AS ")
            });
            rest = body[..end.unwrap_or(body.len())].trim();
        } else if let Some(at) = find_outside(rest, |at, depth, _| {
            depth == 0 && rest[at..].starts_with("::")
        }) && is_cast(&rest[at..])
        {
            rest = &rest[..at];
        }
        if rest == before {
            return rest;
        }
    }
}

fn is_cast(sql: &str) -> bool {
    sql.strip_prefix("::").is_some_and(|name| {
        !name.is_empty()
            && name.chars().all(|c| {
                c.is_alphanumeric() || matches!(c, ' ' | '_' | '(' | ')' | ',' | '.' | '"' | ':')
            })
    })
}

fn split_equality(sql: &str) -> Option<(&str, &str)> {
    let at = find_outside(sql, |at, depth, _| {
        depth == 0 && sql[at..].starts_with(" = ")
    })?;
    let (left, right) = (&sql[..at], &sql[at + 3..]);
    // `a = b AND c` never comes without parentheses in the normal form, but nothing is lost by
    // being sure: what follows must be one operand.
    let more = find_outside(right, |at, depth, _| {
        depth == 0
            && [" AND ", " OR ", " = "]
                .iter()
                .any(|word| right[at..].starts_with(word))
    });
    more.is_none().then_some((left, right))
}

fn column(sql: &str) -> Option<String> {
    let name = strip(sql);
    // A policy on one table may qualify its columns.
    let name = match find_outside(name, |_, depth, c| depth == 0 && c == '.') {
        Some(dot) => &name[dot + 1..],
        None => name,
    };
    if let Some(quoted) = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
        return Some(quoted.replace("\"\"", "\""));
    }
    let plain = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '$')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    (plain
        && !matches!(
            name,
            "true" | "false" | "NULL" | "CURRENT_USER" | "SESSION_USER"
        ))
    .then(|| name.to_owned())
}

fn is_identity(sql: &str, setting: &str) -> bool {
    let sql = strip(sql);
    if let Some(arguments) = call(sql, "NULLIF") {
        let parts = arguments_of(arguments);
        return parts.len() == 2 && strip(parts[1]) == "''" && is_identity(parts[0], setting);
    }
    let Some(arguments) = call(sql, "current_setting") else {
        return false;
    };
    let parts = arguments_of(arguments);
    parts
        .first()
        .is_some_and(|name| strip(name) == format!("'{setting}'"))
        && (parts.len() == 1 || (parts.len() == 2 && matches!(strip(parts[1]), "true" | "false")))
}

fn call<'a>(sql: &'a str, function: &str) -> Option<&'a str> {
    let rest = sql
        .strip_prefix("pg_catalog.")
        .unwrap_or(sql)
        .strip_prefix(function)?;
    let close = find_outside(rest, |_, depth, c| depth == 1 && c == ')')?;
    (rest.starts_with('(') && close + 1 == rest.len()).then(|| &rest[1..close])
}

fn arguments_of(sql: &str) -> Vec<&str> {
    let (mut parts, mut from) = (Vec::new(), 0);
    find_outside(sql, |at, depth, c| {
        if depth == 0 && c == ',' {
            parts.push(sql[from..at].trim());
            from = at + 1;
        }
        false
    });
    parts.push(sql[from..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTING: &str = "app.current_user_id";

    #[test]
    fn equalities_with_the_identity_name_their_column() {
        for (sql, column) in [
            (
                "(user_id = (current_setting('app.current_user_id'::text))::integer)",
                "user_id",
            ),
            (
                "(user_id = (current_setting('app.current_user_id'::text, true))::integer)",
                "user_id",
            ),
            (
                "(user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::integer)",
                "user_id",
            ),
            (
                "((current_setting('app.current_user_id'::text))::uuid = owner)",
                "owner",
            ),
            (
                "((user_id)::text = current_setting('app.current_user_id'::text, true))",
                "user_id",
            ),
            (
                "(\"Owner Id\" = (current_setting('app.current_user_id'::text))::bigint)",
                "Owner Id",
            ),
            (
                "(user_id = ( SELECT (current_setting('app.current_user_id'::text))::integer AS current_setting))",
                "user_id",
            ),
            (
                "(user_id = (( SELECT current_setting('app.current_user_id'::text, true) AS current_setting))::integer)",
                "user_id",
            ),
            (
                "(notes.user_id = (current_setting('app.current_user_id'::text))::integer)",
                "user_id",
            ),
        ] {
            assert_eq!(owner_column(sql, SETTING).as_deref(), Some(column), "{sql}");
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        for sql in [
            "true",
            "(user_id = (current_setting('app.other'::text))::integer)",
            "(user_id <> (current_setting('app.current_user_id'::text))::integer)",
            "((user_id = (current_setting('app.current_user_id'::text))::integer) OR is_public)",
            "((user_id = (current_setting('app.current_user_id'::text))::integer) AND (deleted_at IS NULL))",
            "(user_id = ((current_setting('app.current_user_id'::text))::integer + 1))",
            "(lower(user_id) = current_setting('app.current_user_id'::text))",
            "(user_id = ( SELECT u.id FROM users u WHERE (u.sub = current_setting('app.current_user_id'::text))))",
            "(user_id = auth.uid())",
            "(a = b)",
            "(user_id = NULLIF(current_setting('app.current_user_id'::text), 'x'::text))",
            "('app.current_user_id'::text = current_setting('app.current_user_id'::text))",
        ] {
            assert_eq!(owner_column(sql, SETTING), None, "{sql}");
        }
    }

    #[test]
    fn scope_is_declared_derived_or_refused() {
        let policy = |name: &str, permissive, using: &str| Policy {
            name: name.into(),
            command: '*',
            permissive,
            using: Some(using.into()),
            check: None,
        };
        let own = "(user_id = (current_setting('app.current_user_id'::text))::integer)";
        let good = policy("own", true, own);
        let check =
            |declared, rls, policies: &[Policy]| derive("t", declared, rls, policies, SETTING);
        assert_eq!(check(None, false, &[]).unwrap(), Scope::Global);
        assert_eq!(
            check(None, true, std::slice::from_ref(&good)).unwrap(),
            Scope::Owner("user_id".into())
        );
        assert_eq!(check(Some("global"), true, &[]).unwrap(), Scope::Global);
        for policies in [
            vec![],
            vec![good.clone(), policy("other", true, "true")],
            vec![good.clone(), policy("narrow", false, own)],
            vec![
                good.clone(),
                policy("second", true, &own.replace("user_id =", "author =")),
            ],
        ] {
            let error = check(None, true, &policies).unwrap_err();
            assert_eq!(error.code, ErrorCode::PolicyUnknown);
            assert!(error.message.contains("table t") && error.details.hint.is_some());
        }
    }
}
