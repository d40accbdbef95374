//! How well a vector matches a query by how often and how near each other its lexemes are:
//! `ts_rank`, in single and double precision where Postgres's is.

use crate::query::{Item, Operand, Query};
use crate::sort::sort;
use crate::vector::{Iter, Lexeme, POSITION_MAX, Position, Vector};

/// The weights of D, C, B and A where none are given.
pub const WEIGHTS: [f32; 4] = [0.1, 0.2, 0.4, 1.0];

/// `ts_rank(weights, vector, query, normalization)`.
pub fn rank(weights: &[f32; 4], vector: &Vector, query: &Query, normalization: u32) -> f32 {
    let size = vector.length();
    let Some(last) = query.items().last() else {
        return 0.0;
    };
    if size == 0 {
        return 0.0;
    }
    let operands = operands(query);
    let found: Vec<Iter<'_>> = operands
        .iter()
        .map(|operand| vector.find(operand.text, operand.prefix))
        .collect();
    let is_all = matches!(last, Item::And | Item::Phrase(_)) && operands.len() > 1;
    let mut rank = if is_all {
        by_distance(weights, &found)
    } else {
        by_frequency(weights, &found)
    };
    let has = |flag: u32| normalization & flag > 0;
    if has(1) {
        rank = (f64::from(rank) / log2((vector.positions() + 1) as f64)) as f32;
    }
    if has(2) {
        rank /= vector.positions() as f32;
    }
    if has(8) {
        rank /= size as f32;
    }
    if has(16) {
        rank = (f64::from(rank) / log2((size + 1) as f64)) as f32;
    }
    if has(32) {
        rank /= rank + 1.0;
    }
    rank
}

/// As Postgres divides them.
pub(crate) fn log2(of: f64) -> f64 {
    of.ln() / std::f64::consts::LN_2
}

/// The operands in the order of their bytes, each text once.
fn operands(query: &Query) -> Vec<Operand<'_>> {
    let items = query.items().iter().rev();
    let mut operands: Vec<_> = items.filter_map(|&item| query.operand(item)).collect();
    // Of `a` and `a:*` the one is kept that Postgres sorts first.
    sort(&mut operands, |a, b| a.text.cmp(b.text));
    operands.dedup_by_key(|operand| operand.text);
    operands
}

fn weight_of(weights: &[f32; 4], position: Position) -> f32 {
    weights[position.weight() as usize]
}

/// The positions of a lexeme; one without any has the weight D at a given one.
fn positions(lexeme: &Lexeme<'_>, otherwise: u16) -> Vec<Position> {
    let mut all: Vec<_> = lexeme.positions().collect();
    if all.is_empty() {
        all.push(Position(otherwise));
    }
    all
}

fn by_frequency(weights: &[f32; 4], found: &[Iter<'_>]) -> f32 {
    let mut rank = 0.0f32;
    for lexeme in found.iter().copied().flatten() {
        let (mut sum, mut best, mut best_at) = (0.0f32, -1.0f32, 1.0f32);
        for (at, position) in positions(&lexeme, 0).into_iter().enumerate() {
            let weight = weight_of(weights, position);
            let square = ((at + 1) * (at + 1)) as f32;
            sum += weight / square;
            if weight > best {
                (best, best_at) = (weight, square);
            }
        }
        // The sum of all 1/n².
        const LIMIT: f64 = 1.64493406685;
        let part = f64::from(best + sum - best / best_at) / LIMIT;
        rank = (f64::from(rank) + part) as f32;
    }
    match found.len() {
        0 => rank,
        size => rank / size as f32,
    }
}

/// No pair was found.
const NO_PAIR: f32 = 1e-20;

fn by_distance(weights: &[f32; 4], found: &[Iter<'_>]) -> f32 {
    let mut rank = -1.0f32;
    // Of each operand before, the positions of its last lexeme, and whether it has any of its own.
    let mut before: Vec<(Vec<Position>, bool)> = Vec::new();
    let distances = distances();
    for &lexemes in found {
        let mut last = None;
        for lexeme in lexemes {
            let lacks = lexeme.positions().len() == 0;
            let here = positions(&lexeme, POSITION_MAX);
            for (there, lack) in &before {
                for &a in &here {
                    for &b in there {
                        let distance = a.at().abs_diff(b.at());
                        if distance == 0 && !lacks && !lack {
                            continue;
                        }
                        let term = match distance {
                            0 => FAR,
                            _ => distances.get(usize::from(distance)).copied().unwrap_or(FAR),
                        };
                        let product = weight_of(weights, a) * weight_of(weights, b) * term;
                        let near = f64::from(product).sqrt() as f32;
                        rank = match rank < 0.0 {
                            true => near,
                            false => {
                                (1.0 - (1.0 - f64::from(rank)) * (1.0 - f64::from(near))) as f32
                            }
                        };
                    }
                }
            }
            last = Some((here, lacks));
        }
        before.extend(last);
    }
    if rank < 0.0 { NO_PAIR } else { rank }
}

/// The term of a distance of more than a hundred.
const FAR: f32 = 1e-30;

/// The terms of the distances to a hundred: 1 / (1.005 + 0.05 e^(distance / 1.5 - 2)), in single
/// precision, which forgives that the powers are multiplied up.
fn distances() -> [f32; 101] {
    let mut power = 0.1353352832366127; // e^-2
    let step = 1.9477340410546757; // e^(2/3)
    std::array::from_fn(|_| {
        let term = (1.0 / (1.005 + 0.05 * power)) as f32;
        power *= step;
        term
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_of_distances_are_those_of_the_exponential_function() {
        for (distance, term) in distances().into_iter().enumerate() {
            let expected = 1.0 / (1.005 + 0.05 * (distance as f64 / 1.5 - 2.0).exp());
            assert_eq!(term, expected as f32, "{distance}");
        }
    }
}
