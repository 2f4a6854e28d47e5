//! Who knocks, as one program instance has recorded it.

mod estimate;
mod touched;

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::atomic::{Ordering, fence},
    time::Duration,
};

use port12_common::{
    Transport,
    abi::{
        self, CpuCounters, FIRST_TOUCH, PORTS, REGISTERS, SLOTS, Source, TOUCHES, Tally, Touches,
    },
    watched,
};

use self::estimate::estimate;
pub use self::touched::Touched;
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

/// A source on one CPU: what was seen of it there since it was last given a slot.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Where it is, among all the slots of the interface.
    pub place: usize,
    source: Source,
    /// Where it has touched several ports.
    touched: Option<Box<abi::Touched>>,
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

    /// Which tables these are, whatever interface they belong to: all CPUs' have one seed.
    pub fn tables(self) -> u64 {
        // SAFETY: the element is mapped.
        unsafe { (&raw const (*self.0.first()).sources.seed).read_volatile() }
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

    /// Empties the tables of a program that sees no frame meanwhile, and chooses another place for
    /// every source.
    pub fn forget(self, hz: u64) {
        self.prepare(hz);
        for cpu in self.cpus() {
            // SAFETY: the element is mapped for writing, and a slot of zeros is an empty one.
            unsafe {
                let slots = &raw mut (*cpu).sources.slots;
                slots.cast::<u8>().write_bytes(0, SLOTS * size_of::<Source>());
            }
        }
    }

    /// What is recorded now.
    pub fn read(self) -> Sources {
        let ports = ports(&self.touches());
        let mut sources = Sources { tables: self.tables(), ports, ..Sources::default() };
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
            sources.places += SLOTS;
            sources.evictions += evictions;
            sources.evicted += evicted;
            sources.refused += refused;
            registers
                .iter_mut()
                .zip(of_cpu)
                .for_each(|(most, register)| *most = register.max(*most));
            // SAFETY: as above.
            let (slots, touched) = unsafe {
                (
                    (&raw const (*table).slots).cast::<Source>(),
                    (&raw const (*table).touched).cast::<abi::Touched>(),
                )
            };
            for index in 0..SLOTS {
                // SAFETY: as above; the slot lies within the table.
                let settled = unsafe { settled(slots.add(index), touched.add(index)) };
                if let Some((source, touched)) = settled {
                    sources.slots.push(Slot { place: number * SLOTS + index, source, touched });
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

/// A copy of a slot that is not empty, and was not given to another meanwhile; and of what it has touched,
/// where that is more than one port.
///
/// # Safety
///
/// Both are mapped.
unsafe fn settled(
    slot: *const Source,
    touched: *const abi::Touched,
) -> Option<(Source, Option<Box<abi::Touched>>)> {
    // SAFETY: the caller's slot is mapped.
    let first_seen = || unsafe { (&raw const (*slot).first_seen).read_volatile() };
    let before = first_seen();
    fence(Ordering::Acquire);
    // SAFETY: as above.
    let copy = unsafe { slot.read_volatile() };
    // SAFETY: as above.
    let touched = (copy.only == Source::MANY).then(|| Box::new(unsafe { touched.read_volatile() }));
    fence(Ordering::Acquire);
    let is_settled = before == first_seen() && before == copy.first_seen;
    (is_settled && before != 0 && copy.packets != 0).then_some((copy, touched))
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
        let slots =
            slots.iter().map(|&(place, source)| Slot { place, source, touched: None }).collect();
        let ports = ports.iter().copied().collect();
        Self { tables, places: 4 * SLOTS, slots, ports, ..Self::default() }
    }

    /// The ports that a source touched since it was given its slot.
    pub fn touched(&self, slot: &Slot) -> Touched {
        let mut touched = Touched::default();
        for bit in bits(slot) {
            let of_transport =
                usize::from(bit).checked_sub(1).and_then(|at| Transport::ALL.get(at));
            if let Some(&(transport, port)) = self.ports.get(&bit) {
                touched.insert(transport, port);
            } else if let Some(&transport) = of_transport {
                touched.insert_other(transport);
            } else if bit == 0 {
                Transport::ALL.into_iter().for_each(|transport| touched.insert_other(transport));
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

/// The bits of a source's set.
fn bits(slot: &Slot) -> Vec<u16> {
    let Some(touched) = &slot.touched else {
        let only = slot.source.only.checked_sub(1).and_then(|bit| u16::try_from(bit).ok());
        return only.into_iter().collect();
    };
    let of_word = |(index, word): (usize, &u64)| {
        let word = *word;
        (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| index as u16 * 64 + bit)
    };
    touched.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(of_word).collect()
}
