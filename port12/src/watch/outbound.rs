//! Watching what this host starts: the program over packets that leave, and the thread that looks for who is behind
//! them. Only where it is asked for.

mod pace;
mod seeker;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use port12_common::{
    Transport,
    abi::{self, OutboundTally},
};

use self::seeker::Seeker;
use super::{WatchError, Watched};
use crate::{
    host::{
        client_ports,
        interfaces::{self, Link},
    },
    kernel::{
        clock::{Moment, Timeline},
        egress::{Egress, Hook, OutboundTold},
        state::Rules,
    },
    model::{OutboundInterface, OutboundOwner, OutboundPort, OutboundState},
    outbound::{Owner, Register, Started},
    query::describe,
    registry::Registry,
    text::Printable,
};

/// Watch over outbound packets on some interfaces.
pub struct Outbound {
    egress: Egress,
    hooks: BTreeMap<u32, Hooked>,
    seeker: Seeker,
    register: Register,
    /// The times of day of the nanoseconds since boot.
    timeline: Timeline,
    /// Interfaces that cannot be watched, which is told once.
    shunned: BTreeSet<u32>,
}

/// An interface with the program on it.
struct Hooked {
    name: Arc<str>,
    hook: Hook,
    /// Whether others have taken the program off.
    is_lost: bool,
}

impl Outbound {
    /// Loads the program, and starts the thread, in the network namespace of the caller. Nothing is attached.
    ///
    /// # Errors
    ///
    /// [`WatchError`].
    pub fn start(rules: &Rules) -> Result<Self, WatchError> {
        let egress = Egress::load()?;
        egress.set_rules(rules);
        let seeker = Seeker::start(egress.ring()?).map_err(WatchError::System)?;
        Ok(Self {
            egress,
            hooks: BTreeMap::new(),
            seeker,
            register: Register::default(),
            timeline: Moment::since_boot().into(),
            shunned: BTreeSet::new(),
        })
    }

    /// Puts other rules in force. Interfaces that could not be watched are tried once more.
    pub fn obey(&mut self, rules: &Rules) {
        self.egress.set_rules(rules);
        self.shunned.clear();
        self.hooks.retain(|_, hooked| !hooked.is_lost);
    }

