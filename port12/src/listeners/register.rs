//! Register of listeners, and its changes by a listing of the sockets.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use port12_common::Transport;

use super::{
    Knock, Listener, Notice, PER_MINUTE, Scope, What,
    place::{Key, Place, is_taker},
    room::Room,
};
use crate::{
    host::sockets::OpenSocket,
    scan::{Clock, UserBudgets},
    who::Owned,
};

/// Sockets that came and went that are remembered, at most.
const MOST_PASSED: usize = 4096;

/// How often it is said that there are too many.
const FULL_AGAIN: Duration = Duration::from_secs(600);

/// How long it is remembered who had a port: knocks may be told a minute after they came.
const REMEMBERED: Duration = Duration::from_secs(120);

/// Where what comes for a loopback address comes in.
const LOOPBACK: &str = "lo";

/// Record of a socket.
#[derive(Debug)]
struct Kept {
    place: Place,
    /// When it was there, where that is known of it alone: a listing that began before says nothing of it.
    since: Option<Instant>,
}

#[derive(Debug)]
struct Group {
    listener: Arc<Listener>,
    /// How many sockets came before it.
    number: u64,
    sockets: usize,
    at_start: bool,
    /// Time at which it was first seen; `None` if it was there before.
    came: Option<SystemTime>,
    is_told: bool,
}

/// The listeners on the ports of a [`Scope`].
#[derive(Debug)]
pub struct Register {
    scope: Scope,
    /// Ports where what is found was there before: until they are looked at, and all owners there are known.
    first: BTreeSet<(Transport, u16)>,
    sockets: BTreeMap<Key, Kept>,
    groups: BTreeMap<Place, Group>,
    /// How many of the sockets a user has.
    room: Room,
    /// When a port last had a socket that is no listener, such as a client's.
    others: BTreeMap<(Transport, u16), Duration>,
    /// Ports with a listener whose owner is yet to be asked for, by the last look.
    unasked: BTreeSet<(Transport, u16)>,
    /// Who had a port last on a loopback address, or on another, and since when nobody has.
    gone: BTreeMap<(Transport, u16, bool), (Duration, Arc<Listener>)>,
    /// Sockets that were told of when they had gone, when, and by when: a listing that began before may have them.
    passed: BTreeMap<Key, (Duration, Instant)>,
    /// Ports that a client's socket had, and when that was heard of.
    clients: BTreeMap<(Transport, u16), Duration>,
    /// Whether every TCP listener is heard of.
    hears_all: bool,
    /// Transports whose sockets the last look could not list.
    unseen: BTreeSet<Transport>,
    has_looked: bool,
    clock: Clock,
    budgets: UserBudgets,
    /// How many sockets have come.
    came: u64,
    suppressed: u64,
    /// When it was said last that there are too many sockets.
    said_full: Option<Duration>,
}

impl Register {
    /// One that has seen nothing.
    pub fn new(scope: Scope) -> Self {
        Self {
            first: scope.beyond(&Scope::default()),
            scope,
            sockets: BTreeMap::new(),
            groups: BTreeMap::new(),
            room: Room::default(),
            others: BTreeMap::new(),
            unasked: BTreeSet::new(),
            gone: BTreeMap::new(),
            passed: BTreeMap::new(),
            clients: BTreeMap::new(),
            hears_all: false,
            unseen: BTreeSet::new(),
            has_looked: false,
            clock: Clock::default(),
            budgets: UserBudgets::new(PER_MINUTE),
            came: 0,
            suppressed: 0,
            said_full: None,
        }
    }

    /// Goes on with other ports: what was told of those that stay is known, and the others are forgotten.
    pub fn set_scope(&mut self, scope: Scope) {
        self.sockets.retain(|it, _| scope.has(it.transport, it.port));
        self.groups.retain(|it, _| scope.has(it.transport, it.port));
        self.room = Room::default();
        self.sockets.values().for_each(|kept| self.room.enter(kept.place.uid));
        self.gone.retain(|&(transport, port, _), _| scope.has(transport, port));
        self.first.retain(|&(transport, port)| scope.has(transport, port));
        self.first.extend(scope.beyond(&self.scope));
        self.scope = scope;
    }

