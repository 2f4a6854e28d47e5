//! Reports of the mode of each interface.

use std::collections::BTreeMap;

use port12_common::{Transport, abi::Action};

use super::{Agent, NotDropped, Plan, Presence, Tell, Watched};
use crate::{policy::Mode, watch};

impl Agent {
    /// Reports the mode in force, when its cause changes.
    pub fn tell_standing(&mut self) {
        let mut said = BTreeMap::new();
        let is_there = |it: &&mut Watched| !it.gone && it.presence() == Presence::Attached;
        for watched in self.watched.iter_mut().filter(is_there) {
            let mode = watched.mode();
            let name = watched.name.clone();
            if let Some(text) = watch::tell(&mode)
                && self.said.get(&name) != Some(&mode.reason)
            {
                (self.tell)(&format_args!("{name}: {text}"));
            }
            said.insert(name, mode.reason);
        }
        self.said = said;
        self.tell_not_dropped();
    }

    /// Reports probes that drop mode passes, when that changes.
    fn tell_not_dropped(&mut self) {
        let watched = self.watched.iter().filter(|it| !it.gone);
        let not_dropped: BTreeMap<String, NotDropped> =
            watched.filter_map(|it| Some((it.name.clone(), it.not_dropped()?))).collect();
        for (name, not_dropped) in &not_dropped {
            if self.not_dropped.get(name) != Some(not_dropped) {
                (self.tell)(&format_args!("{name}: {not_dropped}"));
            }
        }
        self.not_dropped = not_dropped;
    }
}

/// The line about an interface at its start.
pub(super) fn announce(watched: &Watched, plan: &Plan, tell: Tell) {
    let rules = plan.compiled.policy.rules[Transport::Tcp as usize].iter();
    let is_watched = |action| matches!(action, Action::Watch | Action::Drop { .. });
    tell(&format_args!(
        "{}: {} XDP, {} mode{}, {} ports of the registry of {}",
        watched.name,
        watched.xdp_mode,
        if watched.standing().drops() {
            plan.config.mode.value.as_str()
        } else {
            Mode::Monitor.as_str()
        },
        if watched.not_dropped().is_some() { " for TCP alone" } else { "" },
        rules.filter(|rule| is_watched(rule.action())).count(),
        plan.registry.edition()
    ));
}
