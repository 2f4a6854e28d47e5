//! The date of a registry.

use std::fmt;

/// A calendar date, ordered.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Reads `YYYY-MM-DD`. Nothing else is a date; `2007-06` is not.
    pub fn parse(text: &str) -> Option<Self> {
        let is_date = text.len() == 10
            && text.bytes().enumerate().all(|(index, byte)| match index {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_date {
            return None;
        }
        let date = Self {
            year: text.get(..4)?.parse().ok()?,
            month: text.get(5..7)?.parse().ok()?,
            day: text.get(8..)?.parse().ok()?,
        };
        ((1..=12).contains(&date.month) && (1..=31).contains(&date.day)).then_some(date)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// How old a registry is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Edition {
    /// The date that the XML gives in `<updated>`.
    Updated(Date),
    /// The CSV has no date: its newest row is a floor.
    AtLeast(Date),
}

impl Edition {
    /// The date, or the floor of it.
    pub const fn date(&self) -> Date {
        match self {
            Self::Updated(date) | Self::AtLeast(date) => *date,
        }
    }

    /// Whether the registry may be younger than its date.
    pub const fn is_floor(&self) -> bool {
        matches!(self, Self::AtLeast(_))
    }

    /// Reads what [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("at least ") {
            Some(floor) => Date::parse(floor).map(Self::AtLeast),
            None => Date::parse(text).map(Self::Updated),
        }
    }
}

impl fmt::Display for Edition {
    /// `2026-08-17` or `at least 2026-08-17`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Updated(date) => write!(formatter, "{date}"),
            Self::AtLeast(date) => write!(formatter, "at least {date}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_ordered_by_the_calendar() {
        assert!(Date::parse("2025-12-31") < Date::parse("2026-01-01"));
    }

    #[test]
    fn what_is_not_a_full_date_is_no_date() {
        for text in
            ["", "2007-06", "2026-13-01", "2026-01-32", "2026/01/01", "+026-01-01", "é26-01-01"]
        {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_edition_reads_what_it_writes() {
        for text in ["2026-08-17", "at least 2026-02-25"] {
            assert_eq!(Edition::parse(text).unwrap().to_string(), text);
        }
    }
}
