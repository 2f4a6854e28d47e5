//! The kernel's jiffies, and the time of day that they stand for.

mod timeline;

use std::time::{Duration, SystemTime};

use aya::programs::{ProgramError, TestRun as _, TestRunOptions, Xdp};
use port12_common::abi::Clock;

pub use timeline::Timeline;

use super::mapped::Mapped;
use crate::{host::time::since_boot, mapped_read};

/// Asks the kernel for its jiffies, by a test-run of the program that reads them.
///
/// # Errors
///
/// Error of the test-run.
pub fn ask(program: &Xdp, clock: &Mapped<Clock>, hz: u64) -> Result<Moment, ProgramError> {
    // Test-run wants an Ethernet header.
    let options = TestRunOptions { data_in: Some(&[0; 14]), ..TestRunOptions::new() };
    program.test_run(options)?;
    let jiffies = mapped_read!(clock.first(), jiffies);
    Ok(Moment { jiffies, hz, wall: SystemTime::now() })
}

/// Jiffies and the wall clock at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment {
    /// `bpf_jiffies64`.
    pub jiffies: u64,
    /// Jiffies in a second.
    pub hz: u64,
    /// The time of day.
    pub wall: SystemTime,
}

impl Moment {
    /// The present one, with nanoseconds since boot in place of jiffies (`bpf_ktime_get_boot_ns`).
    pub fn since_boot() -> Self {
        let boot_ns = u64::try_from(since_boot().as_nanos()).unwrap_or(u64::MAX);
        Self { jiffies: boot_ns, hz: 1_000_000_000, wall: SystemTime::now() }
    }

    /// The time of day at a jiffy before this moment, by the present wall clock. Jiffies stop while the machine is
    /// suspended.
    pub fn wall_at(&self, jiffies: u64) -> SystemTime {
        self.at(jiffies.min(self.jiffies))
    }

    /// The time of day at a jiffy before or after this moment, by the jiffies between them.
    fn at(&self, jiffies: u64) -> SystemTime {
        let nanoseconds = |jiffies: u64| {
            let nanoseconds = u128::from(jiffies) * 1_000_000_000 / u128::from(self.hz.max(1));
            Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
        };
        let wall = match jiffies.checked_sub(self.jiffies) {
            Some(later) => self.wall.checked_add(nanoseconds(later)),
            None => self.wall.checked_sub(nanoseconds(self.jiffies - jiffies)),
        };
        // A time before the epoch is none that a report can write.
        wall.unwrap_or(SystemTime::UNIX_EPOCH).max(SystemTime::UNIX_EPOCH)
    }

    /// The jiffy `duration` later, rounded up.
    pub fn after(&self, duration: Duration) -> u64 {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.jiffies.saturating_add(milliseconds.saturating_mul(self.hz).div_ceil(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jiffies_become_the_time_of_day() {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let moment = Moment { jiffies: 5000, hz: 250, wall };
        assert_eq!(moment.wall_at(5000), wall);
        assert_eq!(moment.wall_at(4750), wall - Duration::from_secs(1));
        assert_eq!(moment.wall_at(6000), wall);
        let ancient = Moment { jiffies: u64::MAX, hz: 1, wall };
        assert_eq!(ancient.wall_at(0), SystemTime::UNIX_EPOCH);
    }

    #[test]
    fn a_deadline_is_rounded_up_to_the_next_jiffy() {
        let moment = Moment { jiffies: 10, hz: 100, wall: SystemTime::UNIX_EPOCH };
        assert_eq!(moment.after(Duration::from_secs(2)), 210);
        assert_eq!(moment.after(Duration::from_millis(1)), 11);
    }
}
