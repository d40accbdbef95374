//! Somebody who has a user's token and says what no client would (F42, F61, F62, F65).
//!
//! What is expected is that nothing comes of it: the commits are held against I12 and I13 as everybody's, and
//! here what is answered.

use super::network::Network;
use super::scene::Scene;
use crate::history::{Cast, Lie, User};
use crate::rows::owner_column;
use crate::tally::{Broken, Fault, Invariant};
use bytes::Bytes;
use haversack_core::map::Map;
use haversack_core::protocol::{
    Line, Mutation, Op, Outcome, PROTOCOL_VERSION, PUSH_BATCH_MAX, SyncRequest, Text, Values,
};
use haversack_core::{Error, ErrorCode};
use rand::Rng;
use rand::rngs::SmallRng;
use std::rc::Rc;

/// A key that no sequence of a history comes near.
const FORGED_KEY: u32 = 1_000_000_000;

/// Says it.
pub fn act(scene: &Rc<Scene>, network: &Network, user: User, lie: Lie, rng: &mut SmallRng) {
    let name = Cast::name_of(user);
    match lie {
        Lie::ForeignReplica => foreign_replica(scene, network, name, rng),
        Lie::ForeignRows => foreign_rows(scene, network, name, rng),
        Lie::ForgedKey => forged_key(scene, network, name, rng),
        Lie::Gap => gap(scene, network, name, rng),
        Lie::Fork => fork(scene, network, name, rng),
        Lie::ForeignCursor => foreign_cursor(scene, network, name, rng),
        Lie::Garbage => garbage(scene, network, name, rng),
    }
}

fn request(scene: &Scene, replica: String, mutations: Vec<Mutation>) -> SyncRequest {
    SyncRequest {
        protocol: PROTOCOL_VERSION,
        replica,
        fingerprint: scene.schema.fingerprint.clone(),
        cursor: None,
        epoch: None,
        began: 0,
        acknowledged: 0,
        mutations,
        leases: Map::new(),
        renew: None,
    }
}

fn mutation(scene: &Scene, seq: u64, ops: Vec<Op>) -> Mutation {
    Mutation {
        seq,
        at: scene.world.true_now_ms() as i64,
        seen: 0,
        ops,
        predicted: Vec::new(),
        earlier: Vec::new(),
    }
}

fn own_replica(rng: &mut SmallRng) -> String {
    format!(
        "bad00000-0000-4000-8000-{:012x}",
        rng.random_range(0..1u64 << 48)
    )
}

/// A replica that the database has on record as a user's, or as another's; with its last number.
fn known_replica(
    scene: &Scene,
    network: &Network,
    rng: &mut SmallRng,
    fits: impl Fn(&str) -> bool,
) -> Option<(String, u64)> {
    let record = scene.record.borrow();
    let of_user = record.replicas.iter().filter(|(_, user)| fits(user));
    let known =
        of_user.filter_map(|(id, _)| Some((id.clone(), network.database.replica(id)?.last_seq)));
    let known: Vec<(String, u64)> = known.filter(|(id, _)| !id.starts_with("bad")).collect();
    known.get(rng.random_range(0..known.len().max(1))).cloned()
}

type Answer = Result<Vec<Bytes>, Error>;

/// Holds an answer against what it has to be.
fn expect<F: Fn(&Answer) -> bool + 'static>(
    scene: &Rc<Scene>,
    right: F,
) -> impl FnOnce(Answer) + use<F> {
    expect_with(scene, move |_, answer| match right(answer) {
        true => Ok(()),
        false => Err(format!("{answer:?}")),
    })
}

fn expect_with<F: Fn(&Scene, &Answer) -> Result<(), String> + 'static>(
    scene: &Rc<Scene>,
    right: F,
) -> impl FnOnce(Answer) + use<F> {
    let scene = scene.clone();
    move |answer| {
        scene.asked(Invariant::I13, 1);
        let told = right(&scene, &answer);
        scene.hold(told.map_err(|why| {
            Broken::new(
                Invariant::I13,
                format!("a hostile client was answered {why}"),
            )
        }));
    }
}

/// Is it an error that has nothing to do with what was asked?
fn is_passing(error: &Error) -> bool {
    matches!(
        error.code,
        ErrorCode::Overloaded | ErrorCode::DatabaseUnavailable | ErrorCode::SchemaChanged
    )
}

