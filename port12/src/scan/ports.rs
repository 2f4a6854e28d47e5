//! A set of well-known ports.

use port12_common::{Transport, abi::PORTS};

const WORD: usize = u64::BITS as usize;
const _: () = assert!(Transport::ALL.len() * PORTS / WORD <= u128::BITS as usize);

/// An exact set: 8 bytes for each 64 neighbouring ports of which one is in it, 640 at most.
#[derive(Debug, Default)]
pub struct Ports {
    /// Which words there are.
    present: u128,
    /// Those that are, in order.
    words: Vec<u64>,
}

impl Ports {
    /// Adds a port below [`PORTS`]. Returns whether it is new.
    pub fn insert(&mut self, transport: Transport, port: u16) -> bool {
        let (word, bit) = place(transport, port);
        let index = self.index(word);
        if self.present >> word & 1 == 0 {
            self.present |= 1 << word;
            self.words.insert(index, 0);
        }
        let is_new = self.words[index] & bit == 0;
        self.words[index] |= bit;
        is_new
    }

    /// Whether a port is in it.
    pub fn contains(&self, transport: Transport, port: u16) -> bool {
        let (word, bit) = place(transport, port);
        self.present >> word & 1 == 1 && self.words[self.index(word)] & bit != 0
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Transport, u16)> {
        let words = (0..u128::BITS as usize).filter(|word| self.present >> word & 1 == 1);
        words.zip(&self.words).flat_map(|(word, bits)| {
            (0..WORD).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| {
                let number = word * WORD + bit;
                (Transport::ALL[number / PORTS], (number % PORTS) as u16)
            })
        })
    }

    /// Where a word is, or belongs.
    fn index(&self, word: usize) -> usize {
        (self.present & ((1 << word) - 1)).count_ones() as usize
    }
}

/// The word of a port, and its bit there.
fn place(transport: Transport, port: u16) -> (usize, u64) {
    let number = transport as usize * PORTS + usize::from(port);
    (number / WORD, 1 << (number % WORD))
}
