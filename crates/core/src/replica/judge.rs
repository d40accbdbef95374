//! The rules of single rows, and uniqueness, in Postgres's order: domains when a value is given;
//! then NOT NULL by column, checks by name, unique indexes as they were made.
//!
//! Where something is not known here, a rule is noted as unverified and never called violated.

use super::Key;
use super::checks::{check_violation, domain_null, domain_violation, not_null, unique_violation};
use super::effect::{Row, State};
use super::rules::{UniqueRule, When};
use super::scratch::Scratch;
use crate::error::Error;
use crate::expr::Context;
use crate::schema::TableId;
use crate::value::Value;

/// Where the values of a row come from.
#[derive(Clone, Copy, Default)]
pub(super) struct Given<'a> {
    /// The columns of an insert that got values which no one else can have.
    pub made: &'a [usize],
    /// What an update sets.
    pub set: &'a [(usize, Value)],
}

impl Scratch<'_> {
    /// Asks the rules of the domains of a value that is given.
    ///
    /// # Errors
    /// `not_null_violation`, `check_violation`, and as [`crate::expr::Bound::test`].
    pub fn judge_domains(
        &mut self,
        id: TableId,
        column: usize,
        value: &Value,
    ) -> Result<(), Error> {
        let (table, rule) = (self.table(id), &self.rules(id).columns[column]);
        let described = &table.columns[column];
        let temporary = !rule.domains.is_empty() && self.replica.is_temporary(id, column, value);
        for (domain, rules) in described.domains.iter().zip(&rule.domains) {
            if rules.not_null && value.is_null() {
                return Err(domain_null(table, described, domain));
            }
            for (check, bound) in domain.checks.iter().zip(&rules.checks) {
                // Of the key that will be in a temporary one's place nothing is known.
                let Some(bound) = bound.as_ref().filter(|_| !temporary) else {
                    self.doubt(&check.name);
                    continue;
                };
                let mut random = || [0; 16];
                let mut context = Context {
                    now_ms: self.at_ms,
                    identity: self.replica.identity(),
                    value: Some(value),
                    random: &mut random,
                };
                if bound.test(&[], &mut context)? == Some(false) {
                    return Err(domain_violation(table, described, domain, check, value));
                }
            }
        }
        Ok(())
    }

    /// Asks everything that a row has to satisfy at once; `old` is what it was, and `except` its
    /// key, where it keeps it.
    ///
    /// # Errors
    /// As [`Scratch::perform`].
    pub fn judge_row(
        &mut self,
        id: TableId,
        except: Option<&Key>,
        old: Option<&Row>,
        new: &State,
        Given { made, set }: Given<'_>,
    ) -> Result<(), Error> {
        let (table, rules) = (self.table(id), self.rules(id));
        let Some(row) = &new.row else { return Ok(()) };
        for (i, rule) in rules.columns.iter().enumerate() {
            // What was null before is for the server to fill, and no fault of this write, unless it
            // says null itself.
            let unfilled = old.is_some_and(|old| old[i].is_null())
                && !set.iter().any(|(column, _)| *column == i);
            let asked = rule.is_key || rule.required && !unfilled && !new.unknown.contains(&i);
            if asked && row[i].is_null() {
                self.complain(not_null(table, &table.columns[i]))?;
            }
        }
        for (check, rule) in table.checks.iter().zip(&rules.checks) {
            let bound = match &rule.bound {
                Some(bound)
                    if !reads_any(&rule.reads, &new.unknown)
                        && !self.replica.any_temporary(id, &rule.reads, row) =>
                {
                    bound
                }
                _ => {
                    self.doubt(&check.name);
                    continue;
                }
            };
            let mut random = || [0; 16];
            let mut context = Context {
                now_ms: self.at_ms,
                identity: self.replica.identity(),
                value: None,
                random: &mut random,
            };
            match bound.test(row, &mut context) {
                Ok(Some(false)) => self.complain(check_violation(table, check))?,
                Ok(_) => {}
                Err(error) => self.complain(error.table(&table.name))?,
            }
        }
        for rule in &rules.uniques {
            let concerns = old.is_none_or(|old| rule.reads.iter().any(|&c| old[c] != row[c]));
            if rule.when == When::AtOnce && (concerns || rule.server_only) {
                self.judge_unique(id, rule, except, new, made)?;
            }
        }
        for rule in &table.server_rules {
            self.doubt(&rule.name);
        }
        Ok(())
    }

    /// Asks whether another row has the same values.
    ///
    /// # Errors
    /// As [`Scratch::perform`].
    pub fn judge_unique(
        &mut self,
        id: TableId,
        rule: &UniqueRule,
        except: Option<&Key>,
        new: &State,
        made: &[usize],
    ) -> Result<(), Error> {
        let table = self.table(id);
        let unique = rule.unique.map(|i| &table.uniques[i]);
        let name = unique.map_or(&table.primary_key_name, |u| &u.name);
        let Some(row) = &new.row else { return Ok(()) };
        if rule.server_only || reads_any(&rule.reads, &new.unknown) {
            self.doubt(name);
            return Ok(());
        }
        let store = self.replica.store(id);
        let (taken, exact) = match rule.index {
            None => {
                let taken = match (except, &store.key_columns[..]) {
                    (None, &[one]) => self.exists(id, std::slice::from_ref(&row[one])),
                    _ => {
                        let key = Key::of(row, &store.key_columns);
                        except != Some(&key) && self.exists(id, key.values())
                    }
                };
                (taken, true)
            }
            Some(index) => {
                let spec = &store.hashed[index].spec;
                if self.surely_free(id, index, row) {
                    (false, spec.exact())
                } else {
                    let values = match spec.parts_of(row) {
                        Ok(Some(values)) => values,
                        Ok(None) => return Ok(()),
                        Err(error) => return self.complain(error.table(&table.name)),
                    };
                    let others = self.matching(id, index, &values, 2);
                    let taken = others.iter().any(|key| except != Some(key));
                    (taken, spec.exact())
                }
            }
        };
        if taken {
            return self.complain(unique_violation(table, unique, row));
        }
        let everybodys = self.rules(id).identity.is_none() && !table.hides_rows;
        let within = rule.within_identity || everybodys;
        let all_here = self.replica.alone || (store.complete && within);
        let nobody_elses = rule.reads.iter().any(|c| made.contains(c));
        if !(all_here && exact || nobody_elses) {
            self.doubt(name);
        }
        Ok(())
    }

    /// Is there no row with the hash of these values? Nearly always it is so, and no value is copied.
    fn surely_free(&self, id: TableId, index: usize, row: &Row) -> bool {
        let store = self.replica.store(id);
        let spec = &store.hashed[index].spec;
        if !spec.is_plain() || self.rows.iter().any(|held| held.table == id) {
            return false;
        }
        match spec.hash_row(row) {
            // It is in no index: of that the values tell.
            0 => false,
            hash => store.candidates(index, hash).next().is_none(),
        }
    }
}

fn reads_any(reads: &[usize], unknown: &[usize]) -> bool {
    !unknown.is_empty() && reads.iter().any(|c| unknown.contains(c))
}
