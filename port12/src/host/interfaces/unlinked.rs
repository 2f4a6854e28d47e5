//! An XDP program that is on an interface without a link.

use std::os::fd::{AsRawFd as _, BorrowedFd};

use netlink_packet_core::{DecodeError, Emitable as _, NLA_F_NESTED};
use netlink_packet_route::link::LinkHeader;
use netlink_sys::protocols::NETLINK_ROUTE;

use super::XdpMode;
use crate::host::{
    HostError,
    netlink::{Request, Scope, push_attribute},
};

// linux/if_link.h.
const IFLA_XDP_FD: u16 = 1;
const IFLA_XDP_FLAGS: u16 = 3;
const IFLA_XDP_EXPECTED_FD: u16 = 8;
const XDP_FLAGS_SKB_MODE: u32 = 1 << 1;
const XDP_FLAGS_DRV_MODE: u32 = 1 << 2;
const XDP_FLAGS_HW_MODE: u32 = 1 << 3;
const XDP_FLAGS_REPLACE: u32 = 1 << 4;

/// Takes a program off an interface where it is that very one that is on it (kernel 5.7).
///
/// # Errors
///
/// Where the kernel refuses: another program is there.
pub fn take_off(interface: u32, program: BorrowedFd<'_>, mode: XdpMode) -> Result<(), HostError> {
    let header = LinkHeader { index: interface, ..LinkHeader::default() };
    let mut payload = vec![0; header.buffer_len()];
    header.emit(&mut payload);
    let flags = XDP_FLAGS_REPLACE
        | match mode {
            XdpMode::Native => XDP_FLAGS_DRV_MODE,
            XdpMode::Generic => XDP_FLAGS_SKB_MODE,
            XdpMode::Hardware => XDP_FLAGS_HW_MODE,
        };
    let mut xdp = Vec::new();
    push_attribute(&mut xdp, IFLA_XDP_FD, &(-1_i32).to_ne_bytes());
    push_attribute(&mut xdp, IFLA_XDP_FLAGS, &flags.to_ne_bytes());
    push_attribute(&mut xdp, IFLA_XDP_EXPECTED_FD, &program.as_raw_fd().to_ne_bytes());
    push_attribute(&mut payload, libc::IFLA_XDP | NLA_F_NESTED, &xdp);
    let request = Request {
        protocol: NETLINK_ROUTE,
        kind: libc::RTM_SETLINK,
        scope: Scope::Single,
        payload: &payload,
        what: "interfaces",
    };
    request.ask(|_| -> Result<_, DecodeError> { Ok(None::<()>) }).map(drop)
}
