//! Slots: one place for one vehicle.

use std::fmt;

use smol_str::SmolStr;

use crate::{
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

/// The classes of vehicle that a slot takes: at least one, in alphabetical order.
///
/// Slots that accept the same classes are interchangeable but for rank and label, so this is also what free slots are
/// sorted and counted by. Its text (`car+motorcycle`) is what a record keeps.
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

    /// Reads the text that a record keeps.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::of(text.split('+').map(VehicleClass::parse).collect::<Result<_, _>>()?)
    }

    /// The text that a record keeps.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The classes, in alphabetical order.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.0.split('+')
    }

    /// Whether a vehicle of this class may stand here.
    pub fn accepts(&self, class: &VehicleClass) -> bool {
        self.classes().any(|accepted| accepted == class.as_str())
    }

    /// Whether it takes this class and no other.
    pub fn is_only(&self, class: &VehicleClass) -> bool {
        self.0 == class.as_str()
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
        assert!(Accepts::parse("car").unwrap().is_only(&class("car")) && !accepts.is_only(&class("car")));
        assert!(Accepts::of(vec![]).is_err());
    }

    #[test]
    fn a_label_is_short_ascii() {
        assert_eq!(SlotLabel::parse("A-07").unwrap().as_str(), "A-07");
        for wrong in ["", "A 07", "Ä", "A/1", "A\n", &"A".repeat(33)] {
            assert_eq!(SlotLabel::parse(wrong).unwrap_err().code, "invalid-label", "{wrong}");
        }
    }
}
