//! In which tables several mutations can be done by one statement and come to the same as one after the
//! other. Where the catalog leaves a doubt, they can't.

use super::reader::{Grouped, Reader, grouped};
use crate::served::Sets;
use haversack_core::Error;
use haversack_core::schema::{ColumnId, Policy, Table};
use tokio_postgres::{Row, Transaction};

// What makes a row's fate depend on another row of the same statement: triggers that come after the
// rows are written, or that may look at others; rules; constraints that are judged when all is written;
// functions of the application in policies, checks and defaults, which may look anywhere.
const SETS: &str = "
SELECT c.oid,
       EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
               WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype & 3) <> 3
                 AND p.pronamespace IS DISTINCT FROM to_regnamespace('haversack')::oid)
       OR c.relkind <> 'r' OR c.relhasrules
       OR EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))
       OR EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('u', 'p', 'x') AND k.condeferrable)
       OR EXISTS (SELECT FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid JOIN pg_namespace n ON n.oid = p.pronamespace
               WHERE d.refclassid = 'pg_proc'::regclass AND n.nspname <> 'pg_catalog'
                 AND CASE n.nspname WHEN 'public' THEN p.proname ELSE n.nspname || '.' || p.proname END <> ALL ($2)
                 AND (d.classid = 'pg_policy'::regclass AND d.objid IN (SELECT oid FROM pg_policy WHERE polrelid = c.oid)
                   OR d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT oid FROM pg_constraint WHERE conrelid = c.oid)
                   OR d.classid = 'pg_attrdef'::regclass AND d.objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = c.oid))),
       EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype & 3) = 3),
       EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = c.oid AND k.confrelid = c.oid),
       EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid = c.oid AND k.confdeltype NOT IN ('a', 'r')),
       ARRAY(SELECT DISTINCT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
             AND (a.attnum = ANY (i.indkey::int2[]) OR i.indexprs IS NOT NULL)
             WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion))
FROM pg_class c WHERE c.oid = ANY ($1)";

/// Reads it for all tables.
pub(super) async fn read(
    transaction: &Transaction<'_>,
    reader: &Reader,
    oids: &[u32],
) -> Result<Grouped, Error> {
    let known: Vec<&str> = reader.who.functions().collect();
    grouped(transaction, SETS, &[&oids, &known], "reading the triggers").await
}

/// What of it holds for a table.
pub(super) fn of_table(rows: &[Row], table: &Table) -> Sets {
    let Some(row) = rows.first() else {
        return Sets::default();
    };
    let (alone, ordered): (bool, bool) = (row.get(1), row.get(2));
    let (to_itself, acts): (bool, bool) = (row.get(3), row.get(4));
    let unique: Vec<String> = row.get(5);
    // When a column was written is told to a savepoint, for its one mutation.
    if alone || table.columns.iter().any(|c| c.policy == Policy::Lww) {
        return Sets::default();
    }
    // A value that no two rows share may pass from one row of a statement to another.
    let free = |c: &&ColumnId| !unique.contains(&table.column(**c).name);
    let all: Vec<ColumnId> = (0..table.columns.len() as u16).map(ColumnId).collect();
    Sets {
        insert: !to_itself,
        update: all.iter().filter(free).copied().collect(),
        delete: !to_itself && !acts && !ordered,
        ordered,
    }
}
