//! Routes, as the kernel lists them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_core::{DecodeError, Emitable};
use netlink_packet_route::{
    AddressFamily,
    route::{RouteHeader, RouteType},
};
use netlink_sys::protocols::NETLINK_ROUTE;

use super::{
    HostError,
    netlink::{Request, Scope, attributes, behind, number},
};

/// A next hop of the other family (linux/rtnetlink.h).
const RTA_VIA: u16 = 18;

/// `sizeof(struct rtnexthop)`.
const RTNEXTHOP: usize = 8;

/// A route.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Where it leads to.
    pub(super) destination: IpAddr,
    /// The length of the destination's prefix, in bits.
    pub(super) length: u8,
    /// Its metric: the lower, the better.
    pub(super) metric: u32,
    /// The next hops that are addresses.
    pub(super) gateways: Vec<IpAddr>,
    /// The interface, of the first next hop where there are several.
    pub(super) interface: Option<u32>,
}

/// Lists the routes of one type, in one table or, with `RT_TABLE_UNSPEC`, in all. The kernel
/// filters. A family that the kernel lacks has no routes.
pub(super) fn list(
    family: AddressFamily,
    kind: RouteType,
    table: u8,
) -> Result<Vec<Route>, HostError> {
    let header = RouteHeader { address_family: family, kind, table, ..RouteHeader::default() };
    let mut payload = vec![0; header.buffer_len()];
    header.emit(&mut payload);
    let request = Request {
        protocol: NETLINK_ROUTE,
        kind: libc::RTM_GETROUTE,
        scope: Scope::List,
        payload: &payload,
        what: "routes",
    };
    match request.ask(|message| read(message, family, kind)) {
        Err(error) if error.is_unsupported() => Ok(Vec::new()),
        routes => routes,
    }
}

/// Without IPv6 the kernel answers for all families, hence the comparison.
fn read(
    message: &[u8],
    family: AddressFamily,
    kind: RouteType,
) -> Result<Option<Route>, DecodeError> {
    let header = RouteHeader::parse(message)?;
    if header.address_family != family || header.kind != kind {
        return Ok(None);
    }
    let mut route = Route {
        destination: unspecified(family),
        length: header.destination_prefix_length,
        metric: 0,
        gateways: Vec::new(),
        interface: None,
    };
    for attribute in attributes(behind(message, header.buffer_len())?) {
        match attribute? {
            (libc::RTA_DST, value) => route.destination = address(value)?,
            (libc::RTA_PRIORITY, value) => route.metric = number(value)?,
            (libc::RTA_OIF, value) => route.interface = Some(number(value)?),
            (libc::RTA_GATEWAY | RTA_VIA, value) => route.gateways.extend(gateway(value)),
            (libc::RTA_MULTIPATH, value) => {
                route.interface = first_hop(value).or(route.interface);
                route.gateways.extend(hops(value));
            }
            _ => {}
        }
    }
    Ok(Some(route))
}

fn unspecified(family: AddressFamily) -> IpAddr {
    match family {
        AddressFamily::Inet6 => Ipv6Addr::UNSPECIFIED.into(),
        _ => Ipv4Addr::UNSPECIFIED.into(),
    }
}

fn address(value: &[u8]) -> Result<IpAddr, DecodeError> {
    netlink_packet_core::parse_ip(value)
}

/// The address of a next hop; `RTA_VIA` has its family, of two bytes, before it.
fn gateway(value: &[u8]) -> Option<IpAddr> {
    address(value).or_else(|_| address(value.get(2..).unwrap_or_default())).ok()
}

/// The next hops of a `RTA_MULTIPATH`: each is a `struct rtnexthop` and its attributes.
fn hops(mut value: &[u8]) -> Vec<IpAddr> {
    let mut hops = Vec::new();
    while let Some(length) =
        value.get(..2).map(|it| usize::from(u16::from_ne_bytes([it[0], it[1]])))
        && let Some(hop) = value.get(..length)
        && let Some(inner) = hop.get(RTNEXTHOP..)
    {
        for (kind, value) in attributes(inner).map_while(Result::ok) {
            if matches!(kind, libc::RTA_GATEWAY | RTA_VIA) {
                hops.extend(gateway(value));
            }
        }
        value = value.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    hops
}

/// The interface of the first `struct rtnexthop` (linux/rtnetlink.h): a length of two bytes,
/// flags, a weight, the interface.
fn first_hop(value: &[u8]) -> Option<u32> {
    value.get(4..8).and_then(|index| number(index).ok())
}
