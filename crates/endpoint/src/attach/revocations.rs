//! The SQL by which the endpoint knows revoked tokens: its own list, and the application's.

use crate::config::Config;
use crate::database::{command_error, ident};
use crate::names::{did_you_mean, split};
use haversack_core::{Error, ErrorCode};
use tokio_postgres::Client;

/// The application's own list of revoked tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnList {
    /// Its table, quoted.
    table: String,
    /// The column of `jti`, quoted.
    column: String,
    /// Is the column a UUID?
    uuid: bool,
}

/// Finds the list that haversack.toml names.
///
/// # Errors
/// `config_invalid` where there is no such column, or of another type.
pub(crate) async fn own_list(client: &Client, config: &Config) -> Result<Option<OwnList>, Error> {
    let Some(named) = &config.identity.revoked else {
        return Ok(None);
    };
    let (table, column) = named.rsplit_once('.').unwrap_or((named, ""));
    let (schema, relation) = split(table);
    let rows = client
        .query(
            "SELECT a.attname::text, t.typname::text FROM pg_attribute a
             JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'v', 'm')
             JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
             WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped",
            &[&schema, &relation],
        )
        .await
        .map_err(command_error("reading the list of revoked tokens"))?;
    let columns: Vec<(String, String)> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
    let invalid =
        |message: String, hint: String| Error::new(ErrorCode::ConfigInvalid, message).hint(hint);
    let Some((_, kind)) = columns.iter().find(|(name, _)| name == column) else {
        let names = columns.iter().map(|(name, _)| name.as_str());
        let hint = if columns.is_empty() {
            format!("the database has no table {table}")
        } else {
            did_you_mean(column, names)
        };
        return Err(invalid(
            format!("identity.revoked names {named:?}, which is no column"),
            format!("{hint} write table.column of the list of revoked tokens")
                .trim()
                .to_owned(),
        ));
    };
    let uuid = kind == "uuid";
    if !uuid && !matches!(kind.as_str(), "text" | "varchar") {
        return Err(invalid(
            format!("identity.revoked names {named}, which is of type {kind}"),
            "a token's jti is a text: the column has to be text, varchar or uuid".to_owned(),
        ));
    }
    Ok(Some(OwnList {
        table: format!("{}.{}", ident(&schema), ident(&relation)),
        column: ident(column),
        uuid,
    }))
}

/// Lets the endpoint read its list by itself where there is no other one: to call what asks both costs a sync
/// more than to look.
pub(super) fn grant(own: Option<&OwnList>, login: &str) -> String {
    match own {
        None => format!("GRANT SELECT ON haversack.revocations TO {login}"),
        Some(_) => format!("REVOKE SELECT ON haversack.revocations FROM {login}"),
    }
}

/// The statements that make the list and what asks it.
pub(super) fn statements(own: Option<&OwnList>) -> Vec<String> {
    let mut body =
        "RETURN QUERY SELECT r.jti FROM haversack.revocations r WHERE r.jti = ANY (names);"
            .to_owned();
    if let Some(OwnList {
        table,
        column,
        uuid,
    }) = own
    {
        // Of the column's own type on one side, so that its index serves.
        let wanted = if *uuid {
            "ANY (ARRAY(SELECT w::uuid FROM unnest(names) AS w \
             WHERE w ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'))"
        } else {
            "ANY (names)"
        };
        body.push_str(&format!(
            "\n    RETURN QUERY SELECT o.{column}::text FROM {table} o WHERE o.{column} = {wanted};"
        ));
    }
    vec![
        "CREATE TABLE IF NOT EXISTS haversack.revocations (
    jti text PRIMARY KEY,
    until timestamptz NOT NULL)"
            .to_owned(),
        "COMMENT ON TABLE haversack.revocations IS 'Tokens that are refused, though they have not expired'".to_owned(),
        // Late bound, so that it never stands in the way of a migration of the application's table. To plan
        // the search anew costs more than the search; and the application's list may have no index.
        format!(
            "CREATE OR REPLACE FUNCTION haversack.revoked(names text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $function$
BEGIN
    {body}
END $function$"
        ),
        "CREATE OR REPLACE FUNCTION haversack.revoke(jti text, until timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $function$
    INSERT INTO haversack.revocations AS r VALUES ($1, $2)
    ON CONFLICT ON CONSTRAINT revocations_pkey DO UPDATE SET until = greatest(r.until, excluded.until)
$function$"
            .to_owned(),
        "REVOKE ALL ON FUNCTION haversack.revoked(text[]), haversack.revoke(text, timestamptz) FROM PUBLIC".to_owned(),
    ]
}
