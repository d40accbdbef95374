//! How SQL asks who the user is: a setting, a claim of a setting that holds the token's claims, or a
//! function that does nothing but read one of them.
//!
//! Reads the catalog's normal form, and for functions written as text, their body.

use std::collections::BTreeSet;

/// Who "the user" is in policies.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// The setting that the endpoint fills.
    setting: String,
    /// The claim to take, where the setting holds all claims as JSON.
    claim: Option<String>,
    /// Functions that name the user.
    functions: BTreeSet<String>,
    /// Functions that give all claims.
    claims: BTreeSet<String>,
}

/// The setting under which PostgREST and Supabase know the token's claims.
pub const JWT_CLAIMS: &str = "request.jwt.claims";
/// Its older forms, which functions made for both still ask first.
pub const JWT_CLAIM: &str = "request.jwt.claim";

impl Who {
    /// The user is the setting's text.
    pub fn by_setting(setting: &str) -> Self {
        Self {
            setting: setting.to_owned(),
            ..Self::default()
        }
    }

    /// The setting holds the token's claims as JSON, and the user is one of them.
    pub fn by_claims(setting: &str, claim: &str) -> Self {
        Self {
            setting: setting.to_owned(),
            claim: Some(claim.to_owned()),
            ..Self::default()
        }
    }

    /// Takes note of a function without arguments, if its body does no more than name the user, or
    /// give the claims.
    pub fn learn(&mut self, name: &str, body: &str) {
        let Some(body) = normal(body) else { return };
        let known = if self.is_identity(&body) {
            &mut self.functions
        } else if self.claim.is_some() && self.is_claims(&body) {
            &mut self.claims
        } else {
            return;
        };
        known.insert(name.to_owned());
        // An overloaded function is qualified here, and not where it is called.
        if let Some(short) = name.strip_prefix("public.") {
            known.insert(short.to_owned());
        }
    }

    /// The functions that name the user, as SQL calls them.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.functions
            .iter()
            .chain(&self.claims)
            .map(String::as_str)
    }

    /// The column that an expression in the catalog's normal form equates with the identity, such as
    /// `(user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::integer)`
    /// or `(auth.uid() = user_id)`.
    pub fn owner_column(&self, sql: &str) -> Option<String> {
        let (left, right) = split_equality(strip(sql))?;
        match (column(left), column(right)) {
            (Some(name), None) if self.is_identity(right) => Some(name),
            (None, Some(name)) if self.is_identity(left) => Some(name),
            _ => None,
        }
    }

    /// Is this expression the user?
    pub fn is_identity(&self, sql: &str) -> bool {
        let sql = strip(sql);
        if let Some(inner) = fallback(sql) {
            return inner.iter().all(|part| self.is_identity(part));
        }
        let Some(claim) = &self.claim else {
            return is_setting(sql, &self.setting) || is_called(sql, &self.functions);
        };
        let legacy = self.setting == JWT_CLAIMS && is_setting(sql, &format!("{JWT_CLAIM}.{claim}"));
        if legacy || is_called(sql, &self.functions) {
            return true;
        }
        let arrow = find_outside(sql, |at, depth, _| {
            depth == 0 && sql[at..].starts_with(" ->> ")
        });
        arrow.is_some_and(|at| {
            strip(&sql[at + 5..]) == format!("'{claim}'") && self.is_claims(&sql[..at])
        })
    }

    /// Is this expression all claims?
    fn is_claims(&self, sql: &str) -> bool {
        let sql = strip(sql);
        if let Some(inner) = fallback(sql) {
            return inner.iter().all(|part| self.is_claims(part));
        }
        is_setting(sql, &self.setting)
            || (self.setting == JWT_CLAIMS && is_setting(sql, JWT_CLAIM))
            || is_called(sql, &self.claims)
    }
}

/// What `NULLIF(…, '')` and `COALESCE(…, …)` come down to, where that is what it is.
fn fallback(sql: &str) -> Option<Vec<&str>> {
    if let Some(arguments) = call(sql, "NULLIF") {
        let parts = arguments_of(arguments);
        return (parts.len() == 2 && strip(parts[1]) == "''").then(|| vec![parts[0]]);
    }
    call(sql, "COALESCE").map(arguments_of)
}

fn is_setting(sql: &str, setting: &str) -> bool {
    let Some(arguments) = call(sql, "current_setting") else {
        return false;
    };
    let parts = arguments_of(arguments);
    parts
        .first()
        .is_some_and(|name| strip(name) == format!("'{setting}'"))
        && (parts.len() == 1 || (parts.len() == 2 && matches!(strip(parts[1]), "true" | "false")))
}

