//! The English stemmer, Porter's second, as the server's version of Snowball has it.
//! <https://snowballstem.org/algorithms/english/stemmer.html>

/// A word on its way: bytes, of which those beyond ASCII are consonants to every rule.
struct Stem {
    word: Vec<u8>,
    /// Where the regions after the first and the second vowel and consonant begin.
    r1: usize,
    r2: usize,
}

/// The stem of a word in lower case, on this major version of the server.
pub(crate) fn stem(word: &str, major: u16) -> String {
    if let Some(known) = exception(word.as_bytes()) {
        return known.into();
    }
    let mut letters = word.chars();
    if letters.nth(2).is_none() {
        return word.into();
    }
    let mut stem = Stem::new(word);
    stem.possessive();
    stem.plural();
    if !after_plural(&stem.word) {
        stem.past(major);
        stem.final_y();
        stem.replace_in_r1(STEP_2);
        stem.replace_in_r1(STEP_3);
        stem.step_4();
        stem.step_5();
    }
    for byte in &mut stem.word {
        if *byte == b'Y' {
            *byte = b'y';
        }
    }
    // Only whole ASCII letters were cut and put.
    String::from_utf8(stem.word).unwrap_or_default()
}

/// Words with a stem of their own.
const EXCEPTIONS: &str = "skis ski skies sky sky sky dying die lying lie tying tie idly idl gently gentl \
    ugly ugli early earli only onli singly singl news news howe howe atlas atlas cosmos cosmos bias bias \
    andes andes";

fn exception(word: &[u8]) -> Option<&'static str> {
    let mut known = EXCEPTIONS.split(' ');
    while let Some(one) = known.next() {
        let stem = known.next();
        if one.as_bytes() == word {
            return stem;
        }
    }
    None
}

/// Words that are stems once a plural has lost its s.
fn after_plural(word: &[u8]) -> bool {
    let known = "inning outing canning herring earring proceed exceed succeed";
    word.len() > 5 && known.split(' ').any(|known| known.as_bytes() == word)
}

/// Endings, longest first where one ends in another, and what they become; `-` is nothing.
type Endings = &'static str;

const STEP_2: Endings = "ational ate fulness ful iveness ive ization ize ousness ous biliti ble lessli less \
    tional tion alism al aliti al ation ate entli ent fulli ful iviti ive ousli ous abli able alli al \
    anci ance ator ate enci ence izer ize bli ble ogi og li -";

const STEP_3: Endings =
    "ational ate tional tion alize al ative - icate ic iciti ic ical ic ness - ful -";

const STEP_4: &str = "ement able ance ence ible ment ant ate ent ion ism iti ive ize ous al er ic";

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

/// The place after the first non-vowel that follows a vowel.
fn region(word: &[u8], from: usize) -> usize {
    let Some(vowel) = (from..word.len()).find(|&at| is_vowel(word[at])) else {
        return word.len();
    };
    let Some(at) = (vowel..word.len()).find(|&at| !is_vowel(word[at])) else {
        return word.len();
    };
    // A letter beyond ASCII is of several bytes.
    let mut end = at + 1;
    while end < word.len() && word[end] & 0xc0 == 0x80 {
        end += 1;
    }
    end
}

impl Stem {
    fn new(text: &str) -> Self {
        let mut word = text.as_bytes().to_vec();
        if word[0] == b'\'' {
            word.remove(0);
        }
        // A y that sounds as a consonant is marked.
        for at in 0..word.len() {
            if word[at] == b'y' && (at == 0 || is_vowel(word[at - 1])) {
                word[at] = b'Y';
            }
        }
        let prefix = [&b"gener"[..], b"commun", b"arsen"];
        let prefix = prefix.into_iter().find(|prefix| word.starts_with(prefix));
        let r1 = prefix.map_or_else(|| region(&word, 0), |prefix| prefix.len());
        let r2 = region(&word, r1);
        Self { word, r1, r2 }
    }

    fn ends(&self, ending: &str) -> bool {
        self.word.ends_with(ending.as_bytes())
    }

    fn cut(&mut self, bytes: usize) {
        self.word.truncate(self.word.len() - bytes);
    }

    /// The byte so many from the end; 0 before the start.
    fn back(&self, bytes: usize) -> u8 {
        let at = self.word.len().checked_sub(bytes);
        at.map_or(0, |at| self.word[at])
    }

    fn has_vowel_before(&self, end: usize) -> bool {
        self.word[..end].iter().copied().any(is_vowel)
    }

    /// Does a short syllable end here?
    fn is_short_before(&self, end: usize) -> bool {
        let word = &self.word[..end];
        let Some(&last) = word.last() else {
            return false;
        };
        if is_vowel(last) {
            return false;
        }
        let mut vowel = end - 1;
        while vowel > 0 && word[vowel] & 0xc0 == 0x80 {
            vowel -= 1;
        }
        let Some(vowel) = vowel.checked_sub(1) else {
            return false;
        };
        is_vowel(word[vowel])
            && (vowel == 0 || !is_vowel(word[vowel - 1]) && !matches!(last, b'w' | b'x' | b'Y'))
    }

