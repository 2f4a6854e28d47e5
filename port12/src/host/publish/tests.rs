use proptest::{collection::btree_set, prelude::*};

use super::*;

fn v4(bits: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(bits)
}

fn of_v4(addresses: impl IntoIterator<Item = Ipv4Addr>) -> LocalAddresses {
    LocalAddresses { v4: addresses.into_iter().collect(), ..LocalAddresses::default() }
}

fn of_v6(addresses: impl IntoIterator<Item = Ipv6Addr>) -> LocalAddresses {
    LocalAddresses { v6: addresses.into_iter().collect(), ..LocalAddresses::default() }
}

fn assert_all_contained(published: &Published, addresses: &LocalAddresses) {
    assert!(published.left_out.is_empty(), "{:?}", published.left_out);
    assert!(addresses.v4.iter().all(|address| published.local.contains_v4(word_v4(*address))));
    assert!(addresses.v6.iter().all(|address| published.local.contains_v6(words_v6(*address))));
}

/// Entries that fit into a full table unannounced.
fn is_implied_v4(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_unspecified()
}

proptest! {
    #[test]
    fn every_ipv4_address_is_found_and_no_other(
        own in btree_set(any::<u32>().prop_map(v4), 0..400),
        others in btree_set(any::<u32>().prop_map(v4), 0..400),
    ) {
        let addresses = of_v4(own.clone());
        let published = publish(&addresses);
        assert_all_contained(&published, &addresses);
        for other in others.difference(&own).filter(|other| !is_implied_v4(**other)) {
            prop_assert!(!published.local.contains_v4(word_v4(*other)));
        }
    }

    #[test]
    fn every_ipv6_address_is_found_and_no_other(
        own in btree_set(any::<u128>().prop_map(Ipv6Addr::from_bits), 0..200),
        others in btree_set(any::<u128>().prop_map(Ipv6Addr::from_bits), 0..200),
    ) {
        let addresses = of_v6(own.clone());
        let published = publish(&addresses);
        assert_all_contained(&published, &addresses);
        for other in others.difference(&own).filter(|other| !other.is_multicast()) {
            prop_assert!(!published.local.contains_v6(words_v6(*other)));
        }
    }

    #[test]
    fn addresses_in_a_row_fit(start in any::<u32>(), stride in 0_u32..24, count in 0_u32..400) {
        let addresses = of_v4((0..count).map(|n| v4(start.wrapping_add(n << stride))));
        assert_all_contained(&publish(&addresses), &addresses);
    }

    #[test]
    fn ipv6_addresses_in_a_row_fit(start in any::<u128>(), stride in 0_u32..120, count in 0_u128..200) {
        let row = (0..count).map(|n| Ipv6Addr::from_bits(start.wrapping_add(n << stride)));
        let addresses = of_v6(row);
        assert_all_contained(&publish(&addresses), &addresses);
    }

    #[test]
    fn a_prefix_takes_in_its_addresses_and_no_neighbour(network in any::<u32>(), length in 1_u8..32) {
        let mask = mask_v4(length);
        let prefix = Prefix { network: v4(network & mask), length };
        let addresses =
            LocalAddresses { prefixes_v4: [prefix].into(), ..LocalAddresses::default() };
        let published = publish(&addresses);
        prop_assert!(published.local.contains_v4(word_v4(v4(network))));
        let neighbour = v4(network ^ 1 << (32 - length));
        prop_assume!(!is_implied_v4(neighbour));
        prop_assert!(!published.local.contains_v4(word_v4(neighbour)));
    }

    #[test]
    fn an_ipv6_prefix_takes_in_its_addresses_and_no_neighbour(
        network in any::<u128>(), length in 1_u8..128,
    ) {
        let prefix =
            Prefix { network: Ipv6Addr::from_bits(network & mask_v6(length)), length };
        let addresses =
            LocalAddresses { prefixes_v6: [prefix].into(), ..LocalAddresses::default() };
        let published = publish(&addresses);
        prop_assert!(published.local.contains_v6(words_v6(Ipv6Addr::from_bits(network))));
        let neighbour = Ipv6Addr::from_bits(network ^ 1 << (128 - length));
        prop_assume!(!neighbour.is_multicast());
        prop_assert!(!published.local.contains_v6(words_v6(neighbour)));
    }
}

