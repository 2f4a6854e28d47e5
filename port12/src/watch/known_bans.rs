//! Which bans of the program's are news.

use std::{collections::BTreeMap, net::IpAddr};

use port12_common::abi::Ban;

/// Bans of the last look: the start of each, in jiffies, and whether the program has made it.
#[derive(Debug, Default)]
pub(super) struct KnownBans(BTreeMap<IpAddr, (u64, bool)>);

/// Differences between two looks at the bans.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct BanNews {
    /// Bans that the program has made.
    pub made: Vec<(IpAddr, Ban)>,
    /// Sources whose ban was removed, and when it began.
    pub lifted: Vec<(IpAddr, u64)>,
}

impl KnownBans {
    /// Those on a list.
    pub fn of(list: &BTreeMap<IpAddr, Ban>) -> Self {
        let known =
            |(source, ban): (&IpAddr, &Ban)| (*source, (ban.since, ban.origin == Ban::THRESHOLD));
        Self(list.iter().map(known).collect())
    }

    /// Compares a list with the last look. It has to name each ban once before that is forgotten.
    pub fn news(&mut self, list: &BTreeMap<IpAddr, Ban>) -> BanNews {
        let before = std::mem::replace(self, Self::of(list)).0;
        let is_new = |(source, known): &(&IpAddr, &(u64, bool))| {
            known.1 && before.get(source) != Some(known)
        };
        let made = self.0.iter().filter(is_new).map(|(source, _)| (*source, list[source]));
        let made = made.collect();
        let lifted = before.iter().filter(|(source, _)| !list.contains_key(source));
        let lifted = lifted.map(|(source, (since, _))| (*source, *since)).collect();
        BanNews { made, lifted }
    }

    /// Forgets bans that were removed because they are over, or that made room.
    pub fn forget(&mut self, sources: impl IntoIterator<Item = IpAddr>) {
        for source in sources {
            self.0.remove(&source);
        }
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
        known.news(&list(bans)).made.into_iter().map(|(source, ban)| (source, ban.since)).collect()
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

    #[test]
    fn a_ban_that_is_removed_before_its_end_is_lifted_whoever_made_it() {
        let source = |last: u8| IpAddr::from([192, 0, 2, last]);
        let bans = [(1, 10, Ban::OPERATOR), (2, 20, THRESHOLD), (3, 30, THRESHOLD)];
        let mut known = KnownBans::of(&list(&bans));
        known.forget([source(3)]);
        assert_eq!(known.news(&list(&[])).lifted, [(source(1), 10), (source(2), 20)]);
        assert_eq!(known.news(&list(&[])), BanNews::default());
    }
}
