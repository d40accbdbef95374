//! Columns: exact types, nullability, defaults, privileges.

use super::defaults::{self, Constants};
use super::find::Found;
use super::note::{Code, Note};
use super::reader::{self, Grouped, Order, Reader, grouped};
use super::rules;
use super::types::{Resolved, Types};
use super::{ColumnFacts, Draft};
use crate::config::pattern_sql;
use crate::database::ident;
use crate::expression::{ScopeColumn, letters_of};
use crate::names::did_you_mean;
use haversack_core::more::plain_name;
use haversack_core::schema::{
    Check, Column, ColumnDefault, Generated, Letters, Policy, ServerRule, Type,
};
use haversack_core::{Error, ErrorCode};
use tokio_postgres::{Row, Transaction};

// A default names no column: to look up those of a wide table for each would take seconds.
const COLUMNS: &str = "
SELECT a.attrelid, a.attnum, a.attname::text AS name, a.atttypid, a.atttypmod, a.attnotnull,
       a.attidentity::text AS identity, a.attgenerated::text AS generated,
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, 0) ELSE pg_get_expr(d.adbin, d.adrelid) END AS expression,
       CASE WHEN d.oid IS NULL THEN '{}' ELSE {own} END AS own,
       format_type(a.atttypid, a.atttypmod) AS declared, format_type(a.atttypid, -1) AS cast,
       a.attcollation <> 0 AS collated, co.collname::text AS collation, co.collprovider::text AS provider,
       co.collcollate::text AS libc, co.collisdeterministic AS deterministic,
       co.collname = 'default' AND co.collnamespace = 'pg_catalog'::regnamespace AS by_default,
       t.description AS comment,
       ARRAY(SELECT p.refobjsubid::int2 FROM pg_depend p WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
             AND p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid AND p.refobjsubid NOT IN (0, a.attnum)
            ) AS reads,
       CASE WHEN $2::text IS NOT NULL THEN has_column_privilege($2::text, a.attrelid, a.attnum, 'SELECT') END AS can_select,
       CASE WHEN $2::text IS NOT NULL THEN has_column_privilege($2::text, a.attrelid, a.attnum, 'INSERT') END AS can_insert,
       CASE WHEN $2::text IS NOT NULL THEN has_column_privilege($2::text, a.attrelid, a.attnum, 'UPDATE') END AS can_update
FROM pg_attribute a
LEFT JOIN pg_collation co ON co.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_description t ON t.classoid = 'pg_class'::regclass AND t.objoid = a.attrelid AND t.objsubid = a.attnum
WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum";

/// Reads the columns of all tables.
pub(super) async fn read(
    transaction: &Transaction<'_>,
    reader: &Reader,
    oids: &[u32],
) -> Result<Grouped, Error> {
    let sql = COLUMNS.replace("{own}", &rules::own("pg_attrdef", "d.oid"));
    grouped(
        transaction,
        &sql,
        &[&oids, &reader.granted_to],
        "reading the columns",
    )
    .await
}

/// Names that haversack.toml gives to columns which are not there.
pub(super) fn check_names(found: &Found<'_>, all: &[String], faults: &mut Vec<Error>) {
    let patterned: Vec<String> = found.rules.ids.keys().cloned().collect();
    let contested: Vec<String> = found.rules.policies.keys().cloned().collect();
    let together = found.rules.together.concat();
    let lists = [
        ("private", &found.rules.private),
        ("read_only", &found.rules.read_only),
        ("ids", &patterned),
        ("policies", &contested),
        ("together", &together),
    ];
    for (list, names) in lists {
        for unknown in names.iter().filter(|name| !all.contains(name)) {
            let meant = did_you_mean(unknown, all.iter().map(String::as_str));
            let error = Error::new(
                ErrorCode::ConfigInvalid,
                format!(
                    "{list} of [tables.{}] in haversack.toml names {unknown:?}, which the table does not have",
                    found.written
                ),
            );
            let known = format!("its columns are {}", all.join(", "));
            let hint = if meant.is_empty() { known } else { meant };
            faults.push(error.table(&found.name).column(unknown).hint(hint));
        }
    }
}