#[test]
fn a_host_without_addresses_takes_in_loopback_and_multicast_alone() {
    let published = publish(&LocalAddresses::default());
    assert_eq!(published.local.known, 1);
    assert!(published.local.contains_v4(word_v4(Ipv4Addr::LOCALHOST)));
    assert!(published.local.contains_v6(words_v6("ff02::1".parse().unwrap())));
    assert!(!published.local.contains_v4(word_v4(Ipv4Addr::new(192, 0, 2, 1))));
    assert!(!published.local.contains_v6(words_v6("2001:db8::1".parse().unwrap())));
}

#[test]
fn a_local_default_route_takes_in_everything() {
    let addresses = LocalAddresses {
        prefixes_v4: [Prefix { network: Ipv4Addr::UNSPECIFIED, length: 0 }].into(),
        prefixes_v6: [Prefix { network: Ipv6Addr::UNSPECIFIED, length: 0 }].into(),
        ..LocalAddresses::default()
    };
    let published = publish(&addresses);
    assert!(published.left_out.is_empty());
    for address in ["192.0.2.1", "8.8.8.8"] {
        assert!(published.local.contains_v4(word_v4(address.parse().unwrap())));
    }
    assert!(published.local.contains_v6(words_v6("2001:db8::1".parse().unwrap())));
    assert!(published.local.contains_v6(words_v6("::1".parse().unwrap())));
}

#[test]
fn addresses_within_a_local_prefix_take_no_room() {
    let addresses = LocalAddresses {
        v4: (0..10_000).map(|n| v4(0x0a00_0000 + n)).collect(),
        prefixes_v4: [Prefix { network: Ipv4Addr::new(10, 0, 0, 0), length: 8 }].into(),
        ..LocalAddresses::default()
    };
    assert_all_contained(&publish(&addresses), &addresses);
}

#[test]
fn what_does_not_fit_is_told_and_the_rest_is_found() {
    let addresses = LocalAddresses {
        v4: (0..6_000).map(|n| v4(0x0a00_0000 + 7 * n)).collect(),
        prefixes_v4: (0..9_u8)
            .map(|n| Prefix { network: Ipv4Addr::new(20, n, 0, 0), length: 24 })
            .collect(),
        ..LocalAddresses::default()
    };
    let Published { local, left_out } = publish(&addresses);
    assert_eq!(left_out.prefixes_v4.len(), 1);
    assert!(left_out.v4.len() >= 6_000 - 4_096);
    for address in &addresses.v4 {
        let found = local.contains_v4(word_v4(*address));
        assert_eq!(found, !left_out.v4.contains(address));
    }
}

/// With a known seed a set can be built whose members share a bucket; a random one spreads it.
#[test]
fn a_set_built_against_one_seed_fits_under_another() {
    const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
    let known = Local { seed_v4: SEED | 1, ..Local::UNKNOWN };
    let crowd = (1..u32::MAX).map(v4).filter(|a| known.bucket_v4(word_v4(*a)) == 7).take(400);
    let addresses = of_v4(crowd);
    let mut seeds = [SEED].into_iter().chain([0xd1b5_4a32_d192_ed03, 0xaef1_7502_108e_f2d9]);
    let mut tried = 0;
    let published = publish_with(&addresses, || {
        tried += 1;
        seeds.next().unwrap_or(0x1234_5678_9abc_def1 ^ tried)
    });
    assert!(tried > 1);
    assert_all_contained(&published, &addresses);
}
