//! IP forwarding, per network namespace and per interface.

use netlink_packet_core::DecodeError;
use netlink_sys::protocols::NETLINK_ROUTE;
use port12_common::Version;

use super::Reason;
use crate::host::{
    HostError,
    interfaces::Link,
    netlink::{Request, Scope, attributes, behind, number, push_attribute},
};

// linux/netconf.h.
const NETCONFA_IFINDEX: u16 = 1;
const NETCONFA_FORWARDING: u16 = 2;
const NETCONFA_MC_FORWARDING: u16 = 4;
const NETCONFA_FORCE_FORWARDING: u16 = 9;
const NETCONFA_IFINDEX_ALL: u32 = u32::MAX;

/// `struct netconfmsg`, which is a family, padded as a netlink message is.
const HEADER: usize = 4;

#[derive(Default)]
struct Forwarding {
    /// `forwarding`.
    on: bool,
    /// `mc_forwarding`: a multicast routing daemon is at work.
    multicast: bool,
    /// IPv6's `force_forwarding` (kernel 6.17).
    forced: bool,
}

/// The sysctls that let packets through, of the namespace and of each of some interfaces.
pub(super) fn reasons(links: &[&Link]) -> Result<Vec<Reason>, HostError> {
    let mut reasons = Vec::new();
    for version in [Version::V4, Version::V6] {
        let family = match version {
            Version::V4 => "ipv4",
            Version::V6 => "ipv6",
        };
        if get(version, NETCONFA_IFINDEX_ALL)?.on {
            let sysctl = match version {
                Version::V4 => "net.ipv4.ip_forward".to_owned(),
                Version::V6 => "net.ipv6.conf.all.forwarding".to_owned(),
            };
            reasons.push(Reason::Forwarding { version, sysctl });
            continue;
        }
        for link in links {
            let Forwarding { on, multicast, forced } = get(version, link.index)?;
            let keys =
                [(on, "forwarding"), (multicast, "mc_forwarding"), (forced, "force_forwarding")];
            for (set, key) in keys {
                if set {
                    let sysctl = format!("net.{family}.conf.{}.{key}", link.name);
                    reasons.push(Reason::Forwarding { version, sysctl });
                }
            }
        }
    }
    Ok(reasons)
}

fn get(version: Version, interface: u32) -> Result<Forwarding, HostError> {
    let family = match version {
        Version::V4 => libc::AF_INET,
        Version::V6 => libc::AF_INET6,
    };
    let mut payload = vec![family as u8, 0, 0, 0];
    push_attribute(&mut payload, NETCONFA_IFINDEX, &interface.to_ne_bytes());
    let request = Request {
        protocol: NETLINK_ROUTE,
        kind: libc::RTM_GETNETCONF,
        scope: Scope::Single,
        payload: &payload,
        what: "forwarding settings",
    };
    match request.ask(|message| read(message).map(Some)) {
        Ok(answers) => Ok(answers.into_iter().next().unwrap_or_default()),
        // The kernel lacks the protocol, or the interface does not speak it.
        Err(error) if error.is_unsupported() || error.is_invalid() => Ok(Forwarding::default()),
        Err(error) => Err(error),
    }
}

fn read(message: &[u8]) -> Result<Forwarding, DecodeError> {
    let mut forwarding = Forwarding::default();
    for attribute in attributes(behind(message, HEADER)?) {
        match attribute? {
            (NETCONFA_FORWARDING, value) => forwarding.on = number(value)? != 0,
            (NETCONFA_MC_FORWARDING, value) => forwarding.multicast = number(value)? != 0,
            (NETCONFA_FORCE_FORWARDING, value) => forwarding.forced = number(value)? != 0,
            _ => {}
        }
    }
    Ok(forwarding)
}
