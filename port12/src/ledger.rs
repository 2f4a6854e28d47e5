//! The long memory of who knocked: what the kernel program forgets when it needs the place.
//!
//! Times are jiffies: all interfaces go by the one clock of the kernel, which nobody sets.

use std::{cmp::Reverse, collections::HashMap, net::IpAddr};

use port12_common::{
    Finding, Outcome,
    abi::{Known as Knock, Tally},
};

use crate::kernel::sources::{Slot, Sources, Touched};

/// Sources that are remembered.
pub const CAPACITY: usize = 65_536;

/// Record of a source, over all interfaces and CPUs.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    /// Probes that were seen of it, dropped ones included, and their bytes.
    pub tally: Tally,
    /// Jiffies of the first of them.
    pub first_seen: u64,
    /// Jiffies of the last of them.
    pub last_seen: u64,
    /// The ports that it touched.
    pub touched: Touched,
    /// Jiffies when it was told of last, of a capture.
    told: u64,
}

/// The tables of one interface when they were looked at last.
#[derive(Debug, Default)]
struct Looked {
    /// Jiffies before they were read: what has changed since was seen later.
    at: u64,
    /// Content of each slot at the last look.
    places: Vec<Known>,
}

/// A place in a table.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    address: Option<IpAddr>,
    /// Jiffies when the address was given the place.
    first_seen: u64,
    tally: Tally,
}

/// Remembers a bounded number of sources: those with the most probes, and those that came last.
#[derive(Debug)]
pub struct Ledger {
    capacity: usize,
    sources: HashMap<IpAddr, Remembered>,
    /// Sources that were forgotten.
    pub forgotten: u64,
    /// By which tables they are.
    looked: HashMap<u64, Looked>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

impl Ledger {
    /// For so many sources.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, sources: HashMap::new(), forgotten: 0, looked: HashMap::new() }
    }

    /// Remembers more or fewer.
    pub fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.forget();
    }

    /// Takes note of one frame, where it is a probe: of a capture, whose every frame is seen. `now` is
    /// its time in jiffies, and `again` how many of them pass before a source that goes on is told of again.
    pub fn note(&mut self, finding: &Finding, bytes: u64, now: u64, again: u64) -> Knock {
        let (Outcome::Probe | Outcome::Dropped, Some(transport)) =
            (finding.outcome, finding.transport)
        else {
            return Knock::Repeats;
        };
        let source = self.source(finding.source.address(), now);
        source.add(Tally { packets: 1, bytes }, (now, now));
        let knock = match source.touched.insert(transport, finding.port) {
            true => Knock::First,
            false if now.saturating_sub(source.told) >= again => Knock::GoesOn,
            false => Knock::Repeats,
        };
        if knock != Knock::Repeats {
            source.told = now;
        }
        self.forget();
        knock
    }

    fn source(&mut self, address: IpAddr, first_seen: u64) -> &mut Remembered {
        let new = Remembered { first_seen, ..Remembered::default() };
        self.sources.entry(address).or_insert(new)
    }

    /// Takes note of what has changed in some tables since they were looked at last. `now` is the time
    /// in jiffies, from before they were read.
    pub fn update(&mut self, sources: &Sources, now: u64) {
        let mut looked = self.looked.remove(&sources.tables).unwrap_or_default();
        looked.places.resize(sources.places, Known::default());
        for slot in sources.slots.iter().filter(|slot| slot.last_seen() >= looked.at) {
            let Some(known) = looked.places.get_mut(slot.place) else {
                continue;
            };
            let news = known.replace(slot);
            let source = self.source(slot.address(), slot.first_seen());
            source.add(news, (slot.first_seen(), slot.last_seen()));
            source.touched.add(&sources.touched(slot));
        }
        looked.at = now;
        self.looked.insert(sources.tables, looked);
        self.forget();
    }

    /// Knows no other tables any longer: those of interfaces that are watched no more.
    pub fn keep_tables(&mut self, tables: &[u64]) {
        self.looked.retain(|known, _| tables.contains(known));
    }

    /// Makes room, an eighth at once, where there are too many: half of those that stay have the most
    /// probes, the others came last. A flood of sources that come once pushes out others like them.
    fn forget(&mut self) {
        if self.sources.len() <= self.capacity {
            return;
        }
        let keep = self.capacity - self.capacity / 8;
        let mut all: Vec<(IpAddr, Remembered)> = self.sources.drain().collect();
        self.forgotten += (all.len() - keep) as u64;
        let heavy = keep / 2;
        if heavy > 0 {
            all.select_nth_unstable_by_key(heavy - 1, |(_, it)| Reverse(it.tally.packets));
        }
        let mut others = all.split_off(heavy);
        let recent = keep - heavy;
        if recent > 0 && recent < others.len() {
            others.select_nth_unstable_by_key(recent - 1, |(_, it)| Reverse(it.last_seen));
        }
        others.truncate(recent);
        self.sources.extend(all.into_iter().chain(others));
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Record of a source.
    pub fn get(&self, address: IpAddr) -> Option<&Remembered> {
        self.sources.get(&address)
    }

    /// Those with the most probes, so many at most.
    pub fn top(&self, count: usize) -> Vec<(IpAddr, &Remembered)> {
        let mut all: Vec<_> = self.sources.iter().map(|(address, it)| (*address, it)).collect();
        all.sort_by_key(|(address, it)| (Reverse(it.tally.packets), *address));
        all.truncate(count);
        all
    }
}

