//! Contacts to report, and the owners of each port.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::SystemTime,
};

use port12_common::Transport;

use super::{Contact, PER_MINUTE, Started};
use crate::{
    scan::{Clock, UserBudgets},
    who::{Behind, Sender},
};

/// Contacts that were told of and are remembered, at most.
const MOST: usize = 4096;

/// Owners that are kept of a port, at most: those that came last.
const OWNERS: usize = 8;

/// Who starts what with whom. A process is told from another of the same number by when it was started.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Key {
    who: Result<(i32, Option<SystemTime>), u32>,
    transport: Transport,
    port: u16,
    destination: IpAddr,
}

/// Somebody who starts conversations with a port. Processes that are alike, such as those of a script that starts one
/// after the other, are one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Owner {
    /// How it is known that it is this one.
    pub behind: Behind,
    /// The user of the sockets.
    pub uid: u32,
    /// Names that the processes give themselves.
    pub name: Option<String>,
    /// Program that they run.
    pub exe: Option<String>,
    /// The last of them.
    pub pid: Option<i32>,
    /// Contacts that were told of. A packet that is sent again for the same socket is none.
    pub contacts: u64,
    /// Identity of the last socket.
    pub cookie: u64,
    /// Where the last one went.
    pub destination: IpAddr,
    /// When the last one left.
    pub last_seen: SystemTime,
}

/// Where owners are seen: an interface, a transport, a port.
pub type Place = (Arc<str>, Transport, u16);

/// The owners of a port.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Owners {
    /// The one that was seen last comes first.
    pub known: VecDeque<Owner>,
    /// Others that made way.
    pub forgotten: u64,
}

/// Register of contacts.
#[derive(Debug)]
pub struct Register {
    told: HashMap<Key, ()>,
    order: VecDeque<Key>,
    owners: BTreeMap<Place, Owners>,
    clock: Clock,
    budgets: UserBudgets,
    suppressed: u64,
}

impl Default for Register {
    fn default() -> Self {
        Self {
            told: HashMap::new(),
            order: VecDeque::new(),
            owners: BTreeMap::new(),
            clock: Clock::default(),
            budgets: UserBudgets::new(PER_MINUTE),
            suppressed: 0,
        }
    }
}

impl Register {
    /// Takes a contact in. Returns what there is to tell of it: nothing where it was told before, or where too much is
    /// told in this minute, which is counted.
    pub fn note(&mut self, contact: Contact, sender: Sender) -> Option<Started> {
        let now = self.clock.advance(contact.time);
        self.note_owner(&contact, &sender);
        let key = Key::of(&contact, &sender);
        if self.told.contains_key(&key) {
            return None;
        }
        if !self.budgets.take(contact.uid, now) {
            self.suppressed += 1;
            return None;
        }
        if self.order.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.told.remove(&oldest);
        }
        self.told.insert(key.clone(), ());
        self.order.push_back(key);
        Some(Started { contact, sender })
    }

    fn note_owner(&mut self, contact: &Contact, sender: &Sender) {
        let place = (Arc::clone(&contact.interface), contact.transport, contact.port);
        let owners = self.owners.entry(place).or_default();
        let process = sender.processes.first();
        let new = Owner {
            behind: sender.behind,
            uid: contact.uid,
            name: process.and_then(|it| it.name.clone()),
            exe: process.and_then(|it| it.program.as_ref()).map(|it| it.path.clone()),
            pid: process.map(|it| it.pid),
            contacts: 1,
            cookie: contact.cookie,
            destination: contact.destination,
            last_seen: contact.time,
        };
        let before = owners.known.iter().position(|it| it.is_like(&new));
        let before = before.and_then(|at| owners.known.remove(at));
        let contacts = before.map_or(1, |it| it.contacts + u64::from(!it.is_same(&new)));
        owners.known.push_front(Owner { contacts, ..new });
        if owners.known.len() > OWNERS {
            owners.known.pop_back();
            owners.forgotten += 1;
        }
    }

    /// Owners of a port of an interface.
    pub fn owners(&self, place: &Place) -> Option<&Owners> {
        self.owners.get(place)
    }

    /// Goes on with who was seen at the ports of some interfaces, by the names that these have, and forgets the others:
    /// `names` has the present name of one by that which it had.
    pub fn follow(&mut self, names: &BTreeMap<Arc<str>, Arc<str>>) {
        let named = |((name, transport, port), owners)| {
            Some(((Arc::clone(names.get(&name)?), transport, port), owners))
        };
        self.owners = std::mem::take(&mut self.owners).into_iter().filter_map(named).collect();
    }

    /// Contacts that were not told of, since there were too many in a minute.
    pub fn suppressed(&self) -> u64 {
        self.suppressed
    }
}

impl Key {
    fn of(contact: &Contact, sender: &Sender) -> Self {
        let process = sender.processes.first().map(|it| (it.pid, it.started));
        Self {
            who: process.ok_or(contact.uid),
            transport: contact.transport,
            port: contact.port,
            destination: contact.destination,
        }
    }
}

impl Owner {
    /// Whether it is the same socket and destination.
    fn is_same(&self, other: &Self) -> bool {
        self.cookie == other.cookie && self.destination == other.destination
    }

    fn is_like(&self, other: &Self) -> bool {
        (self.uid, &self.name, &self.exe, self.behind)
            == (other.uid, &other.name, &other.exe, other.behind)
    }
}
