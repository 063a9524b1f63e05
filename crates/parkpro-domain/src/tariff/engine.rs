//! From a tariff and a stay to the fee.

use std::collections::BTreeMap;

use super::{
    Change, Discount, Fee, FeePolicy, Grant, StartedHours, Stay,
    almanac::{Almanac, day_number},
    document::{Block, Board, Choice, Document, FreeKind, Offer, Price, Rate, Stacking, Tax},
    exact::{share, share_within, to_coin},
    length::Length,
    packages,
    plan::{Ladder, Plan},
    validate::{self, Mistake},
    walk::{self, Charge, Charged, Coinage, What},
    words,
};
use crate::{
    money::{Currency, Money},
    vehicle::VehicleClass,
};

/// A document without mistakes, ready to price stays.
#[derive(Debug, Clone)]
pub struct Tariff {
    document: Document,
    /// Days since 1970, sorted.
    holidays: Vec<i64>,
    common: Priced,
    classes: BTreeMap<VehicleClass, Priced>,
    /// The same prices, if they are so much per started hour and nothing else: most lots have no more, and it is quicker.
    plain: Option<StartedHours>,
}

/// A board made ready.
#[derive(Debug, Clone)]
struct Priced {
    regular: Plan,
    offers: Vec<Plan>,
    local: bool,
}

