//! The end of a history: faults stop, everything heals, time passes. Then all must be equal.

use super::disk;
use super::stage::Stage;
use crate::check::{server, sessions, view};
use crate::history::{Device, Seat};
use crate::record::Asked;
use crate::tally::{Broken, Invariant};

/// Queues are empty within so many round trips of a device after faults have stopped.
const ROUND_TRIPS_MAX: usize = 10;
/// A push has at most so many mutations.
const BATCH: usize = haversack_core::protocol::PUSH_BATCH_MAX;
/// It is looked so often whether all is done, in milliseconds.
const LOOK_MS: u64 = 500;
/// Everything is done within this time, in milliseconds: the longest that something may have to wait for is
/// a minute (newer code), and then come two intervals.
const DONE_MS_MAX: u64 = 240_000;
/// After that all tabs hear of everything, in milliseconds.
const SETTLED_MS: u64 = 65_000;
/// The same request is repeated at most so often in a row, beside what the application and the network prompt.
const REPEATED_MAX: usize = 20;
/// And one more in each such time: with full jitter below 30 s, attempts are 15 s apart in the mean.
const REPEATED_EVERY_US: u64 = 10_000_000;
/// A device sends at most so many requests within [`WINDOW_US`].
const REQUESTS_MAX: usize = 60;
const WINDOW_US: u64 = 10_000_000;

/// Ends a history.
///
/// # Errors
/// The first invariant that does not hold.
pub fn finish(stage: &mut Stage) -> Result<(), Broken> {
    stage.calm();
    let devices: Vec<Device> = (0..stage.scene.cast.devices.len() as u8)
        .map(Device)
        .collect();
    let asked = |stage: &Stage, device: &Device| {
        let record = stage.scene.record.borrow();
        record.requests.get(device).map_or(0, Vec::len)
    };
    // Time enough for what was on its way to be given up, as long as nobody was told that faults stopped.
    reopen(stage);
    let before: Vec<usize> = devices.iter().map(|d| asked(stage, d)).collect();
    let queued = devices.iter().map(|d| disk::queued(&stage.scene, *d).len());
    let queued: Vec<usize> = queued.collect();
    let mut empty: Vec<Option<usize>> = vec![None; devices.len()];
    let mut passed = 0;
    while passed < DONE_MS_MAX && empty.iter().any(Option::is_none) {
        stage.scene.world.run_for_us(LOOK_MS * 1_000);
        passed += LOOK_MS;
        stage.well()?;
        stage.kept()?;
        reopen(stage);
        for (at, device) in devices.iter().enumerate() {
            if empty[at].is_none() && is_idle(stage, *device) {
                empty[at] = Some(asked(stage, device) - before[at]);
            }
        }
    }
    for (at, device) in devices.iter().enumerate() {
        stage.scene.asked(Invariant::I19, 1);
        let most = ROUND_TRIPS_MAX + queued[at] / BATCH;
        if empty[at].is_none_or(|trips| trips > most) {
            let trips = asked(stage, device) - before[at];
            let left = disk::queued(&stage.scene, *device);
            let why = format!(
                "device {}: queue {left:?} after {trips} round trips and {passed} ms, idle after {:?}; {}",
                device.0,
                empty[at],
                told(stage, *device)
            );
            return Err(Broken::new(Invariant::I19, why));
        }
    }
    stage.scene.world.run_for_us(SETTLED_MS * 1_000);
    stage.well()?;
    stage.kept()?;
    equal(stage)?;
    server::survived(&stage.scene, &devices)?;
    for device in &devices {
        stage.look(*device)?;
        retries(stage, *device)?;
    }
    sessions::check(&stage.scene)
}

/// Every device has a tab, and every tab a client.
fn reopen(stage: &mut Stage) {
    for at in 0..stage.scene.cast.seats.len() as u8 {
        let seat = Seat(at);
        let device = stage.scene.device_of(seat);
        let over = stage.tabs.get(&seat).is_some_and(super::tabs::Tab::is_over);
        if over || !stage.tabs.values().any(|tab| tab.device == device) {
            stage.open(seat);
        }
    }
}

/// Nothing waits on the device's disk, and its tabs have nothing pending.
fn is_idle(stage: &Stage, device: Device) -> bool {
    let mut tabs = stage.tabs.values().filter(|tab| tab.device == device);
    disk::queued(&stage.scene, device).is_empty()
        && tabs.all(|tab| {
            let shared = tab.signed_in();
            shared.is_some_and(|shared| shared.replica.borrow().pending_len() == 0)
        })
}

/// What a device's tabs say of themselves.
fn told(stage: &Stage, device: Device) -> String {
    let tabs = stage.tabs.values().filter(|tab| tab.device == device);
    let said = tabs.map(|tab| match tab.shared() {
        Some(shared) => format!("tab {}: {:?}", tab.seat.0, shared.status()),
        None => format!("tab {} is not open", tab.seat.0),
    });
    said.collect::<Vec<_>>().join("; ")
}

