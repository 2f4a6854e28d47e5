//! IPVS, whose virtual services have no sockets.

use super::{Reason, procfs};
use crate::host::HostError;

pub(super) fn reasons() -> Result<Option<Reason>, HostError> {
    let services = services(&procfs::read("ip_vs")?.unwrap_or_default());
    Ok((services > 0).then_some(Reason::Ipvs { services }))
}

/// A service starts a line with its protocol, or with FWM where a mark selects it; its real
/// servers follow on lines that start with an arrow.
fn services(table: &str) -> usize {
    const KINDS: [&str; 4] = ["TCP", "UDP", "SCTP", "FWM"];
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    table.lines().filter_map(first).filter(|word| KINDS.contains(&word.as_str())).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "IP Virtual Server version 1.2.1 (size=4096)\n\
        Prot LocalAddress:Port Scheduler Flags\n  \
        -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n";

    #[test]
    fn a_table_with_headings_alone_has_no_service() {
        assert_eq!(services(HEADER), 0);
    }

    #[test]
    fn real_servers_are_not_services() {
        let table = format!(
            "{HEADER}TCP  C0000201:0050 rr\n  -> C0000202:0050      Masq    1      0          0\n\
             FWM  00000001 wlc\n"
        );
        assert_eq!(services(&table), 2);
    }
}
