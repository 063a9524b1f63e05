//! Slots: one place for one vehicle.

use std::fmt;

use smol_str::SmolStr;

use crate::{
    demand::{Demand, Feature, Features, names},
    invalid::{self, Invalid},
    ticket::TicketId,
    vehicle::VehicleClass,
};

/// Names a slot within its lot, for ever; its label may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub i64);

/// What is painted on the ground: `A-07`. Unique in its lot, ordered byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotLabel(SmolStr);

impl SlotLabel {
    /// Reads 1 to 32 letters, digits and `-_.#`, of ASCII, so that every record orders labels alike.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let letters =
            text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'#'));
        if text.is_empty() || text.len() > 32 || !letters {
            return Err(Invalid::new(
                "invalid-label",
                "a label has 1 to 32 characters of A-Z, a-z, 0-9, -, _, . and #",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The label itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SlotLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A floor or section of a lot, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level(SmolStr);

impl Level {
    /// Reads 1 to 32 characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        invalid::line(text, 32, "invalid-level", "a level")?;
        Ok(Self(text.into()))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which vehicles a slot takes: those of its classes, of which there is at least one, that need nothing which the slot
/// has not; and if it is reserved, only those that need something which it has.
///
/// Slots that accept the same are interchangeable but for rank and label, so this is also what free slots are sorted and
/// counted by. Its text is what a record keeps: the classes, behind a slash the features, and a mark if it is reserved
/// for them: `car+motorcycle`, `car/electric`, `car+van/accessible+electric!`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Accepts(SmolStr);

const MOST_CLASSES: usize = 16;

impl Accepts {
    /// The set of these classes; repeats do not count.
    pub fn of(mut classes: Vec<VehicleClass>) -> Result<Self, Invalid> {
        classes.sort();
        classes.dedup();
        if !(1..=MOST_CLASSES).contains(&classes.len()) {
            return Err(Invalid::new("invalid-accepts", "a slot accepts 1 to 16 classes of vehicle"));
        }
        let names: Vec<&str> = classes.iter().map(VehicleClass::as_str).collect();
        Ok(Self(names.join("+").into()))
    }

    /// The same classes, in a slot that has these features.
    pub fn with(&self, features: &Features, reserved: bool) -> Result<Self, Invalid> {
        let (classes, features) = (self.halves().0, features.as_str());
        match (features, reserved) {
            ("", true) => Err(Invalid::new(
                "reserved-without-feature",
                "a slot is reserved for those who need a feature that it has, so it has one",
            )),
            ("", false) => Ok(Self(classes.into())),
            (features, true) => Ok(Self(format!("{classes}/{features}!").into())),
            (features, false) => Ok(Self(format!("{classes}/{features}").into())),
        }
    }

    /// Reads the text that a record keeps.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (classes, features) = text.split_once('/').unwrap_or((text, ""));
        let unmarked = features.strip_suffix('!');
        let classes = classes.split('+').map(VehicleClass::parse).collect::<Result<_, _>>()?;
        let features = Features::parse(unmarked.unwrap_or(features))?;
        Self::of(classes)?.with(&features, unmarked.is_some())
    }

    /// The text that a record keeps.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The classes, in alphabetical order.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        names(self.halves().0)
    }

    /// The names of the features, in alphabetical order.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        names(self.halves().1)
    }

    /// The features.
    pub fn to_features(&self) -> Features {
        Features::known(self.halves().1)
    }

    /// Whether only those may stand here who need a feature that it has.
    pub fn is_reserved(&self) -> bool {
        self.0.ends_with('!')
    }

    /// Whether it is for vehicles of this class, as far as their class goes.
    pub fn accepts(&self, class: &VehicleClass) -> bool {
        self.takes(class.as_str())
    }

    /// Whether it has a feature.
    pub fn has(&self, feature: &Feature) -> bool {
        self.features().any(|had| had == feature.as_str())
    }

    /// Whether a vehicle may stand here that asks for this.
    pub fn fits(&self, demand: &Demand) -> bool {
        let wanted = !self.is_reserved() || demand.needs().next().is_some();
        wanted
            && self.takes(demand.class())
            && demand.needs().all(|needed| self.features().any(|had| had == needed))
    }

    /// How much of this slot would be wasted on a vehicle that it fits, least first: features that it does not need, then
    /// other classes than its own. The slot that wastes least is the best.
    pub fn waste(&self, demand: &Demand) -> (usize, bool) {
        let (classes, _) = self.halves();
        (self.features().count().saturating_sub(demand.needs().count()), classes != demand.class())
    }

    fn takes(&self, class: &str) -> bool {
        self.classes().any(|accepted| accepted == class)
    }

    /// The classes and the features.
    fn halves(&self) -> (&str, &str) {
        let (classes, features) = self.0.split_once('/').unwrap_or((&self.0, ""));
        (classes, features.trim_end_matches('!'))
    }
}

/// One place for one vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Names it within its lot.
    pub id: SlotId,
    /// What is painted on the ground.
    pub label: SlotLabel,
    /// The floor or section.
    pub level: Option<Level>,
    /// What may stand here.
    pub accepts: Accepts,
    /// Order of allocation, lowest first; equal ranks go by label.
    pub rank: i32,
    /// Whether it is given out.
    pub in_service: bool,
    /// Why it is out of service.
    pub reason: Option<String>,
    /// Removed by the operator; kept because tickets name it.
    pub retired: bool,
    /// Counts the changes of its settings, from 1.
    pub revision: i64,
    /// The ticket of the vehicle that stands here.
    pub occupant: Option<TicketId>,
}

