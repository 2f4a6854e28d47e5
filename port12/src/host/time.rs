//! The kernel's clocks.

use std::{
    io,
    time::{Duration, SystemTime},
};

/// The kernel's tick rate, in Hz: how many jiffies a second has. A coarse clock advances once a
/// tick, so its resolution is the tick.
///
/// # Errors
///
/// Where the kernel does not tell.
pub fn ticks_per_second() -> io::Result<u32> {
    let mut tick = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `tick` is a valid timespec for the kernel to fill.
    let result = unsafe { libc::clock_getres(libc::CLOCK_MONOTONIC_COARSE, &mut tick) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    rate(tick).ok_or_else(|| io::Error::other("the coarse clock has no resolution"))
}

fn rate(tick: libc::timespec) -> Option<u32> {
    const SECOND: u64 = 1_000_000_000;
    let tick = u64::try_from(tick.tv_nsec).ok().filter(|&tick| tick > 0)?;
    u32::try_from((SECOND + tick / 2) / tick).ok().filter(|&rate| rate > 0)
}

/// Nanoseconds since boot, suspend included: the clock of `bpf_ktime_get_boot_ns`.
///
/// # Errors
///
/// Where the kernel has no such clock.
pub fn boot_now_ns() -> io::Result<u64> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid timespec for the kernel to fill.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut now) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
}

/// The boot clock and the wall clock at one moment, to tell the wall time of an event.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    /// Nanoseconds since boot.
    pub boot_ns: u64,
    /// The wall clock.
    pub wall: SystemTime,
}

impl Clocks {
    /// Reads both clocks.
    ///
    /// # Errors
    ///
    /// As [`boot_now_ns`].
    pub fn now() -> io::Result<Self> {
        Ok(Self { boot_ns: boot_now_ns()?, wall: SystemTime::now() })
    }

    /// The wall time of a moment of the boot clock, as the wall clock stood at this reading.
    pub fn wall_at(&self, boot_ns: u64) -> SystemTime {
        let distance = Duration::from_nanos(boot_ns.abs_diff(self.boot_ns));
        let moved = match boot_ns >= self.boot_ns {
            true => self.wall.checked_add(distance),
            false => self.wall.checked_sub(distance),
        };
        moved.unwrap_or(self.wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_tells_the_rate_to_the_nearest_hertz() {
        let rate_of = |tv_nsec| rate(libc::timespec { tv_sec: 0, tv_nsec });
        assert_eq!(rate_of(10_000_000), Some(100));
        assert_eq!(rate_of(4_000_000), Some(250));
        assert_eq!(rate_of(3_333_333), Some(300));
        assert_eq!(rate_of(1_000_000), Some(1000));
        assert_eq!(rate_of(999_848), Some(1000));
        assert_eq!(rate_of(0), None);
    }

    #[test]
    fn this_kernel_has_a_usual_rate() {
        assert!([100, 250, 300, 1000].contains(&ticks_per_second().unwrap()));
    }

    #[test]
    fn the_boot_clock_advances() {
        let before = boot_now_ns().unwrap();
        assert!(before > 0);
        assert!(boot_now_ns().unwrap() >= before);
    }

    #[test]
    fn an_event_of_the_past_has_a_wall_time_in_the_past() {
        let clocks = Clocks { boot_ns: 5_000, wall: SystemTime::UNIX_EPOCH + Duration::new(9, 0) };
        let at = |boot_ns| clocks.wall_at(boot_ns).duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(at(4_000), Duration::from_nanos(8_999_999_000));
        assert_eq!(at(6_000), Duration::from_nanos(9_000_001_000));
    }
}
