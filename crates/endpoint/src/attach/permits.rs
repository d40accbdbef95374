//! The SQL of what tells that somebody may see other rows now: a change of a relation that row security
//! reads is a mark in the changelog, under the relation's number and an empty key. Text only.

use crate::database::{ident, literal};
use crate::introspect::Permission;

/// What the triggers' names begin with.
pub(crate) const PREFIX: &str = "haversack_permit_";

/// The column that tells for what a relation is watched.
pub(super) fn statements() -> Vec<String> {
    vec!["ALTER TABLE haversack.tables ADD COLUMN IF NOT EXISTS permits text".to_owned()]
}

/// Forgets what is no permission any more.
pub(super) fn forget(numbers: &[i32]) -> String {
    let list: Vec<String> = numbers.iter().map(i32::to_string).collect();
    format!(
        "UPDATE haversack.tables SET permits = NULL WHERE permits IS NOT NULL AND id <> ALL (ARRAY[{}]::integer[])",
        list.join(", ")
    )
}

/// Watches one.
pub(super) fn watch(number: i32, permission: &Permission) -> Vec<String> {
    let (name, spec) = (literal(&permission.name), literal(&permission.spec()));
    let mut out = vec![format!(
        "INSERT INTO haversack.tables AS t (id, name, permits) VALUES ({number}, {name}, {spec}) \
         ON CONFLICT (id) DO UPDATE SET permits = excluded.permits"
    )];
    for (event, rows) in [
        ("insert", all("new_rows", permission)),
        ("update", changed(permission)),
        ("delete", all("old_rows", permission)),
        ("truncate", "(SELECT '*' AS scope) d".to_owned()),
    ] {
        // Of a number, all digits count.
        out.push(format!(
            "CREATE OR REPLACE FUNCTION haversack.permit_{number}_{event}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 AS $function$
BEGIN
    INSERT INTO haversack.changes (scope, tbl, key)
    SELECT DISTINCT d.scope, {number}, '{{}}'::text[] FROM {rows} WHERE d.scope IS NOT NULL;
    RETURN NULL;
END $function$"
        ));
    }
    for relation in &permission.relations {
        let function = format!("permit_{number}");
        out.extend(super::sql::triggers(PREFIX, relation, &function));
    }
    out
}

/// Whom a row concerns.
fn scope(permission: &Permission) -> String {
    match &permission.owner {
        Some(column) => format!("'u:' || r.{}::text AS scope", ident(column)),
        None => "'*'::text AS scope".to_owned(),
    }
}

/// Whom any of these rows concerns.
fn all(rows: &str, permission: &Permission) -> String {
    format!("(SELECT {} FROM {rows} r) d", scope(permission))
}

/// Whom the rows concern whose columns that are read have changed. Which row has which values makes no
/// difference to what the user may see, so they are compared as a whole.
fn changed(permission: &Permission) -> String {
    let columns = permission.columns.iter();
    let read: Vec<String> = std::iter::once(scope(permission))
        .chain(columns.map(|column| format!("r.{}::text", ident(column))))
        .collect();
    let read = read.join(", ");
    let only = |these: &str, those: &str| {
        format!("(SELECT {read} FROM {these} r EXCEPT ALL SELECT {read} FROM {those} r)")
    };
    let (gone, come) = (only("old_rows", "new_rows"), only("new_rows", "old_rows"));
    format!("({gone} UNION ALL {come}) d")
}
