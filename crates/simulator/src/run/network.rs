//! What lies between devices and the database: wires that fail, endpoints that die, pokes.
//!
//! A request is served by whichever endpoint is up when it arrives, as behind one address. An endpoint is a
//! tab of a machine of its own, so that killing it drops all that it was doing at that very point.

use super::scene::{ATTEMPTS_ANEW, Scene};
use crate::check::server;
use crate::history::{Device, Wire};
use crate::model::{Database, Server};
use crate::record::Asked;
use crate::tally::Fault;
use base64::Engine;
use bytes::Bytes;
use haversack_core::protocol::{PokeClient, PokeServer, Problem, SyncRequest};
use haversack_core::{Error, ErrorCode};
use haversack_simulated_browser::socket::{SocketEvent, Wire as Socket};
use haversack_simulated_browser::{DeviceId, Reply, Request, TabId, World, spawn, timer};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::{Rc, Weak};

/// One way takes at most so long where nothing is wrong, in microseconds.
const LATENCY_US_MAX: u64 = 40_000;
/// An endpoint hears of another's commit within this time, in microseconds.
const WATCH_US_MAX: u64 = 50_000;
/// A crashed endpoint is back within this time, in microseconds.
const DOWN_US_MAX: u64 = 2_000_000;
/// A connection that is lost without a word shows after at most this time, in microseconds.
const SILENCE_US_MAX: u64 = 20_000_000;

struct Endpoint {
    tab: TabId,
    server: Server,
    /// When it serves again, in microseconds.
    up_us: u64,
}

/// A request that an endpoint is serving.
struct Serving {
    endpoint: TabId,
    reply: Option<Reply>,
}

struct Listening {
    device: Device,
    endpoint: TabId,
    scopes: BTreeSet<String>,
    socket: Socket,
}

/// All between devices and the database.
pub struct Network {
    scene: Rc<Scene>,
    own: Weak<Network>,
    /// The database.
    pub database: Database,
    machine: DeviceId,
    endpoints: RefCell<Vec<Endpoint>>,
    serving: RefCell<BTreeMap<u64, Serving>>,
    last: Cell<u64>,
    sockets: RefCell<Vec<Listening>>,
    /// Devices that are cut off.
    cut: RefCell<BTreeSet<Device>>,
    /// What becomes of the next requests of each device.
    wires: RefCell<BTreeMap<Device, VecDeque<Wire>>>,
    other_schema: Cell<bool>,
}

/// A token that names a user; nobody verifies it here.
pub fn token(user: &str) -> String {
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = engine.encode(format!("{{\"sub\":\"{user}\"}}"));
    format!("e30.{payload}.c2ln")
}

fn user_of(token: &str) -> Option<String> {
    let payload = haversack_simulated_browser::token_payload(token)?;
    let claims: serde_json::Value = serde_json::from_str(&payload).ok()?;
    Some(claims.get("sub")?.as_str()?.to_owned())
}

impl Network {
    /// A network with so many endpoints.
    pub fn new(scene: Rc<Scene>, database: Database, endpoints: u8) -> Rc<Self> {
        let machine = scene.world.add_device();
        let endpoint = |_| Endpoint {
            tab: scene.world.add_tab(machine),
            server: Server::new(&database),
            up_us: 0,
        };
        let endpoints = (0..endpoints).map(endpoint).collect();
        Rc::new_cyclic(|own| Self {
            own: own.clone(),
            machine,
            endpoints: RefCell::new(endpoints),
            scene: scene.clone(),
            database,
            serving: RefCell::default(),
            last: Cell::new(0),
            sockets: RefCell::default(),
            cut: RefCell::default(),
            wires: RefCell::default(),
            other_schema: Cell::new(false),
        })
    }

    fn world(&self) -> &World {
        &self.scene.world
    }

    fn latency(&self) -> u64 {
        self.world().between(200, LATENCY_US_MAX)
    }

