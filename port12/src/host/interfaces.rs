//! Interfaces of this network namespace.

use netlink_packet_core::DecodeError;
use netlink_packet_core::Emitable;
use netlink_packet_route::{
    AddressFamily,
    link::LinkHeader,
    route::{RouteHeader, RouteType},
};
use netlink_sys::protocols::NETLINK_ROUTE;

use super::{
    HostError,
    netlink::{Request, Scope, push_attribute},
    routes,
};

mod bridge_vlans;
mod ethtool;
mod features;
mod layer;
mod link;
mod offloads;
mod stack;
mod unlinked;
mod vlan_stripping;
mod vlans;

pub use ethtool::{driver, speed};
pub use layer::{Unsupported, layer, readable};
pub use link::{Link, VlanFilter, VlanTag, XdpAttachment, XdpMode};
pub use offloads::{Merging, merging};
pub use stack::{Stack, Unproven, unproven};
pub use unlinked::take_off;
pub use vlan_stripping::vlan_stripping;
pub use vlans::vlans;

/// `RTEXT_FILTER_SKIP_STATS` (linux/rtnetlink.h).
const SKIP_STATS: u32 = 1 << 3;

/// Every interface of this namespace, by index.
///
/// # Errors
///
/// Where the kernel refuses or garbles the list.
pub fn all() -> Result<Vec<Link>, HostError> {
    ask(0, None, Scope::List)
}

/// The interface of a name, or of an alternative name (kernel 5.5).
///
/// # Errors
///
/// [`HostError::NoInterface`], or where the kernel cannot be asked.
pub fn by_name(name: &str) -> Result<Link, HostError> {
    // An attribute holds 16 bytes with the terminator; alternative names are longer.
    let attribute = if name.len() < 16 { libc::IFLA_IFNAME } else { IFLA_ALT_IFNAME };
    one(0, Some((attribute, name)), &shown(name))
}

/// A name, quoted where it would be misread in a sentence.
fn shown(name: &str) -> String {
    let odd = |letter: char| letter.is_whitespace() || letter.is_control();
    if name.is_empty() || name.contains(odd) { format!("{name:?}") } else { name.to_owned() }
}

/// The interface of an index.
///
/// # Errors
///
/// As [`by_name`].
pub fn by_index(index: u32) -> Result<Link, HostError> {
    one(index, None, &format!("with index {index}"))
}

/// The interface of the default route of the main table: IPv4's with the lowest metric, else
/// IPv6's.
///
/// # Errors
///
/// Where the kernel refuses or garbles a list.
pub fn default_route() -> Result<Option<Link>, HostError> {
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let routes = routes::list(family, RouteType::Unicast, RouteHeader::RT_TABLE_MAIN)?;
        let best = routes.iter().filter(|route| route.length == 0).min_by_key(|r| r.metric);
        if let Some(index) = best.and_then(|route| route.interface) {
            return by_index(index).map(Some);
        }
    }
    Ok(None)
}

/// `IFLA_ALT_IFNAME` (linux/if_link.h).
const IFLA_ALT_IFNAME: u16 = 53;

fn one(index: u32, name: Option<(u16, &str)>, shown: &str) -> Result<Link, HostError> {
    let missing = || HostError::NoInterface(shown.to_owned());
    match ask(index, name, Scope::Single) {
        Ok(links) => links.into_iter().next().ok_or_else(missing),
        Err(HostError::Refused { source, .. })
            if matches!(
                source.raw_os_error(),
                // The kernel calls an index of 0 and a name that cannot exist invalid.
                Some(libc::ENODEV | libc::EINVAL | libc::ERANGE)
            ) =>
        {
            Err(missing())
        }
        Err(error) => Err(error),
    }
}

fn ask(index: u32, name: Option<(u16, &str)>, scope: Scope) -> Result<Vec<Link>, HostError> {
    let header = LinkHeader { index, ..LinkHeader::default() };
    let mut payload = vec![0; header.buffer_len()];
    header.emit(&mut payload);
    push_attribute(&mut payload, libc::IFLA_EXT_MASK, &SKIP_STATS.to_ne_bytes());
    if let Some((attribute, name)) = name {
        push_attribute(&mut payload, attribute, &[name.as_bytes(), &[0]].concat());
    }
    let request = Request {
        protocol: NETLINK_ROUTE,
        kind: libc::RTM_GETLINK,
        scope,
        payload: &payload,
        what: "interfaces",
    };
    request.ask(|message| -> Result<_, DecodeError> { link::read(message).map(Some) })
}
