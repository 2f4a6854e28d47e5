//! The long memory of who knocked: what the kernel program forgets when it needs the place.

use std::{collections::HashMap, net::IpAddr, time::SystemTime};

use port12_common::{Finding, Outcome, abi::Tally};

use crate::kernel::{
    clock::Moment,
    sources::{Sources, Touched},
};

/// Sources that are remembered.
pub const CAPACITY: usize = 65_536;

/// What is remembered of a source, over all interfaces and CPUs.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// Probes that were seen of it, dropped ones included, and their bytes.
    pub tally: Tally,
    /// When the first of them came.
    pub first_seen: SystemTime,
    /// When the last of them came.
    pub last_seen: SystemTime,
    /// The ports that it touched.
    pub touched: Touched,
    /// What stood in its slots when they were looked at last.
    slots: Vec<Known>,
}

/// A slot of a source.
#[derive(Clone, Copy, Debug)]
struct Known {
    interface: u32,
    cpu: usize,
    /// Jiffies when it was given the slot: which of its times there this is.
    first_seen: u64,
    tally: Tally,
}

/// Remembers a bounded number of sources: those that came last.
#[derive(Debug)]
pub struct Ledger {
    capacity: usize,
    sources: HashMap<IpAddr, Remembered>,
    /// Sources that were forgotten, for others came later.
    pub forgotten: u64,
    /// Who has not come since is not remembered again.
    horizon: SystemTime,
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

impl Ledger {
    /// For so many sources.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, sources: HashMap::new(), forgotten: 0, horizon: SystemTime::UNIX_EPOCH }
    }

    /// Remembers more or fewer.
    pub fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.forget();
    }

    /// Takes note of one frame, where it is a probe: of a capture, whose every frame is seen.
    pub fn note(&mut self, finding: &Finding, bytes: u64, time: SystemTime) {
        let (Outcome::Probe | Outcome::Dropped, Some(transport)) =
            (finding.outcome, finding.transport)
        else {
            return;
        };
        let source = self.source(finding.source.address(), (time, time));
        source.tally.packets += 1;
        source.tally.bytes += bytes;
        source.first_seen = source.first_seen.min(time);
        source.last_seen = source.last_seen.max(time);
        source.touched.ports.insert((transport, finding.port));
        self.forget();
    }

    fn source(
        &mut self,
        address: IpAddr,
        (first, last): (SystemTime, SystemTime),
    ) -> &mut Remembered {
        self.sources.entry(address).or_insert_with(|| Remembered {
            tally: Tally::default(),
            first_seen: first,
            last_seen: last,
            touched: Touched::default(),
            slots: Vec::new(),
        })
    }

    /// Takes note of what has changed in the tables of an interface, by its index, since they were
    /// looked at last.
    pub fn update(&mut self, interface: u32, sources: &Sources, moment: &Moment) {
        for slot in &sources.slots {
            let last_seen = moment.wall_at(slot.last_seen());
            let address = slot.address();
            if last_seen <= self.horizon && !self.sources.contains_key(&address) {
                continue;
            }
            let first_seen = moment.wall_at(slot.first_seen());
            let source = self.source(address, (first_seen, last_seen));
            let now = Known {
                interface,
                cpu: slot.cpu,
                first_seen: slot.first_seen(),
                tally: slot.tally(),
            };
            let news = source.replace(now);
            if news.packets == 0 {
                continue;
            }
            source.tally.packets += news.packets;
            source.tally.bytes += news.bytes;
            source.first_seen = source.first_seen.min(first_seen);
            source.last_seen = source.last_seen.max(last_seen);
            source.touched.add(sources.touched(slot));
        }
        self.forget();
    }

    /// Makes room, an eighth at once, where there are too many.
    fn forget(&mut self) {
        if self.sources.len() <= self.capacity {
            return;
        }
        let keep = self.capacity - self.capacity / 8;
        let mut times: Vec<SystemTime> = self.sources.values().map(|it| it.last_seen).collect();
        let at = times.len() - keep - 1;
        let (_, horizon, _) = times.select_nth_unstable(at);
        self.horizon = *horizon;
        let before = self.sources.len();
        self.sources.retain(|_, source| source.last_seen > self.horizon);
        self.forgotten += (before - self.sources.len()) as u64;
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// What is remembered of a source.
    pub fn get(&self, address: IpAddr) -> Option<&Remembered> {
        self.sources.get(&address)
    }

    /// Those with the most probes, so many at most.
    pub fn top(&self, count: usize) -> Vec<(IpAddr, &Remembered)> {
        let mut all: Vec<_> = self.sources.iter().map(|(address, it)| (*address, it)).collect();
        all.sort_by_key(|(address, it)| (std::cmp::Reverse(it.tally.packets), *address));
        all.truncate(count);
        all
    }
}

