//! Next hop objects (`ip nexthop`, kernel 5.3), which routes refer to by number.

use std::net::IpAddr;

use netlink_sys::protocols::NETLINK_ROUTE;

use super::{
    HostError,
    netlink::{Request, Scope, attributes, behind},
};

/// `RTM_GETNEXTHOP` (linux/rtnetlink.h).
const RTM_GETNEXTHOP: u16 = 106;

/// `sizeof(struct nhmsg)` (linux/nexthop.h): family, scope, protocol, a byte of zero, flags.
const NHMSG: usize = 8;

/// `NHA_GATEWAY` (linux/nexthop.h).
const NHA_GATEWAY: u16 = 6;

/// The gateways of all objects of both families. A kernel without them has none.
///
/// # Errors
///
/// Where the kernel refuses or garbles the list.
pub(super) fn gateways() -> Result<Vec<IpAddr>, HostError> {
    let request = Request {
        protocol: NETLINK_ROUTE,
        kind: RTM_GETNEXTHOP,
        scope: Scope::List,
        payload: &[0; NHMSG],
        what: "next hops",
    };
    let asked = request.ask(|message| {
        for attribute in attributes(behind(message, NHMSG)?) {
            if let (NHA_GATEWAY, value) = attribute? {
                return netlink_packet_core::parse_ip(value).map(Some);
            }
        }
        Ok(None)
    });
    match asked {
        Err(error) if error.is_unsupported() => Ok(Vec::new()),
        gateways => gateways,
    }
}
