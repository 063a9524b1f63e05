//! The calendar of a lot as instants: when its days begin, and when given times of given days are.
//!
//! A local time becomes the first instant at which the clocks of the zone show it or a later time. So a time that
//! clocks skip is the end of the gap, and one that they show twice is the earlier.

use chrono::{
    DateTime, Datelike, Days, MappedLocalTime, Months, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone,
};
use chrono_tz::{GapInfo, Tz};

use super::{document::Period, when::When};
use crate::time::Zone;

pub(super) const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400;
/// How many days around a stay are known: a span of the week may have begun a week before.
const AROUND: i64 = 9;

/// Every day around a stay.
#[derive(Debug)]
pub(super) struct Almanac {
    zone: Tz,
    days: Vec<Day>,
}

#[derive(Debug, Clone, Copy)]
struct Day {
    /// When it begins.
    begins: i64,
    date: Option<NaiveDate>,
    /// Counted from Monday.
    weekday: i8,
    holiday: bool,
    /// Whether its clocks run evenly from midnight to midnight.
    even: bool,
}

impl Almanac {
    /// The days from a week before `from` to a week after `to`. `holidays` are days since 1970, sorted.
    pub(super) fn new(zone: Zone, holidays: &[i64], from: i64, to: i64) -> Self {
        let zone = zone.tz();
        let first = from.div_euclid(SECOND * DAY) - AROUND;
        let last = to.div_euclid(SECOND * DAY) + AROUND;
        let mut days = Vec::with_capacity(usize::try_from(last - first + 1).unwrap_or(0));
        let mut holidays = &holidays[holidays.partition_point(|&holiday| holiday < first)..];
        let mut date = date_of(first);
        let mut weekday = weekday_of(first);
        let mut offset = offset_at(zone, first * DAY);
        // Whether the clocks ran with `offset` just before midnight, and at midnight.
        let (mut before, mut at) = (false, offset_at(zone, first * DAY - offset) == offset);
        for number in first..=last {
            let midnight = number * DAY - offset;
            let next = offset_at(zone, midnight + DAY) == offset;
            let even = before && at && next;
            let begins = if even { midnight * SECOND } else { first_instant(zone, local(date, 0)) };
            let holiday = holidays.first() == Some(&number);
            while let [today, later @ ..] = holidays
                && *today == number
            {
                holidays = later;
            }
            days.push(Day { begins, date, weekday, holiday, even });
            date = date.and_then(|date| date.succ_opt()).or_else(|| date_of(number + 1));
            weekday = (weekday + 1) % 7;
            if even {
                (before, at) = (true, true);
            } else {
                let next_midnight = first_instant(zone, local(date, 0)).div_euclid(SECOND);
                offset = offset_at(zone, next_midnight);
                at = next_midnight == (number + 1) * DAY - offset;
                before = at && offset_at(zone, next_midnight - 1) == offset;
            }
        }
        Self { zone, days }
    }

    /// For tariffs that do not ask for it.
    pub(super) const fn none() -> Self {
        Self { zone: chrono_tz::UTC, days: Vec::new() }
    }

    /// The instant of a time of a day, counted from the first known one; `minutes` may be 24:00.
    fn instant(&self, day: usize, minutes: i64) -> Option<i64> {
        let known = self.days.get(day)?;
        Some(match minutes {
            0 => known.begins,
            _ if known.even => known.begins + minutes * 60 * SECOND,
            1_440 => self.days.get(day + 1)?.begins,
            _ => first_instant(self.zone, local(known.date, minutes * 60)),
        })
    }

    /// Hands over when spans of `when` begin and end, if they touch the time from `from` to `to`, by the days on which
    /// they begin.
    fn each(&self, when: &When, from: i64, to: i64, mut found: impl FnMut(i64, i64)) {
        let skipped = self.day_of(from).saturating_sub(usize::try_from(when.longest_days()).unwrap_or(8));
        for (at, day) in self.days.iter().enumerate().skip(skipped) {
            if day.begins > to {
                break;
            }
            if day.holiday && when.holidays_off {
                continue;
            }
            for span in when.spans.iter().filter(|span| span.begins(day.weekday, day.holiday, day.date)) {
                let last = at + usize::try_from(span.days_later).unwrap_or(0);
                let (Some(begin), Some(end)) = (self.instant(at, span.from), self.instant(last, span.to))
                else {
                    continue;
                };
                if begin < end && begin <= to && end >= from {
                    found(begin, end);
                }
            }
        }
    }

    /// When spans of `when` begin and end, if they touch the time from `from` to `to`: in order; those that overlap are
    /// one, those that only follow each other are not.
    pub(super) fn occurrences(&self, when: &When, from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut found: Vec<(i64, i64)> = Vec::with_capacity(self.days.len());
        let (mut sorted, mut over) = (true, i64::MIN);
        self.each(when, from, to, |begin, end| {
            sorted &= over <= begin;
            over = end;
            found.push((begin, end));
        });
        if !sorted {
            found.sort_unstable();
            found.dedup_by(|next, before| {
                let overlap = next.0 < before.1;
                before.1 = if overlap { before.1.max(next.1) } else { before.1 };
                overlap
            });
        }
        found
    }

