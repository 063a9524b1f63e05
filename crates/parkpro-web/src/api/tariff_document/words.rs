//! The words of documents, and texts that are one of several things.

use parkpro_domain::{
    invalid::Invalid,
    tariff::{
        Length,
        document::{Across, CapPer, Choice, Count, FreeKind, Period, RoundingMode, Stacking},
    },
};

pub(super) const CHOICES: [(&str, Choice); 2] =
    [("as-listed", Choice::AsListed), ("cheapest", Choice::Cheapest)];
pub(super) const FREE_KINDS: [(&str, FreeKind); 2] =
    [("deducted", FreeKind::Deducted), ("cliff", FreeKind::Cliff)];
pub(super) const COUNTS: [(&str, Count); 3] =
    [("exact", Count::Exact), ("seconds", Count::Seconds), ("minutes", Count::Minutes)];
pub(super) const ACROSS: [(&str, Across); 3] =
    [("cut", Across::Cut), ("run-on", Across::RunOn), ("once", Across::Once)];
pub(super) const MODES: [(&str, RoundingMode); 4] = [
    ("half-up", RoundingMode::HalfUp),
    ("half-even", RoundingMode::HalfEven),
    ("up", RoundingMode::Up),
    ("down", RoundingMode::Down),
];
pub(super) const STACKING: [(&str, Stacking); 3] =
    [("all", Stacking::All), ("amounts-first", Stacking::AmountsFirst), ("best", Stacking::Best)];
pub(super) const CALENDAR: [(&str, Period); 3] =
    [("calendar-day", Period::Day), ("calendar-week", Period::Week), ("calendar-month", Period::Month)];

pub(super) fn parse_period(text: &str) -> Result<Period, Invalid> {
    match CALENDAR.iter().find(|(name, _)| *name == text) {
        Some((_, period)) => Ok(*period),
        None => Length::parse(text).map(Period::Every).map_err(|_neither| {
            let detail =
                "a period is a length of at most ten years, such as 24h or 7d, or calendar-day, calendar-week, calendar-month";
            Invalid::new("invalid-period", detail)
        }),
    }
}

pub(super) fn parse_per(text: &str) -> Result<CapPer, Invalid> {
    match text {
        "entry" => Ok(CapPer::Entry),
        "window" => Ok(CapPer::Window),
        _ => parse_period(text).map(CapPer::Period),
    }
}
