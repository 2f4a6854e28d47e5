//! The maps.

use aya_ebpf::{
    btf_maps::{Array, HashMap, LpmTrie, LruHashMap, RingBuf},
    macros::btf_map,
};
use port12_common::abi::{
    self, ALLOWED, BANNED, Ban, Clock, CpuCounters, EVENT_RING, Evidence, SUSPECTS, SourceAddress,
    State,
};
use port12_ebpf::maps::{DEFAULT_CPUS, MMAPABLE};

#[btf_map]
pub static COUNTERS: Array<CpuCounters, DEFAULT_CPUS, MMAPABLE> = Array::new();

#[btf_map]
pub static STATE: Array<State, 1, MMAPABLE> = Array::new();

#[btf_map]
pub static ALLOW_V4: LpmTrie<u32, u8, ALLOWED> = LpmTrie::new();

#[btf_map]
pub static ALLOW_V6: LpmTrie<[u32; 4], u8, ALLOWED> = LpmTrie::new();

#[btf_map]
pub static BANS: HashMap<SourceAddress, Ban, BANNED> = HashMap::new();

#[btf_map]
pub static EVIDENCE: LruHashMap<SourceAddress, Evidence, SUSPECTS> = LruHashMap::new();

#[btf_map]
pub static PROTECTED: HashMap<SourceAddress, u64, { abi::PROTECTED }> = HashMap::new();

#[btf_map]
pub static CLOCK: Array<Clock, 1, MMAPABLE> = Array::new();

#[btf_map]
pub static EVENTS: RingBuf<(), EVENT_RING> = RingBuf::new();
