//! The maps.

use aya_ebpf::{
    btf_maps::{Array, ArrayOfMaps, RingBuf, SkStorage},
    macros::btf_map,
};
use port12_common::abi::{BIND_RING, BindRecord, HEARERS, Hearing, State};
use port12_ebpf::maps::MMAPABLE;

#[btf_map]
pub static HEARING: Array<Hearing, 1, MMAPABLE> = Array::new();

/// The inner map is the XDP object's `STATE`.
#[btf_map]
pub static STATES: ArrayOfMaps<Array<State, 1, MMAPABLE>, HEARERS> = ArrayOfMaps::new();

#[btf_map]
pub static BOUND: SkStorage<BindRecord> = SkStorage::new();

#[btf_map]
pub static BINDS: RingBuf<(), BIND_RING> = RingBuf::new();
