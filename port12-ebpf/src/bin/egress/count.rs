//! Counting.

use aya_ebpf::{
    bindings::BPF_NOEXIST,
    helpers::{bpf_get_smp_processor_id, bpf_ktime_get_boot_ns},
};
use port12_common::{
    Departure,
    abi::{OutboundPort, OutboundTally, OutboundTelling},
};
use port12_ebpf::atomic;

use crate::{
    maps::{OUT_PORTS, OUT_TELLING},
    skb::Skb,
};

/// Counts a packet that starts a conversation.
#[inline(always)]
pub fn count(packet: &Skb, departure: &Departure) {
    let key = OutboundPort {
        interface: packet.interface(),
        port: departure.port,
        transport: departure.transport as u16,
    };
    // SAFETY: the helper takes no arguments.
    let now = unsafe { bpf_ktime_get_boot_ns() };
    let tally = match OUT_PORTS.get_ptr_mut(key) {
        Some(tally) => tally,
        None => {
            // Another CPU may have been faster.
            let _ = OUT_PORTS.insert(key, OutboundTally::default(), u64::from(BPF_NOEXIST));
            match OUT_PORTS.get_ptr_mut(key) {
                Some(tally) => tally,
                None => return leave_out(packet),
            }
        }
    };
    // SAFETY: the element outlives the program, and all CPUs add to it by whole instructions; of the times,
    // any of the last is right.
    unsafe {
        atomic::add(&raw mut (*tally).packets, packet.packets());
        atomic::add(&raw mut (*tally).bytes, packet.bytes());
        (&raw mut (*tally).last_seen).write(now);
    }
}

/// Counts it among those for which there is no room.
fn leave_out(packet: &Skb) {
    if let Some(telling) = of_this_cpu() {
        // SAFETY: the element is this CPU's own.
        unsafe { (*telling).uncounted += packet.packets() };
    }
}

/// What the running CPU tells; one beyond the map's size tells nothing.
#[inline(always)]
pub fn of_this_cpu() -> Option<*mut OutboundTelling> {
    // SAFETY: the helper takes no arguments.
    OUT_TELLING.get_ptr_mut(unsafe { bpf_get_smp_processor_id() })
}
