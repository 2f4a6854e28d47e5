//! tc filters on the packets that an interface receives, which rewrite, redirect or copy them, or may.
//!
//! A packet that is redirected to an `ifb` device comes back: the filters of that device count.

mod action;
mod pedit;

use std::collections::BTreeSet;

use netlink_packet_core::DecodeError;

use super::Reason;
use crate::host::{
    HostError,
    interfaces::{Link, Stack},
    netlink::{Scope, attributes, behind, text},
    programs,
    tc::{CLSACT, EGRESS, FILTERS, FIXED, INGRESS, QDISCS, head, request, words},
};
use action::{Effect, UNREADABLE};

// linux/rtnetlink.h.
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;

/// A qdisc, or a class of one.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Place {
    interface: u32,
    handle: u32,
    parent: u32,
}

/// The reasons that filters give, on an interface and those above it.
pub(super) fn filters(stack: &Stack, interface: u32) -> Result<Vec<Reason>, HostError> {
    // A kernel without traffic control has none.
    let qdiscs = Qdiscs(places(libc::RTM_GETQDISC, QDISCS, 0)?);
    let mut reasons = Vec::new();
    for link in stack.from(interface) {
        if qdiscs.0.iter().any(|it| it.interface == link.index && it.parent == CLSACT) {
            let effects = qdiscs.effects(stack, link, &[INGRESS], &mut BTreeSet::new())?;
            // A dump may list a filter of u32 once for each chain.
            let effects: BTreeSet<String> = effects.into_iter().collect();
            let reason = |what| Reason::Filter { device: link.name.clone(), what };
            reasons.extend(effects.into_iter().map(reason));
        }
    }
    Ok(reasons)
}

/// The reasons that TCX programs give, which are in no notification.
pub(super) fn programs(links: &[&Link]) -> Result<Vec<Reason>, HostError> {
    let mut reasons = Vec::new();
    for link in links {
        let refused = |source| HostError::Refused { what: "TCX programs at ingress", source };
        for program in programs::at_ingress(link.index).map_err(refused)? {
            let what = format!("runs the BPF program {program}, {UNREADABLE}");
            reasons.push(Reason::Filter { device: link.name.clone(), what });
        }
    }
    Ok(reasons)
}

/// The places of qdiscs in a network namespace.
struct Qdiscs(Vec<Place>);

impl Qdiscs {
    /// The effects of the filters at some places of a device that count.
    fn effects(
        &self,
        stack: &Stack,
        link: &Link,
        parents: &[u32],
        seen: &mut BTreeSet<u32>,
    ) -> Result<Vec<String>, HostError> {
        let mut found = Vec::new();
        for &parent in parents {
            for effect in effects(link.index, parent)?.into_iter().flatten() {
                match effect.target(stack) {
                    Ok(ifb) if seen.insert(ifb.index) => {
                        let parents = self.of_ifb(ifb.index)?;
                        found.extend(self.effects(stack, ifb, &parents, seen)?);
                    }
                    Ok(_) => {}
                    Err(what) => found.push(what),
                }
            }
        }
        Ok(found)
    }

    /// The places of filters on what a device sends.
    fn of_ifb(&self, interface: u32) -> Result<Vec<u32>, HostError> {
        let qdiscs = self.0.iter().filter(|it| it.interface == interface);
        let mut parents: Vec<u32> = qdiscs
            .map(|it| if it.parent == CLSACT { EGRESS } else { it.handle })
            .filter(|&handle| handle != 0)
            .collect();
        let classes = places(libc::RTM_GETTCLASS, "tc classes", interface)?;
        parents.extend(classes.into_iter().map(|it| it.handle));
        Ok(parents)
    }
}

fn places(kind: u16, what: &'static str, interface: u32) -> Result<Vec<Place>, HostError> {
    let payload = head(interface, 0, 0, 0);
    let listed = request((kind, what), Scope::List, &payload, |message| {
        let place = |[interface, handle, parent, _]: [u32; 4]| Place { interface, handle, parent };
        Ok(words(message).map(place))
    });
    or_none(listed)
}

fn effects(interface: u32, parent: u32) -> Result<Vec<Vec<Effect>>, HostError> {
    let payload = head(interface, 0, parent, 0);
    or_none(request((libc::RTM_GETTFILTER, FILTERS), Scope::List, &payload, read))
}

fn or_none<T>(listed: Result<Vec<T>, HostError>) -> Result<Vec<T>, HostError> {
    match listed {
        Err(error) if error.is_invalid() || error.is_unsupported() => Ok(Vec::new()),
        listed => listed,
    }
}

/// Reads the effects of a filter that count; the head of a priority has no options.
fn read(message: &[u8]) -> Result<Option<Vec<Effect>>, DecodeError> {
    let Some([_, _, _, info]) = words(message) else { return Ok(None) };
    let (mut kind, mut options) = (String::new(), None);
    for attribute in attributes(behind(message, FIXED)?) {
        match attribute? {
            (TCA_KIND, value) => kind = text(value),
            (TCA_OPTIONS, value) => options = Some(value),
            _ => {}
        }
    }
    let protocol = u16::from_be(info as u16);
    let Some(options) = options else { return Ok(None) };
    let effects = action::of_filter(&kind, options, protocol)?;
    Ok((!effects.is_empty()).then_some(effects))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel lists a filter with the attributes that it was made with.
    #[test]
    fn the_filters_of_tc_that_rewrite_or_redirect_are_told_from_the_others() {
        let mut count = 0;
        for line in include_str!("tc/filters.txt").lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            let [name, kind, hex] = words[..] else { panic!("{line}") };
            let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let message: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
            let effects = read(&message).unwrap();
            assert_eq!(effects.is_some(), kind == "counts", "{name}: {effects:?}");
            count += 1;
            // Whatever is cut off is an error, or another filter.
            for end in 0..message.len() {
                let _ = read(&message[..end]);
            }
        }
        assert!(count > 20, "{count}");
    }
}
