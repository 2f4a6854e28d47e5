//! How much of the time a thread takes.

use std::time::{Duration, Instant};

/// It takes one part in so many, in the long run.
pub(super) const SHARE: u32 = 4;

/// Work that it may owe before it rests: a third of a second.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The longest that it rests, whatever it took.
const LONGEST: Duration = Duration::from_secs(4);

/// When a thread is to rest, and for how long.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When what it took is made up for.
    even: Option<Instant>,
}

impl Pace {
    /// Takes note of work that has begun and ended.
    pub(super) fn note(&mut self, begin: Instant, end: Instant) {
        let from = self.even.map_or(begin, |even| even.max(begin));
        let took = end.saturating_duration_since(begin);
        self.even = Some((from + took * SHARE).min(end + AT_ONCE + LONGEST));
    }

    /// How long it is to rest from a time on.
    pub(super) fn rest(&self, now: Instant) -> Duration {
        let behind = self.even.map_or(Duration::ZERO, |even| even.saturating_duration_since(now));
        behind.saturating_sub(AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Works without a pause but for the rests, for a minute. The time that it rests.
    fn rests(took: Duration) -> Duration {
        let (mut pace, begin, mut rests) = (Pace::default(), Instant::now(), Duration::ZERO);
        let mut now = begin;
        while now < begin + Duration::from_secs(60) {
            pace.note(now, now + took);
            now += took;
            rests += pace.rest(now);
            now += pace.rest(now);
        }
        rests
    }

    #[test]
    fn who_works_all_the_time_takes_a_part_of_it() {
        for millis in [1, 50, 1000] {
            let rests = rests(Duration::from_millis(millis));
            assert!((43..=48).contains(&rests.as_secs()), "{millis} ms: {rests:?}");
        }
        let one_that_hangs = rests(Duration::from_secs(10));
        assert!(one_that_hangs.as_secs() <= 20, "{one_that_hangs:?}");
    }

    #[test]
    fn a_little_at_once_takes_no_rest() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let millis = Duration::from_millis;
        (0..60).map(|it| now + millis(it * 5)).for_each(|at| pace.note(at, at + millis(5)));
        assert_eq!(pace.rest(now + millis(300)), Duration::ZERO);
    }
}
