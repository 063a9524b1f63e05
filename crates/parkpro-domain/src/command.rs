//! What a lot is asked to do.

use crate::{
    demand::Features,
    discount::{DiscountCode, Gift, Terms},
    lot::{LotId, LotName, Priorities},
    money::Currency,
    slot::{Accepts, Level, SlotLabel},
    tariff::{DocumentText, TariffId, TariffVersion},
    ticket::{Priority, Reason, TicketId},
    time::{Timestamp, Zone},
    vehicle::{Plate, PlateKey, VehicleClass},
};

/// One change that somebody asks for. It concerns one lot, or one tariff.
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
    Exit(Exit),
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
    /// A tariff for stays in a lot that begin later.
    AssignTariff(AssignTariff),
    /// A change of a discount of a lot.
    ReviseDiscount {
        /// Where.
        lot: LotId,
        /// Which.
        code: DiscountCode,
        /// What is done to it.
        revision: DiscountRevision,
    },
    /// An open ticket gets a discount.
    AttachDiscount {
        /// Which ticket.
        ticket: TicketId,
        /// Which discount.
        code: DiscountCode,
    },
    /// A discount is taken off an open ticket.
    DetachDiscount {
        /// Which ticket.
        ticket: TicketId,
        /// Which discount.
        code: DiscountCode,
    },
    /// A change of a tariff.
    ReviseTariff {
        /// Which.
        tariff: TariffId,
        /// What is done to it.
        revision: Revision,
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

/// A vehicle that leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// From where.
    pub lot: LotId,
    /// Which.
    pub vehicle: Leaving,
    /// When the gate saw it, by the gate's own clock.
    pub occurred_at: Option<Timestamp>,
    /// Whether the driver has lost the ticket.
    pub lost_ticket: bool,
    /// Discounts that it redeems, besides those that the ticket has.
    pub discounts: Vec<DiscountCode>,
}

/// How a leaving vehicle is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// By its plate.
    Plate(PlateKey),
    /// By its ticket.
    Ticket(TicketId),
    /// By the slot that it stands in.
    Slot(SlotLabel),
}

/// A tariff for stays in a lot that begin later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignTariff {
    /// Where.
    pub lot: LotId,
    /// What they pay by.
    pub tariff: TariffVersion,
    /// From when on; from now on if none, or if that is past.
    pub from: Option<Timestamp>,
    /// For vehicles of this class; for all if none.
    pub class: Option<VehicleClass>,
}

/// What is done to a tariff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// A tariff that was not there, with its first draft.
    New(DocumentText),
    /// Another draft, or the first since the last was published.
    Draft {
        /// What it says.
        document: DocumentText,
        /// The revision that the caller has seen; any if none.
        seen: Option<i64>,
    },
    /// The draft goes.
    Drop {
        /// The revision that the caller has seen; any if none.
        seen: Option<i64>,
    },
    /// The draft becomes the next version.
    Publish,
    /// What the settings say about [`TariffId::usual`] becomes the next version, unless it is the newest already.
    Follow(DocumentText),
}

/// What is done to a discount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscountRevision {
    /// One that was not there.
    New(Terms),
    /// Other terms.
    Change {
        /// What is new about them.
        terms: Box<NewTerms>,
        /// The revision that the caller has seen; any if none.
        seen: Option<i64>,
    },
    /// It goes. Tickets that have it keep it.
    Remove {
        /// The revision that the caller has seen; any if none.
        seen: Option<i64>,
    },
}

/// What to change about the terms of a discount; what is none stays, and `Some(None)` is none from then on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewTerms {
    /// What it takes off.
    pub gift: Option<Gift>,
    /// From when on it may be used.
    pub valid_from: Option<Option<Timestamp>>,
    /// Before when it may be used.
    pub valid_until: Option<Option<Timestamp>>,
    /// How often it may be used.
    pub limit: Option<Option<u32>>,
    /// How often each vehicle may use it.
    pub limit_per_plate: Option<Option<u32>>,
    /// Whether a stay may have others beside it.
    pub stacks: Option<bool>,
}

impl DiscountRevision {
    /// What it takes off from then on, if that is said.
    pub const fn gift(&self) -> Option<&Gift> {
        match self {
            Self::New(terms) => Some(&terms.gift),
            Self::Change { terms, .. } => terms.gift.as_ref(),
            Self::Remove { .. } => None,
        }
    }
}

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target<'a> {
    /// One that does not exist yet.
    NewLot(&'a LotId),
    /// A lot.
    Lot(&'a LotId),
    /// The lot of a ticket.
    LotOf(TicketId),
    /// No lot, but a tariff.
    Tariff(&'a TariffId),
}

impl Command {
    /// Which lot it is for, if it is for one.
    pub const fn target(&self) -> Target<'_> {
        match self {
            Self::OpenLot(open) => Target::NewLot(&open.lot),
            Self::ChangeLot(change) => Target::Lot(&change.lot),
            Self::ChangeSlot(change) => Target::Lot(&change.lot),
            Self::Enter(enter) => Target::Lot(&enter.lot),
            Self::Exit(exit) => Target::Lot(&exit.lot),
            Self::AssignTariff(assign) => Target::Lot(&assign.lot),
            Self::ReviseTariff { tariff, .. } => Target::Tariff(tariff),
            Self::RemoveLot { lot, .. }
            | Self::AddSlots { lot, .. }
            | Self::RemoveSlot { lot, .. }
            | Self::ReviseDiscount { lot, .. } => Target::Lot(lot),
            Self::Withdraw { ticket }
            | Self::Void { ticket, .. }
            | Self::AmendTicket { ticket, .. }
            | Self::AttachDiscount { ticket, .. }
            | Self::DetachDiscount { ticket, .. } => Target::LotOf(*ticket),
        }
    }

    /// Whether it has a turn to itself: it needs more facts than those of its lot, or facts that others would change.
    pub const fn has_turn_alone(&self) -> bool {
        matches!(
            self,
            Self::OpenLot(_)
                | Self::AmendTicket { .. }
                | Self::AttachDiscount { .. }
                | Self::DetachDiscount { .. }
                | Self::ReviseTariff { .. }
        ) || self.sorts_the_queue()
    }

    /// Whether it may concern everybody who waits, whatever others do in the same turn.
    pub const fn sorts_the_queue(&self) -> bool {
        matches!(self, Self::ChangeLot(ChangeLot { priorities: Some(_), .. }))
    }

    /// The plate by which it names a vehicle, if it does.
    pub fn plate(&self) -> Option<&PlateKey> {
        match self {
            Self::Enter(enter) => Some(enter.plate.key()),
            Self::Exit(Exit { vehicle: Leaving::Plate(plate), .. }) => Some(plate),
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
            Self::Exit(_) => "exit",
            Self::Withdraw { .. } => "withdraw",
            Self::Void { .. } => "void",
            Self::AmendTicket { .. } => "amend_ticket",
            Self::AssignTariff(_) => "assign_tariff",
            Self::ReviseDiscount { .. } => "revise_discount",
            Self::AttachDiscount { .. } => "attach_discount",
            Self::DetachDiscount { .. } => "detach_discount",
            Self::ReviseTariff { .. } => "revise_tariff",
        }
    }
}
