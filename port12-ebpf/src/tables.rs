//! What the classifier decides by, looked up where it is asked for.

use aya_ebpf::{btf_maps::lpm_trie::Key, helpers::bpf_jiffies64, programs::XdpContext};
use port12_common::{
    Environment, Flow, Socket,
    abi::{HostTable, Policy},
};

use crate::{
    constants,
    maps::{ALLOW_V4, ALLOW_V6, CLOCK, HOST, POLICY, REGISTRY},
    sockets::Namespace,
};

/// The maps, the kernel's clock and the sockets around the frame at hand.
pub struct Kernel<'a> {
    ctx: &'a XdpContext,
}

impl<'a> Kernel<'a> {
    /// The environment of a running program.
    #[inline(always)]
    pub fn of(ctx: &'a XdpContext) -> Self {
        Self { ctx }
    }
}

impl Environment for Kernel<'_> {
    #[inline(always)]
    fn policy(&self) -> Option<&Policy> {
        if constants::policy_from_map() { POLICY.get(0) } else { Some(&REGISTRY) }
    }

    #[inline(always)]
    fn host(&self) -> Option<&HostTable> {
        HOST.get(0)
    }

    #[inline(always)]
    fn now(&self) -> u64 {
        now()
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
    fn socket(&self, flow: &Flow) -> Socket {
        Namespace::of(self.ctx).socket(flow)
    }
}

/// Jiffies: the kernel's, or the capture's.
#[inline(always)]
pub fn now() -> u64 {
    if constants::replay() {
        return CLOCK.get(0).map_or(0, |clock| clock.replayed);
    }
    // SAFETY: the helper takes no arguments.
    unsafe { bpf_jiffies64() }
}
