//! Bans in the state directory: those of each interface, by its name.

mod file;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use port12_common::abi::{BANNED, Ban};

use crate::{host::machine, kernel::clock::Moment};

/// Bans of one interface.
pub type InterfaceBans = BTreeMap<IpAddr, Ban>;

/// Bans of interfaces, present or absent, with times in jiffies of one boot.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeptBans {
    /// Boot that the jiffies count from; `None` if the kernel does not give its id.
    boot: Option<String>,
    /// Jiffies per second.
    hz: u64,
    /// Present of the bans.
    jiffies: u64,
    interfaces: BTreeMap<String, InterfaceBans>,
}

/// Greatest change among bans, in rising order.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Change {
    /// No ban differs.
    #[default]
    None,
    /// Bans dropped packets, or come nearer to their end.
    Counts,
    /// A ban by the program appeared or is over.
    Program,
    /// A ban by the operator appeared, has other terms, or is over.
    Operator,
}

impl KeptBans {
    /// Bans that are left on an interface whose maps are new: its own, and those that the operator made on others.
    pub fn of(&self, interface: &str) -> InterfaceBans {
        let mut bans = self.interfaces.get(interface).cloned().unwrap_or_default();
        for (source, ban) in self.interfaces.values().flatten().filter(|(_, ban)| by_operator(ban))
        {
            // A ban that the program has made here meanwhile gives way, as in `port12 ban`.
            let here = bans.entry(*source).or_insert(Ban { packets: 0, ..*ban });
            if !by_operator(here) || here.until < ban.until {
                *here = Ban { packets: here.packets, ..*ban };
            }
        }
        bans
    }

    /// Continues all times from a moment. Running time counts: in the same boot, the jiffies that have passed; in another
    /// boot, none.
    pub fn continue_at(&mut self, now: &Moment) {
        let boot = machine::boot_id();
        let is_same = boot.is_some() && boot == self.boot && now.hz == self.hz;
        if !is_same {
            let scale = |jiffies: u64| {
                let scaled = u128::from(jiffies) * u128::from(now.hz) / u128::from(self.hz.max(1));
                u64::try_from(scaled).unwrap_or(u64::MAX)
            };
            for ban in self.interfaces.values_mut().flat_map(BTreeMap::values_mut) {
                let age = scale(self.jiffies.saturating_sub(ban.since));
                ban.since = now.jiffies.saturating_sub(age);
                if ban.until != Ban::FOR_EVER {
                    let rest = scale(ban.until.saturating_sub(self.jiffies));
                    ban.until = now.jiffies.saturating_add(rest).min(Ban::FOR_EVER - 1);
                }
            }
        }
        (self.boot, self.hz, self.jiffies) = (boot, now.hz, now.jiffies);
    }

    /// Takes the bans of the interfaces that are present. An absent interface keeps those of its bans that hold, but no ban
    /// by the operator that no present interface has: the operator removed it.
    pub fn update(&mut self, present: &BTreeMap<&str, &InterfaceBans>) -> Change {
        if present.is_empty() {
            return Change::None;
        }
        let now = self.jiffies;
        let of_operator: BTreeSet<IpAddr> = present
            .values()
            .flat_map(|bans| bans.iter())
            .filter(|(_, ban)| ban.holds(now) && by_operator(ban))
            .map(|(source, _)| *source)
            .collect();
        let mut after: BTreeMap<String, InterfaceBans> = present
            .iter()
            .map(|(name, bans)| ((*name).to_owned(), held(bans, now, |_, _| true)))
            .collect();
        for (name, bans) in &self.interfaces {
            let stays =
                |source: &IpAddr, ban: &Ban| !by_operator(ban) || of_operator.contains(source);
            after.entry(name.clone()).or_insert_with(|| held(bans, now, stays));
        }
        let change = self.replace(after);
        self.limit_absent(present);
        change
    }

    /// Removes the bans of some sources, or all, on every interface that is not `present`. Returns the removed sources.
    pub fn remove(
        &mut self,
        sources: Option<&[IpAddr]>,
        is_present: impl Fn(&str) -> bool,
    ) -> BTreeSet<IpAddr> {
        let now = self.jiffies;
        let mut removed = BTreeSet::new();
        for (_, bans) in self.interfaces.iter_mut().filter(|(name, _)| !is_present(name)) {
            bans.retain(|source, ban| {
                let stays = sources.is_some_and(|sources| !sources.contains(source));
                if !stays && ban.holds(now) {
                    removed.insert(*source);
                }
                stays
            });
        }
        self.interfaces.retain(|_, bans| !bans.is_empty());
        removed
    }

    /// Whether no source is banned on any interface.
    pub fn is_empty(&self) -> bool {
        self.interfaces.is_empty()
    }

    /// Whether the remaining time of a ban changes.
    pub fn has_an_end(&self) -> bool {
        self.interfaces.values().flat_map(BTreeMap::values).any(|ban| ban.until != Ban::FOR_EVER)
    }

    fn replace(&mut self, mut after: BTreeMap<String, InterfaceBans>) -> Change {
        after.retain(|_, bans| !bans.is_empty());
        let none = InterfaceBans::new();
        let names: BTreeSet<&String> = self.interfaces.keys().chain(after.keys()).collect();
        let bans = |of: &'_ BTreeMap<String, InterfaceBans>, name: &str| of.get(name).cloned();
        let changes = names.into_iter().map(|name| {
            let (before, after) = (bans(&self.interfaces, name), bans(&after, name));
            difference(before.as_ref().unwrap_or(&none), after.as_ref().unwrap_or(&none))
        });
        let change = changes.max().unwrap_or_default();
        self.interfaces = after;
        change
    }

    /// Interfaces that never come back must not fill the disk: those with the fewest bans are kept.
    fn limit_absent(&mut self, present: &BTreeMap<&str, &InterfaceBans>) {
        let mut absent: Vec<(usize, String)> = self
            .interfaces
            .iter()
            .filter(|(name, _)| !present.contains_key(&***name))
            .map(|(name, bans)| (bans.len(), name.clone()))
            .collect();
        absent.sort_unstable();
        let mut kept = 0;
        for (bans, name) in absent {
            kept += bans;
            if kept > BANNED {
                self.interfaces.remove(&name);
            }
        }
    }
}

fn by_operator(ban: &Ban) -> bool {
    ban.origin == Ban::OPERATOR
}

fn held(bans: &InterfaceBans, now: u64, stays: impl Fn(&IpAddr, &Ban) -> bool) -> InterfaceBans {
    let held = bans.iter().filter(|(source, ban)| ban.holds(now) && stays(source, ban));
    held.map(|(source, ban)| (*source, *ban)).collect()
}

/// Greatest difference between the bans of an interface at two moments.
fn difference(before: &InterfaceBans, after: &InterfaceBans) -> Change {
    let sources: BTreeSet<&IpAddr> = before.keys().chain(after.keys()).collect();
    let change = |source: &IpAddr| match (before.get(source), after.get(source)) {
        (Some(before), Some(after)) if before == after => Change::None,
        (Some(before), Some(after))
            if Ban { packets: 0, ..*before } == Ban { packets: 0, ..*after } =>
        {
            Change::Counts
        }
        (before, after)
            if before.or(after).is_some_and(by_operator) || after.is_some_and(by_operator) =>
        {
            Change::Operator
        }
        _ => Change::Program,
    };
    sources.into_iter().map(change).max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
