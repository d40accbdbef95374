//! A transaction made in steps, between which hooks look at what has become of the rows.
//!
//! Each step is visible at once, as a pending mutation of its own that nobody stores; in the end they
//! are joined to one, or all withdrawn. **Invariant (I10).** Withdrawn steps leave nothing behind.
//! Never calls a hook itself: whoever holds the steps does, between them.

use super::effect::Origin;
use super::overlay::{LocalId, PendingMutation};
use super::prepare::{Prepared, WriteContext};
use super::refer::Event;
use super::scratch::{Mode, Scratch};
use super::{DraftOp, Key, Replica};
use crate::error::Error;
use crate::schema::TableId;

/// How a step is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rigour {
    /// To see what row it would make, which a hook may complete: what the rules refuse is let pass.
    Sketch,
    /// To do it.
    Judge,
}

/// What is asked at the end of the transaction, whatever comes until then.
#[derive(Clone, Debug)]
pub struct Deferred {
    event: Event,
    /// The row that is asked about.
    row: Option<(TableId, Key)>,
}

/// The steps so far.
#[derive(Debug, Default)]
pub struct Steps {
    done: Vec<LocalId>,
    deferred: Vec<Deferred>,
}

impl Prepared {
    /// The rows that the step changes, each once, in the order in which it does.
    pub fn touched(&self) -> Vec<(TableId, Key)> {
        let mut rows: Vec<(TableId, Key)> = Vec::new();
        for effect in &self.effects {
            let row = (effect.table, effect.key.clone());
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        rows
    }
}

impl Scratch<'_> {
    /// What is deferred to the transaction's end, by the rows' keys.
    pub(super) fn deferred_events(&self) -> Vec<Deferred> {
        let by_key = |event: &Event| Deferred {
            row: match event {
                Event::Unique { row, .. } | Event::Refers { row, .. } => {
                    let held = &self.rows[*row];
                    Some((held.table, held.key.clone()))
                }
                Event::Referred { .. } => None,
            },
            event: event.clone(),
        };
        self.deferred.iter().map(by_key).collect()
    }

    /// Takes over what was deferred by an earlier step, whose rows may have changed since.
    pub(super) fn defer_again(&mut self, deferred: Deferred) {
        let mut event = deferred.event;
        if let Some((table, key)) = deferred.row {
            let state = self.visible(table, &key);
            let at = self.put(table, &key, state);
            match &mut event {
                Event::Unique { row, .. } | Event::Refers { row, .. } => *row = at,
                Event::Referred { .. } => {}
            }
        }
        self.deferred.push(event);
    }
}

impl Replica {
    /// Checks one step over what is visible now, the earlier steps included, and changes nothing.
    ///
    /// # Errors
    /// As [`Replica::prepare`].
    pub fn step(
        &self,
        op: &DraftOp<'_>,
        rigour: Rigour,
        context: &mut WriteContext<'_>,
    ) -> Result<Prepared, Error> {
        let mode = match rigour {
            Rigour::Sketch => Mode::Note,
            Rigour::Judge => Mode::Judge,
        };
        self.prepare_step(op, mode, context)
    }

    /// Makes a step visible.
    pub fn take_step(&mut self, steps: &mut Steps, mut prepared: Prepared) {
        steps.deferred.append(&mut prepared.deferred);
        let local = self.apply(prepared);
        steps.done.push(local);
    }

    /// Undoes all steps.
    pub fn withdraw_steps(&mut self, steps: Steps) {
        for local in steps.done.into_iter().rev() {
            self.withdraw(local);
        }
    }

    /// Asks what was deferred, and makes one pending mutation of the steps.
    ///
    /// # Errors
    /// What was deferred and does not hold, `mutation_too_large`; with the steps, to be withdrawn.
    pub fn join_steps(&mut self, mut steps: Steps) -> Result<LocalId, (Steps, Error)> {
        if let Err(error) = self.judge_deferred(std::mem::take(&mut steps.deferred)) {
            return Err((steps, error));
        }
        let of_steps = |p: &&PendingMutation| steps.done.contains(&p.local);
        let ops = self.pending.iter().filter(of_steps);
        let ops: Vec<_> = ops.flat_map(|p| p.mutation.ops.iter().cloned()).collect();
        if let Err(error) = self.check_size(&ops) {
            return Err((steps, error));
        }
        let mut joined: Option<PendingMutation> = None;
        for local in steps.done {
            let Some(at) = self.pending.iter().position(|p| p.local == local) else {
                continue;
            };
            let pending = self.pending[at].clone();
            self.take_out(local);
            match &mut joined {
                None => joined = Some(pending),
                Some(joined) => append(joined, pending),
            }
        }
        let joined = joined.expect("a transaction has a step");
        let local = joined.local;
        self.put_in(joined);
        Ok(local)
    }
}

/// Puts what a later step did behind what the earlier ones did.
fn append(joined: &mut PendingMutation, mut next: PendingMutation) {
    let before = joined.mutation.ops.len();
    for effect in &mut next.effects {
        match &mut effect.origin {
            Origin::Op(position) => *position += before as u32,
            Origin::Cascade | Origin::Hook => {}
        }
    }
    for hook in &mut next.mutation.predicted {
        hook.after += before;
    }
    joined.effects.append(&mut next.effects);
    joined.mutation.ops.append(&mut next.mutation.ops);
    joined
        .mutation
        .predicted
        .append(&mut next.mutation.predicted);
    for rule in next.unverified {
        if !joined.unverified.contains(&rule) {
            joined.unverified.push(rule);
        }
    }
}
