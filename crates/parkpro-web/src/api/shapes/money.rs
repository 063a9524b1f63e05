//! Money and fees.

use std::fmt;

use parkpro_domain::{
    money::Money,
    tariff::{Fee, FeeLine},
};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::Instant;

/// What a stay costs. The lines add up to the amount.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fee)]
pub(crate) struct FeeBody<'a> {
    /// Minor units of the currency.
    amount: i64,
    /// ISO 4217.
    currency: &'static str,
    /// Major units, for people.
    #[schema(value_type = String)]
    formatted: Formatted,
    /// The amount without the tax in it.
    net: i64,
    /// The tax in the amount.
    tax: i64,
    /// Why it is that much.
    lines: Vec<FeeLineBody<'a>>,
}

/// One line of a fee.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeeLine)]
pub(crate) struct FeeLineBody<'a> {
    /// The rule of the tariff that it comes from.
    rule: &'a str,
    /// Where the time that it charges begins.
    #[schema(value_type = String, format = DateTime)]
    from: Instant,
    /// Where that time ends.
    #[schema(value_type = String, format = DateTime)]
    to: Instant,
    /// How many units were charged.
    units: i64,
    /// Minor units of the currency per unit.
    unit_price: i64,
    /// Minor units of the currency.
    amount: i64,
    /// For people.
    note: &'a str,
}

/// An amount in major units, without the currency: `100.00`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Formatted(pub(crate) Money);

impl<'a> FeeBody<'a> {
    /// A fee.
    pub(crate) fn of(fee: &'a Fee) -> Self {
        Self {
            amount: fee.total.minor,
            currency: fee.total.currency.code(),
            formatted: Formatted(fee.total),
            net: fee.net().minor,
            tax: fee.tax().minor,
            lines: fee.lines.iter().map(FeeLineBody::of).collect(),
        }
    }
}

impl<'a> FeeLineBody<'a> {
    fn of(line: &'a FeeLine) -> Self {
        Self {
            rule: &line.rule,
            from: Instant(line.from),
            to: Instant(line.to),
            units: line.units,
            unit_price: line.unit_price,
            amount: line.amount,
            note: &line.note,
        }
    }
}

impl Serialize for Formatted {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl fmt::Display for Formatted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
