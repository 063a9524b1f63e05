//! Lots: one car park, with its settings, its counters and what is in it.

mod priorities;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use smol_str::SmolStr;

pub use self::priorities::{HeadStart, Priorities};

use crate::{
    demand::{Demand, Feature},
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

impl Lot {
    /// When a change happens that the clock puts here: later than the one before.
    #[must_use]
    pub fn instant_after_last(&self, now: Timestamp) -> Timestamp {
        now.max(self.last_at.plus_micros(1))
    }
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
    /// Waiting tickets by what they ask of a slot, and by priority.
    pub waiting: BTreeMap<(Demand, Priority), i64>,
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

    /// The slots that fit a vehicle.
    pub fn fitting(&self, demand: &Demand) -> SlotCount {
        self.counted(|accepts| accepts.fits(demand))
    }

    /// The slots that have a feature.
    pub fn with_feature(&self, feature: &Feature) -> SlotCount {
        self.counted(|accepts| accepts.has(feature))
    }

    /// How many vehicles wait.
    pub fn waiting(&self) -> i64 {
        self.waiting.values().sum()
    }

    /// How many vehicles of a class wait.
    pub fn waiting_of(&self, class: &VehicleClass) -> i64 {
        self.waiting_that(|demand| demand.class() == class.as_str())
    }

    /// How many vehicles wait that need a feature.
    pub fn waiting_for(&self, feature: &Feature) -> i64 {
        self.waiting_that(|demand| demand.needs().any(|needed| needed == feature.as_str()))
    }

    /// How many vehicles of a priority wait.
    pub fn waiting_with(&self, priority: &Priority) -> i64 {
        self.waiting.iter().filter(|((_, with), _)| with == priority).map(|(_, count)| count).sum()
    }

    /// Every class that a slot accepts or that waits, in alphabetical order.
    pub fn classes(&self) -> Vec<VehicleClass> {
        let names = self.kinds().flat_map(Accepts::classes).chain(self.demands().map(Demand::class));
        let names: BTreeSet<&str> = names.collect();
        names.into_iter().map(VehicleClass::known).collect()
    }

    /// Every feature that a slot has or that a waiting vehicle needs, in alphabetical order.
    pub fn features(&self) -> Vec<Feature> {
        let names = self.kinds().flat_map(Accepts::features).chain(self.demands().flat_map(Demand::needs));
        let names: BTreeSet<&str> = names.collect();
        names.into_iter().map(Feature::known).collect()
    }

    /// What waiting vehicles ask for, each once, in alphabetical order.
    pub fn waiting_demands(&self) -> Vec<Demand> {
        let mut demands: Vec<Demand> = self.demands().cloned().collect();
        demands.dedup();
        demands
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
    pub fn count_waiting(&mut self, demand: Demand, priority: &Priority, by: i64) {
        *self.waiting.entry((demand, priority.clone())).or_default() += by;
    }

    /// What the slots accept that there are.
    fn kinds(&self) -> impl Iterator<Item = &Accepts> {
        self.slots.iter().filter(|(_, count)| count.capacity > 0).map(|(accepts, _)| accepts)
    }

    fn demands(&self) -> impl Iterator<Item = &Demand> {
        self.waiting.iter().filter(|(_, waiting)| **waiting > 0).map(|((demand, _), _)| demand)
    }

    fn waiting_that(&self, which: impl Fn(&Demand) -> bool) -> i64 {
        self.waiting.iter().filter(|((demand, _), _)| which(demand)).map(|(_, count)| count).sum()
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
}
