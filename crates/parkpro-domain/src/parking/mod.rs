//! The use cases: who calls which port, in which order, and what happens when one of them is unwell.

mod aftermath;
mod board;
mod first_run;
mod head;
mod places;
mod quote;
mod reconcile;
mod tariffs;

pub use aftermath::{Aftermath, Follower, Outbox};
pub use board::{Board, Shown};
pub use first_run::{First, numbered_slots, open_first_lot};
pub use places::Places;
pub use quote::{Quote, Tried, quote, trial};
pub use reconcile::{Reconciled, Reconciler};
pub use tariffs::{follow_settings, ready_tariff};

#[cfg(test)]
mod tests {
    //! What the tests of the use cases share.

    use crate::{
        command::OpenLot,
        demand::Features,
        facts::Changes,
        lot::{Lot, LotId, LotName, Priorities, Tally, Version},
        money::Currency,
        ports::{Fault, PortError, QueueDelta, QueueSnapshot, TicketView},
        slot::{SlotId, SlotLabel},
        tariff::Assignments,
        ticket::{Berth, Priority, Stage, Ticket, TicketId, TicketNumber, Turn},
        time::{Timestamp, Zone},
        vehicle::{Plate, VehicleClass},
    };

    pub(super) fn unwell() -> PortError {
        PortError::new("asking", Fault::Unavailable, "down")
    }

    pub(super) fn main_lot(version: i64) -> Lot {
        Lot {
            id: LotId::parse("main").unwrap(),
            name: LotName::parse("Main").unwrap(),
            zone: Zone::UTC,
            currency: Currency::parse("USD").unwrap(),
            accepting: true,
            queue_limit: None,
            priorities: Priorities::usual(),
            tariffs: Assignments::default(),
            revision: 1,
            retired: false,
            version: Version(version),
            last_at: Timestamp::from_micros(0),
            next_number: TicketNumber(1),
            next_admission: 1,
            next_slot: 1,
        }
    }

    pub(super) fn open_main() -> OpenLot {
        let lot = main_lot(0);
        OpenLot {
            lot: lot.id,
            name: lot.name,
            zone: lot.zone,
            currency: lot.currency,
            accepting: true,
            queue_limit: None,
            priorities: lot.priorities,
            slots: Vec::new(),
        }
    }

    pub(super) fn waiting(version: i64) -> TicketView {
        let ticket = Ticket {
            id: TicketId(uuid::Uuid::from_u128(7)),
            lot: LotId::parse("main").unwrap(),
            number: TicketNumber(7),
            plate: Plate::parse("ABC-123").unwrap(),
            class: VehicleClass::car(),
            needs: Features::default(),
            priority: Priority::standard(),
            turn: Turn(7),
            arrived_at: Timestamp::from_micros(0),
            occurred_at: None,
            discounts: Vec::new(),
            stage: Stage::Waiting,
        };
        TicketView { ticket, lot: main_lot(version) }
    }

    pub(super) fn parked(version: i64) -> TicketView {
        let mut view = waiting(version);
        view.ticket.stage = Stage::Parked(Berth {
            slot: SlotId(1),
            label: SlotLabel::parse("A-01").unwrap(),
            admission: 1,
            since: Timestamp::from_micros(0),
            tariff: None,
        });
        view
    }

    pub(super) fn snapshot(version: i64) -> QueueSnapshot {
        let lot = main_lot(version);
        QueueSnapshot { lot: lot.id, epoch: "epoch".into(), version: lot.version, members: Vec::new() }
    }

    pub(super) fn changes(queue: QueueDelta) -> Changes {
        Changes {
            lot: main_lot(queue.to.0),
            opened: false,
            tally: Tally::default(),
            counts: Tally::default(),
            new_slots: Vec::new(),
            ended: Vec::new(),
            moved: Vec::new(),
            amended: Vec::new(),
            new_tickets: Vec::new(),
            slots: Vec::new(),
            discounts: Vec::new(),
            discount_uses: Vec::new(),
            journal: Vec::new(),
            corrections: Vec::new(),
            queue,
        }
    }
}
