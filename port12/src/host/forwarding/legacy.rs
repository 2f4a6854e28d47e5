//! Legacy iptables (ip_tables, ip6_tables): which tables exist.
//!
//! A table exists from its first use on. Asking for its rules would create it, so a table that
//! could translate or redirect counts, whatever rules it has.

use super::{Reason, procfs};
use crate::host::HostError;

const FILES: [(&str, &str); 2] = [
    ("ip_tables_names", "/proc/net/ip_tables_names"),
    ("ip6_tables_names", "/proc/net/ip6_tables_names"),
];

/// `nat` translates; `mangle` is where TPROXY stands.
const TABLES: [&str; 2] = ["nat", "mangle"];

pub(super) fn reasons() -> Result<Vec<Reason>, HostError> {
    let mut reasons = Vec::new();
    for (name, file) in FILES {
        let names = procfs::read(name)?.unwrap_or_default();
        reasons.extend(redirecting(&names).map(|table| Reason::LegacyTable { file, table }));
    }
    Ok(reasons)
}

fn redirecting(names: &str) -> impl Iterator<Item = String> {
    names.lines().filter(|name| TABLES.contains(name)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filter_alone_redirects_nothing() {
        assert_eq!(redirecting("filter\nraw\nsecurity\n").count(), 0);
    }

    #[test]
    fn nat_and_mangle_may_redirect() {
        assert!(redirecting("mangle\nfilter\nnat\n").eq(["mangle", "nat"]));
    }
}