impl Remembered {
    fn add(&mut self, news: Tally, (first_seen, last_seen): (u64, u64)) {
        self.tally.packets += news.packets;
        self.tally.bytes += news.bytes;
        self.first_seen = self.first_seen.min(first_seen);
        self.last_seen = self.last_seen.max(last_seen);
    }
}

impl Known {
    /// Notes what stands in the place now; returns what has been counted there since.
    fn replace(&mut self, slot: &Slot) -> Tally {
        let (address, first_seen) = (Some(slot.address()), slot.first_seen());
        let now = Self { address, first_seen, tally: slot.tally() };
        let before = std::mem::replace(self, now);
        let is_the_same = (before.address, before.first_seen) == (address, first_seen)
            && before.tally.packets <= now.tally.packets;
        if !is_the_same {
            return now.tally;
        }
        Tally {
            packets: now.tally.packets - before.tally.packets,
            bytes: now.tally.bytes.saturating_sub(before.tally.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use port12_common::{
        Inspection, Transport,
        abi::{FIRST_TOUCH, Source, SourceAddress},
    };

    use super::*;

    fn slot(place: usize, number: u32, packets: u64, (first, last): (u64, u64)) -> (usize, Source) {
        let address = SourceAddress::v4(number.to_be());
        let source = Source {
            address,
            packets,
            bytes: packets * 60,
            first_seen: first,
            last_seen: last,
            only: u32::from(FIRST_TOUCH) + 1,
            ..Source::EMPTY
        };
        (place, source)
    }

    fn tables(tables: u64, slots: &[(usize, Source)]) -> Sources {
        Sources::of(tables, slots, &[(FIRST_TOUCH, (Transport::Tcp, 12))])
    }

    fn packets(ledger: &Ledger, number: u32) -> Option<u64> {
        Some(ledger.get(Ipv4Addr::from_bits(number).into())?.tally.packets)
    }

    #[test]
    fn what_the_kernel_forgets_is_remembered() {
        let mut ledger = Ledger::new(100);
        // Two CPUs, two interfaces.
        let both = [slot(0, 7, 5, (10, 20)), slot(5000, 7, 3, (12, 30))];
        ledger.update(&tables(1, &both), 40);
        ledger.update(&tables(2, &[slot(0, 7, 2, (5, 35))]), 40);
        assert_eq!(packets(&ledger, 7), Some(10));
        // Nothing new, and looked at again.
        ledger.update(&tables(2, &[slot(0, 7, 2, (5, 35))]), 50);
        assert_eq!(packets(&ledger, 7), Some(10));
        // One more on one CPU; on the other it has lost its slot to another.
        ledger.update(&tables(1, &[slot(0, 7, 6, (10, 60)), slot(5000, 8, 1, (65, 65))]), 70);
        assert_eq!((packets(&ledger, 7), packets(&ledger, 8)), (Some(11), Some(1)));
        // It has a slot there again: it counts from one.
        let again = [slot(0, 7, 6, (10, 60)), slot(5000, 7, 3, (80, 90))];
        ledger.update(&tables(1, &again), 99);
        assert_eq!(packets(&ledger, 7), Some(14));
        let known = ledger.get(Ipv4Addr::from_bits(7).into()).expect("it is remembered");
        assert_eq!((known.tally.bytes, known.first_seen, known.last_seen), (14 * 60, 5, 90));
        assert_eq!(known.touched.ports().collect::<Vec<_>>(), [(Transport::Tcp, 12)]);
    }

    #[test]
    fn tables_that_are_gone_leave_nothing_behind_but_their_sources() {
        let mut ledger = Ledger::default();
        for number in 1..=3 {
            ledger.update(&tables(number, &[slot(0, 7, 5, (10, 20))]), 40);
        }
        ledger.keep_tables(&[2]);
        assert_eq!((ledger.looked.len(), packets(&ledger, 7)), (1, Some(15)));
        ledger.update(&tables(2, &[slot(0, 7, 6, (10, 50))]), 60);
        assert_eq!(packets(&ledger, 7), Some(16));
    }

    #[test]
    fn what_was_read_half_written_is_made_good() {
        let mut ledger = Ledger::default();
        let (place, mut source) = slot(0, 7, 1, (40, 40));
        (source.bytes, source.only) = (0, 0);
        ledger.update(&tables(1, &[(place, source)]), 40);
        ledger.update(&tables(1, &[slot(0, 7, 1, (40, 40))]), 50);
        let known = ledger.get(Ipv4Addr::from_bits(7).into()).expect("it is remembered");
        assert_eq!((known.tally.packets, known.tally.bytes, known.touched.count()), (1, 60, 1));
    }

    #[test]
    fn those_that_come_often_and_those_that_came_last_are_remembered() {
        let mut ledger = Ledger::new(80);
        // One that came often, long ago, and 99 others one after the other.
        let mut slots = vec![slot(0, 1, 4000, (1, 2))];
        slots.extend((2..=100).map(|number| slot(number as usize, number, 1, (3, number.into()))));
        for round in 0..3 {
            ledger.update(&tables(1, &slots), 200 + round);
            assert_eq!((ledger.len(), ledger.forgotten), (70, 30), "{round}");
            assert_eq!((packets(&ledger, 1), packets(&ledger, 100)), (Some(4000), Some(1)));
        }
        // All of one jiffy.
        let mut ledger = Ledger::new(80);
        let slots: Vec<_> = (1..=100).map(|it| slot(it as usize, it, 1, (9, 9))).collect();
        ledger.update(&tables(1, &slots), 10);
        assert_eq!((ledger.len(), ledger.forgotten), (70, 30));
    }

    #[test]
    fn a_probe_of_a_capture_is_noted_and_nothing_else() {
        let mut ledger = Ledger::default();
        let mut finding = Finding {
            outcome: Outcome::Probe,
            reason: None,
            depth: None,
            transport: Some(Transport::Udp),
            source: SourceAddress::v4(7_u32.to_be()),
            source_port: 4000,
            port: 14,
            shape: None,
            length: 60,
            now: 0,
            inspection: Inspection::NONE,
        };
        for (outcome, now) in [
            (Outcome::Dropped, 9),
            (Outcome::Probe, 4),
            (Outcome::Reply, 1),
            (Outcome::LocalSocket, 2),
        ] {
            finding.outcome = outcome;
            ledger.note(&finding, 60, now, 1000);
        }
        let known = ledger.get(Ipv4Addr::from_bits(7).into()).expect("it is remembered");
        assert_eq!((known.tally.packets, known.tally.bytes), (2, 120));
        assert_eq!((known.first_seen, known.last_seen), (4, 9));
        assert_eq!(known.touched.ports().collect::<Vec<_>>(), [(Transport::Udp, 14)]);
    }

    #[test]
    fn those_with_the_most_probes_come_first() {
        let mut ledger = Ledger::default();
        let slots: Vec<_> =
            (1..=20).map(|number| slot(number as usize, number, number.into(), (1, 2))).collect();
        ledger.update(&tables(1, &slots), 10);
        let top: Vec<u64> = ledger.top(3).iter().map(|(_, it)| it.tally.packets).collect();
        assert_eq!(top, [20, 19, 18]);
    }
}
