//! IP forwarding, per network namespace and per interface.

use std::collections::BTreeMap;

use netlink_packet_core::DecodeError;
use netlink_sys::protocols::NETLINK_ROUTE;
use port12_common::Version;

use super::Reason;
use crate::host::{
    HostError,
    interfaces::Link,
    netlink::{Request, Scope, attributes, behind, number},
};

// linux/netconf.h.
const NETCONFA_IFINDEX: u16 = 1;
const NETCONFA_FORWARDING: u16 = 2;
const NETCONFA_MC_FORWARDING: u16 = 4;
const NETCONFA_FORCE_FORWARDING: u16 = 9;
const NETCONFA_IFINDEX_ALL: u32 = u32::MAX;

/// `struct netconfmsg`, which is a family, padded as a netlink message is.
const HEADER: usize = 4;

#[derive(Clone, Copy, Debug, Default)]
struct Forwarding {
    /// `forwarding`.
    on: bool,
    /// `mc_forwarding`: a multicast routing daemon is at work.
    multicast: bool,
    /// IPv6's `force_forwarding` (kernel 6.17).
    forced: bool,
}

/// Forwarding settings of a network namespace, by IP version and interface index.
#[derive(Debug)]
pub(super) struct Settings([BTreeMap<u32, Forwarding>; 2]);

impl Settings {
    /// Asks once for each IP version.
    pub(super) fn read() -> Result<Self, HostError> {
        Ok(Self([list(Version::V4)?, list(Version::V6)?]))
    }

    /// The sysctls that let packets through, of the namespace and of each of some interfaces.
    pub(super) fn reasons(&self, links: &[&Link]) -> Vec<Reason> {
        let mut reasons = Vec::new();
        for (version, settings) in [Version::V4, Version::V6].into_iter().zip(&self.0) {
            // An interface that does not speak the protocol has no settings.
            let get = |index| settings.get(&index).copied().unwrap_or_default();
            let family = match version {
                Version::V4 => "ipv4",
                Version::V6 => "ipv6",
            };
            if get(NETCONFA_IFINDEX_ALL).on {
                let sysctl = match version {
                    Version::V4 => "net.ipv4.ip_forward".to_owned(),
                    Version::V6 => "net.ipv6.conf.all.forwarding".to_owned(),
                };
                reasons.push(Reason::Forwarding { version, sysctl });
                continue;
            }
            for link in links {
                let Forwarding { on, multicast, forced } = get(link.index);
                let keys = [
                    (on, "forwarding"),
                    (multicast, "mc_forwarding"),
                    (forced, "force_forwarding"),
                ];
                for (set, key) in keys {
                    if set {
                        let sysctl = format!("net.{family}.conf.{}.{key}", link.name);
                        reasons.push(Reason::Forwarding { version, sysctl });
                    }
                }
            }
        }
        reasons
    }
}

/// The settings of all interfaces, of the namespace among them; none if the kernel lacks the protocol.
fn list(version: Version) -> Result<BTreeMap<u32, Forwarding>, HostError> {
    let family = match version {
        Version::V4 => libc::AF_INET,
        Version::V6 => libc::AF_INET6,
    };
    let request = Request {
        protocol: NETLINK_ROUTE,
        kind: libc::RTM_GETNETCONF,
        scope: Scope::List,
        payload: &[family as u8, 0, 0, 0],
        what: "forwarding settings",
    };
    match request.ask(|message| read(message).map(Some)) {
        Ok(settings) => Ok(settings.into_iter().collect()),
        Err(error) if error.is_unsupported() || error.is_invalid() => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

fn read(message: &[u8]) -> Result<(u32, Forwarding), DecodeError> {
    let (mut index, mut forwarding) = (0, Forwarding::default());
    for attribute in attributes(behind(message, HEADER)?) {
        match attribute? {
            (NETCONFA_IFINDEX, value) => index = number(value)?,
            (NETCONFA_FORWARDING, value) => forwarding.on = number(value)? != 0,
            (NETCONFA_MC_FORWARDING, value) => forwarding.multicast = number(value)? != 0,
            (NETCONFA_FORCE_FORWARDING, value) => forwarding.forced = number(value)? != 0,
            _ => {}
        }
    }
    Ok((index, forwarding))
}
