//! Sets of ports, and the filter that has the kernel list the sockets on them alone.

use std::iter;

/// `INET_DIAG_BC_JMP`, `_S_GE` and `_S_LE` (linux/inet_diag.h).
const JUMP: u8 = 1;
const AT_LEAST: u8 = 2;
const AT_MOST: u8 = 3;

/// The kernel checks a filter in a time that grows with the square of its length, and takes no
/// attribute above 64 KiB. The registry's ports are some hundred ranges.
const MOST: usize = 512;

/// Bytes of a range in a filter.
const STEP: usize = 20;

/// Local ports, as ranges that neither touch nor overlap, in ascending order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PortRanges(Vec<(u16, u16)>);

impl PortRanges {
    /// The ports 0 to 1023.
    pub fn well_known() -> Self {
        iter::once((0, 1023)).collect()
    }

    /// Whether a port is among them.
    pub fn contains(&self, port: u16) -> bool {
        let after = self.0.partition_point(|&(first, _)| first <= port);
        after.checked_sub(1).is_some_and(|at| port <= self.0[at].1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A program that lets pass at least the sockets on these ports, and where there are no more
    /// than 512 ranges no others. Each range takes three operations: the port is at least the
    /// first, else it is on none of these ports, for all further ranges lie above it; at most the
    /// last, else to the next range; to the end. An operation says how far it is to the next one
    /// where it holds, in 8 bits, and where it does not, in 16; to end 4 bytes beyond the program
    /// is to be left out.
    pub(super) fn filter(&self) -> Vec<u8> {
        let hull = self.0.first().zip(self.0.last()).map(|(first, last)| (first.0, last.1));
        let ranges: &[(u16, u16)] = match self.0.len() {
            ..=MOST => &self.0,
            _ => hull.as_slice(),
        };
        let mut filter = Vec::with_capacity(STEP * ranges.len());
        // The last range needs no jump to the end.
        let whole = (STEP * ranges.len()).saturating_sub(4);
        for (index, &(first, last)) in ranges.iter().enumerate() {
            let at = STEP * index;
            push(&mut filter, AT_LEAST, 8, whole + 4 - at, Some(first));
            push(&mut filter, AT_MOST, 8, 12, Some(last));
            if index + 1 < ranges.len() {
                push(&mut filter, JUMP, 4, whole - at - 16, None);
            }
        }
        filter
    }
}

/// Appends an operation, and the port that it compares with.
fn push(filter: &mut Vec<u8>, code: u8, yes: u8, no: usize, port: Option<u16>) {
    filter.extend([code, yes]);
    filter.extend((no as u16).to_ne_bytes());
    if let Some(port) = port {
        filter.extend([0, 0]);
        filter.extend(port.to_ne_bytes());
    }
}

impl FromIterator<(u16, u16)> for PortRanges {
    /// Ranges as first and last port, in any order.
    fn from_iter<I: IntoIterator<Item = (u16, u16)>>(ranges: I) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().filter(|(first, last)| first <= last).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = last.max(before.1);
                }
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Interpretation of a filter by the kernel (net/ipv4/inet_diag.c, `inet_diag_bc_run`).
    fn passes(filter: &[u8], port: u16) -> bool {
        let number = |at: usize| u16::from_ne_bytes([filter[at], filter[at + 1]]);
        let (mut at, end) = (0, filter.len());
        while at < end {
            let holds = match filter[at] {
                AT_LEAST => port >= number(at + 6),
                AT_MOST => port <= number(at + 6),
                JUMP => false,
                code => panic!("operation {code}"),
            };
            at += if holds { filter[at + 1].into() } else { usize::from(number(at + 2)) };
        }
        assert!(at == end || at == end + 4, "{at} of {end}");
        at == end
    }

    fn check(ranges: &[(u16, u16)]) {
        let set: PortRanges = ranges.iter().copied().collect();
        let filter = set.filter();
        for port in 0..=u16::MAX {
            let wanted = ranges.iter().any(|&(first, last)| (first..=last).contains(&port));
            assert_eq!(set.contains(port), wanted, "{port}");
            assert_eq!(passes(&filter, port), wanted, "{port}");
        }
    }

    #[test]
    fn a_filter_passes_the_ports_of_its_ranges_and_no_others() {
        check(&[(0, 1023)]);
        check(&[(12, 12)]);
        check(&[(0, u16::MAX)]);
        check(&[(4, 4), (6, 6), (14, 16), (1023, 1023), (60_000, u16::MAX)]);
        check(&[(14, 16), (15, 20), (21, 21), (2, 3)]);
    }

    #[test]
    fn more_ranges_than_a_filter_takes_are_told_apart_afterwards() {
        let set: PortRanges = (100..2_000).map(|port| (2 * port, 2 * port)).collect();
        let filter = set.filter();
        assert!(filter.len() <= STEP * MOST);
        assert!(passes(&filter, 200) && passes(&filter, 201) && set.contains(200));
        assert!(!passes(&filter, 199) && !passes(&filter, 3_999) && !set.contains(201));
    }
}
