//! Sources that are banned.

use core::{
    intrinsics::{AtomicOrdering, atomic_xadd},
    mem,
};

use aya_ebpf::{
    bindings::{BPF_ANY, BPF_NOEXIST},
    helpers::bpf_jiffies64,
};
use port12_common::abi::{Ban, Banning, Evidence, Knock, Policy, SourceAddress};

use crate::{
    maps::{BANS, EVIDENCE, PROTECTED, STATE},
    record::Counters,
};

/// What an insertion says of a key that is there (asm-generic/errno-base.h).
const EEXIST: i32 = -17;

/// Whether a ban holds, for a packet that is dropped for it: it is counted.
#[inline(always)]
pub fn holds(source: SourceAddress, now: u64) -> bool {
    // SAFETY: two numbers either way.
    let [high, low] = unsafe { mem::transmute::<SourceAddress, [u64; 2]>(source) };
    counted(high, low, now) != 0
}

/// Out of line, with arguments that fit into registers.
#[inline(never)]
fn counted(high: u64, low: u64, now: u64) -> u64 {
    // SAFETY: as above.
    let source = unsafe { mem::transmute::<[u64; 2], SourceAddress>([high, low]) };
    let Some(ban) = BANS.get_ptr_mut(source) else {
        return 0;
    };
    // SAFETY: the element outlives the program; where it is given to another source meanwhile, the packet
    // is counted for that one.
    unsafe {
        if !(*ban).holds(now) {
            return 0;
        }
    }
    count(ban);
    1
}

/// The ban of scope `all` of a source. Addresses that the host needs have none, even if their list is stale.
#[inline(always)]
pub fn of_all(source: SourceAddress, now: u64) -> Option<*mut Ban> {
    let ban = BANS.get_ptr_mut(source)?;
    // SAFETY: as above.
    let is_meant = unsafe { (*ban).scope == Ban::ALL && (*ban).holds(now) };
    (is_meant && PROTECTED.get_ptr(source).is_none()).then_some(ban)
}

/// Counts a packet that is dropped for a ban.
#[inline(always)]
pub fn count(ban: *mut Ban) {
    // SAFETY: as above.
    unsafe {
        atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(&raw mut (*ban).packets, 1);
    }
}

/// Takes note of a probe that speaks against its source, where the policy bans at all.
#[inline(always)]
pub fn suspect(counters: Counters, knock: &Knock) {
    // SAFETY: the element is this CPU's own; user space writes single words to it.
    let banning = unsafe { &mut *counters.banning() };
    if banning.after == 0 {
        return;
    }
    banning.suspect = knock.source;
    accuse(banning);
}

/// Out of line, and told nothing but where to look, as what tells of events.
#[inline(never)]
fn accuse(banning: *mut Banning) -> u64 {
    // SAFETY: as above.
    let banning = unsafe { &mut *banning };
    let source = banning.suspect;
    // SAFETY: the helper takes no arguments.
    let now = unsafe { bpf_jiffies64() };
    let Some(evidence) = EVIDENCE.get_ptr_mut(source).or_else(|| open(banning, source, now)) else {
        banning.overlooked += 1;
        return 0;
    };
    // SAFETY: the element outlives the program. Another CPU may begin the window at the same time; each
    // packet is added behind that.
    let evidence = unsafe {
        if now > (*evidence).since + banning.window {
            (*evidence).since = now;
            (*evidence).packets = 0;
        }
        atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(&raw mut (*evidence).packets, 1);
        &mut *evidence
    };
    if evidence.packets < banning.after {
        return 0;
    }
    if source.is_special() || now > banning.protected_until || PROTECTED.get_ptr(source).is_some() {
        banning.spared += 1;
        return 0;
    }
    ban(banning, evidence, source, now)
}

/// The first evidence against a source, where there is a budget for it.
#[inline(always)]
fn open(banning: &mut Banning, source: SourceAddress, now: u64) -> Option<*mut Evidence> {
    if !banning.newcomers.spend(now) {
        return None;
    }
    // Where another CPU was faster, its evidence stands.
    let first = Evidence { packets: 0, since: now, times: 0 };
    let _ = EVIDENCE.insert(source, first, u64::from(BPF_NOEXIST));
    EVIDENCE.get_ptr_mut(source)
}

/// Bans a source for the time that its number of bans comes to. Who is banned already has a longer one.
#[inline(always)]
fn ban(banning: &mut Banning, evidence: &mut Evidence, source: SourceAddress, now: u64) -> u64 {
    let before = BANS.get_ptr(source);
    // SAFETY: the element outlives the program.
    if before.is_some_and(|ban| unsafe { (*ban).holds(now) }) {
        return 0;
    }
    let doubled = banning.term << (evidence.times & 15);
    let term = if doubled < banning.longest { doubled } else { banning.longest };
    let times = evidence.times + u64::from(evidence.times < 15);
    let ban = Ban {
        until: now + term,
        since: now,
        times: times as u32,
        origin: Ban::THRESHOLD,
        scope: Ban::UNASSIGNED,
        ..Ban::default()
    };
    let flags = if before.is_some() { BPF_ANY } else { BPF_NOEXIST };
    match BANS.insert(source, ban, u64::from(flags)) {
        Ok(()) => {}
        // Another CPU has banned it just now.
        Err(EEXIST) => return 0,
        Err(_) => {
            banning.refused += 1;
            return 0;
        }
    }
    banning.banned += 1;
    evidence.times = times;
    evidence.packets = 0;
    if let Some(state) = STATE.get_ptr_mut(0) {
        // SAFETY: the element outlives the program. A byte of its own: user space writes the others.
        unsafe {
            (&raw mut (*state).policy.lists).cast::<u8>().add(Policy::BANS_BYTE).write_volatile(1);
        }
    }
    1
}