fn is_called(sql: &str, functions: &BTreeSet<String>) -> bool {
    sql.strip_suffix("()")
        .is_some_and(|name| functions.contains(name))
}

/// A function's body near enough to the catalog's normal form; none for one of several statements.
fn normal(body: &str) -> Option<String> {
    let mut out = String::with_capacity(body.len());
    let mut rest = body.trim();
    for (before, after) in [("BEGIN ATOMIC", Some("END")), ("RETURN ", None)] {
        if let Some(inner) = rest.strip_prefix(before) {
            rest = after
                .map_or(Some(inner), |after| inner.trim().strip_suffix(after))?
                .trim();
        }
    }
    let rest = rest.strip_suffix(';').unwrap_or(rest);
    let mut quoted = false;
    for c in rest.chars() {
        if c == '\'' {
            quoted = !quoted;
        }
        match c {
            c if quoted => out.push(c),
            // Another statement, a comment, a quoted name: not one of the shapes below.
            ';' | '"' | '$' | '/' => return None,
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.extend(c.to_lowercase()),
        }
    }
    if out.contains("--") {
        return None;
    }
    let out = out
        .replace("->>", " ->> ")
        .replace("  ->>  ", " ->> ")
        .replace("  ->> ", " ->> ")
        .replace(" ->>  ", " ->> ")
        .replace("select ", "SELECT ")
        .replace("coalesce", "COALESCE")
        .replace("nullif", "NULLIF")
        .replace(" as ", " AS ");
    Some(out.replace(" (", "(").replace("SELECT(", "SELECT ("))
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
            assert_eq!(
                Who::by_setting(SETTING).owner_column(sql).as_deref(),
                Some(column),
                "{sql}"
            );
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
            assert_eq!(Who::by_setting(SETTING).owner_column(sql), None, "{sql}");
        }
    }

    /// As Supabase has it.
    const UID: &str = "
  select
  coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
  )::uuid
";

    #[test]
    fn functions_that_only_name_the_user_are_the_user() {
        for body in [
            UID,
            "select nullif(current_setting('request.jwt.claims', true)::json->>'sub', '')::uuid;",
            "RETURN (NULLIF(current_setting('request.jwt.claims'::text, true), ''::text)::jsonb ->> 'sub'::text)::uuid",
            "BEGIN ATOMIC\n SELECT ((current_setting('request.jwt.claims'::text, true))::jsonb ->> 'sub'::text) AS uid;\nEND",
        ] {
            let mut who = Who::by_claims(JWT_CLAIMS, "sub");
            who.learn("auth.uid", body);
            for sql in [
                "(auth.uid() = user_id)",
                "(( SELECT auth.uid() AS uid) = user_id)",
            ] {
                assert_eq!(who.owner_column(sql).as_deref(), Some("user_id"), "{body}");
            }
            assert_eq!(who.owner_column("(auth.other() = user_id)"), None);
        }
        let mut who = Who::by_claims(JWT_CLAIMS, "sub");
        who.learn("auth.jwt", "select coalesce(nullif(current_setting('request.jwt.claim', true), ''), nullif(current_setting('request.jwt.claims', true), ''))::jsonb");
        let sql = "(((auth.jwt() ->> 'sub'::text))::uuid = user_id)";
        assert_eq!(who.owner_column(sql).as_deref(), Some("user_id"));
        assert_eq!(who.owner_column(&sql.replace("'sub'", "'org'")), None);
    }

    #[test]
    fn functions_that_do_more_are_not() {
        for body in [
            "select coalesce(current_setting('app.acting_for', true), current_setting('request.jwt.claims', true)::json ->> 'sub')::uuid",
            "select current_setting('request.jwt.claims', true)::json ->> 'org'",
            "select id from users where sub = current_setting('request.jwt.claims', true)::json ->> 'sub'",
            "select 1; select current_setting('request.jwt.claims', true)::json ->> 'sub'",
            "select current_setting('request.jwt.claims', true)::json ->> 'sub' -- for now\n || 'x'",
            "select lower(current_setting('request.jwt.claims', true)::json ->> 'sub')",
        ] {
            let mut who = Who::by_claims(JWT_CLAIMS, "sub");
            who.learn("auth.uid", body);
            assert_eq!(who.owner_column("(auth.uid() = user_id)"), None, "{body}");
        }
    }
}