    fn device_of(&self, id: DeviceId) -> Device {
        let mut devices = self.scene.devices.iter();
        let at = devices.position(|device| *device == id);
        Device(at.unwrap_or_default() as u8)
    }

    /// The next requests of a device suffer.
    pub fn disturb(&self, device: Device, wire: Wire, times: u8) {
        let mut wires = self.wires.borrow_mut();
        let wires = wires.entry(device).or_default();
        wires.extend((0..times).map(|_| wire));
    }

    /// Nothing suffers any more.
    pub fn calm(&self) {
        self.wires.borrow_mut().clear();
        self.serve_schema(false);
        for endpoint in self.endpoints.borrow_mut().iter_mut() {
            endpoint.up_us = 0;
        }
    }

    /// Cuts a device off.
    pub fn cut(&self, device: Device) {
        if !self.cut.borrow_mut().insert(device) {
            return;
        }
        self.scene.happened(Fault::NetworkCut);
        self.close_sockets(|l| l.device == device, SILENCE_US_MAX);
    }

    /// Connects a device again.
    pub fn heal(&self, device: Device) {
        if self.cut.borrow_mut().remove(&device) {
            self.scene.prompt(device, ATTEMPTS_ANEW);
            self.world().tell_pages(self.scene.device(device), "online");
        }
    }

    fn is_cut(&self, device: Device) -> bool {
        self.cut.borrow().contains(&device)
    }

    /// Endpoints serve the clients' schema, or another.
    pub fn serve_schema(&self, other: bool) {
        self.other_schema.set(other);
        for endpoint in &*self.endpoints.borrow() {
            self.choose_schema(&endpoint.server);
        }
    }

    fn choose_schema(&self, server: &Server) {
        let other = format!("{:064x}", 44);
        server.serve_fingerprint(Some(other).filter(|_| self.other_schema.get()));
    }

    /// Is a tab an endpoint?
    pub fn is_endpoint(&self, tab: Option<TabId>) -> bool {
        let endpoints = self.endpoints.borrow();
        endpoints.iter().any(|e| Some(e.tab) == tab)
    }

    /// An endpoint crashes; another takes its place, soon.
    pub fn crash(&self, endpoint: u8) {
        let tab = {
            let endpoints = self.endpoints.borrow();
            endpoints[usize::from(endpoint) % endpoints.len()].tab
        };
        self.scene.happened(Fault::EndpointCrashed);
        self.crash_tab(tab);
    }

    /// The endpoint of a tab crashes.
    pub fn crash_tab(&self, tab: TabId) {
        if !self.is_endpoint(Some(tab)) {
            return;
        }
        let down = match self.scene.calm.get() {
            true => 0,
            false => self.world().between(0, DOWN_US_MAX),
        };
        self.world().note("an endpoint crashes");
        self.world().kill_tab(tab);
        let replaced = Endpoint {
            tab: self.world().add_tab(self.machine),
            server: Server::new(&self.database),
            up_us: self.world().now_us() + down,
        };
        self.choose_schema(&replaced.server);
        for endpoint in self.endpoints.borrow_mut().iter_mut() {
            if endpoint.tab == tab {
                *endpoint = replaced;
                break;
            }
        }
        let mut serving = self.serving.borrow_mut();
        let died: Vec<u64> = serving
            .iter()
            .filter(|(_, s)| s.endpoint == tab)
            .map(|(id, _)| *id)
            .collect();
        for id in died {
            if let Some(reply) = serving.remove(&id).and_then(|s| s.reply) {
                reply.fail(self.latency());
            }
        }
        drop(serving);
        self.close_sockets(|l| l.endpoint == tab, LATENCY_US_MAX);
    }

    fn close_sockets(&self, which: impl Fn(&Listening) -> bool, within_us: u64) {
        let mut sockets = self.sockets.borrow_mut();
        let (gone, kept): (Vec<Listening>, Vec<Listening>) =
            sockets.drain(..).partition(|l| which(l));
        *sockets = kept;
        drop(sockets);
        for listening in gone {
            let after = self.world().between(100, within_us);
            listening.socket.send(after, SocketEvent::Closed);
        }
    }

