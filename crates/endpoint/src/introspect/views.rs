//! Views that read nothing but what clients have: described, not evaluated.

use super::find::Found;
use super::note::{Code, Note};
use super::reader::{Grouped, Reader, grouped, of};
use super::types::Types;
use crate::database::command_error;
use crate::names::table_name;
use haversack_core::Error;
use haversack_core::schema::{View, ViewColumn};
use std::collections::{BTreeSet, HashMap};
use tokio_postgres::{Row, Transaction};

// What an extension brought is not the application's.
const VIEWS: &str = "
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS relation, c.relkind::text AS kind,
       obj_description(c.oid, 'pg_class') AS comment, rtrim(pg_get_viewdef(c.oid), ';') AS sql,
       EXISTS (SELECT 1 FROM pg_options_to_table(c.reloptions) o
               WHERE o.option_name = 'security_invoker' AND o.option_value::boolean) AS invoker
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'haversack') AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY 2, 3";

const READS: &str = "
SELECT DISTINCT r.ev_class, d.refobjid AS target, d.refobjsubid AS number, n.nspname::text AS schema, c.relname::text AS relation
FROM pg_rewrite r
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.ev_class = ANY ($1) AND r.rulename = '_RETURN'
ORDER BY 1, 4, 5, 3";

const COLUMNS: &str = "
SELECT a.attrelid, a.attname::text AS name, a.atttypid, a.atttypmod, format_type(a.atttypid, a.atttypmod) AS declared
FROM pg_attribute a WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum";

/// The views of a database.
pub(super) struct Views {
    rows: Vec<Row>,
    reads: Grouped,
    columns: Grouped,
}

/// What reading a view comes down to.
#[derive(Clone)]
enum Reading {
    /// Being looked at: who comes here again goes in a circle.
    Open,
    /// These synced tables, and whether anything is in the way.
    Done(BTreeSet<String>, Option<String>),
}

impl Views {
    pub(super) async fn read(transaction: &Transaction<'_>) -> Result<Self, Error> {
        let rows = transaction
            .query(VIEWS, &[])
            .await
            .map_err(command_error("reading the views"))?;
        let oids: Vec<u32> = rows.iter().map(|row| row.get("oid")).collect();
        Ok(Self {
            reads: grouped(transaction, READS, &[&oids], "reading the views").await?,
            columns: grouped(transaction, COLUMNS, &[&oids], "reading the views' columns").await?,
            rows,
        })
    }

    pub(super) fn oids(&self) -> impl Iterator<Item = u32> + '_ {
        self.rows.iter().map(|row| row.get("oid"))
    }

    /// The views that can be served; the others become notes. `private` are the numbers of each
    /// table's private columns.
    pub(super) fn describe(
        &self,
        reader: &Reader,
        types: &Types,
        tables: &[Found<'_>],
        private: &HashMap<u32, Vec<i16>>,
        notes: &mut Vec<Note>,
    ) -> Vec<View> {
        let mut walk = Walk {
            views: self.rows.iter().map(|row| (row.get("oid"), row)).collect(),
            reads: &self.reads,
            tables: tables.iter().map(|t| (t.oid, t)).collect(),
            private,
            known: HashMap::new(),
        };
        let (mut views, mut others) = (Vec::new(), Vec::new());
        for row in &self.rows {
            let name = table_name(row.get("schema"), row.get("relation"));
            let Reading::Done(reads, hindrance) = walk.reading(row.get("oid")) else {
                continue;
            };
            if reads.is_empty() {
                others.push(name);
                continue;
            }
            if let Some(reason) = hindrance {
                let sentence = format!("view {name} is not served: {reason}");
                notes.push(Note::new(Code::ViewNotMirrored, &name, sentence));
                continue;
            }
            let columns = of(&self.columns, row.get("oid")).iter().map(|column| {
                let (oid, modifier) = (column.get("atttypid"), column.get("atttypmod"));
                ViewColumn {
                    name: column.get("name"),
                    kind: types
                        .resolve(reader, oid, modifier, column.get("declared"))
                        .kind,
                }
            });
            views.push(View {
                name,
                columns: columns.collect(),
                sql: row.get::<_, &str>("sql").trim().to_owned(),
                tables: reads.into_iter().collect(),
                comment: row.get("comment"),
            });
        }
        views.sort_by(|a, b| a.name.cmp(&b.name));
        if !others.is_empty() {
            let sentence = format!("these views read no synced table: {}", others.join(", "));
            notes.push(Note::of_database(Code::ViewsNotSynced, sentence));
        }
        views
    }
}

struct Walk<'a> {
    views: HashMap<u32, &'a Row>,
    reads: &'a Grouped,
    tables: HashMap<u32, &'a Found<'a>>,
    private: &'a HashMap<u32, Vec<i16>>,
    known: HashMap<u32, Reading>,
}

impl Walk<'_> {
    fn reading(&mut self, oid: u32) -> Reading {
        if let Some(known) = self.known.get(&oid) {
            return known.clone();
        }
        self.known.insert(oid, Reading::Open);
        let done = self.look(oid);
        self.known.insert(oid, done.clone());
        done
    }

    fn look(&mut self, oid: u32) -> Reading {
        let view = self.views[&oid];
        let mut hindrance = match view.get("kind") {
            "m" => Some("it is materialized, so its rows are those of its last refresh".to_owned()),
            _ if !view.get::<_, bool>("invoker") => Some(
                "it reads with its owner's rights, past row security; make it WITH (security_invoker = true)".to_owned(),
            ),
            _ => None,
        };
        let mut tables = BTreeSet::new();
        let reads: &Grouped = self.reads;
        for row in of(reads, oid) {
            let target: u32 = row.get("target");
            let why = if self.views.contains_key(&target) {
                self.through(target, &mut tables)
            } else {
                self.table(view, row, target, &mut tables)
            };
            hindrance = hindrance.or(why);
        }
        Reading::Done(tables, hindrance)
    }

    fn through(&mut self, target: u32, tables: &mut BTreeSet<String>) -> Option<String> {
        let name = table_name(
            self.views[&target].get("schema"),
            self.views[&target].get("relation"),
        );
        match self.reading(target) {
            Reading::Open => Some(format!("it reads {name}, which reads it")),
            Reading::Done(reads, why) => {
                tables.extend(reads);
                why.map(|why| format!("it reads the view {name}, and of that: {why}"))
            }
        }
    }

    fn table(
        &self,
        view: &Row,
        row: &Row,
        target: u32,
        tables: &mut BTreeSet<String>,
    ) -> Option<String> {
        let Some(table) = self.tables.get(&target) else {
            let name = table_name(row.get("schema"), row.get("relation"));
            return Some(format!("it reads {name}, which does not sync"));
        };
        tables.insert(table.name.clone());
        let private = self.private.get(&target).map_or(&[][..], Vec::as_slice);
        let number: i32 = row.get("number");
        let named = private.iter().any(|n| i32::from(*n) == number);
        // The catalog does not say of which table a whole row is, so any counts.
        let whole = !private.is_empty() && view.get::<_, &str>("sql").contains(".*");
        (named || whole).then(|| format!("it reads a private column of {}", table.name))
    }
}
