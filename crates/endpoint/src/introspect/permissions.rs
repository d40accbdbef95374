//! What row security reads beside the row: relations of which a change shows or hides rows of other tables.
//!
//! **Invariant.** Too much may be found, never too little, but for what a function puts together at run time
//! (`EXECUTE`): nobody can read that from the catalog. A body that is text is taken to read whatever it
//! names.

use super::draft::Draft;
use super::find::Found;
use super::note::{Code, Note};
use super::reader::Reader;
use crate::database::{command_error, ident};
use crate::names::table_name;
use crate::scope::{self, Scope};
use haversack_core::Error;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use tokio_postgres::Transaction;

/// A relation that row security reads for the rows of other tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// As the schema would name it.
    pub name: String,
    /// Itself and its parts, qualified and quoted.
    pub relations: Vec<String>,
    /// The column that names the only user whom a row concerns; none where it may concern anybody.
    pub owner: Option<String>,
    /// The columns that are read, sorted: a change of others shows and hides nothing.
    pub columns: Vec<String>,
    /// The synced tables of which it shows or hides rows.
    pub tables: BTreeSet<String>,
}

impl Permission {
    /// All that it was attached for, to know another by.
    pub fn spec(&self) -> String {
        let owner = self.owner.as_deref().unwrap_or_default();
        let tables: Vec<&str> = self.tables.iter().map(String::as_str).collect();
        format!("{owner}({}) {}", self.columns.join(","), tables.join(","))
    }
}

const POLICIES: &str = "
SELECT p.oid, p.polrelid FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE p.polcmd IN ('r', '*') AND c.relrowsecurity";

// Objects below 16384 are Postgres's own.
const DEPENDS: &str = "
SELECT CASE d.classid WHEN 'pg_policy'::regclass THEN 'p' WHEN 'pg_proc'::regclass THEN 'f' ELSE 'v' END,
       coalesce(r.ev_class, d.objid), d.refclassid = 'pg_class'::regclass, d.refobjid, a.attname::text
FROM pg_depend d
LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
LEFT JOIN pg_attribute a ON d.refclassid = 'pg_class'::regclass AND a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid IN ('pg_policy'::regclass, 'pg_proc'::regclass, 'pg_rewrite'::regclass)
  AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass) AND d.refobjid >= 16384";

// Triggers are made by whoever attached, or is about to: of what that role does not own, it can't.
const RELATIONS: &str = "
SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text,
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       ARRAY(SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = c.oid),
       pg_has_role(coalesce((SELECT h.nspowner FROM pg_namespace h WHERE h.nspname = 'haversack'),
                            current_user::regrole::oid), c.relowner, 'USAGE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'haversack')
  AND n.nspname !~ '^pg_(toast|temp)'";

const FUNCTIONS: &str = "
SELECT p.oid, p.proname::text, p.oid::regproc::text, l.lanname IN ('c', 'internal') OR p.prosqlbody IS NOT NULL, p.prosrc
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'haversack')";

/// What may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reading {
    Policy(u32),
    View(u32),
    Function(u32),
}

/// What is read.
#[derive(Clone, Debug)]
enum Target {
    Relation(u32, Option<String>),
    Function(u32),
}

struct Relation {
    schema: String,
    name: String,
    kind: char,
    columns: Vec<String>,
    parts: Vec<u32>,
    /// May whoever attaches watch it?
    owned: bool,
}

struct Function {
    name: String,
    /// Does it do nothing but name the user?
    identity: bool,
    /// The words of its body, where that is text.
    words: HashSet<String>,
}

/// Who reads what, as far as the catalog shows.
#[derive(Default)]
struct Graph {
    relations: BTreeMap<u32, Relation>,
    functions: BTreeMap<u32, Function>,
    policies: HashMap<u32, Vec<u32>>,
    reads: HashMap<Reading, Vec<Target>>,
}

