//! Times of the week and the year, written as opening hours are: `Mo-Fr 09:00-18:00; Sa 10:00-17:00; PH off`.
//!
//! A small part of the notation of OpenStreetMap. The crate `opening-hours` reads all of it, but answers in local wall
//! time with a holiday database of its own: a fee needs instants, one rule for the nights on which clocks change, and
//! holidays that stay what they were when the tariff was saved.

use std::{fmt, ops::Range};

use chrono::{Datelike, NaiveDate};

use crate::invalid::Invalid;

/// A set of times, repeating by the calendar of a lot.
///
/// `;` separates spans. A span has optional dates (`2026-12-24`, `2026-12-24..2027-01-06`, every year `12-24..01-06`),
/// optional days (`Mo-Fr`, `Sa,Su`, `PH` for public holidays) and optional times (`22:30-07:00` crosses midnight and
/// belongs to the day on which it begins; several with `,`), or is a stretch of the week (`Fr 16:00-Su 24:00`).
/// `PH off` leaves public holidays out; else a holiday is the day of the week that it is. `24/7` is always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    pub(super) spans: Vec<Span>,
    pub(super) holidays_off: bool,
}

/// From a time of each matching day to a time of the same or a later day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    dates: Option<Dates>,
    /// Bit 0 is Monday, bit 6 is Sunday, bit 7 is a public holiday.
    days: u8,
    /// Minutes after midnight.
    pub(super) from: i64,
    /// How many days after the day on which it begins it ends.
    pub(super) days_later: i64,
    /// Minutes after that day's midnight, up to 24:00.
    pub(super) to: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dates {
    Once(NaiveDate, NaiveDate),
    /// Month and day.
    Yearly((u32, u32), (u32, u32)),
}

const DAYS: [&str; 8] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH"];
const EVERY_DAY: u8 = 0b0111_1111;
const HOLIDAY: u8 = 0b1000_0000;
const MIDNIGHT: i64 = 24 * 60;
/// In minutes.
const WEEK: usize = 7 * 24 * 60;

impl When {
    /// No time at all, which no text says.
    pub const NEVER: Self = Self { spans: Vec::new(), holidays_off: false };

    /// Reads the notation above.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut when = Self { spans: Vec::new(), holidays_off: false };
        for part in text.split(';').map(str::trim) {
            if part == "PH off" {
                when.holidays_off = true;
            } else {
                when.spans.extend(spans(part).ok_or_else(|| {
                    let detail = format!(
                        "`{part}` is not a time such as Mo-Fr 09:00-18:00, Sa,Su, PH, 22:30-07:00 or Fr 16:00-Su 24:00"
                    );
                    Invalid::new("invalid-when", detail)
                })?);
            }
        }
        if when.spans.is_empty() || when.spans.len() > 64 {
            return Err(Invalid::new("invalid-when", "times have 1 to 64 spans"));
        }
        Ok(when)
    }

    /// How many days after it began the last of its spans can end.
    pub(super) fn longest_days(&self) -> i64 {
        self.spans.iter().map(|span| span.days_later + 1).max().unwrap_or(1)
    }

    /// Whether it is the same every week of every year.
    pub(super) fn is_weekly(&self) -> bool {
        !self.holidays_off && self.spans.iter().all(|span| span.dates.is_none() && span.days & HOLIDAY == 0)
    }
}

/// Times that were listed before others, and so hide them.
#[derive(Debug, Default)]
pub(super) struct Hiding<'w> {
    times: Vec<&'w When>,
    /// The minutes after Monday's midnight that are hidden every week; nothing if none is.
    weekly: Vec<bool>,
}

impl<'w> Hiding<'w> {
    pub(super) fn add(&mut self, when: &'w When) {
        self.times.push(when);
        if when.is_weekly() {
            self.weekly.resize(WEEK, false);
            let minutes = when.spans.iter().flat_map(|span| span.minutes_of_week(span.days));
            minutes.for_each(|minutes| self.weekly[minutes].fill(true));
        }
    }

    /// Whether nothing is left of these, as far as that can be seen without a calendar: each of their spans lies in one of
    /// the others, or in what those cover every week.
    pub(super) fn hides(&self, when: &When) -> bool {
        let by_one = |span: &Span| {
            let mut others = self.times.iter().filter(|other| !other.holidays_off || when.holidays_off);
            others.any(|other| other.spans.iter().any(|other| span.is_within(other)))
        };
        let by_all = |span: &Span| {
            // A holiday may be any day.
            let days = if span.days & HOLIDAY == 0 { span.days } else { EVERY_DAY };
            let days = days & span.dates.map_or(EVERY_DAY, Dates::weekdays);
            let hidden = |minutes: Range<usize>| self.weekly[minutes].iter().all(|hidden| *hidden);
            days != 0 && !self.weekly.is_empty() && span.minutes_of_week(days).all(hidden)
        };
        when.spans.iter().all(|span| by_all(span) || by_one(span))
    }
}

