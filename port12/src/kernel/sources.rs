//! Who knocks, as one program instance has recorded it.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::atomic::{Ordering, fence},
    time::Duration,
};

use port12_common::{
    Transport,
    abi::{CpuCounters, FIRST_TOUCH, PORTS, REGISTERS, SLOTS, Source, TOUCHES, Tally, Touches},
    watched,
};

use super::{mapped::Mapped, state::Rules};

/// What a source weighs is halved in about this time, between half of it and all.
const HALF_LIFE: Duration = Duration::from_secs(16);

/// Transports whose ports have bits of their own. With those of the registry they take 848 of the bits; the
/// rest is for what a policy adds. Those who scan UDP-Lite and DCCP are told by the transport.
const TOLD_APART: [Transport; 3] = [Transport::Tcp, Transport::Udp, Transport::Sctp];

/// What was seen of one source, over the slots that it has.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Seen {
    /// Probes, dropped ones included.
    pub packets: u64,
    /// Bytes of those probes.
    pub bytes: u64,
    /// Jiffies of the first of them.
    pub first_seen: u64,
    /// Jiffies of the last of them.
    pub last_seen: u64,
    /// The ports that it touched.
    pub touched: Touched,
}

/// Ports that a source touched. Most touch one or two, and thousands of sources are remembered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Touched {
    /// Transport and port in one number, ascending.
    ports: Vec<u16>,
    /// Bits by transport.
    others: u8,
}

/// A source on one CPU: what was seen of it there since it was last given a slot.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Where it is, among all the slots of the interface.
    pub place: usize,
    source: Source,
}

/// The sources of one interface.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Which tables these are, whatever interface they belong to.
    pub tables: u64,
    /// How many slots there are, empty ones included.
    pub places: usize,
    /// What is in the tables, in the order of their places.
    pub slots: Vec<Slot>,
    /// How many different sources have knocked since the program was attached: an estimate, with a
    /// standard error of 1.6 %.
    pub distinct: u64,
    /// Sources that lost their slot to another.
    pub evictions: u64,
    /// The probes that had been counted for them.
    pub evicted: Tally,
    /// Probes that were counted for no source.
    pub refused: Tally,
    ports: BTreeMap<u16, (Transport, u16)>,
}

/// The part of the counters that is about sources.
#[derive(Clone, Copy)]
pub struct SourceMap<'a>(&'a Mapped<CpuCounters>);

impl<'a> SourceMap<'a> {
    /// The sources among counters.
    pub const fn new(counters: &'a Mapped<CpuCounters>) -> Self {
        Self(counters)
    }

    fn cpus(self) -> impl Iterator<Item = *mut CpuCounters> {
        (0..self.0.len()).filter_map(move |cpu| self.0.pointer(cpu))
    }

    /// Prepares the tables of a program that has seen no frame: who shares a place in them is nothing
    /// that a sender can know.
    pub fn prepare(self, hz: u64) {
        let random = |number: usize| RandomState::new().hash_one(number);
        // One for all CPUs: else what they estimate could not be put together.
        let seed = random(0);
        for (number, cpu) in self.cpus().enumerate() {
            // SAFETY: the element is mapped for writing, and the program is not attached.
            unsafe {
                let sources = &raw mut (*cpu).sources;
                (&raw mut (*sources).seed).write_volatile(seed);
                (&raw mut (*sources).half_life).write_volatile(half_life(hz));
                (&raw mut (*sources).random).write_volatile(random(number) | 1);
            }
        }
    }

    fn touches(self) -> Touches {
        // SAFETY: the element is mapped, and only user space writes this part of it.
        unsafe { (&raw const (*self.0.first()).touches).read_volatile() }
    }

    /// Sees to it that the ports that rules watch are told apart, as far as there are bits. A port
    /// keeps its bit for as long as the counters live; those that the registry lists as unassigned have
    /// theirs before all others.
    pub fn tell_apart(self, rules: &Rules) {
        let mut touches = self.touches();
        let taken = touches.0.iter().flatten().copied().max().unwrap_or(0);
        let mut next = taken.max(FIRST_TOUCH - 1) + 1;
        let mut changed = false;
        let of_registry = |transport: Transport, port: usize| {
            watched::BITS[transport as usize][port / 64] >> (port % 64) & 1 == 1
        };
        let of_policy =
            |transport: Transport, port: usize| rules[transport as usize][port].watches();
        let wanted: [&dyn Fn(Transport, usize) -> bool; 2] = [&of_registry, &of_policy];
        for is_wanted in wanted {
            for transport in TOLD_APART {
                for (port, bit) in touches.0[transport as usize].iter_mut().enumerate() {
                    if *bit < FIRST_TOUCH
                        && usize::from(next) < TOUCHES
                        && is_wanted(transport, port)
                    {
                        *bit = next;
                        next += 1;
                        changed = true;
                    }
                }
            }
        }
        for transport in Transport::ALL {
            for bit in touches.0[transport as usize].iter_mut().filter(|bit| **bit == 0) {
                *bit = other(transport);
                changed = true;
            }
        }
        if changed {
            for cpu in self.cpus() {
                // SAFETY: the element is mapped for writing; a program that reads it meanwhile finds
                // the old or the new bit of its port.
                unsafe { (&raw mut (*cpu).touches).write_volatile(touches) };
            }
        }
    }

