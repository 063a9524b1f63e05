//! The lines of a fee, in words. What can be said beforehand is said once, when the tariff is made ready.

use std::fmt::Write;

use super::{
    FeeLine, Grant,
    document::{Period, RoundingMode, Tax},
    length::Length,
    plan::{OPEN, Rung, Step},
    walk::{Charge, Coinage, What},
};
use crate::{money::Money, time::Timestamp};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How a line of a rate reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    rule: String,
    /// Before the number of steps.
    before: String,
    /// After it, for one step and for several; the number is left out if there can be only one.
    after: [String; 2],
    counted: bool,
}

impl Words {
    /// Of a rung of the ladder of that name. `minor` are the minor units of the currency in a major one.
    pub(super) fn of(name: &str, rung: &Rung, minor: i64) -> Self {
        let (rule, unit) = match (rung.row, rung.step) {
            (Some(row), _) => ("table", format!("up to {row}")),
            (None, Step::Whole) if rung.to == OPEN => ("flat", "once".to_owned()),
            (None, Step::Whole) => ("flat", format!("once up to {}", length(rung.to))),
            (None, Step::Calendar(Period::Week)) => ("calendar-week", "calendar week{}".to_owned()),
            (None, Step::Calendar(Period::Month)) => ("calendar-month", "calendar month{}".to_owned()),
            (None, Step::Calendar(_)) => ("calendar-day", "calendar day{}".to_owned()),
            (None, Step::Every(MINUTE)) => ("started-minute", "started minute{}".to_owned()),
            (None, Step::Every(HOUR)) => ("started-hour", "started hour{}".to_owned()),
            (None, Step::Every(DAY)) => ("started-day", "started day{}".to_owned()),
            (None, Step::Every(step)) => ("started-step", format!("started step{{}} of {}", length(step))),
        };
        let price = match rung.per_hour {
            Some(rate) => format!(" at {rate} per hour"),
            None if rung.price.times(minor, 1).is_whole() => String::new(),
            None => format!(" at {}", rung.price.decimal()),
        };
        let counted = unit.contains("{}");
        let space = if counted { " " } else { "" };
        Self {
            rule: rule.to_owned(),
            before: if name.is_empty() { String::new() } else { format!("{name}: ") },
            after: ["", "s"].map(|ending| format!("{space}{}{price}", unit.replace("{}", ending))),
            counted,
        }
    }

    fn note(&self, units: i64) -> String {
        let after = &self.after[usize::from(units != 1)];
        let mut note = String::with_capacity(self.before.len() + after.len() + 20);
        note.push_str(&self.before);
        if self.counted {
            // Writing to text does not fail.
            _ = write!(note, "{units}");
        }
        note.push_str(after);
        note
    }
}

/// Makes one line of the rows of a table that follow each other.
pub(super) fn join_rows(charges: &mut Vec<Charge<'_>>) {
    charges.dedup_by(|next, before| {
        let (What::Steps(row), What::Steps(first)) = (next.what, before.what) else { return false };
        let rows = row.row.is_some() && first.row.is_some();
        let joined = rows && before.to == next.from && first.to == row.from;
        if joined {
            (before.what, before.to, before.price) = (next.what, next.to, None);
            before.amount = before.amount.saturating_add(next.amount);
        }
        joined
    });
}

/// One line of a fee.
pub(super) fn line(charge: &Charge<'_>, coinage: Coinage) -> FeeLine {
    let unit_price = match (charge.what, charge.price) {
        (What::Tax(_, part), _) => part,
        (_, Some(price)) => price.round(coinage.currency.minor_per_major(), RoundingMode::HalfUp),
        (_, None) => charge.amount,
    };
    FeeLine {
        rule: rule(charge.what).to_owned(),
        from: Timestamp::from_micros(charge.from),
        to: Timestamp::from_micros(charge.to),
        units: charge.units,
        unit_price,
        amount: charge.amount,
        note: note(charge, coinage),
    }
}

fn rule(what: What<'_>) -> &str {
    match what {
        What::Steps(rung) => &rung.words.rule,
        What::Cap(cap) => cap.rule,
        What::Package(_) => "package",
        What::Free => "free",
        What::Minimum => "minimum",
        What::LostTicket => "lost-ticket",
        What::Discount(_) => "discount",
        What::Tax(..) => "tax",
        What::CashRounding => "cash-rounding",
    }
}

fn note(charge: &Charge<'_>, coinage: Coinage) -> String {
    match charge.what {
        What::Steps(rung) => rung.words.note(charge.units),
        What::Cap(cap) => cap.note.clone(),
        What::Package(length) => format!("package of {length}"),
        What::Free => "not charged".to_owned(),
        What::Minimum => "up to the minimum".to_owned(),
        What::LostTicket => "lost ticket".to_owned(),
        What::Discount(discount) => {
            // A record keeps lines separated by control characters.
            let name = discount.name.replace(char::is_control, " ");
            match &discount.grant {
                Grant::Free(length) => format!("{name}: {length} free"),
                Grant::Percent(percent) => format!("{name}: {percent}% off"),
                Grant::Amount(amount) => format!("{name}: {amount} off"),
                Grant::Tariff(tariff) => format!("{name}: {}", tariff.document().name),
            }
        }
        What::Tax(Tax { percent, included: true }, part) => {
            format!("contains {percent}% tax of {}", Money::new(part, coinage.currency))
        }
        What::Tax(Tax { percent, .. }, _) => format!("{percent}% tax"),
        What::CashRounding => "rounded to coins".to_owned(),
    }
}

fn length(micros: i64) -> String {
    Length::of_seconds(micros / 1_000_000).map_or_else(|_never| String::new(), |length| length.to_string())
}