impl Span {
    /// The minutes after Monday's midnight that it covers if it begins on these days. It lasts for a week at most.
    fn minutes_of_week(self, days: u8) -> impl Iterator<Item = Range<usize>> {
        let minute = |minute: i64| usize::try_from(minute).unwrap_or(0);
        let days = (0..7).filter(move |day| days >> day & 1 == 1);
        days.flat_map(move |day| {
            let begin = minute(day * MIDNIGHT + self.from);
            let end = minute((day + self.days_later) * MIDNIGHT + self.to);
            [begin.min(WEEK)..end.min(WEEK), 0..end.saturating_sub(WEEK).min(WEEK)]
        })
    }

    /// Whether each time that it begins, the other one has begun and is not over before.
    fn is_within(self, other: &Self) -> bool {
        let end = |span: &Self| span.days_later * MIDNIGHT + span.to;
        let dated = match (self.dates, other.dates) {
            (_, None) => true,
            (Some(Dates::Once(first, last)), Some(Dates::Once(earlier, later))) => {
                earlier <= first && last <= later
            }
            (dates, others) => dates == others,
        };
        dated && self.days & !other.days == 0 && other.from <= self.from && end(&self) <= end(other)
    }

    /// Whether a span begins on a day; `weekday` counts from Monday.
    pub(super) fn begins(&self, weekday: i8, holiday: bool, date: Option<NaiveDate>) -> bool {
        let day = (self.days >> weekday) & 1 == 1 || (holiday && self.days & HOLIDAY != 0);
        day && self.dates.is_none_or(|dates| date.is_some_and(|date| dates.contain(date)))
    }
}

impl Dates {
    /// The days of the week that they can be.
    fn weekdays(self) -> u8 {
        match self {
            Self::Once(first, last) if (last - first).num_days() < 7 => {
                let days = first.iter_days().take_while(|date| *date <= last);
                days.fold(0, |days, date| days | 1 << date.weekday().num_days_from_monday())
            }
            _ => EVERY_DAY,
        }
    }

    fn contain(self, date: NaiveDate) -> bool {
        match self {
            Self::Once(first, last) => (first..=last).contains(&date),
            Self::Yearly(first, last) => {
                let day = (date.month(), date.day());
                if first <= last { first <= day && day <= last } else { first <= day || day <= last }
            }
        }
    }
}

fn spans(text: &str) -> Option<Vec<Span>> {
    let always = Span { dates: None, days: EVERY_DAY, from: 0, days_later: 0, to: MIDNIGHT };
    if text == "24/7" {
        return Some(vec![always]);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    if let Some(stretch) = stretch(&words) {
        return Some(vec![stretch]);
    }
    let (mut words, mut span) = (words.as_slice(), always);
    let take = |words: &mut &[&str]| {
        if let [first, rest @ ..] = *words {
            *words = rest;
            return Some((*first).to_owned());
        }
        None
    };
    if words.is_empty() {
        return None;
    }
    if words[0].starts_with(|letter: char| letter.is_ascii_digit()) && !words[0].contains(':') {
        span.dates = Some(dates(&take(&mut words)?)?);
    }
    if words.first().is_some_and(|word| word.starts_with(char::is_alphabetic)) {
        span.days = days(&take(&mut words)?)?;
    }
    let Some(times) = take(&mut words) else { return Some(vec![span]) };
    if !words.is_empty() {
        return None;
    }
    times.split(',').map(|time| with_times(span, time)).collect()
}

/// `Fr 16:00-Su 24:00`.
fn stretch(words: &[&str]) -> Option<Span> {
    let [first, middle, to] = words[..] else { return None };
    let (from, last) = middle.split_once('-')?;
    let (day, last, from, to) = (day(first)?, day(last)?, clock(from)?, clock(to)?);
    if day > 6 || last > 6 || from == MIDNIGHT {
        return None;
    }
    let days_later = if day == last && to <= from { 7 } else { i64::try_from((last + 7 - day) % 7).ok()? };
    Some(Span { dates: None, days: 1 << day, from, days_later, to })
}

fn with_times(mut span: Span, text: &str) -> Option<Span> {
    let (from, to) = text.split_once('-')?;
    (span.from, span.to) = (clock(from)?, clock(to)?);
    span.days_later = i64::from(span.to <= span.from);
    (span.from < MIDNIGHT).then_some(span)
}

fn clock(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let clock = hours * 60 + minutes;
    (minutes < 60 && clock <= MIDNIGHT).then_some(clock)
}

fn day(name: &str) -> Option<usize> {
    DAYS.iter().position(|day| *day == name)
}

fn days(text: &str) -> Option<u8> {
    text.split(',').try_fold(0, |mask, part| match part.split_once('-') {
        None => Some(mask | 1 << day(part)?),
        Some((first, last)) => {
            let (first, last) = (day(first)?, day(last)?);
            let within = |day: usize| {
                if first <= last { first <= day && day <= last } else { day >= first || day <= last }
            };
            (first < 7 && last < 7)
                .then(|| (0..7).filter(|&day| within(day)).fold(mask, |mask, day| mask | 1 << day))
        }
    })
}

fn dates(text: &str) -> Option<Dates> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    if let (Ok(first), Ok(last)) = (first.parse::<NaiveDate>(), last.parse::<NaiveDate>()) {
        return (first <= last).then_some(Dates::Once(first, last));
    }
    // Two digits each, because 8-10 would be hours to most; a leap year, so that 02-29 can be named.
    let yearly = |part: &str| {
        let date = format!("2000-{part}").parse::<NaiveDate>().ok().filter(|_| part.len() == 5)?;
        Some((date.month(), date.day()))
    };
    Some(Dates::Yearly(yearly(first)?, yearly(last)?))
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, span) in self.spans.iter().enumerate() {
            write!(f, "{}{span}", if at == 0 { "" } else { "; " })?;
        }
        f.write_str(if self.holidays_off { "; PH off" } else { "" })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = self.dates.iter().map(ToString::to_string).collect();
        let clock = |minutes: i64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let (from, to) = (clock(self.from), clock(self.to));
        if self.days != EVERY_DAY {
            words.push(day_names(self.days));
        }
        let overnight = self.days_later == 1 && self.to <= self.from;
        if self.days_later > 0 && !overnight {
            let last = (i64::from(self.days.trailing_zeros()) + self.days_later) % 7;
            let last = usize::try_from(last).map_or("", |last| DAYS[last]);
            words.push(format!("{from}-{last} {to}"));
        } else if (self.from, self.to) != (0, MIDNIGHT) {
            words.push(format!("{from}-{to}"));
        }
        f.write_str(if words.is_empty() { "24/7" } else { "" })?;
        f.write_str(&words.join(" "))
    }
}

