//! Sockets, as far as the page sees them.

use crate::world::{TabId, World};
use std::cell::Cell;
use std::rc::Rc;

/// What a socket reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketEvent {
    /// A message.
    Message(String),
    /// It is closed.
    Closed,
}

/// An open socket, or one that is opening; dropping it closes it silently.
pub struct Socket {
    open: Rc<Cell<bool>>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.open.set(false);
    }
}

impl Socket {
    /// Opens a socket whose first message is `hello`.
    pub fn open(
        address: &str,
        hello: String,
        on_event: impl Fn(SocketEvent) + 'static,
    ) -> Option<Self> {
        World::with(|world| {
            let tab = world.current();
            let open = Rc::new(Cell::new(true));
            let wire = Wire {
                tab,
                open: open.clone(),
                last_us: Rc::default(),
                on_event: Rc::new(on_event),
            };
            match world.network() {
                Some(network) => network.socket(world.device_of(tab), address, hello, wire),
                None => wire.send(0, SocketEvent::Closed),
            }
            Some(Self { open })
        })
    }
}

/// The server's end of a socket.
#[derive(Clone)]
pub struct Wire {
    tab: TabId,
    open: Rc<Cell<bool>>,
    last_us: Rc<Cell<u64>>,
    on_event: Rc<dyn Fn(SocketEvent)>,
}

impl Wire {
    /// Does the page's end still listen? A page that was killed is noticed late, as in a network.
    pub fn is_open(&self) -> bool {
        self.open.get()
    }

    /// Brings the page an event after some time, in order.
    pub fn send(&self, after_us: u64, event: SocketEvent) {
        let (open, on_event) = (self.open.clone(), self.on_event.clone());
        World::with(|world| {
            let now = world.now_us();
            let at = (now + after_us).max(self.last_us.get());
            self.last_us.set(at);
            let arrive = move || {
                if !open.get() {
                    return;
                }
                if event == SocketEvent::Closed {
                    open.set(false);
                }
                on_event(event);
            };
            world.schedule(at - now, Some(self.tab), Box::new(arrive));
        });
    }
}
