//! What a stay costs, and why.

mod started_hours;

pub use started_hours::StartedHours;

use crate::{
    invalid::Invalid,
    money::{Currency, Money},
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
    pub rule: String,
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
    pub note: String,
}

/// What a stay costs. Pure: the same stay always costs the same.
pub trait FeePolicy: Send + Sync + std::fmt::Debug {
    /// The fee of a stay; its lines add up to its total.
    fn fee(&self, stay: &Stay) -> Fee;

    /// The last instant at which the vehicle could leave for the same fee.
    fn holds_until(&self, stay: &Stay) -> Timestamp;
}

impl Fee {
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
    let rule = field()?.to_owned();
    let mut number = || field()?.parse().ok();
    let (from, to) = (Timestamp::from_micros(number()?), Timestamp::from_micros(number()?));
    let (units, unit_price, amount) = (number()?, number()?, number()?);
    Some(FeeLine { rule, from, to, units, unit_price, amount, note: field()?.to_owned() })
}
