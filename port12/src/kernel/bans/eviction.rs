//! Choice of the bans that make room for others.

use std::{collections::BTreeMap, net::IpAddr};

use port12_common::abi::{BANNED, Ban};

/// Bans that are kept free for the program until the next sweep, at most: the 1,024 sources that it begins to observe
/// at once, and those of four more seconds.
const HEADROOM: usize = 1280;

/// A list of bans against the size of the table.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Occupancy {
    /// Bans that hold.
    pub bans: usize,
    /// Those of the operator among them.
    pub operator: usize,
    /// Bans that are one too many each, if the headroom is to be free.
    excess: usize,
}

impl Occupancy {
    /// Counts the bans that hold at a time in jiffies.
    pub fn of(listed: &BTreeMap<IpAddr, Ban>, now: u64) -> Self {
        let holding = || listed.values().filter(|ban| ban.holds(now));
        let (bans, operator) =
            (holding().count(), holding().filter(|ban| ban.origin == Ban::OPERATOR).count());
        // Half of the rest stays for the program's bans however many the operator has.
        let headroom = HEADROOM.min(BANNED.saturating_sub(operator) / 2);
        Self { bans, operator, excess: (bans + headroom).saturating_sub(BANNED) }
    }

    /// Whether not even one more source can be banned.
    pub const fn is_full(&self) -> bool {
        self.bans >= BANNED
    }
}

/// Sort key of bans: the ban that dropped the fewest packets comes first, of equals the ban that ends first.
pub(super) const fn weight(ban: &Ban) -> (u64, u64) {
    (ban.packets, ban.until)
}

/// The program's lightest bans: those that give the table its headroom back.
pub(super) fn lightest(listed: &BTreeMap<IpAddr, Ban>, now: u64) -> Vec<IpAddr> {
    let excess = Occupancy::of(listed, now).excess;
    if excess == 0 {
        return Vec::new();
    }
    let mut candidates: Vec<_> = listed
        .iter()
        .filter(|(_, ban)| ban.origin == Ban::THRESHOLD && ban.holds(now))
        .map(|(source, ban)| (weight(ban), *source))
        .collect();
    candidates.sort_unstable();
    candidates.truncate(excess);
    candidates.into_iter().map(|(_, source)| source).collect()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOW: u64 = 100;

    fn source(number: usize) -> IpAddr {
        Ipv4Addr::from_bits(0x0b00_0000 + u32::try_from(number).unwrap()).into()
    }

    fn bans(count: usize, ban: impl Fn(usize) -> Ban) -> BTreeMap<IpAddr, Ban> {
        (0..count).map(|number| (source(number), ban(number))).collect()
    }

    fn threshold(packets: u64, until: u64) -> Ban {
        Ban { origin: Ban::THRESHOLD, packets, until, ..Ban::default() }
    }

    fn operator() -> Ban {
        Ban { origin: Ban::OPERATOR, until: Ban::FOR_EVER, ..Ban::default() }
    }

    #[test]
    fn no_ban_makes_room_while_the_headroom_is_free() {
        let listed = bans(BANNED - HEADROOM, |_| threshold(0, 200));
        assert!(lightest(&listed, NOW).is_empty());
        let listed = bans(BANNED - HEADROOM + 2, |_| threshold(0, 200));
        assert_eq!(lightest(&listed, NOW), [source(0), source(1)]);
    }

    #[test]
    fn fewest_packets_come_first_and_then_the_earliest_end() {
        let listed = bans(BANNED - HEADROOM + 3, |number| match number {
            5 => threshold(1, 150),
            6 => threshold(0, 300),
            7 => threshold(0, 250),
            _ => threshold(2, 120),
        });
        assert_eq!(lightest(&listed, NOW), [source(7), source(6), source(5)]);
    }

    #[test]
    fn bans_that_are_over_need_no_room_and_make_none() {
        let listed = bans(BANNED, |number| threshold(0, if number < HEADROOM { NOW } else { 200 }));
        assert!(lightest(&listed, NOW).is_empty());
        assert!(!Occupancy::of(&listed, NOW).is_full());
    }

    #[test]
    fn the_operator_s_bans_stay_and_leave_the_program_half_of_the_rest() {
        for (rest, stay) in [(0, 0), (1, 1), (2, 1), (101, 51), (BANNED, BANNED - HEADROOM)] {
            let listed = bans(BANNED, |number| match number < rest {
                true => threshold(9, 200),
                false => operator(),
            });
            let evicted = lightest(&listed, NOW);
            assert_eq!(rest - evicted.len(), stay, "{rest}");
            assert!(evicted.iter().all(|source| listed[source].origin == Ban::THRESHOLD));
        }
    }
}