    /// The same, but those that follow each other without a break are one too.
    pub(super) fn stretches(&self, when: &When, from: i64, to: i64) -> Vec<(i64, i64)> {
        let mut found = self.occurrences(when, from, to);
        found.dedup_by(|next, before| {
            let follows = next.0 == before.1;
            before.1 = if follows { next.1 } else { before.1 };
            follows
        });
        found
    }

    /// Whether an instant is within `when`; at the very end of it too, if asked.
    pub(super) fn contains(&self, when: &When, instant: i64, or_end: bool) -> bool {
        let mut inside = false;
        self.each(when, instant, instant, |begin, end| {
            inside |= begin <= instant && (instant < end || (or_end && instant == end));
        });
        inside
    }

    /// Whether all the time from `from` to `to` is within `when`, without a break.
    pub(super) fn covers(&self, when: &When, from: i64, to: i64) -> bool {
        let around = |&(begin, end): &(i64, i64)| begin <= from && from < end && to <= end;
        self.contains(when, from, false)
            && self.contains(when, to, true)
            && self.stretches(when, from, to).iter().any(around)
    }

    /// When the calendar period that holds an instant is over.
    pub(super) fn next(&self, period: Period, instant: i64) -> i64 {
        let later = self.days.iter().skip(self.day_of(instant) + 1);
        let begins = |day: &&Day| match period {
            Period::Every(_) | Period::Day => true,
            Period::Week => day.weekday == 0,
            Period::Month => day.date.is_some_and(|date| date.day() == 1),
        };
        let known = later.filter(begins).map(|day| day.begins).find(|&begins| begins > instant);
        known.unwrap_or_else(|| self.beyond(period, instant))
    }

    /// The same, after the last known day.
    fn beyond(&self, period: Period, instant: i64) -> i64 {
        let date = self.days.get(self.day_of(instant)).and_then(|day| day.date);
        let next = date.and_then(|date| match period {
            Period::Every(_) | Period::Day => date.succ_opt(),
            Period::Week => {
                date.checked_add_days(Days::new(7 - u64::from(date.weekday().num_days_from_monday())))
            }
            Period::Month => date.with_day(1)?.checked_add_months(Months::new(1)),
        });
        first_instant(self.zone, local(next, 0))
    }

    /// When the day of an instant began.
    pub(super) fn day_began(&self, instant: i64) -> i64 {
        self.days.get(self.day_of(instant)).map_or(instant, |day| day.begins)
    }

    fn day_of(&self, instant: i64) -> usize {
        let Some(start) = self.days.first().map(|day| day.begins) else { return 0 };
        let guess = usize::try_from((instant - start).max(0) / (SECOND * DAY)).unwrap_or(0);
        let mut day = (guess + 1).min(self.days.len().saturating_sub(1));
        while day > 0 && self.days[day].begins > instant {
            day -= 1;
        }
        day
    }
}

/// Spans of time, in order, read as time goes on.
#[derive(Debug)]
pub(super) struct Times {
    /// The one that is not over yet.
    current: (i64, i64),
    later: std::vec::IntoIter<(i64, i64)>,
}

impl Times {
    pub(super) fn of(spans: Vec<(i64, i64)>) -> Self {
        Self { current: (i64::MIN, i64::MIN), later: spans.into_iter() }
    }

    /// One that is never over.
    pub(super) fn always() -> Self {
        Self { current: (i64::MIN, i64::MAX), later: Vec::new().into_iter() }
    }

    /// The one that holds an instant, or when the next begins.
    pub(super) fn at(&mut self, now: i64) -> Result<(i64, i64), i64> {
        while self.current.1 <= now {
            let Some(later) = self.later.next() else { return Err(i64::MAX) };
            self.current = later;
        }
        if self.current.0 <= now { Ok(self.current) } else { Err(self.current.0) }
    }
}

/// Days since 1970.
pub(super) fn day_number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

fn date_of(number: i64) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(number + 719_163).ok()?)
}

fn offset_at(zone: Tz, seconds: i64) -> i64 {
    DateTime::from_timestamp(seconds, 0).map_or(0, |instant| {
        i64::from(zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc())
    })
}

/// Counted from Monday.
fn weekday_of(number: i64) -> i8 {
    i8::try_from((number + 3).rem_euclid(7)).unwrap_or(0)
}

/// A local time of a day, which may be 24:00.
fn local(date: Option<NaiveDate>, seconds: i64) -> Option<NaiveDateTime> {
    Some(date?.and_hms_opt(0, 0, 0)? + TimeDelta::seconds(seconds))
}

fn first_instant(zone: Tz, local: Option<NaiveDateTime>) -> i64 {
    let Some(local) = local else { return i64::MAX };
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(instant) | MappedLocalTime::Ambiguous(instant, _) => {
            instant.timestamp_micros()
        }
        MappedLocalTime::None => {
            GapInfo::new(&local, &zone).and_then(|gap| gap.end).map_or(i64::MAX, |end| end.timestamp_micros())
        }
    }
}
