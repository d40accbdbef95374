//! The rows of other tables that go with a row, by foreign key, in both directions.

use haversack_core::schema::{Column, ForeignKey, Schema, Table};

/// A way from a row to rows of another table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Relation<'a> {
    /// Its name, unlike any other relation's and any column's of the table.
    pub(super) name: String,
    /// The table that it leads to.
    pub(super) table: &'a str,
    /// May there be several rows?
    pub(super) many: bool,
    /// May there be none? Always true where there may be several.
    pub(super) optional: bool,
    /// The foreign key that it goes along.
    pub(super) foreign_key: &'a str,
}

/// The relations of a table: along its own foreign keys, then along those that refer to it.
///
/// A name is the shortest that says what is meant: the referring column without `_id`, or the
/// referring table; where that is taken, one with more to it, at last the foreign key's own.
pub(super) fn of<'a>(schema: &'a Schema, table: &'a Table) -> Vec<Relation<'a>> {
    let mut relations: Vec<Relation<'a>> = Vec::new();
    for key in &table.foreign_keys {
        if !schema.tables.iter().any(|t| t.name == key.references) {
            continue;
        }
        let optional = referring(table, key).any(|c| c.nullable);
        let target = plain(&key.references);
        let names = [
            stem(table, key),
            Some(target.to_owned()),
            Some(key.name.clone()),
        ];
        relations.push(Relation {
            name: free(table, &relations, names),
            table: &key.references,
            many: false,
            optional,
            foreign_key: &key.name,
        });
    }
    for other in &schema.tables {
        let to_us = |key: &&ForeignKey| key.references == table.name;
        let several = other.foreign_keys.iter().filter(to_us).count() > 1;
        for key in other.foreign_keys.iter().filter(to_us) {
            let alone = plain(&other.name).to_owned();
            let longer = stem(other, key).map(|stem| format!("{alone}_as_{stem}"));
            let names = if several || other.name == table.name {
                [longer, Some(key.name.clone()), Some(alone)]
            } else {
                [Some(alone), longer, Some(key.name.clone())]
            };
            relations.push(Relation {
                name: free(table, &relations, names),
                table: &other.name,
                many: !is_unique(other, &key.columns),
                optional: true,
                foreign_key: &key.name,
            });
        }
    }
    relations
}

fn referring<'a>(table: &'a Table, key: &'a ForeignKey) -> impl Iterator<Item = &'a Column> {
    table
        .columns
        .iter()
        .filter(|c| key.columns.contains(&c.name))
}

/// The table's name without its schema.
fn plain(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, plain)| plain)
}

/// The name of the one column that tells the referred row, without its `_id`. The identity is in
/// many keys and tells nothing.
fn stem(table: &Table, key: &ForeignKey) -> Option<String> {
    let all: Vec<&Column> = referring(table, key).collect();
    let telling: Vec<&Column> = all.iter().copied().filter(|c| !c.identity).collect();
    let columns = if telling.is_empty() { all } else { telling };
    let [column] = columns[..] else {
        return None;
    };
    let stem = ["_id", "_uuid", "Id"]
        .iter()
        .find_map(|end| column.name.strip_suffix(end));
    stem.filter(|stem| !stem.is_empty()).map(str::to_owned)
}

/// Can there be at most one row with given values of these columns?
fn is_unique(table: &Table, columns: &[String]) -> bool {
    let key = table.primary_key.iter().all(|name| columns.contains(name));
    key || table.uniques.iter().any(|unique| {
        let mut parts = unique.columns.iter();
        unique.predicate.is_none()
            && parts.all(|part| part.column && columns.contains(&part.expression))
    })
}

/// The first name that nothing else has.
fn free(table: &Table, relations: &[Relation<'_>], names: [Option<String>; 3]) -> String {
    let taken = |name: &String| {
        relations.iter().any(|r| r.name == *name) || table.columns.iter().any(|c| c.name == *name)
    };
    let candidates: Vec<String> = names.into_iter().flatten().collect();
    if let Some(name) = candidates.iter().find(|name| !taken(name)) {
        return name.clone();
    }
    let last = candidates.last().cloned().unwrap_or_default();
    (2..)
        .map(|number| format!("{last}_{number}"))
        .find(|name| !taken(name))
        .unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use haversack_core::schema::{Identity, IndexPart, Limits, Unique};

    fn table(name: &str, columns: &[&str], keys: &[(&str, &[&str], &str)]) -> Table {
        let column = |name: &&str| Column {
            name: (*name).into(),
            nullable: name.starts_with("maybe"),
            identity: *name == "owner",
            ..Column::default()
        };
        let key = |(name, columns, references): &(&str, &[&str], &str)| ForeignKey {
            name: (*name).into(),
            columns: columns.iter().map(|c| (*c).into()).collect(),
            references: (*references).into(),
            ..ForeignKey::default()
        };
        Table {
            name: name.into(),
            columns: columns.iter().map(column).collect(),
            primary_key: vec!["id".into()],
            foreign_keys: keys.iter().map(key).collect(),
            ..Table::default()
        }
    }

    fn shown(schema: &Schema, name: &str) -> Vec<String> {
        let id = schema.table_id(name).expect("the table");
        let show = |r: &Relation<'_>| {
            let many = if r.many { "*" } else { "" };
            let optional = if r.optional && !r.many { "?" } else { "" };
            format!("{}: {}{many}{optional}", r.name, r.table)
        };
        of(schema, schema.table(id)).iter().map(show).collect()
    }

    #[test]
    fn names_are_short_and_never_taken() {
        let mut profiles = table(
            "profiles",
            &["id", "person_id"],
            &[("p", &["person_id"], "people")],
        );
        profiles.uniques.push(Unique {
            columns: vec![IndexPart {
                expression: "person_id".into(),
                column: true,
                ..IndexPart::default()
            }],
            ..Unique::default()
        });
        let notes = table(
            "notes",
            &[
                "id",
                "owner",
                "author_id",
                "maybe_reader_id",
                "folder",
                "folder_id",
            ],
            &[
                ("author", &["owner", "author_id"], "people"),
                ("reader", &["maybe_reader_id"], "people"),
                ("in_folder", &["folder_id"], "app.folders"),
                ("elsewhere", &["id"], "unsynced"),
            ],
        );
        let folders = table(
            "app.folders",
            &["id", "parent_id"],
            &[("up", &["parent_id"], "app.folders")],
        );
        let people = table("people", &["id"], &[]);
        let identity = Identity {
            claim: "sub".into(),
            setting: "app.user".into(),
        };
        let tables = vec![folders, notes, people, profiles];
        let schema = Schema::new(15, identity, Limits::default(), tables, vec![]).expect("good");
        assert_eq!(
            shown(&schema, "notes"),
            [
                "author: people",
                "maybe_reader: people?",
                "folders: app.folders"
            ],
            "`folder` is a column"
        );
        assert_eq!(
            shown(&schema, "people"),
            [
                "notes_as_author: notes*",
                "notes_as_maybe_reader: notes*",
                "profiles: profiles?"
            ]
        );
        assert_eq!(
            shown(&schema, "app.folders"),
            [
                "parent: app.folders",
                "folders_as_parent: app.folders*",
                "notes: notes*"
            ]
        );
        assert_eq!(shown(&schema, "profiles"), ["person: people"]);
    }
}
