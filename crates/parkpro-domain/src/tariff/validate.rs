//! What a tariff may not say. Every mistake is named, with its place, all at once.

use super::{
    document::{
        Across, Block, Board, Cap, CapPer, Choice, Document, Offer, Percent, Period, Price, Prices, Rate,
        Row, Window,
    },
    exact::Exact,
    length::Length,
    plan::{self, Ladder, OPEN, Step},
};
use crate::{
    invalid,
    money::{Currency, MajorAmount},
};

/// Something that is wrong with a document, or with what is priced by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where: a JSON pointer such as `/windows/1/rate/blocks/0/step`.
    pub pointer: String,
    /// Stable, kebab-case: `not-rising`.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl Mistake {
    /// A mistake at a place.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// More than any stay of ten years may cost, in minor units; tax may double it.
const HIGHEST: i128 = 1 << 60;
/// In case the currency is not known: no currency has more decimals.
const MOST_DECIMALS: i64 = 10_000;

/// Everything that is wrong with a document.
pub(super) fn mistakes(document: &Document) -> Vec<Mistake> {
    let mut found = Found { currency: document.currency, mistakes: Vec::new() };
    found.name("/name", &document.name);
    found.board("", &document.board);
    for (class, board) in &document.classes {
        found.board(&format!("/classes/{class}"), board);
    }
    if let Some(tax) = document.tax
        && tax.percent == Percent::ZERO
    {
        found.add("/tax/percent", "no-tax", "a tax is more than 0 percent; without one, leave it out");
    }
    if let Some(coin) = document.rounding.cash {
        found.payable("/rounding/cash", coin);
        if coin.fraction().0 == 0 {
            found.add("/rounding/cash", "not-positive", "the smallest coin must be worth something");
        }
    }
    found.mistakes
}

struct Found {
    currency: Option<Currency>,
    mistakes: Vec<Mistake>,
}