impl Tariff {
    /// Takes a document, or names everything that is wrong with it.
    pub fn new(document: Document) -> Result<Self, Vec<Mistake>> {
        let mistakes = validate::mistakes(&document);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self::of(document))
    }

    /// Takes a document that has no mistakes, or had none when it was saved, whatever would be thought of it now.
    pub fn of(document: Document) -> Self {
        let mut holidays: Vec<i64> = document.holidays.iter().map(|&date| day_number(date)).collect();
        holidays.sort_unstable();
        let minor = document.currency.map_or(100, Currency::minor_per_major);
        Self {
            holidays,
            common: Priced::of(&document.board, minor),
            classes: document
                .classes
                .iter()
                .map(|(class, board)| (class.clone(), Priced::of(board, minor)))
                .collect(),
            plain: plain(&document),
            document,
        }
    }

    /// What it says.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// What a stay costs, line by line.
    pub fn fee(&self, stay: &Stay) -> Fee {
        if let Some(plain) = self.plain.filter(|plain| is_plain(*plain, stay)) {
            return plain.fee(stay);
        }
        let coinage = self.coinage(stay);
        let mut charges = self.charges(stay);
        words::join_rows(&mut charges);
        Fee { total: Money::new(sum(&charges), coinage.currency), lines: words::lines(&charges, coinage) }
    }

    /// What a stay costs, without a word why.
    pub fn total(&self, stay: &Stay) -> Money {
        Money::new(sum(&self.charges(stay)), self.coinage(stay).currency)
    }

    /// What a stay costs, and until when steps are paid beyond its end.
    pub(super) fn total_and_paid(&self, stay: &Stay) -> (Money, Vec<i64>) {
        let charges = self.charges(stay);
        let ends = charges.iter().map(|charge| charge.to);
        let mut paid: Vec<_> = ends.filter(|&to| stay.ended_at.micros() <= to && to < i64::MAX).collect();
        paid.dedup();
        (Money::new(sum(&charges), self.coinage(stay).currency), paid)
    }

    /// Days since 1970, sorted.
    pub(super) fn holidays(&self) -> &[i64] {
        &self.holidays
    }

    /// The board that holds for a stay.
    pub(super) fn board(&self, stay: &Stay) -> &Board {
        self.document.classes.get(&stay.class).unwrap_or(&self.document.board)
    }

    fn coinage(&self, stay: &Stay) -> Coinage {
        let currency = self.document.currency.unwrap_or(stay.currency);
        Coinage { currency, scale: currency.minor_per_major(), mode: self.document.rounding.mode }
    }

    fn charges<'a>(&'a self, stay: &'a Stay) -> Vec<Charge<'a>> {
        let discounts = if self.ignores_discounts(stay) { &[] } else { stay.discounts.as_slice() };
        let mut charges = if self.grants_the_best() && discounts.len() > 1 {
            let all = discounts.chunks(1).map(|one| self.before_tax(stay, one));
            all.min_by_key(|charges| sum(charges)).unwrap_or_default()
        } else {
            self.before_tax(stay, discounts)
        };
        self.add_tax(&mut charges, stay);
        self.add_cash_rounding(&mut charges, stay);
        charges
    }

    /// What is due before tax, with these discounts.
    fn before_tax<'a>(&'a self, stay: &'a Stay, discounts: &'a [Discount]) -> Vec<Charge<'a>> {
        let other = discounts.iter().find_map(|discount| match &discount.grant {
            Grant::Tariff(tariff) => Some((discount, tariff)),
            _ => None,
        });
        let minutes = discounts.iter().map(|discount| match discount.grant {
            Grant::Free(length) => length.micros(),
            _ => 0,
        });
        let mut charges = match other {
            Some((_, tariff)) => tariff.undiscounted(stay, minutes.sum()),
            None => self.undiscounted(stay, minutes.sum()),
        };
        let amounts_first = self.document.discounts == Stacking::AmountsFirst;
        for is_amount in [amounts_first, !amounts_first] {
            for discount in discounts {
                self.take_off(&mut charges, stay, discount, is_amount);
            }
        }
        let (from, to) = (stay.parked_at.micros(), stay.ended_at.micros());
        let shown = discounts.iter().filter(|discount| match &discount.grant {
            Grant::Free(_) => true,
            Grant::Tariff(_) => other.is_some_and(|(first, _)| std::ptr::eq(first, *discount)),
            Grant::Percent(_) | Grant::Amount(_) => false,
        });
        let shown =
            shown.map(|discount| Charge { what: What::Discount(discount), from, to, units: 1, amount: 0 });
        charges.splice(0..0, shown);
        charges
    }

    /// Takes a percentage or an amount off what is due, down to nothing.
    fn take_off<'a>(
        &self,
        charges: &mut Vec<Charge<'a>>,
        stay: &Stay,
        discount: &'a Discount,
        is_amount: bool,
    ) {
        let (due, coinage) = (sum(charges), self.coinage(stay));
        let off = match discount.grant {
            Grant::Percent(percent) if !is_amount => share(due, percent, coinage.mode),
            Grant::Amount(amount) if is_amount => amount.nearest(coinage.currency).minor,
            _ => return,
        };
        charges.push(whole(stay, What::Discount(discount), -off.min(due)));
    }

    /// What is due before discounts and tax, as if the vehicle had come `given` microseconds later.
    fn undiscounted<'a>(&'a self, stay: &'a Stay, given: i64) -> Vec<Charge<'a>> {
        let (board, coinage) = (self.board(stay), self.coinage(stay));
        let priced = self.classes.get(&stay.class).unwrap_or(&self.common);
        if let (true, Some(price)) = (stay.lost_ticket, board.lost_ticket) {
            return vec![whole(stay, What::LostTicket, price.nearest(coinage.currency).minor)];
        }
        let entry = stay.parked_at.micros();
        let almanac = if priced.local {
            let first = stay.earlier_stays.iter().map(|stay| stay.from.micros()).fold(entry, i64::min);
            Almanac::new(
                stay.zone,
                &self.holidays,
                first.max(entry - Length::DAY.micros() * 2),
                entry.saturating_add(elapsed(stay)),
            )
        } else {
            Almanac::none()
        };
        let counter = Counter { stay, almanac: &almanac, coinage, given };
        let fitting =
            || board.offers.iter().zip(&priced.offers).filter(|(offer, plan)| counter.fits(offer, plan));
        let offered = |(_, plan): (&'a Offer, &'a Plan)| counter.charges(plan);
        match board.offers_choice {
            Choice::AsListed => fitting().next().map_or_else(|| counter.charges(&priced.regular), offered),
            Choice::Cheapest => {
                let regular = counter.charges(&priced.regular);
                fitting()
                    .map(offered)
                    .fold(regular, |best, next| if sum(&next) < sum(&best) { next } else { best })
            }
        }
    }

    /// The tax is a line of one unit that adds to the fee, or of no unit if the prices contain it.
    fn add_tax(&self, charges: &mut Vec<Charge<'_>>, stay: &Stay) {
        let (due, mode) = (sum(charges), self.document.rounding.mode);
        if let Some(tax @ Tax { percent, included }) = self.document.tax
            && due > 0
        {
            let part = if included { share_within(due, percent, mode) } else { share(due, percent, mode) };
            let mut line = whole(stay, What::Tax(tax, part), part);
            (line.units, line.amount) = if included { (0, 0) } else { (1, part) };
            charges.push(line);
        }
    }

    fn add_cash_rounding(&self, charges: &mut Vec<Charge<'_>>, stay: &Stay) {
        let (due, coinage) = (sum(charges), self.coinage(stay));
        if let Some(coin) = self.document.rounding.cash {
            let off = to_coin(due, coin.nearest(coinage.currency).minor, coinage.mode) - due;
            if off != 0 {
                charges.push(whole(stay, What::CashRounding, off));
            }
        }
    }
}

