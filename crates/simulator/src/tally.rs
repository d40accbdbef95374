//! What histories came to: how often each fault happened, how often each invariant was asked.

use std::fmt::{Display, Formatter};

macro_rules! counted {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $text:literal)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = $text] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];
        }

        impl Display for $name {
            fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }
    };
}

counted! {
    /// An invariant of `docs/reliability.md`.
    Invariant {
        I1 "I1 what was acknowledged is in the server's state"
        I2 "I2 a mutation applies at most once, and its verdict never changes"
        I3 "I3 a replica's mutations apply in order and without gaps"
        I4 "I4 a durable mutation is in exactly one place"
        I5 "I5 a tab shows the rows at its cursor and what is pending"
        I6 "I6 the cursor never passes a commit that the client lacks"
        I7 "I7 rows and cursor are stored together"
        I8 "I8 no transaction is seen in part"
        I9 "I9 sessions are causally consistent"
        I10 "I10 what was refused or undone leaves nothing"
        I11 "I11 no reference dangles"
        I12 "I12 no deleted row returns by itself"
        I13 "I13 nobody touches or gets what is another's"
        I16 "I16 a live result is the recomputed one"
        I17 "I17 clients and server end up equal"
        I19 "I19 queues are empty soon after faults have stopped"
        I20 "I20 retries are bounded"
        I21 "I21 the same seed gives the same trace"
    }
}

counted! {
    /// A kind of fault.
    Fault {
        TabKilled "a tab is killed"
        TabFrozen "a tab freezes"
        BrowserKilled "a browser is killed"
        PowerCut "the power is cut"
        DiskFull "a disk is full"
        StorageFailed "a browser's storage fails"
        ClockJumped "a clock jumps"
        NetworkCut "a device is cut off"
        RequestLost "a request is lost"
        AnswerLost "an answer is lost"
        RequestDuplicated "a request arrives twice"
        RequestReordered "a request arrives again, late"
        RequestDelayed "a request takes long"
        AnswerTruncated "an answer ends early"
        AnswerBroken "an answer breaks off"
        PokeLost "a poke is lost"
        EndpointCrashed "an endpoint crashes"
        CrashedBeforeCommit "an endpoint crashes before a commit"
        CrashedAfterCommit "an endpoint crashes after a commit"
        Serialisation "Postgres says 40001"
        Deadlock "Postgres says 40P01"
        LockTimeout "Postgres says 55P03"
        TooManyConnections "Postgres says 53300"
        LostBeforeCommit "the database's connection breaks before a commit"
        LostAfterCommit "the database's connection breaks after a commit"
        Lingered "a transaction stays open"
        WriterLingered "a writer in SQL holds a transaction open while others commit"
        Restored "a backup is restored"
        OtherSchema "a sync meets another schema"
        Pruned "the changelog is pruned"
        ForeignReplica "a push as another's replica"
        ForeignRows "a push of another's rows"
        ForgedKey "a push of a key that was not leased"
        Gap "a push of a number far ahead"
        Fork "a push of another mutation under a number"
        ForeignCursor "a pull from another's cursor"
        Garbage "a push of garbage"
    }
}

/// How often each happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    invariants: Vec<u64>,
    faults: Vec<u64>,
}

impl Tally {
    /// An invariant was asked.
    pub fn asked(&mut self, invariant: Invariant, times: u64) {
        bump(&mut self.invariants, invariant as usize, times);
    }

    /// A fault happened.
    pub fn happened(&mut self, fault: Fault) {
        bump(&mut self.faults, fault as usize, 1);
    }

    /// How often an invariant was asked.
    pub fn times_asked(&self, invariant: Invariant) -> u64 {
        self.invariants
            .get(invariant as usize)
            .copied()
            .unwrap_or(0)
    }

    /// How often a fault happened.
    pub fn times_happened(&self, fault: Fault) -> u64 {
        self.faults.get(fault as usize).copied().unwrap_or(0)
    }

    /// Adds another history's.
    pub fn add(&mut self, other: &Self) {
        for (at, times) in other.invariants.iter().enumerate() {
            bump(&mut self.invariants, at, *times);
        }
        for (at, times) in other.faults.iter().enumerate() {
            bump(&mut self.faults, at, *times);
        }
    }

    /// What never happened and was never asked.
    pub fn missing(&self) -> Vec<String> {
        let faults = Fault::ALL.iter().filter(|f| self.times_happened(**f) == 0);
        let asked = Invariant::ALL.iter().filter(|i| self.times_asked(**i) == 0);
        faults
            .map(Fault::to_string)
            .chain(asked.map(Invariant::to_string))
            .collect()
    }
}

fn bump(counts: &mut Vec<u64>, at: usize, times: u64) {
    if counts.len() <= at {
        counts.resize(at + 1, 0);
    }
    counts[at] += times;
}

impl Display for Tally {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        for fault in Fault::ALL {
            writeln!(f, "{:>12}  {fault}", self.times_happened(*fault))?;
        }
        writeln!(f)?;
        for invariant in Invariant::ALL {
            writeln!(f, "{:>12}  {invariant}", self.times_asked(*invariant))?;
        }
        Ok(())
    }
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub invariant: Invariant,
    /// What should be, and what is.
    pub why: String,
}

impl Broken {
    /// With a reason.
    pub fn new(invariant: Invariant, why: impl Into<String>) -> Self {
        Self {
            invariant,
            why: why.into(),
        }
    }
}

impl Display for Broken {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n  {}", self.invariant, self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_happened_is_named() {
        let mut tally = Tally::default();
        for fault in Fault::ALL.iter().filter(|f| **f != Fault::PowerCut) {
            tally.happened(*fault);
        }
        let mut other = Tally::default();
        for invariant in Invariant::ALL.iter().filter(|i| **i != Invariant::I9) {
            other.asked(*invariant, 3);
        }
        tally.add(&other);
        assert_eq!(
            tally.missing(),
            [Fault::PowerCut.to_string(), Invariant::I9.to_string()]
        );
        assert_eq!(tally.times_asked(Invariant::I1), 3);
        assert_eq!(tally.times_happened(Fault::Gap), 1);
    }
}
