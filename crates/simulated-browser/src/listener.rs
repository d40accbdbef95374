//! Listeners on the page, removed when dropped.

use crate::world::World;
use std::rc::Rc;

/// A listener on the global object.
pub struct Listener {
    id: u64,
}

impl Listener {
    /// Calls back on every event of this kind.
    pub fn on(kind: &'static str, callback: impl FnMut() + 'static) -> Self {
        let callback = std::cell::RefCell::new(callback);
        let id = World::with(|world| {
            world.add_listener(kind, Rc::new(move || (callback.borrow_mut())()))
        });
        Self { id }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        World::try_with(|world| world.remove_listener(self.id));
    }
}
