//! What the classifier decides by, looked up where it is asked for.

use core::hint;

use aya_ebpf::{btf_maps::lpm_trie::Key, helpers::bpf_jiffies64, programs::XdpContext};
use port12_common::{
    Environment, Flow, Frame, Membership, Socket,
    abi::{Ban, HostTable, Policy, SourceAddress},
};

use crate::{
    bans, constants,
    counters::Counters,
    maps::{ALLOW_V4, ALLOW_V6, CLOCK, STATE},
    sockets::Namespace,
    vlans,
};

/// The maps, the kernel's clock and the sockets around the frame at hand. `SHUTS_OUT`: whether bans of scope `all` are
/// looked up.
pub struct Kernel<'a, const SHUTS_OUT: bool, const IN_PARTS: bool> {
    ctx: &'a XdpContext,
    counters: Counters,
}

impl<'a, const SHUTS_OUT: bool, const IN_PARTS: bool> Kernel<'a, SHUTS_OUT, IN_PARTS> {
    /// The environment of a running program.
    #[inline(always)]
    pub fn of(ctx: &'a XdpContext, counters: Counters) -> Self {
        Self { ctx, counters }
    }
}

impl<const SHUTS_OUT: bool, const IN_PARTS: bool> Environment for Kernel<'_, SHUTS_OUT, IN_PARTS> {
    type Ban = *mut Ban;

    #[inline(always)]
    fn state(&self) -> Option<(&Policy, &HostTable)> {
        STATE.get(0).map(|state| (&state.policy, &state.host))
    }

    #[inline(always)]
    fn now(&self) -> u64 {
        if constants::replay() {
            hint::cold_path();
            return CLOCK.get(0).map_or(0, |clock| clock.replayed);
        }
        // SAFETY: the helper takes no arguments.
        unsafe { bpf_jiffies64() }
    }

    #[inline(always)]
    fn allows_v4(&self, source_be: u32) -> bool {
        ALLOW_V4.get(&Key::new(32, source_be)).is_some()
    }

    #[inline(always)]
    fn allows_v6(&self, source_be: [u32; 4]) -> bool {
        ALLOW_V6.get(&Key::new(128, source_be)).is_some()
    }

    #[inline(always)]
    fn is_banned(&self, source: SourceAddress, now: u64) -> bool {
        bans::holds(source, now)
    }

    #[inline(always)]
    fn shuts_out(&self) -> bool {
        SHUTS_OUT && self.state().is_some_and(|(policy, _)| policy.lists & Policy::BANS != 0)
    }

    #[inline(always)]
    fn ban_of_all(&self, source: SourceAddress, now: u64) -> Option<*mut Ban> {
        bans::of_all(source, now)
    }

    #[inline(always)]
    fn count(&self, ban: *mut Ban) {
        bans::count(ban);
    }

    #[inline(always)]
    fn socket(&self, flow: &Flow) -> Socket {
        Namespace::of(self.ctx).socket(flow)
    }

    #[inline(always)]
    fn membership<F: Frame>(&self, frame: &F, _: usize) -> Membership {
        vlans::membership::<IN_PARTS, F>(self.ctx, self.counters, frame)
    }
}
