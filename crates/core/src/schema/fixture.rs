//! Small schemas for unit tests.

use super::{Column, Identity, Limits, Schema, Table, Type};

/// A nullable, writable column.
pub(crate) fn column(name: &str, kind: Type) -> Column {
    Column {
        name: name.into(),
        kind,
        nullable: true,
        writable: true,
        ..Column::default()
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
        ..Table::default()
    };
    let identity = Identity {
        claim: "sub".into(),
        setting: "app.current_user_id".into(),
    };
    Schema::new(15, identity, Limits::default(), vec![table], vec![]).expect("a good schema")
}
