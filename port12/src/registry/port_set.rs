//! A set of well-known ports.

use port12_common::abi::PORTS;

/// Some of the ports 0 to 1023.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PortSet([u64; PORTS / 64]);

impl PortSet {
    /// Bit `port % 64` of word `port / 64` is set where the set holds `port`: the layout of the
    /// kernel's tables.
    pub const fn bits(&self) -> &[u64; PORTS / 64] {
        &self.0
    }

    /// Whether `port` is in the set. Ports above 1023 never are.
    pub fn contains(&self, port: u16) -> bool {
        self.0.get(usize::from(port / 64)).is_some_and(|word| word & bit(port) != 0)
    }

    /// The ports in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + use<> {
        let set = *self;
        (0..PORTS as u16).filter(move |port| set.contains(*port))
    }

    /// How many ports there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; PORTS / 64]
    }

    /// The ports of this set that `other` lacks.
    pub fn without(&self, other: &Self) -> Self {
        let mut left = *self;
        for (word, other) in left.0.iter_mut().zip(other.0) {
            *word &= !other;
        }
        left
    }

    /// Runs of consecutive ports, as first and last.
    pub fn ranges(&self) -> Vec<(u16, u16)> {
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for port in self.iter() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == port => *last = port,
                _ => ranges.push((port, port)),
            }
        }
        ranges
    }
}

impl FromIterator<u16> for PortSet {
    /// Ports above 1023 are left out.
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Self {
        let mut set = Self::default();
        for port in ports {
            if let Some(word) = set.0.get_mut(usize::from(port / 64)) {
                *word |= bit(port);
            }
        }
        set
    }
}

const fn bit(port: u16) -> u64 {
    1 << (port % 64)
}

impl std::fmt::Display for PortSet {
    /// `4, 6, 14-15`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (first, last)) in self.ranges().into_iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match first == last {
                true => write!(formatter, "{comma}{first}")?,
                false => write!(formatter, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_ports_are_written_as_ranges() {
        let set: PortSet = [4, 6, 14, 15, 16, 1023].into_iter().collect();
        assert_eq!(set.to_string(), "4, 6, 14-16, 1023");
        assert_eq!(set.len(), 6);
    }

    #[test]
    fn a_port_above_1023_is_never_in_a_set() {
        let set: PortSet = [1024, 65_535].into_iter().collect();
        assert!(set.is_empty());
        assert!(!set.contains(1024));
    }

    #[test]
    fn ports_63_and_64_lie_in_neighbouring_words() {
        let set: PortSet = [63, 64].into_iter().collect();
        assert_eq!(set.bits()[0], 1 << 63);
        assert_eq!(set.bits()[1], 1);
    }
}
