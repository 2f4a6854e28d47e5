//! The sockets of the interface's network namespace.

use core::ffi::c_void;

use aya_ebpf::{
    bindings::{
        BPF_F_CURRENT_NETNS, bpf_sock, bpf_sock_tuple,
        bpf_sock_tuple__bindgen_ty_1__bindgen_ty_1 as Tuple4,
        bpf_sock_tuple__bindgen_ty_1__bindgen_ty_2 as Tuple6,
    },
    helpers::{bpf_sk_lookup_udp, bpf_sk_release, bpf_skc_lookup_tcp},
    programs::XdpContext,
};
use port12_common::{Addresses, Flow, Socket, Transport};

use crate::constants;

/// The states of a connection (net/tcp_states.h): ESTABLISHED, which a connected UDP socket is in too, FIN_WAIT1,
/// FIN_WAIT2, CLOSE_WAIT, LAST_ACK, CLOSING. Not SYN_SENT and SYN_RECV: the peer's address may be forged.
const CONNECTED: u32 = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 11;

/// Looks sockets up for the frame at hand.
pub struct Namespace<'a> {
    ctx: &'a XdpContext,
}

impl<'a> Namespace<'a> {
    #[inline(always)]
    pub fn of(ctx: &'a XdpContext) -> Self {
        Self { ctx }
    }
}

impl Namespace<'_> {
    /// The socket that would receive a flow.
    #[inline(always)]
    pub fn socket(&self, flow: &Flow) -> Socket {
        if constants::replay() {
            return Socket::None;
        }
        let (sport, dport) = (flow.source_port.to_be(), flow.port.to_be());
        match flow.addresses {
            Addresses::V4 { source_be: saddr, destination_be: daddr } => {
                self.look_up(flow.transport, Tuple4 { saddr, daddr, sport, dport })
            }
            Addresses::V6 { source_be: saddr, destination_be: daddr } => {
                self.look_up(flow.transport, Tuple6 { saddr, daddr, sport, dport })
            }
        }
    }

    #[inline(always)]
    fn look_up<T>(&self, transport: Transport, mut tuple: T) -> Socket {
        let context = self.ctx.ctx.cast();
        let size = size_of::<T>() as u32;
        let tuple = (&raw mut tuple).cast();
        // SAFETY: the context is the program's, and the tuple is one of the two sizes that the
        // helpers accept, every byte of it initialised.
        unsafe {
            match transport {
                Transport::Tcp => tcp(context, tuple, size),
                Transport::Udp => udp(context, tuple, size),
                Transport::UdpLite | Transport::Sctp | Transport::Dccp => Socket::Unknown,
            }
        }
    }
}

/// The namespace of the interface.
const NAMESPACE: u64 = BPF_F_CURRENT_NETNS as u64;

/// The TCP socket of a tuple. Out of line: the helpers return different types, and the verifier
/// refuses an instruction that reads both, which is what the compiler would make of two reads in
/// one function.
///
/// # Safety
///
/// `context` is the program's; `tuple` holds `size` bytes, as many as one of the helpers' tuples.
#[inline(never)]
unsafe fn tcp(context: *mut c_void, tuple: *mut bpf_sock_tuple, size: u32) -> Socket {
    // SAFETY: as the caller says.
    unsafe { state(bpf_skc_lookup_tcp(context, tuple, size, NAMESPACE, 0)) }
}

/// The UDP socket of a tuple.
///
/// # Safety
///
/// As [`tcp`].
#[inline(always)]
unsafe fn udp(context: *mut c_void, tuple: *mut bpf_sock_tuple, size: u32) -> Socket {
    // SAFETY: as the caller says.
    unsafe { state(bpf_sk_lookup_udp(context, tuple, size, NAMESPACE, 0)) }
}

/// What a looked-up socket is to the flow; releases it.
///
/// # Safety
///
/// `socket` comes from a look-up, and is not used afterwards.
#[inline(always)]
unsafe fn state(socket: *mut bpf_sock) -> Socket {
    if socket.is_null() {
        return Socket::None;
    }
    // SAFETY: not null, so it is a socket that this program holds.
    unsafe {
        let state = (*socket).state;
        bpf_sk_release(socket.cast());
        if CONNECTED >> (state & 31) & 1 != 0 { Socket::Connected } else { Socket::Bound }
    }
}
