//! Which characters beyond ASCII belong to the classes of a regular expression.
//!
//! As glibc has it for every locale in UTF-8, in terms of Unicode's properties; characters that
//! Unicode gained after the server's library was made count as letters here, and not yet there.

/// `[:alpha:]`: letters, and the digits of all scripts but ASCII's.
pub const ALPHA: &str = "\\p{Alphabetic}\
     \\u{660}-\\u{669}\\u{6f0}-\\u{6f9}\\u{7c0}-\\u{7c9}\\u{966}-\\u{96f}\
     \\u{9e6}-\\u{9ef}\\u{a66}-\\u{a6f}\\u{ae6}-\\u{aef}\\u{b66}-\\u{b6f}\
     \\u{be6}-\\u{bef}\\u{c66}-\\u{c6f}\\u{ce6}-\\u{cef}\\u{d66}-\\u{d6f}\
     \\u{de6}-\\u{def}\\u{e50}-\\u{e59}\\u{ed0}-\\u{ed9}\\u{f20}-\\u{f29}\
     \\u{1040}-\\u{1049}\\u{1090}-\\u{1099}\\u{17e0}-\\u{17e9}\\u{1810}-\\u{1819}\
     \\u{1946}-\\u{194f}\\u{19d0}-\\u{19d9}\\u{1a80}-\\u{1a89}\\u{1a90}-\\u{1a99}\
     \\u{1b50}-\\u{1b59}\\u{1bb0}-\\u{1bb9}\\u{1c40}-\\u{1c49}\\u{1c50}-\\u{1c59}\
     \\u{a620}-\\u{a629}\\u{a8d0}-\\u{a8d9}\\u{a900}-\\u{a909}\\u{a9d0}-\\u{a9d9}\
     \\u{a9f0}-\\u{a9f9}\\u{aa50}-\\u{aa59}\\u{abf0}-\\u{abf9}\\u{ff10}-\\u{ff19}\
     \\u{104a0}-\\u{104a9}\\u{10d30}-\\u{10d39}\\u{11066}-\\u{1106f}\\u{110f0}-\\u{110f9}\
     \\u{11136}-\\u{1113f}\\u{111d0}-\\u{111d9}\\u{112f0}-\\u{112f9}\\u{11450}-\\u{11459}\
     \\u{114d0}-\\u{114d9}\\u{11650}-\\u{11659}\\u{116c0}-\\u{116c9}\\u{11730}-\\u{11739}\
     \\u{118e0}-\\u{118e9}\\u{11950}-\\u{11959}\\u{11c50}-\\u{11c59}\\u{11d50}-\\u{11d59}\
     \\u{11da0}-\\u{11da9}\\u{16a60}-\\u{16a69}\\u{16ac0}-\\u{16ac9}\\u{16b50}-\\u{16b59}\
     \\u{1d7ce}-\\u{1d7ff}\\u{1e140}-\\u{1e149}\\u{1e2f0}-\\u{1e2f9}\\u{1e950}-\\u{1e959}\
     \\u{1fbf0}-\\u{1fbf9}\
     ";

/// `[:alnum:]`.
pub const ALNUM: &str = "\\p{Alphabetic}\\p{Nd}";

/// `\w`.
pub const WORD: &str = "\\p{Alphabetic}\\p{Nd}_";

/// `[:upper:]`: titlecase letters count as upper and as lower case, where they have both.
pub const UPPER: &str = "\\p{Uppercase}\\p{Lt}";

/// `[:lower:]`.
pub const LOWER: &str = "\\p{Lowercase}\\u01c5\\u01c8\\u01cb\\u01f2";

/// `[:space:]`, ASCII's among them.
pub const SPACE: &str =
    "\\t-\\r\\x20\\u1680\\u2000-\\u2006\\u2008-\\u200a\\u2028\\u2029\\u205f\\u3000";

/// The classes as the core's own regular expressions take them: a name and a pattern of one
/// character on each line. What a library calls graphic is all but the blanks of `[:space:]`, and
/// punctuation is what of it is neither a letter nor a digit.
pub fn classes() -> String {
    let one_of = |class: &str| format!("[{class}]");
    let assigned_but = |class: &str| format!("(?![\\p{{Cc}}{class}])\\p{{Assigned}}");
    let classes = [
        ("alpha", one_of(ALPHA)),
        ("alnum", one_of(ALNUM)),
        ("word", one_of(WORD)),
        ("upper", one_of(UPPER)),
        ("lower", one_of(LOWER)),
        ("space", one_of(SPACE)),
        ("cntrl", one_of("\\p{Cc}")),
        ("print", assigned_but("\\u2028\\u2029")),
        ("graph", assigned_but(SPACE)),
        ("punct", assigned_but(&[SPACE, ALNUM].concat())),
    ];
    let lines = classes.map(|(name, class)| format!("{name} {class}"));
    lines.join("\n")
}
