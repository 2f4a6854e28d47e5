//! Telling who starts a conversation with whom.

use aya_ebpf::helpers::{bpf_get_current_comm, bpf_get_current_pid_tgid, bpf_ktime_get_boot_ns};
use port12_common::{
    Departure,
    abi::{Contact, OutboundRecord, OutboundTelling, PROCESS_NAME},
};

use crate::{
    constants, count,
    maps::{OUT_CONTACTS, OUT_EVENTS},
    skb::Skb,
};

/// Tells of it, unless it was told not long ago. Whoever reads is woken up: who sends may be gone in a
/// millisecond. That takes 5 us, as often as the budget allows.
#[inline(always)]
pub fn tell(packet: &Skb, departure: &Departure) {
    let again = constants::again();
    if again == 0 {
        return;
    }
    let contact = Contact {
        destination: departure.destination,
        interface: packet.interface(),
        uid: packet.uid(),
        process: process(),
        port: departure.port,
        transport: departure.transport as u16,
    };
    // SAFETY: the helper takes no arguments.
    let now = unsafe { bpf_ktime_get_boot_ns() };
    // SAFETY: the word is read whole; what it says is of any time.
    let told = unsafe { OUT_CONTACTS.get(contact) }.copied();
    if told.is_some_and(|told| now.wrapping_sub(told) < again) {
        return;
    }
    let Some(telling) = count::of_this_cpu() else {
        return;
    };
    // SAFETY: the element is this CPU's own.
    let telling = unsafe { &mut *telling };
    if !telling.budget.spend(OutboundTelling::ticks(now)) {
        telling.suppressed += 1;
        return;
    }
    // Where it is not remembered, it is told of once more.
    let _ = OUT_CONTACTS.insert(contact, now, 0);
    let Some(mut entry) = OUT_EVENTS.reserve_untyped::<OutboundRecord>(0) else {
        telling.lost += 1;
        return;
    };
    telling.told += 1;
    entry.write(OutboundRecord {
        boot_ns: now,
        contact,
        source: departure.source,
        cookie: packet.cookie(),
        name: name(),
        source_port: departure.source_port,
        shape: departure.shape as u8,
        reserved: [0; 5],
    });
    entry.submit(0);
}

/// The running process: the one that sends, or another, where the kernel sends for it later.
#[inline(always)]
fn process() -> u32 {
    if constants::asks_for_process() { (bpf_get_current_pid_tgid() >> 32) as u32 } else { 0 }
}

#[inline(always)]
fn name() -> [u8; PROCESS_NAME] {
    if !constants::asks_for_name() {
        return [0; PROCESS_NAME];
    }
    bpf_get_current_comm().unwrap_or_default()
}
