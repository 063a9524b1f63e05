//! What happened, as the journal keeps it and watchers hear it. No event carries a plate.

use crate::{
    demand::{Demand, Features},
    discount::DiscountCode,
    lot::{LotId, Version},
    slot::{Slot, SlotId, SlotLabel},
    tariff::Assignment,
    ticket::{Berth, Priority, Ticket, TicketId, TicketNumber},
    time::Timestamp,
    vehicle::VehicleClass,
};

/// Who asked for a change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal(pub String);

impl Principal {
    /// Somebody who did not say who they are.
    pub fn anonymous() -> Self {
        Self("anonymous".to_owned())
    }

    /// The program itself.
    pub fn system() -> Self {
        Self("system".to_owned())
    }
}

/// One thing that happened to a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The lot exists.
    LotOpened,
    /// Its settings changed.
    LotChanged,
    /// It was removed.
    LotRemoved,
    /// A slot was added, or came back after it was removed.
    SlotAdded(SlotSeen),
    /// The settings of a slot changed.
    SlotChanged {
        /// Which, with the label that it now has.
        slot: SlotSeen,
        /// Whether it is now given out.
        in_service: bool,
    },
    /// A slot was removed.
    SlotRemoved(SlotSeen),
    /// A vehicle joined the queue.
    TicketArrived {
        /// Its ticket.
        ticket: TicketSeen,
        /// What kind of vehicle.
        class: VehicleClass,
        /// What its slot must have.
        needs: Features,
        /// How soon it is served.
        priority: Priority,
    },
    /// A vehicle got a slot.
    TicketParked {
        /// Its ticket.
        ticket: TicketSeen,
        /// The slot.
        slot: SlotSeen,
    },
    /// A vehicle left.
    TicketDeparted {
        /// Its ticket.
        ticket: TicketSeen,
        /// The slot that is free now.
        slot: SlotSeen,
        /// Minor units of the lot's currency.
        fee_minor: i64,
    },
    /// A vehicle left the queue.
    TicketWithdrawn(TicketSeen),
    /// The entry of a vehicle was cancelled.
    TicketVoided {
        /// Its ticket.
        ticket: TicketSeen,
        /// The slot that is free now.
        slot: SlotSeen,
    },
    /// The plate of a ticket was corrected.
    PlateCorrected(TicketSeen),
    /// The priority of a waiting ticket changed.
    PriorityChanged {
        /// Its ticket.
        ticket: TicketSeen,
        /// What it has now.
        priority: Priority,
    },
    /// Stays that begin later pay by another tariff.
    TariffAssigned(Assignment),
    /// There is a new discount, or one that was removed before.
    DiscountAdded(DiscountCode),
    /// The terms of a discount changed.
    DiscountChanged(DiscountCode),
    /// A discount was removed.
    DiscountRemoved(DiscountCode),
    /// A ticket got a discount.
    DiscountAttached {
        /// Which ticket.
        ticket: TicketSeen,
        /// Which discount.
        code: DiscountCode,
    },
    /// A discount was taken off a ticket.
    DiscountDetached {
        /// Which ticket.
        ticket: TicketSeen,
        /// Which discount.
        code: DiscountCode,
    },
}

/// How an event names a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketSeen {
    /// In the installation.
    pub id: TicketId,
    /// In its lot.
    pub number: TicketNumber,
}

/// How an event names a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotSeen {
    /// For ever.
    pub id: SlotId,
    /// At that time.
    pub label: SlotLabel,
}

impl TicketSeen {
    /// The name of a ticket.
    pub const fn of(ticket: &Ticket) -> Self {
        Self { id: ticket.id, number: ticket.number }
    }
}

impl SlotSeen {
    /// The name of a slot.
    pub fn of(slot: &Slot) -> Self {
        Self { id: slot.id, label: slot.label.clone() }
    }

    /// The name of the slot that a vehicle has, or had.
    pub fn of_berth(berth: &Berth) -> Self {
        Self { id: berth.slot, label: berth.label.clone() }
    }
}

/// One line of a lot's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose journal.
    pub lot: LotId,
    /// The change that it belongs to.
    pub version: Version,
    /// Its place within the change, from 0.
    pub n: i32,
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub actor: Principal,
    /// What happened.
    pub event: Event,
}

