//! Writes what is derived from the table of error codes in `crates/core/src/error.rs`: the page of
//! the documentation, and TypeScript's union. Knows no code by itself.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};
use haversack_core::{ErrorCode, Recovery};

use crate::repository::Repository;

/// A file that is never written by hand.
struct Generated {
    path: &'static str,
    text: String,
}

/// `cargo xtask generate`: writes what differs, and names it.
pub fn run(repository: &Repository) -> Result<()> {
    for Generated { path, text } in stale(repository)? {
        let target = repository.path(path);
        fs::write(&target, text).with_context(|| format!("writing {}", target.display()))?;
        println!("wrote  {path}");
    }
    Ok(())
}

/// The generated files that are not what the table says, by path.
pub fn differing(repository: &Repository) -> Result<Vec<&'static str>> {
    Ok(stale(repository)?.iter().map(|file| file.path).collect())
}

fn stale(repository: &Repository) -> Result<Vec<Generated>> {
    let mut stale = Vec::new();
    for file in generated() {
        let target = repository.path(file.path);
        let found = match fs::read_to_string(&target) {
            Ok(found) => found,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("reading {}", target.display()));
            }
        };
        if found != file.text {
            stale.push(file);
        }
    }
    Ok(stale)
}

fn generated() -> [Generated; 2] {
    [
        Generated {
            path: "docs/errors.md",
            text: page(ErrorCode::ALL),
        },
        Generated {
            path: "js/src/codes.ts",
            text: union(ErrorCode::ALL),
        },
    ]
}

const PAGE_HEAD: &str = "\
<!-- Written by `cargo xtask generate` from crates/core/src/error.rs. Do not edit. -->

# Errors

Every error has one of these codes. Codes are stable and never reused; a message is for people and
may change, so programs look at `code`.

- In JavaScript it is a `HaversackError` with `code`, `recovery`, `message` and `details`; `details`
  has `sqlstate`, `constraint`, `table`, `column` and `hint`, each where it is known.
- Over HTTP it is `application/problem+json` (RFC 9457) with the same `code` and `recovery`, and
  `retry_after_ms`, `request_id` and `details`.
- A command prints the sentence, the code in brackets and what to do, and exits with 1.

";

/// The page of the documentation.
fn page(codes: &[ErrorCode]) -> String {
    let mut page = PAGE_HEAD.to_owned();
    page.push_str("## What to do next\n\n| `recovery` | what it asks for |\n|---|---|\n");
    for recovery in [
        Recovery::None,
        Recovery::Retry,
        Recovery::Authenticate,
        Recovery::Reset,
        Recovery::Upgrade,
    ] {
        let (name, asks) = advice(recovery);
        let _ = writeln!(page, "| `{name}` | {asks} |");
    }
    page.push_str(
        "\n## Codes\n\nHTTP is the status with which the endpoint answers; none where it never does.\n\n\
         | code | `recovery` | HTTP | what it means |\n|---|---|---|---|\n",
    );
    for code in codes {
        let (name, _) = advice(code.recovery());
        let status = match code.http_status() {
            0 => String::new(),
            status => status.to_string(),
        };
        let meaning = code.meaning().replace('|', "\\|");
        let _ = writeln!(page, "| `{code}` | `{name}` | {status} | {meaning} |");
    }
    page
}

/// The name of a recovery on the wire, and what it asks for.
fn advice(recovery: Recovery) -> (&'static str, &'static str) {
    match recovery {
        Recovery::None => (
            "none",
            "Nothing will make this same request succeed: correct it.",
        ),
        Recovery::Retry => ("retry", "Try the same thing again later."),
        Recovery::Authenticate => ("authenticate", "Get a new token."),
        Recovery::Reset => (
            "reset",
            "The confirmed rows are discarded and fetched again; pending mutations are kept.",
        ),
        Recovery::Upgrade => ("upgrade", "Load newer code."),
    }
}

/// TypeScript's union, as prettier wants it.
fn union(codes: &[ErrorCode]) -> String {
    let mut union = "\
// Written by `cargo xtask generate` from crates/core/src/error.rs. Do not edit.

/** The stable code of an error; codes are never reused. `docs/errors.md` explains each. */
export type ErrorCode =
"
    .to_owned();
    for code in codes {
        let meaning = code.meaning().replace("*/", "* /");
        let _ = writeln!(union, "  /** {meaning} */\n  | '{code}'");
    }
    union
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_are_what_the_table_says() {
        let repository = Repository::find().unwrap();
        let none: [&str; 0] = [];
        assert_eq!(
            differing(&repository).unwrap(),
            none,
            "run `cargo xtask generate`"
        );
    }

    #[test]
    fn a_code_shows_all_that_the_table_has_of_it() {
        let page = page(&[ErrorCode::TokenMissing, ErrorCode::Closed]);
        let meaning = ErrorCode::TokenMissing.meaning();
        assert!(page.contains(&format!(
            "| `token_missing` | `authenticate` | 401 | {meaning} |"
        )));
        assert!(page.contains("| `closed` | `none` |  | "));
        let union = union(&[ErrorCode::Closed]);
        assert!(union.ends_with("  /** The database was closed. */\n  | 'closed'\n"));
    }

    #[test]
    fn recoveries_have_the_names_of_the_wire() {
        for code in ErrorCode::ALL {
            let wire = format!("{:?}", code.recovery()).to_lowercase();
            assert_eq!(advice(code.recovery()).0, wire);
        }
    }
}
