//! LIKE, SIMILAR TO and regular expressions: constant patterns become what the client runs.

use super::collation::{Collation, Letters};
use super::compile::{Compiler, Typed, call, negate};
use super::fold::fold;
use super::{regex, similar};
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

    /// A LIKE pattern with another escape character, as one with the backslash.
    pub(super) fn like_escape(&self, pattern: &Typed, escape: &Typed) -> Result<Typed, String> {
        let both = (pattern.constant(), escape.constant());
        let (Some(pattern), Some(escape)) = both else {
            return Err("its LIKE pattern with an escape character is no constant".into());
        };
        let text = match (pattern, escape) {
            (Some(pattern), Some(escape)) => Some(similar::like_escape(pattern, escape)?),
            _ => None,
        };
        Ok(Typed::of(Expr::constant(Type::Text, text.as_deref())))
    }

    /// The regular expression of a SIMILAR TO pattern.
    pub(super) fn similar_escape(
        &self,
        pattern: &Typed,
        escape: Option<&Typed>,
    ) -> Result<Typed, String> {
        let no_constant = "its SIMILAR TO pattern is no constant";
        let pattern = pattern.constant().ok_or(no_constant)?;
        let escape = match escape {
            Some(escape) => escape.constant().ok_or(no_constant)?,
            None => Some("\\"),
        };
        let text = match (pattern, escape) {
            (Some(pattern), Some(escape)) => Some(similar::regular(pattern, escape)?),
            _ => None,
        };
        Ok(Typed::of(Expr::constant(Type::Text, text.as_deref())))
    }

    pub(super) fn similar_to(
        &self,
        value: &ast::Expr,
        pattern: &ast::Expr,
        escape: Option<&ast::Expr>,
        negated: bool,
    ) -> Result<Typed, String> {
        let escape = escape.map(|e| self.expr(e)).transpose()?;
        let pattern = self.similar_escape(&self.expr(pattern)?, escape.as_ref())?;
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
