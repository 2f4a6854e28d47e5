//! port12's XDP programs.
#![no_std]
#![no_main]
#![expect(
    missing_docs,
    reason = "the entry points' wrappers come from a macro that documents none"
)]

mod clock;
mod constants;
mod linear;
mod maps;
mod record;
mod scattered;
mod sockets;
mod tables;
#[cfg(feature = "trace")]
mod trace;

use core::hint;

use aya_ebpf::{
    bindings::xdp_action, helpers::bpf_xdp_get_buff_len, macros::xdp, programs::XdpContext,
};
use port12_common::{
    Conclude, Finding, Frame, Verdict, classify_common, classify_then, may_hide_headers,
    parse::MAX_VLAN_TAGS,
};

use crate::{linear::Linear, record::Counters, scattered::Scattered, tables::Kernel};

/// Ethernet pads frames to 60 bytes, and four VLAN tags may be put in afterwards.
const PADDED: usize = 60 + 4 * MAX_VLAN_TAGS;

/// The licence that the kernel asks for: GPL-compatible.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
pub static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// The entry point for kernels before 5.18, and for drivers without multi-buffer support.
#[xdp]
#[inline(always)]
pub fn port12(ctx: XdpContext) -> u32 {
    let Some(counters) = Counters::of_this_cpu() else {
        return xdp_action::XDP_PASS;
    };
    let (layer, kernel) = (constants::layer(), Kernel::of(&ctx));
    let frame = Linear::of(&ctx);
    let whole = Whole { counters, length: frame.length() };
    if let Some(action) = classify_common(&frame, layer, &kernel, &whole) {
        return action;
    }
    let frame = Linear::again(&ctx);
    let whole = Whole { counters, length: frame.length() };
    classify_then(&frame, layer, &kernel, &whole)
}

/// The multi-buffer entry point (kernel 5.18). Headers outside the linear part are looked for
/// only when the linear part was not enough.
#[xdp(frags)]
#[inline(always)]
pub fn port12_frags(ctx: XdpContext) -> u32 {
    let Some(counters) = Counters::of_this_cpu() else {
        return xdp_action::XDP_PASS;
    };
    let (layer, kernel) = (constants::layer(), Kernel::of(&ctx));
    let frame = Linear::of(&ctx);
    let part = Part { ctx: &ctx, counters, linear: frame.length() };
    if let Some(action) = classify_common(&frame, layer, &kernel, &part) {
        return action;
    }
    let frame = Linear::again(&ctx);
    let part = Part { ctx: &ctx, counters, linear: frame.length() };
    classify_then(&frame, layer, &kernel, &part)
}

/// A frame whose length is known.
struct Whole {
    counters: Counters,
    length: usize,
}

impl Conclude for Whole {
    type End = u32;

    #[inline(always)]
    fn conclude(&self, finding: Finding) -> u32 {
        conclude(self.counters, &finding, self.length)
    }
}

/// A frame of which the linear part is known.
struct Part<'a> {
    ctx: &'a XdpContext,
    counters: Counters,
    linear: usize,
}

impl Conclude for Part<'_> {
    type End = u32;

    #[inline(always)]
    fn conclude(&self, finding: Finding) -> u32 {
        if !may_be_longer(&finding, self.linear) {
            return conclude(self.counters, &finding, self.linear);
        }
        hint::cold_path();
        // SAFETY: the context is that of the running program.
        let total = unsafe { bpf_xdp_get_buff_len(self.ctx.ctx) } as usize;
        if total > self.linear && may_hide_headers(&finding) {
            return scattered(self.ctx, total);
        }
        conclude(self.counters, &finding, total)
    }
}

/// Classifies a frame whose headers lie outside the linear part.
#[inline(never)]
fn scattered(ctx: &XdpContext, total: usize) -> u32 {
    let Some(counters) = Counters::of_this_cpu() else {
        return xdp_action::XDP_PASS;
    };
    let whole = Whole { counters, length: total };
    classify_then(&Scattered::new(ctx, total), constants::layer(), &Kernel::of(ctx), &whole)
}

/// Whether a frame may go on beyond its linear part. It does not when the packet ends where the
/// linear part does, or when what follows the packet is no more than Ethernet's padding: the
/// helper that knows costs 6 ns, as much as everything else.
#[inline(always)]
fn may_be_longer(finding: &Finding, linear: usize) -> bool {
    finding.end > linear || (finding.end < linear && linear > PADDED)
}

#[inline(always)]
fn conclude(counters: Counters, finding: &Finding, length: usize) -> u32 {
    counters.record(finding, length);
    #[cfg(feature = "trace")]
    trace::log(finding, length);
    match finding.outcome.verdict() {
        Verdict::Pass => xdp_action::XDP_PASS,
        Verdict::Drop => xdp_action::XDP_DROP,
    }
}

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
