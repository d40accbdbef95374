//! Arrays as values: dimensions and elements, for operators and order.

use super::array::{Tree, parse_tree, write_element};
use super::{Value, mismatch, parse, parse_canonical, write_int};
use crate::error::{Error, ErrorCode};
use crate::more;
use crate::schema::Type;

/// One dimension of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dimension {
    pub lower: i64,
    pub length: usize,
}

/// An array with its elements in the stored form of their type; no dimensions where it is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Array {
    pub dimensions: Vec<Dimension>,
    pub items: Vec<Value>,
}

impl Array {
    /// Reads canonical text.
    pub(crate) fn parse(of: &Type, text: &str) -> Result<Self, Error> {
        let bad = || mismatch("array", text, "22P02");
        let tree = parse_tree(text).ok_or_else(bad)?;
        let mut array = Self::default();
        // The first way down tells the lengths; Postgres has no ragged arrays.
        let mut level = &tree;
        while let Tree::List(items) = level {
            array.dimensions.push(Dimension {
                lower: 1,
                length: items.len(),
            });
            match items.first() {
                Some(first) => level = first,
                None => break,
            }
        }
        if array.dimensions.iter().any(|d| d.length == 0) {
            array.dimensions.clear();
        }
        array.collect(of, &tree)?;
        if let Some((bounds, _)) = text.split_once('=').filter(|_| text.starts_with('[')) {
            let lowers = bounds.split(['[', ']']).filter(|bound| !bound.is_empty());
            for (dimension, bound) in array.dimensions.iter_mut().zip(lowers) {
                let lower = bound.split(':').next().unwrap_or_default();
                dimension.lower = lower.parse().map_err(|_| bad())?;
            }
        }
        Ok(array)
    }

    /// Of a value; NULL is an empty array.
    pub(crate) fn parse_or_empty(of: &Type, value: &Value) -> Result<Self, Error> {
        match value {
            Value::Text(text) => Self::parse(of, text),
            _ => Ok(Self::default()),
        }
    }

    fn collect(&mut self, of: &Type, tree: &Tree) -> Result<(), Error> {
        match tree {
            Tree::Element(None) => self.items.push(Value::Null),
            // An array prints an address otherwise than the cast that is its stored form.
            Tree::Element(Some(text)) => self.items.push(match of {
                Type::Opaque { .. } => parse(of, text)?,
                _ => parse_canonical(of, text)?,
            }),
            Tree::List(items) => {
                for item in items {
                    self.collect(of, item)?;
                }
            }
        }
        Ok(())
    }

    /// Takes its single dimension's length from its elements.
    pub(crate) fn resize(&mut self) {
        match (&mut self.dimensions[..], self.items.len()) {
            (_, 0) => self.dimensions.clear(),
            ([one], length) => one.length = length,
            _ => {}
        }
    }

    /// The canonical text.
    pub(crate) fn text(&self, of: &Type) -> String {
        let mut out = String::new();
        if self.dimensions.iter().any(|d| d.lower != 1) {
            self.write_bounds(&mut out);
            out.push('=');
        }
        self.write(of, &self.dimensions, &self.items, &mut out);
        out
    }

    /// Appends `[1:2][1:3]`.
    pub(crate) fn write_bounds(&self, out: &mut String) {
        for dimension in &self.dimensions {
            out.push('[');
            write_int(dimension.lower, out);
            out.push(':');
            write_int(dimension.lower + dimension.length as i64 - 1, out);
            out.push(']');
        }
    }

    fn write(&self, of: &Type, dimensions: &[Dimension], items: &[Value], out: &mut String) {
        let Some((first, rest)) = dimensions.split_first() else {
            out.push_str("{}");
            return;
        };
        out.push('{');
        let each = items.len() / first.length.max(1);
        for (i, part) in items.chunks(each.max(1)).enumerate() {
            if i > 0 {
                out.push(',');
            }
            match (rest, part) {
                ([], [item]) => write_element(of, item, out),
                _ => self.write(of, rest, part, out),
            }
        }
        out.push('}');
    }
}

/// The elements of an array, whatever its dimensions.
pub(crate) fn array_values(of: &Type, text: &str) -> Result<Vec<Value>, Error> {
    Ok(Array::parse(of, text)?.items)
}

/// `ARRAY[…]` of items: elements, or arrays of equal dimensions.
pub(crate) fn make_array(of: &Type, nested: bool, items: Vec<Value>) -> Result<String, Error> {
    if !nested {
        let mut array = Array {
            dimensions: vec![Dimension {
                lower: 1,
                length: items.len(),
            }],
            items,
        };
        array.resize();
        return Ok(array.text(of));
    }
    let ragged = || {
        let message =
            "multidimensional arrays must have array expressions with matching dimensions";
        Error::new(ErrorCode::TypeMismatch, message).sqlstate("2202E")
    };
    let mut whole: Option<Array> = None;
    let mut empty = false;
    let mut count = 0;
    for item in &items {
        // A null array is left out, as an empty one is.
        let part = Array::parse_or_empty(of, item)?;
        if part.dimensions.is_empty() {
            empty = true;
            continue;
        }
        count += 1;
        match &mut whole {
            None => whole = Some(part),
            Some(whole) if whole.dimensions == part.dimensions => whole.items.extend(part.items),
            Some(_) => return Err(ragged()),
        }
    }
    match whole {
        None => Ok("{}".into()),
        Some(_) if empty => Err(ragged()),
        Some(mut whole) => {
            let outer = Dimension {
                lower: 1,
                length: count,
            };
            whole.dimensions.insert(0, outer);
            Ok(whole.text(of))
        }
    }
}

/// An array with each element made another type's.
pub(crate) fn map_array(
    from: &Type,
    to: &Type,
    text: &str,
    cast: &dyn Fn(Value) -> Result<Value, Error>,
) -> Result<String, Error> {
    let mut array = Array::parse(from, text)?;
    for item in &mut array.items {
        *item = cast(std::mem::take(item))?;
    }
    Ok(array.text(to))
}

/// The elements of a one-dimensional array as text, NULL as `None`.
pub fn array_texts(text: &str) -> Option<Vec<Option<String>>> {
    fn collect(tree: Tree, out: &mut Vec<Option<String>>) {
        match tree {
            Tree::Element(text) => out.push(text),
            Tree::List(items) => items.into_iter().for_each(|item| collect(item, out)),
        }
    }
    let mut out = Vec::new();
    collect(parse_tree(text)?, &mut out);
    Some(out)
}

/// A value as its type's output function prints it, which for booleans and addresses is not the cast.
pub(crate) fn output(kind: &Type, value: &Value) -> String {
    match (kind, value) {
        (Type::Bool, Value::Int(int)) => if *int != 0 { "t" } else { "f" }.into(),
        (Type::Opaque { sql }, Value::Text(text)) => more::output(sql, text).into(),
        _ => super::to_text(kind, value).unwrap_or_default(),
    }
}