impl Remembered {
    /// Notes what stands in a slot; returns what has been counted there since.
    fn replace(&mut self, now: Known) -> Tally {
        let is_same = |known: &&mut Known| (known.interface, known.cpu) == (now.interface, now.cpu);
        let Some(known) = self.slots.iter_mut().find(is_same) else {
            self.slots.push(now);
            return now.tally;
        };
        let before = std::mem::replace(known, now);
        // It lost the slot and got it again, or it is the table of another program.
        let is_other =
            before.first_seen != now.first_seen || before.tally.packets > now.tally.packets;
        if is_other {
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
    use std::{net::Ipv4Addr, time::Duration};

    use port12_common::{
        Transport,
        abi::{FIRST_TOUCH, Source, SourceAddress},
    };

    use super::*;

    const HZ: u64 = 100;

    fn moment(jiffies: u64) -> Moment {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000 + jiffies * 1000 / HZ);
        Moment { jiffies, hz: HZ, wall }
    }

    fn slot(cpu: usize, number: u32, packets: u64, (first, last): (u64, u64)) -> (usize, Source) {
        let address = SourceAddress::v4(number.to_be());
        let source = Source {
            address,
            packets,
            bytes: packets * 60,
            first_seen: first,
            last_seen: last,
            only: u64::from(FIRST_TOUCH) + 1,
            ..Source::EMPTY
        };
        (cpu, source)
    }

    fn tables(slots: &[(usize, Source)]) -> Sources {
        Sources::of(slots, &[(FIRST_TOUCH, (Transport::Tcp, 12))])
    }

    fn packets(ledger: &Ledger, number: u32) -> Option<u64> {
        Some(ledger.get(Ipv4Addr::from_bits(number).into())?.tally.packets)
    }

    #[test]
    fn what_the_kernel_forgets_is_remembered() {
        let mut ledger = Ledger::new(100);
        // Two CPUs, two interfaces.
        ledger.update(1, &tables(&[slot(0, 7, 5, (10, 20)), slot(1, 7, 3, (12, 30))]), &moment(40));
        ledger.update(2, &tables(&[slot(0, 7, 2, (5, 35))]), &moment(40));
        assert_eq!(packets(&ledger, 7), Some(10));
        // Nothing new, and looked at again.
        ledger.update(2, &tables(&[slot(0, 7, 2, (5, 35))]), &moment(50));
        assert_eq!(packets(&ledger, 7), Some(10));
        // One more on one CPU; on the other it has lost its slot.
        ledger.update(1, &tables(&[slot(0, 7, 6, (10, 60))]), &moment(70));
        assert_eq!(packets(&ledger, 7), Some(11));
        // It has a slot there again: it counts from one.
        ledger.update(1, &tables(&[slot(0, 7, 6, (10, 60)), slot(1, 7, 3, (80, 90))]), &moment(99));
        assert_eq!(packets(&ledger, 7), Some(14));
        let known = ledger.get(Ipv4Addr::from_bits(7).into()).expect("it is remembered");
        assert_eq!(known.tally.bytes, 14 * 60);
        assert_eq!(known.first_seen, moment(99).wall_at(5));
        assert_eq!(known.last_seen, moment(99).wall_at(90));
        assert_eq!(known.touched.ports.len(), 1);
    }

    #[test]
    fn those_that_came_last_are_remembered_and_the_others_do_not_come_back() {
        let mut ledger = Ledger::new(80);
        let slots: Vec<_> =
            (1..=100).map(|number| slot(0, number, 1, (1, u64::from(number)))).collect();
        for round in 0..3 {
            ledger.update(1, &tables(&slots), &moment(200));
            assert_eq!((ledger.len(), ledger.forgotten), (70, 30), "{round}");
            assert_eq!((packets(&ledger, 30), packets(&ledger, 31)), (None, Some(1)));
        }
        // One of them comes again.
        ledger.update(1, &tables(&[slot(0, 30, 4, (1, 300))]), &moment(300));
        assert_eq!(packets(&ledger, 30), Some(4));
    }

    #[test]
    fn a_probe_of_a_capture_is_noted_and_nothing_else() {
        let mut ledger = Ledger::default();
        let mut finding = Finding {
            outcome: Outcome::Probe,
            reason: None,
            transport: Some(Transport::Udp),
            source: SourceAddress::v4(7_u32.to_be()),
            source_port: 4000,
            port: 14,
            shape: None,
            length: 60,
            now: 0,
        };
        for (outcome, second) in [
            (Outcome::Dropped, 9),
            (Outcome::Probe, 4),
            (Outcome::Reply, 1),
            (Outcome::LocalSocket, 2),
        ] {
            finding.outcome = outcome;
            ledger.note(&finding, 60, SystemTime::UNIX_EPOCH + Duration::from_secs(second));
        }
        let known = ledger.get(Ipv4Addr::from_bits(7).into()).expect("it is remembered");
        assert_eq!((known.tally.packets, known.tally.bytes), (2, 120));
        assert_eq!(known.first_seen, SystemTime::UNIX_EPOCH + Duration::from_secs(4));
        assert_eq!(known.last_seen, SystemTime::UNIX_EPOCH + Duration::from_secs(9));
        assert_eq!(known.touched.ports.first(), Some(&(Transport::Udp, 14)));
    }

    #[test]
    fn those_with_the_most_probes_come_first() {
        let mut ledger = Ledger::default();
        let slots: Vec<_> = (1..=20).map(|number| slot(0, number, number.into(), (1, 2))).collect();
        ledger.update(1, &tables(&slots), &moment(10));
        let top: Vec<u64> = ledger.top(3).iter().map(|(_, it)| it.tally.packets).collect();
        assert_eq!(top, [20, 19, 18]);
    }
}
