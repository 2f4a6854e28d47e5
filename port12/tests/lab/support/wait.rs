//! Waiting for conditions.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Longer than anything here takes on a busy machine.
pub const LONG: Duration = Duration::from_secs(30);

/// Asks again until there is an answer.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LONG;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < end, "waited {LONG:?} for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
