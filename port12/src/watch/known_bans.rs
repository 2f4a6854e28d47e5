//! Which bans of the program's are news.

use std::{collections::BTreeMap, net::IpAddr};

use port12_common::abi::Ban;

/// The bans that the program has made and that are known: whose, and when each began, in jiffies.
#[derive(Debug, Default)]
pub(super) struct KnownBans(BTreeMap<IpAddr, u64>);

impl KnownBans {
    /// Those on a list.
    pub fn of(list: &BTreeMap<IpAddr, Ban>) -> Self {
        let made = list.iter().filter(|(_, ban)| ban.origin == Ban::THRESHOLD);
        Self(made.map(|(source, ban)| (*source, ban.since)).collect())
    }

    /// Those on a list that were not known. It has to name each ban once before that is forgotten.
    pub fn news(&mut self, list: &BTreeMap<IpAddr, Ban>) -> Vec<(IpAddr, Ban)> {
        let before = std::mem::replace(self, Self::of(list)).0;
        let is_new = |(source, since): &(&IpAddr, &u64)| before.get(source) != Some(since);
        self.0.iter().filter(is_new).map(|(source, _)| (*source, list[source])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(bans: &[(u8, u64, u8)]) -> BTreeMap<IpAddr, Ban> {
        let ban = |&(last, since, origin): &(u8, u64, u8)| {
            let source = IpAddr::from([192, 0, 2, last]);
            (source, Ban { since, until: since + 1, origin, ..Ban::default() })
        };
        bans.iter().map(ban).collect()
    }

    fn told(known: &mut KnownBans, bans: &[(u8, u64, u8)]) -> Vec<(IpAddr, u64)> {
        known.news(&list(bans)).into_iter().map(|(source, ban)| (source, ban.since)).collect()
    }

    const THRESHOLD: u8 = Ban::THRESHOLD;

    #[test]
    fn a_ban_is_news_once_whenever_it_began_and_although_it_is_over() {
        let source = |last: u8| IpAddr::from([192, 0, 2, last]);
        let mut known = KnownBans::of(&list(&[(1, 10, THRESHOLD)]));
        assert_eq!(told(&mut known, &[(1, 10, THRESHOLD)]), []);
        // In the jiffy of the one before, and before it.
        let three = [(1, 10, THRESHOLD), (2, 10, THRESHOLD), (3, 9, THRESHOLD)];
        assert_eq!(told(&mut known, &three), [(source(2), 10), (source(3), 9)]);
        assert_eq!(told(&mut known, &three), []);
        let again = [(2, 10, THRESHOLD), (3, 20, THRESHOLD)];
        assert_eq!(told(&mut known, &again), [(source(3), 20)]);
    }

    #[test]
    fn what_the_operator_bans_is_no_news() {
        let mut known = KnownBans::default();
        assert_eq!(told(&mut known, &[(1, 10, Ban::OPERATOR)]), []);
    }
}
