//! What haversack.toml says of values that two changed, held against the columns that there are.
//!
//! Invariant: after this every policy fits its column, and columns that conflict as one have one
//! policy. What the policies do is in `haversack_core::merge`.

use super::find::Found;
use haversack_core::schema::{Column, Policy, Table};
use haversack_core::{Error, ErrorCode};

/// Puts the declared policies into a table that is described otherwise; what can't be is a fault.
/// A column that does not exist was one already, when the columns were read.
pub(super) fn declare(found: &Found<'_>, table: &mut Table, faults: &mut Vec<Error>) {
    let fault = |column: Option<&str>, sentence: String, hint: String| {
        let error = Error::new(
            ErrorCode::ConfigInvalid,
            format!("[tables.{}] in haversack.toml {sentence}", found.written),
        )
        .table(&found.name)
        .hint(hint);
        match column {
            Some(column) => error.column(column),
            None => error,
        }
    };
    if let Some(policy) = found.rules.policy {
        if policy.is_general() {
            for i in 0..table.columns.len() {
                let column = &table.columns[i];
                if unfit(found, table, column).is_none() && policy.fits(&column.kind) {
                    table.columns[i].policy = policy;
                }
            }
        } else {
            let sentence = format!("has the policy {} for all its columns", policy.word());
            let hint = "name the columns that it is meant for in `policies`";
            faults.push(fault(None, sentence, hint.into()));
        }
    }
    for (name, policy) in &found.rules.policies {
        if found.rules.private.contains(name) {
            let sentence = format!("has a policy for {name}, which is private");
            let hint = "clients never change it: take it out of `policies`";
            faults.push(fault(Some(name), sentence, hint.into()));
            continue;
        }
        // One that is not there is a fault already.
        let Some(at) = table.column_id(name).map(|c| usize::from(c.0)) else {
            continue;
        };
        if let Some(why) = unfit(found, table, &table.columns[at]) {
            let sentence = format!("has a policy for {name}, {why}");
            let hint = "no two change it at once: take it out of `policies`";
            faults.push(fault(Some(name), sentence, hint.into()));
        } else if policy.fits(&table.columns[at].kind) {
            table.columns[at].policy = *policy;
        } else {
            let sentence = format!(
                "has the policy {} for {name}, whose type it does not fit",
                policy.word()
            );
            faults.push(fault(Some(name), sentence, wanted(*policy).into()));
        }
    }
    for group in &found.rules.together {
        match together(found, table, group) {
            Ok(()) => table.together.push(group.clone()),
            Err((sentence, hint)) => faults.push(fault(None, sentence, hint)),
        }
    }
}

/// Why a column is not one that two can change.
fn unfit(found: &Found<'_>, table: &Table, column: &Column) -> Option<&'static str> {
    if table.primary_key.contains(&column.name) {
        Some("which is part of the primary key")
    } else if column.generated.is_some() {
        Some("which is generated")
    } else if column.identity {
        Some("which names the user")
    } else if found.rules.read_only.contains(&column.name) {
        Some("which is read_only")
    } else {
        None
    }
}

/// What a policy fits.
fn wanted(policy: Policy) -> &'static str {
    match policy {
        Policy::Merge => "`merge` is for json, jsonb and arrays; use another policy",
        Policy::Counter => "`counter` is for whole numbers and numeric; use another policy",
        Policy::Max | Policy::Min => {
            "`max` and `min` are for numbers, times, booleans and enums; use another policy"
        }
        Policy::ServerWins | Policy::ClientWins | Policy::Lww | Policy::Manual => {
            "use another policy"
        }
    }
}

/// Can these columns conflict as one? Else why not, and what to do.
fn together(found: &Found<'_>, table: &Table, group: &[String]) -> Result<(), (String, String)> {
    let shown = group.join(", ");
    let no = |why: String, hint: &str| Err((why, hint.to_owned()));
    if group.len() < 2 {
        return no(
            format!("has the group [{shown}] in `together`"),
            "name two columns or more in each group",
        );
    }
    let mut policy: Option<(&String, Policy)> = None;
    for (i, name) in group.iter().enumerate() {
        let others = table.together.iter().flatten();
        if group[..i].contains(name) || others.into_iter().any(|other| other == name) {
            return no(
                format!("names {name} twice in `together`"),
                "a column belongs to one group",
            );
        }
        if found.rules.private.contains(name) {
            return no(
                format!("has {name} in `together`, which is private"),
                "take it out of the group: clients never change it",
            );
        }
        let Some(column) = table.column_id(name).map(|c| table.column(c)) else {
            continue;
        };
        if let Some(why) = unfit(found, table, column) {
            return no(
                format!("has {name} in `together`, {why}"),
                "take it out of the group: no two change it at once",
            );
        }
        if !column.policy.is_whole() {
            return no(
                format!(
                    "has {name} in `together`, whose policy is {}",
                    column.policy.word()
                ),
                "columns that conflict as one are under server_wins, client_wins, lww or manual",
            );
        }
        match policy {
            Some((first, its)) if its != column.policy => {
                return no(
                    format!(
                        "has {first} under {} and {name} under {}, which conflict as one",
                        its.word(),
                        column.policy.word()
                    ),
                    "declare the same policy for all columns of a group",
                );
            }
            Some(_) => {}
            None => policy = Some((name, column.policy)),
        }
    }
    Ok(())
}
