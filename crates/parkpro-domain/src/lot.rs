//! Lots: one car park, with its settings, its counters and what is in it.

use std::{collections::BTreeMap, fmt};

use smol_str::SmolStr;

use crate::{
    invalid::{self, Invalid},
    money::Currency,
    slot::{Accepts, Slot, SlotStatus},
    tariff::Assignments,
    ticket::{Priority, TicketNumber},
    time::{Timestamp, Zone},
    vehicle::VehicleClass,
};

/// Names a lot: a slug that its operator chose (`main`). Never given to another lot, not even after the lot was removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LotId(SmolStr);

impl LotId {
    /// Reads 1 to 63 characters of a-z, 0-9, - and _.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        invalid::name(text, 63, "invalid-lot-id", "the id of a lot")?;
        Ok(Self(text.into()))
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a state of a lot: a counter, one more for every change, without gaps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub i64);

impl Version {
    /// The version that the next change makes.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a lot, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotName(SmolStr);

impl LotName {
    /// Reads 1 to 100 characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        invalid::line(text, 100, "invalid-name", "the name of a lot")?;
        Ok(Self(text.trim().into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The priorities of a lot, first served first. Its text (`vip,standard`) is what a record keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priorities(Vec<Priority>);

impl Priorities {
    /// `vip` before `standard`.
    pub fn usual() -> Self {
        Self(vec![Priority::vip(), Priority::standard()])
    }

    /// Reads the text that a record keeps: names in order, with `standard` among them, which is the default.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::of(text.split(',').map(Priority::parse).collect::<Result<_, _>>()?)
    }

    /// These priorities in this order.
    pub fn of(order: Vec<Priority>) -> Result<Self, Invalid> {
        let repeated = order.iter().enumerate().any(|(at, priority)| order[..at].contains(priority));
        if repeated || order.len() > 16 || !order.contains(&Priority::standard()) {
            return Err(Invalid::new(
                "invalid-priorities",
                "priorities are at most 16 different names, one of them standard",
            ));
        }
        Ok(Self(order))
    }

    /// The place of a priority in the order, from 0; none if this lot has no such priority.
    pub fn rank(&self, priority: &Priority) -> Option<i64> {
        self.0.iter().position(|known| known == priority).and_then(|place| i64::try_from(place).ok())
    }

    /// First served first.
    pub fn iter(&self) -> impl Iterator<Item = &Priority> {
        self.0.iter()
    }
}

impl fmt::Display for Priorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(Priority::as_str).collect();
        f.write_str(&names.join(","))
    }
}

/// One car park.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// Its slug.
    pub id: LotId,
    /// For people.
    pub name: LotName,
    /// Where its calendar days begin.
    pub zone: Zone,
    /// What its fees are in.
    pub currency: Currency,
    /// Whether vehicles may enter. Those inside or waiting go on as before.
    pub accepting: bool,
    /// How many vehicles may wait; no limit if none.
    pub queue_limit: Option<u32>,
    /// In what order the waiting are served.
    pub priorities: Priorities,
    /// What stays are priced by that begin from now on; by the tariff of the settings if none holds.
    pub tariffs: Assignments,
    /// Counts the changes of these settings, from 1.
    pub revision: i64,
    /// Removed by the operator; kept because tickets and the journal name it.
    pub retired: bool,
    /// The state of the lot.
    pub version: Version,
    /// The instant of the last change.
    pub last_at: Timestamp,
    /// The number that the next arrival gets.
    pub next_number: TicketNumber,
    /// The number that the next admission to a slot gets.
    pub next_admission: i64,
    /// The id that the next new slot gets.
    pub next_slot: i64,
}

/// How many slots of one kind there are. A draining slot counts as occupied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SlotCount {
    /// All that are not retired.
    pub capacity: i64,
    /// With a vehicle in them.
    pub occupied: i64,
    /// Empty and not given out.
    pub out_of_service: i64,
}

impl SlotCount {
    /// Empty and in service.
    pub const fn available(self) -> i64 {
        self.capacity - self.occupied - self.out_of_service
    }