    /// Attaches to the interfaces that are watched and are there, and lets go of all others. Each failure is handed to
    /// `fails`. Where others have taken the program off, which is a failure, too, it is not put back before new rules
    /// are put in force: they may do it again.
    pub fn follow<'a>(
        &mut self,
        watched: impl Iterator<Item = &'a Watched>,
        mut fails: impl FnMut(&str, WatchError),
    ) {
        let there: BTreeMap<u32, &Watched> =
            watched.filter(|it| !it.gone).map(|it| (it.index, it)).collect();
        if let Some(ports) = client_ports() {
            self.egress.set_client_ports(ports);
        }
        if let Some(any) = there.values().next() {
            self.egress.copy_addresses(any.instance().state());
        }
        let gone: Vec<u32> =
            self.hooks.keys().copied().filter(|it| !there.contains_key(it)).collect();
        for index in gone {
            self.let_go(index);
        }
        self.shunned.retain(|it| there.contains_key(it));
        self.rename(&there);
        for (index, watched) in there {
            let name = &watched.name;
            let tried = match self.hooks.get_mut(&index) {
                Some(hooked) if hooked.is_lost || hooked.hook.is_there() => continue,
                Some(hooked) => {
                    hooked.is_lost = true;
                    Err(WatchError::OutboundLost)
                }
                None if self.shunned.contains(&index) => continue,
                None => self.attach(index, name),
            };
            if let Err(error) = tried {
                self.shunned.insert(index);
                fails(name, error);
            }
        }
    }

    /// Takes over the names that interfaces have been given.
    fn rename(&mut self, there: &BTreeMap<u32, &Watched>) {
        let mut names = BTreeMap::new();
        for (index, hooked) in &mut self.hooks {
            let Some(watched) = there.get(index) else { continue };
            let name: Arc<str> = Arc::from(&*watched.name);
            let old = std::mem::replace(&mut hooked.name, Arc::clone(&name));
            self.seeker.name(*index, &name);
            names.insert(old, name);
        }
        if names.iter().any(|(old, name)| old != name) {
            self.register.follow(&names);
        }
    }

    fn attach(&mut self, index: u32, name: &str) -> Result<(), WatchError> {
        let link: Link = interfaces::by_index(index)?;
        let layer = interfaces::layer(&link)?;
        let name: Arc<str> = Arc::from(name);
        self.seeker.name(index, &name);
        let hook = self.egress.attach(&link, layer).inspect_err(|_| self.seeker.forget(index))?;
        log::info!("{name}: what leaves is watched by {}", hook.kind().as_str());
        self.hooks.insert(index, Hooked { name, hook, is_lost: false });
        Ok(())
    }

    fn let_go(&mut self, index: u32) {
        if let Some(hooked) = self.hooks.remove(&index) {
            drop(hooked.hook);
            self.egress.forget(index);
            self.seeker.forget(index);
            self.forget_strangers();
        }
    }

    /// Forgets who was seen at the ports of interfaces that are not watched.
    fn forget_strangers(&mut self) {
        let own = |hooked: &Hooked| (Arc::clone(&hooked.name), Arc::clone(&hooked.name));
        self.register.follow(&self.hooks.values().map(own).collect());
    }

    /// Events to report.
    pub fn news(&mut self) -> Vec<Started> {
        self.timeline.observe(Moment::since_boot());
        let found = self.seeker.found();
        let is_watched = |name: &str| self.hooks.values().any(|hooked| *hooked.name == *name);
        // It may have gone since, or have another name.
        let has_strangers = found.iter().any(|(contact, _)| !is_watched(&contact.interface));
        let note = |(contact, sender)| self.register.note(contact, sender);
        let news = found.into_iter().filter_map(note).collect();
        if has_strangers {
            self.forget_strangers();
        }
        news
    }

    /// Lets go of all interfaces. Returns what there is to tell at the end, which it comes to within a time. What was
    /// counted stays to be reported.
    pub fn end(&mut self, patience: Duration) -> Vec<Started> {
        for hooked in self.hooks.values_mut() {
            hooked.hook.take_off();
        }
        let found = self.seeker.finish(patience);
        found.into_iter().filter_map(|(it, sender)| self.register.note(it, sender)).collect()
    }

    /// Outbound flow starts up to this moment.
    pub fn state(&mut self, registry: &Registry) -> OutboundState {
        self.timeline.observe(Moment::since_boot());
        let OutboundTold { told, suppressed, lost, uncounted } = self.egress.told();
        let port = |(port, tally): (&abi::OutboundPort, &OutboundTally)| {
            let interface = &self.hooks.get(&port.interface)?.name;
            let transport = *Transport::ALL.get(usize::from(port.transport))?;
            let owners = self.register.owners(&(Arc::clone(interface), transport, port.port));
            let known = owners.map(|it| it.known.iter().map(owner).collect());
            Some(OutboundPort {
                interface: interface.to_string(),
                transport,
                port: port.port,
                packets: tally.packets,
                bytes: tally.bytes,
                rates: None,
                last_seen: self.timeline.wall_at(tally.last_seen),
                description: describe(registry, transport, port.port),
                owners: known.unwrap_or_default(),
                more_owners: owners.map_or(0, |it| it.forgotten),
            })
        };
        let mut ports: Vec<_> = self.egress.tallies().iter().filter_map(port).collect();
        ports.sort_by(|one, other| {
            let key = |it: &OutboundPort| (it.interface.clone(), it.transport, it.port);
            key(one).cmp(&key(other))
        });
        let interface = |hooked: &Hooked| OutboundInterface {
            interface: hooked.name.to_string(),
            hook: hooked.hook.kind(),
        };
        OutboundState {
            interfaces: self.hooks.values().filter(|it| !it.is_lost).map(interface).collect(),
            ports,
            emitted: told,
            rate_limited: suppressed,
            lost,
            uncounted,
        }
    }

    /// Alerts that were not told, since there were too many in a minute.
    pub fn suppressed(&self) -> u64 {
        self.register.suppressed()
    }
}

/// Owner of sockets. The names are other users' text.
fn owner(owner: &Owner) -> OutboundOwner {
    let printable = |text: &String| Printable(text).to_string();
    OutboundOwner {
        owner: owner.behind.as_str().to_owned(),
        uid: owner.uid,
        pid: owner.pid,
        name: owner.name.as_ref().map(printable),
        exe: owner.exe.as_ref().map(printable),
        contacts: owner.contacts,
        destination: owner.destination,
        last_seen: owner.last_seen,
    }
}
