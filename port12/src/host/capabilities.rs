//! What this process may do.

use std::fs;

/// Capabilities that watching takes, with their numbers (linux/capability.h).
const NEEDED: [(&str, u32); 3] = [("CAP_NET_ADMIN", 12), ("CAP_PERFMON", 38), ("CAP_BPF", 39)];

/// Stands in for CAP_BPF and CAP_PERFMON (kernel 5.8).
const SYS_ADMIN: u32 = 21;

/// The capabilities that watching takes and this process lacks; none where that cannot be asked.
pub fn missing() -> Vec<&'static str> {
    match fs::read_to_string("/proc/self/status") {
        Ok(status) => missing_in(&status),
        Err(_) => Vec::new(),
    }
}

fn missing_in(status: &str) -> Vec<&'static str> {
    let effective = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let Some(effective) = effective else {
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
