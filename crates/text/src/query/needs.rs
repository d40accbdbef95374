//! What an index of lexemes can tell of a query's matches.

use super::{Item, Operand, Query};

impl Query {
    /// Is it nothing but lexemes that all have to be there? Then every vector that has what it
    /// [needs](Self::needs) matches.
    pub fn is_conjunction(&self) -> bool {
        let plain = |item: &Item| match item {
            Item::Operand { weights, .. } => *weights == 0,
            Item::And => true,
            Item::Not | Item::Or | Item::Phrase(_) => false,
        };
        self.items().iter().all(plain)
    }

    /// Groups of operands: a vector that matches has, of each group, at least one. So the rows that
    /// may match are those that every group's lexemes have in common; without a group they are all
    /// rows, as for `!rat`. Weights and distances still have to be looked at.
    pub fn needs(&self) -> Vec<Vec<Operand<'_>>> {
        let mut stack: Vec<Vec<Vec<Operand<'_>>>> = Vec::new();
        for &item in self.items() {
            let groups = match item {
                Item::Operand { .. } => vec![self.operand(item).into_iter().collect()],
                Item::Not => {
                    stack.pop();
                    Vec::new()
                }
                Item::And | Item::Phrase(_) => {
                    let right = stack.pop().unwrap_or_default();
                    let mut groups = stack.pop().unwrap_or_default();
                    groups.extend(right);
                    groups
                }
                Item::Or => {
                    // Of two sides that ask for several groups each, one group of each has to do.
                    let right = smallest(stack.pop().unwrap_or_default());
                    let left = smallest(stack.pop().unwrap_or_default());
                    match (left, right) {
                        (Some(mut group), Some(right)) => {
                            group.extend(right);
                            vec![group]
                        }
                        _ => Vec::new(),
                    }
                }
            };
            stack.push(groups);
        }
        stack.pop().unwrap_or_default()
    }
}

fn smallest<'a>(groups: Vec<Vec<Operand<'a>>>) -> Option<Vec<Operand<'a>>> {
    groups.into_iter().min_by_key(Vec::len)
}
