//! Tickets: one arrival of one vehicle, from the gate to departure.

use std::fmt;

use smol_str::SmolStr;
use uuid::Uuid;

use crate::{
    demand::{Demand, Features},
    discount::DiscountCode,
    event::Principal,
    invalid::{self, Invalid},
    lot::{LotId, Version},
    slot::{SlotId, SlotLabel},
    tariff::{Fee, TariffVersion},
    time::Timestamp,
    vehicle::{Plate, VehicleClass},
};

/// Names a ticket in the whole installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketId(pub Uuid);

impl TicketId {
    /// Reads a UUID.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Uuid::try_parse(text)
            .map(Self)
            .map_err(|_unreadable| Invalid::new("invalid-ticket-id", "the id of a ticket is a UUID"))
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// Counts the arrivals of a lot, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketNumber(pub i64);

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How soon a waiting vehicle is served: `vip`, `standard`, or what a lot calls it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(SmolStr);

impl Priority {
    /// Reads a name of a-z, 0-9, - and _.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        invalid::name(text, 32, "invalid-priority", "a priority")?;
        Ok(Self(text.into()))
    }

    /// What everyone has who has no other.
    pub const fn standard() -> Self {
        Self(SmolStr::new_static("standard"))
    }

    /// Served before the others.
    pub const fn vip() -> Self {
        Self(SmolStr::new_static("vip"))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The one number that the waiting tickets of a lot are sorted by, lowest first; equal ones go by the id of the ticket.
///
/// If the lot's priorities order strictly, it is the rank of the priority, then the number; with ageing it is the instant
/// as which the arrival counts. It stays below 2^53, so that it is exact in a double, which is what a sorted set in Redis
/// sorts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Turn(pub i64);

/// Numbers that one priority has room for before it would run into the next: 2^44.
const NUMBERS_OF_A_RANK: i64 = 1 << 44;

impl Turn {
    /// The turn of a ticket whose priority has this rank in its lot (0 is served first, at most 15).
    pub const fn of(rank: i64, number: TicketNumber) -> Self {
        Self(rank * NUMBERS_OF_A_RANK + number.0)
    }

    /// The turn of a ticket that counts as having come at this instant.
    pub const fn of_instant(instant: Timestamp) -> Self {
        Self(instant.micros())
    }
}

/// The slot that a vehicle got, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Berth {
    /// Names the slot within the lot.
    pub slot: SlotId,
    /// Its label.
    pub label: SlotLabel,
    /// Counts the admissions of the lot, from 1.
    pub admission: i64,
    /// When the vehicle got it.
    pub since: Timestamp,
    /// What the stay is priced by; none if it began before tariffs had versions.
    pub tariff: Option<TariffVersion>,
}

/// Where a ticket is in its life. It only moves down this list, never back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// In the queue.
    Waiting,
    /// In a slot.
    Parked(Berth),
    /// Left; the fee is fixed.
    Departed {
        /// Where it stood.
        berth: Berth,
        /// When it left.
        at: Timestamp,
        /// What it cost.
        fee: Fee,
        /// When the gate saw it leave, by the gate's own clock.
        occurred_at: Option<Timestamp>,
    },
    /// Left the queue.
    Withdrawn {
        /// When.
        at: Timestamp,
    },
    /// An operator cancelled the entry; no fee.
    Voided {
        /// Where it stood.
        berth: Berth,
        /// When.
        at: Timestamp,
        /// Why.
        reason: Reason,
    },
}

/// The name of a [`Stage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TicketStatus {
    /// In the queue.
    Waiting,
    /// In a slot.
    Parked,
    /// Left, with a fee.
    Departed,
    /// Left the queue.
    Withdrawn,
    /// Entry cancelled.
    Voided,
}

impl TicketStatus {
    /// Every status, in the order of a ticket's life.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Parked, Self::Departed, Self::Withdrawn, Self::Voided];

    /// Its name: `waiting`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Parked => "parked",
            Self::Departed => "departed",
            Self::Withdrawn => "withdrawn",
            Self::Voided => "voided",
        }
    }

    /// Reads its name.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            Invalid::new("invalid-status", "a ticket is waiting, parked, departed, withdrawn or voided")
        })
    }

    /// Whether the vehicle is waiting or parked.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Parked)
    }
}

/// Why an operator did something, for those who read it later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(SmolStr);

impl Reason {
    /// Reads 1 to 200 characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        invalid::line(text, 200, "invalid-reason", "a reason")?;
        Ok(Self(text.trim().into()))
    }

    /// The reason.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A plate that a ticket had until somebody corrected it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlateCorrection {
    /// Whose plate it was.
    pub ticket: TicketId,
    /// The change of the lot that corrected it.
    pub version: Version,
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub actor: Principal,
    /// The plate until then.
    pub plate: Plate,
}

/// One arrival of one vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Names it in the installation.
    pub id: TicketId,
    /// Where the vehicle came to.
    pub lot: LotId,
    /// Counts the arrivals of the lot, from 1.
    pub number: TicketNumber,
    /// What names the vehicle.
    pub plate: Plate,
    /// What kind of vehicle it is.
    pub class: VehicleClass,
    /// What its slot must have.
    pub needs: Features,
    /// How soon it is served while it waits.
    pub priority: Priority,
    /// What it is sorted by while it waits.
    pub turn: Turn,
    /// When it came, by the lot's clock.
    pub arrived_at: Timestamp,
    /// When the gate saw it come, by the gate's own clock; recorded, never decisive.
    pub occurred_at: Option<Timestamp>,
    /// The discounts that it has, in the order in which it got them.
    pub discounts: Vec<DiscountCode>,
    /// Where it is in its life.
    pub stage: Stage,
}

impl Ticket {
    /// The name of its stage.
    pub const fn status(&self) -> TicketStatus {
        match self.stage {
            Stage::Waiting => TicketStatus::Waiting,
            Stage::Parked(_) => TicketStatus::Parked,
            Stage::Departed { .. } => TicketStatus::Departed,
            Stage::Withdrawn { .. } => TicketStatus::Withdrawn,
            Stage::Voided { .. } => TicketStatus::Voided,
        }
    }

    /// What it asks of a slot.
    pub fn demand(&self) -> Demand {
        Demand::of(&self.class, &self.needs)
    }

    /// The slot that it got, also after it left.
    pub const fn berth(&self) -> Option<&Berth> {
        match &self.stage {
            Stage::Parked(berth) | Stage::Departed { berth, .. } | Stage::Voided { berth, .. } => Some(berth),
            Stage::Waiting | Stage::Withdrawn { .. } => None,
        }
    }

    /// When it departed, withdrew or was voided.
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Departed { at, .. } | Stage::Withdrawn { at } | Stage::Voided { at, .. } => Some(*at),
            Stage::Waiting | Stage::Parked(_) => None,
        }
    }

    /// What it cost, once it has departed.
    pub const fn fee(&self) -> Option<&Fee> {
        match &self.stage {
            Stage::Departed { fee, .. } => Some(fee),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_goes_before_number() {
        assert!(Turn::of(0, TicketNumber(900)) < Turn::of(1, TicketNumber(1)));
        assert!(Turn::of(1, TicketNumber(1)) < Turn::of(1, TicketNumber(2)));
        assert!(Turn::of(15, TicketNumber(NUMBERS_OF_A_RANK - 1)).0 < 1 << 53);
    }

    #[test]
    fn a_status_is_read_by_the_name_it_is_written_with() {
        for status in TicketStatus::ALL {
            assert_eq!(TicketStatus::parse(status.as_str()).unwrap(), status);
        }
        assert!(TicketStatus::parse("gone").is_err());
    }
}
