//! Instants and time zones.

use std::fmt;

use chrono::{
    DateTime, NaiveDate, SecondsFormat, Utc,
    format::{ParseError, ParseErrorKind},
};

use crate::invalid::Invalid;

/// An instant: microseconds since 1970-01-01T00:00:00Z. Microseconds, because that is what every record keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last one that RFC 3339 can write: the end of the year 9999 in UTC.
    pub const LAST: Self = Self(253_402_300_799_999_999);
    const FIRST: Self = Self(-62_167_219_200_000_000);

    /// The instant that many microseconds after 1970 began in UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970 began in UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339, with any offset; finer than a microsecond is cut off.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let instant = DateTime::parse_from_rfc3339(text).map_err(|error| wrong(why_not(text, error)))?;
        let instant = Self(instant.timestamp_micros());
        let written = (Self::FIRST..=Self::LAST).contains(&instant);
        written.then_some(instant).ok_or_else(|| wrong("in UTC it is not in the years 0000 to 9999"))
    }

    /// Microseconds from `earlier` to this instant; 0 if it is not later.
    pub fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).max(0)
    }

    /// The instant `micros` microseconds later (earlier if negative).
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

fn wrong(why: &str) -> Invalid {
    let detail = format!("an instant is a date, a time and an offset as in 2026-11-22T08:00:00Z; {why}");
    Invalid::new("invalid-instant", detail)
}

/// What is wrong with the text of an instant, in words for whoever wrote it.
fn why_not(text: &str, error: ParseError) -> &'static str {
    let date = text.get(..10).is_some_and(|date| date.parse::<NaiveDate>().is_ok());
    match error.kind() {
        _ if text.is_empty() => "it is empty",
        _ if plus_lost(text) => "the + of its offset has become a space; in an address it is written %2B",
        _ if date && text.len() == 10 => "the time of day is missing",
        ParseErrorKind::OutOfRange | ParseErrorKind::Impossible => "there is no such date or time",
        ParseErrorKind::TooShort if date => "seconds or an offset, such as Z or +01:00, are missing",
        ParseErrorKind::TooLong => "something follows the offset",
        _ => "it is not written like that",
    }
}

/// In an address, a + that is not encoded means a space.
fn plus_lost(text: &str) -> bool {
    let offset = text.rsplit_once(' ');
    offset.is_some_and(|(before, offset)| DateTime::parse_from_rfc3339(&format!("{before}+{offset}")).is_ok())
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_micros())
    }
}

/// RFC 3339 in UTC with six digits: `2026-11-22T08:00:00.000001Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_micros(self.0) {
            Some(instant) => f.write_str(&instant.to_rfc3339_opts(SecondsFormat::Micros, true)),
            None => write!(f, "{}us", self.0),
        }
    }
}

/// An IANA time zone, such as `Europe/Berlin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(chrono_tz::Tz);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(chrono_tz::UTC);

    /// Reads the name of a zone of the IANA database.
    pub fn parse(name: &str) -> Result<Self, Invalid> {
        name.parse().map(Self).map_err(|_unknown| {
            Invalid::new(
                "invalid-time-zone",
                "a time zone is a name of the IANA database, such as Europe/Berlin",
            )
        })
    }

    /// Its rules.
    pub(crate) const fn tz(self) -> chrono_tz::Tz {
        self.0
    }

    /// Its name in the IANA database.
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_and_writes_microseconds() {
        for (text, written) in [
            ("2026-11-22T08:00:00Z", "2026-11-22T08:00:00.000000Z"),
            ("2026-11-22T09:00:00.123456789+01:00", "2026-11-22T08:00:00.123456Z"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), written);
        }
        for extreme in [Timestamp::FIRST, Timestamp::LAST] {
            assert_eq!(Timestamp::parse(&extreme.to_string()), Ok(extreme));
        }
    }

    #[test]
    fn a_wrong_instant_is_told_what_is_wrong_with_it() {
        for (text, wrong) in [
            ("", "it is empty"),
            ("2026-11-22", "the time of day is missing"),
            ("2026-11-22T08:00:00", "seconds or an offset"),
            ("2026-11-22T08:00", "seconds or an offset"),
            ("2026-11-22T08:00Z", "seconds or an offset"),
            ("2026-11-22T", "seconds or an offset"),
            ("9999-12-31T23:00:00-01:00", "in UTC it is not in the years 0000 to 9999"),
            ("0000-01-01T00:59:59+01:00", "in UTC it is not in the years 0000 to 9999"),
            ("2026-02-30T08:00:00Z", "there is no such date or time"),
            ("2026-11-22T25:00:00Z", "there is no such date or time"),
            ("2026-11-22T08:00:00Z!", "something follows the offset"),
            ("22.11.2026 08:00", "it is not written like that"),
            ("2026-11-22T08:00:00 01:00", "the + of its offset has become a space"),
            ("yesterday", "it is not written like that"),
            ("1795334400", "it is not written like that"),
            ("2026-11-2\u{e4}", "it is not written like that"),
        ] {
            let invalid = Timestamp::parse(text).unwrap_err();
            assert_eq!(invalid.code, "invalid-instant");
            assert!(invalid.detail.contains(&format!("; {wrong}")), "{text}: {}", invalid.detail);
        }
    }

    #[test]
    fn a_zone_is_one_of_the_database() {
        assert_eq!(Zone::parse("Europe/Berlin").unwrap().name(), "Europe/Berlin");
        assert_eq!(Zone::parse("Mars/Olympus").unwrap_err().code, "invalid-time-zone");
    }
}
