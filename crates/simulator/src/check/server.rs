//! What is asked of the server's commits and answers: I1, I2, I12, I13.

use crate::draft::is_traced;
use crate::history::Device;
use crate::model::By;
use crate::oracle::Commit;
use crate::rows::owner_column;
use crate::run::disk;
use crate::run::scene::Scene;
use crate::tally::{Broken, Invariant};
use bytes::Bytes;
use haversack_core::protocol::{
    KeyText, Line, Mutation, Op, Outcome, Seq, SyncRequest, Verdict, Winner, mutation_hash,
};
use haversack_core::schema::TableId;
use std::collections::{BTreeMap, BTreeSet};

/// I3 of what a device sends: the same number is the same mutation for ever.
///
/// # Errors
/// Where it was another one.
pub fn sent(scene: &Scene, user: &str, request: &SyncRequest) -> Result<(), Broken> {
    scene.asked(Invariant::I3, request.mutations.len());
    let mut sent = scene.sent.borrow_mut();
    for mutation in &request.mutations {
        let Mutation { seq, at, ops, .. } = mutation;
        let place = (request.replica.clone(), *seq);
        let known = sent.entry(place).or_insert_with(|| ops.clone());
        // It may say that it was another one, as before a restore.
        let earlier = || mutation.earlier.contains(&mutation_hash(*at, known));
        if known != ops && !earlier() {
            let why = format!("mutation {seq} of {user} was {known:?} and is {ops:?}");
            return Err(Broken::new(Invariant::I3, why));
        }
    }
    let mut record = scene.record.borrow_mut();
    record
        .replicas
        .insert(request.replica.clone(), user.to_owned());
    Ok(())
}

/// I3 of what a client sends: it knows to which history.
///
/// # Errors
/// Where it does not.
pub fn aimed(user: &str, request: &SyncRequest) -> Result<(), Broken> {
    if request.epoch.is_none() && !request.mutations.is_empty() {
        let why = format!("{user} pushes to a history that the replica does not know");
        return Err(Broken::new(Invariant::I3, why));
    }
    Ok(())
}

/// I2 of an answer: its verdicts are those on record.
///
/// # Errors
/// Where one is another.
pub fn answered(scene: &Scene, user: &str, replica: &str, lines: &[Bytes]) -> Result<(), Broken> {
    let Some(Ok(Line::Head(head))) = lines.first().map(|line| serde_json::from_slice(line)) else {
        return Ok(());
    };
    scene.asked(Invariant::I2, head.verdicts.len());
    let oracle = scene.oracle.borrow();
    for verdict in &head.verdicts {
        let recorded: Vec<&Verdict> = oracle.verdicts(replica, verdict.seq).collect();
        // One that was acknowledged is forgotten; what it said is durable at the replica.
        let forgotten = verdict.outcome == Outcome::Applied
            && verdict.written.is_empty()
            && verdict.lost.is_empty();
        if !recorded.contains(&verdict) && (!forgotten || recorded.is_empty()) {
            let why = format!("{replica} hears {verdict:?} where {recorded:?} is on record");
            return Err(Broken::new(Invariant::I2, why));
        }
    }
    if head.user != user {
        let why = format!("{user} is answered as {}", head.user);
        return Err(Broken::new(Invariant::I13, why));
    }
    Ok(())
}

/// What is asked of a commit before the oracle takes it in.
///
/// # Errors
/// I13 where it touches another user's row, I12 where a row comes that nobody inserted, I1 where an
/// acknowledged effect is not there.
pub fn commit(scene: &Scene, commit: &Commit) -> Result<(), Broken> {
    let mutations: Vec<(Vec<Op>, &Verdict)> = match &commit.by {
        By::Sql => Vec::new(),
        By::Push { replica, .. } => {
            let sent = scene.sent.borrow();
            let ops = |seq| sent.get(&(replica.clone(), seq)).cloned();
            let all = commit.verdicts.iter();
            all.filter_map(|v| Some((ops(v.seq)?, v))).collect()
        }
    };
    of_the_user(scene, commit)?;
    inserted(scene, commit, &mutations)?;
    effects(scene, commit, &mutations)
}

