//! Until when a fee holds, and what comes then.

use super::{
    Grant, Stay,
    almanac::{Almanac, SECOND},
    document::{Across, Offer, Prices},
    engine::Tariff,
    length::Length,
    when::When,
};
use crate::{
    money::{Currency, Money},
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};

/// How far ahead a change is looked for, in days.
const AHEAD: [i64; 3] = [1, 32, 366];

/// The next other fee of a stay that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The first instant of leaving at which the fee is another one.
    pub at: Timestamp,
    /// What it is then.
    pub total: Money,
}

impl Change {
    /// The last instant at which a stay costs the same, if this is its next change; a year ahead if it has none, or the
    /// end of all time that can be written.
    pub fn holds_until(next: Option<Self>, stay: &Stay) -> Timestamp {
        let year = stay.ended_at.plus_micros(AHEAD[2] * Length::DAY.micros()).min(Timestamp::LAST);
        next.map_or(year, |change| change.at.plus_micros(-1))
    }
}

impl Tariff {
    /// When and to what the fee changes if the vehicle stays; none if it does not within a year.
    pub fn next_change(&self, stay: &Stay) -> Option<Change> {
        let (now, paid) = self.total_and_paid(stay);
        let mut probe = stay.clone();
        let mut total = |at: i64| {
            probe.ended_at = Timestamp::from_micros(at);
            self.total(&probe)
        };
        let mut same = stay.ended_at.micros();
        for days in AHEAD {
            let horizon = stay.ended_at.plus_micros(days * Length::DAY.micros());
            let horizon = horizon.min(Timestamp::LAST).micros().max(same);
            // Between two turns the fee does not fall, so halving finds where it rises.
            for turn in self.turns(stay, same, horizon) {
                let before = turn - 1;
                if before > same && total(before) != now {
                    // Mostly it is the end of a step that has been paid.
                    for paid in paid.iter().flat_map(|&paid| [paid, paid - 1]) {
                        if same <= paid && paid < before && total(paid) == now {
                            let then = total(paid + 1);
                            if then != now {
                                return Some(Change { at: Timestamp::from_micros(paid + 1), total: then });
                            }
                        }
                    }
                    let (mut low, mut high) = (same, before);
                    while high - low > 1 {
                        let middle = low + (high - low) / 2;
                        if total(middle) == now { low = middle } else { high = middle }
                    }
                    return Some(Change { at: Timestamp::from_micros(high), total: total(high) });
                }
                let then = total(turn);
                if then != now {
                    return Some(Change { at: Timestamp::from_micros(turn), total: then });
                }
                same = turn;
            }
        }
        None
    }

    /// What stays of 1 h, 2 h, … 24 h, 2 d, … 7 d cost that begin at an instant.
    pub fn table(
        &self,
        parked_at: Timestamp,
        zone: Zone,
        class: VehicleClass,
        currency: Currency,
    ) -> Vec<(Length, Money)> {
        let mut stay = Stay::new(parked_at, parked_at, class, zone, currency);
        let hours = (1..=24).map(|hours| hours * Length::HOUR.seconds());
        let lengths = hours.chain((2..=7).map(|days| days * Length::DAY.seconds()));
        lengths
            .filter_map(|seconds| Length::of_seconds(seconds).ok())
            .map(|length| {
                stay.ended_at = parked_at.plus_micros(length.micros());
                (length, self.total(&stay))
            })
            .collect()
    }

    /// The instants after `from` at which the fee may fall because other prices hold, in order, and `to`.
    fn turns<'s>(&'s self, stay: &'s Stay, from: i64, to: i64) -> Vec<i64> {
        let mut turns = Turns { stay, holidays: self.holidays(), from, to, found: vec![to] };
        self.collect(&mut turns);
        let others = stay.discounts.iter().filter_map(|discount| match &discount.grant {
            Grant::Tariff(other) => Some(other),
            _ => None,
        });
        for other in others {
            turns.holidays = other.holidays();
            other.collect(&mut turns);
        }
        turns.found.sort_unstable();
        turns.found.dedup();
        turns.found
    }

    fn collect(&self, turns: &mut Turns<'_>) {
        let board = self.board(turns.stay);
        turns.switches(&board.prices);
        for offer in &board.offers {
            turns.offer(offer);
        }
    }
}

struct Turns<'s> {
    stay: &'s Stay,
    holidays: &'s [i64],
    from: i64,
    to: i64,
    found: Vec<i64>,
}

impl Turns<'_> {
    fn offer(&mut self, offer: &Offer) {
        let entry = self.stay.parked_at.micros();
        if self.is_past(offer) {
            return;
        }
        self.switches(&offer.prices);
        for length in [offer.longer_than, offer.up_to].into_iter().flatten() {
            self.around(entry.saturating_add(length.micros()));
        }
        let until = offer.up_to.map_or(self.to, |length| self.to.min(entry.saturating_add(length.micros())));
        for when in [&offer.leave, &offer.during].into_iter().flatten() {
            self.edges(when, until);
        }
    }

    /// Whether an offer can fit no more, however long the stay will be.
    fn is_past(&self, offer: &Offer) -> bool {
        let entry = self.stay.parked_at.micros();
        // What counts as time is less than a minute short of it.
        let stayed = self.from - entry - 60 * SECOND;
        if offer.up_to.is_some_and(|length| stayed > length.micros()) {
            return true;
        }
        let almanac = Almanac::new(self.stay.zone, self.holidays, entry, entry);
        [&offer.enter, &offer.during].into_iter().flatten().any(|when| !almanac.contains(when, entry, false))
    }

    /// With [`Across::Once`] the step of another rate may lengthen the stay by less.
    fn switches(&mut self, prices: &Prices) {
        if prices.steps.across == Across::Once {
            for window in &prices.windows {
                self.edges(&window.when, self.to);
            }
        }
    }

    fn edges(&mut self, when: &When, until: i64) {
        if self.from > until {
            return;
        }
        let almanac = Almanac::new(self.stay.zone, self.holidays, self.from, until);
        for (begin, end) in almanac.occurrences(when, self.from, until) {
            self.around(begin);
            self.around(end);
        }
    }

    /// Conditions are judged by the time that counts, so they turn when the second or minute is full.
    fn around(&mut self, instant: i64) {
        let entry = self.stay.parked_at.micros();
        for grain in [1, SECOND, 60 * SECOND] {
            let whole = entry + (instant - entry).div_euclid(grain) * grain;
            self.found.extend(
                [whole, whole + 1, whole + grain].into_iter().filter(|&at| self.from < at && at < self.to),
            );
        }
    }
}
