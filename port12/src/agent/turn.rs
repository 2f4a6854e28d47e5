//! Work that is due from time to time.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::{Agent, AgentError};

/// Time between two readings of events: the program wakes nobody. In that time the ring buffer takes 6,700 events.
const EVENTS: Duration = Duration::from_millis(100);

/// Time between two looks at the host.
const HOST: Duration = Duration::from_secs(1);

/// Timers of the agent.
pub(super) struct Timers {
    events: Interval,
    host: Interval,
}

impl Timers {
    fn start() -> Self {
        Self { events: every(EVENTS), host: every(HOST) }
    }
}

/// Ticks of a period, the first one after it. A late tick delays those after it.
pub fn every(period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

impl Agent {
    /// Waits until work is due, and does it: events are read ten times a second, and the host once a second. A caller
    /// that stops waiting loses nothing.
    ///
    /// # Errors
    ///
    /// [`AgentError`]: the host is followed no longer. The programs are still attached.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time enabled.
    pub async fn turn(&mut self) -> Result<(), AgentError> {
        let timers = self.timers.get_or_insert_with(Timers::start);
        tokio::select! {
            _ = timers.events.tick() => self.tell_events(),
            _ = timers.host.tick() => {
                self.look_around()?;
                self.follow_outbound(false);
                self.note_sources();
                self.note_taken();
                self.report_too_deep(false);
                self.sweep_bans();
                self.keep_state(false);
                self.tell_standing();
                self.report_losses(false);
                self.publish();
            }
        }
        self.check_keeper()
    }
}
