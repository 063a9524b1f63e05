//! What a stay costs, and why.
//!
//! A [`Document`] says it, [`Tariff::new`] checks it, [`Tariff::fee`] prices a stay by it. The page `docs/tariffs.md`
//! teaches the language. In order: `document`, `length` and `when` are its words, `validate` what it may not say;
//! `plan` makes it ready, `almanac` knows the lot's calendar, `walk` goes through a stay and passes its `meter`s,
//! `packages` come last; `engine` puts the fee together, `words` explains it, `change` looks ahead. A tariff lives as a
//! `series` of published `version`s; an `assignment` says which one holds in a lot, and `ready` keeps those at hand that
//! stays are priced by.

mod almanac;
mod assignment;
mod change;
pub mod document;
mod earlier;
mod engine;
mod exact;
mod length;
mod meter;
mod packages;
mod plan;
mod ready;
mod series;
mod started_hours;
mod validate;
mod version;
mod walk;
mod when;
mod words;

use std::sync::Arc;

use smol_str::SmolStr;

pub use assignment::{Assignment, Assignments, MOST_ASSIGNMENTS};
pub use change::Change;
pub use document::Document;
pub use earlier::EarlierStay;
pub use engine::Tariff;
pub use length::Length;
pub use ready::Tariffs;
pub use series::{DocumentText, Language, Published, Series};
pub use started_hours::StartedHours;
pub use validate::{Mistake, PartlyRead};
pub use version::{TariffId, TariffVersion};
pub use when::When;

use self::document::Percent;
use crate::{
    invalid::Invalid,
    money::{Currency, MajorAmount, Money},
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};

/// What a fee depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// When the vehicle got its slot.
    pub parked_at: Timestamp,
    /// When it left, or would leave.
    pub ended_at: Timestamp,
    /// What kind of vehicle it is.
    pub class: VehicleClass,
    /// Where the lot's calendar days begin.
    pub zone: Zone,
    /// What the lot's fees are in.
    pub currency: Currency,
    /// Whether the driver has lost the ticket.
    pub lost_ticket: bool,
    /// What is taken off.
    pub discounts: Vec<Discount>,
    /// Other stays of the same plate, for tariffs that add up those of one day.
    pub earlier_stays: Vec<EarlierStay>,
}

/// Something taken off a fee. Whether its code is valid is decided elsewhere.
#[derive(Debug, Clone)]
pub struct Discount {
    /// The code, or what people call it.
    pub name: String,
    /// What it gives.
    pub grant: Grant,
}

/// What a discount gives.
#[derive(Debug, Clone)]
pub enum Grant {
    /// Time at the beginning of the stay, as if the vehicle had come so much later.
    Free(Length),
    /// A share of what is due.
    Percent(Percent),
    /// An amount, at most what is due.
    Amount(MajorAmount),
    /// The prices of another tariff. Only the first such discount counts.
    Tariff(Arc<Tariff>),
}

impl PartialEq for Discount {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.grant, &other.grant) {
            (Grant::Free(one), Grant::Free(two)) => one == two,
            (Grant::Percent(one), Grant::Percent(two)) => one == two,
            (Grant::Amount(one), Grant::Amount(two)) => one == two,
            (Grant::Tariff(one), Grant::Tariff(two)) => one.document() == two.document(),
            _ => false,
        };
        same && self.name == other.name
    }
}

impl Eq for Discount {}

impl Stay {
    /// A stay without discounts.
    pub const fn new(
        parked_at: Timestamp,
        ended_at: Timestamp,
        class: VehicleClass,
        zone: Zone,
        currency: Currency,
    ) -> Self {
        Self {
            parked_at,
            ended_at,
            class,
            zone,
            currency,
            lost_ticket: false,
            discounts: Vec::new(),
            earlier_stays: Vec::new(),
        }
    }
}

/// The price of a stay, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fee {
    /// The sum of the lines.
    pub total: Money,
    /// Why it is that much.
    pub lines: Vec<FeeLine>,
}

/// One line of a fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeLine {
    /// The rule of the tariff that it comes from: `started-hour`.
    pub rule: SmolStr,
    /// Where the time that it charges begins.
    pub from: Timestamp,
    /// Where that time ends.
    pub to: Timestamp,
    /// How many units were charged.
    pub units: i64,
    /// Minor units of the currency per unit.
    pub unit_price: i64,
    /// Minor units of the currency.
    pub amount: i64,
    /// For people.
    pub note: SmolStr,
}

/// What a stay costs. Pure: the same stay always costs the same.
pub trait FeePolicy: Send + Sync + std::fmt::Debug {
    /// The fee of a stay; its lines add up to its total.
    fn fee(&self, stay: &Stay) -> Fee;

    /// When and to what the fee changes if the vehicle stays; none if it does not within a year.
    fn next_change(&self, stay: &Stay) -> Option<Change>;

    /// Whether discounts take nothing off this stay, whatever they give.
    fn ignores_discounts(&self, _stay: &Stay) -> bool {
        false
    }

    /// Whether of several discounts the one that takes most off is granted alone.
    fn grants_the_best(&self) -> bool {
        false
    }

    /// Whether the fee of a stay depends on earlier ones of its day.
    fn accumulates(&self) -> bool {
        false
    }
}

/// When the calendar day of an instant began.
pub fn day_began(zone: Zone, at: Timestamp) -> Timestamp {
    Timestamp::from_micros(almanac::Almanac::new(zone, &[], at.micros(), at.micros()).day_began(at.micros()))
}

impl Fee {
    /// The tax in it: the line that says so has the tax as its unit price, whether it adds to the fee or not.
    pub fn tax(&self) -> Money {
        let tax = self.lines.iter().find(|line| line.rule == "tax").map_or(0, |line| line.unit_price);
        Money::new(tax, self.total.currency)
    }

    /// The fee without the tax in it.
    pub fn net(&self) -> Money {
        Money::new(self.total.minor.saturating_sub(self.tax().minor), self.total.currency)
    }

    /// The text that a record keeps of the lines: a line each, its fields separated by tabs.
    pub fn lines_text(&self) -> String {
        let line = |line: &FeeLine| {
            format!(
                "{}\t{}\t{}\t{}\t{}\t{}\t{}",
                line.rule,
                line.from.micros(),
                line.to.micros(),
                line.units,
                line.unit_price,
                line.amount,
                line.note
            )
        };
        self.lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Puts a fee together from what a record keeps.
    pub fn stored(total: Money, lines: &str) -> Result<Self, Invalid> {
        let lines = lines.lines().map(read_line).collect::<Option<_>>();
        lines
            .map(|lines| Self { total, lines })
            .ok_or_else(|| Invalid::new("invalid-fee", "the lines of a fee cannot be read"))
    }
}

fn read_line(text: &str) -> Option<FeeLine> {
    let mut fields = text.split('\t');
    let mut field = || fields.next();
    let rule = field()?.into();
    let mut number = || field()?.parse().ok();
    let (from, to) = (Timestamp::from_micros(number()?), Timestamp::from_micros(number()?));
    let (units, unit_price, amount) = (number()?, number()?, number()?);
    Some(FeeLine { rule, from, to, units, unit_price, amount, note: field()?.into() })
}