/// What was found to be read.
#[derive(Default)]
struct Mark {
    columns: BTreeSet<String>,
    /// Is it read otherwise than as the user, under its own row security?
    past: bool,
    roots: BTreeSet<u32>,
}

/// The relations that the policies of all tables read, sorted by name.
pub(super) async fn read(
    transaction: &Transaction<'_>,
    reader: &Reader,
    found: &[Found<'_>],
    drafts: &[Draft],
    notes: &mut Vec<Note>,
) -> Result<Vec<Permission>, Error> {
    let graph = Graph::read(transaction, reader).await?;
    let mut marks: BTreeMap<u32, Mark> = BTreeMap::new();
    let secured = found.iter().filter(|table| table.row_security);
    for table in secured {
        let mut walk = Walk {
            graph: &graph,
            root: table.oid,
            marks: &mut marks,
            seen: HashSet::new(),
        };
        walk.policies(table.oid, false);
    }
    let names: HashMap<u32, &str> = found.iter().map(|t| (t.oid, &*t.name)).collect();
    let mut permissions = Vec::new();
    for (oid, mark) in marks {
        let relation = &graph.relations[&oid];
        let name = table_name(&relation.schema, &relation.name);
        let tables: BTreeSet<String> = mark.roots.iter().map(|t| names[t].to_owned()).collect();
        match relation.kind {
            // What it reads is found beside it.
            'v' => continue,
            kind if matches!(kind, 'm' | 'f') || !relation.owned => {
                notes.extend(tables.iter().map(|table| unwatched(table, &name, relation)));
                continue;
            }
            _ => {}
        }
        let own = found.iter().zip(drafts).find(|(table, _)| table.oid == oid);
        let owner = own.filter(|_| !mark.past).and_then(|(table, draft)| {
            match scope::derive(
                &name,
                None,
                table.row_security,
                &draft.policies,
                &reader.who,
            ) {
                // What is declared to be another's is told to that one alone.
                Ok(Scope::Owner(column)) if draft.scope == Some(Scope::Owner(column.clone())) => {
                    Some(column)
                }
                Ok(_) | Err(_) => None,
            }
        });
        permissions.push(Permission {
            name,
            relations: graph.parts(oid),
            owner,
            columns: mark.columns.into_iter().collect(),
            tables,
        });
    }
    permissions.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(permissions)
}

fn unwatched(table: &str, name: &str, relation: &Relation) -> Note {
    let sentence = format!(
        "who may see rows of {table} depends on {name}, of which no change can be captured"
    );
    Note::new(Code::PermissionUnwatched, table, sentence).hint(match relation.owned {
        true => "let the policy read a table of this database",
        false => "attach as a role that owns it, or let the policy read a table of the owner's",
    })
}

impl Graph {
    async fn read(transaction: &Transaction<'_>, reader: &Reader) -> Result<Self, Error> {
        let failed = command_error("reading what policies read");
        let mut graph = Self::default();
        for row in transaction.query(POLICIES, &[]).await.map_err(&failed)? {
            graph
                .policies
                .entry(row.get(1))
                .or_default()
                .push(row.get(0));
        }
        // Most databases that have none are spared the rest.
        if graph.policies.is_empty() {
            return Ok(graph);
        }
        for row in transaction.query(DEPENDS, &[]).await.map_err(&failed)? {
            let by = match row.get::<_, &str>(0) {
                "p" => Reading::Policy(row.get(1)),
                "f" => Reading::Function(row.get(1)),
                _ => Reading::View(row.get(1)),
            };
            let target = if row.get(2) {
                Target::Relation(row.get(3), row.get(4))
            } else {
                Target::Function(row.get(3))
            };
            graph.reads.entry(by).or_default().push(target);
        }
        for row in transaction.query(RELATIONS, &[]).await.map_err(&failed)? {
            let relation = Relation {
                schema: row.get(1),
                name: row.get(2),
                kind: row.get::<_, &str>(3).chars().next().unwrap_or('r'),
                columns: row.get(4),
                parts: row.get(5),
                owned: row.get(6),
            };
            graph.relations.insert(row.get(0), relation);
        }
        let identity: HashSet<&str> = reader.who.functions().collect();
        for row in transaction.query(FUNCTIONS, &[]).await.map_err(&failed)? {
            // What is parsed already, its dependencies tell.
            let words = if row.get(3) {
                HashSet::new()
            } else {
                words(row.get(4))
            };
            let function = Function {
                name: row.get::<_, String>(1).to_lowercase(),
                identity: identity.contains(row.get::<_, &str>(2)),
                words,
            };
            graph.functions.insert(row.get(0), function);
        }
        Ok(graph)
    }

    /// Itself and its parts, qualified and quoted.
    fn parts(&self, oid: u32) -> Vec<String> {
        let Some(relation) = self.relations.get(&oid).filter(|r| r.kind != 'f') else {
            return Vec::new();
        };
        let name = format!("{}.{}", ident(&relation.schema), ident(&relation.name));
        let parts = relation.parts.iter().flat_map(|part| self.parts(*part));
        std::iter::once(name).chain(parts).collect()
    }
}

fn words(text: &str) -> HashSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$'));
    words.map(str::to_lowercase).collect()
}

