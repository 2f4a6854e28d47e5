//! Sizes and flags that the maps of several objects have.

use aya_ebpf::bindings::BPF_F_MMAPABLE;

/// CPUs for which a foreign loader gets an element; port12 sizes the maps to the machine.
pub const DEFAULT_CPUS: usize = 64;

/// User space maps the memory of the values (kernel 5.5).
pub const MMAPABLE: usize = BPF_F_MMAPABLE as usize;
