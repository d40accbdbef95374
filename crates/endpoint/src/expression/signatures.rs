//! Which function of the core an operator or function of Postgres is, by the types of its
//! arguments, found as Postgres resolves overloads.

use super::kinds::{NUMERIC, implicit, is_text, plain, preferred};
use super::rare::by_word;
use haversack_core::more::range_subtype;
use haversack_core::schema::Type;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The type of an argument or result.
#[derive(Clone, Debug, PartialEq)]
enum Slot {
    Exact(Type),
    Array,
    Element,
    NonArray,
    Range,
}

#[derive(Debug)]
struct Signature {
    core: &'static str,
    arguments: Vec<Slot>,
    result: Slot,
}

/// A call that is resolved.
#[derive(Debug)]
pub(super) struct Resolved {
    /// The core's function, with `swap:` or `not:` before it.
    pub(super) core: &'static str,
    /// What each argument has to be cast to.
    pub(super) arguments: Vec<Type>,
    /// The type of the result.
    pub(super) result: Type,
}

static TABLE: LazyLock<HashMap<&'static str, Vec<Signature>>> = LazyLock::new(|| {
    let mut table: HashMap<&'static str, Vec<Signature>> = HashMap::new();
    for line in include_str!("signatures.txt").lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(name), Some(core)) = (words.next(), words.next()) else {
            continue;
        };
        // `#` is a comment where it stands alone, and an operator before a function.
        if core
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:.".contains(c))
            && !line.starts_with("# ")
            || name == "#" && matches!(core, "int_xor" | "more.bits_xor")
        {
            let mut slots: Vec<&str> = words.collect();
            let result = slots.pop().map(slot).expect("a signature has a result");
            slots.pop();
            table.entry(name).or_default().push(Signature {
                core,
                arguments: slots.into_iter().map(slot).collect(),
                result,
            });
        }
    }
    table
});

fn slot(word: &str) -> Slot {
    Slot::Exact(match word {
        "anyarray" => return Slot::Array,
        "anyelement" => return Slot::Element,
        "anynonarray" => return Slot::NonArray,
        "anyrange" => return Slot::Range,
        "numeric" => NUMERIC,
        "bpchar" => Type::Char { length: 0 },
        "interval" => Type::Interval,
        "json" => Type::Json,
        "jsonb" => Type::Jsonb,
        "bytea" => Type::Bytea,
        "int4[]" => Type::Array {
            of: Box::new(Type::Int4),
        },
        "text[]" => Type::Array {
            of: Box::new(Type::Text),
        },
        other => match plain(other).or_else(|| by_word(other)) {
            Some(kind) => kind,
            None => unreachable!("{other} in signatures.txt"),
        },
    })
}

/// Is there anything of this name?
pub(super) fn known(name: &str) -> bool {
    TABLE.contains_key(name)
}

/// The names of all of them.
#[cfg(test)]
pub(super) fn names() -> Vec<&'static str> {
    TABLE.keys().copied().collect()
}

/// Finds the function for arguments of these base types; `None` stands for an untyped literal.
pub(super) fn resolve(name: &str, given: &[Option<Type>]) -> Option<Resolved> {
    let mut best: Vec<(u32, u32, Resolved)> = TABLE
        .get(name)?
        .iter()
        .filter_map(|signature| signature.fit(given))
        .collect();
    let exact = best.iter().map(|fit| fit.0).max()?;
    best.retain(|fit| fit.0 == exact);
    let liked = best.iter().map(|fit| fit.1).max()?;
    best.retain(|fit| fit.1 == liked);
    if best.len() > 1 {
        // What is left differs in untyped literals: as text, or as the other argument's type.
        let same = given.iter().flatten().next();
        let fits = |(_, _, r): &(u32, u32, Resolved)| r.arguments.iter().all(|a| Some(a) == same);
        if best.iter().any(fits) {
            best.retain(fits);
        } else {
            best.retain(|(_, _, r)| {
                let untyped = given.iter().zip(&r.arguments).filter(|(g, _)| g.is_none());
                untyped.into_iter().all(|(_, a)| is_text(a))
            });
        }
    }
    match best.len() {
        1 => best.pop().map(|fit| fit.2),
        _ => None,
    }
}

