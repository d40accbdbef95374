//! Random texts made of what is hard to cut into words.

/// Numbers that a seed decides.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    pub fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    pub fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

const PIECES: &[&str] = &[
    "wi-fi",
    "state-of-the-art",
    "a-1",
    "b-2-c",
    "x-3y",
    "e-mail",
    "naïve-Bayes",
    "foo@bar.com",
    "a@b@c.de",
    "a_b@c-d.example.org:80",
    "http://",
    "https://example.com/a/b?c=d&e#f",
    "example.co.uk",
    "ftp://a.bc:21/x",
    "/usr/local/lib",
    "~/notes.txt",
    "../up/../x",
    "./a",
    "..",
    "file.tar.gz",
    "a/b/c",
    "1.5",
    "-2",
    "+3.25",
    "1e10",
    "-1.5e-3",
    "1.2.3",
    "v1.2.3-beta",
    "10.0.0.1",
    "<a href=\"x>y\">",
    "<br/>",
    "</p>",
    "<!-- c -->",
    "<!--",
    "<script>",
    "</script>",
    "<STYLE >",
    "</style>",
    "<?xml v='1'?>",
    "<!DOCTYPE html>",
    "<b c='\\''",
    "&amp;",
    "&#38;",
    "&#x26;",
    "&lt",
    "&",
    "it's",
    "O’Neill",
    "rock'n'roll",
    "café",
    "cafe\u{301}",
    "ΣΊΣΥΦΟΣ",
    "Straße",
    "日本語",
    "हिन्दी",
    "العربية",
    "٣٤",
    "İstanbul",
    "ǅ",
    "a\u{a0}b",
    "a\u{ad}b",
    "\u{200b}",
    "\u{1}",
    "\u{85}",
    "\u{2003}",
    "🦀",
    "½",
    "x²",
    "_",
    "__a__",
    "a_b",
    "C++",
    "#tag",
    "$5.00",
    "50%",
    "a:b",
    "a.b",
    "a.bc",
    "A.B.C.",
    "--",
    "-",
    "(",
    ")",
    "[x]",
    "{y}",
    "\"",
    "'",
    "\\",
    "|",
    "!",
    "or",
    "OR",
    "and",
    "the",
    "of",
    "The",
    "running",
    "flies",
    "generously",
    "ponies",
    "adding",
    "relational",
    "skies",
    "news",
    "yes",
    "hopping",
    "\n",
    "\t",
    "/",
    "//",
    "a//b",
    "/~/",
    "/./x",
    "@",
    "a@",
    "1a",
    "1-a",
    "1_a.bc",
    "a1.bc",
    "a.b1.cd",
    "1.bc",
    "x.1y",
    "a.bcd1",
    "a.bc/",
    "a.bc/x",
    "a.bc:80/y",
    "a-b.cd",
    "a_b_c",
    "a-",
    "-a",
    "a.-b",
];

const PARSER: &[char] = &[
    'a', 'b', 'X', 'e', 'E', 'x', 'd', 's', '1', '2', '0', '-', '-', '_', '.', '.', '@', ':', '/',
    '/', '<', '>', '&', ';', '#', '!', '?', '~', '+', '=', '\'', '"', '\\', ' ', ' ', 'é',
    '\u{301}', '\u{660}', '%', ',', '\u{2003}', '\u{a0}', '日',
];

const LETTERS: &[char] = &[
    'a',
    'Z',
    'é',
    'É',
    'ß',
    'ſ',
    'İ',
    'ı',
    'Σ',
    'ς',
    'я',
    'Я',
    'א',
    'ع',
    'ह',
    '\u{94d}',
    '\u{903}',
    'ก',
    '\u{e33}',
    '日',
    'が',
    '\u{3099}',
    '한',
    '\u{1100}',
    '\u{1f600}',
    '\u{200d}',
    '\u{fe0f}',
    '\u{feff}',
    '\u{ad}',
    '\u{b2}',
    'ª',
    'º',
    '\u{2160}',
    'Ⓐ',
    'Ǆ',
    'ﬀ',
    'Ａ',
    '１',
    '\u{1d400}',
    '\u{10400}',
    '\u{661}',
    '\u{6f2}',
    '\u{2019}',
    '\u{2014}',
    '\u{303}',
    '\u{20dd}',
    '\u{363}',
    '\u{2028}',
    '\u{a0}',
    '\u{1680}',
    '\u{180e}',
    '\u{7f}',
    '\u{1f}',
    '\u{9f}',
    '1',
    '-',
    ' ',
    ' ',
    '.',
    '_',
    '\u{10ffff}',
    '\u{e000}',
    '\u{fffd}',
];

