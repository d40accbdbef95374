//! What is served: the schema, and what else the logic of a sync has to know of it. No SQL, and so
//! the same over every store.

use crate::scope::Scope;
use haversack_core::schema::{ColumnId, Schema, Table, TableId, Type};

/// A schema, and what a client may do under it.
#[derive(Clone, Debug)]
pub struct Served {
    /// The schema.
    pub schema: Schema,
    /// The role under which the endpoint acts for a user.
    pub user_role: String,
    /// The types of the columns that name owners; the identity has to be one of each.
    pub owner_types: Vec<Type>,
    /// In the order of [`Schema::tables`].
    pub(crate) tables: Vec<ServedTable>,
}

/// What a client may do in a table, and by which names the database speaks of it.
#[derive(Clone, Debug)]
pub struct ServedTable {
    /// By column: may it be given a value in an insert?
    pub can_insert: Vec<bool>,
    /// By column: may it be changed?
    pub can_update: Vec<bool>,
    /// Is there a sequence from which its key can be leased?
    pub leases: bool,
    /// Itself and its partitions, qualified, and quoted where need be.
    pub relations: Vec<String>,
    /// What several mutations can do together.
    pub sets: Sets,
}

/// What one statement can do for several mutations of one row each so that it comes to the same as one
/// after the other; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    /// May rows be inserted?
    pub insert: bool,
    /// The columns that may be changed.
    pub update: Vec<ColumnId>,
    /// May rows be deleted?
    pub delete: bool,
    /// Do triggers see the rows, and so their order?
    pub ordered: bool,
}

impl Served {
    /// What a schema says of itself: whoever may write a column may insert and change it, a table
    /// with an identity column is its users', row by row, and every other one is everybody's.
    pub fn of_schema(schema: Schema, user_role: String) -> Self {
        let (mut tables, mut owner_types) = (Vec::new(), Vec::new());
        for table in &schema.tables {
            let owner = table.columns.iter().find(|c| c.identity);
            let scope = owner.map_or(Scope::Global, |c| Scope::Owner(c.name.clone()));
            add_owner_type(&mut owner_types, table, &scope);
            let writable: Vec<bool> = table.columns.iter().map(|c| c.writable).collect();
            tables.push(ServedTable {
                can_insert: writable.clone(),
                can_update: writable,
                leases: table.sequence_key().is_some(),
                relations: vec![qualified(&table.name)],
                // A store that only looks like Postgres has nothing to gain by it.
                sets: Sets::default(),
            });
        }
        Self {
            schema,
            user_role,
            owner_types,
            tables,
        }
    }

    /// A table's description.
    pub fn table(&self, id: TableId) -> &Table {
        self.schema.table(id)
    }

    /// May a client give this column a value in an insert?
    pub fn can_insert(&self, id: TableId, column: ColumnId) -> bool {
        self.tables[usize::from(id.0)].can_insert[usize::from(column.0)]
    }

    /// May a client change this column?
    pub fn can_update(&self, id: TableId, column: ColumnId) -> bool {
        self.tables[usize::from(id.0)].can_update[usize::from(column.0)]
    }

    /// What several mutations can do together in a table.
    pub(crate) fn sets(&self, id: TableId) -> &Sets {
        &self.tables[usize::from(id.0)].sets
    }

    /// Has every mutation done by itself.
    pub(crate) fn one_by_one(&mut self) {
        for table in &mut self.tables {
            table.sets = Sets::default();
        }
    }

    /// Can keys of the table be leased?
    pub fn leases(&self, id: TableId) -> bool {
        self.tables[usize::from(id.0)].leases && self.schema.table(id).insertable
    }

    /// The table of which a relation is a part.
    pub fn relation(&self, schema: &str, relation: &str) -> Option<TableId> {
        // As `format('%I.%I')` may have it: quoted where need be, or not.
        let plain = |sql: &str| sql.replace('"', "");
        let wanted = plain(&format!("{schema}.{relation}"));
        let parts = |t: &ServedTable| t.relations.iter().any(|sql| plain(sql) == wanted);
        let at = self.tables.iter().position(parts)?;
        Some(TableId(at as u16))
    }
}

fn qualified(name: &str) -> String {
    let (schema, table) = crate::names::split(name);
    format!("{schema}.{table}")
}

/// Adds the type of the column that names a table's owner.
pub(crate) fn add_owner_type(types: &mut Vec<Type>, table: &Table, scope: &Scope) {
    let kind = match scope {
        Scope::Global => return,
        // A private owner column is not described; its text is taken as it is.
        Scope::Owner(column) => table
            .column_id(column)
            .map_or(Type::Text, |c| table.column(c).kind.clone()),
    };
    if !types.contains(&kind) {
        types.push(kind);
    }
}