    /// Empties the tables of a program that sees no frame meanwhile.
    pub fn forget(self) {
        for cpu in self.cpus() {
            // SAFETY: the element is mapped for writing, and a slot of zeros is an empty one.
            unsafe {
                let buckets = &raw mut (*cpu).sources.buckets;
                buckets.cast::<u8>().write_bytes(0, SLOTS * size_of::<Source>());
            }
        }
    }

    /// What is recorded now.
    pub fn read(self) -> Sources {
        let mut sources = Sources { ports: ports(&self.touches()), ..Sources::default() };
        let mut registers = [0; REGISTERS];
        for (number, cpu) in self.cpus().enumerate() {
            // SAFETY: the element is mapped; the program may be writing, so it is only copied from.
            let table = unsafe { &raw const (*cpu).sources };
            // SAFETY: as above.
            let (evictions, evicted, refused, of_cpu) = unsafe {
                (
                    (&raw const (*table).evictions).read_volatile(),
                    (&raw const (*table).evicted).read_volatile(),
                    (&raw const (*table).refused).read_volatile(),
                    (&raw const (*table).registers).read_volatile(),
                )
            };
            // SAFETY: as above.
            sources.tables = unsafe { (&raw const (*table).seed).read_volatile() };
            sources.places += SLOTS;
            sources.evictions += evictions;
            add(&mut sources.evicted, evicted);
            add(&mut sources.refused, refused);
            registers
                .iter_mut()
                .zip(of_cpu)
                .for_each(|(most, register)| *most = register.max(*most));
            // SAFETY: as above.
            let slots = unsafe { &raw const (*table).buckets }.cast::<Source>();
            for index in 0..SLOTS {
                // SAFETY: as above; the slot lies within the table.
                if let Some(source) = settled(unsafe { slots.add(index) }) {
                    sources.slots.push(Slot { place: number * SLOTS + index, source });
                }
            }
        }
        sources.distinct = estimate(&registers);
        sources
    }
}

/// How often 1,024 jiffies are doubled without exceeding the half-life.
fn half_life(hz: u64) -> u64 {
    u64::from((HALF_LIFE.as_secs() * hz / 1024).max(1).ilog2())
}

/// The bit of a transport's ports that have none of their own.
const fn other(transport: Transport) -> u16 {
    1 + transport as u16
}

/// A copy of a slot that is not empty, and was not given to another meanwhile.
fn settled(slot: *const Source) -> Option<Source> {
    // SAFETY: the caller's slot is mapped.
    let first_seen = || unsafe { (&raw const (*slot).first_seen).read_volatile() };
    let before = first_seen();
    fence(Ordering::Acquire);
    // SAFETY: as above.
    let copy = unsafe { slot.read_volatile() };
    fence(Ordering::Acquire);
    let is_settled = before == first_seen() && before == copy.first_seen;
    (is_settled && before != 0 && copy.packets != 0).then_some(copy)
}

fn add(sum: &mut Tally, tally: Tally) {
    sum.packets += tally.packets;
    sum.bytes += tally.bytes;
}

/// The port of each bit that stands for one.
fn ports(touches: &Touches) -> BTreeMap<u16, (Transport, u16)> {
    let mut ports = BTreeMap::new();
    for transport in Transport::ALL {
        for port in 0..PORTS as u16 {
            let bit = touches.bit(transport, port);
            if bit >= FIRST_TOUCH {
                ports.insert(bit, (transport, port));
            }
        }
    }
    ports
}

impl Slot {
    /// Where the packets say they come from.
    pub fn address(&self) -> IpAddr {
        self.source.address.address()
    }

    /// Probes, dropped ones included, and their bytes.
    pub fn tally(&self) -> Tally {
        Tally { packets: self.source.packets, bytes: self.source.bytes }
    }

    /// Jiffies when it was given the slot.
    pub fn first_seen(&self) -> u64 {
        self.source.first_seen
    }

    /// Jiffies of its last probe.
    pub fn last_seen(&self) -> u64 {
        self.source.last_seen
    }
}

impl Sources {
    /// Tables with these slots, by CPU, under the port of each bit.
    #[cfg(test)]
    pub(crate) fn of(
        tables: u64,
        slots: &[(usize, Source)],
        ports: &[(u16, (Transport, u16))],
    ) -> Self {
        let slots = slots.iter().map(|&(place, source)| Slot { place, source }).collect();
        let ports = ports.iter().copied().collect();
        Self { tables, places: 4 * SLOTS, slots, ports, ..Self::default() }
    }

