//! Sets of ports.

use port12_common::{Transport, abi::PORTS};

/// Ports that a source touched. Most touch one or two, and thousands of sources are remembered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Touched {
    /// Transport and port in one number, ascending.
    ports: Vec<u16>,
    /// Bits by transport.
    others: u8,
}

impl Touched {
    const PORT_BITS: u32 = PORTS.trailing_zeros();

    /// A port. Whether it was not among them.
    pub fn insert(&mut self, transport: Transport, port: u16) -> bool {
        let number = (transport as u16) << Self::PORT_BITS | port & (PORTS as u16 - 1);
        let found = self.ports.binary_search(&number);
        if let Err(at) = found {
            self.ports.insert(at, number);
        }
        found.is_err()
    }

    /// A port of a transport, of which it is not known which.
    pub fn insert_other(&mut self, transport: Transport) {
        self.others |= 1 << transport as u8;
    }

    /// Adds the ports of another set.
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
