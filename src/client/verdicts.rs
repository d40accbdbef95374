//! What the verdicts of an answer come to: what is kept for the application, and what the journal keeps.

use crate::store::queue::{LostValue, Rejected, Stopped};
use haversack_core::protocol::{Head, Mutation, Outcome, Seq, Winner};
use haversack_core::{Error, ErrorCode};

/// The mutations that got a verdict, in order.
pub(super) fn judged_mutations(sent: &[Mutation], head: &Head) -> Vec<Mutation> {
    sent.iter()
        .filter(|m| head.verdicts.iter().any(|v| v.seq == m.seq))
        .cloned()
        .collect()
}

/// Those of the judged mutations of which something is in the server.
pub(super) fn applied_mutations(judged: &[Mutation], head: &Head) -> Vec<Mutation> {
    let is = |mutation: &&Mutation| {
        !mutation.ops.is_empty()
            && head.verdicts.iter().any(|v| {
                v.seq == mutation.seq && matches!(v.outcome, Outcome::Applied | Outcome::Merged)
            })
    };
    judged.iter().filter(is).cloned().collect()
}

/// Judged mutations as the application made them: of one that a migration has stopped, nothing but the
/// number was sent. Had it come to the server before, that has said what became of it; else it is
/// refused now.
pub(super) fn give_back(
    judged: &[Mutation],
    stopped: &[(Seq, Stopped)],
    head: &mut Head,
) -> Vec<Mutation> {
    let mut given = judged.to_vec();
    for mutation in &mut given {
        let Some((_, was)) = stopped.iter().find(|(seq, _)| *seq == mutation.seq) else {
            continue;
        };
        mutation.ops.clone_from(&was.ops);
        let verdicts = head.verdicts.iter_mut().filter(|v| v.seq == mutation.seq);
        for verdict in verdicts {
            if verdict.outcome == Outcome::Applied && verdict.written.is_empty() {
                verdict.outcome = Outcome::Rejected {
                    error: was.error.clone(),
                };
            }
        }
    }
    given
}

pub(super) fn outcomes_to_keep(
    judged: &[Mutation],
    head: &Head,
    now: f64,
) -> (Vec<Rejected>, Vec<LostValue>) {
    let (mut rejected, mut lost) = (Vec::new(), Vec::new());
    for verdict in &head.verdicts {
        let Some(mutation) = judged.iter().find(|m| m.seq == verdict.seq) else {
            continue;
        };
        let error = match &verdict.outcome {
            Outcome::Rejected { error } => Some(error.clone()),
            Outcome::Gone => Some(Error::new(ErrorCode::Gone, ErrorCode::Gone.meaning())),
            Outcome::Applied | Outcome::Merged | Outcome::Conflict => None,
        };
        if let Some(error) = error {
            rejected.push(Rejected {
                seq: mutation.seq,
                at: mutation.at,
                rejected_at: now,
                ops: mutation.ops.clone(),
                error,
                blocked_by: None,
            });
        }
        let at = now;
        lost.extend(verdict.lost.iter().map(|value| LostValue {
            seq: verdict.seq,
            at,
            settled: value.winner != Winner::Nobody,
            whole: verdict.outcome == Outcome::Conflict,
            lost: value.clone(),
        }));
    }
    (rejected, lost)
}

/// The head as the journal keeps it: whether the patch replaces everything, nothing else.
pub(super) fn journal_head(head: &Head) -> String {
    let slim = Head {
        verdicts: Vec::new(),
        leases: Default::default(),
        ..head.clone()
    };
    slim.line()
}
