//! Reports of the mode of each interface.

use std::collections::BTreeMap;

use port12_common::{Transport, abi::Action};

use super::{Agent, NotDropped, Plan, Presence, Tell, Watched};
use crate::{
    model::{
        ModeReason, ModeState,
        event::{ModeChange, ModeEvent},
    },
    policy::Mode,
};

impl Agent {
    /// Reports the mode in force, when its cause changes.
    pub fn tell_standing(&mut self) {
        let mut said = BTreeMap::new();
        let is_there = |it: &&mut Watched| !it.gone && it.presence() == Presence::Attached;
        for watched in self.watched.iter_mut().filter(is_there) {
            let mode = watched.mode();
            let name = watched.name.clone();
            let before = self.said.get(&name).copied();
            let change = if before == Some(mode.reason) { None } else { change(before, &mode) };
            if let Some(change) = change {
                self.story.event(ModeEvent::now(&name, change));
            }
            let given_up = watched.given_up().map(ToOwned::to_owned);
            if given_up != self.given_up.get(&name).cloned() {
                if let Some(evidence) = &given_up {
                    let (was_drop, evidence) = (mode.requested == Mode::Drop, evidence.clone());
                    let change = ModeChange::Forwards { was_drop, evidence };
                    self.story.event(ModeEvent::now(&name, change));
                }
                match given_up {
                    Some(evidence) => drop(self.given_up.insert(name.clone(), evidence)),
                    None => drop(self.given_up.remove(&name)),
                }
            }
            said.insert(name, mode.reason);
        }
        self.said = said;
        self.tell_untold();
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

/// Change of the mode since the last report.
fn change(before: Option<Option<ModeReason>>, mode: &ModeState) -> Option<ModeChange> {
    match (before, mode.reason) {
        (Some(Some(ModeReason::Unconfirmed)), None) if mode.effective == Mode::Drop => {
            Some(ModeChange::Confirmed)
        }
        (Some(Some(_)), None) if mode.effective == Mode::Drop => Some(ModeChange::Resumed),
        _ => ModeChange::to(mode),
    }
}

/// Reports an interface at its start.
pub(super) fn announce(watched: &Watched, plan: &Plan, tell: Tell) {
    tell(&format_args!("{}: {}", watched.name, details(watched, plan)));
}

/// Modes and ports of an interface, for people.
pub(super) fn details(watched: &Watched, plan: &Plan) -> String {
    let rules = plan.compiled.policy.rules[Transport::Tcp as usize].iter();
    let is_watched = |action| matches!(action, Action::Watch | Action::Drop { .. });
    format!(
        "{} XDP, {} mode{}{}, {} ports of the registry of {}",
        watched.xdp_mode,
        if watched.standing().drops() {
            plan.config.mode.value.as_str()
        } else {
            Mode::Monitor.as_str()
        },
        if watched.not_dropped().is_some() { " for TCP alone" } else { "" },
        if watched.starts_confirmed() { " (confirmed before)" } else { "" },
        rules.filter(|rule| is_watched(rule.action())).count(),
        plan.registry.edition()
    )
}