const WORD_LETTERS: &[&str] = &[
    "a", "e", "i", "o", "u", "y", "s", "t", "l", "n", "r", "d", "g", "b", "c", "th", "sh", "ou",
    "ee", "ing", "ed", "ly", "ies", "tion", "ational", "ness", "ful", "ement", "ive", "ize",
    "able", "ll", "ss", "tt", "dd", "gg", "ff", "bb", "er", "rr", "é", "w", "x",
];

/// A made-up word with English endings.
pub fn word(draw: &mut Draw) -> String {
    let length = 1 + draw.below(6);
    (0..length).map(|_| draw.of(WORD_LETTERS)).collect()
}

pub fn text(draw: &mut Draw) -> String {
    let mut text = String::new();
    match draw.below(8) {
        0..3 => {
            for _ in 0..1 + draw.below(8) {
                text.push_str(draw.of(PIECES));
                if !draw.chance(3) {
                    text.push(' ');
                }
            }
        }
        3..6 => text.extend((0..1 + draw.below(24)).map(|_| PARSER[draw.below(PARSER.len())])),
        6 => text.extend((0..1 + draw.below(16)).map(|_| LETTERS[draw.below(LETTERS.len())])),
        _ => {
            for _ in 0..1 + draw.below(6) {
                text.push_str(&word(draw));
                text.push(' ');
            }
        }
    }
    if draw.chance(500) {
        let length = [999, 1000, 1001, 2046, 2047, 2048][draw.below(6)];
        text.push(' ');
        text.extend(std::iter::repeat_n('a', length - 3));
        text.push_str("ing b");
    }
    text
}

/// A vector's text form, of few lexemes.
pub fn vector(draw: &mut Draw) -> String {
    let mut text = String::new();
    for _ in 0..draw.below(8) {
        text.push_str(draw.of(&["a", "b", "c", "ab", "abc", "bc"]));
        if !draw.chance(8) {
            let mut mark = ':';
            for _ in 0..1 + draw.below(4) {
                text.push(mark);
                // Which of several at the last position comes first is left to an unstable sort.
                let far = if draw.chance(40) { 16_370 } else { 0 };
                text.push_str(&(far + 1 + draw.below(9)).to_string());
                text.push_str(draw.of(&["", "", "", "A", "B", "C", "d"]));
                mark = ',';
            }
        }
        text.push(' ');
    }
    text
}

/// A query's text form, with few operands.
pub fn query(draw: &mut Draw, depth: usize) -> String {
    if depth == 0 || draw.chance(3) {
        let word = draw.of(&["a", "b", "c", "ab", "abc", "d"]);
        let more = draw.of(&["", "", "", "", ":*", ":A", ":*BC", ":d"]);
        return format!("{word}{more}");
    }
    if draw.chance(5) {
        return format!("!({})", query(draw, depth - 1));
    }
    let operator = draw.of(&["&", "|", "<->", "<->", "<2>", "<0>", "<3>"]);
    format!(
        "({} {operator} {})",
        query(draw, depth - 1),
        query(draw, depth - 1)
    )
}

/// What may be a query, or not.
pub fn loose_query(draw: &mut Draw) -> String {
    const PARTS: &[&str] = &[
        "a",
        "fat",
        "rats",
        "the",
        "of",
        "wi-fi",
        "'it''s'",
        "'x y'",
        "\\'",
        "\"",
        "&",
        "|",
        "!",
        "<->",
        "<2>",
        "<20000>",
        "<",
        ">",
        "(",
        ")",
        ":",
        ":*",
        ":AB",
        ":x",
        "-",
        "--",
        "or",
        "OR ",
        "or-",
        " ",
        " ",
        " ",
        " & ",
        " | ",
        "é",
        "orx",
        "\u{a0}",
        "\u{2003}",
        "'",
        "1.5",
        "a@b.cd",
        "\\",
        "a<->b",
        "\"fat rats\"",
        ",",
        "*",
        "ÉTÉ",
        "a/b",
        "not",
        "<-1>",
    ];
    (0..draw.below(10)).map(|_| draw.of(PARTS)).collect()
}
