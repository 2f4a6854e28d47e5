//! port12's XDP programs.
#![no_std]
#![no_main]
#![expect(
    missing_docs,
    reason = "the entry points' wrappers come from a macro that documents none"
)]

mod bans;
mod buffers;
mod clock;
mod constants;
mod counters;
mod environment;
mod events;
mod maps;
mod sockets;
#[cfg(feature = "trace")]
mod trace;
mod vlans;

use core::hint;

use aya_ebpf::{bindings::xdp_action, macros::xdp, programs::XdpContext};
use port12_common::{
    Conclude, Finding, Frame, Verdict,
    abi::{Knock, Known},
    classify_common, classify_then, may_hide_headers,
    parse::is_padded,
};
use port12_ebpf::packet::Linear;

use crate::{buffers::Buffers, counters::Counters, environment::Kernel};

port12_ebpf::licence!();

/// The entry point for kernels before 5.18, and for drivers without multi-buffer support.
#[xdp]
#[inline(always)]
pub fn port12(ctx: XdpContext) -> u32 {
    linear::<PROBES>(&ctx)
}

/// The multi-buffer entry point (kernel 5.18). Headers outside the linear part are looked for
/// only when the linear part was not enough.
#[xdp(frags)]
#[inline(always)]
pub fn port12_frags(ctx: XdpContext) -> u32 {
    frags::<PROBES>(&ctx)
}

/// As [`port12`], for bans of scope `all`. Programs of their own: a load-time constant takes the others
/// four to seven instructions more.
#[xdp]
#[inline(always)]
pub fn port12_all(ctx: XdpContext) -> u32 {
    linear::<ALL>(&ctx)
}

/// As [`port12_frags`], for bans of scope `all`.
#[xdp(frags)]
#[inline(always)]
pub fn port12_allfrags(ctx: XdpContext) -> u32 {
    frags::<ALL>(&ctx)
}

/// Bans are looked for where a probe would be dropped.
const PROBES: bool = false;
/// Bans are looked for where a packet can be read.
const ALL: bool = true;

#[inline(always)]
fn linear<const SHUTS_OUT: bool>(ctx: &XdpContext) -> u32 {
    let Some(counters) = Counters::of_this_cpu() else {
        return xdp_action::XDP_PASS;
    };
    let (layer, kernel) = (constants::layer(), Kernel::<SHUTS_OUT, LINEAR>::of(ctx, counters));
    let frame = Linear::of(ctx, counters.zero());
    let whole = Whole { counters, length: frame.length() };
    if let Some(end) = classify_common(&frame, layer, &kernel, &whole) {
        return end.meet::<LINEAR>(ctx, counters);
    }
    let frame = Linear::again(ctx, counters.zero());
    let whole = Whole { counters, length: frame.length() };
    classify_then(&frame, layer, &kernel, &whole).meet::<LINEAR>(ctx, counters)
}

#[inline(always)]
fn frags<const SHUTS_OUT: bool>(ctx: &XdpContext) -> u32 {
    let Some(counters) = Counters::of_this_cpu() else {
        return xdp_action::XDP_PASS;
    };
    let (layer, kernel) = (constants::layer(), Kernel::<SHUTS_OUT, LINEAR>::of(ctx, counters));
    let frame = Linear::of(ctx, counters.zero());
    let part = Part::<SHUTS_OUT> { ctx, counters, linear: frame.length() };
    if let Some(end) = classify_common(&frame, layer, &kernel, &part) {
        return end.meet::<FRAGS>(ctx, counters);
    }
    let frame = Linear::again(ctx, counters.zero());
    let part = Part::<SHUTS_OUT> { ctx, counters, linear: frame.length() };
    classify_then(&frame, layer, &kernel, &part).meet::<FRAGS>(ctx, counters)
}

/// A frame that is all in its linear part, for [`End::meet`]; or as far as it is classified, for [`Kernel`].
const LINEAR: bool = false;
/// A frame that may be in parts (kernel 5.18).
const FRAGS: bool = true;

/// What is left to do about a frame that has been counted.
struct End {
    action: u32,
    /// The probe that it was.
    knock: Option<Knock>,
}

impl End {
    const fn of(action: u32) -> Self {
        Self { action, knock: None }
    }

    /// Records who knocked, in one place for all the ways that lead to it, tells of it, and says what to do with the
    /// frame.
    #[inline(always)]
    fn meet<const IN_PARTS: bool>(self, ctx: &XdpContext, counters: Counters) -> u32 {
        if let Some(knock) = self.knock {
            let again = constants::tell_again();
            let known = counters.meet(&knock, again);
            bans::suspect::<IN_PARTS>(ctx, counters, &knock, known);
            if again != 0 && known != Known::Repeats {
                events::tell::<IN_PARTS>(ctx, counters, &knock, known);
            }
        }
        self.action
    }
}

/// A frame whose length is known.
struct Whole {
    counters: Counters,
    length: usize,
}

impl Conclude for Whole {
    type End = End;

    #[inline(always)]
    fn length(&self, _: usize) -> usize {
        self.length
    }

    #[inline(always)]
    fn conclude(&self, finding: Finding) -> End {
        conclude(self.counters, &finding)
    }
}

/// A frame of which the linear part is known.
struct Part<'a, const SHUTS_OUT: bool> {
    ctx: &'a XdpContext,
    counters: Counters,
    linear: usize,
}

impl<const SHUTS_OUT: bool> Conclude for Part<'_, SHUTS_OUT> {
    type End = End;

    /// A frame does not go on beyond its linear part when no more than Ethernet's padding follows
    /// the packet there: the helper that knows costs 6 ns, as much as everything else.
    #[inline(always)]
    fn length(&self, end: usize) -> usize {
        if is_padded(self.linear, end) {
            return self.linear;
        }
        hint::cold_path();
        buffers::length(self.ctx)
    }

    #[inline(always)]
    fn conclude(&self, finding: Finding) -> End {
        if may_hide_headers(&finding) && finding.length > self.linear {
            return End::of(scattered::<SHUTS_OUT>(self.ctx));
        }
        conclude(self.counters, &finding)
    }
}

/// Classifies a frame whose headers lie outside the linear part. It is told nothing of the frame: the
/// kernel's verifier would walk it for each that knows something else.
#[inline(never)]
fn scattered<const SHUTS_OUT: bool>(ctx: &XdpContext) -> u32 {
    let Some(counters) = Counters::of_this_cpu() else {
        return xdp_action::XDP_PASS;
    };
    let total = buffers::length(ctx);
    let whole = Whole { counters, length: total };
    classify_then(
        &Buffers::of(ctx, total, counters.zero()),
        constants::layer(),
        &Kernel::<SHUTS_OUT, FRAGS>::of(ctx, counters),
        &whole,
    )
    .meet::<FRAGS>(ctx, counters)
}

#[inline(always)]
fn conclude(counters: Counters, finding: &Finding) -> End {
    let knock = counters.record(finding);
    #[cfg(feature = "trace")]
    trace::log(finding);
    let action = match finding.verdict() {
        Verdict::Pass => xdp_action::XDP_PASS,
        Verdict::Drop => xdp_action::XDP_DROP,
    };
    End { action, knock }
}
