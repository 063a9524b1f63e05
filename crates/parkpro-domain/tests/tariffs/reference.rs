//! The fee, counted slowly: minute by minute, with the clocks of the lot read at every one. Knows nothing of the engine
//! but the document. Prices, lengths and stays are in whole minutes here.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Weekday};
use parkpro_domain::{
    money::MajorAmount,
    tariff::{
        Document, Stay, When,
        document::{Across, Block, Cap, CapPer, FreeKind, Period, Price, Prices, Rate},
    },
};

/// A price in minor units as a fraction.
type Fraction = (i128, i128);

/// A step of a rate: the minutes on its clock at which it begins and ends, and its price.
struct Step {
    begins: i64,
    price: Fraction,
    /// Steps of one block are rounded together.
    block: usize,
    ends: i64,
    whole: bool,
}

struct Lot<'d> {
    document: &'d Document,
    /// The first minute that is looked at, in minutes since 1970.
    first: i64,
    /// The latest time that clocks have shown up to each minute. Set back, they show again what is over for good.
    clocks: Vec<NaiveDateTime>,
}

/// What is due, without offers, packages, discounts and tax.
pub(crate) fn total(document: &Document, stay: &Stay) -> i64 {
    let prices = &document.board.prices;
    let minute = |micros: i64| micros / 60_000_000;
    let (entry, left) = (minute(stay.parked_at.micros()), minute(stay.ended_at.micros()));
    if left == entry {
        return 0;
    }
    let lot = Lot::around(document, stay, entry, left);
    // Whoever leaves on the minute has also begun the next one, if the board says so.
    let more = i64::from(prices.steps.end_begins_next);
    let mut start = entry;
    if let Some(free) = prices.free {
        let first = free.first.seconds() / 60;
        match free.kind {
            FreeKind::Cliff if left - entry + more <= first => return 0,
            FreeKind::Cliff => {}
            FreeKind::Deducted => start += first,
        }
    }
    let end = left + more;
    let limit =
        prices.maximum_stay.as_ref().map_or(i64::MAX, |maximum| entry + maximum.length.seconds() / 60);
    let mut due = lot.regular(prices, entry, start, end.min(limit));
    let minimum = prices.minimum.map_or(0, minor);
    if due > 0 {
        due = due.max(minimum);
    }
    if let Some(maximum) = &prices.maximum_stay {
        let start = start.max(limit);
        let steps = steps(&maximum.overstay, (end - start).max(0));
        let mut blocks = std::collections::BTreeMap::new();
        for step in steps.iter().filter(|step| step.begins < end - start) {
            blocks.entry(step.block).or_insert((0, step.price)).0 += 1;
        }
        due += blocks.values().map(|&(count, price)| half_up(count, price)).sum::<i64>();
    }
    due
}

/// A charge that waits for its line to end.
struct Line {
    rate: usize,
    block: usize,
    /// Which meters it passes, and in which of their periods.
    meters: Vec<Option<i64>>,
    count: i128,
    price: Fraction,
    next: i64,
}

