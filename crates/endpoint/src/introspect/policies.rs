//! Row security: the policies that apply to the user role, and the functions in which they ask who
//! the user is.

use super::reader::{Grouped, grouped};
use crate::database::command_error;
use crate::scope::{Policy, Who};
use haversack_core::Error;
use tokio_postgres::{Row, Transaction};

// Role 0 stands for PUBLIC. A role that does not exist yet has only what everybody has.
const POLICIES: &str = "
SELECT p.polrelid, p.polname::text AS name, p.polcmd::text AS command, p.polpermissive AS permissive,
       pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check
FROM pg_policy p
WHERE p.polrelid = ANY ($1) AND (0 = ANY (p.polroles) OR EXISTS (
    SELECT 1 FROM pg_roles r, unnest(p.polroles) AS named(oid)
    WHERE r.rolname = $2 AND named.oid <> 0 AND pg_has_role(r.oid, named.oid, 'MEMBER')))
ORDER BY p.polrelid, p.polname";

// Under the path of the normal form, so that a name here is the name there.
const FUNCTIONS: &str = "
SELECT DISTINCT f.oid::regproc::text AS name, coalesce(pg_get_function_sqlbody(f.oid), f.prosrc) AS body
FROM (SELECT 'pg_policy'::regclass AS class, p.oid FROM pg_policy p WHERE p.polrelid = ANY ($1)
      UNION ALL SELECT 'pg_attrdef'::regclass, a.oid FROM pg_attrdef a WHERE a.adrelid = ANY ($1)) p
JOIN pg_depend d ON d.classid = p.class AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass
JOIN pg_proc f ON f.oid = d.refobjid AND f.pronargs = 0 AND NOT f.proretset
JOIN pg_language l ON l.oid = f.prolang AND l.lanname = 'sql'
ORDER BY 1";

/// Reads the policies of all tables that apply to a role.
pub(super) async fn read(
    transaction: &Transaction<'_>,
    role: Option<&str>,
    oids: &[u32],
) -> Result<Grouped, Error> {
    grouped(
        transaction,
        POLICIES,
        &[&oids, &role],
        "reading the policies",
    )
    .await
}

/// Tells `who` of the functions in policies and defaults that do nothing but name the user, such as Supabase's
/// `auth.uid()`.
pub(super) async fn learn(
    transaction: &Transaction<'_>,
    oids: &[u32],
    who: &mut Who,
) -> Result<(), Error> {
    let rows = transaction
        .query(FUNCTIONS, &[&oids])
        .await
        .map_err(command_error(
            "reading the functions of policies and defaults",
        ))?;
    for row in rows {
        who.learn(row.get("name"), row.get("body"));
    }
    Ok(())
}

/// The policies of one table.
pub(super) fn of_table(rows: &[Row]) -> Vec<Policy> {
    rows.iter()
        .map(|row| Policy {
            name: row.get("name"),
            command: row.get::<_, &str>("command").chars().next().unwrap_or('*'),
            permissive: row.get("permissive"),
            using: row.get("using"),
            check: row.get("check"),
        })
        .collect()
}
