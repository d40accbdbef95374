//! What words became: of the thousands of words of many texts nearly all were met before, and a stem takes
//! twenty times as long to make as to find.

/// The lexemes of words of one configuration, each in the one place that its hash has: of two words of a place
/// the last is kept.
#[derive(Debug, Default)]
pub struct Stems {
    places: Vec<Known>,
    /// The word that no place was for.
    last: Known,
}

#[derive(Clone, Debug, Default)]
struct Known {
    word: String,
    /// None for a stop word.
    lexeme: Option<String>,
}

impl Stems {
    /// Room for so many words; with none, none is kept.
    pub fn with_room(words: usize) -> Self {
        Self {
            places: vec![Known::default(); words],
            last: Known::default(),
        }
    }

    /// The lexeme of a word, which `make` makes where it isn't known.
    pub(crate) fn of(&mut self, word: &str, make: impl FnOnce() -> Option<String>) -> Option<&str> {
        let place = match self.places.len() {
            0 => None,
            places => Some(hash(word) as usize % places),
        };
        let known = match place {
            Some(place) => &mut self.places[place],
            None => &mut self.last,
        };
        if place.is_none() || known.word != word {
            *known = Known {
                word: word.into(),
                lexeme: make(),
            };
        }
        known.lexeme.as_deref()
    }
}

/// FNV-1a, <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn hash(word: &str) -> u32 {
    word.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use crate::{Config, Ctype, Stems, Vector};

    #[test]
    fn a_text_has_the_same_words_whatever_was_met_before() {
        let config = Config::named("english", 15, Ctype::Unicode).unwrap();
        let texts = [
            "The Fat Rats",
            "fat rats",
            "Rats the",
            "rating a rat",
            "fatter fattest fat",
        ];
        for room in [0, 1, 2, 64] {
            let mut stems = Stems::with_room(room);
            for text in texts.iter().cycle().take(12) {
                let vector = Vector::of_many(&config, text, &mut stems).unwrap();
                assert_eq!(
                    vector,
                    Vector::of(&config, text).unwrap(),
                    "{text} with {room}"
                );
            }
        }
    }
}
