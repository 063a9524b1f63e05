//! Caps: every charge passes the meters that are on when its step begins, and none lets more through than its cap.

use super::{
    almanac::{Almanac, Times},
    document::{CapPer, Period},
    plan::{CapRule, OPEN},
};
use crate::money::Currency;

/// The caps of one stay. A stay passes thousands of times between two moments at which one of them changes, so what
/// passes is counted once for all of them: each knows at which count it is full.
#[derive(Debug)]
pub(super) struct Meters<'a> {
    caps: Vec<Meter<'a>>,
    /// How much has passed.
    passed: i64,
    /// The count at which the first of them is full, and which one that is.
    full: i64,
    first_full: Option<&'a CapRule>,
    /// When that may change.
    changes: i64,
}

/// One cap, at one moment of one stay.
#[derive(Debug)]
struct Meter<'a> {
    rule: &'a CapRule,
    max: i64,
    on: bool,
    /// While it is on, the count at which it is full; while it is off, how much it would still let through.
    room: i64,
    /// When `on` or `room` may change.
    changes: i64,
    resets: i64,
    start: i64,
    times: Times,
    /// The occurrence for which `room` is counted.
    counted: i64,
}

impl<'a> Meters<'a> {
    /// No caps at all.
    pub(super) const fn none() -> Self {
        Self { caps: Vec::new(), passed: 0, full: OPEN, first_full: None, changes: OPEN }
    }

    /// The caps that hold for a vehicle that entered, was charged from and left at these instants.
    pub(super) fn of(
        rules: &'a [CapRule],
        almanac: &Almanac,
        currency: Currency,
        stay: (i64, i64, i64),
    ) -> Self {
        let caps = rules.iter().filter_map(|rule| Meter::of(rule, almanac, currency, stay)).collect();
        Self { caps, changes: i64::MIN, ..Self::none() }
    }

    /// Makes those count from the beginning that are for the whole stay.
    pub(super) fn begin_stay(&mut self) {
        for meter in self.caps.iter_mut().filter(|meter| meter.rule.per == CapPer::Entry) {
            meter.room = if meter.on { self.passed.saturating_add(meter.max) } else { meter.max };
        }
        self.look();
    }

    /// Goes on to an instant; says until when nothing changes.
    pub(super) fn advance(&mut self, now: i64, almanac: &Almanac) -> i64 {
        if now >= self.changes {
            for meter in self.caps.iter_mut().filter(|meter| now >= meter.changes) {
                meter.advance(now, self.passed, almanac);
            }
            self.look();
        }
        self.changes
    }

    /// Lets through what it may of an amount, and names the cap that kept the rest back.
    pub(super) fn pass(&mut self, amount: i64) -> (i64, Option<&'a CapRule>) {
        let room = self.full.saturating_sub(self.passed);
        let (allowed, by) = if amount <= room { (amount, None) } else { (room, self.first_full) };
        self.passed = self.passed.saturating_add(allowed);
        (allowed, by)
    }

    /// Finds the one that is full first; of several, the first listed.
    fn look(&mut self) {
        (self.full, self.first_full, self.changes) = (OPEN, None, OPEN);
        for meter in &self.caps {
            self.changes = self.changes.min(meter.changes);
            if meter.on && meter.room < self.full {
                (self.full, self.first_full) = (meter.room, Some(meter.rule));
            }
        }
    }
}

impl<'a> Meter<'a> {
    /// The meter of a cap, unless it is not for vehicles that entered at this time.
    fn of(
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
        let max = rule.max.map_or(i64::MAX, |max| max.nearest(currency).minor);
        Some(Self {
            rule,
            max,
            on: false,
            room: max,
            changes: i64::MIN,
            resets: i64::MIN,
            start,
            times: rule.when.as_ref().map_or_else(Times::always, |when| Times::of(times(when))),
            counted: i64::MIN,
        })
    }

    /// Goes on to an instant, at which so much has passed.
    fn advance(&mut self, now: i64, passed: i64, almanac: &Almanac) {
        let mut left = if self.on { self.room.saturating_sub(passed) } else { self.room };
        let over = self.start.saturating_add(self.rule.first);
        (self.on, self.changes) = match self.times.at(now) {
            Ok((begin, end)) if now < over => {
                if self.rule.per == CapPer::Window && self.counted != begin {
                    (left, self.counted) = (self.max, begin);
                }
                (true, over.min(end))
            }
            Err(begin) if begin < over => (false, begin),
            Ok(_) | Err(_) => (false, OPEN),
        };
        if let (CapPer::Period(period), true) = (self.rule.per, self.on) {
            if now >= self.resets {
                left = self.max;
                self.resets = next_reset(period, self.start, now, almanac);
            }
            self.changes = self.changes.min(self.resets);
        }
        self.room = if self.on { passed.saturating_add(left) } else { left };
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
