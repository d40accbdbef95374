//! Web Locks: each name is held by one tab of a device, in the order of asking.

use crate::timer::Signal;
use crate::world::{TabId, World};
use std::collections::VecDeque;

/// Until a lock is given to the next, at most, in microseconds.
const GRANT_US_MAX: u64 = 2_000;

pub(crate) struct Waiter {
    id: u64,
    tab: TabId,
    granted: Option<Box<dyn FnOnce()>>,
    lost: Option<Box<dyn FnOnce()>>,
    held: bool,
}

/// A lock that is held, or waited for; dropping it gives it up.
pub struct Hold {
    id: u64,
    tab: TabId,
    name: String,
}

impl Drop for Hold {
    fn drop(&mut self) {
        World::try_with(|world| give_up(world, self.tab, &self.name, |w| w.id == self.id));
    }
}

/// How to come to a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Wait until nobody holds it.
    Wait,
    /// Take it from whoever holds it.
    Steal,
}

/// Asks for the lock and calls `granted` once it is held, which may be never; `lost` where it was
/// stolen since.
pub fn hold(
    name: &str,
    claim: Claim,
    granted: Box<dyn FnOnce()>,
    lost: Box<dyn FnOnce()>,
) -> Option<Hold> {
    let steal = claim == Claim::Steal;
    World::with(|world| {
        let (id, tab) = (world.next_id(), world.current());
        let waiter = Waiter {
            id,
            tab,
            granted: Some(granted),
            lost: Some(lost),
            held: false,
        };
        let (first, robbed) = {
            let mut inner = world.inner();
            let queue = inner.device_of(tab).locks.entry(name.to_owned());
            let queue = queue.or_default();
            // One that was not told yet that it has the lock waits on.
            let held = queue.front().is_some_and(|first| first.held);
            let robbed = if steal && held {
                queue.pop_front()
            } else {
                None
            };
            if steal {
                queue.push_front(waiter);
            } else {
                queue.push_back(waiter);
            }
            (steal || queue.len() == 1, robbed)
        };
        if let Some(mut robbed) = robbed
            && let Some(lost) = robbed.lost.take()
        {
            let delay = world.between(0, GRANT_US_MAX);
            world.schedule(delay, Some(robbed.tab), lost);
        }
        if first {
            grant(world, tab, name.to_owned(), id);
        }
        let name = name.to_owned();
        Some(Hold { id, tab, name })
    })
}

/// Asks for the lock and waits for it.
pub async fn hold_soon(name: &str) -> Option<Hold> {
    let signal = Signal::default();
    let ring = signal.clone();
    let held = hold(
        name,
        Claim::Wait,
        Box::new(move || ring.set()),
        Box::new(|| ()),
    );
    signal.wait().await;
    held
}

/// The names of all locks held now on this device.
pub async fn held() -> Option<Vec<String>> {
    crate::timer::sleep(1).await;
    World::with(|world| {
        let tab = world.current();
        let mut inner = world.inner();
        let locks = inner.device_of(tab).locks.iter();
        let held = locks.filter(|(_, queue)| queue.front().is_some_and(|w| w.held));
        Some(held.map(|(name, _)| name.clone()).collect())
    })
}

fn grant(world: &World, tab: TabId, name: String, id: u64) {
    let delay = world.between(0, GRANT_US_MAX);
    world.schedule(
        delay,
        Some(tab),
        Box::new(move || {
            let granted = World::with(|world| {
                let mut inner = world.inner();
                let queue = inner.device_of(tab).locks.get_mut(&name)?;
                let first = queue.front_mut().filter(|w| w.id == id)?;
                first.held = true;
                first.granted.take()
            });
            if let Some(granted) = granted {
                granted();
            }
        }),
    );
}

fn give_up(world: &World, tab: TabId, name: &str, whose: impl Fn(&Waiter) -> bool) {
    let mut gone: VecDeque<Waiter> = VecDeque::new();
    let next = {
        let mut inner = world.inner();
        // The world may have ended.
        if inner.devices.is_empty() {
            return;
        }
        let locks = &mut inner.device_of(tab).locks;
        let Some(queue) = locks.get_mut(name) else {
            return;
        };
        let first = queue.front().map(|w| w.id);
        let (out, kept) = std::mem::take(queue).into_iter().partition(|w| whose(w));
        gone.extend::<VecDeque<Waiter>>(out);
        *queue = kept;
        let next = queue.front().map(|w| (w.id, w.tab));
        if queue.is_empty() {
            locks.remove(name);
        }
        next.filter(|(id, _)| first != Some(*id))
    };
    drop(gone);
    if let Some((id, tab)) = next {
        grant(world, tab, name.to_owned(), id);
    }
}

pub(crate) fn tab_is_gone(world: &World, tab: TabId) {
    let names: Vec<String> = world.inner().device_of(tab).locks.keys().cloned().collect();
    for name in names {
        give_up(world, tab, &name, |w| w.tab == tab);
    }
}
