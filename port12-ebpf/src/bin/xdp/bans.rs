//! Sources that are banned.

use core::mem;

use aya_ebpf::{
    bindings::{BPF_ANY, BPF_NOEXIST, xdp_md},
    helpers::bpf_jiffies64,
    programs::XdpContext,
};
use port12_common::{
    Inspection,
    abi::{Ban, Banning, Evidence, Knock, Known, Policy, SourceAddress},
};

use port12_ebpf::{
    atomic,
    packet::{Linear, Obscure as _},
};

use crate::{
    buffers::Buffers,
    counters::Counters,
    maps::{BANS, EVIDENCE, PROTECTED, STATE},
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
        atomic::add(&raw mut (*ban).packets, 1);
    }
}

/// Takes note of a probe as evidence against its source, where the policy bans at all. `IN_PARTS`: whether the frame may
/// have more than its linear part.
#[inline(always)]
pub fn suspect<const IN_PARTS: bool>(
    ctx: &XdpContext,
    counters: Counters,
    knock: &Knock,
    known: Known,
) {
    // SAFETY: the element is this CPU's own; user space writes single words to it.
    let banning = unsafe { &mut *counters.banning() };
    if banning.after == 0 {
        return;
    }
    let weight = weight::<IN_PARTS>(ctx.ctx, counters, knock.inspection.of_source(known));
    if weight == 0 {
        return;
    }
    banning.suspect = knock.source;
    banning.weight = weight;
    accuse(banning);
}

/// The weight of the probe at hand, of which the kernel's verifier knows nothing. Out of line, and beside [`accuse`]: kernel
/// 6.1 rounds the stack of each function in a chain of calls up to 32 bytes, and 64 are left here.
#[inline(never)]
fn weight<const IN_PARTS: bool>(
    ctx: *mut xdp_md,
    counters: Counters,
    inspection: Inspection,
) -> u64 {
    let Some(state) = STATE.get(0) else {
        return 0;
    };
    // SAFETY: the helper takes no arguments.
    let now = unsafe { bpf_jiffies64() };
    let (ctx, zero) = (XdpContext::new(ctx), counters.zero());
    let weight = if IN_PARTS {
        // The length bounds nothing here: the kernel does.
        inspection.weight(&Buffers::of(&ctx, 0, zero), &state.host, now)
    } else {
        inspection.weight(&Linear::again(&ctx, zero), &state.host, now)
    };
    zero.obscure(weight as usize) as u64
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
            (*evidence).weight = 0;
        }
        atomic::add(&raw mut (*evidence).weight, banning.weight);
        &mut *evidence
    };
    if evidence.weight < banning.after {
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
    let first = Evidence { weight: 0, since: now, times: 0 };
    let _ = EVIDENCE.insert(source, first, u64::from(BPF_NOEXIST));
    EVIDENCE.get_ptr_mut(source)
}

/// Bans a source for the time that its number of bans comes to. Who is banned already has a longer one.
#[inline(always)]
fn ban(banning: &mut Banning, evidence: &mut Evidence, source: SourceAddress, now: u64) -> u64 {
    let before = BANS.get_ptr(source);
    // SAFETY: the element outlives the program.
    if before.is_some_and(|ban| unsafe { (*ban).holds(now) }) {
        announce(false);
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
    let is_new = match BANS.insert(source, ban, u64::from(flags)) {
        Ok(()) => true,
        // Another CPU has banned it, and may not have gone on from there.
        Err(EEXIST) => false,
        Err(_) => {
            banning.refused += 1;
            return 0;
        }
    };
    // Before the evidence begins anew: whoever finds none finds the ban.
    announce(is_new);
    if !is_new {
        return 0;
    }
    banning.banned += 1;
    evidence.times = times;
    // SAFETY: the word is borrowed. Behind the announcement, for the compiler too.
    unsafe { (&raw mut evidence.weight).write_volatile(0) };
    1
}

/// Has all CPUs look for bans. Behind an insertion the byte is written whatever it says: user space may be about to clear
/// it, and lists the bans after that.
#[inline(always)]
fn announce(is_new: bool) {
    if let Some(state) = STATE.get_ptr_mut(0) {
        // SAFETY: the element outlives the program. A byte of its own: user space writes the others.
        unsafe {
            let byte = (&raw mut (*state).policy.lists).cast::<u8>().add(Policy::BANS_BYTE);
            if is_new || byte.read_volatile() == 0 {
                byte.write_volatile(1);
            }
        }
    }
}
