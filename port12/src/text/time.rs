//! Times as text. A time without a date of four digits is written as the nearest that has one.

use std::time::{Duration, SystemTime};

use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

/// The first second that has no date with four digits: that of the year 10000.
const YEAR_10000: Duration = Duration::from_secs(253_402_300_800);

/// RFC 3339 in UTC, to the second: `2026-03-01T12:34:56Z`.
pub(crate) fn rfc3339_seconds(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(dated(time)).to_string()
}

/// Time of day in UTC, to the second: `12:34:56`.
pub(crate) fn time_of_day(time: SystemTime) -> String {
    rfc3339_seconds(time).split(['T', 'Z']).nth(1).unwrap_or_default().to_owned()
}

/// RFC 3339 in UTC, to the millisecond: `2026-03-01T12:34:56.789Z`.
pub(crate) fn rfc3339_millis(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(dated(time)).to_string()
}

/// RFC 3339 in UTC, to the microsecond.
pub(crate) fn rfc3339_micros(time: SystemTime) -> String {
    humantime::format_rfc3339_micros(dated(time)).to_string()
}

/// `%Y-%m-%dT%H:%M:%S.mmm%z`, in UTC: `2026-03-01T12:34:56.789+0000`.
pub(crate) fn numeric_millis(time: SystemTime) -> String {
    with_offset(rfc3339_millis(time))
}

/// The same to the microsecond.
pub(crate) fn numeric_micros(time: SystemTime) -> String {
    with_offset(rfc3339_micros(time))
}

/// Length of time from the first to the last; zero if the last is earlier.
pub(crate) fn between(first: SystemTime, last: SystemTime) -> Duration {
    last.duration_since(first).unwrap_or_default()
}

/// Since the epoch.
pub(crate) fn since_epoch(time: SystemTime) -> Duration {
    between(SystemTime::UNIX_EPOCH, dated(time))
}

/// Time in a document: RFC 3339 in UTC, to the millisecond.
pub(crate) fn serialize<S: Serializer>(time: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&rfc3339_millis(*time))
}

/// Time in a document that is null while it is not known.
pub(crate) fn serialize_if_known<S: Serializer>(
    time: &Option<SystemTime>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serialize(time, to),
        None => to.serialize_none(),
    }
}

/// Reads a time in a document.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SystemTime, D::Error> {
    humantime::parse_rfc3339(&String::deserialize(from)?).map_err(D::Error::custom)
}

/// Reads a time in a document that is null while it is not known.
pub(crate) fn deserialize_if_known<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SystemTime>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| humantime::parse_rfc3339(&text)).transpose().map_err(D::Error::custom)
}

fn with_offset(text: String) -> String {
    format!("{}+0000", text.trim_end_matches('Z'))
}

/// The nearest time that a date can be written of (RFC 3339 section 1).
fn dated(time: SystemTime) -> SystemTime {
    let since = between(SystemTime::UNIX_EPOCH, time);
    SystemTime::UNIX_EPOCH + since.min(YEAR_10000 - Duration::from_nanos(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_offset_that_readers_expect() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_772_368_496_789_012);
        assert_eq!(rfc3339_seconds(time), "2026-03-01T12:34:56Z");
        assert_eq!(time_of_day(time), "12:34:56");
        assert_eq!(rfc3339_millis(time), "2026-03-01T12:34:56.789Z");
        assert_eq!(numeric_millis(time), "2026-03-01T12:34:56.789+0000");
        assert_eq!(numeric_micros(time), "2026-03-01T12:34:56.789012+0000");
    }

    #[test]
    fn times_without_a_date_are_the_nearest_that_has_one() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(numeric_millis(before), "1970-01-01T00:00:00.000+0000");
        let after = SystemTime::UNIX_EPOCH + YEAR_10000 * 2;
        assert_eq!(rfc3339_seconds(after), "9999-12-31T23:59:59Z");
        assert_eq!(numeric_millis(after), "9999-12-31T23:59:59.999+0000");
        assert_eq!(since_epoch(before), Duration::ZERO);
    }
}
