//! Requests, as far as the page sees them; where they go is the [`Network`]'s business.

use crate::device::DeviceId;
use crate::socket::Wire;
use crate::world::{TabId, World};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// What carries requests and sockets to servers.
pub trait Network {
    /// A page has sent a request.
    fn request(&self, from: DeviceId, request: Request, reply: Reply);
    /// A page opens a socket, whose first message is `hello`.
    fn socket(&self, from: DeviceId, address: &str, hello: String, wire: Wire);
}

/// A request.
pub struct Request {
    /// Where to.
    pub address: String,
    /// The bearer's token.
    pub token: String,
    /// Its body.
    pub body: String,
}

enum Part {
    Head(u16),
    Bytes(Vec<u8>),
    End,
    Broken,
}

#[derive(Default)]
struct Line {
    parts: VecDeque<Part>,
    waker: Option<Waker>,
    aborted: bool,
    last_us: u64,
}

/// Where the parts of an answer go, each some time after it is given, in order.
#[derive(Clone)]
pub struct Reply {
    tab: TabId,
    line: Rc<RefCell<Line>>,
}

impl Reply {
    /// The answer's status.
    pub fn head(&self, after_us: u64, status: u16) {
        self.send(after_us, Part::Head(status));
    }

    /// Some bytes of it.
    pub fn bytes(&self, after_us: u64, bytes: Vec<u8>) {
        self.send(after_us, Part::Bytes(bytes));
    }

    /// Its end.
    pub fn end(&self, after_us: u64) {
        self.send(after_us, Part::End);
    }

    /// The connection breaks.
    pub fn fail(&self, after_us: u64) {
        self.send(after_us, Part::Broken);
    }

    fn send(&self, after_us: u64, part: Part) {
        let line = self.line.clone();
        World::with(|world| {
            let now = world.now_us();
            let at = (now + after_us).max(line.borrow().last_us);
            line.borrow_mut().last_us = at;
            let arrive = move || {
                line.borrow_mut().parts.push_back(part);
                let waker = line.borrow_mut().waker.take();
                if let Some(waker) = waker {
                    waker.wake();
                }
            };
            world.schedule(at - now, Some(self.tab), Box::new(arrive));
        });
    }
}

/// Gives a request up.
#[derive(Clone, Default)]
pub struct Abort {
    line: Rc<RefCell<Option<Rc<RefCell<Line>>>>>,
    done: Rc<Cell<bool>>,
}

impl Abort {
    /// For one request.
    pub fn new() -> Option<Self> {
        Some(Self::default())
    }

    /// Gives it up: whoever waits for it hears that it broke.
    pub fn abort(&self) {
        self.done.set(true);
        if let Some(line) = &*self.line.borrow() {
            line.borrow_mut().aborted = true;
            let waker = line.borrow_mut().waker.take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// An answer that has begun.
pub struct Response {
    status: u16,
    line: Rc<RefCell<Line>>,
}

impl Response {
    /// Its status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Nothing here stands before an endpoint and wishes to be left alone.
    pub fn retry_after_ms(&self) -> Option<u64> {
        None
    }

    /// All of it as text.
    ///
    /// # Errors
    /// What broke.
    pub async fn text(self) -> Result<String, String> {
        let mut bytes = Vec::new();
        let broken = || "the connection broke".to_owned();
        while self.more(&mut bytes).await.ok_or_else(broken)? {}
        String::from_utf8(bytes).map_err(|e| e.to_string())
    }

    /// Waits for the next bytes and adds them; false at the end, none where the connection broke.
    pub async fn more(&self, to: &mut Vec<u8>) -> Option<bool> {
        match next(&self.line).await {
            Some(Part::Bytes(bytes)) => {
                to.extend(bytes);
                Some(true)
            }
            Some(Part::End) => Some(false),
            Some(Part::Head(_) | Part::Broken) | None => None,
        }
    }
}

/// The next part; none where the request was given up.
async fn next(line: &RefCell<Line>) -> Option<Part> {
    std::future::poll_fn(|context| {
        let mut line = line.borrow_mut();
        if line.aborted {
            return Poll::Ready(None);
        }
        if let Some(part) = line.parts.pop_front() {
            return Poll::Ready(Some(part));
        }
        line.waker = Some(context.waker().clone());
        Poll::Pending
    })
    .await
}

/// Sends a body and waits for the answer to begin.
///
/// # Errors
/// What broke.
pub async fn post(
    address: &str,
    token: &str,
    body: String,
    abort: &Abort,
) -> Result<Response, String> {
    let line = World::with(|world| {
        let tab = world.current();
        let line = Rc::new(RefCell::new(Line::default()));
        line.borrow_mut().aborted = abort.done.get();
        abort.line.replace(Some(line.clone()));
        let reply = Reply {
            tab,
            line: line.clone(),
        };
        let request = Request {
            address: address.to_owned(),
            token: token.to_owned(),
            body,
        };
        match world.network() {
            Some(network) => network.request(world.device_of(tab), request, reply),
            None => reply.fail(0),
        }
        line
    });
    match next(&line).await {
        Some(Part::Head(status)) => Ok(Response { status, line }),
        Some(Part::Bytes(_) | Part::End | Part::Broken) => Err("no connection".to_owned()),
        None => Err("given up".to_owned()),
    }
}
