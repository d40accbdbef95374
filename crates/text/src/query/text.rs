//! A query's text form: `'fat' & ( 'rat' | 'cat':*AB )`.

use super::parse::{Syntax, parse};
use super::{Item, Query};
use crate::scan::push_quoted;
use crate::{Config, Error, Weight};
use std::fmt::{Display, Formatter, Result as Written};

impl Query {
    /// Reads the text form, whose operands are lexemes already: `text::tsquery`.
    ///
    /// # Errors
    /// As Postgres, and `TooDeep`.
    pub fn parse(config: &Config, text: &str) -> Result<Self, Error> {
        parse(
            text,
            config.letters(),
            Syntax::Operators,
            &|builder, operand| builder.push(operand.text, operand.prefix, operand.weights),
        )
    }
}

/// What is still to be written, last first.
enum Step {
    /// The part that ends at an item, within an operator that binds so tightly; is it the right
    /// side of a phrase?
    Part(usize, u8, bool),
    Operator(Item),
    Close,
}

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        // How many items each item's part has.
        let mut sizes: Vec<usize> = Vec::with_capacity(self.items.len());
        for (at, item) in self.items.iter().enumerate() {
            let size = match item {
                Item::Operand { .. } => 1,
                Item::Not => 1 + sizes[at - 1],
                Item::And | Item::Or | Item::Phrase(_) => {
                    let right = sizes[at - 1];
                    1 + right + sizes[at - 1 - right]
                }
            };
            sizes.push(size);
        }
        let mut out = String::new();
        let mut steps = Vec::new();
        if let Some(last) = self.items.len().checked_sub(1) {
            steps.push(Step::Part(last, 0, false));
        }
        while let Some(step) = steps.pop() {
            match step {
                Step::Close => out.push_str(" )"),
                Step::Operator(operator) => push_operator(&mut out, operator),
                Step::Part(at, outer, is_right_of_phrase) => {
                    let item = self.items[at];
                    let priority = item.priority();
                    let is_phrase = matches!(item, Item::Phrase(_));
                    if priority < outer || is_phrase && is_right_of_phrase {
                        out.push_str("( ");
                        steps.push(Step::Close);
                    }
                    match item {
                        Item::Operand { .. } => self.push_operand(&mut out, item),
                        Item::Not => {
                            out.push('!');
                            steps.push(Step::Part(at - 1, priority, false));
                        }
                        Item::And | Item::Or | Item::Phrase(_) => {
                            steps.push(Step::Part(at - 1, priority, is_phrase));
                            steps.push(Step::Operator(item));
                            steps.push(Step::Part(at - 1 - sizes[at - 1], priority, false));
                        }
                    }
                }
            }
        }
        f.write_str(&out)
    }
}

impl Query {
    fn push_operand(&self, out: &mut String, item: Item) {
        let Some(operand) = self.operand(item) else {
            return;
        };
        push_quoted(out, operand.text);
        if operand.prefix || operand.is_weighted() {
            out.push(':');
        }
        if operand.prefix {
            out.push('*');
        }
        if operand.is_weighted() {
            let taken = Weight::ALL
                .into_iter()
                .rev()
                .filter(|&weight| operand.takes(weight));
            out.extend(taken.map(Weight::letter));
        }
    }
}

fn push_operator(out: &mut String, operator: Item) {
    match operator {
        Item::Or => out.push_str(" | "),
        Item::And => out.push_str(" & "),
        Item::Phrase(1) => out.push_str(" <-> "),
        Item::Phrase(distance) => {
            out.push_str(" <");
            out.push_str(&distance.to_string());
            out.push_str("> ");
        }
        Item::Not | Item::Operand { .. } => {}
    }
}
