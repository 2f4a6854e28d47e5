//! The table of sources, as the kernel program and a replay use it.

use std::{
    alloc::{Layout, alloc_zeroed, handle_alloc_error},
    collections::BTreeMap,
};

use port12_common::abi::{FIRST_TOUCH, Knock, Known, Source, SourceAddress, SourceTable};

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
    table.idle = 1000;
    table.random = seed | 1;
    table
}

fn knock(source: SourceAddress, bit: u16, now: u64) -> Knock {
    Knock { source, bit, bytes: 60, now }
}

fn v4(number: u32) -> SourceAddress {
    SourceAddress::v4(number.to_be())
}

fn slots(table: &SourceTable) -> impl Iterator<Item = &Source> {
    table.buckets.iter().flatten().filter(|slot| slot.packets != 0)
}

fn slot(table: &SourceTable, source: SourceAddress) -> Option<&Source> {
    slots(table).find(|slot| slot.address == source)
}

/// A sequence of numbers that repeats itself for a seed.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 32
}

#[test]
fn an_address_is_that_of_ipv6() {
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1];
    assert_eq!(SourceAddress::v4(u32::from_ne_bytes([192, 0, 2, 1])).octets(), mapped);
    let octets: [u8; 16] = std::array::from_fn(|index| index as u8 + 1);
    let words = std::array::from_fn(|word| {
        u32::from_ne_bytes(std::array::from_fn(|byte| octets[4 * word + byte]))
    });
    assert_eq!(SourceAddress::v6(words).octets(), octets);
    assert_eq!(SourceAddress::NONE.octets(), [0; 16]);
}

#[test]
fn a_source_is_what_was_seen_of_it() {
    let mut table = table(7);
    let bits = [FIRST_TOUCH, 63, 64, 1023];
    for (index, bit) in bits.into_iter().enumerate() {
        assert_eq!(table.record(&knock(v4(1), bit, 100 + index as u64)), Known::First);
        assert_eq!(table.record(&knock(v4(1), bit, 100 + index as u64)), Known::Again);
    }
    assert_eq!(table.record(&knock(v4(2), FIRST_TOUCH, 200)), Known::First);
    let one = slot(&table, v4(1)).expect("it has a slot");
    assert_eq!((one.packets, one.bytes, one.inherited), (8, 480, 0));
    assert_eq!((one.first_seen, one.last_seen), (100, 103));
    let touched: Vec<u16> = (0..1024).filter(|bit| one.has_touched(*bit)).collect();
    assert_eq!(touched, bits);
    assert_eq!(slots(&table).count(), 2);
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
            table.record(&knock(source, FIRST_TOUCH, now / 100));
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
        table.record(&knock(v4(source), FIRST_TOUCH, now / 1000));
    }
    let found = (0..100).filter(|source| slot(&table, v4(*source)).is_some()).count();
    assert!(found >= 99, "{found} of 100 are in the table");
    for source in 0..100 {
        if let Some(slot) = slot(&table, v4(source)) {
            assert!(slot.packets <= sent[&source], "nobody is charged with what others sent");
        }
    }
}

#[test]
fn whoever_is_silent_gives_way_to_the_next() {
    let mut table = table(3);
    // Two heavy ones for every bucket, and then time passes.
    let mut state = 5;
    for _ in 0..40_000 {
        let source = v4(random(&mut state) as u32);
        for _ in 0..20 {
            table.record(&knock(source, FIRST_TOUCH, 1));
        }
    }
    let refused = table.refused.packets;
    let late = v4(0xdead_beef);
    for (now, expected) in [(1000, Known::Refused), (1001, Known::First)] {
        // The lottery may be won once; it is not won a hundred times.
        let known: Vec<Known> = (0..100)
            .map(|number| table.record(&knock(v4(0xdead_0000 | number), FIRST_TOUCH, now)))
            .collect();
        assert!(known.iter().filter(|known| **known == expected).count() > 50, "{now}");
    }
    assert!(table.refused.packets > refused);
    assert_eq!(table.record(&knock(late, FIRST_TOUCH, 5000)), Known::First);
    assert_eq!(slot(&table, late).expect("it has a slot").inherited, 0);
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
            table.record(&knock(*source, bit, now / 1000));
        }
        table.evictions > evictions
    });
    let newcomer = newcomer.expect("the table is full");
    let slot = slot(&table, newcomer).expect("it was admitted");
    assert_eq!((slot.packets, slot.bytes), (3, 180));
    assert!(slot.inherited >= 1);
    let touched = |slot: &Source| (0..1024).filter(|bit| slot.has_touched(*bit)).count();
    assert_eq!(touched(slot), 3);
    // What the one before had touched is not the newcomer's.
    table.record(&knock(newcomer, 77, now));
    assert_eq!(touched(self::slot(&table, newcomer).expect("it stays")), 4);
}
