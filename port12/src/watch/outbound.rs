//! Watching what this host starts: the program over packets that leave, and the thread that looks for who is behind
//! them. Only where it is asked for.

mod pace;
mod seeker;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime},
};

use port12_common::abi::{OutboundPort, OutboundTally};

use self::seeker::Seeker;
use super::{Watched, describe};
use crate::{
    failure::Failure,
    host::{
        client_ports,
        interfaces::{self, Link},
    },
    kernel::{
        egress::{Egress, Hook, OutboundTold},
        state::Rules,
    },
    outbound::{Reading, Register, Started},
    registry::Registry,
    report::{Kind, OutboundInterface, OutboundOwner, OutboundPortReport, OutboundReport},
};

/// What watches packets that leave, on some interfaces.
pub struct Outbound {
    egress: Egress,
    hooks: BTreeMap<u32, Hooked>,
    seeker: Seeker,
    register: Register,
    last: BTreeMap<OutboundPort, OutboundTally>,
    /// Interfaces that cannot be watched, which is told once.
    shunned: BTreeSet<u32>,
}

/// An interface with the program on it.
struct Hooked {
    name: Arc<str>,
    hook: Hook,
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
            shunned: BTreeSet::new(),
        })
    }

    /// Puts other rules in force. Interfaces that could not be watched are tried once more.
    pub fn obey(&mut self, rules: &Rules) {
        self.egress.set_rules(rules);
        self.shunned.clear();
    }

    /// Attaches to the interfaces that are watched and are there, and lets go of all others. Each failure is handed to
    /// `fails`.
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
        for (index, watched) in there {
            let name = &watched.link.interface;
            let is_named = |hooked: &Hooked| *hooked.name == **name;
            match self.hooks.get_mut(&index) {
                Some(hooked) if is_named(hooked) => {}
                Some(hooked) => {
                    hooked.name = Arc::from(&**name);
                    self.seeker.name(index, &hooked.name);
                }
                None if self.shunned.contains(&index) => {}
                None => {
                    if let Err(failure) = self.attach(index, name) {
                        self.shunned.insert(index);
                        fails(name, failure);
                    }
                }
            }
        }
    }

    fn attach(&mut self, index: u32, name: &str) -> Result<(), Failure> {
        let link: Link = interfaces::by_index(index)?;
        let layer = interfaces::layer(&link)?;
        let name: Arc<str> = Arc::from(name);
        self.seeker.name(index, &name);
        let hook = self.egress.attach(&link, layer)?;
        log::info!("{name}: what leaves is watched by {}", hook.kind().as_str());
        self.hooks.insert(index, Hooked { name, hook });
        Ok(())
    }

    fn let_go(&mut self, index: u32) {
        if let Some(hooked) = self.hooks.remove(&index) {
            drop(hooked.hook);
            self.egress.forget(index);
            self.register.forget(&hooked.name);
            self.last.retain(|port, _| port.interface != index);
        }
    }

    /// What there is to tell.
    pub fn news(&mut self) -> Vec<Started> {
        let found = self.seeker.found();
        found.into_iter().filter_map(|(it, sender)| self.register.note(it, sender)).collect()
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
        let reading = Reading::new();
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
                    last_seen: reading.wall(tally.last_seen).min(SystemTime::now()),
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
            interfaces: self.hooks.values().map(interface).collect(),
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
