//! From VLAN devices to the table that the kernel program reads.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
};

use port12_common::{abi::Vlans, parse::Tags};

/// Seeds that are tried.
const ATTEMPTS: u64 = 64;

/// The table of some tags, which is marked as unknown if they do not fit.
pub fn table(tags: Option<&BTreeSet<u64>>) -> Vlans {
    let Some(tags) = tags else {
        return Vlans::EMPTY;
    };
    let mut vlans = Vlans { known: Vlans::LISTED, ..Vlans::EMPTY };
    let (single, stacked): (Vec<u64>, Vec<u64>) = tags.iter().partition(|tags| is_single(**tags));
    for tag in single {
        vlans.single[tag as usize / 64] |= 1 << (tag % 64);
    }
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
    let mut single = Vlans::EMPTY.single;
    for &tag in tags.iter().filter(|tags| is_single(**tags)) {
        single[tag as usize / 64] |= 1 << (tag % 64);
    }
    let stacked: BTreeSet<u64> =
        vlans.stacked.as_flattened().iter().copied().filter(|tags| *tags != 0).collect();
    vlans.known == Vlans::LISTED
        && vlans.single == single
        && stacked.iter().eq(tags.iter().filter(|tags| !is_single(**tags)))
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
    use super::*;

    #[test]
    fn tags_are_in_the_table_of_their_number() {
        let tags = BTreeSet::from([5, 4095 | 1 << 12, 5 << 13 | 6]);
        let table = table(Some(&tags));
        assert_eq!(table.known, Vlans::LISTED);
        assert_eq!((table.single[0], table.single[127]), (1 << 5 | 1, 1 << 63));
        assert_eq!(table.stacked.as_flattened().iter().sum::<u64>(), 5 << 13 | 6);
        assert!(table.stacked[table.bucket(5 << 13 | 6)].contains(&(5 << 13 | 6)));
        assert!(is_table_of(&table, &tags));
        for other in [vec![5, 5 << 13 | 6], vec![5, 4095 | 1 << 12], vec![]] {
            assert!(!is_table_of(&table, &other.into_iter().collect()));
        }
    }

    #[test]
    fn tags_that_do_not_fit_are_unknown() {
        let tags = (1..=300).map(|inner| 1 << 13 | inner).collect();
        assert_eq!(table(Some(&tags)).known, Vlans::UNKNOWN);
        assert_eq!(table(None).known, Vlans::UNKNOWN);
    }
}