impl Found {
    fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.mistakes.push(Mistake::new(pointer, code, detail));
    }

    fn name(&mut self, pointer: &str, name: &str) {
        if let Err(wrong) = invalid::line(name, 100, "invalid-name", "a name") {
            self.add(pointer, wrong.code, wrong.detail);
        }
    }

    /// An amount that is due as it stands has whole minor units.
    fn payable(&mut self, pointer: &str, amount: MajorAmount) {
        if let Some(Err(wrong)) = self.currency.map(|currency| amount.of(currency)) {
            self.add(pointer, "finer-than-minor-unit", wrong.detail);
        }
    }

    fn board(&mut self, at: &str, board: &Board) {
        self.prices(at, &board.prices, None);
        for (number, offer) in board.offers.iter().enumerate() {
            self.offer(&format!("{at}/offers/{number}"), offer);
        }
        if let Some(price) = board.lost_ticket {
            self.payable(&format!("{at}/lost_ticket"), price);
        }
    }

    fn offer(&mut self, at: &str, offer: &Offer) {
        self.name(&format!("{at}/name"), &offer.name);
        let times = [&offer.enter, &offer.leave, &offer.during];
        if times.iter().all(|when| when.is_none()) && offer.longer_than.is_none() && offer.up_to.is_none() {
            self.add(
                at,
                "no-condition",
                "an offer must say whom it is for: enter, leave, during, longer_than or up_to",
            );
        }
        if let (Some(least), Some(most)) = (offer.longer_than, offer.up_to)
            && least >= most
        {
            self.add(
                format!("{at}/up_to"),
                "contradiction",
                "no stay is longer than longer_than and at most up_to",
            );
        }
        self.prices(at, &offer.prices, offer.up_to);
    }

    /// `longest` is the longest stay that the prices are for, if it has an end.
    fn prices(&mut self, at: &str, prices: &Prices, longest: Option<Length>) {
        let maximum = prices.maximum_stay.as_ref();
        let again = match prices.restart {
            Some(Period::Every(length)) => Some(length),
            // Clocks may be set back by hours.
            Some(Period::Day) => Length::of_seconds(27 * 3_600).ok(),
            _ => None,
        };
        let longest = [longest, maximum.map(|maximum| maximum.length), again].into_iter().flatten().min();
        self.rate(&format!("{at}/rate"), &prices.rate, longest, prices.steps.across);
        for (number, window) in prices.windows.iter().enumerate() {
            let at = format!("{at}/windows/{number}");
            self.name(&format!("{at}/name"), &window.name);
            self.rate(&format!("{at}/rate"), &window.rate, longest, prices.steps.across);
            if is_hidden(window, &prices.windows[..number]) {
                self.add(
                    format!("{at}/when"),
                    "window-hidden",
                    "windows listed before cover all of these times",
                );
            }
        }
        if let Some(maximum) = maximum {
            self.rate(&format!("{at}/maximum_stay/overstay"), &maximum.overstay, None, Across::Cut);
        }
        self.caps(at, prices);
        self.packages(at, prices);
        self.combinations(at, prices);
        if let Some(minimum) = prices.minimum {
            self.payable(&format!("{at}/minimum"), minimum);
        }
        if plan::most(prices, self.currency.map_or(MOST_DECIMALS, Currency::minor_per_major)) > HIGHEST {
            self.add(
                format!("{at}/rate"),
                "overflow",
                "a stay of ten years would cost more than can be counted",
            );
        }
    }

    fn rate(&mut self, at: &str, rate: &Rate, longest: Option<Length>, across: Across) {
        match rate {
            Rate::Free => {}
            Rate::Blocks(blocks) => self.blocks(&format!("{at}/blocks"), blocks, longest, across),
            Rate::Table { rows, then } => {
                self.table(&format!("{at}/table"), rows);
                let last = rows.last().map(|row| row.up_to);
                if across == Across::Once {
                    self.add(
                        at,
                        "step-missing",
                        "when steps count once for the stay, every price is for a step",
                    );
                }
                match then {
                    Some(block) => self.block(&format!("{at}/then"), block, across),
                    None if covers(last, longest) => {}
                    None => {
                        self.add(
                            at,
                            "no-end",
                            "say what follows the last row, or restart, or a maximum stay",
                        );
                    }
                }
                if then.is_some_and(|block| block.to.is_some()) {
                    self.add(
                        format!("{at}/then/to"),
                        "not-open",
                        "what follows the last row must have no end; leave out `to`",
                    );
                }
            }
        }
    }

    fn blocks(&mut self, at: &str, blocks: &[Block], longest: Option<Length>, across: Across) {
        let Some((last, before)) = blocks.split_last() else {
            return self.add(at, "empty", "a rate needs at least one block");
        };
        let mut reached = None;
        for (number, block) in blocks.iter().enumerate() {
            self.block(&format!("{at}/{number}"), block, across);
            if block.to.is_some() && block.to <= reached {
                self.add(
                    format!("{at}/{number}/to"),
                    "not-rising",
                    "each block must end later than the one before",
                );
            }
            reached = block.to.or(reached);
            if across == Across::Once && block.step != blocks[0].step {
                self.add(
                    format!("{at}/{number}/step"),
                    "several-steps",
                    "a step that counts once is one for the rate",
                );
            }
        }
        for number in
            before.iter().enumerate().filter(|(_, block)| block.to.is_none()).map(|(number, _)| number)
        {
            self.add(
                format!("{at}/{number}/to"),
                "missing",
                "only the last block may be open-ended; say where this one ends",
            );
        }
        if last.to.is_some() && !covers(last.to, longest) {
            self.add(
                format!("{at}/{}/to", before.len()),
                "no-end",
                "the last block must be open-ended, unless there is a restart or a maximum stay before it ends",
            );
        }
    }

    fn block(&mut self, at: &str, block: &Block, across: Across) {
        let elapsed = matches!(block.step, Some(Period::Every(_)));
        if matches!(block.price, Price::PerHour(_)) && !elapsed {
            self.add(
                format!("{at}/step"),
                "step-missing",
                "a price per hour needs a step of elapsed time, such as 15min",
            );
        }
        if across == Across::Once && !elapsed {
            self.add(
                format!("{at}/step"),
                "step-missing",
                "when steps count once for the stay, every price is for a step",
            );
        }
    }

    fn table(&mut self, at: &str, rows: &[Row]) {
        if rows.is_empty() {
            self.add(at, "empty", "a table needs at least one row");
        }
        for (number, row) in rows.iter().enumerate() {
            self.payable(&format!("{at}/{number}/total"), row.total);
            let Some(before) = number.checked_sub(1).map(|before| rows[before]) else { continue };
            if row.up_to <= before.up_to {
                self.add(
                    format!("{at}/{number}/up_to"),
                    "not-rising",
                    "each row must be for longer stays than the one before",
                );
            }
            if less(row.total, before.total) {
                self.add(format!("{at}/{number}/total"), "not-rising", "a longer stay must not cost less");
            }
        }
    }

    fn caps(&mut self, at: &str, prices: &Prices) {
        let first = Ladder::of("", &prices.rate, 1).rungs.first().map(|rung| rung.price);
        for (number, cap) in prices.caps.iter().enumerate() {
            let at = format!("{at}/caps/{number}");
            if !cap.name.is_empty() {
                self.name(&format!("{at}/name"), &cap.name);
            }
            self.payable(&format!("{at}/max"), cap.max);
            if cap.per == CapPer::Window && cap.when.is_none() {
                self.add(format!("{at}/when"), "missing", "a cap per window must say which times");
            }
            let common = cap.when.is_none() && cap.entered.is_none();
            if common && first.is_some_and(|first| first.exceeds(Exact::major(cap.max))) {
                self.add(
                    format!("{at}/max"),
                    "cap-below-first-price",
                    "a cap must not be below the first price",
                );
            }
            if let Some(shorter) = shorter_cap(cap, &prices.caps) {
                let detail = format!(
                    "a cap for a longer time must not be below one for a shorter time: /caps/{shorter}"
                );
                self.add(format!("{at}/max"), "cap-below-shorter", detail);
            }
        }
    }

    fn packages(&mut self, at: &str, prices: &Prices) {
        for (number, package) in prices.packages.iter().enumerate() {
            let at = format!("{at}/packages/{number}");
            self.payable(&format!("{at}/price"), package.price);
            if prices.packages_choice == Choice::Cheapest
                && package.length.seconds() % Length::DAY.seconds() != 0
            {
                self.add(
                    format!("{at}/length"),
                    "not-whole-days",
                    "the cheapest combination is one of whole days",
                );
            }
            let Some(before) = number.checked_sub(1).map(|before| prices.packages[before]) else { continue };
            if package.length <= before.length {
                self.add(
                    format!("{at}/length"),
                    "not-rising",
                    "each package must be longer than the one before",
                );
            }
            if less(package.price, before.price) {
                self.add(format!("{at}/price"), "not-rising", "a longer package must not cost less");
            }
        }
    }

    fn combinations(&mut self, at: &str, prices: &Prices) {
        let rates = std::iter::once(&prices.rate).chain(prices.windows.iter().map(|window| &window.rate));
        let calendar = |rate: &Rate| {
            Ladder::of("", rate, 1).rungs.iter().any(|rung| matches!(rung.step, Step::Calendar(_)))
        };
        if (!prices.windows.is_empty() || prices.accumulate) && rates.into_iter().any(calendar) {
            self.add(
                format!("{at}/rate"),
                "calendar-step",
                "steps of a calendar period need a rate without windows",
            );
        }
        if !prices.accumulate {
            return;
        }
        if prices.restart != Some(Period::Day) {
            self.add(
                format!("{at}/restart"),
                "not-daily",
                "stays that add up need a restart every calendar-day",
            );
        }
        let timed = prices.caps.iter().any(|cap| cap.when.is_some());
        if !prices.windows.is_empty() || timed || prices.steps.across == Across::Once {
            self.add(
                format!("{at}/accumulate"),
                "not-combinable",
                "stays that add up have no windows, caps at times or steps that count once",
            );
        }
    }
}

