//! Small schemas for unit tests.

use super::{Column, Identity, Limits, Schema, Table, Type};

/// A nullable, writable column.
pub(crate) fn column(name: &str, kind: Type) -> Column {
    Column {
        name: name.into(),
        kind,
        nullable: true,
        default: None,
        generated: None,
        identity: false,
        writable: true,
        collation: None,
        comment: None,
    }
}

/// A schema of one table, whose key is its first column.
pub(crate) fn schema(table: &str, columns: Vec<Column>) -> Schema {
    let table = Table {
        name: table.into(),
        primary_key: vec![columns[0].name.clone()],
        columns,
        insertable: true,
        updatable: true,
        deletable: true,
        uniques: vec![],
        checks: vec![],
        foreign_keys: vec![],
        indexes: vec![],
        comment: None,
    };
    let identity = Identity {
        claim: "sub".into(),
        setting: "app.current_user_id".into(),
    };
    Schema::new(identity, Limits::default(), vec![table]).expect("a good schema")
}
