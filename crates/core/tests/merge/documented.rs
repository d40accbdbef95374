//! The examples of the documentation are what the code does.

use crate::fixture::{Away, Server, table};
use haversack_core::protocol::Winner;
use haversack_core::schema::{Policy, Type};

const PAGE: &str = include_str!("../../../../docs/conflicts.md");

/// The cells of the table of examples, without their marks.
fn examples() -> Vec<Vec<String>> {
    let section = PAGE.split("## Examples").nth(1).expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = |line: &str| {
        let inner = line.trim_matches('|').split('|');
        inner
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    rows.map(cells).collect()
}

/// The column of the fixture that has a policy and a type.
fn column_of(policy: Policy, kind: &str) -> String {
    let is = |kind: &str, of: &Type| match of {
        Type::Text => kind == "text",
        Type::Int4 => kind == "int4",
        Type::Date => kind == "date",
        Type::Jsonb => kind == "jsonb",
        Type::Array { .. } => kind == "text[]",
        _ => false,
    };
    let table = table();
    // `starts` and `ends` are not alone.
    let mut columns = table
        .columns
        .iter()
        .filter(|c| table.together_with(&c.name).is_none());
    let found = columns.find(|c| c.policy == policy && is(kind, &c.kind) && c.name != "id");
    found
        .unwrap_or_else(|| panic!("no column {} {kind}", policy.word()))
        .name
        .clone()
}

#[test]
fn each_example_of_the_documentation_comes_true() {
    let examples = examples();
    assert!(examples.len() >= 12, "{} examples", examples.len());
    let mut shown: Vec<Policy> = Vec::new();
    for example in examples {
        let [word, kind, base, mine, theirs, stands, lost] = &example[..] else {
            panic!("not seven cells: {example:?}")
        };
        let policy = Policy::of(word).unwrap_or_else(|| panic!("no policy {word}"));
        shown.push(policy);
        let column = column_of(policy, kind);
        let mut server = Server::new(table(), &[(&column, base)]);
        let (mut first, mut second) = (Away::new(&server), Away::new(&server));
        first.write(1, &[(&column, theirs)]);
        second.write(2, &[(&column, mine)]);
        server.take(0, &first.queue[0]);
        let (_, told) = server.take(1, &second.queue[0]);
        assert_eq!(server.text(&column).as_ref(), Some(stands), "{example:?}");
        let told = told.first().map_or("", |lost| match lost.winner {
            Winner::Mine => "theirs",
            Winner::Theirs => "mine",
            Winner::Nobody => "nobody yet",
        });
        assert_eq!(told, lost, "{example:?}");
    }
    // By time, an example says nothing without one.
    let missing = Policy::ALL
        .iter()
        .filter(|p| !shown.contains(p) && **p != Policy::Lww);
    assert_eq!(missing.count(), 0, "a policy without an example");
}