fn refused(codes: &'static [ErrorCode]) -> impl Fn(&Answer) -> bool {
    move |answer| match answer {
        Ok(_) => false,
        Err(error) => codes.contains(&error.code) || is_passing(error),
    }
}

/// No mutation was applied.
fn not_applied(answer: &Answer) -> bool {
    let Ok(lines) = answer else {
        return true;
    };
    match lines.first().map(|line| serde_json::from_slice(line)) {
        Some(Ok(Line::Head(head))) => {
            let mut verdicts = head.verdicts.iter();
            !verdicts.any(|v| matches!(v.outcome, Outcome::Applied | Outcome::Merged))
        }
        _ => true,
    }
}

fn foreign_replica(scene: &Rc<Scene>, network: &Network, user: String, rng: &mut SmallRng) {
    let Some((replica, last)) = known_replica(scene, network, rng, |owner| owner != user) else {
        return;
    };
    scene.happened(Fault::ForeignReplica);
    let next = mutation(scene, last + 1, Vec::new());
    let asked = request(scene, replica, vec![next]);
    // A restore may have undone that it is the other's.
    let lenient = scene.oracle.borrow().restores() > 0;
    let right = refused(&[ErrorCode::ReplicaForeign]);
    network.ask_as_stranger(user, asked, expect(scene, move |a| lenient || right(a)));
}

fn foreign_rows(scene: &Rc<Scene>, network: &Network, user: String, rng: &mut SmallRng) {
    let oracle = scene.oracle.borrow();
    let mut ops = Vec::new();
    for (rows, table) in oracle.now().0.iter().zip(&scene.schema.tables) {
        let Some(owner) = owner_column(table) else {
            continue;
        };
        let Some((key, row)) = rows
            .iter()
            .find(|(_, row)| row[owner].as_deref() != Some(&*user))
        else {
            continue;
        };
        let (table, key) = (table.name.clone(), key.clone());
        ops.push(Op::Delete {
            table: table.clone(),
            key: key.clone(),
            base: None,
        });
        let mut set = Values::new();
        let mut values = Values::new();
        for (column, value) in scene.schema.tables
            [usize::from(scene.schema.table_id(&table).map_or(0, |t| t.0))]
        .columns
        .iter()
        .zip(row.iter())
        {
            values.insert(column.name.as_str(), value.clone());
            if column.identity {
                set.insert(column.name.as_str(), Some(user.clone()));
            }
        }
        ops.push(Op::Update {
            table: table.clone(),
            key,
            set,
            base: Map::new(),
        });
        ops.push(Op::Insert { table, values });
    }
    drop(oracle);
    if ops.is_empty() {
        return;
    }
    scene.happened(Fault::ForeignRows);
    let at = rng.random_range(0..ops.len());
    let only = mutation(scene, 1, vec![ops.swap_remove(at)]);
    let asked = request(scene, own_replica(rng), vec![only]);
    // What is gone is deleted, whoever asks; that the row still stands is asked of the commit.
    network.ask(user, asked, expect(scene, |_| true));
}

fn forged_key(scene: &Rc<Scene>, network: &Network, user: String, rng: &mut SmallRng) {
    let mut tables = scene.schema.tables.iter();
    let Some((table, column)) = tables.find_map(|t| Some((t, t.sequence_key()?))) else {
        return;
    };
    scene.happened(Fault::ForgedKey);
    let mut values = Values::new();
    for described in &table.columns {
        let value: Text = match described.default.is_some() || described.nullable {
            true => continue,
            false => Some("forged".to_owned()),
        };
        values.insert(described.name.as_str(), value);
    }
    let key = FORGED_KEY + rng.random_range(0..FORGED_KEY);
    values.insert(table.column(column).name.as_str(), Some(key.to_string()));
    let table = table.name.clone();
    let only = mutation(scene, 1, vec![Op::Insert { table, values }]);
    let asked = request(scene, own_replica(rng), vec![only]);
    network.ask(user, asked, expect(scene, not_applied));
}

fn gap(scene: &Rc<Scene>, network: &Network, user: String, rng: &mut SmallRng) {
    let known = known_replica(scene, network, rng, |owner| owner == user);
    let Some((replica, last)) = known.filter(|(_, last)| *last > 0) else {
        return;
    };
    scene.happened(Fault::Gap);
    // Far beyond what its own client may have pushed meanwhile.
    let far = mutation(scene, last + 10_000, Vec::new());
    let asked = request(scene, replica, vec![far]);
    let right = refused(&[ErrorCode::SequenceGap]);
    network.ask_as_stranger(user, asked, expect(scene, right));
}

