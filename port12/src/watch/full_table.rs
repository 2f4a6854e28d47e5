//! Rate-limited warnings that the ban table is full.

use std::time::{Duration, Instant};

use port12_common::abi::BANNED;

use crate::kernel::bans::Occupancy;

/// Time between two warnings.
const INTERVAL: Duration = Duration::from_secs(60);

/// Bans that made room for others, and when that can be reported.
#[derive(Debug, Default)]
pub(super) struct FullTable {
    /// Unreported ones.
    evicted: usize,
    /// Earliest time of the next warning.
    due: Option<Instant>,
}

impl FullTable {
    /// The warning that is due after a sweep that removed bans.
    pub fn warning(
        &mut self,
        occupancy: &Occupancy,
        evicted: usize,
        now: Instant,
    ) -> Option<String> {
        self.evicted += evicted;
        let is_worth_it = self.evicted > 0 || occupancy.is_full();
        if !is_worth_it || self.due.is_some_and(|due| now < due) {
            return None;
        }
        self.due = Some(now + INTERVAL);
        let Occupancy { bans, operator, .. } = occupancy;
        Some(match std::mem::take(&mut self.evicted) {
            0 => format!(
                "the ban table is full: {bans} of {BANNED} bans, {operator} of them by the operator; no further \
                 source is banned: remove bans with `port12 unban`"
            ),
            evicted => format!(
                "the ban table was nearly full ({bans} of {BANNED} bans): {evicted} bans with the fewest dropped \
                 packets made room; spoofed sources may be the cause: raise `after` in [ban]"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, net::IpAddr};

    use port12_common::abi::Ban;

    use super::*;

    fn operator_bans(count: usize) -> Occupancy {
        let ban = Ban { origin: Ban::OPERATOR, until: Ban::FOR_EVER, ..Ban::default() };
        let source = |number: usize| {
            let number = u32::try_from(number).unwrap();
            (IpAddr::from(std::net::Ipv4Addr::from_bits(number)), ban)
        };
        Occupancy::of(&(0..count).map(source).collect::<BTreeMap<_, _>>(), 0)
    }

    #[test]
    fn evictions_are_summed_up_once_a_minute() {
        let mut table = FullTable::default();
        let start = Instant::now();
        let occupancy = operator_bans(8000);
        let mut said = |seconds, evicted| {
            table.warning(&occupancy, evicted, start + Duration::from_secs(seconds))
        };
        assert_eq!(said(0, 0), None);
        let first = said(1, 3).unwrap();
        assert!(first.contains("(8000 of 8192 bans): 3 bans"), "{first}");
        assert_eq!((said(2, 4), said(60, 5)), (None, None));
        let second = said(61, 0).unwrap();
        assert!(second.contains(": 9 bans"), "{second}");
        assert_eq!(said(200, 0), None);
    }

    #[test]
    fn a_table_full_of_the_operator_s_bans_is_reported_too() {
        let (mut table, now) = (FullTable::default(), Instant::now());
        let full = table.warning(&operator_bans(BANNED), 0, now).unwrap();
        assert!(full.contains("8192 of them by the operator"), "{full}");
        assert_eq!(table.warning(&operator_bans(BANNED), 0, now), None);
    }
}
