//! Which text search configuration of which server is meant, and what it makes of a word.

use crate::letters::Letters;
use crate::parser::{Kind, Parser, Token};
use crate::stem;
use crate::stems::Stems;

/// The character classes of a database (`pg_database.datctype`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ctype {
    /// `C` or `POSIX`: all beyond ASCII are letters, and without case.
    C,
    /// Any other, in UTF-8. Turkish and Azerbaijani have lower cases of their own, unknown here.
    Unicode,
}

/// The language of a text search configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `pg_catalog.simple`: every word as it is, in lower case.
    Simple,
    /// `pg_catalog.english`: stop words left out, the others stemmed.
    English,
}

/// A text search configuration on one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its language.
    pub language: Language,
    /// The server's major version.
    pub major: u16,
    /// The character classes of the database.
    pub ctype: Ctype,
}

/// A token of so many bytes is no word to Postgres.
pub(crate) const WORD_BYTES_MAX: usize = 2047;
/// A word longer than this is not stemmed.
const STEM_BYTES_MAX: usize = 1000;

/// `english.stop`: for each letter, what its words have after it.
const STOP_WORDS: [&str; 26] = [
    " bout bove fter gain gainst ll m n nd ny re s t",
    "e ecause een efore eing elow etween oth ut y",
    "an",
    "id o oes oing on own uring",
    "ach",
    "ew or rom urther",
    "-",
    "ad as ave aving e er ere ers erself im imself is ow",
    " f n nto s t ts tself",
    "ust",
    "-",
    "-",
    "e ore ost y yself",
    "o or ot ow",
    "f ff n nce nly r ther ur urs urselves ut ver wn",
    "-",
    "-",
    "-",
    " ame he hould o ome uch",
    " han hat he heir heirs hem hemselves hen here hese hey his hose hrough o oo",
    "nder ntil p",
    "ery",
    "as e ere hat hen here hich hile ho hom hy ill ith",
    "-",
    "ou our ours ourself ourselves",
    "-",
];

impl Config {
    /// The configuration of a name, as `default_text_search_config` has it; `None` where only the
    /// server knows it.
    pub fn named(name: &str, major: u16, ctype: Ctype) -> Option<Self> {
        let language = match name.strip_prefix("pg_catalog.").unwrap_or(name) {
            "simple" => Language::Simple,
            "english" => Language::English,
            _ => return None,
        };
        Some(Self {
            language,
            major,
            ctype,
        })
    }

    /// The tokens of a text, as `ts_parse('default', text)` has them.
    pub fn tokens<'a>(&self, text: &'a str) -> impl Iterator<Item = Token> + use<'a> {
        Parser::new(text, self.letters())
    }

    pub(crate) fn letters(&self) -> Letters {
        Letters::new(self.ctype, self.major)
    }

    /// Hands on the lexeme of each word and its position, 1 for the first; stop words and long
    /// tokens have none, of which the former take a position.
    pub(crate) fn lexemes(&self, text: &str, stems: &mut Stems, take: &mut dyn FnMut(&str, usize)) {
        let letters = self.letters();
        let mut position = 0;
        for token in Parser::new(text, letters) {
            let is_prose = match token.kind {
                Kind::Blank | Kind::Tag | Kind::Protocol | Kind::Entity => continue,
                Kind::AsciiWord
                | Kind::Word
                | Kind::HyphenatedPart
                | Kind::HyphenatedAsciiPart
                | Kind::HyphenatedAsciiWord
                | Kind::HyphenatedWord => self.language == Language::English,
                _ => false,
            };
            let word = &text[token.start..token.end];
            if word.len() >= WORD_BYTES_MAX {
                continue;
            }
            position += 1;
            if !is_prose || word.len() > STEM_BYTES_MAX {
                take(&letters.lower_all(word), position);
                continue;
            }
            let lexeme = || {
                let lowered = letters.lower_all(word);
                let is_meant = !is_stop_word(&lowered);
                is_meant.then(|| stem::stem(&lowered, self.major))
            };
            if let Some(lexeme) = stems.of(word, lexeme) {
                take(lexeme, position);
            }
        }
    }
}

fn is_stop_word(word: &str) -> bool {
    let first = word.bytes().next().unwrap_or(0).wrapping_sub(b'a');
    let rests = STOP_WORDS.get(usize::from(first));
    rests.is_some_and(|rests| rests.split(' ').any(|rest| rest == &word[1..]))
}
