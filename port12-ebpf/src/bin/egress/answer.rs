//! Which datagrams are answers.

use aya_ebpf::helpers::bpf_sk_fullsock;
use port12_common::{Departure, Shape};

use crate::{maps::OUT_STATE, skb::Skb};

// linux/socket.h, net/tcp_states.h: a connected UDP socket is in the state of an established one.
const AF_INET: u32 = 2;
const AF_INET6: u32 = 10;
const SOCK_DGRAM: u32 = 2;
const ESTABLISHED: u32 = 1;

/// Whether a datagram may be a server's answer: clients of NFS and the like bind ports from 512 to 1023, and ask from
/// there. It is, where its socket is not connected, and has chosen its port. What comes from a raw socket is none.
#[inline(always)]
pub fn may_be_answer(packet: &Skb, departure: &Departure) -> bool {
    if departure.shape != Shape::Datagram {
        return false;
    }
    let socket = packet.socket();
    if socket.is_null() {
        return false;
    }
    // SAFETY: a socket, which the packet holds.
    let is_unconnected = unsafe {
        let full = bpf_sk_fullsock(socket);
        if full.is_null() {
            return false;
        }
        let of_internet = (*full).family == AF_INET || (*full).family == AF_INET6;
        of_internet && (*full).type_ == SOCK_DGRAM && (*full).state != ESTABLISHED
    };
    is_unconnected
        && OUT_STATE.get(0).is_some_and(|state| !state.is_of_client(departure.source_port))
}
