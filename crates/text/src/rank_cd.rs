//! How well a vector matches a query by the covers of the query, the shortest runs of the text that
//! match it: `ts_rank_cd`.

use crate::matching::{Found, Truth, execute};
use crate::query::Query;
use crate::rank::log2;
use crate::vector::{Position, Vector};

/// A lexeme at a position, and the items of the query that it is.
struct Place {
    position: Position,
    items: Vec<usize>,
}

/// A run of places.
struct Cover {
    first: usize,
    last: usize,
}

/// `ts_rank_cd(weights, vector, query, normalization)`; no weight may be above 1.
pub fn rank_cd(weights: &[f32; 4], vector: &Vector, query: &Query, normalization: u32) -> f32 {
    let places = places(vector, query);
    if places.is_empty() {
        return 0.0;
    }
    let at = |place: usize| i32::from(places[place].position.at());
    let (mut rank, mut closeness, mut covers) = (0.0f64, 0.0f64, 0u32);
    let mut before = 0.0f64;
    let mut start = 0;
    while let Some(Cover { first, last }) = next_cover(&places, query, start) {
        start = first + 1;
        let weights = places[first..=last].iter().map(|place| {
            let weight = weights[place.position.weight() as usize];
            1.0 / f64::from(weight)
        });
        let mut inverse = 0.0;
        weights.for_each(|weight| inverse += weight);
        let length = (last - first) as i32;
        let mut noise = at(last) - at(first) - length;
        if noise < 0 {
            // Positions stop growing at the end of a long text.
            noise = length / 2;
        }
        rank += f64::from(length + 1) / inverse / f64::from(1 + noise);
        let middle = f64::from(at(last) + at(first)) / 2.0;
        if covers > 0 && middle > before {
            closeness += 1.0 / (middle - before);
        }
        before = middle;
        covers += 1;
    }
    let size = vector.length() as f64;
    let has = |flag: u32| normalization & flag > 0;
    if has(1) {
        rank /= ((vector.positions() + 1) as f64).ln();
    }
    if has(2) {
        rank /= vector.positions() as f64;
    }
    if has(4) && covers > 0 && closeness > 0.0 {
        rank /= f64::from(covers) / closeness;
    }
    if has(8) {
        rank /= size;
    }
    if has(16) {
        rank /= log2(size + 1.0);
    }
    if has(32) {
        rank /= rank + 1.0;
    }
    rank as f32
}

/// All places of the query's lexemes, in order.
fn places(vector: &Vector, query: &Query) -> Vec<Place> {
    let mut found = Vec::new();
    for (item, operand) in query.items().iter().enumerate().rev() {
        let Some(operand) = query.operand(*operand) else {
            continue;
        };
        for lexeme in vector.find(operand.text, operand.prefix) {
            for position in lexeme.positions() {
                if operand.takes(position.weight()) {
                    found.push((position.at(), position, lexeme.text, item));
                }
            }
        }
    }
    found.sort_unstable_by(|a, b| (a.0, a.1.0, a.2).cmp(&(b.0, b.1.0, b.2)));
    let same = |a: &(u16, Position, &str, usize), b: &(u16, Position, &str, usize)| {
        a.1 == b.1 && a.2 == b.2
    };
    let places = found.chunk_by(same);
    let place = |same: &[(u16, Position, &str, usize)]| Place {
        position: same[0].1,
        items: same.iter().map(|found| found.3).collect(),
    };
    places.map(place).collect()
}

/// What is known of the items within a run of places.
struct Window {
    positions: Vec<Vec<u16>>,
}

impl Window {
    fn new(query: &Query) -> Self {
        Self {
            positions: vec![Vec::new(); query.items().len()],
        }
    }

    fn add(&mut self, place: &Place) {
        let at = place.position.at();
        for &item in &place.items {
            let positions = &mut self.positions[item];
            if positions.last() != Some(&at) {
                positions.push(at);
            }
        }
    }

    fn matches(&self, query: &Query) -> bool {
        execute(query, &|item, _, in_phrase| {
            let positions = &self.positions[item];
            if positions.is_empty() {
                return Found::default();
            }
            let mut known = Vec::new();
            if in_phrase {
                known.clone_from(positions);
                // They were found from the left, or from the right.
                if known.first() > known.last() {
                    known.reverse();
                }
            }
            Found::new(Truth::Yes, known)
        })
    }
}

fn next_cover(places: &[Place], query: &Query, mut start: usize) -> Option<Cover> {
    loop {
        let mut window = Window::new(query);
        let last = (start..places.len()).find(|&place| {
            window.add(&places[place]);
            window.matches(query)
        })?;
        let mut window = Window::new(query);
        let first = (start..=last).rev().find(|&place| {
            window.add(&places[place]);
            window.matches(query)
        });
        match first {
            Some(first) => return Some(Cover { first, last }),
            None => start += 1,
        }
    }
}
