//! Under which collation an expression compares text, and what the client can do under it.

use super::Scope;

/// The collation of an expression, as SQL derives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Collation {
    /// The value has none, or that of the database.
    #[default]
    Default,
    /// That of a column.
    Implicit(String),
    /// COLLATE says so.
    Explicit(String),
    /// Two columns disagree; Postgres refuses to compare.
    Conflict,
}

impl Collation {
    /// The collation of an expression made of both.
    pub(super) fn with(self, other: Self) -> Self {
        use Collation::{Conflict, Default, Explicit, Implicit};
        match (self, other) {
            (Explicit(a), Explicit(b)) if a != b => Conflict,
            (Explicit(a), _) | (_, Explicit(a)) => Explicit(a),
            (Conflict, _) | (_, Conflict) => Conflict,
            (Default, other) => other,
            (one, Default) => one,
            (Implicit(a), Implicit(b)) if a == b => Implicit(a),
            (Implicit(_), Implicit(_)) => Conflict,
        }
    }

    fn name<'a>(&'a self, scope: &'a Scope) -> &'a str {
        match self {
            Collation::Implicit(name) | Collation::Explicit(name) if name != "default" => name,
            _ => &scope.collation,
        }
    }

    /// Is the order that of the bytes?
    pub(super) fn ordered(&self, scope: &Scope) -> Result<(), String> {
        let name = self.name(scope);
        if *self == Collation::Conflict {
            Err("it compares texts of different collations".into())
        } else if by_bytes(name) {
            Ok(())
        } else {
            Err(format!(
                "it asks for the order of text under the collation {name}"
            ))
        }
    }

    /// Are texts equal only where their bytes are?
    pub(super) fn deterministic(&self, scope: &Scope) -> Result<(), String> {
        let name = self.name(scope);
        if scope.nondeterministic.contains(name) {
            return Err(format!(
                "the collation {name} takes different texts as equal"
            ));
        }
        Ok(())
    }

    /// How letters change their case: by ASCII alone, or one by one by Unicode's simple mappings.
    pub(super) fn letters(&self, scope: &Scope) -> Result<Letters, String> {
        let own = self.name(scope);
        let of_database = matches!(self, Collation::Default) || own == scope.collation;
        let name = match &*scope.ctype {
            ctype if of_database && !ctype.is_empty() => ctype,
            _ => own,
        };
        let plain = name.split(['.', '@']).next().unwrap_or(name);
        let unicode = name.to_ascii_lowercase().replace('-', "").ends_with("utf8");
        match plain {
            "C" | "POSIX" | "ucs_basic" if !unicode => Ok(Letters::Ascii),
            _ if plain.starts_with("tr_") || plain.starts_with("az_") || !unicode => Err(format!(
                "it changes or ignores the case of letters under the collation {name}"
            )),
            _ => Ok(Letters::Unicode),
        }
    }
}

/// How letters change their case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    /// A to Z alone.
    Ascii,
    /// Each letter for itself.
    Unicode,
}

fn by_bytes(name: &str) -> bool {
    matches!(
        name,
        "" | "C" | "POSIX" | "C.UTF-8" | "C.utf8" | "C.UTF8" | "ucs_basic" | "pg_c_utf8"
    )
}