impl FeePolicy for Tariff {
    fn fee(&self, stay: &Stay) -> Fee {
        Self::fee(self, stay)
    }

    fn next_change(&self, stay: &Stay) -> Option<Change> {
        Self::next_change(self, stay)
    }

    /// A lost ticket costs what it costs.
    fn ignores_discounts(&self, stay: &Stay) -> bool {
        stay.lost_ticket && self.board(stay).lost_ticket.is_some()
    }

    fn grants_the_best(&self) -> bool {
        self.document.discounts == Stacking::Best
    }

    fn accumulates(&self) -> bool {
        let plans =
            |priced: &Priced| priced.regular.accumulate || priced.offers.iter().any(|plan| plan.accumulate);
        plans(&self.common) || self.classes.values().any(plans)
    }
}

impl Priced {
    fn of(board: &Board, minor: i64) -> Self {
        let regular = Plan::of("", &board.prices, minor);
        let offers: Vec<Plan> =
            board.offers.iter().map(|offer| Plan::of(&offer.name, &offer.prices, minor)).collect();
        let dated = |offer: &Offer| offer.enter.is_some() || offer.leave.is_some() || offer.during.is_some();
        let local = regular.local || offers.iter().any(|plan| plan.local) || board.offers.iter().any(dated);
        Self { regular, offers, local }
    }
}

/// Counts one stay.
struct Counter<'a, 'w> {
    stay: &'a Stay,
    almanac: &'w Almanac,
    coinage: Coinage,
    /// Microseconds at the beginning that a discount gives.
    given: i64,
}

