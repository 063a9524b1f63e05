//! The lines of a fee, in words. What can be said beforehand is said once, when the tariff is made ready.

use std::fmt::Write;

use smol_str::{SmolStr, format_smolstr};

use super::{
    FeeLine, Grant,
    almanac::SECOND,
    document::{Period, Tax},
    length::Length,
    plan::{OPEN, Rung, Step},
    walk::{Charge, Coinage, What},
};
use crate::{money::Money, time::Timestamp};

const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How a line of a rate reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    rule: &'static str,
    /// Before the number of steps.
    before: String,
    /// After it, for one step and for several.
    after: [String; 2],
    count: Count,
}

/// What is said of the number of steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Count {
    /// Nothing: there can be only one.
    #[default]
    Single,
    Steps,
    /// Steps of a second are a length of time.
    Seconds,
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
            None => format!(" at {}", rung.price.decimal(minor)),
        };
        let counted = unit.contains("{}");
        let space = if counted { " " } else { "" };
        Self {
            rule,
            before: if name.is_empty() { String::new() } else { format!("{name}: ") },
            after: ["", "s"].map(|ending| format!("{space}{}{price}", unit.replace("{}", ending))),
            count: if counted { Count::Steps } else { Count::Single },
        }
    }

    /// Of a rung of which every second costs its share of a step.
    pub(super) fn by_the_second(&self, rung: &Rung, step: i64) -> Self {
        let price = match rung.per_hour {
            Some(rate) => format!(" at {rate} per hour"),
            None => format!(" at {} per {}", rung.price.decimal(rung.minor.0), length(step)),
        };
        let after = [price.clone(), price];
        Self { rule: "elapsed-time", before: self.before.clone(), after, count: Count::Seconds }
    }

    /// Whether the units that are charged mean nothing to people.
    fn is_elapsed(&self) -> bool {
        self.count == Count::Seconds
    }

    fn note(&self, units: i64) -> String {
        let after = &self.after[usize::from(units != 1)];
        let mut note = String::with_capacity(self.before.len() + after.len() + 20);
        note.push_str(&self.before);
        // Writing to text does not fail.
        _ = match self.count {
            Count::Single => Ok(()),
            Count::Steps => write!(note, "{units}"),
            Count::Seconds => write!(note, "{}", length(units.saturating_mul(SECOND))),
        };
        note.push_str(after);
        note
    }
}

/// Makes one line of the rows of a table that follow each other.
pub(super) fn join_rows(charges: &mut Vec<Charge<'_>>) {
    charges.dedup_by(|next, before| {
        let What::Steps(row) = next.what else { return false };
        let (What::Steps(first) | What::Rows(first)) = before.what else { return false };
        let rows = row.row.is_some() && first.row.is_some();
        let joined = rows && before.to == next.from && first.to == row.from;
        if joined {
            (before.what, before.to) = (What::Rows(row), next.to);
            before.amount = before.amount.saturating_add(next.amount);
        }
        joined
    });
}

/// The lines of a fee.
pub(super) fn lines(charges: &[Charge<'_>], coinage: Coinage) -> Vec<FeeLine> {
    let (mut lines, mut said) = (Vec::with_capacity(charges.len()), Said(Vec::new()));
    for charge in charges {
        let (units, unit_price) = match charge.what {
            What::Steps(rung) if rung.words.is_elapsed() => (1, charge.amount),
            What::Steps(rung) => (charge.units, rung.cost(1, coinage.scale, coinage.mode)),
            What::Tax(_, part) => (charge.units, part),
            _ => (charge.units, charge.amount),
        };
        lines.push(FeeLine {
            rule: SmolStr::new_static(rule(charge.what)),
            from: Timestamp::from_micros(charge.from),
            to: Timestamp::from_micros(charge.to).min(Timestamp::LAST),
            units,
            unit_price,
            amount: charge.amount,
            note: note(charge, coinage, &mut said),
        });
    }
    lines
}

/// What was said last. The days of a long stay are much alike, and so are their lines.
struct Said<'a>(Vec<(&'a Words, i64, SmolStr)>);

impl<'a> Said<'a> {
    /// How many of the last notes are looked through.
    const LAST: usize = 32;

    fn note(&mut self, words: &'a Words, units: i64) -> SmolStr {
        let first = self.0.len().saturating_sub(Self::LAST);
        let same = |(before, number, _): &(&Words, i64, _)| *number == units && std::ptr::eq(*before, words);
        if let Some(found) = self.0[first..].iter().rposition(same) {
            // What was said last will be said first again.
            let last = self.0.len() - 1;
            self.0.swap(first + found, last);
            return self.0[last].2.clone();
        }
        let note = SmolStr::from(words.note(units));
        self.0.push((words, units, note.clone()));
        note
    }
}

fn rule(what: What<'_>) -> &'static str {
    match what {
        What::Steps(rung) | What::Rows(rung) => rung.words.rule,
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

fn note<'a>(charge: &Charge<'a>, coinage: Coinage, said: &mut Said<'a>) -> SmolStr {
    match charge.what {
        What::Steps(rung) | What::Rows(rung) => said.note(&rung.words, charge.units),
        What::Cap(cap) => cap.note.clone(),
        What::Package(length) => format_smolstr!("package of {length}"),
        What::Free => SmolStr::new_static("not charged"),
        What::Minimum => SmolStr::new_static("up to the minimum"),
        What::LostTicket => SmolStr::new_static("lost ticket"),
        What::Discount(discount) => {
            // A record keeps lines separated by control characters.
            let name = discount.name.replace(char::is_control, " ");
            match &discount.grant {
                Grant::Free(length) => format_smolstr!("{name}: {length} free"),
                Grant::Percent(percent) => format_smolstr!("{name}: {percent}% off"),
                Grant::Amount(amount) => format_smolstr!("{name}: {amount} off"),
                Grant::Tariff(tariff) => format_smolstr!("{name}: {}", tariff.document().name),
            }
        }
        What::Tax(Tax { percent, included: true }, part) => {
            format_smolstr!("contains {percent}% tax of {}", Money::new(part, coinage.currency))
        }
        What::Tax(Tax { percent, .. }, _) => format_smolstr!("{percent}% tax"),
        What::CashRounding => SmolStr::new_static("rounded to coins"),
    }
}

fn length(micros: i64) -> String {
    Length::text(micros / SECOND)
}
