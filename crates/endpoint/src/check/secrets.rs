//! Columns whose names say that they are secret.

use crate::introspect::{Code, Note};
use haversack_core::schema::Table;

/// Words of a column's name, one or several in a row.
const SECRET: [&[&str]; 24] = [
    &["password"],
    &["passwd"],
    &["passphrase"],
    &["pwd"],
    &["secret"],
    &["secrets"],
    &["token"],
    &["apikey"],
    &["api", "key"],
    &["private", "key"],
    &["access", "key"],
    &["hash"],
    &["digest"],
    &["salt"],
    &["ssn"],
    &["social", "security"],
    &["credit", "card"],
    &["card", "number"],
    &["cvv"],
    &["cvc"],
    &["otp"],
    &["totp"],
    &["mfa"],
    &["credentials"],
];

/// Notes the served columns of a table that look secret.
pub(super) fn look(table: &Table, notes: &mut Vec<Note>) {
    for column in &table.columns {
        let words = words(&column.name);
        let Some(found) = SECRET
            .iter()
            .find(|s| words.windows(s.len()).any(|w| w == **s))
        else {
            continue;
        };
        let sentence = format!(
            "{}.{} looks secret ({}) and goes to every client that reads the row",
            table.name,
            column.name,
            found.join(" ")
        );
        notes.push(
            Note::new(Code::SecretNotPrivate, &table.name, sentence)
                .column(&column.name)
                .hint(format!(
                    "add {:?} to private under [tables.{}] in haversack.toml",
                    column.name, table.name
                )),
        );
    }
}

/// `passwordHash` and `password_hash` are both `password`, `hash`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (lower && c.is_uppercase()) {
            words.push(String::new());
        }
        lower = c.is_lowercase();
        if c.is_alphanumeric() {
            words
                .last_mut()
                .expect("there is always one")
                .extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use haversack_core::schema::Column;

    #[test]
    fn names_that_look_secret_are_told_from_those_that_do_not() {
        let mut notes = Vec::new();
        let secret = [
            "password",
            "PasswordHash",
            "api_key",
            "apiKey",
            "reset-token",
            "SSN",
            "card_number",
        ];
        let plain = [
            "hashtag",
            "tokens_used",
            "keyboard",
            "api",
            "key",
            "number",
            "secretary",
            "passport",
        ];
        let column = |name: &&str| Column {
            name: (*name).into(),
            ..Column::default()
        };
        let columns = secret.iter().chain(&plain).map(column).collect();
        look(
            &Table {
                name: "t".into(),
                columns,
                ..Table::default()
            },
            &mut notes,
        );
        let found: Vec<_> = notes.iter().filter_map(|n| n.column.as_deref()).collect();
        assert_eq!(found, secret);
    }
}