/// What the rows of one table become.
pub(super) struct Reading<'a> {
    pub(super) reader: &'a Reader,
    pub(super) types: &'a Types,
    pub(super) found: &'a Found<'a>,
    /// Columns that a policy equates with the identity.
    pub(super) identity: &'a [String],
}

impl Reading<'_> {
    /// Describes the columns of a table into its draft.
    pub(super) fn describe(&self, rows: &[Row], draft: &mut Draft, constants: &mut Constants) {
        let found = self.found;
        draft.all = rows.iter().map(|row| row.get("name")).collect();
        check_names(found, &draft.all, &mut draft.faults);
        let mut approximate: Vec<(String, String)> = Vec::new();
        for row in rows {
            let name: String = row.get("name");
            if found.rules.private.contains(&name) {
                self.private(row, name, draft);
                continue;
            }
            self.collation(row, &name, draft, &mut approximate);
            self.served(row, name, draft);
        }
        note_orders(found, approximate, draft);
        // Only now are all columns known that an expression may read.
        let served = rows
            .iter()
            .filter(|row| !found.rules.private.contains(&row.get("name")));
        for (i, row) in served.enumerate() {
            self.value(row, i, draft, constants);
        }
    }

    fn private(&self, row: &Row, name: String, draft: &mut Draft) {
        draft.private_numbers.push(row.get("attnum"));
        draft.frame.private.insert(name.clone());
        let resolved = self.resolve(row);
        let needed =
            row.get::<_, bool>("attnotnull") || resolved.domains.iter().any(|d| d.not_null);
        let filled =
            row.get::<_, Option<&str>>("expression").is_some() || resolved.default.is_some();
        if needed && !filled && row.get::<_, &str>("identity").is_empty() {
            draft.private_needed.push(name);
        }
    }

    fn resolve(&self, row: &Row) -> Resolved {
        let (oid, modifier) = (row.get("atttypid"), row.get("atttypmod"));
        self.types
            .resolve(self.reader, oid, modifier, row.get("declared"))
    }

    fn served(&self, row: &Row, name: String, draft: &mut Draft) {
        let found = self.found;
        if row.get::<_, Option<bool>>("can_select") == Some(false) {
            let error = Error::new(
                ErrorCode::NotAttached,
                format!("the user role may not read {}.{name}", found.name),
            );
            draft.faults.push(
                error.table(&found.name).column(&name).hint(
                    "run `haversack attach`, grant SELECT on it, or list the column as private in haversack.toml",
                ),
            );
        }
        let resolved = self.resolve(row);
        let generated = !row.get::<_, &str>("generated").is_empty();
        let planned = found.writable && !generated && !found.rules.read_only.contains(&name);
        let may = |right: &str| row.get::<_, Option<bool>>(right).unwrap_or(planned) && !generated;
        let (can_insert, can_update) = (may("can_insert"), may("can_update"));
        if planned {
            draft.grantable.push(name.clone());
        }
        self.note_type(&name, row, &resolved, draft);
        draft.frame.columns.insert(
            name.clone(),
            ScopeColumn {
                kind: resolved.kind.clone(),
                collation: self.collation_name(row),
                generated,
            },
        );
        draft.column_facts.push(ColumnFacts {
            sql: ident(&name),
            cast: self.types.cast(row.get("atttypid"), row.get("cast")),
            compared: self.types.compared(row.get("atttypid"), row.get("cast")),
            can_insert,
            can_update,
        });
        let letters = self.letters(row, &resolved.kind);
        draft.columns.push(Column {
            nullable: !row.get::<_, bool>("attnotnull")
                && resolved.domains.iter().all(|d| !d.not_null),
            precision: match resolved.kind {
                Type::Array { .. } => None,
                _ => resolved.precision,
            },
            kind: resolved.kind,
            default: None,
            generated: None,
            domains: resolved.domains,
            identity: self.identity.contains(&name),
            writable: can_insert || can_update,
            policy: Policy::default(),
            letters,
            collation: self.collation_name(row),
            comment: row.get("comment"),
            name,
        });
    }

    fn note_type(&self, name: &str, row: &Row, resolved: &Resolved, draft: &mut Draft) {
        let table = &self.found.name;
        let declared: &str = row.get("declared");
        let opaque = match &resolved.kind {
            Type::Opaque { sql } => Some(sql),
            Type::Array { of } => match &**of {
                Type::Opaque { sql } => Some(sql),
                _ => None,
            },
            _ => None,
        };
        if let Some(sql) = opaque.filter(|sql| plain_name(sql).is_none()) {
            let sentence = format!(
                "{table}.{name} is of type {sql}: clients compare it as text, for equality only"
            );
            draft
                .notes
                .push(Note::new(Code::OpaqueType, table, sentence).column(name));
        }
        if let (Some(digits), Type::Array { .. }) = (resolved.precision, &resolved.kind) {
            let sentence = format!(
                "{table}.{name} is a {declared}: the server rounds its elements to {digits} digits of a second, clients keep six until then"
            );
            draft
                .notes
                .push(Note::new(Code::PrecisionIgnored, table, sentence).column(name));
        }
        for domain in &resolved.element_domains {
            let reason = format!(
                "the elements of {name} are of domain {domain}, whose rules only the server asks"
            );
            draft.notes.push(
                Note::new(Code::ServerOnlyCheck, table, format!("{table}: {reason}"))
                    .column(name)
                    .constraint(domain),
            );
            draft.server_rules.push(ServerRule {
                name: domain.clone(),
                kind: "check".into(),
                reason,
            });
        }
        for domain in &resolved.domains {
            for Check {
                name: check,
                sql,
                reason,
                ..
            } in &domain.checks
            {
                let Some(reason) = reason else { continue };
                let sentence = format!(
                    "{table}.{name}: only the server judges {check} of domain {}, CHECK ({sql}): {reason}",
                    domain.name
                );
                draft.notes.push(
                    Note::new(Code::ServerOnlyCheck, table, sentence)
                        .column(name)
                        .constraint(check),
                );
            }
        }
    }

    /// The collation's name, where there is one beside that of bytes by default.
    fn collation_name(&self, row: &Row) -> Option<String> {
        if !row.get::<_, bool>("collated") {
            return None;
        }
        if row.get::<_, Option<bool>>("by_default") == Some(true) {
            return self.reader.collation.clone();
        }
        row.get("collation")
    }

    /// How the letters of a text change their case.
    fn letters(&self, row: &Row, kind: &Type) -> Letters {
        let collation = match kind {
            Type::Text | Type::Varchar { .. } if !row.get::<_, bool>("by_default") => {
                row.get("collation")
            }
            Type::Text | Type::Varchar { .. } | Type::Jsonb => None,
            _ => return Letters::default(),
        };
        letters_of(collation, &self.reader.base)
    }

    fn collation(
        &self,
        row: &Row,
        name: &str,
        draft: &mut Draft,
        approximate: &mut Vec<(String, String)>,
    ) {
        if !row.get::<_, bool>("collated") {
            return;
        }
        let order = if row.get::<_, Option<bool>>("by_default") == Some(true) {
            self.reader.order
        } else {
            match (
                row.get::<_, Option<bool>>("deterministic"),
                row.get::<_, Option<&str>>("provider"),
            ) {
                (Some(false), _) => Order::Nondeterministic,
                (_, Some("c"))
                    if !row
                        .get::<_, Option<&str>>("libc")
                        .is_some_and(reader::is_bytes) =>
                {
                    Order::Approximate
                }
                _ => Order::Exact,
            }
        };
        let collation = self.collation_name(row).unwrap_or_default();
        match order {
            Order::Exact => {}
            Order::Approximate => approximate.push((collation, name.to_owned())),
            Order::Nondeterministic => {
                let table = &self.found.name;
                let sentence = format!(
                    "{table}.{name} has the nondeterministic collation {collation}: texts that differ may be equal in Postgres, and are different on the client"
                );
                draft
                    .notes
                    .push(Note::new(Code::NondeterministicCollation, table, sentence).column(name));
            }
        }
    }

    /// The default, or how the column is generated.
    fn value(&self, row: &Row, i: usize, draft: &mut Draft, constants: &mut Constants) {
        let (name, kind) = (draft.columns[i].name.clone(), draft.columns[i].kind.clone());
        let table = &self.found.name;
        let expression: Option<String> = row.get("expression");
        let own: Vec<String> = row.get("own");
        if !row.get::<_, &str>("generated").is_empty() {
            let reads: Vec<i16> = row.get("reads");
            let sql = expression.unwrap_or_default();
            draft.columns[i].generated =
                Some(self.generated(&name, &kind, (sql, &own), &reads, draft));
            return;
        }
        draft.columns[i].default = match row.get("identity") {
            "a" => Some(ColumnDefault::Sequence { always: true }),
            "d" => Some(ColumnDefault::Sequence { always: false }),
            _ => match self
                .pattern(&name, &kind, draft)
                .map(|sql| (sql, Vec::new()))
                .or(expression.map(|sql| (sql, own)))
                .or_else(|| self.resolve(row).default)
            {
                Some((sql, own)) => {
                    let declared = row.get("declared");
                    let at = (draft.at, i);
                    let found = (&*sql, &*own);
                    match defaults::classify(self.reader, found, &kind, at, declared, constants) {
                        Some(ColumnDefault::Sequence { .. })
                            if !draft.sequences.iter().any(|(column, _)| *column == name) =>
                        {
                            let reason = "which sequence it draws from can't be told".to_owned();
                            Some(ColumnDefault::ServerOnly { sql, reason })
                        }
                        default => default,
                    }
                }
                None => None,
            },
        };
        if let Some(ColumnDefault::ServerOnly { sql, reason }) = &draft.columns[i].default {
            let note = defaults::note(table, &name, sql, reason);
            draft.notes.push(note);
        }
    }

    /// What haversack.toml says that clients make, as an expression.
    fn pattern(&self, name: &str, kind: &Type, draft: &mut Draft) -> Option<String> {
        let pattern = self.found.rules.ids.get(name)?;
        if matches!(kind, Type::Text | Type::Varchar { .. }) {
            // What is wrong with it was found when the file was read.
            return pattern_sql(pattern).ok();
        }
        let error = Error::new(
            ErrorCode::ConfigInvalid,
            format!(
                "ids of [tables.{}] in haversack.toml has a pattern for {name}, which is no text",
                self.found.written
            ),
        );
        draft.faults.push(
            error
                .table(&self.found.name)
                .column(name)
                .hint("only columns of type text and varchar take one; a uuid needs none"),
        );
        None
    }

    fn generated(
        &self,
        name: &str,
        kind: &Type,
        (sql, own): (String, &[String]),
        reads: &[i16],
        draft: &mut Draft,
    ) -> Generated {
        let table = &self.found.name;
        if reads.iter().any(|n| draft.private_numbers.contains(n)) {
            let sentence = format!(
                "{table}.{name} is generated from a private column, and shows clients what that holds"
            );
            draft.notes.push(
                Note::new(Code::PrivateShown, table, sentence)
                    .column(name)
                    .hint("list it as private too in haversack.toml, unless that is what you want"),
            );
            // The expression would tell the private column's name.
            return Generated {
                sql: "NULL".into(),
                expr: None,
                reason: Some("it reads a private column".into()),
            };
        }
        let (expr, reason) = rules::judged(rules::generated(&draft.frame, &sql, own, kind));
        if let Some(reason) = &reason {
            let sentence = format!(
                "{table}.{name} is generated as {sql}, which only the server can evaluate: {reason}"
            );
            draft
                .notes
                .push(Note::new(Code::ServerOnlyGenerated, table, sentence).column(name));
        }
        Generated { sql, expr, reason }
    }
}

/// One note per collation: every text of a database often has the same.
fn note_orders(found: &Found<'_>, columns: Vec<(String, String)>, draft: &mut Draft) {
    let mut collations: Vec<&String> = columns.iter().map(|(collation, _)| collation).collect();
    collations.sort();
    collations.dedup();
    for collation in collations {
        let of_it = columns.iter().filter(|(c, _)| c == collation);
        let names: Vec<&str> = of_it.map(|(_, name)| name.as_str()).collect();
        let sentence = format!(
            "{}: clients order these only about as {collation:?} does, a locale of the server's operating system: {}",
            found.name,
            names.join(", ")
        );
        draft.notes.push(
            Note::new(Code::ApproximateOrder, &found.name, sentence)
                .hint("give columns that people read in order an ICU collation, such as \"en-x-icu\", or C"),
        );
    }
}