    fn add(&mut self, slot: &Slot, by: i64) {
        if slot.retired {
            return;
        }
        self.capacity += by;
        match slot.status() {
            SlotStatus::Available => {}
            SlotStatus::Occupied | SlotStatus::Draining => self.occupied += by,
            SlotStatus::OutOfService => self.out_of_service += by,
        }
    }
}

impl std::ops::AddAssign for SlotCount {
    fn add_assign(&mut self, other: Self) {
        self.capacity += other.capacity;
        self.occupied += other.occupied;
        self.out_of_service += other.out_of_service;
    }
}

/// What is in a lot, counted as it changes so that nothing has to be counted when it is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Slots by what they accept.
    pub slots: BTreeMap<Accepts, SlotCount>,
    /// Waiting tickets by class and priority.
    pub waiting: BTreeMap<(VehicleClass, Priority), i64>,
}

impl Tally {
    /// All slots together.
    pub fn total(&self) -> SlotCount {
        self.counted(|_accepts| true)
    }

    /// The slots that accept a class; one that accepts several classes counts for each.
    pub fn of_class(&self, class: &VehicleClass) -> SlotCount {
        self.counted(|accepts| accepts.accepts(class))
    }

    /// How many vehicles wait.
    pub fn waiting(&self) -> i64 {
        self.waiting.values().sum()
    }

    /// How many vehicles of a class wait.
    pub fn waiting_of(&self, class: &VehicleClass) -> i64 {
        self.waiting.iter().filter(|((of, _), _)| of == class).map(|(_, count)| count).sum()
    }

    /// How many vehicles of a priority wait.
    pub fn waiting_with(&self, priority: &Priority) -> i64 {
        self.waiting.iter().filter(|((_, with), _)| with == priority).map(|(_, count)| count).sum()
    }

    /// Every class that a slot accepts or that waits, in alphabetical order.
    pub fn classes(&self) -> Vec<VehicleClass> {
        let kinds = self.slots.iter().filter(|(_, count)| count.capacity > 0).map(|(accepts, _)| accepts);
        let accepted = kinds.flat_map(Accepts::classes).filter_map(|name| VehicleClass::parse(name).ok());
        let waiting =
            self.waiting.iter().filter(|(_, waiting)| **waiting > 0).map(|((class, _), _)| class.clone());
        let mut classes: Vec<_> = accepted.chain(waiting).collect();
        classes.sort();
        classes.dedup();
        classes
    }

    /// Counts a slot as it now is.
    pub fn count_slot(&mut self, slot: &Slot) {
        self.slots.entry(slot.accepts.clone()).or_default().add(slot, 1);
    }

    /// Takes back what [`Self::count_slot`] did for the slot as it was.
    pub fn discount_slot(&mut self, slot: &Slot) {
        self.slots.entry(slot.accepts.clone()).or_default().add(slot, -1);
    }

    /// Counts waiting tickets in (or out, if negative).
    pub fn count_waiting(&mut self, class: &VehicleClass, priority: &Priority, by: i64) {
        *self.waiting.entry((class.clone(), priority.clone())).or_default() += by;
    }

    fn counted(&self, which: impl Fn(&Accepts) -> bool) -> SlotCount {
        let mut total = SlotCount::default();
        self.slots.iter().filter(|(accepts, _)| which(accepts)).for_each(|(_, count)| total += *count);
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_slug() {
        assert_eq!(LotId::parse("main").unwrap().as_str(), "main");
        for wrong in ["", "Main", "-x", "a/b", &"x".repeat(64)] {
            assert_eq!(LotId::parse(wrong).unwrap_err().code, "invalid-lot-id", "{wrong}");
        }
    }

    #[test]
    fn priorities_are_an_order_with_standard_in_it() {
        let priorities = Priorities::parse("vip,permit,standard").unwrap();
        assert_eq!(priorities.rank(&Priority::standard()), Some(2));
        assert_eq!(priorities.to_string(), "vip,permit,standard");
        for wrong in ["vip", "", "standard,standard", "a,b"] {
            assert!(Priorities::parse(wrong).is_err(), "{wrong}");
        }
    }
}