/// What the values of a range are; `None` of another type.
fn subtype(kind: &Type) -> Option<Type> {
    match kind {
        Type::Opaque { sql } => range_subtype(sql),
        _ => None,
    }
}

impl Signature {
    /// How many arguments fit exactly, how many are of a preferred type, and the call.
    fn fit(&self, given: &[Option<Type>]) -> Option<(u32, u32, Resolved)> {
        if self.arguments.len() != given.len() {
            return None;
        }
        let range = given.iter().flatten().find(|kind| subtype(kind).is_some());
        let range = range.cloned();
        let element = self.element(given)?;
        let (mut exact, mut liked) = (0, 0);
        let mut arguments = Vec::new();
        for (slot, given) in self.arguments.iter().zip(given) {
            let target = match (slot, given) {
                (Slot::Exact(kind), _) => kind.clone(),
                (Slot::NonArray, Some(Type::Array { .. } | Type::Opaque { .. })) => return None,
                (Slot::Range, _) => range.clone()?,
                (Slot::NonArray, _) => Type::Text,
                (Slot::Array, _) => Type::Array {
                    of: Box::new(element.clone()?),
                },
                (Slot::Element, _) => element.clone()?,
            };
            match (slot, given) {
                (_, None) | (Slot::NonArray, _) => {}
                (_, Some(given)) if *given == target => exact += 1,
                (_, Some(given)) if implicit(given, &target) => {
                    liked += u32::from(preferred(&target));
                }
                (_, Some(_)) => return None,
            }
            arguments.push(target);
        }
        let result = match &self.result {
            Slot::Exact(kind) => kind.clone(),
            Slot::Array => Type::Array {
                of: Box::new(element?),
            },
            Slot::Element | Slot::NonArray => element?,
            Slot::Range => range?,
        };
        let core = self.core;
        let resolved = Resolved {
            core,
            arguments,
            result,
        };
        Some((exact, liked, resolved))
    }

    /// What `anyelement` stands for; `Some(None)` where the signature has none of it.
    fn element(&self, given: &[Option<Type>]) -> Option<Option<Type>> {
        let mut found: Option<Type> = None;
        let mut asked = false;
        for (slot, given) in self.arguments.iter().zip(given) {
            let kind = match (slot, given) {
                (Slot::Array, Some(Type::Array { of })) => (**of).clone(),
                (Slot::Array, Some(_)) => return None,
                (Slot::Range, Some(kind)) => subtype(kind)?,
                (Slot::Range, None) => continue,
                (Slot::Element, Some(kind)) => kind.clone(),
                (Slot::Array | Slot::Element, None) => {
                    asked = true;
                    continue;
                }
                (Slot::Exact(_) | Slot::NonArray, _) => continue,
            };
            asked = true;
            // The pseudo-types are those of one family: integer[] || bigint makes bigint[].
            found = Some(match found {
                None => kind,
                Some(other) => super::kinds::common(&other, &kind)?,
            });
        }
        (!asked || found.is_some()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::TABLE;
    use haversack_core::expr::FUNCTIONS;
    use haversack_core::more;

    #[test]
    fn what_compiles_can_be_evaluated() {
        for signature in TABLE.values().flatten() {
            let core = signature.core.rsplit(':').next().unwrap_or_default();
            assert!(
                core.strip_prefix(more::PREFIX)
                    .is_some_and(more::is_function)
                    || FUNCTIONS.contains(&core)
                    || IN_OTHER_WORDS.contains(&core),
                "{core} is no function of the core"
            );
        }
    }

    /// What the compiler says by other functions (`calls.rs`).
    const IN_OTHER_WORDS: &[&str] = &[
        "char_length_trimmed",
        "char_octet_length",
        "initcap",
        "iregex",
    ];
}
