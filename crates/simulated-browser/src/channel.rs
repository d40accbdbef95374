//! Channels between the tabs of a device: what one says reaches the others in its order, a little later.

use crate::world::{TabId, World};
use std::rc::Rc;

/// The longest that a message takes, in microseconds.
const MESSAGE_US_MAX: u64 = 5_000;

pub(crate) struct Member {
    id: u64,
    tab: TabId,
    name: String,
    on_message: Rc<dyn Fn(&str)>,
    /// When the last message to it arrives.
    last_us: u64,
}

/// A channel to the other tabs; dropping it closes it.
pub struct Channel {
    id: u64,
    tab: TabId,
    name: String,
}

impl Channel {
    /// Joins a channel.
    pub fn join(name: &str, on_message: impl Fn(&str) + 'static) -> Option<Self> {
        World::with(|world| {
            let (id, tab) = (world.next_id(), world.current());
            let member = Member {
                id,
                tab,
                name: name.to_owned(),
                on_message: Rc::new(on_message),
                last_us: 0,
            };
            world.inner().device_of(tab).channels.push(member);
            let name = name.to_owned();
            Some(Self { id, tab, name })
        })
    }

    /// Tells all other tabs.
    pub fn send(&self, message: &str) {
        World::with(|world| {
            let now = world.now_us();
            let others: Vec<u64> = {
                let mut inner = world.inner();
                let members = inner.device_of(self.tab).channels.iter();
                let others = members.filter(|m| m.name == self.name && m.id != self.id);
                others.map(|m| m.id).collect()
            };
            for id in others {
                let wanted = now + world.between(100, MESSAGE_US_MAX);
                let mut inner = world.inner();
                let members = &mut inner.device_of(self.tab).channels;
                let Some(member) = members.iter_mut().find(|m| m.id == id) else {
                    continue;
                };
                member.last_us = member.last_us.max(wanted);
                let (delay, to) = (member.last_us - now, member.tab);
                drop(inner);
                let message = message.to_owned();
                world.schedule(delay, Some(to), Box::new(move || deliver(to, id, &message)));
            }
        });
    }
}

fn deliver(tab: TabId, id: u64, message: &str) {
    let on_message = World::with(|world| {
        if world.is_deaf(tab) {
            return None;
        }
        let mut inner = world.inner();
        let mut members = inner.device_of(tab).channels.iter();
        members.find(|m| m.id == id).map(|m| m.on_message.clone())
    });
    if let Some(on_message) = on_message {
        on_message(message);
    }
}

fn leave(world: &World, tab: TabId, whose: impl Fn(&Member) -> bool) {
    let mut inner = world.inner();
    if inner.devices.is_empty() {
        return;
    }
    let members = &mut inner.device_of(tab).channels;
    let (gone, kept): (Vec<Member>, Vec<Member>) =
        std::mem::take(members).into_iter().partition(whose);
    *members = kept;
    drop(inner);
    drop(gone);
}

impl Drop for Channel {
    fn drop(&mut self) {
        World::try_with(|world| leave(world, self.tab, |m| m.id == self.id));
    }
}

pub(crate) fn tab_is_gone(world: &World, tab: TabId) {
    leave(world, tab, |m| m.tab == tab);
}
