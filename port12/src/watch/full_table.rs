//! Rate-limited reports that the ban table is full.

use std::time::{Duration, Instant};

use port12_common::abi::BANNED;

use crate::{kernel::bans::Occupancy, model::event::BanChange};

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
    ) -> Option<BanChange> {
        self.evicted += evicted;
        let is_worth_it = self.evicted > 0 || occupancy.is_full();
        if !is_worth_it || self.due.is_some_and(|due| now < due) {
            return None;
        }
        self.due = Some(now + INTERVAL);
        Some(BanChange::TableFull {
            bans: occupancy.bans as u64,
            operator: occupancy.operator as u64,
            capacity: BANNED as u64,
            evicted: std::mem::take(&mut self.evicted) as u64,
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
        let full = |evicted| {
            Some(BanChange::TableFull { bans: 8000, operator: 8000, capacity: 8192, evicted })
        };
        assert_eq!(said(1, 3), full(3));
        assert_eq!((said(2, 4), said(60, 5)), (None, None));
        assert_eq!(said(61, 0), full(9));
        assert_eq!(said(200, 0), None);
    }

    #[test]
    fn a_table_full_of_the_operator_s_bans_is_reported_too() {
        let (mut table, now) = (FullTable::default(), Instant::now());
        let full = table.warning(&operator_bans(BANNED), 0, now);
        let wanted =
            BanChange::TableFull { bans: 8192, operator: 8192, capacity: 8192, evicted: 0 };
        assert_eq!(full, Some(wanted));
        assert_eq!(table.warning(&operator_bans(BANNED), 0, now), None);
    }
}
