//! The maps.

use aya_ebpf::{
    bindings::BPF_F_NO_PREALLOC,
    btf_maps::{Array, HashMap, LruHashMap, RingBuf},
    macros::btf_map,
};
use port12_common::abi::{
    CONTACTS, Contact, OUTBOUND_PORTS, OUTBOUND_RING, OutboundPort, OutboundState, OutboundTally,
    OutboundTelling,
};
use port12_ebpf::maps::{DEFAULT_CPUS, MMAPABLE};

/// What nobody starts takes no memory.
const ON_DEMAND: usize = BPF_F_NO_PREALLOC as usize;

#[btf_map]
pub static OUT_STATE: Array<OutboundState, 1, MMAPABLE> = Array::new();

#[btf_map]
pub static OUT_TELLING: Array<OutboundTelling, DEFAULT_CPUS, MMAPABLE> = Array::new();

#[btf_map]
pub static OUT_PORTS: HashMap<OutboundPort, OutboundTally, OUTBOUND_PORTS, ON_DEMAND> =
    HashMap::new();

#[btf_map]
pub static OUT_CONTACTS: LruHashMap<Contact, u64, CONTACTS> = LruHashMap::new();

#[btf_map]
pub static OUT_EVENTS: RingBuf<(), OUTBOUND_RING> = RingBuf::new();
