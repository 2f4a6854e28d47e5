//! port12's programs over packets that leave: they count, and change nothing.
#![no_std]
#![no_main]
#![expect(
    missing_docs,
    reason = "the entry points' wrappers come from a macro that documents none"
)]

mod answer;
mod constants;
mod count;
mod maps;
mod owner;
mod skb;
mod tell;

use aya_ebpf::{bindings::TC_ACT_UNSPEC, macros::classifier, programs::TcContext};
use port12_common::{Layer, Transport, abi::Rule, departure, departure_common};
use port12_ebpf::{nonlinear::Nonlinear, packet::Linear};

use crate::{maps::OUT_STATE, skb::Skb};

port12_ebpf::licence!();

/// Looks at an Ethernet frame. The verdict is that of whoever comes next: `TC_ACT_UNSPEC` is `TCX_NEXT`.
#[classifier]
#[inline(always)]
pub fn port12_egress(ctx: TcContext) -> i32 {
    look(&Skb::of(&ctx), Layer::Ethernet);
    TC_ACT_UNSPEC
}

/// Looks at a packet of a device without an Ethernet header.
#[classifier]
#[inline(always)]
pub fn port12_egressip(ctx: TcContext) -> i32 {
    look(&Skb::of(&ctx), Layer::Ip);
    TC_ACT_UNSPEC
}

#[inline(always)]
fn look(packet: &Skb, layer: Layer) {
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
fn look_closely(packet: &Skb, layer: Layer) -> Option<port12_common::Departure> {
    let frame = Linear::again(packet, packet.zero());
    match departure(&frame, layer, rule) {
        Ok(found) => found,
        Err(_) if packet.is_all_linear() => None,
        Err(_) => departure(&Nonlinear(*packet), layer, rule).ok()?,
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