impl fmt::Display for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = match self {
            Self::Once(first, last) => (first.to_string(), last.to_string()),
            Self::Yearly(first, last) => {
                let yearly = |(month, day): &(u32, u32)| format!("{month:02}-{day:02}");
                (yearly(first), yearly(last))
            }
        };
        if first == last { f.write_str(&first) } else { write!(f, "{first}..{last}") }
    }
}

/// `Mo-Fr,PH`: runs of at least three days are written as a range.
fn day_names(days: u8) -> String {
    let has = |day: usize| days >> day & 1 == 1;
    let (mut names, mut day) = (Vec::new(), 0);
    while day < 8 {
        let last = (day..7).take_while(|&next| has(next)).last().unwrap_or(day);
        match (has(day), last - day) {
            (true, 2..) => {
                names.push(format!("{}-{}", DAYS[day], DAYS[last]));
                day = last;
            }
            (true, _) => names.push(DAYS[day].to_owned()),
            (false, _) => {}
        }
        day += 1;
    }
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_as_opening_hours_are() {
        for (text, written) in [
            ("24/7", "24/7"),
            ("Mo-Fr 09:00-18:00; Sa 10:00-17:00; PH off", "Mo-Fr 09:00-18:00; Sa 10:00-17:00; PH off"),
            ("22:30-07:00", "22:30-07:00"),
            ("Mo,Tu,We,Su,PH", "Mo-We,Su,PH"),
            ("Sa-Mo 00:00-24:00", "Mo,Sa,Su"),
            ("Mo 08:00-12:00,13:00-18:00", "Mo 08:00-12:00; Mo 13:00-18:00"),
            ("Fr 16:00-Su 24:00", "Fr 16:00-Su 24:00"),
            ("Fr 16:00-Fr 16:00", "Fr 16:00-Fr 16:00"),
            ("Fr 22:00-Sa 06:00", "Fr 22:00-06:00"),
            ("2026-12-24..2027-01-06 10:00-18:00", "2026-12-24..2027-01-06 10:00-18:00"),
            ("12-24..01-06", "12-24..01-06"),
            ("02-29 Sa", "02-29 Sa"),
        ] {
            let when = When::parse(text).unwrap();
            assert_eq!(when.to_string(), written);
            assert_eq!(When::parse(written).unwrap(), when);
        }
        for wrong in [
            "",
            ";",
            "PH off",
            "Mo-",
            "Xx",
            "9:00-18:00",
            "24:00-25:00",
            "25:00-26:00",
            "Mo 09:00",
            "Mo 09:00-18:00 x",
            "13-01",
            "8-10",
            "06-9",
            "PH 10:00-Mo 12:00",
            "2026-12-24..2026-12-23",
            "Mo-PH",
            "09:60-10:00",
        ] {
            assert_eq!(When::parse(wrong).unwrap_err().code, "invalid-when", "{wrong}");
        }
    }
}
