//! Reports of packets with more headers than port12 reads.

use super::Agent;

impl Agent {
    /// Reports those that were counted since the last alert; `is_last` ends the rate limit.
    pub fn report_too_deep(&mut self, is_last: bool) {
        for watched in &mut self.watched {
            watched.too_deep(is_last).into_iter().for_each(|alert| self.story.event(alert));
        }
    }
}
