//! Networks that frames belong to, by their VLAN tags.

use core::ptr;

use aya_ebpf::{EbpfContext as _, bindings::xdp_md, programs::XdpContext};
use port12_common::{Frame, Layer, Membership, parse::Tags};

use port12_ebpf::{opaque::opaque, packet::Linear};

use crate::{buffers::Buffers, constants, counters::Counters, maps::STATE};

/// The network of the frame at hand. `IN_PARTS`: whether headers lie outside the linear part.
#[inline(always)]
pub fn membership<const IN_PARTS: bool, F: Frame>(
    ctx: &XdpContext,
    counters: Counters,
    frame: &F,
) -> Membership {
    if constants::layer() == Layer::Ip {
        return Membership::OWN;
    }
    if !Tags::are_in(frame) {
        let untagged = STATE.get(0).map_or(Membership::OWN, |state| state.host.vlans.untagged());
        return Membership::from_number(opaque(untagged.number() as usize) as u64);
    }
    look_up::<IN_PARTS>(ctx.as_ptr().cast(), counters);
    // SAFETY: the element is this CPU's own.
    let number = unsafe { ptr::read_volatile(&raw const (*counters.vlan_query()).membership) };
    Membership::from_number(opaque(number as usize) as u64)
}

/// Out of line, with its result in memory: the kernel's verifier knows nothing of a number that comes from there. It
/// would keep paths apart that differ in a number by which memory is addressed.
#[inline(never)]
fn look_up<const IN_PARTS: bool>(ctx: *mut xdp_md, counters: Counters) -> u64 {
    let ctx = XdpContext::new(ctx);
    let zero = counters.zero();
    let tags = if IN_PARTS {
        Tags::of(&Buffers::of(&ctx, usize::MAX, zero))
    } else {
        Tags::of(&Linear::again(&ctx, zero))
    };
    // No way on from here: a verifier (kernel 6.1) that does not know a number to be other than 0 would take it.
    let Some(tags) = tags else {
        return answer(counters, Membership::UNKNOWN);
    };
    let query = counters.vlan_query();
    // SAFETY: the element is this CPU's own.
    let vlans = unsafe {
        ptr::write_volatile(&raw mut (*query).vlans, tags.vlans());
        ptr::read_volatile(&raw const (*query).vlans)
    };
    let state = STATE.get(0);
    answer(counters, state.map_or(Membership::UNKNOWN, |state| state.host.vlans.membership(vlans)))
}

#[inline(always)]
fn answer(counters: Counters, membership: Membership) -> u64 {
    // SAFETY: the element is this CPU's own.
    unsafe {
        ptr::write_volatile(&raw mut (*counters.vlan_query()).membership, membership.number());
    }
    0
}
