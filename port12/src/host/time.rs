//! The kernel's tick.

use std::{fs, io, sync::OnceLock, time::Duration};

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

/// The time since the machine booted, suspend included: that of `bpf_ktime_get_boot_ns`, which knows nothing of time
/// namespaces.
pub fn since_boot() -> Duration {
    let nanoseconds = i128::try_from(since_own_boot().as_nanos()).unwrap_or(i128::MAX);
    let nanoseconds = u64::try_from((nanoseconds - boot_offset()).max(0));
    Duration::from_nanos(nanoseconds.unwrap_or(u64::MAX))
}

/// A time since the machine booted, as this process's time namespace has it (kernel 5.6): /proc shows those.
pub fn in_namespace(since_boot: Duration) -> Duration {
    let nanoseconds = i128::try_from(since_boot.as_nanos()).unwrap_or(i128::MAX);
    let nanoseconds = u64::try_from((nanoseconds + boot_offset()).max(0));
    Duration::from_nanos(nanoseconds.unwrap_or(u64::MAX))
}

/// Nanoseconds by which CLOCK_BOOTTIME of this process is ahead of the kernel's. A process stays in its time namespace.
fn boot_offset() -> i128 {
    static OFFSET: OnceLock<i128> = OnceLock::new();
    *OFFSET.get_or_init(|| {
        let is_own = || {
            let namespace = |name| fs::read_link(format!("/proc/self/ns/{name}")).ok();
            namespace("time") == namespace("time_for_children")
        };
        let offsets = fs::read_to_string("/proc/self/timens_offsets");
        offsets.ok().filter(|_| is_own()).and_then(|offsets| offset(&offsets)).unwrap_or(0)
    })
}

/// The offset of CLOCK_BOOTTIME: a line of the clock, seconds and nanoseconds.
fn offset(offsets: &str) -> Option<i128> {
    let mut words =
        offsets.lines().find_map(|line| line.strip_prefix("boottime"))?.split_whitespace();
    let mut number = || words.next()?.parse::<i64>().ok();
    Some(i128::from(number()?) * 1_000_000_000 + i128::from(number()?))
}

fn since_own_boot() -> Duration {
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
    fn the_offset_of_a_time_namespace_is_read() {
        let offsets = "monotonic           0         0\nboottime      -1000000         5\n";
        assert_eq!(offset(offsets), Some(-1_000_000_000_000_000 + 5));
        assert_eq!(offset(""), None);
    }

    #[test]
    fn this_kernel_has_a_usual_rate() {
        assert!([100, 250, 300, 1000].contains(&ticks_per_second().unwrap()));
    }
}
