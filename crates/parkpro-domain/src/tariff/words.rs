//! The lines of a fee, in words.

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

/// Makes one line of the rows of a table that follow each other.
pub(super) fn join_rows(charges: &mut Vec<Charge<'_>>) {
    charges.dedup_by(|next, before| {
        let (What::Steps(name, row), What::Steps(other, first)) = (next.what, before.what) else {
            return false;
        };
        let joined = name == other && row.row.is_some() && first.row.is_some() && before.to == next.from;
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
        rule: rule(charge),
        from: Timestamp::from_micros(charge.from),
        to: Timestamp::from_micros(charge.to),
        units: charge.units,
        unit_price,
        amount: charge.amount,
        note: note(charge, coinage),
    }
}

fn rule(charge: &Charge<'_>) -> String {
    let fixed = match charge.what {
        What::Steps(_, rung) => match (rung.row, rung.step) {
            (Some(_), _) => "table",
            (None, Step::Whole) => "flat",
            (None, Step::Calendar(Period::Week)) => "calendar-week",
            (None, Step::Calendar(Period::Month)) => "calendar-month",
            (None, Step::Calendar(_)) => "calendar-day",
            (None, Step::Every(MINUTE)) => "started-minute",
            (None, Step::Every(HOUR)) => "started-hour",
            (None, Step::Every(DAY)) => "started-day",
            (None, Step::Every(step)) => return format!("started-{}", length(step)),
        },
        What::Cap(cap) => cap.rule,
        What::Package(_) => "package",
        What::Free => "free",
        What::Minimum => "minimum",
        What::LostTicket => "lost-ticket",
        What::Discount(_) => "discount",
        What::Tax(..) => "tax",
        What::CashRounding => "cash-rounding",
    };
    fixed.to_owned()
}

fn note(charge: &Charge<'_>, coinage: Coinage) -> String {
    let money = |minor: i64| Money::new(minor, coinage.currency);
    match charge.what {
        What::Steps(name, rung) => {
            let note = steps(charge, rung, coinage);
            if name.is_empty() { note } else { format!("{name}: {note}") }
        }
        What::Cap(cap) => {
            let max = cap.max.map_or(0, |max| max.floor(coinage.currency));
            match cap.name.as_str() {
                "" => format!("at most {}", money(max)),
                name => format!("{name}: at most {}", money(max)),
            }
        }
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
            format!("contains {percent}% tax of {}", money(part))
        }
        What::Tax(Tax { percent, .. }, _) => format!("{percent}% tax"),
        What::CashRounding => "rounded to coins".to_owned(),
    }
}

fn steps(charge: &Charge<'_>, rung: Rung, coinage: Coinage) -> String {
    let units = charge.units;
    let ending = if units == 1 { "" } else { "s" };
    let counted = match (rung.row, rung.step) {
        (Some(row), _) => return format!("up to {row}"),
        (None, Step::Whole) if rung.to == OPEN => "once".to_owned(),
        (None, Step::Whole) => format!("once up to {}", length(rung.to)),
        (None, Step::Calendar(Period::Week)) => format!("{units} calendar week{ending}"),
        (None, Step::Calendar(Period::Month)) => format!("{units} calendar month{ending}"),
        (None, Step::Calendar(_)) => format!("{units} calendar day{ending}"),
        (None, Step::Every(MINUTE)) => format!("{units} started minute{ending}"),
        (None, Step::Every(HOUR)) => format!("{units} started hour{ending}"),
        (None, Step::Every(DAY)) => format!("{units} started day{ending}"),
        (None, Step::Every(step)) => format!("{units} started step{ending} of {}", length(step)),
    };
    match (rung.per_hour, charge.price) {
        (Some(rate), _) => format!("{counted} at {rate} per hour"),
        (None, Some(price)) if !price.times(coinage.currency.minor_per_major(), 1).is_whole() => {
            format!("{counted} at {}", price.decimal())
        }
        _ => counted,
    }
}

fn length(micros: i64) -> String {
    Length::of_seconds(micros / 1_000_000).map_or_else(|_never| String::new(), |length| length.to_string())
}