impl Lot<'_> {
    fn around<'d>(document: &'d Document, stay: &Stay, entry: i64, left: i64) -> Lot<'d> {
        let zone: chrono_tz::Tz = stay.zone.name().parse().unwrap();
        let (first, last) = (entry - 9 * 1_440, left + 40 * 1_440);
        let fixed = zone == chrono_tz::UTC || zone == chrono_tz::Asia::Kolkata;
        let offset = |minute: i64| {
            let instant = DateTime::from_timestamp(minute * 60, 0).unwrap().naive_utc();
            (instant, zone.offset_from_utc_datetime(&instant).fix().local_minus_utc())
        };
        let shift = offset(first).1;
        // Looking at the zone once an hour or half hour is enough: no clock changes in between.
        let mut known = (i64::MIN, shift);
        let mut latest = NaiveDateTime::MIN;
        let clock = |minute: i64| {
            let instant = DateTime::from_timestamp(minute * 60, 0).unwrap().naive_utc();
            if !fixed && minute.div_euclid(30) != known.0 {
                known = (minute.div_euclid(30), offset(minute.div_euclid(30) * 30).1);
            }
            latest = latest.max(instant + TimeDelta::seconds(known.1.into()));
            latest
        };
        Lot { document, first, clocks: (first..=last).map(clock).collect() }
    }

    /// The first minute at which the clocks show a time or a later one.
    fn minute(&self, time: NaiveDateTime) -> i64 {
        self.first + i64::try_from(self.clocks.partition_point(|clock| *clock < time)).unwrap()
    }

    fn clock(&self, minute: i64) -> NaiveDateTime {
        self.clocks[usize::try_from(minute - self.first).unwrap()]
    }

    /// For every minute from `from` to `to`: when the occurrence began that holds then.
    fn inside(&self, when: &When, from: i64, to: i64) -> Vec<Option<i64>> {
        let mut occurrences = Vec::new();
        let mut date = self.clock(from).date() - TimeDelta::days(8);
        while date <= self.clock(to).date() + TimeDelta::days(1) {
            for (begin, end) in self.spans(&when.to_string(), date) {
                occurrences.push((self.minute(begin), self.minute(end)));
            }
            date += TimeDelta::days(1);
        }
        occurrences.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::new();
        for (begin, end) in occurrences.into_iter().filter(|(begin, end)| begin < end) {
            match merged.last_mut() {
                Some(last) if begin < last.1 => last.1 = last.1.max(end),
                _ => merged.push((begin, end)),
            }
        }
        let holds = |minute| {
            merged.iter().find(|(begin, end)| *begin <= minute && minute < *end).map(|(begin, _)| *begin)
        };
        (from..=to).map(holds).collect()
    }

    /// The spans of a text that begin on a date, read once more from the text.
    fn spans(&self, text: &str, date: NaiveDate) -> Vec<(NaiveDateTime, NaiveDateTime)> {
        let holiday = self.document.holidays.contains(&date);
        let parts: Vec<&str> = text.split("; ").collect();
        if holiday && parts.contains(&"PH off") {
            return Vec::new();
        }
        parts.iter().filter(|part| **part != "PH off").filter_map(|part| span(part, date, holiday)).collect()
    }

    /// Which period of its kind a minute is in, by a number that differs from period to period.
    fn period(&self, period: Period, start: i64, minute: i64) -> i64 {
        let date = self.clock(minute).date();
        match period {
            Period::Every(length) => (minute - start).div_euclid(length.seconds() / 60),
            Period::Day => date.num_days_from_ce().into(),
            Period::Week => (i64::from(date.num_days_from_ce()) - 1).div_euclid(7),
            Period::Month => i64::from(date.year()) * 12 + i64::from(date.month()),
        }
    }

    fn regular(&self, prices: &Prices, entry: i64, start: i64, end: i64) -> i64 {
        if start >= end {
            return 0;
        }
        let windows: Vec<_> =
            prices.windows.iter().map(|window| self.inside(&window.when, start, end)).collect();
        let rates: Vec<&Rate> =
            std::iter::once(&prices.rate).chain(prices.windows.iter().map(|window| &window.rate)).collect();
        let steps: Vec<_> = rates.iter().map(|rate| steps(rate, end - start)).collect();
        let caps: Vec<&Cap> = prices
            .caps
            .iter()
            .filter(|cap| {
                cap.entered.as_ref().is_none_or(|when| self.inside(when, entry, entry)[0].is_some())
            })
            .collect();
        let times: Vec<_> =
            caps.iter().map(|cap| cap.when.as_ref().map(|when| self.inside(when, start, end))).collect();
        let mut left: Vec<(Option<i64>, i64)> = vec![(None, 0); caps.len()];
        let (mut clocks, mut restarted) = (vec![(None, 0_i64); rates.len()], None);
        let (mut due, mut line, mut running) = (0, None::<Line>, None::<(usize, i64)>);
        for minute in start..end {
            let at = usize::try_from(minute - start).unwrap();
            // A line ends where a cap begins, ends or starts again.
            let meters = caps.iter().zip(&times).map(|(cap, times)| {
                let now = times.as_ref().map_or(Some(0), |inside| inside[at])?;
                let first = cap.first.is_none_or(|first| minute - start < first.seconds() / 60);
                first.then(|| match cap.per {
                    CapPer::Entry => 0,
                    CapPer::Window => now,
                    CapPer::Period(period) => self.period(period, start, minute),
                })
            });
            let meters: Vec<Option<i64>> = meters.collect();
            if line.as_ref().is_some_and(|line| line.meters != meters) {
                due += finish(line.take(), &caps, &mut left);
            }
            let period = prices.restart.map(|period| self.period(period, start, minute));
            let window = windows.iter().position(|inside| inside[at].is_some());
            let rate = window.map_or(0, |window| window + 1);
            let occurrence = window
                .filter(|&window| !prices.windows[window].continues)
                .and_then(|window| windows[window][at]);
            // A step that runs on keeps its rate, and its clock.
            let runs = running.filter(|(_, until)| minute < *until && prices.steps.across == Across::RunOn);
            if let Some((running, _)) = runs {
                if running != rate || clocks[running].0 != occurrence {
                    due += finish(line.take(), &caps, &mut left);
                }
                clocks[running].1 += 1;
                continue;
            }
            if period != restarted {
                clocks.fill((None, 0));
                restarted = period;
                due += finish(line.take(), &caps, &mut left);
            }
            if clocks[rate].0 != occurrence {
                clocks[rate] = (occurrence, 0);
                due += finish(line.take(), &caps, &mut left);
            }
            let clock = clocks[rate].1;
            clocks[rate].1 += 1;
            let Some(step) = steps[rate].iter().find(|step| step.begins == clock) else { continue };
            if !step.whole {
                running = Some((rate, minute + (step.ends - step.begins)));
            }
            match &mut line {
                Some(open)
                    if open.rate == rate
                        && open.block == step.block
                        && open.meters == meters
                        && open.next == minute
                        && !step.whole =>
                {
                    (open.count, open.next) = (open.count + 1, minute + (step.ends - step.begins));
                }
                _ => {
                    due += finish(line.take(), &caps, &mut left);
                    let next = minute.saturating_add(step.ends - step.begins);
                    line = Some(Line { rate, block: step.block, meters, count: 1, price: step.price, next });
                }
            }
        }
        due + finish(line, &caps, &mut left)
    }
}

