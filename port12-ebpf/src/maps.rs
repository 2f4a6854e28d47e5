//! The maps, and the policy that stands in for an unpatched one.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE,
    btf_maps::{Array, LpmTrie},
    macros::btf_map,
};
use port12_common::{
    Transport,
    abi::{ALLOWED, Action, Clock, CpuCounters, HostTable, PORTS, Policy, Rule, TransitPolicy},
    watched,
};

/// CPUs that a foreign loader gets counters for; port12 sizes the map to the machine.
const DEFAULT_CPUS: usize = 128;

const MMAPABLE: usize = BPF_F_MMAPABLE as usize;

#[btf_map]
pub static COUNTERS: Array<CpuCounters, DEFAULT_CPUS, MMAPABLE> = Array::new();

#[btf_map]
pub static POLICY: Array<Policy, 1, MMAPABLE> = Array::new();

#[btf_map]
pub static HOST: Array<HostTable, 1, MMAPABLE> = Array::new();

#[btf_map]
pub static ALLOW_V4: LpmTrie<u32, u8, ALLOWED> = LpmTrie::new();

#[btf_map]
pub static ALLOW_V6: LpmTrie<[u32; 4], u8, ALLOWED> = LpmTrie::new();

#[btf_map]
pub static CLOCK: Array<Clock, 1, MMAPABLE> = Array::new();

/// The registry's unassigned ports, observed.
pub static REGISTRY: Policy = registry();

const fn registry() -> Policy {
    let mut policy = Policy::EMPTY;
    let mut transport = 0;
    while transport < Transport::ALL.len() {
        let mut port = 0;
        while port < PORTS {
            if watched::BITS[transport][port / 64] >> (port % 64) & 1 == 1 {
                policy.rules[transport][port] = Rule::new(Action::Watch, TransitPolicy::Pass);
            }
            port += 1;
        }
        transport += 1;
    }
    policy
}