/// I13: a push touches rows of its user alone.
fn of_the_user(scene: &Scene, commit: &Commit) -> Result<(), Broken> {
    let By::Push { user, .. } = &commit.by else {
        return Ok(());
    };
    scene.asked(Invariant::I13, commit.rows.len());
    for change in &commit.rows {
        let table = scene.schema.table(change.table);
        let Some(owner) = owner_column(table) else {
            let why = format!(
                "{user} has written {}, which is nobody's to write",
                table.name
            );
            return Err(Broken::new(Invariant::I13, why));
        };
        let mut rows = change.old.iter().chain(&change.new);
        if let Some(row) = rows.find(|row| row[owner].as_deref() != Some(user)) {
            let (key, whose) = (change.key.join(", "), row[owner].as_deref());
            let why = format!("{user} has written {} {key} of {whose:?}", table.name);
            return Err(Broken::new(Invariant::I13, why));
        }
    }
    Ok(())
}

/// I12: a row that was not there is there because somebody inserted it.
fn inserted(
    scene: &Scene,
    commit: &Commit,
    mutations: &[(Vec<Op>, &Verdict)],
) -> Result<(), Broken> {
    let sql = scene.sql_inserts.borrow();
    for change in &commit.rows {
        if change.old.is_some() || change.new.is_none() {
            continue;
        }
        scene.asked(Invariant::I12, 1);
        let table = scene.schema.table(change.table);
        let by_push = mutations.iter().flat_map(|(ops, _)| ops).any(|op| {
            matches!(op, Op::Insert { table: own, values } if *own == table.name
                && key_in(scene, change.table, values) == Some(change.key.clone()))
        });
        // The keys of a sequence are the database's to make.
        let by_sql = table.sequence_key().is_some()
            || sql.contains(&(table.name.clone(), change.key.clone()));
        let meant = match commit.by {
            By::Push { .. } => by_push,
            By::Sql => by_sql,
        };
        if !meant {
            let why = format!("{} {} came by itself", table.name, change.key.join(", "));
            return Err(Broken::new(Invariant::I12, why));
        }
    }
    Ok(())
}

/// The key among the values of an insert.
pub fn key_in(
    scene: &Scene,
    table: TableId,
    values: &haversack_core::protocol::Values,
) -> Option<KeyText> {
    let key = scene.schema.table(table).primary_key.iter();
    key.map(|name| values.get(name)?.clone()).collect()
}

/// I1, as far as one commit goes: what was acknowledged has its effect, but for what is said to be lost
/// and what a later mutation of the same commit wrote over; what was refused has none.
fn effects(
    scene: &Scene,
    commit: &Commit,
    mutations: &[(Vec<Op>, &Verdict)],
) -> Result<(), Broken> {
    let oracle = scene.oracle.borrow();
    let after = |table: TableId, key: &KeyText| {
        let mut changes = commit.rows.iter();
        let change = changes.find(|c| c.table == table && c.key == *key);
        match change {
            Some(change) => change.new.clone(),
            None => oracle.now().get(table, key).cloned(),
        }
    };
    for (at, (ops, verdict)) in mutations.iter().enumerate() {
        let later: Vec<&Op> = mutations[at + 1..]
            .iter()
            .flat_map(|(ops, _)| ops)
            .collect();
        for (position, op) in ops.iter().enumerate() {
            scene.asked(Invariant::I1, 1);
            let rest = ops[position + 1..].iter().chain(later.iter().copied());
            let rest: Vec<&Op> = rest.collect();
            for (table, key, column, value) in written(scene, op) {
                let name = &scene.schema.table(table).column(column).name;
                let row = after(table, &key);
                let stands = row.as_ref().is_some_and(|row| {
                    row[usize::from(column.0)].as_deref() == Some(value.as_str())
                });
                let lost = verdict.lost.iter().any(|lost| {
                    lost.op == position
                        && lost.winner != Winner::Mine
                        && lost.column.as_deref().is_none_or(|own| own == name)
                });
                // It may have stood before, where somebody repeats what another wrote.
                let before = oracle.now().get(table, &key);
                let before = before.and_then(|row| row[usize::from(column.0)].as_deref());
                if before == Some(value.as_str()) {
                    continue;
                }
                let expected = match verdict.outcome {
                    Outcome::Applied | Outcome::Merged => !lost,
                    Outcome::Conflict | Outcome::Gone | Outcome::Rejected { .. } => false,
                };
                // What comes later in the commit may be about it, directly or by a foreign key.
                let spared = rest
                    .iter()
                    .any(|op| may_change(scene, op, table, &key, name));
                if expected != stands && !(expected && spared) {
                    let table = &scene.schema.table(table).name;
                    let why = format!(
                        "{verdict:?}, but {name} of {table} {} is {row:?} where {value} was written",
                        key.join(", ")
                    );
                    return Err(Broken::new(Invariant::I1, why));
                }
            }
        }
    }
    Ok(())
}

