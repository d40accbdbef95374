//! What haversack.toml says of conflicts, held against the columns that there are.

use crate::introspection::read;
use haversack_core::ErrorCode;
use haversack_core::schema::{OnDeleteConflict, Policy};

const TABLE: &str = "CREATE TABLE t (
    id int PRIMARY KEY, secret text, fixed int, doc jsonb, txt text, n int, f float8, a int, b int, c text[],
    made int GENERATED ALWAYS AS (n + 1) STORED)";

/// The fault that this gives: what it says, and of which column.
async fn refused(rules: &str) -> (String, Option<String>, String) {
    let config = format!(
        "[tables.t]\nscope = 'global'\nprivate = ['secret']\nread_only = ['fixed']\n{rules}"
    );
    let read = read(TABLE, &config).await;
    let fault = read
        .survey
        .faults
        .first()
        .unwrap_or_else(|| panic!("taken: {rules}"));
    assert_eq!(fault.code, ErrorCode::ConfigInvalid, "{rules}");
    assert_eq!(fault.details.table.as_deref(), Some("t"));
    let hint = fault.details.hint.clone().expect("what to do");
    (fault.message.clone(), fault.details.column.clone(), hint)
}

#[tokio::test]
async fn a_policy_that_does_not_fit_is_refused_by_name() {
    for (rules, column, says) in [
        ("policies = { txt = 'counter' }", "txt", "counter"),
        ("policies = { f = 'counter' }", "f", "counter"),
        ("policies = { doc = 'max' }", "doc", "max"),
        ("policies = { txt = 'min' }", "txt", "min"),
        ("policies = { n = 'merge' }", "n", "merge"),
        ("policies = { id = 'lww' }", "id", "primary key"),
        ("policies = { secret = 'lww' }", "secret", "private"),
        ("policies = { fixed = 'counter' }", "fixed", "read_only"),
        ("policies = { made = 'counter' }", "made", "generated"),
    ] {
        let (message, named, _) = refused(rules).await;
        assert_eq!(named.as_deref(), Some(column), "{rules}");
        assert!(
            message.contains(says) && message.contains("[tables.t]"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn columns_that_conflict_as_one_have_to_be_able_to() {
    for (rules, says) in [
        ("together = [['a']]", "[a]"),
        ("together = [['a', 'b'], ['b', 'n']]", "b twice"),
        ("together = [['a', 'a']]", "a twice"),
        ("together = [['a', 'secret']]", "private"),
        ("together = [['a', 'id']]", "primary key"),
        (
            "together = [['a', 'n']]\npolicies = { n = 'counter' }",
            "counter",
        ),
        ("together = [['a', 'b']]\npolicies = { b = 'lww' }", "lww"),
        ("policy = 'counter'", "all its columns"),
    ] {
        let (message, ..) = refused(rules).await;
        assert!(message.contains(says), "{message}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_guessed() {
    for rules in [
        "together = [['a', 'docs']]",
        "policies = { docs = 'merge' }",
    ] {
        let (message, column, hint) = refused(rules).await;
        assert_eq!(column.as_deref(), Some("docs"), "{message}");
        assert!(hint.contains("did you mean \"doc\""), "{hint}");
    }
}

#[tokio::test]
async fn the_example_of_the_documentation_is_taken() {
    let page = include_str!("../../../../docs/conflicts.md");
    let example = page
        .split("```toml")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let config = format!("{}scope = 'global'", example.expect("an example"));
    let table = "CREATE TABLE bookings (id int PRIMARY KEY, guests int, notes text, extras jsonb, \
                 seen timestamptz, starts date, ends date)";
    let read = read(table, &config).await;
    assert_eq!(read.survey.faults, []);
    let table = &read.survey.introspected.schema.tables[0];
    let declared = table
        .columns
        .iter()
        .filter(|c| c.policy != Policy::ServerWins);
    assert_eq!(declared.count(), 4);
    assert_eq!(table.together, [["starts", "ends"]]);
}

#[tokio::test]
async fn a_policy_for_all_columns_is_for_those_that_it_fits() {
    let config = "[tables.t]\nscope = 'global'\npolicy = 'merge'\npolicies = { n = 'counter' }\n\
                  together = [['a', 'b']]\non_delete_conflict = 'delete'\nmergeable = true";
    let read = read(TABLE, config).await;
    assert_eq!(read.survey.faults, []);
    let table = &read.survey.introspected.schema.tables[0];
    let of = |name: &str| table.column(table.column_id(name).expect("there")).policy;
    assert_eq!(
        ["id", "doc", "c", "txt", "n", "made"].map(of),
        [
            Policy::ServerWins,
            Policy::Merge,
            Policy::Merge,
            Policy::ServerWins,
            Policy::Counter,
            Policy::ServerWins
        ]
    );
    assert_eq!(table.together, [["a", "b"]]);
    assert_eq!(table.on_delete_conflict, OnDeleteConflict::Delete);
    assert!(table.mergeable);
}
