//! The table of sources, as the kernel program and a replay use it.

use std::{
    alloc::{Layout, alloc_zeroed, handle_alloc_error},
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use port12_common::{
    Inspection,
    abi::{FIRST_TOUCH, Knock, Known, Label, Source, SourceAddress, SourceTable},
};

/// A table as the kernel makes it, with what user space chooses at random.
fn table(seed: u64) -> Box<SourceTable> {
    let layout = Layout::new::<SourceTable>();
    // SAFETY: the layout has a size, and a table of zeros is one.
    let mut table = unsafe {
        let memory = alloc_zeroed(layout).cast::<SourceTable>();
        if memory.is_null() {
            handle_alloc_error(layout);
        }
        Box::from_raw(memory)
    };
    table.seed = seed;
    table.half_life = 0;
    table.random = seed | 1;
    table
}

/// Jiffies after which a source that goes on is told of again.
const AGAIN: u32 = 1000;

fn knock(source: SourceAddress, bit: u16, now: u64) -> Knock {
    Knock { source, bit, bytes: 60, now, label: Label::default(), inspection: Inspection::NONE }
}

fn v4(number: u32) -> SourceAddress {
    SourceAddress::v4(number.to_be())
}

fn slots(table: &SourceTable) -> impl Iterator<Item = &Source> {
    table.slots.iter().filter(|slot| slot.packets != 0)
}

/// The bits of what one of the table's sources has touched.
fn touched(table: &SourceTable, source: &Source) -> Vec<u16> {
    let mut places = table.slots.iter().zip(&table.touched);
    let (_, touched) = places.find(|(slot, _)| slot.address == source.address).expect("a slot");
    (0..1024).filter(|bit| source.has_touched(touched, *bit)).collect()
}

fn slot(table: &SourceTable, source: SourceAddress) -> Option<&Source> {
    slots(table).find(|slot| slot.address == source)
}

/// A sequence of numbers that repeats itself for a seed.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 32
}

fn v6(address: Ipv6Addr) -> SourceAddress {
    let octets = address.octets();
    SourceAddress::v6(std::array::from_fn(|word| {
        u32::from_ne_bytes(std::array::from_fn(|byte| octets[4 * word + byte]))
    }))
}

#[test]
fn an_address_comes_back_as_what_it_was() {
    let address = Ipv4Addr::new(192, 0, 2, 1);
    let mapped = address.to_ipv6_mapped();
    assert_eq!(SourceAddress::v4(u32::from_ne_bytes(address.octets())).address(), address);
    for address in ["::", "::1", "2001:db8:1:2:3:4:5:6", "fe80::1", "ffff:ffff:ffff:ffff::1"] {
        let address: Ipv6Addr = address.parse().expect("an address");
        assert_eq!(v6(address).address(), address);
        assert_ne!(v6(address), SourceAddress::NONE);
    }
    // What is forged to look like IPv4's is not.
    assert_eq!(v6(mapped).address(), mapped);
    assert_ne!(v6(mapped), SourceAddress::v4(u32::from_ne_bytes(address.octets())));
}

#[test]
fn the_unspecified_address_is_a_source_like_others() {
    let mut table = table(9);
    let source = v6(Ipv6Addr::UNSPECIFIED);
    for now in 1..=5 {
        table.record(&knock(source, FIRST_TOUCH, now), AGAIN);
    }
    let slot = slot(&table, source).expect("it has a slot");
    assert_eq!((slot.packets, slot.first_seen, slot.last_seen), (5, 1, 5));
}

#[test]
fn a_source_is_what_was_seen_of_it() {
    let mut table = table(7);
    let bits = [FIRST_TOUCH, 63, 64, 1023];
    for (index, bit) in bits.into_iter().enumerate() {
        let knock = knock(v4(1), bit, 100 + index as u64);
        assert_eq!(table.record(&knock, AGAIN), Known::New);
        assert_eq!(table.record(&knock, AGAIN), Known::Repeats);
    }
    assert_eq!(table.record(&knock(v4(2), FIRST_TOUCH, 200), AGAIN), Known::New);
    let one = slot(&table, v4(1)).expect("it has a slot");
    assert_eq!((one.packets, one.bytes, one.weight), (8, 480, 8));
    assert_eq!((one.first_seen, one.last_seen), (100, 103));
    assert_eq!(touched(&table, one), bits);
    assert_eq!(slots(&table).count(), 2);
}

#[test]
fn who_has_sent_for_a_while_is_no_newcomer() {
    let mut table = table(7);
    for bit in 10..18 {
        assert_eq!(table.record(&knock(v4(1), bit, 100), AGAIN), Known::New);
    }
    assert_eq!(table.record(&knock(v4(1), 18, 100), AGAIN), Known::First);
    assert_eq!(table.record(&knock(v4(1), 18, 100), AGAIN), Known::Repeats);
    let later = 100 + u64::from(AGAIN);
    assert_eq!(table.record(&knock(v4(1), 18, later), AGAIN), Known::GoesOn);
    assert_eq!(table.record(&knock(v4(1), 18, later), AGAIN), Known::Repeats);
    // Of two probes, ten seconds apart.
    assert_eq!(table.record(&knock(v4(2), 10, 100), AGAIN), Known::New);
    assert_eq!(table.record(&knock(v4(2), 10, later), AGAIN), Known::NewGoesOn);
}

