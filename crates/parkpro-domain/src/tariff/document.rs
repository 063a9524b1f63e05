//! What a tariff says: plain data, without any arithmetic. Its JSON has the same names.
//!
//! A stay is priced in this order: an offer that fits it, else the board's own prices; free time; the rate, step by
//! step in the order of time; caps, which every step passes when it begins; packages; minimum; overstay; discounts;
//! tax; cash rounding.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{length::Length, when::When};
use crate::{
    invalid::Invalid,
    money::{Currency, MajorAmount},
    vehicle::VehicleClass,
};

/// How many windows, caps, packages, offers and blocks each a list may have.
pub const MOST_PARTS: usize = 100;
/// How many rows a table may have, and holidays a tariff.
pub const MOST_ROWS: usize = 1_000;

/// A whole tariff. It never changes; a new one takes its place for stays that begin later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// For people.
    pub name: String,
    /// What its prices are in; none means whatever the lot has.
    pub currency: Option<Currency>,
    /// The public holidays that it knows. They are part of it, so that a fee can be reproduced for ever.
    pub holidays: Vec<NaiveDate>,
    /// What every vehicle pays whose class has no board of its own.
    pub board: Board,
    /// The boards of single classes; each replaces the common one completely.
    pub classes: BTreeMap<VehicleClass, Board>,
    /// The tax, if there is one.
    pub tax: Option<Tax>,
    /// How amounts become payable.
    pub rounding: Rounding,
    /// What happens to several discounts on one stay.
    pub discounts: Stacking,
}

/// What is written on one board.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Board {
    /// The prices of a stay that no offer fits.
    pub prices: Prices,
    /// Other prices for stays that fit a condition: early bird, night, weekend, long stay.
    pub offers: Vec<Offer>,
    /// Which of several fitting offers counts: the first listed, or the cheapest of them and the regular price.
    pub offers_choice: Choice,
    /// What a lost ticket costs, whatever the stay.
    pub lost_ticket: Option<MajorAmount>,
}

/// How the time of a stay is charged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices {
    /// Time at the beginning that is not charged.
    pub free: Option<Free>,
    /// What time costs outside all windows. Its clock runs only while it is charged: windows interrupt it.
    pub rate: Rate,
    /// Times with a rate of their own; where several cover a moment, the first listed counts.
    pub windows: Vec<Window>,
    /// What is never exceeded.
    pub caps: Vec<Cap>,
    /// Prices of a whole length: 2 days 33.00.
    pub packages: Vec<Package>,
    /// Packages as the board says (each counts once, from the beginning), or their cheapest combination.
    pub packages_choice: Choice,
    /// When every rate begins anew with its first block; none means never.
    pub restart: Option<Period>,
    /// How time is counted in steps.
    pub steps: Steps,
    /// Whether the time of the plate's earlier stays of the same calendar day counts as if it belonged to this one.
    pub accumulate: bool,
    /// The least that a stay costs which costs anything.
    pub minimum: Option<MajorAmount>,
    /// How long one may stay, and what staying longer costs.
    pub maximum_stay: Option<MaximumStay>,
}

/// Time at the beginning that is not charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Free {
    /// How long.
    pub first: Length,
    /// What happens to it when the stay is longer.
    pub kind: FreeKind,
}

/// What happens to free time when the stay is longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreeKind {
    /// It stays free; everything counts from its end.
    Deducted,
    /// It is charged too: only who leaves within it pays nothing. A grace for turning round is of this kind.
    Cliff,
}

/// What time costs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Rate {
    /// Nothing.
    #[default]
    Free,
    /// One block after the other, each adding to the one before.
    Blocks(Vec<Block>),
    /// The total by length of stay, and what each further step costs.
    Table {
        /// The rows, rising.
        rows: Vec<Row>,
        /// What follows the last row.
        then: Option<Block>,
    },
}

/// A stretch of parked time in which every started step has the same price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Until which length of stay; none is open-ended.
    pub to: Option<Length>,
    /// How long a step is; none means that the price is due once for the block, however long.
    pub step: Option<Period>,
    /// What a step costs.
    pub price: Price,
}

/// The price of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Price {
    /// So much for each step that has begun.
    Each(MajorAmount),
    /// So much per hour, of which a step costs its share.
    PerHour(MajorAmount),
}

/// A row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Stays of at most this length …
    pub up_to: Length,
    /// … cost this in total.
    pub total: MajorAmount,
}

/// Something that comes again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Every so much elapsed time, counted from where charging begins. A day of 24 h is 24 elapsed hours.
    Every(Length),
    /// A calendar day of the lot.
    Day,
    /// A calendar week of the lot, from Monday.
    Week,
    /// A calendar month of the lot.
    Month,
}

/// Times with a rate of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// For people, and for the lines of the fee.
    pub name: String,
    /// Which times.
    pub when: When,
    /// What time in it costs.
    pub rate: Rate,
    /// Whether its rate goes on where it stopped the last time, instead of beginning anew each time.
    pub continues: bool,
}

