//! Telling of single probes.

use core::{mem, ptr};

use aya_ebpf::{
    EbpfContext as _,
    bindings::{BPF_RB_NO_WAKEUP, xdp_md},
    helpers::{bpf_jiffies64, bpf_ktime_get_boot_ns, bpf_xdp_load_bytes},
    programs::XdpContext,
};
use port12_common::abi::{EVENT_FRAME, EventRecord, Knock, Known, Pending, Telling};

use port12_ebpf::opaque::opaque;

use crate::{counters::Counters, maps::EVENTS};

/// Tells of a probe. The one who reads looks for it by itself: to wake it up takes 5 us.
#[inline(always)]
pub fn tell<const IN_PARTS: bool>(
    ctx: &XdpContext,
    counters: Counters,
    knock: &Knock,
    known: Known,
) {
    // SAFETY: the element is this CPU's own; user space writes to it only before it is attached.
    let telling = unsafe { &mut *counters.telling() };
    if known.is_newcomer() && telling.newcomers.is_spent(knock.now) {
        telling.suppressed += 1;
        return;
    }
    telling.pending.source = knock.source;
    telling.pending.label = knock.label.known(known as u64);
    telling.pending.length = knock.bytes;
    tell_pending::<IN_PARTS>(ctx.as_ptr().cast(), telling);
}

/// Out of line, and told nothing but where to look: the kernel's verifier walks it once.
#[inline(never)]
fn tell_pending<const IN_PARTS: bool>(ctx: *mut xdp_md, telling: *mut Telling) -> u64 {
    // SAFETY: as above.
    let telling = unsafe { &mut *telling };
    let Pending { source, label, length } = telling.pending;
    // SAFETY: the helper takes no arguments.
    let now = unsafe { bpf_jiffies64() };
    let budget = if label.is_newcomer() { &mut telling.newcomers } else { &mut telling.known };
    if !budget.spend(now) {
        telling.suppressed += 1;
        return 0;
    }
    let Some(mut entry) = EVENTS.reserve_untyped::<EventRecord>(0) else {
        telling.lost += 1;
        return 0;
    };
    telling.told += 1;
    let record = entry.as_mut_ptr();
    // SAFETY: the record is reserved, and every field but the frame is written. The frame is
    // written as far as `captured` says.
    unsafe {
        (&raw mut (*record).boot_ns).write(bpf_ktime_get_boot_ns());
        (&raw mut (*record).source).write(source);
        (&raw mut (*record).label).write(label);
        (&raw mut (*record).length).write(length as u32);
        (&raw mut (*record).interface).write((*ctx).ingress_ifindex);
        (&raw mut (*record).reserved).write(0);
        let frame = (&raw mut (*record).frame).cast::<u8>();
        let captured =
            if IN_PARTS { copy_parts(ctx, frame, length) } else { copy_linear(ctx, frame) };
        (&raw mut (*record).captured).write(captured as u32);
    }
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
    0
}

/// Copies the first bytes of a frame of `length` bytes.
#[inline(always)]
unsafe fn copy_parts(ctx: *mut xdp_md, to: *mut u8, length: u64) -> u64 {
    let most = EVENT_FRAME as u64;
    let length = if length < most { length } else { most };
    // From 1 to the most, for the verifier.
    let length = (length.wrapping_sub(1) & (most - 1)) + 1;
    // SAFETY: the caller has reserved as much.
    let failed = unsafe { bpf_xdp_load_bytes(ctx, 0, to.cast(), length as u32) } != 0;
    if failed { 0 } else { length }
}

/// Copies the first bytes of a frame's linear part.
#[inline(always)]
unsafe fn copy_linear(ctx: *mut xdp_md, to: *mut u8) -> u64 {
    const WORD: usize = mem::size_of::<u64>();
    // SAFETY: the context is that of the running program.
    let (start, end) = unsafe { ((*ctx).data as usize, (*ctx).data_end as usize) };
    // The end of what is read goes by the compiler unseen: it would compare the start, from which the
    // verifier learns nothing of a single byte.
    let mut at = 0;
    while at + WORD <= EVENT_FRAME {
        let behind = opaque(start + at + WORD);
        if behind > end {
            break;
        }
        // SAFETY: the word lies between `data` and `data_end`, and within the record. A load has
        // no alignment to violate.
        unsafe { ptr::write(to.add(at).cast::<u64>(), ptr::read((behind - WORD) as *const u64)) };
        at += WORD;
    }
    for _ in 1..WORD {
        let behind = opaque(start + at + 1);
        if at >= EVENT_FRAME || behind > end {
            break;
        }
        // SAFETY: as above.
        unsafe { ptr::write(to.add(at), ptr::read((behind - 1) as *const u8)) };
        at += 1;
    }
    at as u64
}
