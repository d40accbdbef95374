//! Reads a path as Postgres prints it.

use super::{Path, Place, Start, Step, Test};
use crate::expr::node::Comparison;
use crate::expr::pattern_fault;
use crate::json::{Json, parse_tree};

/// How deep predicates may nest.
const DEPTH_MAX: usize = 64;

/// Is it strict, and what does it say?
pub(super) fn parse(text: &str) -> Result<(bool, Path), String> {
    let (strict, rest) = match text.strip_prefix("strict ") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parser = Parser { rest, depth: 0 };
    let path = match parser.or()? {
        Either::Test(test) => Path::Is(Box::new(test)),
        Either::Path(path) => path,
    };
    match parser.rest {
        "" => Ok((strict, path)),
        _ => Err(parser.unknown()),
    }
}

enum Either {
    Test(Test),
    Path(Path),
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn unknown(&self) -> String {
        let shown: String = self.rest.chars().take(20).collect();
        format!("its path has what the client can't follow: {shown}")
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.eat(text) {
            return Ok(());
        }
        Err(self.unknown())
    }

    /// Predicates between `||`, or one path.
    fn or(&mut self) -> Result<Either, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("its path nests too deep".into());
        }
        let read = self.chain(" || ", Self::and, Test::Or);
        self.depth -= 1;
        read
    }

    fn and(&mut self) -> Result<Either, String> {
        self.chain(" && ", Self::single, Test::And)
    }

    fn chain(
        &mut self,
        sign: &str,
        part: fn(&mut Self) -> Result<Either, String>,
        join: fn(Box<Test>, Box<Test>) -> Test,
    ) -> Result<Either, String> {
        let mut read = part(self)?;
        while self.eat(sign) {
            read = match (read, part(self)?) {
                (Either::Test(a), Either::Test(b)) => Either::Test(join(Box::new(a), Box::new(b))),
                _ => return Err(self.unknown()),
            };
        }
        Ok(read)
    }

    /// A predicate to the closing bracket.
    fn bracketed(&mut self) -> Result<Test, String> {
        let Either::Test(test) = self.or()? else {
            return Err(self.unknown());
        };
        self.expect(")")?;
        Ok(test)
    }

    fn single(&mut self) -> Result<Either, String> {
        let test = if self.eat("!(") {
            Test::Not(Box::new(self.bracketed()?))
        } else if self.eat("exists (") {
            let path = self.path()?;
            self.expect(")")?;
            Test::Exists(path)
        } else if self.eat("(") {
            let test = self.bracketed()?;
            match self.eat(" is unknown") {
                true => Test::IsUnknown(Box::new(test)),
                false => test,
            }
        } else {
            let path = self.path()?;
            return self.compared(path);
        };
        Ok(Either::Test(test))
    }

    /// What follows a path, if that makes a predicate of it.
    fn compared(&mut self, left: Path) -> Result<Either, String> {
        const SIGNS: [(&str, Comparison); 6] = [
            (" == ", Comparison::Eq),
            (" != ", Comparison::Ne),
            (" <= ", Comparison::Le),
            (" >= ", Comparison::Ge),
            (" < ", Comparison::Lt),
            (" > ", Comparison::Gt),
        ];
        for (sign, comparison) in SIGNS {
            if self.eat(sign) {
                return Ok(Either::Test(Test::Compare(comparison, left, self.path()?)));
            }
        }
        if self.eat(" starts with ") {
            return Ok(Either::Test(Test::StartsWith(left, self.path()?)));
        }
        if !self.eat(" like_regex ") {
            return Ok(Either::Path(left));
        }
        let pattern = self.text()?;
        let flags = match self.eat(" flag ") {
            true => self.text()?,
            false => String::new(),
        };
        match regex_flags(&pattern, &flags) {
            Some(flags) => Ok(Either::Test(Test::Like(left, pattern, flags))),
            None => Err("its path has a regular expression that the client can't run".into()),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match self.literal()? {
            Json::Text(text) => Ok(text.into_owned()),
            _ => Err(self.unknown()),
        }
    }

    fn path(&mut self) -> Result<Path, String> {
        let start = if self.eat("$\"") {
            return Err("its path has a variable".into());
        } else if self.eat("$") {
            Start::Root
        } else if self.eat("@") {
            Start::Current
        } else {
            Start::Literal(self.literal()?)
        };
        let mut steps = Vec::new();
        while let Some(step) = self.step()? {
            steps.push(step);
        }
        Ok(Path::Way(start, steps))
    }

    fn step(&mut self) -> Result<Option<Step>, String> {
        if self.rest.starts_with(".\"") {
            self.eat(".");
            return Ok(Some(Step::Key(self.text()?)));
        }
        if self.rest.starts_with(".**") {
            return Err(self.unknown());
        }
        for (text, step) in [
            (".*", Step::EveryKey),
            ("[*]", Step::Every),
            (".type()", Step::Type),
            (".size()", Step::Size),
        ] {
            if self.eat(text) {
                return Ok(Some(step));
            }
        }
        if self.eat("?(") {
            return Ok(Some(Step::Filter(self.bracketed()?)));
        }
        if self.eat("[") {
            let mut items = Vec::new();
            loop {
                let from = self.place()?;
                let to = if self.eat(" to ") {
                    self.place()?
                } else {
                    from
                };
                items.push((from, to));
                if self.eat("]") {
                    return Ok(Some(Step::Items(items)));
                }
                self.expect(",")?;
            }
        }
        match self.rest.starts_with(['.', '[', '?']) {
            true => Err(self.unknown()),
            false => Ok(None),
        }
    }

    fn place(&mut self) -> Result<Place, String> {
        if self.eat("last") {
            let back = if self.eat(" - ") { self.whole()? } else { 0 };
            return Ok(Place::BeforeLast(back));
        }
        self.whole().map(Place::At)
    }

    fn whole(&mut self) -> Result<i64, String> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        let Some(number) = number
            .parse::<i32>()
            .ok()
            .filter(|_| !rest.starts_with('.'))
        else {
            return Err(self.unknown());
        };
        self.rest = rest;
        Ok(number.into())
    }

    /// A text, a number, true, false or null: in JSON's notation, which is Postgres's here.
    fn literal(&mut self) -> Result<Json<'static>, String> {
        let length = match self.rest.as_bytes() {
            [b'"', inner @ ..] => {
                let mut escaped = false;
                let end = inner.iter().position(|&b| {
                    let ends = b == b'"' && !escaped;
                    escaped = b == b'\\' && !escaped;
                    ends
                });
                end.map_or(0, |end| end + 2)
            }
            bytes => bytes
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
                .count(),
        };
        let (text, rest) = self.rest.split_at(length);
        let Ok(value) = parse_tree(text) else {
            return Err(self.unknown());
        };
        self.rest = rest;
        Ok(match value {
            Json::Text(text) => Json::Text(text.into_owned().into()),
            Json::Number(number) => Json::Number(number.into_owned().into()),
            Json::Bool(bool) => Json::Bool(bool),
            _ => Json::Null,
        })
    }
}

/// XQuery's flags as those of Postgres's own regular expressions, as `jspConvertRegexFlags` has them; `None`
/// where a match depends on the locale, or the client can't run it.
fn regex_flags(pattern: &str, flags: &str) -> Option<&'static str> {
    let plain = flags.chars().all(|flag| matches!(flag, 's' | 'm'));
    let classes = ["\\w", "\\W", "\\d", "\\D", "\\s", "\\S", "[:"];
    if !plain || classes.iter().any(|class| pattern.contains(class)) {
        return None;
    }
    let converted = match (flags.contains('s'), flags.contains('m')) {
        (true, true) => "w",
        (true, false) => "s",
        (false, true) => "n",
        (false, false) => "p",
    };
    pattern_fault(pattern, converted)
        .is_none()
        .then_some(converted)
}
