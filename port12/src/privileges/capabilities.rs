//! Capabilities of the calling thread.

use rustix::{
    io::{self, Errno},
    thread::{
        CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capabilities,
        capability_is_in_bounding_set, clear_ambient_capability_set,
        remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits,
        set_no_new_privs,
    },
};

/// User id 0 means nothing for capabilities, for good: neither `execve` nor a change of the user id grants any.
const SECURE: CapabilitiesSecureBits = CapabilitiesSecureBits::NO_ROOT
    .union(CapabilitiesSecureBits::NO_ROOT_LOCKED)
    .union(CapabilitiesSecureBits::NO_SETUID_FIXUP)
    .union(CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED)
    .union(CapabilitiesSecureBits::KEEP_CAPS_LOCKED)
    .union(CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE)
    .union(CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED);

/// Some capabilities, and CAP_SYS_ADMIN if that stands in for CAP_BPF or CAP_PERFMON here (kernel 5.8).
pub(super) fn with_stand_in(wanted: CapabilitySet) -> CapabilitySet {
    let by_admin = CapabilitySet::BPF | CapabilitySet::PERFMON;
    let lacks_some = |held: CapabilitySets| !held.permitted.contains(by_admin);
    match capabilities(None).is_ok_and(lacks_some) {
        true => wanted | CapabilitySet::SYS_ADMIN,
        false => wanted,
    }
}

/// Leaves the calling thread those capabilities at most, in all sets, with `no_new_privs`.
///
/// Without CAP_SETPCAP the bounding set stays, which `no_new_privs` makes void.
pub(super) fn limit(kept: CapabilitySet) -> io::Result<()> {
    let held = capabilities(None)?;
    if held.effective.contains(CapabilitySet::SETPCAP) {
        set_capabilities_secure_bits(SECURE)?;
        bound(kept)?;
    }
    clear_ambient_capability_set()?;
    let kept = held.permitted & kept;
    set_capabilities(
        None,
        CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() },
    )?;
    set_no_new_privs(true)
}

fn bound(kept: CapabilitySet) -> io::Result<()> {
    for number in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        match capability_is_in_bounding_set(capability) {
            Ok(true) if !kept.contains(capability) => {
                remove_capability_from_bounding_set(capability)?;
            }
            Ok(_) => {}
            // The kernel has no capability of that number, nor of a higher one.
            Err(Errno::INVAL) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use super::*;

    fn sets() -> Vec<(String, u64)> {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let fields = status.lines().filter_map(|line| line.split_once(":\t"));
        let wanted = |name: &str| name.starts_with("Cap") || name == "NoNewPrivs";
        let fields = fields.filter(|(name, _)| wanted(name));
        fields.map(|(name, set)| (name.into(), u64::from_str_radix(set, 16).unwrap())).collect()
    }

    #[test]
    fn a_thread_that_is_limited_has_no_other_capabilities_and_those_before_it_keep_theirs() {
        let before = sets();
        thread::spawn(|| {
            let kept = CapabilitySet::BPF | CapabilitySet::SYS_PTRACE;
            let is_root = capabilities(None).unwrap().permitted.contains(CapabilitySet::SETPCAP);
            limit(kept).unwrap();
            for (name, set) in sets() {
                match &*name {
                    "CapPrm" | "CapEff" => assert_eq!(set & !kept.bits(), 0, "{name}"),
                    "CapBnd" if is_root => assert_eq!(set & !kept.bits(), 0, "{name}"),
                    "CapInh" | "CapAmb" => assert_eq!(set, 0, "{name}"),
                    "NoNewPrivs" => assert_eq!(set, 1),
                    _ => {}
                }
            }
            // Once more changes nothing.
            limit(kept).unwrap();
        })
        .join()
        .unwrap();
        assert_eq!(sets(), before);
    }
}