    fn possessive(&mut self) {
        for ending in ["'s'", "'s", "'"] {
            if self.ends(ending) {
                return self.cut(ending.len());
            }
        }
    }

    fn plural(&mut self) {
        let length = self.word.len();
        if self.ends("sses") {
            self.cut(2);
        } else if self.ends("ied") || self.ends("ies") {
            // To i where more than one letter is before it.
            let before = self.word[..length - 3].iter();
            let letters = before.filter(|&&byte| byte & 0xc0 != 0x80).count();
            self.cut(if letters > 1 { 2 } else { 1 });
        } else if self.ends("us") || self.ends("ss") {
        } else if self.ends("s")
            && length >= 2
            && self.has_vowel_before(self.last_letter(length - 1))
        {
            self.cut(1);
        }
    }

    /// The place of the letter that ends here.
    fn last_letter(&self, end: usize) -> usize {
        let mut at = end - 1;
        while at > 0 && self.word[at] & 0xc0 == 0x80 {
            at -= 1;
        }
        at
    }

    fn past(&mut self, major: u16) {
        let endings = ["eedly", "ingly", "edly", "eed", "ing", "ed"];
        let Some(ending) = endings.into_iter().find(|ending| self.ends(ending)) else {
            return;
        };
        let start = self.word.len() - ending.len();
        if ending.starts_with("ee") {
            if start >= self.r1 {
                self.word.truncate(start + 2);
            }
            return;
        }
        if !self.has_vowel_before(start) {
            return;
        }
        self.word.truncate(start);
        if self.ends("at") || self.ends("bl") || self.ends("iz") {
            self.word.push(b'e');
        } else if is_double(self.back(2), self.back(1)) {
            // Since 18: add, egg and off are whole.
            let is_whole = major >= 18 && start == 3 && matches!(self.back(3), b'a' | b'e' | b'o');
            if !is_whole {
                self.cut(1);
            }
        } else if start == self.r1 && self.is_short_before(start) {
            self.word.push(b'e');
        }
    }

    /// A final y after a consonant that is not the first letter.
    fn final_y(&mut self) {
        let length = self.word.len();
        if length > 2
            && matches!(self.back(1), b'y' | b'Y')
            && !is_vowel(self.back(2))
            && self.last_letter(length - 1) > 0
        {
            self.word[length - 1] = b'i';
        }
    }

    /// Replaces the longest of these endings, if it lies in R1.
    fn replace_in_r1(&mut self, endings: Endings) {
        let mut endings = endings.split(' ');
        let (ending, to) = loop {
            let (Some(ending), Some(to)) = (endings.next(), endings.next()) else {
                return;
            };
            if self.ends(ending) {
                break (ending, to.trim_start_matches('-'));
            }
        };
        let start = self.word.len() - ending.len();
        let before = self.back(ending.len() + 1);
        let goes = match ending {
            "ogi" => before == b'l',
            "li" => b"cdeghkmnrt".contains(&before),
            "ative" => start >= self.r2,
            _ => true,
        };
        if start >= self.r1 && goes {
            self.word.truncate(start);
            self.word.extend_from_slice(to.as_bytes());
        }
    }

    fn step_4(&mut self) {
        let Some(ending) = STEP_4.split(' ').find(|ending| self.ends(ending)) else {
            return;
        };
        let start = self.word.len() - ending.len();
        let goes = ending != "ion" || matches!(self.back(4), b's' | b't');
        if start >= self.r2 && goes {
            self.word.truncate(start);
        }
    }

    fn step_5(&mut self) {
        let start = self.word.len().saturating_sub(1);
        let goes = match self.back(1) {
            b'e' => start >= self.r2 || start >= self.r1 && !self.is_short_before(start),
            b'l' => start >= self.r2 && self.back(2) == b'l',
            _ => false,
        };
        if goes {
            self.cut(1);
        }
    }
}

fn is_double(first: u8, second: u8) -> bool {
    first == second
        && matches!(
            first,
            b'b' | b'd' | b'f' | b'g' | b'm' | b'n' | b'p' | b'r' | b't'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_algorithms_page_are_stemmed() {
        for (word, expected) in [
            ("consign", "consign"),
            ("consigned", "consign"),
            ("consolatory", "consolatori"),
            ("consistency", "consist"),
            ("knackeries", "knackeri"),
            ("knots", "knot"),
            ("generously", "generous"),
            ("skies", "sky"),
            ("innings", "inning"),
            ("hopping", "hop"),
            ("hoping", "hope"),
            ("ties", "tie"),
            ("cries", "cri"),
            ("gas", "gas"),
            ("kiwis", "kiwi"),
            ("cafés", "café"),
        ] {
            assert_eq!(stem(word, 15), expected, "{word}");
        }
    }

    #[test]
    fn server_18_keeps_short_doubles() {
        for (word, on_15, on_18) in [
            ("adding", "ad", "add"),
            ("ebbed", "eb", "ebb"),
            ("erring", "er", "err"),
        ] {
            assert_eq!(stem(word, 15), on_15);
            assert_eq!(stem(word, 18), on_18);
        }
    }
}
