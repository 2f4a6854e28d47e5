//! Time in a pcapng file.

use std::time::Duration;

/// How an interface counts time: `if_tsresol` and `if_tsoffset`
/// (draft-ietf-opsawg-pcapng, section 4.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Clock {
    /// As in `if_tsresol`: a negative power of ten, or of two where the top bit is set.
    pub(super) resolution: u8,
    /// Seconds to add.
    pub(super) offset: i64,
}

/// Seconds since the epoch.
const YEAR_10000: u64 = 253_402_300_800;

impl Default for Clock {
    fn default() -> Self {
        Self { resolution: 6, offset: 0 }
    }
}

impl Clock {
    /// The time since the epoch, to the nanosecond; `None` where it lies before the epoch or
    /// after the year 9999, beyond what a date can be written of (RFC 3339 section 1).
    pub(super) fn time(self, units: u64) -> Option<Duration> {
        let nanoseconds = i128::try_from(self.nanoseconds(units)).ok()?;
        let total = nanoseconds + i128::from(self.offset) * 1_000_000_000;
        let total = u128::try_from(total).ok()?;
        let seconds = u64::try_from(total / 1_000_000_000).ok()?;
        if seconds >= YEAR_10000 {
            return None;
        }
        Some(Duration::new(seconds, (total % 1_000_000_000) as u32))
    }

    fn nanoseconds(self, units: u64) -> u128 {
        let units = u128::from(units);
        let power = u32::from(self.resolution & 0x7f);
        if self.resolution & 0x80 != 0 {
            return (units * 1_000_000_000) >> power;
        }
        match power.checked_sub(9) {
            None => units * 10_u128.pow(9 - power),
            // A unit so small that 64 bits of it are no nanosecond.
            Some(excess) => 10_u128.checked_pow(excess).map_or(0, |divisor| units / divisor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(resolution: u8, offset: i64, units: u64) -> Option<Duration> {
        Clock { resolution, offset }.time(units)
    }

    #[test]
    fn powers_of_ten_are_read() {
        assert_eq!(time(0, 0, 7), Some(Duration::from_secs(7)));
        assert_eq!(time(6, 0, 1_500_000), Some(Duration::from_millis(1500)));
        assert_eq!(time(9, 0, 1_000_000_001), Some(Duration::new(1, 1)));
        assert_eq!(time(12, 0, 1_000_000_001_999), Some(Duration::new(1, 1)));
    }

    #[test]
    fn powers_of_two_are_read() {
        assert_eq!(time(0x80 | 1, 0, 3), Some(Duration::from_millis(1500)));
        assert_eq!(time(0x80 | 32, 0, 5 << 31), Some(Duration::from_millis(2500)));
    }

    #[test]
    fn an_offset_shifts_either_way() {
        assert_eq!(time(6, 100, 1), Some(Duration::new(100, 1000)));
        assert_eq!(time(6, -1, 2_000_000), Some(Duration::from_secs(1)));
        assert_eq!(time(6, -3, 2_000_000), None);
    }

    #[test]
    fn a_time_that_no_date_says_is_none() {
        let last = Duration::new(253_402_300_799, 999_999_000);
        assert_eq!(time(6, 0, 253_402_300_799_999_999), Some(last));
        assert_eq!(time(6, 0, 253_402_300_800_000_000), None);
        assert_eq!(time(6, 1, 253_402_300_799_999_999), None);
    }

    #[test]
    fn no_resolution_overflows() {
        for resolution in 0..=u8::MAX {
            for offset in [i64::MIN, -1, 0, 1, i64::MAX] {
                for units in [0, 1, u64::MAX] {
                    let _ = time(resolution, offset, units);
                }
            }
        }
    }
}
