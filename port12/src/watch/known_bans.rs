//! Changes of the bans between two looks.

use std::{collections::BTreeMap, net::IpAddr};

use port12_common::abi::Ban;

/// Bans of the last look.
#[derive(Debug, Default)]
pub(super) struct KnownBans(BTreeMap<IpAddr, Ban>);

/// Differences between two looks at the bans.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct BanNews {
    /// Bans that were made, or got other terms.
    pub made: Vec<(IpAddr, Ban)>,
    /// Bans that were removed.
    pub lifted: Vec<(IpAddr, Ban)>,
}

impl KnownBans {
    /// Those on a list.
    pub const fn of(list: BTreeMap<IpAddr, Ban>) -> Self {
        Self(list)
    }

    /// Bans of the last look that were not removed since.
    pub const fn list(&self) -> &BTreeMap<IpAddr, Ban> {
        &self.0
    }

    /// Compares a list with the last look. It has to name each ban once before that is forgotten.
    pub fn news(&mut self, list: &BTreeMap<IpAddr, Ban>) -> BanNews {
        let before = std::mem::replace(&mut self.0, list.clone());
        let terms = |ban: &Ban| (ban.since, ban.until, ban.origin, ban.scope);
        let is_new = |(source, ban): &(&IpAddr, &Ban)| {
            before.get(source).is_none_or(|before| terms(before) != terms(ban))
        };
        let made = list.iter().filter(is_new).map(|(source, ban)| (*source, *ban)).collect();
        let lifted = before.into_iter().filter(|(source, _)| !list.contains_key(source)).collect();
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
        let mut known = KnownBans::of(list(&[(1, 10, THRESHOLD)]));
        assert_eq!(told(&mut known, &[(1, 10, THRESHOLD)]), []);
        // In the jiffy of the one before, and before it.
        let three = [(1, 10, THRESHOLD), (2, 10, THRESHOLD), (3, 9, THRESHOLD)];
        assert_eq!(told(&mut known, &three), [(source(2), 10), (source(3), 9)]);
        assert_eq!(told(&mut known, &three), []);
        let again = [(2, 10, THRESHOLD), (3, 20, THRESHOLD)];
        assert_eq!(told(&mut known, &again), [(source(3), 20)]);
    }

    #[test]
    fn a_ban_by_the_operator_is_news_again_when_its_terms_change() {
        let source = IpAddr::from([192, 0, 2, 1]);
        let mut known = KnownBans::of(list(&[(1, 10, THRESHOLD)]));
        assert_eq!(told(&mut known, &[(1, 10, Ban::OPERATOR)]), [(source, 10)]);
        assert_eq!(told(&mut known, &[(1, 10, Ban::OPERATOR)]), []);
        let mut longer = list(&[(1, 10, Ban::OPERATOR)]);
        longer.entry(source).and_modify(|ban| ban.packets = 9);
        assert_eq!(known.news(&longer), BanNews::default(), "packets are no terms");
        longer.entry(source).and_modify(|ban| ban.until = Ban::FOR_EVER);
        assert_eq!(known.news(&longer).made.len(), 1);
    }

    #[test]
    fn a_ban_that_is_removed_before_its_end_is_lifted_whoever_made_it() {
        let source = |last: u8| IpAddr::from([192, 0, 2, last]);
        let bans = [(1, 10, Ban::OPERATOR), (2, 20, THRESHOLD), (3, 30, THRESHOLD)];
        let mut known = KnownBans::of(list(&bans));
        known.forget([source(3)]);
        let lifted = known.news(&list(&[])).lifted.into_iter();
        let lifted: Vec<_> = lifted.map(|(source, ban)| (source, ban.since)).collect();
        assert_eq!(lifted, [(source(1), 10), (source(2), 20)]);
        assert_eq!(known.news(&list(&[])), BanNews::default());
    }
}
