//! Whose packet it is.

use port12_common::Departure;

use crate::{constants, maps::OUT_STATE, skb::Skb};

/// Whether a socket of this host's network namespace has sent it.
///
/// - What is routed has lost its socket when it came in (`skb_orphan` in `ip_rcv_core`), and what is bridged or
///   comes out of a container by veth has an interface by which it came.
/// - What a macvlan, ipvlan or VLAN device of another namespace sends has that one's socket, and came by
///   nothing. The kernel tells the namespace of a socket; one that does not (6.1) leaves the source
///   address to go by, which is not this host's.
#[inline(always)]
pub fn is_this_host(packet: &Skb, departure: &Departure) -> bool {
    if !packet.has_socket() || packet.came_by() != 0 {
        return false;
    }
    match constants::namespace() {
        0 => OUT_STATE.get(0).is_some_and(|state| state.is_own(departure.source)),
        namespace => packet.namespace() == namespace,
    }
}