impl<'a> Counter<'a, '_> {
    /// When the vehicle left, as far as the tariff counts time.
    fn end(&self, plan: &Plan) -> i64 {
        let elapsed = elapsed(self.stay);
        self.stay.parked_at.micros().saturating_add(elapsed - elapsed % plan.grain)
    }

    fn fits(&self, offer: &Offer, plan: &Plan) -> bool {
        let (entry, end) = (self.stay.parked_at.micros(), self.end(plan));
        let stayed = end - entry;
        offer.longer_than.is_none_or(|length| stayed > length.micros())
            && offer.up_to.is_none_or(|length| stayed <= length.micros())
            && offer.enter.as_ref().is_none_or(|enter| self.almanac.contains(enter, entry, false))
            && offer.leave.as_ref().is_none_or(|leave| self.almanac.contains(leave, end, true))
            && offer.during.as_ref().is_none_or(|during| self.almanac.covers(during, entry, end))
    }

    fn charges(&self, plan: &'a Plan) -> Vec<Charge<'a>> {
        let (entry, left) = (self.stay.parked_at.micros(), self.end(plan));
        if left <= entry {
            return Vec::new();
        }
        let end = left + i64::from(plan.end_begins_next);
        let mut start = entry.saturating_add(self.given);
        let mut charges = Vec::new();
        if let Some(free) = plan.free {
            let kept = free.kind == FreeKind::Deducted || end.saturating_sub(start) <= free.first.micros();
            if kept {
                let until = start.saturating_add(free.first.micros());
                charges.push(Charge {
                    what: What::Free,
                    from: start.min(left),
                    to: until.min(left),
                    units: 1,
                    amount: 0,
                });
                start = until;
            }
        }
        if end <= start {
            return charges;
        }
        let limit = plan.maximum_stay.as_ref().map_or(i64::MAX, |(length, _)| entry + length.micros());
        let time = Charged { entry, start, end: end.min(limit) };
        if start < limit {
            charges.extend(walk::charges(plan, self.almanac, self.coinage, time, &self.earlier(plan, start)));
        }
        packages::take(&mut charges, &plan.cheapest, time, self.coinage);
        let due = sum(&charges);
        let minimum = plan.minimum.map_or(0, |minimum| minimum.nearest(self.coinage.currency).minor);
        if 0 < due && due < minimum {
            charges.push(whole(self.stay, What::Minimum, minimum - due));
        }
        if let Some((_, overstay)) = plan.maximum_stay.as_ref().filter(|_| limit < end) {
            charges.extend(self.overstay(plan, overstay, start.max(limit), end));
        }
        charges
    }

    fn overstay(&self, plan: &'a Plan, ladder: &'a Ladder, start: i64, end: i64) -> Vec<Charge<'a>> {
        walk::plain(plan, ladder, self.almanac, self.coinage, Charged { entry: start, start, end })
    }

    /// The earlier stays of the day, in order and as far as they lie in it.
    fn earlier(&self, plan: &Plan, start: i64) -> Vec<(i64, i64)> {
        if !plan.accumulate {
            return Vec::new();
        }
        let day = self.almanac.day_began(start);
        let within =
            |earlier: &super::EarlierStay| (earlier.from.micros().max(day), earlier.to.micros().min(start));
        let mut stays: Vec<_> =
            self.stay.earlier_stays.iter().map(within).filter(|(from, to)| from < to).collect();
        stays.sort_unstable();
        let mut over = day;
        for (from, to) in &mut stays {
            (*from, *to) = ((*from).max(over), (*to).max(over));
            over = *to;
        }
        stays
    }
}

/// The price of an hour, if the document says nothing else.
fn plain(document: &Document) -> Option<StartedHours> {
    let Rate::Blocks(blocks) = &document.board.prices.rate else { return None };
    let [Block { price: Price::Each(price), .. }] = blocks.as_slice() else { return None };
    let plain = Document { name: document.name.clone(), ..Document::started_hours(*price) };
    (*document == plain).then(|| StartedHours::new(*price))
}

/// Whether nothing but its hours makes the price of a stay, each a whole number of minor units.
fn is_plain(plain: StartedHours, stay: &Stay) -> bool {
    stay.discounts.is_empty()
        && plain.per_hour().of(stay.currency).is_ok()
        && stay.ended_at.micros_since(stay.parked_at) <= Length::LONGEST.micros()
}

/// How long the stay was. Nobody stays longer than ten years; whoever does pays for ten.
fn elapsed(stay: &Stay) -> i64 {
    stay.ended_at.micros_since(stay.parked_at).min(Length::LONGEST.micros())
}

fn whole<'a>(stay: &Stay, what: What<'a>, amount: i64) -> Charge<'a> {
    let (from, to) = (stay.parked_at.micros(), stay.ended_at.micros());
    Charge { what, from, to, units: 1, amount }
}

fn sum(charges: &[Charge<'_>]) -> i64 {
    charges.iter().fold(0_i64, |sum, charge| sum.saturating_add(charge.amount))
}