    /// The sockets of a look that `began` at some time whose owners have to be asked for, as many as there is room
    /// for. One that was told of as gone before then listens anew.
    pub fn strangers(&self, began: Instant, open: &[OpenSocket]) -> Vec<OpenSocket> {
        let known = |it: &&OpenSocket| {
            let key = Key::of(it);
            let passed = self.passed.get(&key);
            self.sockets.contains_key(&key) || passed.is_some_and(|&(_, gone)| began <= gone)
        };
        let strangers = open.iter().filter(|it| self.takes(it)).filter(|it| !known(it));
        let mut room = self.room.clone();
        let has_room = |it: &&OpenSocket| {
            let admits = room.admits(it.uid);
            if admits {
                room.makes_way().into_iter().for_each(|uid| room.leave(uid));
                room.enter(it.uid);
            }
            admits
        };
        strangers.filter(has_room).cloned().collect()
    }

    /// Whether to say that there may be sockets that are not followed: whoever opens and closes the last one has it
    /// said no more often than every ten minutes.
    pub fn is_to_say_full(&mut self, time: SystemTime) -> bool {
        let now = self.clock.advance(time);
        let is_due = self.said_full.is_none_or(|said| now >= said + FULL_AGAIN);
        let says = is_due && self.room.is_full();
        if says {
            self.said_full = Some(now);
        }
        says
    }

    /// Takes a look in: the sockets that were there when it `began` or came later, and the owners of some that were
    /// not before. Returns what there is to tell.
    pub fn look(
        &mut self,
        (time, began): (SystemTime, Instant),
        open: &[OpenSocket],
        came: Vec<Owned>,
    ) -> Vec<Notice> {
        let now = self.clock.advance(time);
        // First what comes: an owner that has its socket anew has never gone.
        for owned in came {
            self.add(owned, time, None);
        }
        self.has_looked = true;
        // Owners may be asked for later.
        self.unasked =
            self.strangers(began, open).iter().map(|it| (it.transport, it.port)).collect();
        self.first.retain(|it| self.unasked.contains(it) || self.unseen.contains(&it.0));
        let others = open.iter().filter(|it| !is_taker(it));
        self.others.extend(others.map(|it| ((it.transport, it.port), now)));
        self.others.retain(|_, last| now < *last + REMEMBERED);
        let there: BTreeSet<Key> = open.iter().filter(|it| self.takes(it)).map(Key::of).collect();
        let has_left = |(key, kept): &(&Key, &Kept)| {
            let is_seen = !self.unseen.contains(&key.transport);
            is_seen && !there.contains(key) && kept.since.is_none_or(|since| since < began)
        };
        let left: Vec<Key> =
            self.sockets.iter().filter(has_left).map(|(key, _)| key.clone()).collect();
        let left = left.into_iter().filter_map(|key| self.remove(&key, now));
        let mut notices: Vec<Notice> =
            left.map(|listener| Notice::of(&listener, What::Left, time)).collect();
        self.forget(now);
        self.tell_waiting(time, now, &mut notices);
        notices
    }

    /// Takes in sockets that somebody has told of, and that were still there at some time after `since`, with
    /// their owners. Returns what there is to tell.
    pub fn meet(&mut self, time: SystemTime, since: Instant, came: Vec<Owned>) -> Vec<Notice> {
        let now = self.clock.advance(time);
        for owned in came {
            self.add(owned, time, Some(since));
        }
        let mut notices = Vec::new();
        self.tell_waiting(time, now, &mut notices);
        notices
    }

    /// Takes in a listener that somebody has told of, and that had `gone` by some time when it was looked for.
    pub fn pass(
        &mut self,
        (time, gone): (SystemTime, Instant),
        cookie: [u8; 8],
        listener: Listener,
    ) -> Option<Notice> {
        let now = self.clock.advance(time);
        let (transport, port, address) = (listener.transport, listener.port, listener.address);
        if self.passed.len() < MOST_PASSED {
            self.passed.insert(Key { transport, port, address, cookie }, (now, gone));
        }
        let listener = Arc::new(listener);
        self.note_gone(now, &listener);
        if !self.budgets.take(listener.uid, now) {
            self.suppressed += 1;
            return None;
        }
        Some(Notice::of(&listener, What::Passed, time))
    }

    /// Whether a listener on a port is worth telling of.
    pub fn has_in_scope(&self, transport: Transport, port: u16) -> bool {
        self.scope.has(transport, port)
    }

