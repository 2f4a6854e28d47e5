//! The running kernel.

use aya::util::KernelVersion;

/// `xdp.frags` programs, `bpf_xdp_load_bytes` and `bpf_xdp_get_buff_len`.
pub fn has_frags() -> bool {
    KernelVersion::current().is_ok_and(|current| current >= KernelVersion::new(5, 18, 0))
}

/// Native XDP on bonds, which forbids programs below an interface with a program.
pub fn has_bond_xdp() -> bool {
    KernelVersion::current().is_ok_and(|current| current >= KernelVersion::new(5, 15, 0))
}

/// The release, as `uname -r` prints it.
pub fn release() -> anyhow::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned())
}