#[test]
fn no_probe_gets_lost_whoever_sends() {
    for seed in [0, 1, 0x1234_5678_9abc_def0] {
        let mut table = table(seed);
        let mut state = seed;
        let mut sent = 0;
        for now in 0..60_000 {
            // A few that come often, and very many that come once.
            let number = random(&mut state);
            let source =
                if number.is_multiple_of(4) { v4(number as u32 % 50) } else { v4(number as u32) };
            table.record(&knock(source, FIRST_TOUCH, now / 100), AGAIN);
            sent += 1;
        }
        let counted: u64 = slots(&table).map(|slot| slot.packets).sum();
        assert_eq!(counted + table.evicted.packets + table.refused.packets, sent);
        let bytes: u64 = slots(&table).map(|slot| slot.bytes).sum();
        assert_eq!(bytes + table.evicted.bytes + table.refused.bytes, 60 * sent);
        assert!(table.evictions > 0 && table.evicted.packets >= table.evictions);
    }
}

#[test]
fn those_that_come_often_are_found_behind_very_many_that_come_once() {
    let mut table = table(0x5eed);
    let mut state = 1;
    let mut sent: BTreeMap<u32, u64> = BTreeMap::new();
    for now in 0..400_000 {
        // 1 % of the packets are from a hundred sources.
        let number = random(&mut state) as u32;
        let source = if number.is_multiple_of(100) { number / 100 % 100 } else { number | 1 << 31 };
        *sent.entry(source).or_default() += 1;
        table.record(&knock(v4(source), FIRST_TOUCH, now / 1000), AGAIN);
    }
    let found = (0..100).filter(|source| slot(&table, v4(*source)).is_some()).count();
    assert!(found >= 99, "{found} of 100 are in the table");
    for source in 0..100 {
        if let Some(slot) = slot(&table, v4(source)) {
            assert!(slot.packets <= sent[&source], "nobody is charged with what others sent");
        }
    }
}

/// How many of a hundred newcomers are admitted, to a table in which every slot weighs at least 1,000
/// for having sent that much at time 1.
fn admitted(now: u64) -> usize {
    let mut table = table(3);
    for slot in &mut table.slots {
        *slot =
            Source { packets: 1000, weight: 1000, first_seen: 1, last_seen: 1, ..Source::EMPTY };
        slot.address = v4(1);
    }
    let knocks = (0..100).map(|number| knock(v4(0xdead_0000 | number), FIRST_TOUCH, now));
    knocks.filter(|knock| table.record(knock, AGAIN) == Known::New).count()
}

#[test]
fn whoever_is_silent_gives_way_to_the_next_but_not_at_once() {
    assert!(admitted(2) < 5);
    // A half-life has 1,024 jiffies: it weighs 500, then 125, then nothing.
    assert!(admitted(1030) < 5);
    assert!(admitted(3 * 1024 + 1) < 10);
    assert_eq!(admitted(10 * 1024 + 1), 100);
    // However long it has been.
    assert_eq!(admitted(u64::MAX / 2), 100);
}

#[test]
fn whoever_keeps_sending_little_weighs_little() {
    let mut table = table(3);
    for _ in 0..10_000 {
        table.record(&knock(v4(1), FIRST_TOUCH, 1), AGAIN);
    }
    assert_eq!(slot(&table, v4(1)).expect("it has a slot").weight, 10_000);
    for packet in 1..=20 {
        table.record(&knock(v4(1), FIRST_TOUCH, packet * 1024), AGAIN);
    }
    let slot = slot(&table, v4(1)).expect("it has a slot");
    assert!(slot.weight <= 2, "{}", slot.weight);
    assert_eq!(slot.packets, 10_020);
}

#[test]
fn both_slots_of_a_source_are_used_where_nobody_has_prepared_the_table() {
    let mut table = table(0);
    table.random = 0;
    for number in 0..100_000 {
        table.record(&knock(v4(number), FIRST_TOUCH, u64::from(number)), AGAIN);
    }
    assert!(slots(&table).count() > 2000);
}

#[test]
fn a_newcomer_inherits_weight_and_no_packets() {
    let mut table = table(1);
    let mut now = 0;
    // Until somebody is admitted in place of another.
    let newcomer = (0..200_000).map(v4).find(|source| {
        now += 1;
        let evictions = table.evictions;
        for bit in [FIRST_TOUCH, 500, 900] {
            table.record(&knock(*source, bit, now / 1000), AGAIN);
        }
        table.evictions > evictions
    });
    let newcomer = newcomer.expect("the table is full");
    let slot = slot(&table, newcomer).expect("it was admitted");
    assert_eq!((slot.packets, slot.bytes), (3, 180));
    assert!(slot.weight > 3);
    assert_eq!(touched(&table, slot).len(), 3);
    // What the one before had touched is not the newcomer's.
    table.record(&knock(newcomer, 77, now), AGAIN);
    let slot = self::slot(&table, newcomer).expect("it stays");
    assert_eq!(touched(&table, slot).len(), 4);
}