    /// The ports that a source touched since it was given its slot.
    pub fn touched(&self, slot: &Slot) -> Touched {
        let mut touched = Touched::default();
        for bit in bits(&slot.source) {
            match bit {
                0 => Transport::ALL.into_iter().for_each(|it| touched.insert_other(it)),
                _ if bit < FIRST_TOUCH => {
                    Transport::ALL
                        .get(usize::from(bit) - 1)
                        .into_iter()
                        .for_each(|it| touched.insert_other(*it));
                }
                _ => self
                    .ports
                    .get(&bit)
                    .into_iter()
                    .for_each(|(transport, port)| touched.insert(*transport, *port)),
            }
        }
        touched
    }

    /// What is in the tables, by source.
    pub fn merged(&self) -> BTreeMap<IpAddr, Seen> {
        let mut merged: BTreeMap<IpAddr, Seen> = BTreeMap::new();
        for slot in &self.slots {
            let seen = merged.entry(slot.address()).or_default();
            let first = slot.first_seen();
            seen.first_seen = if seen.packets == 0 { first } else { seen.first_seen.min(first) };
            seen.last_seen = seen.last_seen.max(slot.last_seen());
            seen.packets += slot.source.packets;
            seen.bytes += slot.source.bytes;
            seen.touched.add(&self.touched(slot));
        }
        merged
    }
}

impl Touched {
    const PORT_BITS: u32 = PORTS.trailing_zeros();

    /// A port.
    pub fn insert(&mut self, transport: Transport, port: u16) {
        let number = (transport as u16) << Self::PORT_BITS | port & (PORTS as u16 - 1);
        if let Err(at) = self.ports.binary_search(&number) {
            self.ports.insert(at, number);
        }
    }

    /// A port of a transport, of which it is not known which.
    pub fn insert_other(&mut self, transport: Transport) {
        self.others |= 1 << transport as u8;
    }

    /// What another touched as well.
    pub fn add(&mut self, other: &Self) {
        self.others |= other.others;
        if other.ports.iter().any(|number| self.ports.binary_search(number).is_err()) {
            self.ports.extend(&other.ports);
            self.ports.sort_unstable();
            self.ports.dedup();
        }
    }

    /// The ports that are told apart, by transport and number.
    pub fn ports(&self) -> impl Iterator<Item = (Transport, u16)> + '_ {
        let port = |number: &u16| {
            let transport = Transport::ALL.get(usize::from(number >> Self::PORT_BITS))?;
            Some((*transport, number & (PORTS as u16 - 1)))
        };
        self.ports.iter().filter_map(port)
    }

    /// Transports of further ports; all of them, where it is not known which.
    pub fn others(&self) -> impl Iterator<Item = Transport> + '_ {
        Transport::ALL.into_iter().filter(|transport| self.others >> *transport as u8 & 1 == 1)
    }

    /// How many ports, as far as they are told apart.
    pub fn count(&self) -> usize {
        self.ports.len() + self.others.count_ones() as usize
    }
}

/// The bits of a source's set.
fn bits(source: &Source) -> Vec<u16> {
    if source.only != Source::MANY {
        let only = source.only.checked_sub(1).and_then(|bit| u16::try_from(bit).ok());
        return only.into_iter().collect();
    }
    let of_word = |(index, word): (usize, &u64)| {
        let word = *word;
        (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| index as u16 * 64 + bit)
    };
    source.touched.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(of_word).collect()
}

/// The number of sources that registers tell of (Ertl, "New cardinality estimation algorithms for
/// HyperLogLog sketches", 2017, algorithm 6): without a bias at any number.
fn estimate(registers: &[u8; REGISTERS]) -> u64 {
    /// The bits of a hash that do not choose the register.
    const Q: usize = 52;
    let count = REGISTERS as f64;
    let mut with = [0.0; Q + 2];
    for &register in registers {
        with[usize::from(register).min(Q + 1)] += 1.0;
    }
    let mut sum = count * tau(1.0 - with[Q + 1] / count);
    for of_value in with[1..=Q].iter().rev() {
        sum = 0.5 * (sum + of_value);
    }
    sum += count * sigma(with[0] / count);
    if sum.is_infinite() {
        return 0;
    }
    (count * count / (2.0 * 2_f64.ln() * sum)).round() as u64
}

/// x + the sum of x^(2^k) * 2^(k - 1), k from 1.
fn sigma(x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut factor, mut sum) = (x, 1.0, x);
    loop {
        power *= power;
        let before = sum;
        sum += power * factor;
        factor += factor;
        if sum <= before {
            return sum;
        }
    }
}

/// (1 - x - the sum of (1 - x^(2^-k))^2 * 2^-k, k from 1) / 3.
fn tau(x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut root, mut factor, mut sum) = (x, 1.0, 1.0 - x);
    loop {
        root = root.sqrt();
        let before = sum;
        factor *= 0.5;
        sum -= (1.0 - root).powi(2) * factor;
        if sum >= before {
            return sum / 3.0;
        }
    }
}