/// Derived from being occupied and being in service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotStatus {
    /// Free and in service.
    Available,
    /// A vehicle stands here.
    Occupied,
    /// Free, not given out.
    OutOfService,
    /// Out of service, with a vehicle still in it.
    Draining,
}

impl SlotStatus {
    /// Its name: `out_of_service`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Occupied => "occupied",
            Self::OutOfService => "out_of_service",
            Self::Draining => "draining",
        }
    }

    /// Reads its name.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        [Self::Available, Self::Occupied, Self::OutOfService, Self::Draining]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| {
                Invalid::new("invalid-status", "a slot is available, occupied, out_of_service or draining")
            })
    }
}

impl Slot {
    /// Whether it is free, in service or draining.
    pub const fn status(&self) -> SlotStatus {
        match (self.occupant.is_some(), self.in_service) {
            (false, true) => SlotStatus::Available,
            (true, true) => SlotStatus::Occupied,
            (false, false) => SlotStatus::OutOfService,
            (true, false) => SlotStatus::Draining,
        }
    }

    /// Whether the next vehicle may get it.
    pub const fn is_free(&self) -> bool {
        !self.retired && matches!(self.status(), SlotStatus::Available)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_slot_accepts_is_a_set() {
        let class = |name| VehicleClass::parse(name).unwrap();
        let accepts = Accepts::of(vec![class("van"), class("car"), class("van")]).unwrap();
        assert_eq!(accepts.as_str(), "car+van");
        assert_eq!(Accepts::parse("van+car").unwrap(), accepts);
        assert!(accepts.accepts(&class("car")) && !accepts.accepts(&class("ca")));
        assert!(Accepts::of(vec![]).is_err());
    }

    #[test]
    fn a_slot_takes_who_needs_what_it_has_and_reserved_nobody_else() {
        let fits = |accepts: &str, demand: &str| {
            Accepts::parse(accepts).unwrap().fits(&Demand::parse(demand).unwrap())
        };
        for (accepts, takes, refuses) in [
            ("car+van", "car van", "bus car/electric"),
            ("car/electric", "car car/electric", "van car/accessible car/accessible+electric"),
            ("car/electric!", "car/electric", "car van/electric car/accessible"),
            (
                "car/accessible+electric!",
                "car/electric car/accessible car/accessible+electric",
                "car car/accessible+electric+wide",
            ),
        ] {
            for demand in takes.split(' ') {
                assert!(fits(accepts, demand), "{accepts} takes {demand}");
            }
            for demand in refuses.split(' ') {
                assert!(!fits(accepts, demand), "{accepts} does not take {demand}");
            }
        }
    }

    #[test]
    fn least_is_wasted_by_a_slot_that_has_no_more_than_is_needed_and_is_for_this_class() {
        let demand = Demand::parse("car/electric").unwrap();
        let waste = |accepts: &str| Accepts::parse(accepts).unwrap().waste(&demand);
        let best_first = ["car/electric", "car+van/electric", "car/accessible+electric!"];
        assert!(best_first.is_sorted_by(|one, next| waste(one) < waste(next)));
    }

    #[test]
    fn what_a_slot_accepts_is_read_as_it_is_written() {
        for text in ["car", "car+van", "car/electric", "car+van/accessible+electric!"] {
            let accepts = Accepts::parse(text).unwrap();
            assert_eq!(accepts.as_str(), text);
            assert_eq!(accepts.with(&accepts.to_features(), accepts.is_reserved()).unwrap(), accepts);
        }
        assert_eq!(Accepts::parse("car/!").unwrap_err().code, "reserved-without-feature");
        for wrong in ["", "/electric", "car!", "car/electric!!", "car/a/b"] {
            assert!(Accepts::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_label_is_short_ascii() {
        assert_eq!(SlotLabel::parse("A-07").unwrap().as_str(), "A-07");
        for wrong in ["", "A 07", "Ä", "A/1", "A\n", &"A".repeat(33)] {
            assert_eq!(SlotLabel::parse(wrong).unwrap_err().code, "invalid-label", "{wrong}");
        }
    }
}