fn fork(scene: &Rc<Scene>, network: &Network, user: String, rng: &mut SmallRng) {
    let known = known_replica(scene, network, rng, |owner| owner == user);
    let Some((replica, last)) = known.filter(|(_, last)| *last > 0) else {
        return;
    };
    scene.happened(Fault::Fork);
    let other = Op::Delete {
        table: scene.schema.tables[0].name.clone(),
        key: vec!["0".to_owned()],
        base: None,
    };
    let again = mutation(scene, last, vec![other]);
    let asked = request(scene, replica, vec![again]);
    // Where the verdict was acknowledged nothing is known of the mutation: that is all that is said.
    network.ask_as_stranger(user, asked, expect(scene, |_| true));
}

fn foreign_cursor(scene: &Rc<Scene>, network: &Network, user: String, rng: &mut SmallRng) {
    let cursor = {
        let record = scene.record.borrow();
        let others = record
            .disks
            .iter()
            .filter(|(d, _)| scene.user_of(**d) != user);
        let cursors = others.filter_map(|(_, disk)| disk.patches.values().next_back());
        let cursors: Vec<String> = cursors.map(|s| s.cursor.clone()).collect();
        cursors
            .get(rng.random_range(0..cursors.len().max(1)))
            .cloned()
    };
    let Some(cursor) = cursor else {
        return;
    };
    scene.happened(Fault::ForeignCursor);
    let asked = SyncRequest {
        cursor: Some(cursor),
        ..request(scene, own_replica(rng), Vec::new())
    };
    let own = user.clone();
    let right = move |scene: &Scene, answer: &Answer| match answer {
        Err(_) => Ok(()),
        Ok(lines) => lines.iter().try_for_each(|line| of_user(scene, line, &own)),
    };
    network.ask(user, asked, expect_with(scene, right));
}

/// Is a line of rows all a user's?
fn of_user(scene: &Scene, line: &Bytes, user: &str) -> Result<(), String> {
    match serde_json::from_slice(line) {
        Ok(Line::Rows { table, rows }) => {
            let id = scene.schema.table_id(&table).ok_or("of no table")?;
            let Some(owner) = owner_column(scene.schema.table(id)) else {
                return Ok(());
            };
            match rows.iter().find(|row| row[owner].as_deref() != Some(user)) {
                Some(row) => Err(format!("with {table} {row:?}, which is not {user}'s")),
                None => Ok(()),
            }
        }
        Ok(Line::Head(head)) if !head.snapshot => Err("as if the cursor were its own".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("with a line that is none: {error}")),
    }
}

fn garbage(scene: &Rc<Scene>, network: &Network, user: String, rng: &mut SmallRng) {
    scene.happened(Fault::Garbage);
    let replica = own_replica(rng);
    let nothing = || request(scene, replica.clone(), Vec::new());
    let of = |op: Op| request(scene, replica.clone(), vec![mutation(scene, 1, vec![op])]);
    let table = scene.schema.tables[0].name.clone();
    let asked = match rng.random_range(0..7) {
        0 => SyncRequest {
            protocol: PROTOCOL_VERSION + 1,
            ..nothing()
        },
        1 => SyncRequest {
            replica: "no uuid".to_owned(),
            ..nothing()
        },
        2 => SyncRequest {
            cursor: Some("1.9:3:.0".to_owned()),
            ..nothing()
        },
        3 => {
            let many = (1..=PUSH_BATCH_MAX as u64 + 1).map(|seq| mutation(scene, seq, Vec::new()));
            request(scene, replica.clone(), many.collect())
        }
        4 => of(Op::Delete {
            table: "no table\"; drop".to_owned(),
            key: vec!["1".to_owned()],
            base: None,
        }),
        5 => of(Op::Delete {
            table,
            key: Vec::new(),
            base: None,
        }),
        _ => {
            let mut set = Values::new();
            set.insert("no column", Some("\u{0}".to_owned()));
            of(Op::Update {
                table,
                key: vec!["1".to_owned()],
                set,
                base: Map::new(),
            })
        }
    };
    network.ask(user, asked, expect(scene, not_applied));
}