/// What the caps let through of a line.
fn finish(line: Option<Line>, caps: &[&Cap], left: &mut [(Option<i64>, i64)]) -> i64 {
    let Some(line) = line else { return 0 };
    for (at, now) in line.meters.iter().enumerate().filter(|(_, now)| now.is_some()) {
        if left[at].0 != *now {
            left[at] = (*now, minor(caps[at].max));
        }
    }
    let on = || (0..caps.len()).filter(|&at| line.meters[at].is_some());
    let amount = on().map(|at| left[at].1).fold(half_up(line.count, line.price), i64::min);
    on().for_each(|at| left[at].1 -= amount);
    amount
}

fn span(text: &str, date: NaiveDate, holiday: bool) -> Option<(NaiveDateTime, NaiveDateTime)> {
    let midnight = date.and_hms_opt(0, 0, 0).unwrap();
    if text == "Fr 16:00-Su 24:00" {
        let friday = date.weekday() == Weekday::Fri;
        return friday.then(|| (midnight + TimeDelta::hours(16), midnight + TimeDelta::days(3)));
    }
    let (mut day, mut from, mut to) = (true, 0, 1_440);
    for word in text.split(' ').filter(|word| *word != "24/7") {
        let weekday = date.weekday().num_days_from_monday();
        match word {
            "Mo-Fr" => day &= weekday < 5,
            "Sa,Su" => day &= weekday > 4,
            "Su,PH" => day &= weekday == 6 || holiday,
            "We" => day &= weekday == 2,
            "PH" => day &= holiday,
            "2024-03-31" => day &= date == NaiveDate::from_ymd_opt(2024, 3, 31).unwrap(),
            "10-20..04-10" => {
                let month_day = (date.month(), date.day());
                day &= month_day >= (10, 20) || month_day <= (4, 10);
            }
            times => {
                let clock = |at: usize| {
                    times[at..at + 2].parse::<i64>().unwrap() * 60
                        + times[at + 3..at + 5].parse::<i64>().unwrap()
                };
                (from, to) = (clock(0), clock(6));
            }
        }
    }
    to += if to <= from { 1_440 } else { 0 };
    day.then(|| (midnight + TimeDelta::minutes(from), midnight + TimeDelta::minutes(to)))
}

/// All steps of a rate that may begin in so many minutes.
fn steps(rate: &Rate, minutes: i64) -> Vec<Step> {
    let mut found = Vec::new();
    let mut block = |number: usize, from: i64, block: &Block| {
        let to = block.to.map_or(i64::MAX, |to| to.seconds() / 60);
        let Some(Period::Every(step)) = block.step else {
            let Price::Each(price) = block.price else { unreachable!() };
            found.push(Step { begins: from, price: fraction(price), block: number, ends: to, whole: true });
            return to;
        };
        let step = step.seconds() / 60;
        let price = match block.price {
            Price::Each(price) => fraction(price),
            Price::PerHour(price) => (fraction(price).0 * i128::from(step), fraction(price).1 * 60),
        };
        let mut begins = from;
        while begins < to && begins <= minutes {
            found.push(Step { begins, price, block: number, ends: to.min(begins + step), whole: false });
            begins += step;
        }
        to
    };
    match rate {
        Rate::Free => {}
        Rate::Blocks(blocks) => {
            blocks.iter().enumerate().fold(0, |from, (number, part)| block(number, from, part));
        }
        Rate::Table { rows, then } => {
            let from = rows.last().unwrap().up_to.seconds() / 60;
            block(rows.len(), from, &then.unwrap());
            let (mut from, mut before) = (0, (0, 1));
            for (number, row) in rows.iter().enumerate() {
                let total = fraction(row.total);
                let price = (total.0 * before.1 - before.0 * total.1, total.1 * before.1);
                let ends = row.up_to.seconds() / 60;
                found.push(Step { begins: from, price, block: number, ends, whole: true });
                (from, before) = (ends, total);
            }
        }
    }
    found
}

fn fraction(amount: MajorAmount) -> Fraction {
    let (digits, scale) = amount.fraction();
    (i128::from(digits) * 100, scale.into())
}

fn minor(amount: MajorAmount) -> i64 {
    half_up(1, fraction(amount))
}

fn half_up(count: i128, (top, bottom): Fraction) -> i64 {
    i64::try_from((2 * count * top + bottom) / (2 * bottom)).unwrap()
}