/// The traced values of an operation.
fn written(
    scene: &Scene,
    op: &Op,
) -> Vec<(TableId, KeyText, haversack_core::schema::ColumnId, String)> {
    let (Op::Insert { table, .. } | Op::Update { table, .. } | Op::Delete { table, .. }) = op;
    let Some(id) = scene.schema.table_id(table) else {
        return Vec::new();
    };
    let (key, values) = match op {
        Op::Insert { values, .. } => (key_in(scene, id, values), values),
        Op::Update { key, set, .. } => (Some(key.clone()), set),
        Op::Delete { .. } => return Vec::new(),
    };
    let table = scene.schema.table(id);
    let Some(key) = key else {
        return Vec::new();
    };
    let traced = values.iter().filter_map(|(name, value)| {
        let column = table.column_id(name)?;
        let traced = is_traced(table, table.column(column));
        // Only values that are written once say anything by not being there.
        let value = value.clone().filter(|v| traced && v.starts_with('v'))?;
        Some((id, key.clone(), column, value))
    });
    traced.collect()
}

fn may_change(scene: &Scene, op: &Op, table: TableId, key: &KeyText, column: &str) -> bool {
    match op {
        Op::Update {
            table: own,
            key: other,
            set,
            ..
        } => scene.schema.table_id(own) == Some(table) && other == key && set.contains_key(column),
        // It may take the row with it.
        Op::Delete { .. } => true,
        Op::Insert { .. } => false,
    }
}

/// I1 and I2, across restores: what a device was told is applied is judged in the history that the server
/// has now, by one of the replicas that the device was; and applied by one of them alone.
///
/// A history that is gone may have refused it since: offered again, it met other rows. That was the last
/// word, then, and the application has the mutation back.
///
/// # Errors
/// I1 where the server has lost it, I2 where it has it twice.
pub fn survived(scene: &Scene, devices: &[Device]) -> Result<(), Broken> {
    let oracle = scene.oracle.borrow();
    let commits = oracle.surviving_commits();
    let mut judged: BTreeMap<(&str, Seq), &Verdict> = BTreeMap::new();
    for commit in commits {
        if let By::Push { replica, .. } = &commit.by {
            let verdicts = commit.verdicts.iter();
            judged.extend(verdicts.map(|v| ((replica.as_str(), v.seq), v)));
        }
    }
    let sent = scene.sent.borrow();
    for device in devices {
        let given_back: BTreeSet<Seq> = {
            let rejected = disk::rejected(scene, *device).into_iter().map(|r| r.seq);
            let lost = disk::lost(scene, *device).into_iter().map(|l| l.seq);
            rejected.chain(lost).collect()
        };
        let mut record = scene.record.borrow_mut();
        let disk = record.disk(*device).clone();
        for (seq, write) in &disk.durable {
            // An empty one only fills the number, as where a history that is gone has refused the mutation.
            let is_made = |replica: &&String| {
                let ops = sent.get(&((*replica).clone(), *seq));
                ops.is_some_and(|ops| !ops.is_empty())
            };
            let made = || disk.replicas.iter().filter(is_made);
            let here = made().filter_map(|replica| judged.get(&(replica.as_str(), *seq)));
            let here: Vec<&Verdict> = here.copied().collect();
            if here.iter().filter(|verdict| is_applied(verdict)).count() > 1 {
                let why = format!("mutation {seq} of device {} has {here:?}", device.0);
                return Err(Broken::new(Invariant::I2, why));
            }
            if !matches!(record.write(*write).settled, Some("applied" | "merged")) {
                continue;
            }
            scene.asked(Invariant::I1, 1);
            let last = oracle.last_verdict(made(), *seq);
            let is_back = given_back.contains(seq)
                || disk.dealt.contains(seq)
                || disk.forgotten.contains(seq);
            let refused = is_back && last.is_some_and(|verdict| !is_applied(verdict));
            if here.is_empty() && !refused {
                let why = format!(
                    "device {} was told that mutation {seq} is applied, and the server has lost it; the last \
                     verdict is {last:?}",
                    device.0
                );
                return Err(Broken::new(Invariant::I1, why));
            }
        }
    }
    Ok(())
}

fn is_applied(verdict: &Verdict) -> bool {
    match verdict.outcome {
        Outcome::Applied | Outcome::Merged => true,
        Outcome::Conflict | Outcome::Gone | Outcome::Rejected { .. } => false,
    }
}
