//! Preparation of the tables of sources.

use std::{
    hash::{BuildHasher as _, RandomState},
    ops::Deref,
    time::Duration,
};

use port12_common::{
    Transport,
    abi::{CpuCounters, FIRST_TOUCH, SLOTS, Source, TOUCHES},
    watched,
};

use super::SourceMap;
use crate::{
    kernel::{mapped::MappedMut, state::Rules},
    mapped_part_mut, mapped_write,
};

/// What a source weighs is halved in about this time, between half of it and all.
const HALF_LIFE: Duration = Duration::from_secs(16);

/// Transports whose ports have bits of their own. With those of the registry they take 848 of the bits; the
/// rest is for what a policy adds. Those who scan UDP-Lite and DCCP are told by the transport.
const TOLD_APART: [Transport; 3] = [Transport::Tcp, Transport::Udp, Transport::Sctp];

/// The part of the counters that is about sources, to be written.
#[derive(Clone, Copy)]
pub struct SourceWriter<'a> {
    counters: &'a MappedMut<CpuCounters>,
    sources: SourceMap<'a>,
}

impl<'a> Deref for SourceWriter<'a> {
    type Target = SourceMap<'a>;

    fn deref(&self) -> &SourceMap<'a> {
        &self.sources
    }
}

impl<'a> SourceWriter<'a> {
    /// The sources among counters.
    pub fn new(counters: &'a MappedMut<CpuCounters>) -> Self {
        Self { counters, sources: SourceMap::new(counters) }
    }

    /// Prepares the tables of a program that has seen no frame: who shares a place in them is nothing
    /// that a sender can know.
    pub fn prepare(self, hz: u64) {
        let random = |number: usize| RandomState::new().hash_one(number);
        // One for all CPUs: else what they estimate could not be put together.
        let seed = random(0);
        for (number, cpu) in self.counters.elements_mut().enumerate() {
            let sources = mapped_part_mut!(cpu, sources);
            mapped_write!(sources, seed => seed);
            mapped_write!(sources, half_life => half_life(hz));
            mapped_write!(sources, random => random(number) | 1);
        }
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
            // A program that reads them meanwhile finds the old or the new bit of its port.
            for cpu in self.counters.elements_mut() {
                mapped_write!(cpu, touches => touches);
            }
        }
    }

    /// Empties the tables of a program that sees no frame meanwhile, and chooses another place for
    /// every source.
    pub fn forget(self, hz: u64) {
        self.prepare(hz);
        for cpu in self.counters.elements_mut() {
            for index in 0..SLOTS {
                mapped_write!(cpu, sources.slots[index] => Source::EMPTY);
            }
        }
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
