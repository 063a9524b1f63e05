//! The walk through a stay: from rate to rate, from step to step, in the order of time.

use super::{
    almanac::{Almanac, Times},
    document::{Across, RoundingMode},
    meter::{Meters, next_reset},
    plan::{CapRule, Ladder, OPEN, Plan, Rung, Step},
    when::When,
};
use crate::money::Currency;

/// One amount of a fee, before it is put into words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge<'a> {
    pub(super) what: What<'a>,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) units: i64,
    /// In minor units.
    pub(super) amount: i64,
}

/// What an amount is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum What<'a> {
    /// Steps of a rate.
    Steps(&'a Rung),
    /// Rows of a table that follow each other, up to this one.
    Rows(&'a Rung),
    Cap(&'a CapRule),
    Package(super::length::Length),
    Free,
    Minimum,
    LostTicket,
    Discount(&'a super::Discount),
    Tax(super::document::Tax, i64),
    CashRounding,
}

/// What amounts are in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coinage {
    pub(super) currency: Currency,
    /// Minor units in a major one.
    pub(super) scale: i64,
    pub(super) mode: RoundingMode,
}

/// The part of a stay that is charged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charged {
    /// When the vehicle entered.
    pub(super) entry: i64,
    /// Where charging begins.
    pub(super) start: i64,
    pub(super) end: i64,
}

pub(super) struct Walk<'a, 'w> {
    plan: &'a Plan,
    almanac: &'w Almanac,
    coinage: Coinage,
    start: i64,
    meters: Meters<'a>,
    windows: Vec<Times>,
    /// For each rate: the occurrence that its clock belongs to, and the time charged in it.
    clocks: Vec<(i64, i64)>,
    restarts: i64,
    /// The rate that was charged last.
    last: usize,
    charges: Vec<Charge<'a>>,
}

/// The clock of a rate that goes on from one occurrence to the next.
const ALWAYS: i64 = i64::MIN;

/// What the time of a stay costs. `earlier` are the stays whose time counts as if it came before.
pub(super) fn charges<'a>(
    plan: &'a Plan,
    almanac: &Almanac,
    coinage: Coinage,
    time: Charged,
    earlier: &[(i64, i64)],
) -> Vec<Charge<'a>> {
    let walk = |longer| {
        let mut walk = Walk::new(plan, almanac, coinage, time);
        walk.before(earlier);
        walk.span(time.start, time.end, longer);
        walk
    };
    let walked = walk(0);
    match plan.last_steps.get(walked.last) {
        None => walked.charges,
        Some(step) => walk((time.start - time.end).rem_euclid(*step)).charges,
    }
}

/// What time costs outside all windows and caps.
pub(super) fn plain<'a>(
    plan: &'a Plan,
    ladder: &'a Ladder,
    almanac: &Almanac,
    coinage: Coinage,
    time: Charged,
) -> Vec<Charge<'a>> {
    let mut walk = Walk::bare(plan, almanac, coinage, time.start);
    walk.stretch(ladder, (0, time.end - time.start), time.start, OPEN);
    walk.charges
}

impl<'a, 'w> Walk<'a, 'w> {
    fn new(plan: &'a Plan, almanac: &'w Almanac, coinage: Coinage, time: Charged) -> Self {
        let Charged { entry, start, end } = time;
        let times = |(when, continues): &(When, bool)| {
            Times::of(match continues {
                true => almanac.stretches(when, start, end),
                false => almanac.occurrences(when, start, end),
            })
        };
        Self {
            meters: Meters::of(&plan.caps, almanac, coinage.currency, (entry, start, end)),
            windows: plan.windows.iter().map(times).collect(),
            ..Self::bare(plan, almanac, coinage, start)
        }
    }

    /// Without caps and windows.
    fn bare(plan: &'a Plan, almanac: &'w Almanac, coinage: Coinage, start: i64) -> Self {
        Self {
            plan,
            almanac,
            coinage,
            start,
            meters: Meters::none(),
            windows: Vec::new(),
            clocks: vec![(ALWAYS, 0); plan.ladders.len()],
            restarts: OPEN,
            last: 0,
            charges: Vec::with_capacity(16),
        }
    }

    /// Walks through the earlier stays of the day; what they cost has been paid.
    fn before(&mut self, earlier: &[(i64, i64)]) {
        for &(from, to) in earlier {
            self.span(from, to, 0);
        }
        self.charges.clear();
        self.meters.begin_stay();
    }

