//! The thread that looks for listeners: neither the keeper, whose heartbeat is short, nor who reads
//! events waits for /proc.

mod bell;
mod ear;
mod heard;
mod held;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    time::{Duration, Instant, SystemTime},
};

use port12_common::Transport;

use crate::{
    host::sockets::{OpenSocket, OpenSockets},
    kernel::binds::{BindRing, Losses},
    listeners::{Notice, Reached, Register, Scope},
    model::ListenersState,
    privileges,
    who::{self, Owned},
};
use bell::Bell;
use ear::Ear;
use held::Held;

/// Looks that wait at most: two seconds. Then the last one makes way for the next.
const LOOKS: usize = 8;

/// Sockets in the looks that wait, at most, but for those of one look.
const SOCKETS: usize = 65_536;

/// Looks that have made way, one after the other, before that is told: half a minute.
const STALLED: u32 = 120;

/// To ask who has a socket takes no more than one part in so many of the time: it is a walk over all of
/// /proc.
const SHARE: u32 = 4;

/// How long nothing is heard of binds after something was: to wake up for each of a flood takes more than what it says.
/// The ring takes what comes meanwhile.
const PAUSE: Duration = Duration::from_millis(1);

/// Says who listens, in a thread of its own, until it is dropped.
pub struct Lookout {
    scope: Scope,
    eye: Eye,
    notices: Receiver<Notice>,
    suppressed: Arc<AtomicU64>,
}

/// Listing of the sockets.
#[derive(Clone)]
pub struct Eye(Arc<Shared>);

struct Shared {
    inbox: Mutex<Inbox>,
    bell: Bell,
    /// Whether the thread waits for counters.
    waits: AtomicBool,
    /// Listeners, as of the last look.
    listeners: Mutex<ListenersState>,
}

/// The sockets that were listed, and when the listing began.
struct Look {
    time: SystemTime,
    began: Instant,
    open: Vec<OpenSocket>,
    /// Transports whose sockets could not be listed.
    unseen: BTreeSet<Transport>,
}

/// Messages to the thread.
#[derive(Default)]
struct Inbox {
    scope: Option<Scope>,
    looks: VecDeque<Look>,
    /// Looks that have made way since the thread took something in.
    left_out: u32,
    reached: BTreeMap<(Arc<str>, Transport, u16), u64>,
    /// When the counters were read that `reached` has.
    counted: Option<Instant>,
    ear: Option<(BindRing, Losses, bool)>,
    is_end: bool,
}

impl Inbox {
    /// Puts a look in. Whether the thread has taken nothing in for long by this one.
    fn look(&mut self, look: Look) -> bool {
        let sockets: usize = self.looks.iter().map(|look| look.open.len()).sum();
        let makes_way = self.looks.len() >= LOOKS || sockets >= SOCKETS;
        if makes_way {
            self.looks.pop_back();
            self.left_out = self.left_out.saturating_add(1);
        }
        self.looks.push_back(look);
        makes_way && self.left_out == STALLED
    }