    /// Tells the sockets that a commit concerns.
    pub fn poke(&self, scopes: &BTreeSet<String>) {
        let mut lost: Vec<Device> = Vec::new();
        for listening in &*self.sockets.borrow() {
            if !listening.socket.is_open() || listening.scopes.is_disjoint(scopes) {
                continue;
            }
            if self.is_cut(listening.device) {
                continue;
            }
            if self
                .take_wire(listening.device, |w| w == Wire::LosePokes)
                .is_some()
            {
                self.scene.happened(Fault::PokeLost);
                lost.push(listening.device);
                continue;
            }
            let after = self.world().between(200, WATCH_US_MAX);
            listening.socket.send(after, poke(&PokeServer::Poke));
        }
        self.sockets.borrow_mut().retain(|l| l.socket.is_open());
        self.close_sockets(|l| lost.contains(&l.device), SILENCE_US_MAX);
    }

    fn take_wire(&self, device: Device, which: impl Fn(Wire) -> bool) -> Option<Wire> {
        let mut wires = self.wires.borrow_mut();
        let wires = wires.get_mut(&device)?;
        let at = wires.iter().position(|wire| which(*wire))?;
        wires.remove(at)
    }

    fn note_request(&self, device: Device, body: &str) -> usize {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let body = hasher.finish();
        self.world().note(&format!("request {} {body:x}", device.0));
        let mut record = self.scene.record.borrow_mut();
        let requests = record.requests.entry(device).or_default();
        requests.push(Asked {
            at_us: self.world().now_us(),
            body,
            answered: false,
        });
        requests.len() - 1
    }

    /// A request arrives at whichever endpoint is up.
    fn arrive(&self, journey: Journey) {
        let now = self.world().now_us();
        let up: Vec<(TabId, Server)> = {
            let endpoints = self.endpoints.borrow();
            let up = endpoints.iter().filter(|e| e.up_us <= now);
            up.map(|e| (e.tab, e.server.clone())).collect()
        };
        if up.is_empty() {
            journey.reply.inspect(|reply| reply.fail(self.latency()));
            return;
        }
        let at = self.world().between(0, up.len() as u64 - 1) as usize;
        let (tab, server) = up[at].clone();
        self.last.set(self.last.get() + 1);
        let id = self.last.get();
        let reply = journey.reply.clone();
        let endpoint = tab;
        let serving = Serving { endpoint, reply };
        self.serving.borrow_mut().insert(id, serving);
        let own = self.own.clone();
        let work = move || {
            spawn(async move {
                let Some(network) = own.upgrade() else {
                    return;
                };
                let answer = network.serve(&server, &journey.request).await;
                // Whatever becomes of a commit, its endpoint may still die before it says so.
                timer::sleep(1).await;
                network.serving.borrow_mut().remove(&id);
                network.send(&journey, answer);
            });
        };
        self.world().schedule(0, Some(tab), Box::new(work));
    }

    async fn serve(&self, server: &Server, request: &Request) -> Result<Vec<Bytes>, Error> {
        let user = user_of(&request.token)
            .ok_or_else(|| Error::new(ErrorCode::TokenInvalid, "the token names nobody"))?;
        let body: SyncRequest = serde_json::from_str(&request.body)
            .map_err(|e| Error::new(ErrorCode::MalformedRequest, e.to_string()))?;
        self.sync(server, &user, body).await
    }

    async fn sync(
        &self,
        server: &Server,
        user: &str,
        request: SyncRequest,
    ) -> Result<Vec<Bytes>, Error> {
        let sent = server::sent(&self.scene, user, &request);
        self.scene
            .hold(sent.and_then(|()| server::aimed(user, &request)));
        self.answer(server, user, request).await
    }

