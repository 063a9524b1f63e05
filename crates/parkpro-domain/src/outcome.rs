//! What came of a command. A refusal is an answer too.

use crate::{
    demand::Demand,
    discount::{Discount, DiscountCode},
    lot::{Lot, LotId, Priorities, Tally, Version},
    money::Currency,
    slot::{Slot, SlotLabel},
    tariff::{Series, TariffId, TariffVersion},
    ticket::{Priority, Ticket, TicketId, TicketNumber, TicketStatus},
    time::Timestamp,
    vehicle::Plate,
};

/// What came of a command, and the state of the lot in which it was true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The lot; none if there is no such lot, or if it is not about one.
    pub lot: Option<LotId>,
    /// The version that the change made, or that the refusal was true for; none if there is no lot.
    pub version: Option<Version>,
    /// Done, or refused.
    pub result: Result<Done, Refusal>,
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What was changed, as it now is.
    pub subject: Subject,
    /// The tickets, other than the subject, that this change gave a slot, in the order in which they got it.
    pub promoted: Vec<Promotion>,
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A ticket.
    Ticket {
        /// As it now is.
        ticket: Box<Ticket>,
        /// Its place in the queue from 1, while it waits.
        position: Option<i64>,
    },
    /// A slot.
    Slot(Box<Slot>),
    /// New slots.
    Slots(Vec<Slot>),
    /// A lot, with what is in it.
    Lot(Box<Lot>, Tally),
    /// A tariff.
    Tariff(Box<Series>),
    /// A discount.
    Discount(Box<Discount>),
}

/// A waiting vehicle that got a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// Its ticket.
    pub ticket: TicketId,
    /// Counts the arrivals of the lot.
    pub number: TicketNumber,
    /// What names it.
    pub plate: Plate,
    /// Where it may stand.
    pub slot: SlotLabel,
}

/// Why a command was not carried out. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No lot has this id.
    NoSuchLot(Option<LotId>),
    /// No ticket has this id.
    NoSuchTicket(TicketId),
    /// The lot has no slot with this label.
    NoSuchSlot(SlotLabel),
    /// The id belongs to a lot, or belonged to one that was removed.
    LotIdTaken(LotId),
    /// The lot still has vehicles in it or waiting.
    LotInUse {
        /// Parked and waiting.
        open_tickets: i64,
    },
    /// Another slot of the lot has this label, had it when it was removed, or it was given twice.
    LabelTaken(SlotLabel),
    /// A vehicle stands in the slot.
    SlotOccupied {
        /// Which.
        label: SlotLabel,
        /// Whose.
        ticket: TicketId,
    },
    /// The thing was changed since the caller saw it.
    Stale {
        /// The revision that it has now.
        revision: i64,
    },
    /// The vehicle is waiting or parked already, here or in another lot.
    PlateAlreadyActive {
        /// Its open ticket.
        ticket: TicketId,
    },
    /// The lot takes no vehicles.
    LotClosed,
    /// As many vehicles wait as may.
    QueueFull {
        /// How many may.
        limit: u32,
    },
    /// No slot of the lot ever fits a vehicle that asks for this.
    NothingFits(Demand),
    /// The slot would be reserved for those who need something that it has, and it has nothing.
    ReservedWithoutFeature(SlotLabel),
    /// The lot has no such priority.
    UnknownPriority {
        /// Which was asked for.
        priority: Priority,
        /// Those that it has.
        known: Priorities,
    },
    /// The lot would lose a priority that waiting tickets have.
    PriorityInUse {
        /// Which.
        priority: Priority,
        /// How many wait with it.
        waiting: i64,
    },
    /// The leaving vehicle is not inside.
    NotInside,
    /// No vehicle stands in the slot that the leaving one was named by.
    SlotEmpty(SlotLabel),
    /// The leaving vehicle still waits.
    StillWaiting {
        /// Its ticket.
        ticket: TicketId,
    },
    /// The vehicle has left before.
    AlreadyDeparted {
        /// Its ticket.
        ticket: TicketId,
    },
    /// The ticket does not wait.
    NotWaiting {
        /// Which.
        ticket: TicketId,
        /// What it does instead.
        status: TicketStatus,
    },
    /// No tariff has this id.
    NoSuchTariff(TariffId),
    /// The tariff has no such version.
    NoSuchTariffVersion(TariffVersion),
    /// The id belongs to a tariff.
    TariffIdTaken(TariffId),
    /// The tariff has no draft.
    NoDraft(TariffId),
    /// The settings say what this tariff is.
    TariffOfSettings(TariffId),
    /// The prices of the tariff are in another currency than the lot's.
    OtherCurrency {
        /// The tariff's.
        tariff: Currency,
        /// The lot's.
        lot: Currency,
    },
    /// The lot has as many tariffs as it may.
    TooManyTariffs,
    /// The lot has no discount under this code, or the ticket has not got it.
    NoSuchDiscount(DiscountCode),
    /// The lot has a discount under this code.
    DiscountCodeTaken(DiscountCode),
    /// The discount would end before it begins.
    EndsBeforeItBegins {
        /// From when on it would be valid.
        from: Timestamp,
        /// Until when.
        until: Timestamp,
    },
    /// The discount was used as often as it may be.
    DiscountUsedUp(DiscountCode),
    /// This vehicle has used the discount as often as it may.
    DiscountUsedByPlate(DiscountCode),
    /// The discount can be used no more.
    DiscountExpired(DiscountCode),
    /// The discount cannot be used yet.
    DiscountNotYetValid(DiscountCode),
    /// The ticket has the discount already, or it was given twice.
    DiscountAlreadyAttached(DiscountCode),
    /// The discount, or one that the ticket has, suffers no other beside it.
    DiscountStandsAlone(DiscountCode),
    /// The discount would take nothing off, so it is not used up.
    DiscountWithoutEffect {
        /// Which.
        code: DiscountCode,
        /// The discount by whose tariff the ticket is priced already; none if it is lost, which has a price of its own.
        behind: Option<DiscountCode>,
    },
    /// The ticket has as many discounts as it may.
    TooManyDiscounts,
    /// The vehicle of the ticket is not in a slot.
    NotParked {
        /// Which.
        ticket: TicketId,
        /// What it does instead.
        status: TicketStatus,
    },
}