    fn reached(&mut self, interface: &Arc<str>, knocks: Vec<(Transport, u16, u64)>) {
        for (transport, port, packets) in knocks {
            *self.reached.entry((Arc::clone(interface), transport, port)).or_default() += packets;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Eye {
    fn put<T>(&self, put: impl FnOnce(&mut Inbox) -> T) -> T {
        let answer = put(&mut self.0.lock());
        self.0.bell.ring();
        answer
    }

    /// Shows it the sockets that are there since a listing `began`, and waits for nothing.
    pub fn look(&self, began: Instant, open: OpenSockets) {
        let unseen = open.unseen.into_keys().collect();
        let look = Look { time: SystemTime::now(), began, open: open.sockets, unseen };
        if self.put(|inbox| inbox.look(look)) {
            log::warn!(
                "it takes long to ask who has a port: until that ends, listeners are not told"
            );
        }
    }

    /// Has it hear of binds from now on; of all that there are in this network namespace, or of some.
    pub fn hear(&self, ring: BindRing, losses: Losses, hears_all: bool) {
        self.put(|inbox| inbox.ear = Some((ring, losses, hears_all)));
    }
}

impl Lookout {
    /// Starts the thread, in the network namespace of the caller.
    ///
    /// # Errors
    ///
    /// Where no thread can be had, or nothing to wake it up.
    pub fn start(scope: Scope) -> io::Result<Self> {
        let shared = Shared {
            inbox: Mutex::default(),
            bell: Bell::new()?,
            waits: AtomicBool::new(false),
            listeners: Mutex::default(),
        };
        let eye = Eye(Arc::new(shared));
        let (sender, notices) = mpsc::channel();
        let suppressed = Arc::<AtomicU64>::default();
        let mut watch = Watch {
            shared: Arc::clone(&eye.0),
            register: Register::new(scope.clone()),
            reached: Reached::default(),
            held: Held::default(),
            ear: None,
            asks_after: Instant::now(),
            notices: sender,
            suppressed: Arc::clone(&suppressed),
        };
        // Nobody waits for it: /proc may hang.
        privileges::spawn("lookout", move || while watch.go_on() {})?;
        Ok(Self { scope, eye, notices, suppressed })
    }

    /// Listing of the sockets.
    pub fn eye(&self) -> Eye {
        self.eye.clone()
    }

    /// Looks at other ports from now on.
    pub fn set_scope(&mut self, scope: Scope) {
        self.scope.clone_from(&scope);
        self.eye.put(|inbox| inbox.scope = Some(scope));
    }

    /// Tells it of knocks that have reached a socket. Those on other ports are left out.
    pub fn reached(&self, interface: &Arc<str>, mut knocks: Vec<(Transport, u16, u64)>) {
        knocks.retain(|&(transport, port, _)| self.scope.has(transport, port));
        if knocks.is_empty() {
            return;
        }
        self.eye.put(|inbox| inbox.reached(interface, knocks));
    }

    /// Whether a listener that has closed waits for the probes that reached it to be counted.
    pub fn waits_for_counts(&self) -> bool {
        self.eye.0.waits.load(Ordering::Relaxed)
    }

    /// Says that all probes up to a time have been handed to [`reached`](Self::reached).
    pub fn counted(&self, until: Instant) {
        self.eye.put(|inbox| inbox.counted = Some(until));
    }

    /// Listeners, as of the last look.
    pub fn listeners(&self) -> ListenersState {
        self.eye.0.listeners.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Events to report.
    pub fn notices(&self) -> Vec<Notice> {
        self.notices.try_iter().collect()
    }

    /// Listeners that nobody was told of, and at the end ports with knocks: there were too many in a minute.
    pub fn suppressed(&self) -> u64 {
        self.suppressed.load(Ordering::Relaxed)
    }

    /// Events to report at the end, within a time.
    pub fn finish(&self, patience: Duration) -> Vec<Notice> {
        self.eye.put(|inbox| inbox.is_end = true);
        let end = Instant::now() + patience;
        let next = || self.notices.recv_timeout(end.saturating_duration_since(Instant::now())).ok();
        std::iter::from_fn(next).collect()
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.eye.put(|inbox| inbox.is_end = true);
    }
}

struct Watch {
    shared: Arc<Shared>,
    register: Register,
    reached: Reached,
    held: Held,
    ear: Option<Ear>,
    asks_after: Instant,
    notices: Sender<Notice>,
    suppressed: Arc<AtomicU64>,
}

impl Watch {
    /// Waits for something, and takes it in. Whether there may be more.
    fn go_on(&mut self) -> bool {
        let (ring, rest) = self.ear.as_ref().map_or((None, None), Ear::awaited);
        self.shared.bell.wait(ring, rest);
        let inbox = mem::take(&mut *self.shared.lock());
        let Inbox { scope, looks, left_out: _, reached, counted, ear, is_end } = inbox;
        if let Some((ring, losses, hears_all)) = ear {
            self.ear = Some(Ear::new(ring, losses, hears_all));
        }
        if let Some(scope) = scope {
            self.register.set_scope(scope);
        }
        // First what is heard: a listing may be older.
        self.listen();
        for look in looks {
            self.look(&look);
        }
        // Looks that have waited may be older than the knocks.
        for ((interface, transport, port), packets) in reached {
            self.reached.note(&interface, transport, port, packets);
        }
        if let Some(counted) = counted.filter(|_| !is_end) {
            self.release(counted);
        }
        if is_end {
            self.tell_reached(SystemTime::now(), true);
            self.release(Instant::now());
            self.register.end();
            let untold = self.register.suppressed() + self.reached.waiting() as u64;
            self.suppressed.store(untold, Ordering::Relaxed);
        }
        !is_end
    }

    fn listen(&mut self) {
        let Some(ear) = &mut self.ear else {
            return;
        };
        let began = Instant::now();
        let binds = ear.listen();
        self.register.set_hears_all(ear.hears_all());
        if binds.is_empty() {
            return;
        }
        self.hear(binds);
        if let Some(ear) = &mut self.ear {
            ear.rest((began.elapsed() * (SHARE - 1)).max(PAUSE));
        }
    }

    fn look(&mut self, look: &Look) {
        let Look { time, began, open, unseen } = look;
        self.register.set_unseen(unseen);
        let strangers = self.register.strangers(*began, open);
        let came = match !strangers.is_empty() && self.may_ask() {
            true => self.ask(strangers),
            false => Vec::new(),
        };
        for notice in self.register.look((*time, *began), open, came) {
            if let Some(notice) = self.held.hold(notice) {
                self.tell(notice);
            }
        }
        *self.shared.listeners.lock().unwrap_or_else(PoisonError::into_inner) =
            self.register.state();
        self.shared.waits.store(!self.held.is_empty(), Ordering::Relaxed);
        self.note_suppressed();
        if self.register.is_to_say_full(*time) {
            log::warn!("there are too many listeners on watched ports to tell of all of them");
        }
        self.tell_reached(*time, false);
    }

    /// Whether it may be asked who has a socket.
    fn may_ask(&self) -> bool {
        Instant::now() >= self.asks_after
    }

    /// Asks who has some sockets.
    fn ask(&mut self, open: Vec<OpenSocket>) -> Vec<Owned> {
        if open.is_empty() {
            return Vec::new();
        }
        let began = Instant::now();
        let owned = who::owners(open);
        self.asks_after = Instant::now() + began.elapsed() * (SHARE - 1);
        owned
    }

    fn note_suppressed(&self) {
        self.suppressed.store(self.register.suppressed(), Ordering::Relaxed);
    }

    fn tell_reached(&mut self, time: SystemTime, is_end: bool) {
        let now = self.register.now(time);
        let is_unasked = |transport, port| self.register.is_unasked(transport, port);
        let user = |transport, port| self.register.user(transport, port);
        for knock in self.reached.due(now, is_end, is_unasked, user) {
            if let Some(notice) = self.register.reached(time, knock) {
                self.tell(notice);
            }
        }
    }

    /// Reports the listeners that had closed before the counters were read, each behind the probes that reached it.
    fn release(&mut self, counted: Instant) {
        let time = SystemTime::now();
        let now = self.register.now(time);
        for notice in self.held.release(counted) {
            let place = (notice.transport, notice.port);
            let user = self.register.user(place.0, place.1);
            let knock = self.reached.due_at(place, now, user);
            if let Some(reached) = knock.and_then(|knock| self.register.reached(time, knock)) {
                self.tell(reached);
            }
            self.tell(notice);
        }
        self.shared.waits.store(!self.held.is_empty(), Ordering::Relaxed);
    }

    fn tell(&self, notice: Notice) {
        // Whoever is to hear of it may have ended.
        let _ = self.notices.send(notice);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::host::sockets::SocketState;

    fn look(open: Vec<OpenSocket>) -> Look {
        let unseen = BTreeSet::new();
        Look { time: SystemTime::UNIX_EPOCH, began: Instant::now(), open, unseen }
    }

    #[test]
    fn what_waits_for_a_thread_that_is_stuck_is_bounded_and_told_once() {
        let mut inbox = Inbox::default();
        let interface: Arc<str> = Arc::from("eth0");
        let mut told = 0;
        for _ in 0..1000 {
            told += usize::from(inbox.look(look(Vec::new())));
            inbox.reached(&interface, vec![(Transport::Tcp, 12, 2), (Transport::Udp, 12, 1)]);
        }
        assert_eq!((inbox.looks.len(), told), (LOOKS, 1));
        let of = |transport| inbox.reached[&(Arc::clone(&interface), transport, 12)];
        assert_eq!((of(Transport::Tcp), of(Transport::Udp), inbox.reached.len()), (2000, 1000, 2));
    }

    #[test]
    fn looks_at_very_many_sockets_make_way_earlier() {
        let socket = OpenSocket {
            transport: Transport::Tcp,
            port: 12,
            address: Ipv4Addr::UNSPECIFIED.into(),
            dual_stack: false,
            peer: None,
            interface: None,
            state: SocketState::Listen,
            uid: 0,
            inode: 1,
            cookie: [0; 8],
            cgroup: None,
        };
        let mut inbox = Inbox::default();
        for _ in 0..8 {
            inbox.look(look(vec![socket.clone(); SOCKETS]));
        }
        assert_eq!(inbox.looks.len(), 1);
    }
}
