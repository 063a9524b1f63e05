//! What a tariff may not say. Every mistake is named, with its place, all at once: also those of a document of which
//! parts cannot be read. A check that compares parts makes sure that it [knows](Found::knows) them.

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
        let Self { document, unread, misnamed } = self;
        let mut found = Found { currency: document.currency, unread, mistakes: Vec::new() };
        found.document(document);
        for (at, board) in misnamed {
            found.board(at, board);
        }
        found.mistakes
    }
}

/// More than any stay of ten years may cost, in minor units; tax may double it.
const HIGHEST: i128 = 1 << 60;
/// In case the currency is not known: no currency has more decimals.
const MOST_DECIMALS: i64 = 10_000;

/// Everything that is wrong with a document.
pub(super) fn mistakes(document: &Document) -> Vec<Mistake> {
    let mut found = Found { currency: document.currency, unread: &[], mistakes: Vec::new() };
    found.document(document);
    found.mistakes
}

struct Found<'u> {
    currency: Option<Currency>,
    unread: &'u [String],
    mistakes: Vec<Mistake>,
}

impl Found<'_> {
    /// Whether these parts of what is at a place could be read, or are not there.
    fn knows(&self, at: &str, parts: &[&str]) -> bool {
        parts.iter().all(|part| !self.is_unread(&format!("{at}/{part}")))
    }

    fn is_unread(&self, pointer: &str) -> bool {
        let within = |whole: &String| {
            pointer.strip_prefix(whole.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.unread.iter().any(within)
    }

    fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        let mistake = Mistake::new(pointer, code, detail);
        if !self.is_unread(&mistake.pointer) {
            self.mistakes.push(mistake);
        }
    }

    fn document(&mut self, document: &Document) {
        self.name("/name", &document.name);
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
        let longest = [longest, maximum.map(|maximum| maximum.length), again, unknown];
        let longest = longest.into_iter().flatten().min();
        self.rate(&format!("{at}/rate"), &prices.rate, longest, prices.steps.across);
        let known = |(number, window): (usize, _)| {
            Some(window).filter(|_| self.knows(&format!("{at}/windows/{number}"), &["when"]))
        };
        let known: Vec<Option<&Window>> = prices.windows.iter().enumerate().map(known).collect();
        for (number, window) in prices.windows.iter().enumerate() {
            let at = format!("{at}/windows/{number}");
            self.name(&format!("{at}/name"), &window.name);
            self.rate(&format!("{at}/rate"), &window.rate, longest, prices.steps.across);
            if is_hidden(window, &known[..number]) {
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
        let countable = self.knows(at, &["restart"]);
        if countable
            && plan::most(prices, self.currency.map_or(MOST_DECIMALS, Currency::minor_per_major)) > HIGHEST
        {
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
                let end = format!("table/{}/up_to", rows.len().saturating_sub(1));
                let last = rows.last().map(|row| row.up_to);
                let last = if self.knows(at, &[&end]) { last } else { Some(Length::LONGEST) };
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
        let known = |(number, block): (usize, &Block)| {
            self.knows(&format!("{at}/{number}"), &["step"]).then_some(block.step)
        };
        let common = blocks.iter().enumerate().find_map(known);
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
            if across == Across::Once && common.is_some_and(|common| block.step != common) {
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

    fn caps(&mut self, at: &str, prices: &Prices) {
        let first = ["table/0/total", "blocks/0/price", "blocks/0/per_hour", "blocks/0/step", "then/step"];
        let known = self.knows(&format!("{at}/rate"), &first);
        let rungs = Ladder::of("", &prices.rate, 1).rungs;
        let first = rungs.first().filter(|_| known).map(|rung| rung.price);
        let elapsed: Vec<Option<i64>> = (prices.caps.iter().enumerate())
            .map(|(number, cap)| {
                let known =
                    self.knows(&format!("{at}/caps/{number}"), &["max", "per", "when", "entered", "first"]);
                elapsed(cap).filter(|_| known)
            })
            .collect();
        for (number, cap) in prices.caps.iter().enumerate() {
            let at = format!("{at}/caps/{number}");
            if !cap.name.is_empty() {
                self.name(&format!("{at}/name"), &cap.name);
            }
            self.payable(&format!("{at}/max"), cap.max);
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
            let shorter = prices.caps.iter().zip(&elapsed).find(|(other, length)| {
                length.is_some() && **length < elapsed[number] && less(cap.max, other.max)
            });
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
                self.add(at, "calendar-step", "steps of a calendar period need a rate without windows");
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

/// The period of elapsed time that a cap for all times is for, in seconds.
fn elapsed(cap: &Cap) -> Option<i64> {
    let common = cap.when.is_none() && cap.entered.is_none() && cap.first.is_none();
    match cap.per {
        CapPer::Entry => Some(OPEN),
        CapPer::Period(Period::Every(length)) => Some(length.seconds()),
        CapPer::Period(_) | CapPer::Window => None,
    }
    .filter(|_| common)
}

/// Whether windows that are the same every week leave nothing of another one.
fn is_hidden(window: &Window, before: &[Option<&Window>]) -> bool {
    let before = || before.iter().copied().flatten();
    if before().any(|other| other.when == window.when) {
        return true;
    }
    let mut covered = vec![false; 7 * 24 * 60];
    let weekly = before().filter(|other| other.when.is_weekly());
    weekly.flat_map(|other| other.when.minutes_of_week()).for_each(|minute| covered[minute] = true);
    window.when.is_weekly() && window.when.minutes_of_week().all(|minute| covered[minute])
}
