//! Names of tables as `haversack.toml`, the schema and errors have them, and what someone who
//! mistyped one may have meant.

use crate::database::ident;

/// The name under which a table is served: `table` in the schema `public`, `schema.table`
/// elsewhere. A dot in a name itself never makes it that of another table: `public.a.b` is the
/// table `a.b`, and a schema with a dot is quoted.
pub(crate) fn table_name(schema: &str, relation: &str) -> String {
    if schema.contains('.') || schema.starts_with('"') {
        return format!("{}.{relation}", ident(schema));
    }
    if schema == "public" && !relation.contains('.') && !relation.starts_with('"') {
        return relation.to_owned();
    }
    format!("{schema}.{relation}")
}

/// Schema and relation of a name, as [`table_name`] puts them together.
pub(crate) fn split(name: &str) -> (String, String) {
    if let Some((schema, relation)) = quoted(name) {
        return (schema, relation.to_owned());
    }
    let (schema, relation) = name.split_once('.').unwrap_or(("public", name));
    (schema.to_owned(), relation.to_owned())
}

/// `"a.b".c` is the schema `a.b` and the relation `c`.
fn quoted(name: &str) -> Option<(String, &str)> {
    let body = name.strip_prefix('"')?;
    let mut from = 0;
    loop {
        let at = from + body[from..].find('"')?;
        if body[at + 1..].starts_with('"') {
            from = at + 2;
            continue;
        }
        let relation = body[at + 1..].strip_prefix('.')?;
        return Some((body[..at].replace("\"\"", "\""), relation));
    }
}

/// Below this likeness, from 0 to 1, two names have nothing to do with each other.
const LIKENESS_MIN: f64 = 0.6;

/// The name among `names` that someone who wrote `wanted` may have meant.
pub(crate) fn nearest<'a>(
    wanted: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = wanted.to_lowercase();
    let last = |name: &str| split(name).1.to_lowercase();
    let short = last(&folded);
    let mut best: Option<(f64, &str)> = None;
    for name in names {
        let other = name.to_lowercase();
        // The right name in the wrong schema is nearer than any other.
        let likeness = if last(&other) == short {
            1.0
        } else {
            strsim::normalized_damerau_levenshtein(&folded, &other)
        };
        if likeness >= LIKENESS_MIN && best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, name));
        }
    }
    best.map(|(_, name)| name)
}

/// ", did you mean …?" where there is something to mean, else nothing.
pub(crate) fn did_you_mean<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wanted, names)
        .map(|name| format!("did you mean {name:?}?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_together_and_taken_apart_again() {
        for (schema, relation, name) in [
            ("public", "notes", "notes"),
            ("app", "notes", "app.notes"),
            ("public", "a.b", "public.a.b"),
            ("a", "b.c", "a.b.c"),
            ("a.b", "c", "\"a.b\".c"),
            ("a\".b", "c", "\"a\"\".b\".c"),
            ("public", "\"odd", "public.\"odd"),
            ("public", "ö ä", "ö ä"),
        ] {
            assert_eq!(table_name(schema, relation), name);
            assert_eq!(split(name), (schema.to_owned(), relation.to_owned()));
        }
        assert_eq!(split("\"x"), ("public".to_owned(), "\"x".to_owned()));
    }

    #[test]
    fn the_nearest_name_is_meant() {
        let names = ["users", "events", "conf.talks", "tag_assignments"];
        for (wanted, meant) in [
            ("user", Some("users")),
            ("Events", Some("events")),
            ("evnets", Some("events")),
            ("talks", Some("conf.talks")),
            ("tag_assignment", Some("tag_assignments")),
            ("zebra", None),
        ] {
            assert_eq!(nearest(wanted, names), meant, "{wanted}");
        }
    }
}
