//! The rows of other tables that go with a row: along foreign keys and polymorphic references, in both
//! directions.

use super::{Column, ForeignKey, Polymorphic, Schema, Table};

/// A way from a row to rows of another table.
#[derive(Debug, PartialEq, Eq)]
pub struct Relation<'a> {
    /// Its name, unlike any other relation's and any column's of the table.
    pub name: String,
    /// The table that it leads to.
    pub table: &'a str,
    /// May there be several rows?
    pub many: bool,
    /// May there be none? Always true where there may be several.
    pub optional: bool,
    /// The columns that are equal: the table's own, and the other's.
    pub pairs: Vec<(&'a str, &'a str)>,
    /// The column that says by a word of which table the referred row is, where the schema does not.
    pub word: Option<Word<'a>>,
    /// The foreign key that it goes along, or the column of the reference.
    pub along: &'a str,
}

/// What a polymorphic reference says of which table its row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// Is it a column of the other table?
    pub theirs: bool,
    /// The column.
    pub column: &'a str,
    /// What stands in it.
    pub value: &'a str,
}

impl Schema {
    /// The relations of a table: along its own foreign keys and those that refer to it, then along
    /// polymorphic references, its own and others'.
    ///
    /// A name is the shortest that says what is meant: the referring column without `_id`, or the
    /// referring table; where that is taken, one with more to it, at last the foreign key's own.
    pub fn relations<'a>(&'a self, table: &'a Table) -> Vec<Relation<'a>> {
        let mut relations: Vec<Relation<'a>> = Vec::new();
        let mut add = |names: [Option<String>; 3], relation: Relation<'a>| {
            let name = free(table, &relations, names);
            relations.push(Relation { name, ..relation });
        };
        for key in &table.foreign_keys {
            if self.table_id(&key.references).is_none() {
                continue;
            }
            let names = [
                stem(table, &key.columns),
                Some(plain(&key.references).to_owned()),
                Some(key.name.clone()),
            ];
            let relation = Relation {
                optional: referring(table, &key.columns).any(|c| c.nullable),
                pairs: paired(&key.columns, &key.referenced_columns),
                ..to(&key.references, false, &key.name)
            };
            add(names, relation);
        }
        for other in &self.tables {
            let to_us = |key: &&ForeignKey| key.references == table.name;
            let several = other.foreign_keys.iter().filter(to_us).count() > 1;
            for key in other.foreign_keys.iter().filter(to_us) {
                let stem = stem(other, &key.columns);
                let names = back(table, other, stem, several, &key.name);
                let relation = Relation {
                    pairs: paired(&key.referenced_columns, &key.columns),
                    ..to(&other.name, !is_unique(other, &key.columns), &key.name)
                };
                add(names, relation);
            }
        }
        let several = table.polymorphic.len() > 1;
        for reference in &table.polymorphic {
            for (value, target) in reference.tables.iter() {
                let Some(target) = self.table_id(target).map(|id| self.table(id)) else {
                    continue;
                };
                let stem = stem(table, std::slice::from_ref(&reference.column));
                let longer = stem.map(|stem| format!("{stem}_{value}"));
                let names = match several {
                    true => [longer, None, None],
                    false => [Some(value.to_string()), longer, None],
                };
                let relation = Relation {
                    pairs: polymorphic(&reference.column, target),
                    word: Some(word(false, reference, value)),
                    ..to(&target.name, false, &reference.column)
                };
                add(names, relation);
            }
        }
        for other in &self.tables {
            let several = other.polymorphic.len() > 1;
            for reference in &other.polymorphic {
                let to_us = reference.tables.iter().filter(|(_, to)| **to == table.name);
                for (value, _) in to_us {
                    let stem = stem(other, std::slice::from_ref(&reference.column));
                    let names = back(table, other, stem, several, &reference.column);
                    let pairs = polymorphic(&reference.column, table).into_iter();
                    let relation = Relation {
                        pairs: pairs.map(|(theirs, own)| (own, theirs)).collect(),
                        word: Some(word(true, reference, value)),
                        ..to(&other.name, true, &reference.column)
                    };
                    add(names, relation);
                }
            }
        }
        relations
    }
}

/// A relation without its name and its columns.
fn to<'a>(table: &'a str, many: bool, along: &'a str) -> Relation<'a> {
    Relation {
        name: String::new(),
        table,
        many,
        optional: true,
        pairs: Vec::new(),
        word: None,
        along,
    }
}

fn paired<'a>(own: &'a [String], theirs: &'a [String]) -> Vec<(&'a str, &'a str)> {
    let pairs = own.iter().zip(theirs);
    pairs.map(|(own, theirs)| (&**own, &**theirs)).collect()
}

/// The column of a polymorphic reference, and the key that it refers to.
fn polymorphic<'a>(column: &'a str, target: &'a Table) -> Vec<(&'a str, &'a str)> {
    let key = target.primary_key.iter();
    key.map(|key| (column, &**key)).collect()
}

fn word<'a>(theirs: bool, reference: &'a Polymorphic, value: &'a str) -> Word<'a> {
    Word {
        theirs,
        column: &reference.by,
        value,
    }
}

/// Names for rows that refer to a table: the table that they are of, or with the column that refers.
fn back(
    table: &Table,
    other: &Table,
    stem: Option<String>,
    several: bool,
    along: &str,
) -> [Option<String>; 3] {
    let alone = plain(&other.name).to_owned();
    let longer = stem.map(|stem| format!("{alone}_as_{stem}"));
    let along = Some(along.to_owned());
    if several || other.name == table.name {
        [longer, along, Some(alone)]
    } else {
        [Some(alone), longer, along]
    }
}

fn referring<'a>(table: &'a Table, names: &'a [String]) -> impl Iterator<Item = &'a Column> {
    table.columns.iter().filter(|c| names.contains(&c.name))
}

/// The table's name without its schema.
fn plain(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, plain)| plain)
}

/// The name of the one column that tells the referred row, without its `_id`. The identity is in
/// many keys and tells nothing.
fn stem(table: &Table, names: &[String]) -> Option<String> {
    let all: Vec<&Column> = referring(table, names).collect();
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
    use crate::schema::{Identity, IndexPart, Limits, Unique};

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
        schema
            .relations(schema.table(id))
            .iter()
            .map(show)
            .collect()
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
