//! Targets of iptables that send a packet to another socket or host.

/// Those of the kernel, and of xtables-addons.
const REDIRECTING: [&str; 13] = [
    "DNAT",
    "SNAT",
    "MASQUERADE",
    "REDIRECT",
    "NETMAP",
    "TPROXY",
    "SYNPROXY",
    "DNPT",
    "SNPT",
    "TEE",
    "RAWDNAT",
    "RAWSNAT",
    "DNETMAP",
];

/// Whether a target translates, redirects or copies.
pub(super) fn redirects(target: &str) -> bool {
    REDIRECTING.contains(&target)
}
