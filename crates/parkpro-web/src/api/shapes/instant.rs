//! Instants as text, without a detour over the general formatter: every ticket has several.

use chrono::{DateTime, Datelike, Timelike};
use parkpro_domain::time::Timestamp;
use serde::{Serialize, Serializer};

/// UTC, RFC 3339, six digits: `2026-11-22T08:00:00.000001Z`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant(pub(crate) Timestamp);

const PATTERN: [u8; 27] = *b"0000-00-00T00:00:00.000000Z";

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match digits(self.0).as_ref().and_then(|text| str::from_utf8(text).ok()) {
            Some(text) => to.serialize_str(text),
            None => to.collect_str(&self.0),
        }
    }
}

/// None for a year that has not four digits.
fn digits(at: Timestamp) -> Option<[u8; 27]> {
    let at = DateTime::from_timestamp_micros(at.micros())?.naive_utc();
    let year = u32::try_from(at.year()).ok().filter(|year| *year <= 9999)?;
    let mut text = PATTERN;
    put(&mut text[0..4], year);
    put(&mut text[5..7], at.month());
    put(&mut text[8..10], at.day());
    put(&mut text[11..13], at.hour());
    put(&mut text[14..16], at.minute());
    put(&mut text[17..19], at.second());
    put(&mut text[20..26], at.nanosecond() / 1000);
    Some(text)
}

fn put(places: &mut [u8], mut number: u32) {
    for place in places.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_like_the_domain_writes_it() {
        for text in
            ["2026-11-22T08:00:00.000001Z", "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00.000000Z"]
        {
            let at = Timestamp::parse(text).unwrap();
            assert_eq!(serde_json::to_value(Instant(at)).unwrap(), text);
            assert_eq!(at.to_string(), text);
        }
        for odd in [i64::MAX, i64::MIN, 253_402_300_800_000_000] {
            let at = Timestamp::from_micros(odd);
            assert_eq!(serde_json::to_value(Instant(at)).unwrap(), at.to_string());
        }
    }
}
