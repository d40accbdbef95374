//! LIKE, SIMILAR TO and regular expressions: constant patterns become what the client runs.

use super::collation::{Collation, Letters};
use super::compile::{Compiler, Typed, call, negate};
use super::fold::fold;
use super::regex;
use haversack_core::expr::{Expr, change_char};
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
        let constant = |arg: Option<&Typed>| -> Result<Option<String>, String> {
            let constant = arg.and_then(Typed::constant);
            let constant = constant.ok_or("its regular expression is no constant")?;
            Ok(constant.map(Into::into))
        };
        let flags = match args.len() {
            3 => constant(args.get(2))?,
            _ => Some(String::new()),
        };
        let (Some(pattern), Some(flags)) = (constant(args.get(1))?, flags) else {
            return Ok(Typed::of(Expr::constant(Type::Bool, None)));
        };
        let translated = regex::translate(&pattern, &flags, ignore_case, || {
            collation.letters(self.scope)
        })?;
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
