//! A packet on its way out.

use core::ptr;

use aya_ebpf::{
    bindings::{__sk_buff, bpf_sock},
    helpers::{bpf_get_socket_cookie, bpf_get_socket_uid, bpf_skb_load_bytes},
    programs::TcContext,
};

use port12_ebpf::{
    nonlinear::Load,
    opaque::opaque,
    packet::{Context, Obscure},
};

/// The packet at hand.
#[derive(Clone, Copy)]
pub struct Skb(*mut __sk_buff);

/// Reads a field of the context, each time anew.
macro_rules! field {
    ($packet:expr, $($field:tt)+) => {{
        let skb = $packet.0;
        // SAFETY: the context is that of the running program.
        unsafe { ptr::read_volatile(&raw const (*skb).$($field)+) }
    }};
}

impl Skb {
    #[inline(always)]
    pub fn of(ctx: &TcContext) -> Self {
        Self(ctx.skb.skb)
    }

    /// A number that is 0, which only the kernel's verifier does not know.
    #[inline(always)]
    pub fn zero(self) -> Zero {
        Zero(self)
    }

    /// The index of the interface by which it leaves.
    #[inline(always)]
    pub fn interface(self) -> u32 {
        field!(self, ifindex)
    }

    /// The index of the interface by which it has come into this network namespace; 0 where it was made here.
    #[inline(always)]
    pub fn came_by(self) -> u32 {
        field!(self, ingress_ifindex)
    }

    /// Whether a socket has sent it (kernel 5.1).
    #[inline(always)]
    pub fn has_socket(self) -> bool {
        !self.socket().is_null()
    }

    /// The socket that has sent it, or null (kernel 5.1).
    #[inline(always)]
    pub fn socket(self) -> *mut bpf_sock {
        field!(self, __bindgen_anon_2.sk)
    }

    /// Packets on the wire: the segments that it is to be cut into (kernel 5.1).
    #[inline(always)]
    pub fn packets(self) -> u64 {
        match field!(self, gso_segs) {
            0 => 1,
            segments => segments.into(),
        }
    }

    /// Bytes on the wire, with the headers of all segments (kernel 5.0).
    #[inline(always)]
    pub fn bytes(self) -> u64 {
        let (bytes, length) = (field!(self, wire_len), self.length());
        if bytes > length { bytes.into() } else { length.into() }
    }

    /// Its bytes as it is.
    #[inline(always)]
    pub fn length(self) -> u32 {
        field!(self, len)
    }

    /// Whether all of it can be touched.
    #[inline(always)]
    pub fn is_all_linear(self) -> bool {
        let (start, end) = self.bounds_again();
        (end - start) as u64 >= u64::from(self.length())
    }

    /// The cookie of its socket (kernel 4.12); 0 where it has none.
    #[inline(always)]
    pub fn cookie(self) -> u64 {
        // SAFETY: the context is that of the running program.
        unsafe { bpf_get_socket_cookie(self.0.cast()) }
    }

    /// The user id of its socket (kernel 4.12); the overflow id where it has none.
    #[inline(always)]
    pub fn uid(self) -> u32 {
        // SAFETY: the context is that of the running program.
        unsafe { bpf_get_socket_uid(self.0) }
    }

    /// The cookie of the network namespace of its socket (kernel 6.18 has it, 6.1 has not).
    #[inline(always)]
    pub fn namespace(self) -> u64 {
        // SAFETY: the context is that of the running program.
        unsafe { aya_ebpf::helpers::bpf_get_netns_cookie(self.0.cast()) }
    }
}

impl Load for Skb {
    type Zero = Zero;

    #[inline(always)]
    fn length(&self) -> usize {
        Self::length(*self) as usize
    }

    #[inline(always)]
    fn zero(&self) -> Zero {
        Self::zero(*self)
    }

    #[inline(always)]
    unsafe fn load(&self, offset: u32, to: *mut u8, length: u32) -> bool {
        // SAFETY: the context is that of the running program, and the caller says that the bytes fit.
        unsafe { bpf_skb_load_bytes(self.0.cast(), offset, to.cast(), length) == 0 }
    }
}

impl Context for Skb {
    #[inline(always)]
    fn bounds(&self) -> (usize, usize) {
        let skb = self.0;
        // SAFETY: the context is that of the running program.
        unsafe { ((*skb).data as usize, (*skb).data_end as usize) }
    }

    #[inline(always)]
    fn bounds_again(&self) -> (usize, usize) {
        (field!(self, data) as usize, field!(self, data_end) as usize)
    }
}

/// A number that is 0: a kind of packet (`PACKET_HOST` and others) is below 8.
#[derive(Clone, Copy)]
pub struct Zero(Skb);

impl Obscure for Zero {
    #[inline(always)]
    fn obscure(self, number: usize) -> usize {
        // Nor does the compiler know it: it would put it together of two halves, of which the verifier of kernel 5.10
        // loses the bounds.
        opaque((number + (field!(self.0, pkt_type) >> 8) as usize) & 0x7fff)
    }
}