/// Whether a rate that ends at `last` lasts for every stay.
fn covers(last: Option<Length>, longest: Option<Length>) -> bool {
    matches!((last, longest), (Some(last), Some(longest)) if longest <= last)
}

fn less(one: MajorAmount, other: MajorAmount) -> bool {
    Exact::major(other).exceeds(Exact::major(one))
}

/// The cap for all times and a shorter period that allows more than this one.
fn shorter_cap(cap: &Cap, caps: &[Cap]) -> Option<usize> {
    let common = |cap: &Cap| cap.when.is_none() && cap.entered.is_none() && cap.first.is_none();
    let elapsed = |cap: &Cap| match cap.per {
        CapPer::Entry => Some(OPEN),
        CapPer::Period(Period::Every(length)) => Some(length.seconds()),
        CapPer::Period(_) | CapPer::Window => None,
    };
    let length = elapsed(cap).filter(|_| common(cap))?;
    caps.iter().position(|other| {
        common(other) && elapsed(other).is_some_and(|other| other < length) && less(cap.max, other.max)
    })
}

/// Whether windows that are the same every week leave nothing of another one.
fn is_hidden(window: &Window, before: &[Window]) -> bool {
    if before.iter().any(|other| other.when == window.when) {
        return true;
    }
    let mut covered = vec![false; 7 * 24 * 60];
    let weekly = before.iter().filter(|other| other.when.is_weekly());
    weekly.flat_map(|other| other.when.minutes_of_week()).for_each(|minute| covered[minute] = true);
    window.when.is_weekly() && window.when.minutes_of_week().all(|minute| covered[minute])
}
