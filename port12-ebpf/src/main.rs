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

use aya_ebpf::{
    bindings::xdp_action, helpers::bpf_xdp_get_buff_len, macros::xdp, programs::XdpContext,
};
use port12_common::{
    Conclude, Finding, Frame, Verdict, classify_then, may_hide_headers, parse::MAX_VLAN_TAGS,
};

use crate::{linear::Linear, scattered::Scattered, tables::Kernel};

/// Ethernet pads frames to 60 bytes, and four VLAN tags may be put in afterwards.
const PADDED: usize = 60 + 4 * MAX_VLAN_TAGS;

/// The licence that the kernel asks for: GPL-compatible.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
pub static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// The entry point for kernels before 5.18, and for drivers without multi-buffer support.
#[xdp]
pub fn port12(ctx: XdpContext) -> u32 {
    let frame = Linear::of(&ctx);
    let whole = Whole { length: frame.length() };
    classify_then(&frame, constants::layer(), &Kernel::of(&ctx), &whole)
}

/// The multi-buffer entry point (kernel 5.18). Headers outside the linear part are looked for
/// only when the linear part was not enough.
#[xdp(frags)]
pub fn port12_frags(ctx: XdpContext) -> u32 {
    let frame = Linear::of(&ctx);
    let part = Part { ctx: &ctx, linear: frame.length() };
    classify_then(&frame, constants::layer(), &Kernel::of(&ctx), &part)
}

/// A frame whose length is known.
struct Whole {
    length: usize,
}

impl Conclude for Whole {
    type End = u32;

    #[inline(always)]
    fn conclude(&self, finding: Finding) -> u32 {
        conclude(&finding, self.length)
    }
}

/// A frame of which the linear part is known.
struct Part<'a> {
    ctx: &'a XdpContext,
    linear: usize,
}

impl Conclude for Part<'_> {
    type End = u32;

    #[inline(always)]
    fn conclude(&self, finding: Finding) -> u32 {
        if !may_be_longer(&finding, self.linear) {
            return conclude(&finding, self.linear);
        }
        // SAFETY: the context is that of the running program.
        let total = unsafe { bpf_xdp_get_buff_len(self.ctx.ctx) } as usize;
        if total > self.linear && may_hide_headers(&finding) {
            return scattered(self.ctx, total);
        }
        conclude(&finding, total)
    }
}

/// Classifies a frame whose headers lie outside the linear part.
#[inline(never)]
fn scattered(ctx: &XdpContext, total: usize) -> u32 {
    let whole = Whole { length: total };
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
fn conclude(finding: &Finding, length: usize) -> u32 {
    record::record(finding, length);
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
