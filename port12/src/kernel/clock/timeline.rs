//! The time of day of the past, across steps of the wall clock and suspends.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use super::Moment;

/// Difference between the wall clock and the ticks from which on the wall clock was set, or the machine slept.
const STEP: Duration = Duration::from_secs(1);

/// Anchors that are kept. Earlier ticks count from the oldest of them.
const MOST: usize = 64;

/// Ticks with their times of day, as they were when the ticks passed.
///
/// The time of day of a tick stays what it was first said to be: what was recorded before somebody set the clock keeps
/// its time, and what comes after has the time by the clock as it is set.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The first moment, and the first one after each step; at least one.
    anchors: VecDeque<Moment>,
    /// The last tick that was observed.
    latest: u64,
}

impl From<Moment> for Timeline {
    fn from(moment: Moment) -> Self {
        Self { anchors: [moment].into(), latest: moment.jiffies }
    }
}

impl Timeline {
    /// Takes the present moment in.
    pub fn observe(&mut self, now: Moment) {
        self.latest = self.latest.max(now.jiffies);
        let expected = self.anchor(now.jiffies).at(now.jiffies);
        let distance = match now.wall.duration_since(expected) {
            Ok(ahead) => ahead,
            Err(behind) => behind.duration(),
        };
        if distance >= STEP {
            if self.anchors.len() >= MOST {
                self.anchors.pop_front();
            }
            self.anchors.push_back(now);
        }
    }

    /// The time of day at a tick, no later than that of the last one that was observed.
    pub fn wall_at(&self, jiffies: u64) -> SystemTime {
        let jiffies = jiffies.min(self.latest);
        self.anchor(jiffies).at(jiffies)
    }

    fn anchor(&self, jiffies: u64) -> Moment {
        let before = self.anchors.iter().rev().find(|anchor| anchor.jiffies <= jiffies);
        *before.unwrap_or(&self.anchors[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HZ: u64 = 250;

    fn seconds(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn moment(jiffies: u64, wall: SystemTime) -> Moment {
        Moment { jiffies, hz: HZ, wall }
    }

    #[test]
    fn a_step_of_the_clock_moves_nothing_that_was_recorded_before() {
        for set in [90_000, 10_000] {
            let mut timeline = Timeline::from(moment(1000, seconds(50_000)));
            let before = [900, 1000, 1250].map(|jiffies| timeline.wall_at(jiffies));
            timeline.observe(moment(1500, seconds(50_002)));
            assert_eq!(timeline.wall_at(1250), seconds(50_001));
            timeline.observe(moment(1750, seconds(set)));
            assert_eq!(timeline.wall_at(900), before[0]);
            assert_eq!([1000, 1250].map(|it| timeline.wall_at(it)), [50_000, 50_001].map(seconds));
            assert_eq!(timeline.wall_at(1750), seconds(set));
            timeline.observe(moment(2000, seconds(set + 1)));
            assert_eq!(timeline.wall_at(2000), seconds(set + 1));
        }
    }

    #[test]
    fn small_differences_do_not_move_a_time() {
        let mut timeline = Timeline::from(moment(1000, seconds(50_000)));
        timeline.observe(moment(1250, seconds(50_001) + Duration::from_millis(300)));
        assert_eq!(timeline.wall_at(1250), seconds(50_001));
    }

    #[test]
    fn nothing_comes_after_the_last_moment() {
        let timeline = Timeline::from(moment(1000, seconds(50_000)));
        assert_eq!(timeline.wall_at(9000), seconds(50_000));
    }

    #[test]
    fn a_clock_that_is_set_all_the_time_takes_bounded_memory() {
        let mut timeline = Timeline::from(moment(0, seconds(0)));
        (1..1000).for_each(|step| timeline.observe(moment(step, seconds(step * 100))));
        assert_eq!(timeline.anchors.len(), MOST);
        assert_eq!(timeline.wall_at(999), seconds(99_900));
    }
}
