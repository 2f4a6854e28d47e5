//! What the rows are held against.

use serde::Serialize;

use super::statistics::Summary;

/// The most that a row may add, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Target {
    /// At the median.
    pub median: f64,
    /// On a quiet machine.
    pub quiet: f64,
}

/// A frame to a high or assigned port, IPv4.
pub const PASS: Target = Target { median: 7.0, quiet: 5.0 };
/// A TCP SYN counted and dropped, the socket bitmap fresh, IPv4, with no record of who sent it.
pub const DROP: Target = Target { median: 12.0, quiet: 9.0 };
/// What the record adds, up to a thousand sources.
pub const SOURCES: Target = Target { median: 5.0, quiet: 5.0 };
/// What it adds, however many there are.
pub const MANY_SOURCES: Target = Target { median: 25.0, quiet: 25.0 };
/// What telling of first touches adds to a frame that is none.
pub const EVENTS: Target = Target { median: 5.0, quiet: 5.0 };
/// How many times cheaper than xdp-filter's full build.
pub const RATIO: f64 = 8.0;

impl Target {
    /// For IPv6, or behind a VLAN tag: 3 ns more for each.
    pub const fn plus(self, steps: u8) -> Self {
        let more = 3.0 * steps as f64;
        Self { median: self.median + more, quiet: self.quiet + more }
    }

    /// With another thing to do.
    pub const fn and(self, other: Self) -> Self {
        Self { median: self.median + other.median, quiet: self.quiet + other.quiet }
    }

    /// Whether both figures are within the target.
    pub fn is_met(&self, summary: &Summary) -> bool {
        summary.median <= self.median && summary.quiet <= self.quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_by_both_figures_or_not_at_all() {
        let cost = |median, quiet| Summary { median, quiet, lower: 0.0, upper: 0.0 };
        assert!(PASS.is_met(&cost(7.0, 5.0)));
        assert!(!PASS.is_met(&cost(7.1, 5.0)));
        assert!(!PASS.is_met(&cost(7.0, 5.1)));
        assert!(PASS.plus(2).is_met(&cost(13.0, 11.0)));
    }
}
