//! What a tariff may not say. Every mistake is named, with its place, all at once: also those of a document of which
//! parts cannot be read. A check that compares parts makes sure that it [knows](Found::knows) them.

use std::collections::HashSet;

use super::{
    document::{
        Across, Block, Board, Cap, CapPer, Choice, Document, MOST_PARTS, MOST_ROWS, Offer, Percent, Period,
        Price, Prices, Rate, Row,
    },
    exact::Exact,
    length::Length,
    plan::{self, Ladder, OPEN, Step},
    when::Hiding,
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

/// A document as far as it could be read. Anything stands for what could not; no mistake follows from it.
#[derive(Debug, Clone)]
pub struct PartlyRead {
    /// What it says.
    pub document: Document,
    /// The JSON pointers of what could not be read.
    pub unread: Vec<String>,
    /// The boards, with their JSON pointers, that are for something which is no class.
    pub misnamed: Vec<(String, Board)>,
}

impl PartlyRead {
    /// Everything that is wrong with what could be read.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut found = Found::of(&self.document, self.unread.iter().map(String::as_str).collect());
        for (at, board) in &self.misnamed {
            found.board(at, board);
        }
        found.mistakes
    }
}

/// More than any stay of ten years may cost, in minor units; tax may double it.
const HIGHEST: i128 = 1 << 60;
/// In case the currency is not known: no currency has more decimals.
const MOST_DECIMALS: i64 = 10_000;

/// A fee has a part for each time that something begins anew, and takes as long to count.
const LEAST_PERIOD: Length = Length::QUARTER;
const PRICE_WITHOUT_STEP: &str = "when steps count once for the stay, every price is for a step";

/// Everything that is wrong with a document.
pub(super) fn mistakes(document: &Document) -> Vec<Mistake> {
    Found::of(document, HashSet::new()).mistakes
}

struct Found<'u> {
    currency: Option<Currency>,
    /// How many minor units a major one has at most.
    scale: i64,
    unread: HashSet<&'u str>,
    mistakes: Vec<Mistake>,
}

impl<'u> Found<'u> {
    fn of(document: &Document, unread: HashSet<&'u str>) -> Self {
        let scale = match document.currency {
            Some(currency) => currency.minor_per_major(),
            None if unread.contains("/currency") => 1,
            None => MOST_DECIMALS,
        };
        let mut found = Self { currency: document.currency, scale, unread, mistakes: Vec::new() };
        found.document(document);
        found
    }

    /// Whether these parts of what is at a place could be read, or are not there.
    fn knows(&self, at: &str, parts: &[&str]) -> bool {
        parts.iter().all(|part| !self.is_unread(&format!("{at}/{part}")))
    }

    fn is_unread(&self, pointer: &str) -> bool {
        let wholes = pointer.match_indices('/').map(|(end, _)| &pointer[..end]).chain([pointer]);
        !self.unread.is_empty() && wholes.into_iter().any(|whole| self.unread.contains(whole))
    }

    fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        let mistake = Mistake::new(pointer, code, detail);
        if !self.is_unread(&mistake.pointer) {
            self.mistakes.push(mistake);
        }
    }

    fn document(&mut self, document: &Document) {
        self.name("/name", &document.name);
        self.few("/holidays", document.holidays.len(), MOST_ROWS);
        self.board("", &document.board);
        for (class, board) in &document.classes {
            self.board(&format!("/classes/{class}"), board);
        }
        if let Some(tax) = document.tax
            && tax.percent == Percent::ZERO
        {
            self.add("/tax/percent", "no-tax", "a tax is more than 0 percent; without one, leave it out");
        }
        if let Some(coin) = document.rounding.cash {
            self.payable("/rounding/cash", coin);
            if coin.fraction().0 == 0 {
                self.add("/rounding/cash", "not-positive", "the smallest coin must be worth something");
            }
        }
    }

    /// A list that is too long. What is compared with others is not looked at beyond its end.
    fn few(&mut self, at: &str, count: usize, most: usize) {
        if count > most {
            self.add(at, "out-of-range", format!("at most {most} of them, not {count}"));
        }
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
        self.few(&format!("{at}/offers"), board.offers.len(), MOST_PARTS);
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
        let unconditional =
            times.iter().all(|when| when.is_none()) && offer.longer_than.is_none() && offer.up_to.is_none();
        if unconditional && self.knows(at, &["enter", "leave", "during", "longer_than", "up_to"]) {
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
        // What cannot be read may be as short as can be.
        let longest = if self.knows(at, &["up_to"]) { offer.up_to } else { Some(Length::SHORTEST) };
        self.prices(at, &offer.prices, longest);
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
        let unknown = !self.knows(at, &["maximum_stay/length", "restart"]);
        let unknown = unknown.then_some(Length::SHORTEST);
        let within = longest.unwrap_or(Length::LONGEST);
        let longest = [longest, maximum.map(|maximum| maximum.length), again, unknown];
        let longest = longest.into_iter().flatten().min();
        self.rate(&format!("{at}/rate"), &prices.rate, longest, prices.steps.across);
        self.few(&format!("{at}/windows"), prices.windows.len(), MOST_PARTS);
        self.few(&format!("{at}/caps"), prices.caps.len(), MOST_PARTS);
        self.few(&format!("{at}/packages"), prices.packages.len(), MOST_PARTS);
        let mut before = Hiding::default();
        for (number, window) in prices.windows.iter().enumerate().take(MOST_PARTS) {
            let at = format!("{at}/windows/{number}");
            self.name(&format!("{at}/name"), &window.name);
            self.rate(&format!("{at}/rate"), &window.rate, longest, prices.steps.across);
            if before.hides(&window.when) {
                self.add(
                    format!("{at}/when"),
                    "window-hidden",
                    "windows listed before cover all of these times",
                );
            }
            if self.knows(&at, &["when"]) {
                before.add(&window.when);
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
        let most = plan::most(prices, within, self.scale);
        let dearest = most.iter().map(|(_, cost)| *cost).max().unwrap_or(0);
        if most.iter().fold(0, |sum: i128, (_, cost)| sum.saturating_add(*cost)) > HIGHEST {
            let too_dear = dearest.min(HIGHEST + 1);
            for (part, _) in most.iter().filter(|(_, cost)| *cost >= too_dear) {
                let detail = "the longest stay, of ten years if there is no other limit, would cost more than can be counted";
                self.add(format!("{at}/{part}"), "overflow", detail);
            }
        }
        if let Some(restart) = prices.restart {
            self.often(&format!("{at}/restart"), restart);
        }
    }

    fn rate(&mut self, at: &str, rate: &Rate, longest: Option<Length>, across: Across) {
        match rate {
            Rate::Free => {}
            Rate::Blocks(blocks) => self.blocks(at, blocks, longest, across),
            Rate::Table { rows, then } => {
                self.table(&format!("{at}/table"), rows);
                let end = format!("table/{}/up_to", rows.len().saturating_sub(1));
                let last = rows.last().map(|row| row.up_to);
                let last = if self.knows(at, &[&end]) { last } else { Some(Length::LONGEST) };
                if across == Across::Once {
                    self.add(at, "step-missing", PRICE_WITHOUT_STEP);
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
            return self.add(format!("{at}/blocks"), "empty", "a rate needs at least one block");
        };
        let bare = matches!(blocks, [Block { to: None, step: None, price: Price::Each(_) }]);
        if bare && across == Across::Once && self.knows(at, &["blocks/0/to", "blocks/0/step"]) {
            // It may be written without a block.
            return self.add(at, "step-missing", PRICE_WITHOUT_STEP);
        }
        let at = &format!("{at}/blocks");
        self.few(at, blocks.len(), MOST_PARTS);
        let common = blocks.iter().find_map(|block| block.step);
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
            if across == Across::Once && block.step.is_some() && block.step != common {
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
        if matches!(block.step, Some(Period::Every(_))) {
            return;
        }
        let why = match block.price {
            _ if across == Across::Once => PRICE_WITHOUT_STEP,
            Price::PerHour(_) if self.knows(at, &["price"]) => {
                "a price per hour needs a step of elapsed time, such as 15min"
            }
            _ => return,
        };
        self.add(format!("{at}/step"), "step-missing", why);
    }

    fn table(&mut self, at: &str, rows: &[Row]) {
        if rows.is_empty() {
            self.add(at, "empty", "a table needs at least one row");
        }
        self.few(at, rows.len(), MOST_ROWS);
        let (mut longest, mut dearest) = (None, None);
        for (number, row) in rows.iter().enumerate() {
            let at = format!("{at}/{number}");
            self.payable(&format!("{at}/total"), row.total);
            if self.knows(&at, &["up_to"])
                && longest.replace(row.up_to).is_some_and(|before| row.up_to <= before)
            {
                self.add(
                    format!("{at}/up_to"),
                    "not-rising",
                    "each row must be for longer stays than the one before",
                );
            }
            if self.knows(&at, &["total"])
                && dearest.replace(row.total).is_some_and(|before| less(row.total, before))
            {
                self.add(format!("{at}/total"), "not-rising", "a longer stay must not cost less");
            }
        }
    }

    /// Something that begins anew each period.
    fn often(&mut self, at: &str, period: Period) {
        if matches!(period, Period::Every(length) if length < LEAST_PERIOD) {
            self.add(
                at,
                "out-of-range",
                format!("at least {LEAST_PERIOD}, so that a fee can be counted soon"),
            );
        }
    }

    fn caps(&mut self, at: &str, prices: &Prices) {
        let known = match &prices.rate {
            Rate::Free => false,
            Rate::Table { rows, .. } => !rows.is_empty() && self.knows(at, &["rate/table/0/total"]),
            Rate::Blocks(blocks) => {
                let hourly = blocks.first().is_some_and(|first| matches!(first.price, Price::PerHour(_)));
                self.knows(at, &["rate/blocks/0/price", "rate/blocks/0/per_hour"])
                    && (!hourly || self.knows(at, &["rate/blocks/0/step"]))
            }
        };
        let rungs = Ladder::of("", &prices.rate, 1).rungs;
        let first = rungs.first().filter(|_| known).map(|rung| rung.price);
        let lengths: Vec<Option<(i64, i64)>> = (prices.caps.iter().enumerate())
            .map(|(number, cap)| {
                let known =
                    self.knows(&format!("{at}/caps/{number}"), &["max", "per", "when", "entered", "first"]);
                length(cap).filter(|_| known)
            })
            .collect();
        for (number, cap) in prices.caps.iter().enumerate().take(MOST_PARTS) {
            let at = format!("{at}/caps/{number}");
            if !cap.name.is_empty() {
                self.name(&format!("{at}/name"), &cap.name);
            }
            self.payable(&format!("{at}/max"), cap.max);
            if let CapPer::Period(period) = cap.per {
                self.often(&format!("{at}/per"), period);
            }
            if cap.per == CapPer::Window && cap.when.is_none() {
                self.add(format!("{at}/when"), "missing", "a cap per window must say which times");
            }
            let common = cap.when.is_none() && cap.entered.is_none() && self.knows(&at, &["when", "entered"]);
            if common && first.is_some_and(|first| first.exceeds(Exact::major(cap.max))) {
                self.add(
                    format!("{at}/max"),
                    "cap-below-first-price",
                    "a cap must not be below the first price",
                );
            }
            let is_shorter = |other: &Option<(i64, i64)>| {
                lengths[number].zip(*other).is_some_and(|((least, _), (_, most))| most < least)
            };
            let shorter = prices.caps.iter().zip(&lengths);
            let shorter =
                shorter.into_iter().find(|(other, length)| is_shorter(length) && less(cap.max, other.max));
            if let Some((shorter, _)) = shorter {
                let detail = format!(
                    "a cap for a longer time must not be below one for a shorter time, {}",
                    shorter.max
                );
                self.add(format!("{at}/max"), "cap-below-shorter", detail);
            }
        }
    }

    fn packages(&mut self, at: &str, prices: &Prices) {
        let (mut longest, mut dearest) = (None, None);
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
            if self.knows(&at, &["length"])
                && longest.replace(package.length).is_some_and(|before| package.length <= before)
            {
                self.add(
                    format!("{at}/length"),
                    "not-rising",
                    "each package must be longer than the one before",
                );
            }
            if self.knows(&at, &["price"])
                && dearest.replace(package.price).is_some_and(|before| less(package.price, before))
            {
                self.add(format!("{at}/price"), "not-rising", "a longer package must not cost less");
            }
        }
    }

    fn combinations(&mut self, at: &str, prices: &Prices) {
        let windows = prices.windows.iter().enumerate();
        let windows = windows.map(|(number, window)| (format!("{at}/windows/{number}/rate"), &window.rate));
        let rates = std::iter::once((format!("{at}/rate"), &prices.rate)).chain(windows);
        let calendar = |rate: &Rate| {
            Ladder::of("", rate, 1).rungs.iter().any(|rung| matches!(rung.step, Step::Calendar(_)))
        };
        if !prices.windows.is_empty() || prices.accumulate {
            for (at, _) in rates.filter(|(_, rate)| calendar(rate)) {
                let detail =
                    "steps of a calendar period need a rate without windows, and stays that do not add up";
                self.add(at, "calendar-step", detail);
            }
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

/// How long a cap for all times is for, in seconds: at least and at most.
fn length(cap: &Cap) -> Option<(i64, i64)> {
    const HOUR: i64 = Length::HOUR.seconds();
    const DAY: i64 = Length::DAY.seconds();
    // Clocks are set by hours.
    let calendar = |least: i64, most: i64| Some((least * DAY - 3 * HOUR, most * DAY + 3 * HOUR));
    let common = cap.when.is_none() && cap.entered.is_none() && cap.first.is_none();
    match cap.per {
        _ if !common => None,
        CapPer::Entry => Some((OPEN, OPEN)),
        CapPer::Period(Period::Every(length)) => Some((length.seconds(), length.seconds())),
        CapPer::Period(Period::Day) => calendar(1, 1),
        CapPer::Period(Period::Week) => calendar(7, 7),
        CapPer::Period(Period::Month) => calendar(28, 31),
        CapPer::Window => None,
    }
}