/// An amount that charges together never exceed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// For people, and for the lines of the fee.
    pub name: String,
    /// The most.
    pub max: MajorAmount,
    /// For what.
    pub per: CapPer,
    /// Only for steps that begin at these times.
    pub when: Option<When>,
    /// Only for vehicles that entered at these times.
    pub entered: Option<When>,
    /// Only for steps that begin in the first part of the stay.
    pub first: Option<Length>,
}

/// What a cap is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapPer {
    /// The whole stay.
    Entry,
    /// Each time its `when` comes round.
    Window,
    /// Each period.
    Period(Period),
}

/// The price of a whole length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package {
    /// For how long.
    pub length: Length,
    /// For how much.
    pub price: MajorAmount,
}

/// As the board lists it, or whatever is cheapest for the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// As listed.
    #[default]
    AsListed,
    /// The cheapest.
    Cheapest,
}

/// How time is counted in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Steps {
    /// What counts as time.
    pub count: Count,
    /// What happens to a step that has begun when another rate takes over.
    pub across: Across,
    /// Whether a step that ends on the very instant of leaving is followed by another one.
    pub end_begins_next: bool,
}

/// What counts as time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Count {
    /// Every microsecond.
    #[default]
    Exact,
    /// Whole seconds parked.
    Seconds,
    /// Whole minutes parked.
    Minutes,
}

/// What happens to a step that has begun when another rate takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Across {
    /// The other rate begins at once, with a step of its own.
    #[default]
    Cut,
    /// The step runs on to its end, for which it was paid, before the other rate begins.
    RunOn,
    /// Every rate is charged for its exact time; the whole stay is lengthened once, to a multiple of its last step.
    Once,
}

/// How long one may stay, and what staying longer costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaximumStay {
    /// How long.
    pub length: Length,
    /// What time after it costs, in addition and outside all caps.
    pub overstay: Rate,
}

/// Other prices for stays that fit. Every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// For people, and for the lines of the fee.
    pub name: String,
    /// The vehicle entered at these times.
    pub enter: Option<When>,
    /// It leaves at these times, or at the very end of one.
    pub leave: Option<When>,
    /// It was there only during one unbroken stretch of these times.
    pub during: Option<When>,
    /// It stayed longer than this.
    pub longer_than: Option<Length>,
    /// It stayed at most this long.
    pub up_to: Option<Length>,
    /// What it pays.
    pub prices: Prices,
}

/// A tax on the whole fee, rounded once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tax {
    /// How much.
    pub percent: Percent,
    /// Whether the prices contain it; else it comes on top.
    pub included: bool,
}

/// How amounts become payable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rounding {
    /// For every line, once, to the minor unit.
    pub mode: RoundingMode,
    /// The smallest coin: the fee becomes a multiple of it.
    pub cash: Option<MajorAmount>,
}

/// Which of two neighbours an amount between them becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RoundingMode {
    /// The nearer; from the middle, the larger.
    #[default]
    HalfUp,
    /// The nearer; from the middle, the even one.
    HalfEven,
    /// The larger.
    Up,
    /// The smaller.
    Down,
}

/// What happens to several discounts on one stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stacking {
    /// All count: another tariff first, then free minutes, percents, amounts.
    #[default]
    All,
    /// All count; amounts before percents.
    AmountsFirst,
    /// Only the one that helps the driver most.
    Best,
}

/// A share, exact to a ten-thousandth of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(i64);

impl Percent {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Parts of [`Percent::ten_thousandths`] in the whole.
    pub const WHOLE: i64 = 1_000_000;

    /// Reads 0 to 100 with at most four decimals: `19`, `7.7`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let wrong = || {
            Invalid::new("invalid-percent", "a percentage is 0 to 100 with at most 4 decimals, such as 7.7")
        };
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let numeric = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !numeric(whole) || !numeric(part) || whole.len() > 3 || part.len() > 4 {
            return Err(wrong());
        }
        let parts: i64 = format!("{whole}{part:0<4}").parse().map_err(|_overflow| wrong())?;
        if parts > Self::WHOLE { Err(wrong()) } else { Ok(Self(parts)) }
    }

    /// In ten-thousandths of a percent.
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{}.{:04}", self.0 / 10_000, self.0 % 10_000);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Document {
    /// A tariff that has one rate and nothing else.
    pub fn of_rate(name: &str, rate: Rate) -> Self {
        Self {
            name: name.to_owned(),
            currency: None,
            holidays: Vec::new(),
            board: Board { prices: Prices { rate, ..Prices::default() }, ..Board::default() },
            classes: BTreeMap::new(),
            tax: None,
            rounding: Rounding::default(),
            discounts: Stacking::default(),
        }
    }

    /// Reads the date of a public holiday.
    pub fn holiday(text: &str) -> Result<NaiveDate, Invalid> {
        text.parse().map_err(|_no_date| Invalid::new("invalid-date", "a date is written 2026-12-25"))
    }

    /// A price for every started hour of the whole stay, in whatever currency the lot has.
    pub fn started_hours(price: MajorAmount) -> Self {
        let step = Some(Period::Every(Length::HOUR));
        let block = Block { to: None, step, price: Price::Each(price) };
        Self::of_rate("Per started hour", Rate::Blocks(vec![block]))
    }
}