    /// Whether a socket has been taken in. One that was told of as gone may listen anew.
    pub fn knows(
        &self,
        (transport, port): (Transport, u16),
        address: IpAddr,
        cookie: [u8; 8],
    ) -> bool {
        self.sockets.contains_key(&Key { transport, port, address, cookie })
    }

    /// Takes note of a port that a client's socket has or had: what has reached it has reached no listener.
    pub fn note_client(&mut self, time: SystemTime, transport: Transport, port: u16) {
        let now = self.clock.advance(time);
        self.clients.insert((transport, port), now);
    }

    /// Says whether every TCP listener is told of, however short it lives.
    pub fn set_hears_all(&mut self, hears_all: bool) {
        self.hears_all = hears_all;
    }

    /// Names the transports whose sockets the next look could not list: none of them counts as gone.
    pub fn set_unseen(&mut self, unseen: &BTreeSet<Transport>) {
        self.unseen.clone_from(unseen);
    }

    fn note_gone(&mut self, now: Duration, listener: &Arc<Listener>) {
        let place = (listener.transport, listener.port, listener.address.is_loopback());
        self.gone.insert(place, (now, Arc::clone(listener)));
    }

    fn forget(&mut self, now: Duration) {
        self.gone.retain(|_, (since, _)| now < *since + REMEMBERED);
        self.passed.retain(|_, (since, _)| now < *since + REMEMBERED);
        self.clients.retain(|_, since| now < *since + REMEMBERED);
    }

    fn tell_waiting(&mut self, time: SystemTime, now: Duration, notices: &mut Vec<Notice>) {
        let mut untold: Vec<_> = self.groups.values_mut().filter(|it| !it.is_told).collect();
        // Oldest first, and users in turn: a flood holds back neither older listeners nor those of others.
        untold.sort_unstable_by_key(|group| group.number);
        let mut turns = BTreeMap::new();
        let budgets = &mut self.budgets;
        untold.sort_by_cached_key(|group| {
            let uid = group.listener.uid;
            let turn = turns.entry(uid).or_insert_with(|| budgets.spent(uid, now));
            *turn += 1;
            *turn
        });
        for group in untold {
            if !self.budgets.take(group.listener.uid, now) {
                continue;
            }
            group.is_told = true;
            let what = What::Appeared { at_start: group.at_start };
            notices.push(Notice::of(&group.listener, what, time));
        }
    }

    /// What there is to tell of knocks: who has the port, or had it last. Nothing where no listener is known
    /// that they can have reached, and another socket has the port, or had it, or every listener would be known.
    pub fn reached(&self, time: SystemTime, knock: Knock) -> Option<Notice> {
        let Knock { transport, port, interface, packets } = knock;
        // They may have waited while a reload left the port out.
        if !self.scope.has(transport, port) {
            return None;
        }
        let is_there = |place: &Place| place.transport == transport && place.port == port;
        let there: Vec<&Arc<Listener>> =
            self.groups.iter().filter(|(it, _)| is_there(it)).map(|(_, it)| &it.listener).collect();
        let gone = [false, true].into_iter().filter_map(|it| self.gone.get(&(transport, port, it)));
        let gone: Vec<&(Duration, Arc<Listener>)> = gone.collect();
        let at = (transport, port);
        let has_another = !there.is_empty()
            || !gone.is_empty()
            || self.others.contains_key(&at)
            || self.clients.contains_key(&at);
        // The kernel program asks whether the port has a socket, on whatever address.
        let takes = |it: &&Arc<Listener>| *interface == *LOOPBACK || !it.address.is_loopback();
        let mut there: Vec<_> = there.into_iter().filter(takes).collect();
        // One of a process matters more than the kernel's own.
        there.sort_by_key(|listener| listener.may_be_kernels());
        let gone = gone.into_iter().filter(|(_, it)| takes(&it)).max_by_key(|(since, _)| *since);
        let listener = there.first().copied().or(gone.map(|(_, it)| it)).cloned();
        let others = there.len().saturating_sub(1);
        let what = What::Reached { interface, packets, others };
        let is_heard = transport == Transport::Tcp && self.hears_all;
        let would_be_known =
            || is_heard && !self.unseen.contains(&Transport::Tcp) && !self.room.is_full();
        let is_told = listener.is_some() || !(has_another || would_be_known());
        is_told.then_some(Notice { time, what, transport, port, listener })
    }