    async fn answer(
        &self,
        server: &Server,
        user: &str,
        request: SyncRequest,
    ) -> Result<Vec<Bytes>, Error> {
        let replica = request.replica.clone();
        let lines = server.sync(user, request).await;
        // A commit that concerns nobody is told to nobody.
        self.scene.take_commits(&self.database);
        match &lines {
            Ok(lines) => {
                let result = server::answered(&self.scene, user, &replica, lines);
                self.scene.hold(result);
            }
            Err(error) => {
                if error.code == ErrorCode::SchemaChanged {
                    self.scene.happened(Fault::OtherSchema);
                }
            }
        }
        lines
    }

    /// A sync that somebody asks for without a client, under a replica's id of their own, at the first
    /// endpoint that there is.
    pub fn ask(
        &self,
        user: String,
        request: SyncRequest,
        answered: impl FnOnce(Result<Vec<Bytes>, Error>) + 'static,
    ) {
        let result = server::sent(&self.scene, &user, &request);
        self.scene.hold(result);
        self.ask_as_stranger(user, request, answered);
    }

    /// The same under the id of a replica that is not theirs: what they send is not what it sends.
    pub fn ask_as_stranger(
        &self,
        user: String,
        request: SyncRequest,
        answered: impl FnOnce(Result<Vec<Bytes>, Error>) + 'static,
    ) {
        let (tab, server) = {
            let endpoints = self.endpoints.borrow();
            (endpoints[0].tab, endpoints[0].server.clone())
        };
        let own = self.own.clone();
        let work = move || {
            spawn(async move {
                if let Some(network) = own.upgrade() {
                    answered(network.answer(&server, &user, request).await);
                }
            });
        };
        self.world().schedule(0, Some(tab), Box::new(work));
    }

    fn send(&self, journey: &Journey, answer: Result<Vec<Bytes>, Error>) {
        let Some(reply) = &journey.reply else {
            return;
        };
        if self.is_cut(journey.from) {
            reply.fail(self.world().between(1_000, SILENCE_US_MAX));
            return;
        }
        match answer {
            Ok(lines) => self.send_lines(journey, reply, &lines),
            Err(error) => {
                let (device, code) = (journey.from.0, error.code.as_str());
                self.world().note(&format!("answer {device} {code}"));
                let status = error.code.http_status().max(400);
                reply.head(self.latency(), status);
                let problem = serde_json::to_vec(&Problem::new(&error, "simulated"));
                reply.bytes(0, problem.unwrap_or_default());
                reply.end(0);
            }
        }
    }

    fn send_lines(&self, journey: &Journey, reply: &Reply, lines: &[Bytes]) {
        if journey.wire == Some(Wire::LoseAnswer) {
            self.scene.happened(Fault::AnswerLost);
            return reply.fail(self.world().between(1_000, SILENCE_US_MAX));
        }
        self.world().note(&format!("answer {}", journey.from.0));
        let mut all: Vec<u8> = lines.concat();
        let cut = match journey.wire {
            Some(Wire::Truncate) => Some(Fault::AnswerTruncated),
            Some(Wire::Break) => Some(Fault::AnswerBroken),
            _ => None,
        };
        if let Some(fault) = cut {
            self.scene.happened(fault);
            // Its last byte is the end of a line that is whole without it.
            let most = all.len().saturating_sub(2) as u64;
            let anywhere = self.world().between(0, most) as usize;
            // What is left is whole line by line, so that nothing but the missing end tells.
            let whole = self
                .world()
                .between(0, lines.len().saturating_sub(1) as u64) as usize;
            let whole: usize = lines[..whole].iter().map(|line| line.len()).sum();
            let between_lines = self.world().between(0, 1) == 0;
            all.truncate(if between_lines { whole } else { anywhere });
        }
        reply.head(self.latency(), 200);
        let mut rest = &all[..];
        while !rest.is_empty() {
            let piece = self.world().between(1, 4_096.min(rest.len() as u64)) as usize;
            let piece = if rest.len() < 64 {
                piece
            } else {
                piece.max(rest.len() / 3)
            };
            reply.bytes(self.world().between(0, 3_000), rest[..piece].to_vec());
            rest = &rest[piece..];
        }
        if cut == Some(Fault::AnswerBroken) {
            return reply.fail(self.latency());
        }
        reply.end(0);
        if cut.is_none() {
            let mut record = self.scene.record.borrow_mut();
            if let Some(requests) = record.requests.get_mut(&journey.from) {
                requests[journey.at].answered = true;
            }
        }
    }
}

