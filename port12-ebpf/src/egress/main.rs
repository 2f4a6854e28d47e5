//! port12's programs over packets that leave: they count, and change nothing.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch, core_intrinsics)]
#![expect(internal_features, reason = "the target has no atomic types")]
#![expect(
    missing_docs,
    reason = "the entry points' wrappers come from a macro that documents none"
)]

mod answer;
mod constants;
mod count;
#[path = "../linear.rs"]
mod linear;
mod maps;
mod owner;
mod packet;
mod scattered;
mod tell;
#[path = "../unknown.rs"]
mod unknown;

use aya_ebpf::{bindings::TC_ACT_UNSPEC, macros::classifier, programs::TcContext};
use port12_common::{Layer, Transport, abi::Rule, departure, departure_common};

use crate::{linear::Linear, maps::OUT_STATE, packet::Packet, scattered::Scattered};

/// The licence that the kernel asks for: GPL-compatible.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
pub static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// Looks at an Ethernet frame. The verdict is that of whoever comes next: `TC_ACT_UNSPEC` is `TCX_NEXT`.
#[classifier]
#[inline(always)]
pub fn port12_egress(ctx: TcContext) -> i32 {
    look(&Packet::of(&ctx), Layer::Ethernet);
    TC_ACT_UNSPEC
}

/// Looks at a packet of a device without an Ethernet header.
#[classifier]
#[inline(always)]
pub fn port12_egressip(ctx: TcContext) -> i32 {
    look(&Packet::of(&ctx), Layer::Ip);
    TC_ACT_UNSPEC
}

#[inline(always)]
fn look(packet: &Packet, layer: Layer) {
    let frame = Linear::of(packet, packet.zero());
    let found = match departure_common(&frame, layer, rule) {
        Some(found) => found,
        None => look_closely(packet, layer),
    };
    if let Some(departure) = found
        && owner::is_this_host(packet, &departure)
        && !answer::may_be_answer(packet, &departure)
    {
        count::count(packet, &departure);
        tell::tell(packet, &departure);
    }
}

/// Looks at a frame that is not like most, or whose headers lie outside of its linear part.
#[inline(always)]
fn look_closely(packet: &Packet, layer: Layer) -> Option<port12_common::Departure> {
    let frame = Linear::again(packet, packet.zero());
    match departure(&frame, layer, rule) {
        Ok(found) => found,
        Err(_) if packet.is_all_linear() => None,
        Err(_) => departure(&Scattered::of(packet), layer, rule).ok()?,
    }
}

/// What the policy says of a well-known port.
#[inline(always)]
fn rule(transport: Transport, port: u16) -> Rule {
    OUT_STATE.get(0).map_or(Rule::ASSIGNED, |state| {
        // SAFETY: there are as many transports and ports; the caller has bounded the port.
        unsafe {
            *state.rules.get_unchecked(transport as usize).get_unchecked(usize::from(port) & 1023)
        }
    })
}

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
