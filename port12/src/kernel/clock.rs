//! The kernel's jiffies, and what time they stand for.

use std::time::{Duration, SystemTime};

use aya::programs::{ProgramError, TestRun as _, TestRunOptions, Xdp};
use port12_common::abi::Clock;

use super::mapped::Mapped;

/// Asks the kernel for its jiffies, by a test-run of the program that reads them.
///
/// # Errors
///
/// What the kernel says to the test-run.
pub fn ask(program: &Xdp, clock: &Mapped<Clock>, hz: u64) -> Result<Moment, ProgramError> {
    // Test-run wants an Ethernet header.
    let options = TestRunOptions { data_in: Some(&[0; 14]), ..TestRunOptions::new() };
    program.test_run(options)?;
    // SAFETY: the mapping holds the element, and the program that writes it has ended.
    let jiffies = unsafe { (&raw const (*clock.first()).jiffies).read_volatile() };
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
    /// The time of day at a jiffy before this moment. Jiffies stop while the machine is suspended.
    pub fn wall_at(&self, jiffies: u64) -> SystemTime {
        let ago = u128::from(self.jiffies.saturating_sub(jiffies)) * 1000;
        let ago = u64::try_from(ago / u128::from(self.hz.max(1))).unwrap_or(u64::MAX);
        let wall = self.wall.checked_sub(Duration::from_millis(ago));
        // A time before the epoch is none that a report can write.
        wall.unwrap_or(SystemTime::UNIX_EPOCH).max(SystemTime::UNIX_EPOCH)
    }

    /// This moment by the wall clock of an earlier one, so that a jiffy has the same time of day
    /// in every report; but where the wall clock was set, or the machine slept, this moment.
    pub fn anchored(self, anchor: &Self) -> Self {
        let since = u128::from(self.jiffies.saturating_sub(anchor.jiffies)) * 1_000_000_000;
        let since = u64::try_from(since / u128::from(self.hz.max(1))).unwrap_or(u64::MAX);
        let Some(wall) = anchor.wall.checked_add(Duration::from_nanos(since)) else {
            return self;
        };
        let distance = match self.wall.duration_since(wall) {
            Ok(ahead) => ahead,
            Err(behind) => behind.duration(),
        };
        if distance < Duration::from_secs(1) { Self { wall, ..self } } else { self }
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
    fn a_jiffy_keeps_its_time_of_day_until_the_wall_clock_is_set() {
        let at = |milliseconds| SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds);
        let anchor = Moment { jiffies: 1000, hz: 250, wall: at(50_000) };
        let later = Moment { jiffies: 1250, hz: 250, wall: at(51_003) };
        assert_eq!(
            later.anchored(&anchor).wall_at(1100),
            anchor.wall_at(1100 - 100) + Duration::from_millis(400)
        );
        assert_eq!(later.anchored(&anchor).wall, at(51_000));
        let set = Moment { wall: at(90_000), ..later };
        assert_eq!(set.anchored(&anchor), set);
    }

    #[test]
    fn a_deadline_is_rounded_up_to_the_next_jiffy() {
        let moment = Moment { jiffies: 10, hz: 100, wall: SystemTime::UNIX_EPOCH };
        assert_eq!(moment.after(Duration::from_secs(2)), 210);
        assert_eq!(moment.after(Duration::from_millis(1)), 11);
    }
}