    /// Walks from one instant to another; the last rate is charged for `longer` than that.
    fn span(&mut self, from: i64, to: i64, longer: i64) {
        let mut now = from;
        if let Some(period) = self.plan.restart
            && self.restarts == OPEN
        {
            self.restarts = next_reset(period, self.start, now, self.almanac);
        }
        while now < to {
            if let Some(period) = self.plan.restart
                && now >= self.restarts
            {
                self.clocks.fill((ALWAYS, 0));
                self.restarts = next_reset(period, self.start, now, self.almanac);
            }
            let (rate, occurrence, until) = self.rate_at(now);
            let until = until.min(self.restarts);
            let length = if until < to { until - now } else { to - now + longer };
            let (owner, clock) = self.clocks[rate];
            let clock = if owner == occurrence { clock } else { 0 };
            let runs_on = self.plan.across == Across::RunOn;
            let bound = if until < to && !runs_on { until } else { OPEN };
            let plan = self.plan;
            let paid = self.stretch(&plan.ladders[rate], (clock, length), now, bound);
            let passed = if runs_on { length.max(paid - now) } else { length };
            self.clocks[rate] = (occurrence, clock + passed);
            self.last = rate;
            now += passed;
        }
    }

    /// Which rate holds, for which occurrence of its window, and until when.
    fn rate_at(&mut self, now: i64) -> (usize, i64, i64) {
        let mut until = OPEN;
        for (at, times) in self.windows.iter_mut().enumerate() {
            match times.at(now) {
                Ok((begin, end)) => {
                    let continues = self.plan.windows[at].1;
                    return (at + 1, if continues { ALWAYS } else { begin }, until.min(end));
                }
                Err(begin) => until = until.min(begin),
            }
        }
        (0, ALWAYS, until)
    }

    /// Charges the steps of a rate that begin while its clock runs for `length`; says until when steps are paid.
    fn stretch(&mut self, ladder: &'a Ladder, (clock, length): (i64, i64), now: i64, bound: i64) -> i64 {
        let (reach, mut paid) = (clock + length, now);
        // When the clock shows so much; steps cut short are shown to end at `bound`.
        let shows = |time: i64| if time == OPEN { OPEN } else { now + (time - clock) };
        for rung in &ladder.rungs {
            if rung.to <= clock {
                continue;
            }
            if rung.from >= reach {
                break;
            }
            let limit = rung.to.min(reach);
            let bound = bound.min(shows(rung.to));
            match rung.step {
                Step::Every(step) => {
                    let first = next_step(rung.from, step, clock);
                    if first < limit {
                        let length = limit - first;
                        let count = if length <= step { 1 } else { (length - 1) / step + 1 };
                        self.steps(rung, (shows(first), step, count), bound);
                        paid = paid.max((shows(first) + step * count).min(bound));
                    }
                }
                Step::Whole if rung.from >= clock => {
                    let end = bound.min(shows(limit).max(now + 1));
                    let to = if rung.to == OPEN { end } else { bound };
                    self.steps(rung, (shows(rung.from), to - shows(rung.from), 1), to);
                }
                Step::Whole => {}
                Step::Calendar(period) => {
                    let mut at = shows(rung.from.max(clock));
                    while at < shows(limit) {
                        let next = self.almanac.next(period, at);
                        self.steps(rung, (at, next.saturating_sub(at), 1), bound.min(next));
                        at = next;
                    }
                }
            }
        }
        paid
    }

    /// Charges `count` steps, the first at `at`, in as many lines as the caps make necessary.
    fn steps(&mut self, rung: &'a Rung, (mut at, step, mut count): (i64, i64, i64), bound: i64) {
        while count > 0 {
            let changes = self.meters.advance(at, self.almanac);
            let last = at.saturating_add(step.saturating_mul(count - 1));
            let units = if changes == OPEN || last < changes { count } else { (changes - at - 1) / step + 1 };
            let end = at.saturating_add(units.saturating_mul(step));
            let amount = rung.cost(units, self.coinage.scale, self.coinage.mode);
            let (from, to) = (at, end.min(bound));
            let charge = Charge { what: What::Steps(rung), from, to, units, amount };
            self.limit(charge);
            (at, count) = (end, count - units);
        }
    }

    /// Takes a charge as far as the caps let it through. One that nothing is left of is not shown: the cap is.
    fn limit(&mut self, charge: Charge<'a>) {
        let (allowed, by) = self.meters.pass(charge.amount);
        let Some(rule) = by else { return self.charges.push(charge) };
        let cap = Charge { what: What::Cap(rule), units: 1, amount: allowed - charge.amount, ..charge };
        if allowed > 0 {
            return self.charges.extend([charge, cap]);
        }
        match self.charges.last_mut() {
            Some(last) if matches!(last.what, What::Cap(before) if std::ptr::eq(before, rule)) => {
                last.to = cap.to;
            }
            _ => self.charges.push(Charge { amount: 0, ..cap }),
        }
    }
}

/// The first clock time at or after `clock` at which a step of a rung begins. Mostly without a division, which would take
/// longer than all the rest.
fn next_step(from: i64, step: i64, clock: i64) -> i64 {
    let begun = (clock - from).max(0);
    let within = if begun < step { begun } else { begun % step };
    from + begun + if within == 0 { 0 } else { step - within }
}
