//! Legacy iptables (ip_tables, ip6_tables): rules that translate, redirect or copy.
//!
//! A table exists from its first use on, and a question about its rules would create it: only those
//! that the kernel lists are asked for.

mod blob;

use std::{fmt, io};

use super::{Reason, procfs, targets};
use crate::host::HostError;

/// The IP version of a set of tables.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// iptables.
    Ip,
    /// ip6tables.
    Ip6,
}

impl Family {
    /// The file of procfs that lists its tables.
    const fn file(self) -> &'static str {
        match self {
            Self::Ip => "ip_tables_names",
            Self::Ip6 => "ip6_tables_names",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Ip => "ip",
            Self::Ip6 => "ip6",
        })
    }
}

/// A reason for each table with a rule that counts.
pub(super) fn reasons() -> Result<Vec<Reason>, HostError> {
    let mut reasons = Vec::new();
    for family in [Family::Ip, Family::Ip6] {
        let names = procfs::read(family.file())?.unwrap_or_default();
        for table in names.lines() {
            let rules = blob::targets(family, table).map_err(refused)?;
            let target = rules.into_iter().find(|target| targets::redirects(target));
            reasons.extend(target.map(|target| Reason::LegacyRule {
                family,
                table: table.to_owned(),
                target,
            }));
        }
    }
    Ok(reasons)
}

fn refused(source: io::Error) -> HostError {
    HostError::Refused { what: "rules of legacy iptables", source }
}
