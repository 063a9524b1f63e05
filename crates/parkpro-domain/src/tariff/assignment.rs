//! Which tariff holds in a lot from when on, and for whom.

use std::fmt::{self, Write};

use super::version::{TariffId, TariffVersion};
use crate::{invalid::Invalid, time::Timestamp, vehicle::VehicleClass};

/// A tariff for vehicles that park from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// From when on.
    pub from: Timestamp,
    /// For vehicles of this class; for all if none.
    pub class: Option<VehicleClass>,
    /// What they pay by.
    pub tariff: TariffVersion,
}

/// The tariffs of a lot, in the order in which they begin. Its text is what a record keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assignments(Vec<Assignment>);

/// A lot has no more; those that can never hold again do not count.
pub const MOST_ASSIGNMENTS: usize = 32;

const EVERY_CLASS: &str = "*";

impl Assignments {
    /// What a vehicle pays by that parks at an instant: the newest tariff for its class, else the newest for all.
    pub fn at(&self, at: Timestamp, class: &VehicleClass) -> Option<&TariffVersion> {
        let newest = |class: Option<&VehicleClass>| {
            let begun = self.0.iter().rev().filter(|given| given.from <= at);
            begun.into_iter().find(|given| given.class.as_ref() == class)
        };
        newest(Some(class)).or_else(|| newest(None)).map(|given| &given.tariff)
    }

    /// With one more, without those that can never hold again; none if that is too many. It takes the place of one that
    /// begins at the same instant for the same vehicles.
    #[must_use]
    pub fn with(&self, new: Assignment, now: Timestamp) -> Option<Self> {
        let kept = |given: &&Assignment| given.class != new.class || given.from != new.from;
        let mut all: Vec<Assignment> = self.0.iter().filter(kept).cloned().collect();
        all.push(new);
        all.sort_by_key(|given| given.from);
        let begun = all.clone();
        all.retain(|given| {
            let over =
                |next: &Assignment| next.class == given.class && given.from < next.from && next.from <= now;
            !begun.iter().any(over)
        });
        (all.len() <= MOST_ASSIGNMENTS).then_some(Self(all))
    }

    /// In the order in which they begin.
    pub fn iter(&self) -> impl Iterator<Item = &Assignment> {
        self.0.iter()
    }

    /// Reads the text that a record keeps.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let read = text.lines().map(Assignment::parse).collect::<Option<_>>();
        read.map(Self)
            .ok_or_else(|| Invalid::new("invalid-assignments", "the tariffs of a lot make no sense"))
    }
}

impl Assignment {
    /// Reads the line that a record keeps.
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let mut field = || fields.next();
        let from = Timestamp::from_micros(field()?.parse().ok()?);
        let class =
            field().filter(|class| *class != EVERY_CLASS).map(VehicleClass::parse).transpose().ok()?;
        let tariff =
            TariffVersion { tariff: TariffId::parse(field()?).ok()?, number: field()?.parse().ok()? };
        Some(Self { from, class, tariff })
    }
}

/// Fields separated by tabs.
impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, class, tariff } = self;
        let class = class.as_ref().map_or(EVERY_CLASS, VehicleClass::as_str);
        write!(f, "{}\t{class}\t{}\t{}", from.micros(), tariff.tariff, tariff.number)
    }
}

/// A line each.
impl fmt::Display for Assignments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, given)| {
            if at > 0 {
                f.write_char('\n')?;
            }
            given.fmt(f)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(from: i64, class: Option<&str>, number: i64) -> Assignment {
        Assignment {
            from: Timestamp::from_micros(from),
            class: class.map(|class| VehicleClass::parse(class).unwrap()),
            tariff: TariffVersion { tariff: TariffId::parse("day").unwrap(), number },
        }
    }

    fn all(of: &[Assignment], now: i64) -> Assignments {
        let now = Timestamp::from_micros(now);
        of.iter().fold(Assignments::default(), |all, one| all.with(one.clone(), now).unwrap())
    }

    #[test]
    fn the_newest_holds_and_one_for_the_class_before_one_for_all() {
        let all = all(&[given(10, None, 1), given(20, None, 2), given(15, Some("van"), 3)], 0);
        for (at, class, number) in [
            (9, "car", None),
            (10, "car", Some(1)),
            (19, "car", Some(1)),
            (20, "car", Some(2)),
            (14, "van", Some(1)),
            (15, "van", Some(3)),
            (25, "van", Some(3)),
        ] {
            let held = all.at(Timestamp::from_micros(at), &VehicleClass::parse(class).unwrap());
            assert_eq!(held.map(|held| held.number), number, "{class} at {at}");
        }
    }

    #[test]
    fn what_can_never_hold_again_is_dropped_and_the_same_instant_is_overwritten() {
        let before = all(&[given(10, None, 1), given(15, Some("van"), 2), given(20, None, 3)], 0);
        let after = before.with(given(30, None, 4), Timestamp::from_micros(20)).unwrap();
        let numbers = |all: &Assignments| all.iter().map(|one| one.tariff.number).collect::<Vec<_>>();
        assert_eq!(numbers(&after), [2, 3, 4]);
        let after = after.with(given(30, None, 5), Timestamp::from_micros(20)).unwrap();
        assert_eq!(numbers(&after), [2, 3, 5]);
    }

    #[test]
    fn a_lot_has_so_many_and_no_more() {
        let future: Vec<_> = (0..32).map(|n| given(100 + n, None, n)).collect();
        let full = all(&future, 0);
        assert_eq!(full.with(given(500, None, 1), Timestamp::from_micros(0)), None);
        assert!(full.with(given(110, None, 1), Timestamp::from_micros(0)).is_some(), "in place of another");
        assert!(full.with(given(500, None, 1), Timestamp::from_micros(101)).is_some(), "one is over");
    }

    #[test]
    fn they_survive_storing() {
        for stored in [vec![], vec![given(-5, None, 1)], vec![given(1, None, 1), given(1, Some("van"), 2)]] {
            let all = all(&stored, 0);
            assert_eq!(Assignments::parse(&all.to_string()).unwrap(), all);
        }
        for wrong in ["x", "1\t*\tday", "1\t*\tDay\t1", "1\tVan\tday\t1"] {
            assert!(Assignments::parse(wrong).is_err(), "{wrong}");
        }
    }
}