    /// The user who has a port, or had it last, as far as a notice of a knock would name one.
    pub fn user(&self, transport: Transport, port: u16) -> Option<u32> {
        let is_there = |place: &&Place| place.transport == transport && place.port == port;
        let there = self.groups.keys().find(is_there).map(|place| place.uid);
        let gone = || {
            let gone = [false, true].map(|it| self.gone.get(&(transport, port, it)));
            gone.into_iter().flatten().max_by_key(|(since, _)| *since).map(|(_, it)| it.uid)
        };
        there.or_else(gone)
    }

    /// Listeners that are there, by transport and port, each with the time at which it was first seen.
    pub(super) fn listeners(&self) -> impl Iterator<Item = (&Listener, Option<SystemTime>)> {
        self.groups.values().map(|group| (&*group.listener, group.came))
    }

    /// Transports whose sockets the last look could not list.
    pub(super) fn unlisted(&self) -> impl Iterator<Item = Transport> {
        self.unseen.iter().copied()
    }

    /// Whether there was a look.
    pub(super) fn has_looked(&self) -> bool {
        self.has_looked
    }

    /// Whether somebody has a port of whom no more is known yet.
    pub fn is_unasked(&self, transport: Transport, port: u16) -> bool {
        self.unasked.contains(&(transport, port))
    }

    /// The running time of a time of day.
    pub fn now(&mut self, time: SystemTime) -> Duration {
        self.clock.advance(time)
    }

    /// Counts those that nobody can be told of any longer, for it ends here.
    pub fn end(&mut self) {
        self.suppressed += self.groups.values().filter(|group| !group.is_told).count() as u64;
    }

    /// Listeners that have gone before they could be told of: there were too many in a minute.
    pub fn suppressed(&self) -> u64 {
        self.suppressed
    }

    /// Whether a socket would take the start of a conversation on a port that is looked at.
    fn takes(&self, socket: &OpenSocket) -> bool {
        is_taker(socket) && self.scope.has(socket.transport, socket.port)
    }

    /// Takes a socket in; one that is told of by itself, `since` when it was there.
    fn add(&mut self, owned: Owned, time: SystemTime, since: Option<Instant>) {
        let (key, place) = (Key::of(&owned.open), Place::of(&owned));
        if self.sockets.contains_key(&key) || !self.room.admits(place.uid) {
            return;
        }
        if let Some(uid) = self.room.makes_way() {
            self.make_way(uid);
        }
        self.passed.remove(&key);
        let is_first = self.first.contains(&(place.transport, place.port));
        let (at_start, number) = (is_first && since.is_none(), self.came);
        let group = self.groups.entry(place.clone()).or_insert_with(|| Group {
            listener: Arc::new(owned.into()),
            number,
            sockets: 0,
            at_start,
            came: (!at_start).then_some(time),
            is_told: false,
        });
        group.sockets += 1;
        self.came += 1;
        self.room.enter(place.uid);
        self.sockets.insert(key, Kept { place, since });
    }

    /// Forgets a socket of a user, if possible of a listener that is yet to be told.
    fn make_way(&mut self, uid: u32) {
        let is_told = |kept: &Kept| self.groups.get(&kept.place).is_some_and(|group| group.is_told);
        let of_user = self.sockets.iter().filter(|(_, kept)| kept.place.uid == uid);
        let key = of_user.min_by_key(|(_, kept)| is_told(kept)).map(|(key, _)| key.clone());
        if let Some(kept) = key.and_then(|key| self.forget_socket(&key)) {
            self.suppressed += u64::from(!kept.is_told);
        }
    }

    /// Forgets a socket. Returns its listener where it was the last one, and the listener was told of.
    fn remove(&mut self, key: &Key, now: Duration) -> Option<Arc<Listener>> {
        let Group { listener, is_told, .. } = self.forget_socket(key)?;
        self.note_gone(now, &listener);
        self.suppressed += u64::from(!is_told);
        is_told.then_some(listener)
    }

    /// Forgets a socket. Returns its listener if it was the last one.
    fn forget_socket(&mut self, key: &Key) -> Option<Group> {
        let place = self.sockets.remove(key)?.place;
        self.room.leave(place.uid);
        let group = self.groups.get_mut(&place)?;
        group.sockets -= 1;
        (group.sockets == 0).then(|| self.groups.remove(&place)).flatten()
    }
}
