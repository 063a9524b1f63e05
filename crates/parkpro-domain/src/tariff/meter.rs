//! Caps: every charge passes the meters that are on when its step begins, and none lets more through than its cap.

use super::{
    almanac::Almanac,
    document::{CapPer, Period},
    plan::{CapRule, OPEN},
};
use crate::money::Currency;

/// One cap, at one moment of one stay.
#[derive(Debug)]
pub(super) struct Meter<'a> {
    pub(super) rule: &'a CapRule,
    max: i64,
    left: i64,
    on: bool,
    /// When `on` or `left` may change.
    changes: i64,
    resets: i64,
    start: i64,
    occurrences: Vec<(i64, i64)>,
    at: usize,
    /// The occurrence for which `left` is counted.
    counted: i64,
}

impl<'a> Meter<'a> {
    /// The meter of a cap, unless it is not for vehicles that entered at this time.
    pub(super) fn of(
        rule: &'a CapRule,
        almanac: &Almanac,
        currency: Currency,
        (entry, start, end): (i64, i64, i64),
    ) -> Option<Self> {
        if rule.entered.as_ref().is_some_and(|entered| !almanac.contains(entered, entry, false)) {
            return None;
        }
        let times = |when| match rule.per {
            CapPer::Window => almanac.occurrences(when, entry.min(start), end),
            CapPer::Entry | CapPer::Period(_) => almanac.stretches(when, entry.min(start), end),
        };
        let occurrences = rule.when.as_ref().map(times);
        let max = rule.max.map_or(i64::MAX, |max| max.floor(currency));
        Some(Self {
            rule,
            max,
            left: max,
            on: true,
            changes: i64::MIN,
            resets: i64::MIN,
            start,
            occurrences: occurrences.unwrap_or_default(),
            at: 0,
            counted: i64::MIN,
        })
    }

    /// Makes it count from the beginning, if it is for the whole stay.
    pub(super) fn begin_stay(&mut self) {
        if self.rule.per == CapPer::Entry {
            self.left = self.max;
        }
    }

    /// Goes on to an instant; says until when nothing changes.
    pub(super) fn advance(&mut self, now: i64, almanac: &Almanac) -> i64 {
        if now < self.changes {
            return self.changes;
        }
        let over = self.start.saturating_add(self.rule.first);
        (self.on, self.changes) = match self.times(now) {
            Ok((begin, end)) if now < over => {
                if self.rule.per == CapPer::Window && self.counted != begin {
                    (self.left, self.counted) = (self.max, begin);
                }
                (true, over.min(end))
            }
            Err(begin) if begin < over => (false, begin),
            Ok(_) | Err(_) => (false, OPEN),
        };
        if let (CapPer::Period(period), true) = (self.rule.per, self.on) {
            if now >= self.resets {
                self.left = self.max;
                self.resets = next_reset(period, self.start, now, almanac);
            }
            self.changes = self.changes.min(self.resets);
        }
        self.changes
    }

    /// The times of the cap that hold now, or when the next begin.
    fn times(&mut self, now: i64) -> Result<(i64, i64), i64> {
        if self.rule.when.is_none() {
            return Ok((i64::MIN, OPEN));
        }
        while self.occurrences.get(self.at).is_some_and(|(_, end)| *end <= now) {
            self.at += 1;
        }
        match self.occurrences.get(self.at) {
            Some(&(begin, end)) if begin <= now => Ok((begin, end)),
            Some(&(begin, _)) => Err(begin),
            None => Err(OPEN),
        }
    }

    /// How much it would let through of an amount.
    pub(super) fn lets(&self, amount: i64) -> i64 {
        if self.on { amount.min(self.left) } else { amount }
    }

    /// Counts what went through.
    pub(super) fn count(&mut self, amount: i64) {
        if self.on {
            self.left -= amount;
        }
    }
}

/// When the period that holds an instant is over; elapsed periods are counted from `start`.
pub(super) fn next_reset(period: Period, start: i64, now: i64, almanac: &Almanac) -> i64 {
    match period {
        Period::Every(length) => {
            let passed = now.saturating_sub(start).div_euclid(length.micros());
            start.saturating_add((passed + 1).saturating_mul(length.micros()))
        }
        calendar => almanac.next(calendar, now),
    }
}
