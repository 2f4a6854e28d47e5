//! What the classifier decides by.

use aya_ebpf::{helpers::bpf_jiffies64, programs::XdpContext};
use port12_common::Tables;

use crate::{
    constants,
    maps::{CLOCK, HOST, POLICY, REGISTRY},
    sockets::Namespace,
};

/// The tables for the frame at hand.
#[inline(always)]
pub fn of(ctx: &XdpContext) -> Option<Tables<'_, Namespace<'_>>> {
    let policy = if constants::policy_from_map() { POLICY.get(0)? } else { &REGISTRY };
    Some(Tables { policy, host: HOST.get(0)?, now: now()?, lookup: Namespace::of(ctx) })
}

/// Jiffies: the kernel's, or the capture's.
#[inline(always)]
pub fn now() -> Option<u64> {
    if constants::replay() {
        return Some(CLOCK.get(0)?.replayed);
    }
    // SAFETY: the helper takes no arguments.
    Some(unsafe { bpf_jiffies64() })
}
