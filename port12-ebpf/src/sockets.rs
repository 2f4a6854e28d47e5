//! The sockets of the interface's network namespace.

use aya_ebpf::{
    bindings::{
        BPF_F_CURRENT_NETNS, bpf_sock, bpf_sock_tuple__bindgen_ty_1__bindgen_ty_1 as Tuple4,
        bpf_sock_tuple__bindgen_ty_1__bindgen_ty_2 as Tuple6,
    },
    helpers::{bpf_sk_lookup_udp, bpf_sk_release, bpf_skc_lookup_tcp},
    programs::XdpContext,
};
use port12_common::{Addresses, Flow, Socket, Transport};

use crate::constants;

/// `TCP_ESTABLISHED` of the kernel's `tcp_states.h`, which a connected UDP socket is in too.
const ESTABLISHED: u32 = 1;

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
        let namespace = BPF_F_CURRENT_NETNS as u64;
        // SAFETY: the context is the program's, and the tuple is one of the two sizes that the
        // helpers accept, every byte of it initialised.
        unsafe {
            match transport {
                Transport::Tcp => state(bpf_skc_lookup_tcp(context, tuple, size, namespace, 0)),
                Transport::Udp => state(bpf_sk_lookup_udp(context, tuple, size, namespace, 0)),
                Transport::UdpLite | Transport::Sctp | Transport::Dccp => Socket::Unknown,
            }
        }
    }
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
        if state == ESTABLISHED { Socket::Connected } else { Socket::Bound }
    }
}
