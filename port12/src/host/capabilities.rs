//! Capabilities of this process.

use std::fs;

/// Capabilities that watching takes, with their numbers (linux/capability.h).
const NEEDED: [(&str, u32); 3] = [("CAP_NET_ADMIN", 12), ("CAP_PERFMON", 38), ("CAP_BPF", 39)];

/// Stands in for CAP_BPF and CAP_PERFMON (kernel 5.8).
const SYS_ADMIN: u32 = 21;

/// The capabilities that watching takes and this process lacks; none where that cannot be asked.
pub fn missing() -> Vec<&'static str> {
    fs::read_to_string("/proc/self/status").map_or_else(|_| Vec::new(), |it| missing_in(&it))
}

/// Those of some capabilities that this process lacks, by name; none where that cannot be asked. Any of
/// its numbers will do for a capability.
pub fn lacks(wanted: &[(&'static str, &[u32])]) -> Vec<&'static str> {
    let status = fs::read_to_string("/proc/self/status");
    let Some(effective) = status.ok().as_deref().and_then(effective) else {
        return Vec::new();
    };
    let has = |numbers: &[u32]| numbers.iter().any(|number| effective >> number & 1 == 1);
    wanted.iter().filter(|(_, numbers)| !has(numbers)).map(|(name, _)| *name).collect()
}

fn effective(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

fn missing_in(status: &str) -> Vec<&'static str> {
    let Some(effective) = effective(status) else {
        return Vec::new();
    };
    let has = |number: u32| effective >> number & 1 == 1;
    NEEDED
        .into_iter()
        .filter(|&(_, number)| !(has(number) || number > 31 && has(SYS_ADMIN)))
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::missing_in;

    #[test]
    fn an_ordinary_user_lacks_all_three() {
        let status = "Name:\tport12\nCapEff:\t0000000000000000\n";
        assert_eq!(missing_in(status), ["CAP_NET_ADMIN", "CAP_PERFMON", "CAP_BPF"]);
    }

    #[test]
    fn the_three_are_enough() {
        assert!(missing_in("CapEff:\t000000c000001000\n").is_empty());
    }

    #[test]
    fn sys_admin_stands_in_for_bpf_and_perfmon() {
        assert_eq!(missing_in("CapEff:\t0000000000200000\n"), ["CAP_NET_ADMIN"]);
    }
}
