//! The kernel's tick.

use std::{io, time::Duration};

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

/// The time since the machine booted, suspend included: that of `bpf_ktime_get_boot_ns`.
pub fn since_boot() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec for the kernel to fill. The clock is there since kernel 2.6.39.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut time) };
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
    seconds + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}

fn rate(tick: libc::timespec) -> Option<u32> {
    const SECOND: u64 = 1_000_000_000;
    let tick = u64::try_from(tick.tv_nsec).ok().filter(|&tick| tick > 0)?;
    u32::try_from((SECOND + tick / 2) / tick).ok().filter(|&rate| rate > 0)
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
}
