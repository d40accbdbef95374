//! What migrations did with what was there, as far as the catalog can't tell: a column that is gone,
//! and another that is new, may be the same one.

use super::Schema;
use crate::map::Map;
use serde::{Deserialize, Serialize};

/// What one migration renamed and moved: tables first, then columns, then members of JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The migration's name.
    pub name: String,
    /// The new names of tables, by their old ones.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub tables: Map<String>,
    /// Columns with other names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renames: Vec<Rename>,
    /// Members of JSON columns that became columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
}

/// A column with another name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rename {
    /// The table, by its name after the migration.
    pub table: String,
    /// The name before.
    pub from: String,
    /// The name after.
    pub to: String,
}

/// A member of the objects in a JSON column that became a column of the same table. What does not fit
/// that stays where it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The table, by its name after the migration.
    pub table: String,
    /// The JSON column, by its name after the migration.
    pub column: String,
    /// The member's name.
    pub key: String,
    /// The column that it became.
    pub to: String,
}

impl Schema {
    /// The same schema with its steps, in their order.
    pub fn with_steps(mut self, steps: Vec<Step>) -> Self {
        self.steps = steps;
        self.fingerprint = self.compute_fingerprint();
        self
    }

    /// Was this schema before `other`? Known only where the steps say so.
    pub fn is_before(&self, other: &Schema) -> bool {
        let has = |step: &Step| other.steps.iter().any(|own| own.name == step.name);
        self.steps.len() < other.steps.len() && self.steps.iter().all(has)
    }
}
