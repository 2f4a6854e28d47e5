//! Watching what this host starts: the program over packets that leave, and the thread that looks for who is behind
//! them. Only where it is asked for.

mod pace;
mod seeker;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use port12_common::abi::{OutboundPort, OutboundTally};

use self::seeker::Seeker;
use super::{Watched, describe};
use crate::{
    failure::{Code, Failure},
    host::{
        client_ports,
        interfaces::{self, Link},
    },
    kernel::{
        clock::{Moment, Timeline},
        egress::{Egress, Hook, OutboundTold},
        state::Rules,
    },
    outbound::{Register, Started},
    registry::Registry,
    report::{Kind, OutboundInterface, OutboundOwner, OutboundPortReport, OutboundReport},
};

const LOST: &str = "others have taken off what watches packets that leave, with its qdisc `clsact`; a reload (SIGHUP) \
                    puts it back";

/// What watches packets that leave, on some interfaces.
pub struct Outbound {
    egress: Egress,
    hooks: BTreeMap<u32, Hooked>,
    seeker: Seeker,
    register: Register,
    last: BTreeMap<OutboundPort, OutboundTally>,
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
    /// [`Failure`], with the exit code.
    pub fn start(rules: &Rules) -> Result<Self, Failure> {
        let egress = Egress::load()?;
        egress.set_rules(rules);
        let seeker = Seeker::start(egress.ring()?)?;
        Ok(Self {
            egress,
            hooks: BTreeMap::new(),
            seeker,
            register: Register::default(),
            last: BTreeMap::new(),
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
        mut fails: impl FnMut(&str, Failure),
    ) {
        let there: BTreeMap<u32, &Watched> =
            watched.filter(|it| !it.link.gone).map(|it| (it.index, it)).collect();
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
            let name = &watched.link.interface;
            let tried = match self.hooks.get_mut(&index) {
                Some(hooked) if hooked.is_lost || hooked.hook.is_there() => continue,
                Some(hooked) => {
                    hooked.is_lost = true;
                    Err(Failure::new(Code::Attach, LOST))
                }
                None if self.shunned.contains(&index) => continue,
                None => self.attach(index, name),
            };
            if let Err(failure) = tried {
                self.shunned.insert(index);
                fails(name, failure);
            }
        }
    }

    /// Takes over the names that interfaces have been given.
    fn rename(&mut self, there: &BTreeMap<u32, &Watched>) {
        let mut names = BTreeMap::new();
        for (index, hooked) in &mut self.hooks {
            let Some(watched) = there.get(index) else { continue };
            let name: Arc<str> = Arc::from(&*watched.link.interface);
            let old = std::mem::replace(&mut hooked.name, Arc::clone(&name));
            self.seeker.name(*index, &name);
            names.insert(old, name);
        }
        if names.iter().any(|(old, name)| old != name) {
            self.register.follow(&names);
        }
    }

    fn attach(&mut self, index: u32, name: &str) -> Result<(), Failure> {
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
            self.last.retain(|port, _| port.interface != index);
        }
    }

    /// Forgets who was seen at the ports of interfaces that are not watched.
    fn forget_strangers(&mut self) {
        let own = |hooked: &Hooked| (Arc::clone(&hooked.name), Arc::clone(&hooked.name));
        self.register.follow(&self.hooks.values().map(own).collect());
    }

    /// What there is to tell.
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

    /// Reports on the time since the last report, or since the start.
    pub fn report(&mut self, kind: Kind, period: Duration, registry: &Registry) -> OutboundReport {
        let tallies = self.egress.tallies();
        let before = std::mem::replace(&mut self.last, tallies.clone());
        let before = match kind {
            Kind::Interval => before,
            Kind::Totals => BTreeMap::new(),
        };
        let seconds = period.as_secs_f64();
        let rate = |now: u64, before: u64| match seconds > 0.0 {
            true => now.saturating_sub(before) as f64 / seconds,
            false => 0.0,
        };
        self.timeline.observe(Moment::since_boot());
        let OutboundTold { told, suppressed, lost, uncounted } = self.egress.told();
        let mut ports: Vec<_> = tallies
            .iter()
            .filter_map(|(port, tally)| {
                let interface = &self.hooks.get(&port.interface)?.name;
                let transport = port12_common::Transport::ALL.get(usize::from(port.transport))?;
                let before = before.get(port).copied().unwrap_or_default();
                let owners = self.register.owners(&(Arc::clone(interface), *transport, port.port));
                let known = owners.map(|it| it.known.iter().map(OutboundOwner::of).collect());
                Some(OutboundPortReport {
                    interface: interface.to_string(),
                    transport: transport.as_str(),
                    port: port.port,
                    packets: tally.packets,
                    bytes: tally.bytes,
                    packets_per_second: rate(tally.packets, before.packets),
                    bits_per_second: rate(tally.bytes, before.bytes) * 8.0,
                    last_seen: self.timeline.wall_at(tally.last_seen),
                    description: describe(registry, *transport, port.port),
                    owners: known.unwrap_or_default(),
                    more_owners: owners.map_or(0, |it| it.forgotten),
                })
            })
            .collect();
        ports.sort_by(|one, other| {
            let key = |it: &OutboundPortReport| (it.interface.clone(), it.transport, it.port);
            key(one).cmp(&key(other))
        });
        let interface = |hooked: &Hooked| OutboundInterface {
            interface: hooked.name.to_string(),
            hook: hooked.hook.kind().as_str(),
        };
        OutboundReport {
            interfaces: self.hooks.values().filter(|it| !it.is_lost).map(interface).collect(),
            ports,
            told,
            suppressed,
            lost,
            uncounted,
        }
    }

    /// Alerts that were not told, since there were too many in a minute.
    pub fn suppressed(&self) -> u64 {
        self.register.suppressed()
    }
}
