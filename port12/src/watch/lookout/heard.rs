//! Listeners from bind records.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    thread,
    time::{Duration, Instant, SystemTime},
};

use port12_common::Transport;

use super::Watch;
use crate::{
    host::{
        sockets::{self, OpenSocket, PortRanges, SocketState},
        time::since_boot,
    },
    kernel::binds::Bind,
    listeners::Listener,
    who::{Doer, Owned, Owner, Process, glimpse},
};

/// How long a socket is left alone after its bind, or its `listen`. A UDP client's is connected by then, or unconnected
/// because it stays so, and one that has gone was hardly a server's. And to read a process's descriptors is to hold each for
/// a moment, in which it cannot be closed: whoever tries whether a port is free binds it again at once.
const SETTLED: Duration = Duration::from_millis(2);

impl Watch {
    /// Looks for the sockets of some binds, and tells of those that are listeners.
    pub(super) fn hear(&mut self, binds: Vec<Bind>) {
        let heard = since_boot();
        let is_news = |bind: &Bind| {
            let place = (bind.transport, bind.port);
            self.register.has_in_scope(place.0, place.1)
                && !self.register.knows(place, bind.address, bind.cookie)
        };
        let mut known = HashSet::new();
        let news = binds.into_iter().filter(|it| is_news(it) && known.insert(it.cookie));
        let news: Vec<Bind> = news.collect();
        // A TCP socket listens by the time that it is heard of, and may have been bound long before.
        let settles = |bind: &Bind| match bind.transport {
            Transport::Tcp => heard,
            _ => bind.since_boot,
        };
        let Some(last) = news.iter().map(settles).max() else {
            return;
        };
        // While they live.
        let seen = glimpse(&news.iter().map(doer).collect::<Vec<_>>());
        thread::sleep((last + SETTLED).saturating_sub(since_boot()).min(SETTLED));
        self.meet(news, &seen);
    }

    fn meet(&mut self, binds: Vec<Bind>, seen: &BTreeMap<i32, Process>) {
        // They were there by then.
        let since = Instant::now();
        let open = sockets::takers(&ports(&binds));
        // Without a listing nothing is known of them, and the keeper reports why.
        let binds = binds.into_iter().filter(|bind| !open.unseen.contains_key(&bind.transport));
        let (time, listed) = (SystemTime::now(), Instant::now());
        let mut open: HashMap<[u8; 8], OpenSocket> =
            open.sockets.into_iter().map(|open| (open.cookie, open)).collect();
        let who = |bind: &Bind| seen.get(&bind.process).cloned();
        let (mut here, mut gone, mut binders) = (Vec::new(), Vec::new(), HashMap::new());
        for bind in binds {
            match open.remove(&bind.cookie) {
                Some(open) if listens(&open) => {
                    binders.insert(bind.cookie, who(&bind));
                    here.push(open);
                }
                None if bind.transport == Transport::Tcp => gone.push(bind),
                Some(_) | None => self.register.note_client(time, bind.transport, bind.port),
            }
        }
        let binder = |cookie| binders.get(&cookie).cloned().flatten();
        let owned: Vec<Owned> = match self.may_ask() {
            true => self.ask(here).into_iter().map(|it| with_binder(it, binder, seen)).collect(),
            false => here.into_iter().map(|it| Owned::unseen(binder(it.cookie), it)).collect(),
        };
        for notice in self.register.meet(time, since, owned) {
            self.tell(notice);
        }
        for bind in gone {
            let passed = self.register.pass((time, listed), bind.cookie, passed(&bind, who(&bind)));
            passed.into_iter().for_each(|notice| self.tell(notice));
        }
        self.note_suppressed();
    }
}

/// A socket that was asked for, with what was seen before: who bound it, where it has closed meanwhile or its holders
/// are out of sight; and what a process was that has ended meanwhile.
fn with_binder(
    owned: Owned,
    binder: impl Fn([u8; 8]) -> Option<Process>,
    seen: &BTreeMap<i32, Process>,
) -> Owned {
    match owned.owner {
        Owner::Unseen => {
            Owned { processes: binder(owned.open.cookie).into_iter().collect(), ..owned }
        }
        Owner::Process => {
            let mut owned = owned;
            for process in owned.processes.iter_mut().filter(|process| process.name.is_none()) {
                if let Some(seen) = seen.get(&process.pid) {
                    process.clone_from(seen);
                }
            }
            owned
        }
        Owner::None | Owner::Unaccepted => owned,
    }
}

/// The ports of some binds, by transport.
fn ports(binds: &[Bind]) -> [PortRanges; Transport::ALL.len()] {
    Transport::ALL.map(|transport| {
        let of = binds.iter().filter(|bind| bind.transport == transport);
        of.map(|bind| (bind.port, bind.port)).collect()
    })
}

fn listens(open: &OpenSocket) -> bool {
    matches!(open.state, SocketState::Listen | SocketState::Unconnected)
}

fn doer(bind: &Bind) -> Doer {
    Doer {
        process: bind.process,
        name: bind.name.clone(),
        uid: bind.uid,
        cgroup: bind.cgroup,
        since_boot: bind.since_boot,
    }
}

/// A listener that had gone when it was looked for, as far as its bind tells.
fn passed(bind: &Bind, process: Option<Process>) -> Listener {
    Listener {
        transport: bind.transport,
        port: bind.port,
        address: bind.address,
        dual_stack: false,
        device: None,
        uid: bind.uid,
        inode: 0,
        owner: Owner::Unseen,
        processes: process.into_iter().collect(),
        more_processes: 0,
    }
}
