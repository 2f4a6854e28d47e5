//! Source tables of one program instance.

mod estimate;
mod touched;
mod writer;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::atomic::{Ordering, fence},
};

use port12_common::{
    Transport,
    abi::{self, CpuCounters, FIRST_TOUCH, PORTS, REGISTERS, SLOTS, Source, Tally, Touches},
};

use self::estimate::estimate;
pub use self::{touched::Touched, writer::SourceWriter};
use super::mapped::{Element, Mapped};
use crate::{mapped_part, mapped_read};

/// Facts about one source, over all its slots.
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
    /// Content of the tables, in the order of their slots.
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

/// The part of the counters that is about sources, to be read.
#[derive(Clone, Copy)]
pub struct SourceMap<'a>(&'a Mapped<CpuCounters>);

impl<'a> SourceMap<'a> {
    /// The sources among counters.
    pub const fn new(counters: &'a Mapped<CpuCounters>) -> Self {
        Self(counters)
    }

    /// Which tables these are, whatever interface they belong to: all CPUs' have one seed.
    pub fn tables(self) -> u64 {
        mapped_read!(self.0.first(), sources.seed)
    }

    fn touches(self) -> Touches {
        // Only user space writes this part.
        mapped_read!(self.0.first(), touches)
    }

    /// Present records.
    pub fn read(self) -> Sources {
        let ports = ports(&self.touches());
        let mut sources = Sources { tables: self.tables(), ports, ..Sources::default() };
        let mut registers = [0; REGISTERS];
        for (number, cpu) in self.0.elements().enumerate() {
            let table = mapped_part!(cpu, sources);
            sources.places += SLOTS;
            sources.evictions += mapped_read!(table, evictions);
            sources.evicted += mapped_read!(table, evicted);
            sources.refused += mapped_read!(table, refused);
            registers
                .iter_mut()
                .zip(mapped_read!(table, registers))
                .for_each(|(most, register)| *most = register.max(*most));
            for index in 0..SLOTS {
                let place = number * SLOTS + index;
                let slot = mapped_part!(table, slots[index]);
                if let Some((source, touched)) = settled(slot, mapped_part!(table, touched[index]))
                {
                    sources.slots.push(Slot { place, source, touched });
                }
            }
        }
        sources.distinct = estimate(&registers);
        sources
    }
}

/// A copy of a slot that is not empty, and was not given to another meanwhile; and of what it has touched,
/// where that is more than one port.
fn settled(
    slot: Element<'_, Source>,
    touched: Element<'_, abi::Touched>,
) -> Option<(Source, Option<Box<abi::Touched>>)> {
    let before = mapped_read!(slot, first_seen);
    fence(Ordering::Acquire);
    let copy = slot.read();
    let touched = (copy.only == Source::MANY).then(|| Box::new(touched.read()));
    fence(Ordering::Acquire);
    let is_settled = before == mapped_read!(slot, first_seen) && before == copy.first_seen;
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

    /// Content of the tables, by source.
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
