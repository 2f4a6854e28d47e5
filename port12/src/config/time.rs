//! Lengths of time, written as people do.

use std::time::Duration;

/// Why a text is no length of time.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TimeError {
    /// It cannot be read.
    #[error("{0}; write it like 1s, 500ms or 1m30s")]
    Syntax(#[from] humantime::DurationError),
    /// It is too short or too long.
    #[error("it must be between {least} and {most}")]
    Bounds {
        /// The shortest.
        least: &'static str,
        /// The longest.
        most: &'static str,
    },
}

const DAY: Duration = Duration::from_secs(86_400);

/// Reads a time between reports, or that of a run: 100 ms to 1 year.
///
/// # Errors
///
/// [`TimeError`].
pub fn period(text: &str) -> Result<Duration, TimeError> {
    let time: Duration = humantime::parse_duration(text)?;
    match time >= Duration::from_millis(100) && time <= 365 * DAY {
        true => Ok(time),
        false => Err(TimeError::Bounds { least: "100ms", most: "1 year" }),
    }
}

/// Reads the time within which drop mode is to be confirmed: 1 s to 1 day.
///
/// # Errors
///
/// [`TimeError`].
pub fn confirmation(text: &str) -> Result<Duration, TimeError> {
    let time: Duration = humantime::parse_duration(text)?;
    match time >= Duration::from_secs(1) && time <= DAY {
        true => Ok(time),
        false => Err(TimeError::Bounds { least: "1s", most: "1 day" }),
    }
}

/// Reads the time of a ban: 1 s to 1 year.
///
/// # Errors
///
/// [`TimeError`].
pub fn ban(text: &str) -> Result<Duration, TimeError> {
    let time: Duration = humantime::parse_duration(text)?;
    match time >= Duration::from_secs(1) && time <= 365 * DAY {
        true => Ok(time),
        false => Err(TimeError::Bounds { least: "1s", most: "1 year" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_accepted_and_what_is_beyond_is_not() {
        assert_eq!(period("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(confirmation("1s"), Ok(Duration::from_secs(1)));
        assert_eq!(confirmation("1day"), Ok(DAY));
        for wrong in ["99ms", "366days", "1", "", "s", "-1s", "99999999999999999999s"] {
            period(wrong).unwrap_err();
        }
        assert_eq!(ban("1s"), Ok(Duration::from_secs(1)));
        assert_eq!(ban("365days"), Ok(365 * DAY));
        ban("366days").unwrap_err();
        ban("999ms").unwrap_err();
        for wrong in ["999ms", "1day 1ns", "60"] {
            confirmation(wrong).unwrap_err();
        }
    }
}
