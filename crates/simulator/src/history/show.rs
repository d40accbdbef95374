//! A step in one line, for people.

use super::{Cast, Lie, Machine, Planned, ServerStep, Settle, Sql, Step, TabStep, Wire, Write};
use std::fmt::{Display, Formatter, Result};

impl Display for Cast {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(
            f,
            "{} users, {} devices, {} tabs, {} endpoints:",
            self.users,
            self.devices.len(),
            self.seats.len(),
            self.endpoints
        )?;
        for (seat, device) in self.seats.iter().enumerate() {
            let user = self.devices[usize::from(device.0)];
            write!(f, " tab {seat} on device {} of user {};", device.0, user.0)?;
        }
        Ok(())
    }
}

impl Display for Planned {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "+{:>5} ms  {}", self.after_ms, self.step)
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Write { seat, write } => write!(f, "tab {}: {write}", seat.0),
            Self::Read { seat } => write!(f, "tab {}: read", seat.0),
            Self::Pass { ms } => write!(f, "{ms} ms pass"),
            Self::Ask { seat } => write!(f, "tab {}: ask for a sync", seat.0),
            Self::Settle { seat, settle } => {
                let what = match settle {
                    Settle::Dismiss => "dismiss a rejected mutation",
                    Settle::Retry => "retry a rejected mutation",
                    Settle::DismissLost => "dismiss a lost value",
                };
                write!(f, "tab {}: {what}", seat.0)
            }
            Self::Tab { seat, tab } => {
                let what = match tab {
                    TabStep::Open => "is opened",
                    TabStep::Close => "is closed",
                    TabStep::Kill => "is killed",
                    TabStep::Freeze => "freezes",
                    TabStep::Thaw => "thaws",
                };
                write!(f, "tab {} {what}", seat.0)
            }
            Self::Machine { device, machine } => write!(f, "device {}: {machine}", device.0),
            Self::Wire {
                device,
                wire,
                times,
            } => write!(f, "device {}: next {times} {wire}", device.0),
            Self::Server(step) => write!(f, "{step}"),
            Self::Sql { writer, sql } => match sql {
                Sql::Write(write) => write!(f, "SQL writer {writer}: {write}"),
                Sql::Commit => write!(f, "SQL writer {writer}: commit"),
                Sql::Rollback => write!(f, "SQL writer {writer}: rollback"),
            },
            Self::Hostile { user, lie } => {
                let what = match lie {
                    Lie::ForeignReplica => "pushes as another's replica",
                    Lie::ForeignRows => "pushes another's rows",
                    Lie::ForgedKey => "pushes a key that was not leased",
                    Lie::Gap => "pushes a number far ahead",
                    Lie::Fork => "pushes another mutation under a used number",
                    Lie::ForeignCursor => "pulls from another's cursor",
                    Lie::Garbage => "pushes garbage",
                };
                write!(f, "somebody with user {}'s token {what}", user.0)
            }
        }
    }
}

impl Display for Write {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Insert => "insert a row",
            Self::Update => "update a row",
            Self::Delete => "delete a row",
            Self::Family => "insert a row and rows that refer to it",
            Self::Sweep => "update several rows",
            Self::Doubtful => "write what may break a rule",
        })
    }
}

impl Display for Machine {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::KillBrowser => write!(f, "the browser is killed"),
            Self::CutPower => write!(f, "the power is cut"),
            Self::FillDisk { ms } => write!(f, "the disk is full for {ms} ms"),
            Self::BreakStorage { ms } => write!(f, "the storage fails for {ms} ms"),
            Self::Clock { seconds } => write!(f, "the clock is {seconds} s off"),
            Self::Cut => write!(f, "the network is cut"),
            Self::Heal => write!(f, "the network is back"),
        }
    }
}

impl Display for Wire {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::LoseRequest => write!(f, "requests are lost"),
            Self::LoseAnswer => write!(f, "answers are lost"),
            Self::Duplicate => write!(f, "requests arrive twice"),
            Self::Reorder => write!(f, "requests arrive again, late"),
            Self::Delay { ms } => write!(f, "requests take {ms} ms"),
            Self::Truncate => write!(f, "answers end early"),
            Self::Break => write!(f, "answers break off"),
            Self::LosePokes => write!(f, "pokes are lost"),
        }
    }
}

impl Display for ServerStep {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Crash { endpoint } => write!(f, "endpoint {endpoint} crashes"),
            Self::CrashAtCommit { done: true } => {
                write!(f, "the endpoint crashes after the next commit")
            }
            Self::CrashAtCommit { done: false } => {
                write!(f, "the endpoint crashes before the next commit")
            }
            Self::Refuse { why, times } => {
                write!(f, "Postgres refuses {times} times with {}", why.sqlstate())
            }
            Self::LoseCommit { done: true } => {
                write!(f, "the database's connection breaks after the next commit")
            }
            Self::LoseCommit { done: false } => {
                write!(f, "the database's connection breaks before the next commit")
            }
            Self::Linger { ms, times } => {
                write!(f, "the next {times} transactions stay open for {ms} ms")
            }
            Self::Backup => write!(f, "a backup is made"),
            Self::Restore => write!(f, "the last backup is restored"),
            Self::RestoreFirst => write!(f, "the first backup is restored"),
            Self::Schema { other: true } => write!(f, "the endpoints serve another schema"),
            Self::Schema { other: false } => write!(f, "the endpoints serve the clients' schema"),
            Self::Prune => write!(f, "the changelog is pruned"),
        }
    }
}
