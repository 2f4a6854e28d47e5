//! Counting.

use core::ptr;

use aya_ebpf::helpers::bpf_get_smp_processor_id;
use port12_common::{
    Depth, Finding, Malformed, Outcome,
    abi::{
        Banning, CpuCounters, Knock, Known, Label, PORTS, PortCounters, Tally, Telling, VlanQuery,
    },
};

use port12_ebpf::packet::Obscure;

use crate::{constants, maps::COUNTERS};

/// Counts no reason.
const UNUSED: usize = 15;
const _: () = assert!(Malformed::ALL.len() <= UNUSED);

/// A number that is 0.
#[derive(Clone, Copy)]
pub struct Zero(*const u64);

impl Obscure for Zero {
    /// Each time it is another unknown number that is added.
    #[inline(always)]
    fn obscure(self, number: usize) -> usize {
        // SAFETY: the word lies in the counters, which outlive the program.
        (number + unsafe { ptr::read_volatile(self.0) } as usize) & 0x7fff
    }
}

/// What this CPU counts.
#[derive(Clone, Copy)]
pub struct Counters(*mut CpuCounters);

impl Counters {
    /// The counters of the running CPU; one beyond the map's size has none. Asked for before
    /// anything is read of a frame: a look-up in between costs the compiler its registers.
    #[inline(always)]
    pub fn of_this_cpu() -> Option<Self> {
        // SAFETY: the helper takes no arguments.
        let cpu = unsafe { bpf_get_smp_processor_id() };
        COUNTERS.get_ptr_mut(cpu).map(Self)
    }

    /// A zero that only the kernel's verifier does not know.
    #[inline(always)]
    pub fn zero(self) -> Zero {
        // SAFETY: the element outlives the program.
        Zero(unsafe { &raw const (*self.0).reasons[UNUSED] })
    }

    /// Counts a frame. Returns what there is to [meet](Self::meet).
    #[inline(always)]
    pub fn record(self, finding: &Finding) -> Option<Knock> {
        // SAFETY: the element is this CPU's own, the program is not preempted by itself, and user
        // space only reads.
        record(unsafe { &mut *self.0 }, finding)
    }

    /// Takes note of who knocked; says whether something is to be told of it. `again` is the time, in jiffies,
    /// after which a source that goes on is told of again.
    #[inline(always)]
    pub fn meet(self, knock: &Knock, again: u32) -> Known {
        // SAFETY: as above.
        let counters = unsafe { &mut *self.0 };
        counters.sources.record(knock, again)
    }

    /// Who is banned.
    #[inline(always)]
    pub fn banning(self) -> *mut Banning {
        // SAFETY: the element outlives the program.
        unsafe { &raw mut (*self.0).banning }
    }

    /// VLAN tags that are looked up.
    #[inline(always)]
    pub fn vlan_query(self) -> *mut VlanQuery {
        // SAFETY: the element outlives the program.
        unsafe { &raw mut (*self.0).vlan_query }
    }

    /// What is told of single probes.
    #[inline(always)]
    pub fn telling(self) -> *mut Telling {
        // SAFETY: the element outlives the program.
        unsafe { &raw mut (*self.0).telling }
    }
}

#[inline(always)]
fn record(counters: &mut CpuCounters, finding: &Finding) -> Option<Knock> {
    let length = finding.length as u64;
    let tally = Tally { packets: 1, bytes: length };
    match finding.outcome {
        Outcome::Probe | Outcome::Dropped => {
            if let Some(shape) = finding.shape {
                counters.shapes[shape as usize & 15] += 1;
            }
            if let Some(port) = port(counters, finding) {
                let is_dropped = finding.outcome == Outcome::Dropped;
                *(if is_dropped { &mut port.dropped } else { &mut port.passed }) += tally;
            }
            if !constants::sources() {
                return None;
            }
            let (transport, shape) = (finding.transport?, finding.shape?);
            let ports = (finding.source_port, finding.port);
            return Some(Knock {
                source: finding.source,
                bit: counters.touches.bit(transport, finding.port),
                bytes: length,
                now: finding.now,
                label: Label::new(finding.outcome, transport, shape, ports),
                inspection: finding.inspection,
            });
        }
        Outcome::Malformed => {
            if let Some(reason) = finding.reason {
                counters.reasons[reason as usize & 15] += 1;
            }
        }
        Outcome::TooDeep => {
            if let Some(Depth { reason, is_dropped }) = finding.depth {
                counters.too_deep[reason as usize & 3][usize::from(is_dropped)] += 1;
            }
        }
        Outcome::LocalSocket => {
            if let Some(port) = port(counters, finding) {
                port.local_socket += 1;
            }
        }
        Outcome::NotIp
        | Outcome::Fragment
        | Outcome::OtherTransport
        | Outcome::HighPort
        | Outcome::Assigned
        | Outcome::Ignored
        | Outcome::Reply
        | Outcome::Transit
        | Outcome::Allowed
        | Outcome::Banned => {}
    }
    counters.outcomes[finding.outcome as usize & 15] += tally;
    None
}

/// The counters of the finding's port, marked as seen.
#[inline(always)]
fn port<'a>(counters: &'a mut CpuCounters, finding: &Finding) -> Option<&'a mut PortCounters> {
    // SAFETY: there is an element for each transport. The verifier sees to it: it knows the number on
    // each way that leads here.
    let ports = unsafe { counters.ports.get_unchecked_mut(finding.transport? as usize) };
    let port = &mut ports[usize::from(finding.port) & (PORTS - 1)];
    port.last_seen = finding.now;
    Some(port)
}
