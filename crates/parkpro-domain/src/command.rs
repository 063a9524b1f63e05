//! What a lot is asked to do.

use crate::{
    demand::Features,
    lot::{LotId, LotName, Priorities},
    money::Currency,
    slot::{Accepts, Level, SlotLabel},
    ticket::{Priority, Reason, TicketId},
    time::{Timestamp, Zone},
    vehicle::{Plate, PlateKey, VehicleClass},
};

/// One change that somebody asks for. It concerns one lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A new lot.
    OpenLot(OpenLot),
    /// New settings of a lot.
    ChangeLot(ChangeLot),
    /// A lot goes; it must have no open tickets.
    RemoveLot {
        /// Which.
        lot: LotId,
        /// The revision that the caller has seen; any if none.
        revision: Option<i64>,
    },
    /// New slots of a lot, in one change.
    AddSlots {
        /// Where.
        lot: LotId,
        /// At least one.
        slots: Vec<NewSlot>,
    },
    /// New settings of a slot.
    ChangeSlot(ChangeSlot),
    /// A slot goes; it must be empty.
    RemoveSlot {
        /// Where.
        lot: LotId,
        /// Which.
        label: SlotLabel,
        /// The revision that the caller has seen; any if none.
        revision: Option<i64>,
    },
    /// A vehicle is at the gate.
    Enter(Enter),
    /// A vehicle leaves, and its fee is fixed.
    Exit {
        /// From where.
        lot: LotId,
        /// Which.
        vehicle: Leaving,
        /// When the gate saw it, by the gate's own clock.
        occurred_at: Option<Timestamp>,
    },
    /// A waiting vehicle leaves the queue.
    Withdraw {
        /// Which.
        ticket: TicketId,
    },
    /// An operator cancels the entry of a parked vehicle.
    Void {
        /// Which.
        ticket: TicketId,
        /// Why.
        reason: Reason,
    },
    /// An operator corrects a ticket.
    AmendTicket {
        /// Which.
        ticket: TicketId,
        /// The right plate.
        plate: Option<Plate>,
        /// The right priority; the ticket must be waiting.
        priority: Option<Priority>,
    },
}

/// A new lot and its first slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLot {
    /// Its slug.
    pub lot: LotId,
    /// For people.
    pub name: LotName,
    /// Where its calendar days begin.
    pub zone: Zone,
    /// What its fees are in.
    pub currency: Currency,
    /// Whether vehicles may enter.
    pub accepting: bool,
    /// How many vehicles may wait.
    pub queue_limit: Option<u32>,
    /// In what order the waiting are served.
    pub priorities: Priorities,
    /// The slots that it begins with; may be empty.
    pub slots: Vec<NewSlot>,
}

/// What to change about a lot; what is none stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeLot {
    /// Which.
    pub lot: LotId,
    /// The revision that the caller has seen; any if none.
    pub revision: Option<i64>,
    /// For people.
    pub name: Option<LotName>,
    /// Where its calendar days begin.
    pub zone: Option<Zone>,
    /// Whether vehicles may enter.
    pub accepting: Option<bool>,
    /// How many vehicles may wait; `Some(None)` is no limit.
    pub queue_limit: Option<Option<u32>>,
    /// In what order the waiting are served.
    pub priorities: Option<Priorities>,
}

/// A slot to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSlot {
    /// What is painted on the ground.
    pub label: SlotLabel,
    /// The floor or section.
    pub level: Option<Level>,
    /// What may stand there.
    pub accepts: Accepts,
    /// Order of allocation.
    pub rank: i32,
}

/// What to change about a slot; what is none stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSlot {
    /// Where.
    pub lot: LotId,
    /// Which.
    pub label: SlotLabel,
    /// The revision that the caller has seen; any if none.
    pub revision: Option<i64>,
    /// Another label.
    pub new_label: Option<SlotLabel>,
    /// The floor or section; `Some(None)` is none.
    pub level: Option<Option<Level>>,
    /// The classes that may stand there; its features are not looked at.
    pub accepts: Option<Accepts>,
    /// What it has.
    pub features: Option<Features>,
    /// Whether only those may stand there who need something that it has.
    pub reserved: Option<bool>,
    /// Order of allocation.
    pub rank: Option<i32>,
    /// Whether it is given out.
    pub in_service: Option<bool>,
    /// Why it is out of service; forgotten when it is back.
    pub reason: Option<Reason>,
}

/// A vehicle at the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enter {
    /// Where.
    pub lot: LotId,
    /// The id that its ticket will have.
    pub ticket: TicketId,
    /// What names it.
    pub plate: Plate,
    /// What kind it is.
    pub class: VehicleClass,
    /// What its slot must have.
    pub needs: Features,
    /// How soon it is served.
    pub priority: Priority,
    /// When the gate saw it, by the gate's own clock.
    pub occurred_at: Option<Timestamp>,
}

/// How a leaving vehicle is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// By its plate.
    Plate(PlateKey),
    /// By its ticket.
    Ticket(TicketId),
}

/// Which lot a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target<'a> {
    /// One that does not exist yet.
    NewLot(&'a LotId),
    /// A lot.
    Lot(&'a LotId),
    /// The lot of a ticket.
    LotOf(TicketId),
}

impl Command {
    /// Which lot it is for.
    pub const fn target(&self) -> Target<'_> {
        match self {
            Self::OpenLot(open) => Target::NewLot(&open.lot),
            Self::ChangeLot(change) => Target::Lot(&change.lot),
            Self::ChangeSlot(change) => Target::Lot(&change.lot),
            Self::Enter(enter) => Target::Lot(&enter.lot),
            Self::RemoveLot { lot, .. }
            | Self::AddSlots { lot, .. }
            | Self::RemoveSlot { lot, .. }
            | Self::Exit { lot, .. } => Target::Lot(lot),
            Self::Withdraw { ticket } | Self::Void { ticket, .. } | Self::AmendTicket { ticket, .. } => {
                Target::LotOf(*ticket)
            }
        }
    }

    /// Whether it may concern everybody who waits, whatever others do in the same turn.
    pub const fn sorts_the_queue(&self) -> bool {
        matches!(self, Self::ChangeLot(ChangeLot { priorities: Some(_), .. }))
    }

    /// The plate by which it names a vehicle, if it does.
    pub fn plate(&self) -> Option<&PlateKey> {
        match self {
            Self::Enter(enter) => Some(enter.plate.key()),
            Self::Exit { vehicle: Leaving::Plate(plate), .. } => Some(plate),
            Self::AmendTicket { plate: Some(plate), .. } => Some(plate.key()),
            _ => None,
        }
    }

    /// What kind of change it is, for logs and figures.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OpenLot(_) => "open_lot",
            Self::ChangeLot(_) => "change_lot",
            Self::RemoveLot { .. } => "remove_lot",
            Self::AddSlots { .. } => "add_slots",
            Self::ChangeSlot(_) => "change_slot",
            Self::RemoveSlot { .. } => "remove_slot",
            Self::Enter(_) => "enter",
            Self::Exit { .. } => "exit",
            Self::Withdraw { .. } => "withdraw",
            Self::Void { .. } => "void",
            Self::AmendTicket { .. } => "amend_ticket",
        }
    }
}
