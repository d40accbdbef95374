//! LIKE, SIMILAR TO and regular expressions: constant patterns become what the client runs.

use super::collation::{Collation, Letters};
use super::compile::{Compiler, Typed, call, negate};
use super::fold::fold;
use super::regex;
use super::special::{int, null, text};
use haversack_core::expr::{Expr, change_char, letters, pattern_fault, pattern_is_valid};
use haversack_core::schema::Type;
use sqlparser::ast;

impl Compiler<'_> {
    /// `~` and `~*`.
    pub(super) fn regex(
        &self,
        args: Vec<Typed>,
        ignore_case: bool,
        collation: &Collation,
    ) -> Result<Typed, String> {
        collation.deterministic(self.scope)?;
        let pattern = args.get(1).and_then(Typed::constant).flatten();
        let flags = match args.get(2) {
            Some(flags) => flags.constant().flatten(),
            None => Some(""),
        };
        let valid = |(pattern, flags): &(&str, &str)| pattern_is_valid(pattern, flags);
        let translated = pattern.zip(flags).filter(valid).map(|(pattern, flags)| {
            regex::translate(pattern, flags, ignore_case, || {
                collation.letters(self.scope)
            })
        });
        let Some(Ok(translated)) = translated else {
            // The browser's own can't do it, or can't be asked before there is a row.
            let mut args = args;
            if args.len() < 3 {
                args.push(text(if ignore_case { "i" } else { "" }));
            }
            return self.pattern_call("regexp_test", Type::Bool, args, collation);
        };
        let [subject, ..] = &args[..] else {
            return Err("it matches nothing".into());
        };
        let pattern = Expr::constant(Type::Text, Some(&translated));
        Ok(fold(Typed::of(call(
            "regex",
            Type::Bool,
            vec![subject.expr.clone(), pattern],
        ))))
    }

    /// A function of the core's own regular expressions, with the arguments that have defaults, and
    /// the classes of characters that are the last one.
    pub(super) fn pattern_call(
        &self,
        core: &str,
        kind: Type,
        args: Vec<Typed>,
        collation: &Collation,
    ) -> Result<Typed, String> {
        collation.deterministic(self.scope)?;
        let classes = match collation.letters(self.scope)? {
            Letters::Ascii => String::new(),
            Letters::Unicode => letters::classes(),
        };
        let mut args = args;
        let unsaid = || Typed::of(Expr::constant(Type::Int8, Some(&i64::MIN.to_string())));
        let defaults: Vec<Typed> = match core {
            "regexp_replace" => {
                // The flags may stand without the numbers before them.
                if let Some(fourth) = args.get(3)
                    && *fourth.kind() == Type::Text
                {
                    args.insert(3, int(1));
                    args.insert(4, unsaid());
                }
                vec![null(), null(), null(), int(1), unsaid(), text("")]
            }
            "regexp_count" => vec![null(), null(), int(1), text("")],
            "regexp_instr" => vec![null(), null(), int(1), int(1), int(0), text(""), int(0)],
            "regexp_substr" => vec![null(), null(), int(1), int(1), text(""), int(0)],
            _ => vec![null(), null(), text("")],
        };
        let given = args.len();
        args.extend(defaults.into_iter().skip(given));
        let constant = |at: usize| args.get(at).and_then(Typed::constant).flatten();
        let flags = args
            .iter()
            .skip(2)
            .rev()
            .find(|arg| *arg.kind() == Type::Text);
        let flags = flags
            .and_then(Typed::constant)
            .flatten()
            .unwrap_or_default();
        if let Some(pattern) = constant(1)
            && let Some(why) = pattern_fault(pattern, flags)
        {
            return Err(why.into());
        }
        args.push(text(&classes));
        let args = args.into_iter().map(|arg| arg.expr).collect();
        Ok(fold(Typed::of(call(core, kind, args))))
    }

    /// The regular expression of a SIMILAR TO pattern.
    fn similar_escape(&self, pattern: Typed, escape: Option<Typed>) -> Result<Typed, String> {
        let args = [Some(pattern), escape].into_iter().flatten();
        self.call("similar_to_escape", args.collect())
    }

    pub(super) fn similar_to(
        &self,
        value: &ast::Expr,
        pattern: &ast::Expr,
        escape: Option<&ast::Expr>,
        negated: bool,
    ) -> Result<Typed, String> {
        let escape = escape.map(|e| self.expr(e)).transpose()?;
        let pattern = self.similar_escape(self.expr(pattern)?, escape)?;
        Ok(negate(
            self.operate("~", self.expr(value)?, pattern)?,
            negated,
        ))
    }
}

/// Characters that one stands for where case doesn't count, itself first.
pub(super) fn cases(c: char, letters: Letters) -> Vec<char> {
    let mut all = vec![c];
    let mut add = |other: char| {
        if !all.contains(&other) {
            all.push(other);
        }
    };
    match letters {
        Letters::Ascii => {
            add(c.to_ascii_lowercase());
            add(c.to_ascii_uppercase());
        }
        Letters::Unicode => {
            add(change_char(c, false));
            add(change_char(c, true));
        }
    }
    all
}
