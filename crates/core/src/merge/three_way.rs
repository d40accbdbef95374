//! The policy `merge`: what two made of one value, put together.
//!
//! **Laws.** Of base, mine and theirs: where two are equal, the third counts; so what only one side
//! changed is taken, whoever it was. JSON objects are merged key by key, an absent key being a value
//! like any other and what is no object counting as an empty one. Arrays are merged element by
//! element: what either side took out is out, what either put in is in, once where both did the
//! same; the server's order stands, and what is new stands behind what it stood behind. Anything
//! else that both changed is the server's, and is said to have lost. For changes of different keys
//! or elements the sides can be swapped (of arrays, up to the order).
//! Knows nothing of tables.

use crate::json::{Json, Member};
use crate::schema::Type;
use crate::value::{Array, Dimension, Value, json_text, json_tree};

/// Longer arrays are not merged: comparing each element with each takes too long.
pub const ELEMENTS_MAX: usize = 2_000;

/// Two values put together.
#[derive(Clone, Debug, PartialEq)]
pub struct Together {
    /// What they come to.
    pub value: Value,
    /// Is something of mine not in it?
    pub lost: bool,
}

/// Merges two values of a column; none where there is no more to say than that both changed it.
pub fn three_way(kind: &Type, base: &Value, mine: &Value, theirs: &Value) -> Option<Together> {
    let kept = |value: &Value| {
        let value = value.clone();
        Some(Together { value, lost: false })
    };
    if mine == theirs || mine == base {
        return kept(theirs);
    }
    if theirs == base {
        return kept(mine);
    }
    match kind {
        Type::Json | Type::Jsonb => documents(base, mine, theirs),
        Type::Array { of } => arrays(of, base, mine, theirs),
        _ => None,
    }
}

fn documents(base: &Value, mine: &Value, theirs: &Value) -> Option<Together> {
    let text = |value: &Value| match value {
        Value::Text(text) => json_text(&json_tree(text)?),
        Value::Null | Value::Int(_) | Value::Float(_) => None,
    };
    // In canonical form equal documents are equal trees.
    let base = text(base);
    let (mine, theirs) = (text(mine)?, text(theirs)?);
    let base = base.as_deref().map(json_tree);
    let base = base.as_ref().and_then(Option::as_ref);
    let mut lost = false;
    let (mine, theirs) = (json_tree(&mine)?, json_tree(&theirs)?);
    let merged = json(base, Some(&mine), Some(&theirs), &mut lost)?;
    let value = Value::text(json_text(&merged)?);
    Some(Together { value, lost })
}

fn json<'a>(
    base: Option<&Json<'a>>,
    mine: Option<&Json<'a>>,
    theirs: Option<&Json<'a>>,
    lost: &mut bool,
) -> Option<Json<'a>> {
    if mine == theirs || mine == base {
        return theirs.cloned();
    }
    if theirs == base {
        return mine.cloned();
    }
    match (mine, theirs) {
        (Some(Json::Object(mine)), Some(Json::Object(theirs))) => {
            let base = base.map_or(&[][..], Json::members);
            Some(Json::Object(members(base, mine, theirs, lost)))
        }
        (Some(Json::List(mine)), Some(Json::List(theirs))) => {
            let base = match base {
                Some(Json::List(base)) => &base[..],
                _ => &[],
            };
            match sequence(base, mine, theirs) {
                Some((merged, reordered)) => {
                    *lost |= reordered;
                    Some(Json::List(merged))
                }
                None => {
                    *lost = true;
                    Some(Json::List(theirs.clone()))
                }
            }
        }
        _ => {
            *lost = true;
            theirs.cloned()
        }
    }
}

