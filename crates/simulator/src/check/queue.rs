//! I4: a durable mutation is in exactly one place: queued, applied, or kept as rejected.

use crate::history::Device;
use crate::record::Disk;
use crate::run::disk;
use crate::run::scene::Scene;
use crate::tally::{Broken, Invariant};
use haversack_core::protocol::{Outcome, Seq, Verdict, Winner};
use std::collections::BTreeSet;

/// What is on a device's disk of each mutation.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The last number that has a verdict, by the disk.
    pub judged: Seq,
    /// Those that wait.
    pub queued: BTreeSet<Seq>,
    /// Those that were refused.
    pub rejected: BTreeSet<Seq>,
    /// Those of which values are kept that lost.
    pub lost: BTreeSet<Seq>,
}

/// Looks at a device's disk.
///
/// # Errors
/// The first mutation that is nowhere, or in two places.
pub fn on_disk(scene: &Scene, device: Device) -> Result<(), Broken> {
    let Some(state) = disk::state(scene, device) else {
        return match scene.record.borrow_mut().disk(device).durable.is_empty() {
            true => Ok(()),
            false => Err(Broken::new(
                Invariant::I4,
                format!(
                    "device {} has lost its state with what was durable",
                    device.0
                ),
            )),
        };
    };
    let places = Places {
        judged: state.judged,
        queued: disk::queued(scene, device).into_iter().collect(),
        rejected: disk::rejected(scene, device)
            .iter()
            .map(|r| r.seq)
            .collect(),
        lost: disk::lost(scene, device).iter().map(|l| l.seq).collect(),
    };
    let mut record = scene.record.borrow_mut();
    let known = record.disk(device);
    scene.asked(Invariant::I4, known.durable.len());
    let oracle = scene.oracle.borrow();
    let verdicts = |seq: Seq| -> Vec<Verdict> {
        let given = known.replicas.iter().flat_map(|r| oracle.verdicts(r, seq));
        given.cloned().collect()
    };
    check(known, &places, verdicts)
        .map_err(|why| Broken::new(Invariant::I4, format!("device {}: {why}", device.0)))
}

/// Says which durable mutation is not in exactly one place.
///
/// # Errors
/// In words.
pub fn check(
    known: &Disk,
    places: &Places,
    verdicts: impl Fn(Seq) -> Vec<Verdict>,
) -> Result<(), String> {
    for &seq in known.durable.keys() {
        let (queued, rejected) = (places.queued.contains(&seq), places.rejected.contains(&seq));
        if queued && rejected {
            return Err(format!("mutation {seq} is queued and rejected"));
        }
        if queued && seq <= places.judged {
            return Err(format!(
                "mutation {seq} is queued, though judged is {}",
                places.judged
            ));
        }
        if queued {
            continue;
        }
        let verdicts = verdicts(seq);
        let refused = verdicts.iter().any(|v| is_refused(&v.outcome));
        if rejected {
            if !refused {
                return Err(format!(
                    "mutation {seq} is kept as rejected; verdicts: {verdicts:?}"
                ));
            }
            continue;
        }
        if verdicts.is_empty() {
            return Err(format!("mutation {seq} was durable and is nowhere"));
        }
        if known.dealt.contains(&seq) || known.forgotten.contains(&seq) {
            continue;
        }
        if verdicts.iter().all(|v| is_refused(&v.outcome)) {
            return Err(format!("mutation {seq} was refused and is not kept"));
        }
        let lost = |v: &Verdict| {
            // An open conflict makes place for a later one of the same column.
            v.lost.iter().any(|lost| lost.winner != Winner::Nobody)
        };
        if verdicts.iter().all(lost) && !places.lost.contains(&seq) {
            return Err(format!("mutation {seq} lost values that are not kept"));
        }
    }
    Ok(())
}

fn is_refused(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Rejected { .. } | Outcome::Gone => true,
        Outcome::Applied | Outcome::Merged | Outcome::Conflict => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::WriteId;
    use haversack_core::protocol::Lost;
    use haversack_core::{Error, ErrorCode};

    fn verdict(seq: Seq, outcome: Outcome, lost: Option<Winner>) -> Verdict {
        let lost = lost.map(|winner| Lost {
            op: 0,
            table: "t".to_owned(),
            key: vec!["1".to_owned()],
            column: Some("c".to_owned()),
            mine: None,
            theirs: None,
            base: None,
            winner,
        });
        Verdict {
            seq,
            outcome,
            written: Vec::new(),
            lost: lost.into_iter().collect(),
        }
    }

    fn refusal() -> Outcome {
        Outcome::Rejected {
            error: Error::new(ErrorCode::Rejected, "no"),
        }
    }

    /// Mutation 1 alone, in these places, with this verdict.
    fn ask(places: &Places, given: Option<Verdict>, dealt: bool) -> Result<(), String> {
        let mut known = Disk::default();
        known.durable.insert(1, WriteId(0));
        if dealt {
            known.dealt.insert(1);
        }
        check(&known, places, |_| given.clone().into_iter().collect())
    }

    fn places(queued: bool, rejected: bool, lost: bool, judged: Seq) -> Places {
        let set = |is: bool| is.then_some(1).into_iter().collect();
        Places {
            judged,
            queued: set(queued),
            rejected: set(rejected),
            lost: set(lost),
        }
    }

    #[test]
    fn one_place_is_well() {
        let applied = Some(verdict(1, Outcome::Applied, None));
        let conflict = Some(verdict(1, Outcome::Conflict, Some(Winner::Theirs)));
        let open = Some(verdict(1, Outcome::Merged, Some(Winner::Nobody)));
        let refused = Some(verdict(1, refusal(), None));
        for (places, given, dealt) in [
            (places(true, false, false, 0), None, false),
            // The verdict is on its way.
            (places(true, false, false, 0), applied.clone(), false),
            (places(false, false, false, 1), applied, false),
            (places(false, true, false, 1), refused.clone(), false),
            (places(false, false, false, 1), refused, true),
            (places(false, false, true, 1), conflict, false),
            (places(false, false, false, 1), open, false),
        ] {
            assert_eq!(
                ask(&places, given.clone(), dealt),
                Ok(()),
                "{places:?} {given:?}"
            );
        }
    }

    #[test]
    fn no_place_and_two_places_are_found() {
        let applied = Some(verdict(1, Outcome::Applied, None));
        let conflict = Some(verdict(1, Outcome::Conflict, Some(Winner::Theirs)));
        let refused = Some(verdict(1, refusal(), None));
        for (places, given, word) in [
            (places(false, false, false, 0), None, "nowhere"),
            (places(false, false, false, 1), refused.clone(), "not kept"),
            (places(false, false, false, 1), conflict, "not kept"),
            (places(true, true, false, 0), refused, "queued and rejected"),
            (
                places(true, false, false, 1),
                applied.clone(),
                "judged is 1",
            ),
            (places(false, true, false, 1), applied, "kept as rejected"),
        ] {
            let found = ask(&places, given.clone(), false).expect_err(word);
            assert!(found.contains(word), "{found}");
        }
    }
}
