//! Derives from row security whose changes a user must hear of, and which column names the owner.
//!
//! Row security must never be finer than scope: a policy of a shape that is not understood is an
//! error here, never a guess. Reads the catalog's normal form only, and touches no database.

mod who;

pub use who::{JWT_CLAIM, JWT_CLAIMS, Who};

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
    who: &Who,
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
            .and_then(|sql| who.owner_column(sql));
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
pub fn identity_columns(policies: &[Policy], who: &Who) -> Vec<String> {
    let mut columns = Vec::new();
    for sql in policies.iter().flat_map(|p| [&p.using, &p.check]).flatten() {
        if let Some(column) = who.owner_column(sql)
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let who = Who::by_setting("app.current_user_id");
        let good = policy("own", true, own);
        let check = |declared, rls, policies: &[Policy]| derive("t", declared, rls, policies, &who);
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