/// Merges objects in canonical form; the result is put in order when it is written.
fn members<'a>(
    base: &[Member<'a>],
    mine: &[Member<'a>],
    theirs: &[Member<'a>],
    lost: &mut bool,
) -> Vec<Member<'a>> {
    let of = |members: &[Member<'a>]| -> std::collections::BTreeMap<String, Json<'a>> {
        let pairs = members.iter();
        pairs
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect()
    };
    let (base, mine, theirs) = (of(base), of(mine), of(theirs));
    let mut names: Vec<&String> = theirs.keys().collect();
    names.extend(mine.keys().filter(|name| !theirs.contains_key(*name)));
    let merged = names.into_iter().filter_map(|name| {
        let value = json(base.get(name), mine.get(name), theirs.get(name), lost)?;
        Some((name.clone().into(), value))
    });
    merged.collect()
}

fn arrays(of: &Type, base: &Value, mine: &Value, theirs: &Value) -> Option<Together> {
    let items = |value: &Value| -> Option<Vec<Value>> {
        let Value::Text(text) = value else {
            return None;
        };
        let array = Array::parse(of, text).ok()?;
        // Of arrays in several dimensions, elements have no place of their own.
        let plain = match &array.dimensions[..] {
            [] => true,
            [one] => one.lower == 1,
            _ => false,
        };
        plain.then_some(array.items)
    };
    let base = match base {
        Value::Null => Vec::new(),
        base => items(base)?,
    };
    let (merged, lost) = sequence(&base, &items(mine)?, &items(theirs)?)?;
    let mut array = Array {
        dimensions: vec![Dimension {
            lower: 1,
            length: merged.len(),
        }],
        items: merged,
    };
    array.resize();
    let value = Value::text(array.text(of));
    Some(Together { value, lost })
}

/// How often an element stands in the result, of how often it stood in each.
fn count(base: usize, mine: usize, theirs: usize) -> usize {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match (mine.cmp(&base), theirs.cmp(&base)) {
        (Equal, _) => theirs,
        (_, Equal) => mine,
        // Both did the same, one of them perhaps more often.
        (Greater, Greater) => mine.max(theirs),
        (Less, Less) => mine.min(theirs),
        (Greater, Less) | (Less, Greater) => (mine + theirs).saturating_sub(base),
    }
}

/// Merges lists; says too whether an order of mine's is lost. None where they are too long.
fn sequence<T: Clone + PartialEq>(base: &[T], mine: &[T], theirs: &[T]) -> Option<(Vec<T>, bool)> {
    if [base, mine, theirs].iter().any(|l| l.len() > ELEMENTS_MAX) {
        return None;
    }
    let times = |list: &[T], item: &T| list.iter().filter(|other| *other == item).count();
    let wanted = |item: &T| count(times(base, item), times(mine, item), times(theirs, item));
    let mut merged: Vec<T> = Vec::with_capacity(theirs.len() + mine.len());
    for item in theirs {
        if times(&merged, item) < wanted(item) {
            merged.push(item.clone());
        }
    }
    // Mine's elements in their order: known ones are passed, new ones put behind the last passed.
    let mut at = 0;
    for (i, item) in mine.iter().enumerate() {
        let missing = wanted(item).saturating_sub(times(&merged, item));
        let is_new = missing > 0 && times(&mine[i..], item) <= missing;
        if !is_new {
            if let Some(passed) = merged.iter().position(|other| other == item) {
                at = at.max(passed + 1);
            }
            continue;
        }
        // Who comes later stands later, behind what the other side has put there.
        while merged
            .get(at)
            .is_some_and(|next| !base.contains(next) && !mine.contains(next))
        {
            at += 1;
        }
        merged.insert(at, item.clone());
        at += 1;
    }
    let kept = |list: &[T], other: &[T]| -> Vec<T> {
        let kept = list.iter().filter(|item| other.contains(item));
        kept.cloned().collect()
    };
    let reordered = {
        let (is, was) = (kept(mine, base), kept(base, mine));
        is.len() == was.len() && is != was
    };
    Some((merged, reordered))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(kind: &Type, base: &str, mine: &str, theirs: &str) -> (String, bool) {
        let value = |text: &str| match text {
            "" => Value::Null,
            text => crate::value::parse(kind, text).expect("good text"),
        };
        match three_way(kind, &value(base), &value(mine), &value(theirs)) {
            Some(Together { value, lost }) => (
                crate::value::to_text(kind, &value).unwrap_or_default(),
                lost,
            ),
            None => ("none".into(), true),
        }
    }

    #[test]
    fn documents_merge_key_by_key() {
        let check = |base: &str, mine: &str, theirs: &str, is: &str, lost: bool| {
            assert_eq!(merged(&Type::Jsonb, base, mine, theirs), (is.into(), lost));
        };
        check(
            r#"{"a":1}"#,
            r#"{"a":2}"#,
            r#"{"a":1,"b":3}"#,
            r#"{"a": 2, "b": 3}"#,
            false,
        );
        // A key that one took out and the other left alone is out.
        check(
            r#"{"a":1,"b":2}"#,
            r#"{"b":2}"#,
            r#"{"a":1,"b":3}"#,
            r#"{"b": 3}"#,
            false,
        );
        // One that the other changed is the other's.
        check(r#"{"a":1}"#, "{}", r#"{"a":2}"#, r#"{"a": 2}"#, true);
        check(
            r#"{"a":{"x":1,"y":1}}"#,
            r#"{"a":{"x":2,"y":1}}"#,
            r#"{"a":{"x":1,"y":2}}"#,
            r#"{"a": {"x": 2, "y": 2}}"#,
            false,
        );
        check(
            r#"{"a":1}"#,
            r#"{"a":2}"#,
            r#"{"a":3}"#,
            r#"{"a": 3}"#,
            true,
        );
        // Both made it: what was none counts as empty.
        check("", r#"{"a":1}"#, r#"{"b":1}"#, r#"{"a": 1, "b": 1}"#, false);
        check("1", "2", "3", "3", true);
        check(
            r#"{"l":[1,2]}"#,
            r#"{"l":[1,2,3]}"#,
            r#"{"l":[2]}"#,
            r#"{"l": [2, 3]}"#,
            false,
        );
        // Notation makes no difference.
        check(
            r#"{"a":1,"b":1}"#,
            r#"{"b":1,"a":1}"#,
            r#"{"a":2,"b":1}"#,
            r#"{"a": 2, "b": 1}"#,
            false,
        );
    }

    #[test]
    fn arrays_merge_element_by_element() {
        let kind = Type::Array {
            of: Box::new(Type::Text),
        };
        let check = |base: &str, mine: &str, theirs: &str, is: &str, lost: bool| {
            assert_eq!(merged(&kind, base, mine, theirs), (is.into(), lost));
        };
        check("{a,b}", "{a,b,m}", "{a,b,t}", "{a,b,t,m}", false);
        check("{a,b}", "{m,a,b}", "{a,b,t}", "{m,a,b,t}", false);
        check("{a,b,c}", "{a,c}", "{a,b,c,t}", "{a,c,t}", false);
        check("{a,b}", "{b}", "{a}", "{}", false);
        check("{}", "{x}", "{x}", "{x}", false);
        check("{}", "{x,m}", "{x,t}", "{x,t,m}", false);
        check("", "{m}", "{t}", "{t,m}", false);
        // An order is mine's own, and lost where both changed.
        check("{a,b}", "{b,a}", "{a,b,t}", "{a,b,t}", true);
        check("{a,a}", "{a}", "{a,a,t}", "{a,t}", false);
        check("{a}", "{a,a}", "{a,t}", "{a,t,a}", false);
        check("{a,a,a}", "{a,a}", "{a}", "{a}", false);
        // NULL is no array to put anything into.
        check("{a}", "", "{a,t}", "none", true);
        check("{{1,2}}", "{{1,3}}", "{{2,2}}", "none", true);
    }
}