/// I17: every tab shows what the server shows its user; I1: the server has what its commits made.
///
/// # Errors
/// Whichever does not hold.
pub fn equal(stage: &Stage) -> Result<(), Broken> {
    let scene = &stage.scene;
    let now = scene.oracle.borrow().now().clone();
    let dump = scene.dump(&stage.network.database);
    if let Some(difference) = now.difference(&scene.schema, &dump) {
        return Err(Broken::new(Invariant::I1, difference.to_string()));
    }
    for tab in stage.tabs.values() {
        let Some(shared) = tab.signed_in() else {
            let why = format!("tab {} has no client", tab.seat.0);
            return Err(Broken::new(Invariant::I19, why));
        };
        let seen = view::shown(scene, tab, &shared)?;
        let expected = now.visible_to(&scene.schema, &scene.user_of(tab.device));
        scene.asked(Invariant::I17, 1);
        if let Some(difference) = expected.difference(&scene.schema, &seen) {
            let told = told(stage, tab.device);
            let why = format!("tab {}: {difference}; {told}", tab.seat.0);
            return Err(Broken::new(Invariant::I17, why));
        }
    }
    Ok(())
}

/// I20: no request is repeated without end, and none too soon.
fn retries(stage: &Stage, device: Device) -> Result<(), Broken> {
    let record = stage.scene.record.borrow();
    let Some(requests) = record.requests.get(&device) else {
        return Ok(());
    };
    stage.scene.asked(Invariant::I20, requests.len());
    let prompts = record.prompts.get(&device).map_or(&[][..], Vec::as_slice);
    if let Some((run, prompted)) = repeated(requests, prompts)
        && run.len() > allowed(run) + prompted
    {
        let (times, first, last) = (run.len(), run[0].at_us, run[run.len() - 1].at_us);
        let why = format!(
            "device {} sent one request {times} times in a row within {} ms, prompted {prompted} times",
            device.0,
            (last - first) / 1_000
        );
        return Err(Broken::new(Invariant::I20, why));
    }
    let crowd = most_within(requests, WINDOW_US);
    if crowd > REQUESTS_MAX {
        let why = format!("device {} sent {crowd} requests within 10 s", device.0);
        return Err(Broken::new(Invariant::I20, why));
    }
    Ok(())
}

/// How many equal requests may follow each other: some at once, then as many as the time between
/// attempts allows, since an outage of whatever length is tried until it ends.
fn allowed(run: &[Asked]) -> usize {
    let span_us = run[run.len() - 1].at_us - run[0].at_us;
    REPEATED_MAX + (span_us / REPEATED_EVERY_US) as usize
}

/// The row of equal requests, each but the last unanswered, that is longest beside the prompts in its time;
/// and those, no more than there are requests.
fn repeated<'a>(requests: &'a [Asked], prompts: &[u64]) -> Option<(&'a [Asked], usize)> {
    let runs = requests.chunk_by(|a, b| a.body == b.body && !a.answered);
    let prompted = runs.map(|run| {
        let time = run[0].at_us..=run[run.len() - 1].at_us;
        let within = prompts.iter().filter(|at| time.contains(at)).count();
        (run, within.min(run.len()))
    });
    prompted.max_by_key(|(run, prompted)| run.len() - prompted)
}

/// The most requests within a time.
fn most_within(requests: &[Asked], within_us: u64) -> usize {
    let from = |at: usize| {
        let until = requests[at].at_us + within_us;
        requests[at..]
            .iter()
            .take_while(|r| r.at_us <= until)
            .count()
    };
    (0..requests.len()).map(from).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(at_us: u64, body: u64, answered: bool) -> Asked {
        Asked {
            at_us,
            body,
            answered,
        }
    }

    #[test]
    fn requests_that_repeat_or_crowd_are_counted() {
        let requests = [
            request(0, 1, false),
            request(10, 1, false),
            request(20, 1, true),
            request(30, 1, true),
            request(100, 2, false),
            request(101, 3, false),
            request(102, 3, true),
        ];
        assert_eq!(repeated(&requests, &[]), Some((&requests[..3], 0)));
        assert_eq!(repeated(&requests, &[200]), Some((&requests[..3], 0)));
        // What was asked for does not count as a repetition.
        assert_eq!(repeated(&requests, &[5, 6]), Some((&requests[5..], 0)));
        assert_eq!(repeated(&[], &[]), None);
        assert_eq!(most_within(&requests, 0), 1);
        assert_eq!(most_within(&requests, 20), 3);
        assert_eq!(most_within(&requests, 70), 4);
        assert_eq!(most_within(&requests, 1_000), 7);
    }
}
