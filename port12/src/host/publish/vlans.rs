//! From VLAN devices to the table that the kernel program reads.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
};

use port12_common::{abi::Vlans, parse::Tags};

/// Seeds that are tried.
const ATTEMPTS: u64 = 64;

/// The table of some tags, which is marked as unknown if they do not fit. 0 stands for frames without a VID.
pub fn table(tags: Option<&BTreeSet<u64>>) -> Vlans {
    let Some(tags) = tags else {
        return Vlans::EMPTY;
    };
    let stacked: Vec<u64> = tags.iter().copied().filter(|tags| !is_single(*tags)).collect();
    let mut vlans = Vlans { known: Vlans::LISTED, single: single(tags), ..Vlans::EMPTY };
    let random = RandomState::new();
    for attempt in 0..ATTEMPTS {
        vlans.seed = random.hash_one(attempt) | 1;
        if fill(&mut vlans, &stacked).is_some() {
            return vlans;
        }
    }
    Vlans::EMPTY
}

/// Whether a table has these tags and no others.
pub fn is_table_of(vlans: &Vlans, tags: &BTreeSet<u64>) -> bool {
    let stacked: BTreeSet<u64> =
        vlans.stacked.as_flattened().iter().copied().filter(|tags| *tags != 0).collect();
    vlans.known == Vlans::LISTED
        && vlans.single == single(tags)
        && stacked.iter().eq(tags.iter().filter(|tags| !is_single(**tags)))
}

/// The bits of those that are one tag or none.
fn single(tags: &BTreeSet<u64>) -> [u64; 128] {
    let mut single = [0; 128];
    let mut set = |tag: u64| single[tag as usize / 64] |= 1 << (tag % 64);
    tags.iter().copied().filter(|tags| is_single(*tags)).for_each(&mut set);
    if tags.contains(&0) {
        // A priority tag of 802.1ad has no VID either.
        set(Tags::tag(0, true));
    }
    single
}

fn is_single(tags: u64) -> bool {
    tags >> Tags::BITS == 0
}

fn fill(vlans: &mut Vlans, stacked: &[u64]) -> Option<()> {
    vlans.stacked = Vlans::EMPTY.stacked;
    for &tags in stacked {
        let bucket = vlans.bucket(tags);
        *vlans.stacked[bucket].iter_mut().find(|element| **element == 0)? = tags;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use port12_common::Membership;

    use super::*;

    #[test]
    fn tags_are_in_the_table_of_their_number() {
        let tags = BTreeSet::from([0, 5, 4095 | 1 << 12, 5 << 13 | 6]);
        let table = table(Some(&tags));
        assert_eq!(table.known, Vlans::LISTED);
        assert_eq!((table.single[0], table.single[127]), (1 << 5 | 1, 1 << 63));
        assert_eq!(table.stacked.as_flattened().iter().sum::<u64>(), 5 << 13 | 6);
        assert!(table.stacked[table.bucket(5 << 13 | 6)].contains(&(5 << 13 | 6)));
        assert!(is_table_of(&table, &tags));
        for other in [vec![0, 5, 5 << 13 | 6], vec![0, 5, 4095 | 1 << 12], vec![0]] {
            assert!(!is_table_of(&table, &other.into_iter().collect()));
        }
    }

    #[test]
    fn frames_without_a_vid_are_elsewhere_if_no_device_receives_them() {
        let own = table(Some(&BTreeSet::from([0, 5])));
        assert_eq!((own.single[0], own.single[64]), (1 << 5 | 1, 1));
        assert_eq!((own.membership(0), own.membership(5)), (Membership::OWN, Membership::OWN));
        let other = table(Some(&BTreeSet::from([5])));
        assert_eq!((other.single[0], other.single[64]), (1 << 5, 0));
        assert_eq!(
            (other.membership(0), other.membership(5)),
            (Membership::FOREIGN, Membership::OWN)
        );
        assert_eq!(table(None).membership(0), Membership::OWN);
    }

    #[test]
    fn tags_that_do_not_fit_are_unknown() {
        let tags = (1..=300).map(|inner| 1 << 13 | inner).collect();
        assert_eq!(table(Some(&tags)).known, Vlans::UNKNOWN);
        assert_eq!(table(None).known, Vlans::UNKNOWN);
    }
}
