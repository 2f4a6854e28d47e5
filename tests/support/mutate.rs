//! Random and mutated frames, the same ones for the same seed.

mod field;

use port12_common::Layer;

use super::{
    named::{self, NamedFrame},
    random::Random,
};

/// An endless source of frames.
pub struct Mutator {
    random: Random,
    named: Vec<NamedFrame>,
}

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), named: named::all() }
    }

    /// One frame: mostly a named one with up to four mutations, once in eight random bytes.
    pub fn frame(&mut self) -> (Layer, Vec<u8>) {
        if self.random.once_in(8) {
            return noise(&mut self.random);
        }
        let seed = &self.named[self.random.below(self.named.len())];
        let (mut layer, mut bytes) = (seed.layer, seed.bytes.clone());
        for _ in 0..self.random.below(5) {
            mutate(&mut self.random, &mut layer, &mut bytes);
        }
        // Longer frames than these add nothing, and BPF_PROG_TEST_RUN has a limit.
        bytes.truncate(1500);
        (layer, bytes)
    }
}

/// Random bytes, every other time behind the header of an IP packet's Ethernet frame.
fn noise(random: &mut Random) -> (Layer, Vec<u8>) {
    let mut bytes: Vec<u8> = (0..random.below(160)).map(|_| random.byte()).collect();
    if let (true, Some(header)) = (random.once_in(2), bytes.get_mut(12..15)) {
        let likely = random.pick(&[[8, 0, 0x45], [0x86, 0xdd, 0x60], [0x81, 0, 0]]);
        header.copy_from_slice(&likely);
    }
    (random.pick(&[Layer::Ethernet, Layer::Ethernet, Layer::Ethernet, Layer::Ip]), bytes)
}

fn mutate(random: &mut Random, layer: &mut Layer, bytes: &mut Vec<u8>) {
    let place = field::Place::of(*layer, bytes);
    match random.below(16) {
        0 => flip_a_bit(random, bytes),
        1 => {
            let length = random.below(bytes.len() + 1);
            bytes.truncate(length);
        }
        2 => bytes.extend((0..random.below(40)).map(|_| 0)),
        3 => bytes.extend((0..random.below(40)).map(|_| random.next() as u8).collect::<Vec<_>>()),
        4 if *layer == Layer::Ethernet => field::insert_vlan_tag(random, bytes),
        5 if *layer == Layer::Ethernet && bytes.len() > 14 => {
            *layer = Layer::Ip;
            bytes.drain(..place.network.min(bytes.len()));
        }
        6 | 7 => field::insert_extension_header(random, place, bytes),
        _ => field::set(random, place, bytes),
    }
}

fn flip_a_bit(random: &mut Random, bytes: &mut [u8]) {
    if !bytes.is_empty() {
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }
}