/// The columns that a record keeps of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name: `ticket_parked`.
    pub kind: String,
    /// The ticket that it is about.
    pub ticket: Option<TicketId>,
    /// The slot that it is about.
    pub slot: Option<SlotId>,
    /// The rest, fields separated by tabs in the order of the variant.
    pub data: String,
}

impl Event {
    /// Its name: `ticket_parked`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::LotOpened => "lot_opened",
            Self::LotChanged => "lot_changed",
            Self::LotRemoved => "lot_removed",
            Self::SlotAdded(_) => "slot_added",
            Self::SlotChanged { .. } => "slot_changed",
            Self::SlotRemoved(_) => "slot_removed",
            Self::TicketArrived { .. } => "ticket_arrived",
            Self::TicketParked { .. } => "ticket_parked",
            Self::TicketDeparted { .. } => "ticket_departed",
            Self::TicketWithdrawn(_) => "ticket_withdrawn",
            Self::TicketVoided { .. } => "ticket_voided",
            Self::PlateCorrected(_) => "plate_corrected",
            Self::PriorityChanged { .. } => "priority_changed",
            Self::TariffAssigned(_) => "tariff_assigned",
            Self::DiscountAdded(_) => "discount_added",
            Self::DiscountChanged(_) => "discount_changed",
            Self::DiscountRemoved(_) => "discount_removed",
            Self::DiscountAttached { .. } => "discount_attached",
            Self::DiscountDetached { .. } => "discount_detached",
        }
    }

    /// The ticket that it is about.
    pub const fn ticket(&self) -> Option<TicketSeen> {
        match self {
            Self::TicketArrived { ticket, .. }
            | Self::TicketParked { ticket, .. }
            | Self::TicketDeparted { ticket, .. }
            | Self::TicketVoided { ticket, .. }
            | Self::PriorityChanged { ticket, .. }
            | Self::DiscountAttached { ticket, .. }
            | Self::DiscountDetached { ticket, .. }
            | Self::TicketWithdrawn(ticket)
            | Self::PlateCorrected(ticket) => Some(*ticket),
            _ => None,
        }
    }

    /// The slot that it is about.
    pub const fn slot(&self) -> Option<&SlotSeen> {
        match self {
            Self::SlotAdded(slot)
            | Self::SlotRemoved(slot)
            | Self::SlotChanged { slot, .. }
            | Self::TicketParked { slot, .. }
            | Self::TicketDeparted { slot, .. }
            | Self::TicketVoided { slot, .. } => Some(slot),
            _ => None,
        }
    }

    /// What a record keeps of it.
    pub fn to_stored(&self) -> Stored {
        let ticket = self.ticket();
        let number = ticket.map_or(0, |ticket| ticket.number.0);
        let label = self.slot().map_or("", |slot| slot.label.as_str());
        let data = match self {
            Self::LotOpened | Self::LotChanged | Self::LotRemoved => String::new(),
            Self::SlotAdded(_) | Self::SlotRemoved(_) => label.to_owned(),
            Self::SlotChanged { in_service, .. } => format!("{label}\t{in_service}"),
            Self::TicketArrived { class, needs, priority, .. } => {
                format!("{number}\t{}\t{}", Demand::of(class, needs), priority.as_str())
            }
            Self::TicketParked { .. } | Self::TicketVoided { .. } => format!("{number}\t{label}"),
            Self::TicketDeparted { fee_minor, .. } => format!("{number}\t{label}\t{fee_minor}"),
            Self::TicketWithdrawn(_) | Self::PlateCorrected(_) => number.to_string(),
            Self::PriorityChanged { priority, .. } => format!("{number}\t{}", priority.as_str()),
            Self::TariffAssigned(assignment) => assignment.to_string(),
            Self::DiscountAdded(code) | Self::DiscountChanged(code) | Self::DiscountRemoved(code) => {
                code.to_string()
            }
            Self::DiscountAttached { code, .. } | Self::DiscountDetached { code, .. } => {
                format!("{number}\t{code}")
            }
        };
        Stored {
            kind: self.kind().to_owned(),
            ticket: ticket.map(|ticket| ticket.id),
            slot: self.slot().map(|slot| slot.id),
            data,
        }
    }

    /// Puts an event together from what a record keeps; none if that makes no sense.
    pub fn from_stored(stored: &Stored) -> Option<Self> {
        let mut fields = stored.data.split('\t');
        let mut field = || fields.next();
        let id = stored.ticket;
        let ticket = |number: &str| Some(TicketSeen { id: id?, number: TicketNumber(number.parse().ok()?) });
        let code = |text: &str| DiscountCode::parse(text).ok();
        let slot = |label: &str| Some(SlotSeen { id: stored.slot?, label: SlotLabel::parse(label).ok()? });
        Some(match stored.kind.as_str() {
            "lot_opened" => Self::LotOpened,
            "lot_changed" => Self::LotChanged,
            "lot_removed" => Self::LotRemoved,
            "slot_added" => Self::SlotAdded(slot(field()?)?),
            "slot_changed" => Self::SlotChanged { slot: slot(field()?)?, in_service: field()?.parse().ok()? },
            "slot_removed" => Self::SlotRemoved(slot(field()?)?),
            "ticket_arrived" => {
                let ticket = ticket(field()?)?;
                let (class, needs) = Demand::parse(field()?).ok()?.into_parts();
                Self::TicketArrived { ticket, class, needs, priority: Priority::parse(field()?).ok()? }
            }
            "ticket_parked" => Self::TicketParked { ticket: ticket(field()?)?, slot: slot(field()?)? },
            "ticket_departed" => Self::TicketDeparted {
                ticket: ticket(field()?)?,
                slot: slot(field()?)?,
                fee_minor: field()?.parse().ok()?,
            },
            "ticket_withdrawn" => Self::TicketWithdrawn(ticket(field()?)?),
            "ticket_voided" => Self::TicketVoided { ticket: ticket(field()?)?, slot: slot(field()?)? },
            "plate_corrected" => Self::PlateCorrected(ticket(field()?)?),
            "priority_changed" => {
                Self::PriorityChanged { ticket: ticket(field()?)?, priority: Priority::parse(field()?).ok()? }
            }
            "tariff_assigned" => Self::TariffAssigned(Assignment::parse(&stored.data)?),
            "discount_added" => Self::DiscountAdded(code(field()?)?),
            "discount_changed" => Self::DiscountChanged(code(field()?)?),
            "discount_removed" => Self::DiscountRemoved(code(field()?)?),
            "discount_attached" => {
                Self::DiscountAttached { ticket: ticket(field()?)?, code: code(field()?)? }
            }
            "discount_detached" => {
                Self::DiscountDetached { ticket: ticket(field()?)?, code: code(field()?)? }
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tariff::{TariffId, TariffVersion};

    #[test]
    fn an_event_survives_storing() {
        let ticket = TicketSeen { id: TicketId(uuid::Uuid::from_u128(7)), number: TicketNumber(42) };
        let slot = SlotSeen { id: SlotId(3), label: SlotLabel::parse("A-03").unwrap() };
        let (class, priority) = (VehicleClass::car(), Priority::vip());
        let needs = Features::parse("accessible+electric").unwrap();
        let code = DiscountCode::parse("SHOP1").unwrap();
        let tariff = TariffVersion { tariff: TariffId::usual(), number: 3 };
        let assignment =
            Assignment { from: Timestamp::from_micros(7), class: Some(VehicleClass::car()), tariff };
        for event in [
            Event::LotOpened,
            Event::LotChanged,
            Event::LotRemoved,
            Event::SlotAdded(slot.clone()),
            Event::SlotChanged { slot: slot.clone(), in_service: false },
            Event::SlotRemoved(slot.clone()),
            Event::TicketArrived { ticket, class, needs, priority: priority.clone() },
            Event::TicketParked { ticket, slot: slot.clone() },
            Event::TicketDeparted { ticket, slot: slot.clone(), fee_minor: 5000 },
            Event::TicketWithdrawn(ticket),
            Event::TicketVoided { ticket, slot },
            Event::PlateCorrected(ticket),
            Event::PriorityChanged { ticket, priority },
            Event::TariffAssigned(assignment),
            Event::DiscountAdded(code.clone()),
            Event::DiscountChanged(code.clone()),
            Event::DiscountRemoved(code.clone()),
            Event::DiscountAttached { ticket, code: code.clone() },
            Event::DiscountDetached { ticket, code },
        ] {
            assert_eq!(Event::from_stored(&event.to_stored()), Some(event));
        }
        let unknown = Stored { kind: "x".into(), ticket: None, slot: None, data: String::new() };
        assert_eq!(Event::from_stored(&unknown), None);
    }
}