/// A walk along all that decides on the rows of one table.
struct Walk<'a> {
    graph: &'a Graph,
    root: u32,
    marks: &'a mut BTreeMap<u32, Mark>,
    seen: HashSet<(Reading, bool)>,
}

impl Walk<'_> {
    /// What the policies of a relation read; `past` row security where that does not hold for the user.
    fn policies(&mut self, relation: u32, past: bool) {
        let policies = self.graph.policies.get(&relation).cloned();
        for policy in policies.unwrap_or_default() {
            self.reading(Reading::Policy(policy), Some(relation), past);
        }
    }

    fn reading(&mut self, by: Reading, of: Option<u32>, past: bool) {
        if !self.seen.insert((by, past)) {
            return;
        }
        for target in self.graph.reads.get(&by).into_iter().flatten() {
            match target {
                // The row itself: that it changed is known.
                Target::Relation(oid, _) if of == Some(*oid) && *oid == self.root => {}
                Target::Relation(oid, column) => {
                    self.relation(*oid, column.iter().cloned(), past, of != Some(*oid));
                }
                Target::Function(oid) => self.function(*oid),
            }
        }
    }

    fn relation(
        &mut self,
        oid: u32,
        columns: impl IntoIterator<Item = String>,
        past: bool,
        further: bool,
    ) {
        // One of Postgres's own, or another kind of thing.
        let Some(relation) = self.graph.relations.get(&oid) else {
            return;
        };
        let mark = self.marks.entry(oid).or_default();
        mark.columns.extend(columns);
        mark.past |= past;
        mark.roots.insert(self.root);
        if relation.kind == 'v' {
            self.reading(Reading::View(oid), Some(oid), true);
        } else if further {
            self.policies(oid, past);
        }
    }

    fn function(&mut self, oid: u32) {
        let by = Reading::Function(oid);
        let graph = self.graph;
        let Some(function) = graph.functions.get(&oid).filter(|f| !f.identity) else {
            return;
        };
        if self.seen.contains(&(by, true)) {
            return;
        }
        self.reading(by, None, true);
        for (relation, named) in &graph.relations {
            if function.words.contains(&named.name.to_lowercase()) {
                let read = |column: &&String| function.words.contains(&column.to_lowercase());
                let columns = named.columns.iter().filter(read).cloned();
                self.relation(*relation, columns, true, true);
            }
        }
        for (called, other) in &graph.functions {
            if function.words.contains(&other.name) {
                self.function(*called);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_reads_what_it_names() {
        let found = words("SELECT m.\"Org\" FROM app.members AS m -- of who's_it$");
        for word in ["org", "members", "app", "who", "s_it$"] {
            assert!(found.contains(word), "{word}");
        }
        assert!(!found.contains("member"));
    }
}