/// A request on its way.
struct Journey {
    from: Device,
    /// Its place among the requests of the device.
    at: usize,
    request: Rc<Request>,
    /// None for a copy that nobody waits for.
    reply: Option<Reply>,
    wire: Option<Wire>,
}

impl haversack_simulated_browser::Network for Network {
    fn request(&self, from: DeviceId, request: Request, reply: Reply) {
        let device = self.device_of(from);
        let at = self.note_request(device, &request.body);
        if self.is_cut(device) {
            return reply.fail(self.latency());
        }
        let wire = self.take_wire(device, |w| w != Wire::LosePokes);
        let request = Rc::new(request);
        let journey = |reply, wire| Journey {
            from: device,
            at,
            request: request.clone(),
            reply,
            wire,
        };
        let mut delay = self.latency();
        match wire {
            Some(Wire::LoseRequest) => {
                self.scene.happened(Fault::RequestLost);
                // The page hears of it, or has to give up by itself.
                if self.world().one_in(2) {
                    reply.fail(self.world().between(1_000, SILENCE_US_MAX));
                }
                return;
            }
            Some(Wire::Duplicate) => {
                self.scene.happened(Fault::RequestDuplicated);
                let again = delay + self.world().between(0, 200_000);
                self.travel(again, journey(None, None));
            }
            Some(Wire::Reorder) => {
                self.scene.happened(Fault::RequestReordered);
                let again = delay + self.world().between(500_000, 40_000_000);
                self.travel(again, journey(None, None));
            }
            Some(Wire::Delay { ms }) => {
                self.scene.happened(Fault::RequestDelayed);
                delay += u64::from(ms) * 1_000;
            }
            Some(Wire::LoseAnswer | Wire::Truncate | Wire::Break | Wire::LosePokes) | None => {}
        }
        self.travel(delay, journey(Some(reply), wire));
    }

    fn socket(&self, from: DeviceId, _address: &str, hello: String, socket: Socket) {
        let device = self.device_of(from);
        let now = self.world().now_us();
        let up = {
            let endpoints = self.endpoints.borrow();
            let up = endpoints.iter().find(|e| e.up_us <= now);
            up.map(|e| (e.tab, e.server.clone()))
        };
        let user = match serde_json::from_str(&hello) {
            Ok(PokeClient::Hello { token, .. }) => user_of(&token),
            Err(_) => None,
        };
        let (Some((endpoint, server)), Some(user), false) = (up, user, self.is_cut(device)) else {
            return socket.send(self.latency(), SocketEvent::Closed);
        };
        self.scene.prompt(device, ATTEMPTS_ANEW);
        let scopes = server.scopes(&user).unwrap_or_default();
        let epoch = self.database.epoch();
        socket.send(2 * self.latency(), poke(&PokeServer::Ready { epoch }));
        socket.send(0, poke(&PokeServer::Poke));
        self.sockets.borrow_mut().push(Listening {
            device,
            endpoint,
            scopes: scopes.into_iter().collect(),
            socket,
        });
    }
}

impl Network {
    fn travel(&self, after_us: u64, journey: Journey) {
        let own = self.own.clone();
        let arrive = move || {
            if let Some(network) = own.upgrade() {
                network.arrive(journey);
            }
        };
        self.world().schedule(after_us, None, Box::new(arrive));
    }
}

fn poke(message: &PokeServer) -> SocketEvent {
    SocketEvent::Message(serde_json::to_string(message).unwrap_or_default())
}
