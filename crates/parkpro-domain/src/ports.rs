//! What the car park needs from outside. Each trait is an obligation of its adapters; expected outcomes are values, and
//! an `Err` means that a machine is unwell.

use std::{error::Error, sync::Arc};

use async_trait::async_trait;
#[cfg(any(test, feature = "mock"))]
use mockall::automock;
use thiserror::Error;

use crate::{
    command::Command,
    demand::Feature,
    discount::{Discount, DiscountCode},
    event::{Entry, Principal},
    facts::Changes,
    lot::{Lot, LotId, Tally, Version},
    outcome::Outcome,
    slot::{Accepts, Level, Slot, SlotLabel, SlotStatus},
    tariff::{Published, Series, TariffId, TariffVersion},
    ticket::{PlateCorrection, Ticket, TicketId, TicketNumber, TicketStatus, Turn},
    time::Timestamp,
    vehicle::{PlateKey, VehicleClass},
};

/// What an adapter's library said.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A machine is unwell.
#[derive(Debug, Error)]
#[error("{doing}: {source}")]
pub struct PortError {
    /// What was being done: `reading the facts of a lot`.
    pub doing: &'static str,
    /// What it means for the caller.
    pub fault: Fault,
    /// What the library said; for the log, never for a client.
    pub source: BoxError,
}

/// What a fault means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not reachable; nothing happened.
    Unavailable,
    /// Somebody else held what was needed for too long; nothing happened.
    Busy,
    /// The same idempotency key is being used by a request that still runs; nothing happened.
    KeyBusy,
    /// Two transactions were in each other's way; nothing happened, and trying again may help.
    Conflict,
    /// The connection was lost after COMMIT was sent: done or not done.
    OutcomeUnknown,
    /// What was read makes no sense.
    Corrupt,
}

impl PortError {
    /// A fault, what was being done, and what the library said.
    pub fn new(doing: &'static str, fault: Fault, source: impl Into<BoxError>) -> Self {
        Self { doing, fault, source: source.into() }
    }

    /// The same fault for another caller of the same turn.
    #[must_use]
    pub fn echo(&self) -> Self {
        Self { doing: self.doing, fault: self.fault, source: self.source.to_string().into() }
    }
}

/// Why the record did not take a request. Nothing happened, unless the outcome is unknown.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// More requests wait for the record than may.
    #[error("too many requests wait for the record")]
    Overloaded,
    /// The program is ending and takes no more.
    #[error("the program is ending")]
    Closing,
    /// The record is unwell.
    #[error(transparent)]
    Port(#[from] PortError),
}

/// The name under which a client may repeat a request without repeating its effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Whose key it is.
    pub principal: Principal,
    /// What the client chose.
    pub key: String,
    /// SHA-256 of the request that the key stands for.
    pub fingerprint: [u8; 32],
}

/// An answer as the client gets it, and gets it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Where the created thing is.
    pub location: Option<String>,
    /// What names the state of the changed thing.
    pub etag: Option<String>,
    /// The bytes.
    pub body: Vec<u8>,
}

/// Puts an outcome into the words that a client gets.
pub trait Wording: Send + Sync {
    /// The answer for a client. Pure.
    fn word(&self, command: &Command, outcome: &Outcome) -> Reply;
}

/// A command, who asks, and under which key.
#[derive(Clone)]
pub struct Request {
    /// What is asked.
    pub command: Command,
    /// Who asks.
    pub actor: Principal,
    /// The client's idempotency key.
    pub key: Option<Key>,
    /// How the answer is put, if it has to be kept under the key.
    pub wording: Arc<dyn Wording>,
}

/// What the record says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was decided now; with a key, the reply was kept under it.
    Decided {
        /// What came of it.
        outcome: Outcome,
        /// What was kept under the key.
        reply: Option<Reply>,
    },
    /// The same request was decided before under its key; this is what it was answered.
    Replayed(Reply),
    /// Another request was decided before under the key.
    KeyReused,
}

/// The record of every lot, and the only place where one changes.
///
/// One call is one indivisible change, durable before the answer. An adapter MUST carry it out by
/// [`crate::protocol::turn`] or [`crate::protocol::carry_out`], MUST finish what it has begun also when the caller has gone, and MUST tell its
/// [`Witness`] before it answers.
#[cfg_attr(any(test, feature = "mock"), automock)]
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Decides a request.
    async fn change(&self, request: Request) -> Result<Answer, LedgerError>;

    /// Forgets idempotency keys that were used before an instant, at most so many; how many were forgotten.
    async fn forget_keys(&self, used_before: Timestamp, most: u32) -> Result<u32, PortError>;

    /// Takes no more requests and returns when all that were taken are answered.
    async fn close(&self);
}

/// Sees every change that this instance committed.
///
/// It is called once per lot and turn, in the order of the lot's versions, after the commit and before the answers. It
/// MUST return at once.
#[cfg_attr(any(test, feature = "mock"), automock)]
pub trait Witness: Send + Sync {
    /// A turn of a lot was committed.
    fn committed(&self, changes: &Changes);

    /// A turn was carried out: how many requests shared one transaction.
    fn turned(&self, requests: usize);
}

/// Several in a row: each hears of a change before the next.
impl Witness for Vec<Arc<dyn Witness>> {
    fn committed(&self, changes: &Changes) {
        for witness in self {
            witness.committed(changes);
        }
    }

    fn turned(&self, requests: usize) {
        for witness in self {
            witness.turned(requests);
        }
    }
}

/// A lot and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotView {
    /// The lot.
    pub lot: Lot,
    /// Its counts, at the lot's version.
    pub tally: Tally,
}

/// A ticket and the state of its lot that it was read in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketView {
    /// The ticket.
    pub ticket: Ticket,
    /// The lot, at the version that the ticket is true for.
    pub lot: Lot,
}

/// Every plate that a ticket had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlateHistory {
    /// The ticket, with the plate that it has now.
    pub view: TicketView,
    /// Those that it had before, oldest first.
    pub corrections: Vec<PlateCorrection>,
}

/// Which slots of a lot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotFilter {
    /// With this status.
    pub status: Option<SlotStatus>,
    /// On this level.
    pub level: Option<Level>,
    /// That accept this class.
    pub accepts: Option<VehicleClass>,
    /// That have this feature.
    pub feature: Option<Feature>,
}

/// Which tickets of a lot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketFilter {
    /// Of this vehicle.
    pub plate: Option<PlateKey>,
    /// With this status.
    pub status: Option<TicketStatus>,
    /// That arrived at this instant or later.
    pub from: Option<Timestamp>,
    /// That arrived before this instant.
    pub to: Option<Timestamp>,
}

/// Where a page of slots begins: behind this slot, in the order of allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotCursor {
    /// Its rank.
    pub rank: i32,
    /// Its label.
    pub label: SlotLabel,
}

/// Where a page of the waiting list begins: behind this ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueCursor {
    /// Its turn.
    pub turn: Turn,
    /// Its id, by which equal turns go.
    pub ticket: TicketId,
}

/// A part of the waiting list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingPage {
    /// The lot, at the version that the page is true for.
    pub lot: Lot,
    /// How many wait before the first of the page.
    pub ahead: i64,
    /// In order.
    pub tickets: Vec<Ticket>,
}

/// Reading the record.
///
/// What one call answers is true for one version of the lot. A removed lot is not there, but its tickets are. Pages are
/// read by key, so their cost does not depend on what is before them.
#[cfg_attr(any(test, feature = "mock"), automock)]
#[async_trait]
pub trait Records: Send + Sync {
    /// Names this record's history; differs after the record was put back to an earlier state.
    async fn epoch(&self) -> Result<String, PortError>;

    /// Whether a change could be written now; `Err` says why not.
    async fn ready(&self) -> Result<(), PortError>;

    /// Lots by id.
    async fn lots(&self, after: Option<LotId>, limit: u32) -> Result<Vec<LotView>, PortError>;

    /// One lot.
    async fn lot(&self, lot: LotId) -> Result<Option<LotView>, PortError>;

    /// The version of every lot.
    async fn versions(&self) -> Result<Vec<(LotId, Version)>, PortError>;

    /// Slots in the order of allocation: rank, then label. None if there is no such lot.
    async fn slots(
        &self,
        lot: LotId,
        filter: SlotFilter,
        after: Option<SlotCursor>,
        limit: u32,
    ) -> Result<Option<Vec<Slot>>, PortError>;

    /// One slot; none if the lot has none with this label.
    async fn slot(&self, lot: LotId, label: SlotLabel) -> Result<Option<Slot>, PortError>;

    /// One ticket.
    async fn ticket(&self, ticket: TicketId) -> Result<Option<TicketView>, PortError>;

    /// Every plate that a ticket had; none if there is no such ticket.
    async fn plates(&self, ticket: TicketId) -> Result<Option<PlateHistory>, PortError>;

    /// Tickets, newest first, older than `before`. None if there is no such lot.
    async fn tickets(
        &self,
        lot: LotId,
        filter: TicketFilter,
        before: Option<TicketNumber>,
        limit: u32,
    ) -> Result<Option<Vec<Ticket>>, PortError>;

    /// Waiting tickets in order, behind `after`. None if there is no such lot.
    async fn waiting(
        &self,
        lot: LotId,
        after: Option<QueueCursor>,
        limit: u32,
    ) -> Result<Option<WaitingPage>, PortError>;

    /// The place of a waiting ticket in the queue, from 1; none if it does not wait.
    async fn position(&self, ticket: TicketId) -> Result<Option<Place>, PortError>;

    /// The whole waiting list as the index needs it. None if there is no such lot.
    async fn snapshot(&self, lot: LotId) -> Result<Option<QueueSnapshot>, PortError>;

    /// The journal of a lot behind an event, oldest first; from the beginning if none.
    async fn journal(
        &self,
        lot: LotId,
        after: JournalCursor,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>, PortError>;

    /// Discounts of a lot that were not removed, by code. None if there is no such lot.
    async fn discounts(
        &self,
        lot: LotId,
        after: Option<DiscountCode>,
        limit: u32,
    ) -> Result<Option<Vec<Discount>>, PortError>;

    /// One discount of a lot, also if it was removed.
    async fn discount(&self, lot: LotId, code: DiscountCode) -> Result<Option<Discount>, PortError>;

    /// Tariffs that are there, by id.
    async fn tariffs(&self, after: Option<TariffId>, limit: u32) -> Result<Vec<Series>, PortError>;

    /// One tariff, if it is there.
    async fn tariff(&self, tariff: TariffId) -> Result<Option<Series>, PortError>;

    /// What was published of a tariff, newest first, before a number.
    async fn tariff_versions(
        &self,
        tariff: TariffId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Published>, PortError>;

    /// One state of a tariff.
    async fn tariff_version(&self, version: TariffVersion) -> Result<Option<Published>, PortError>;
}

/// Where a page of the journal begins: behind this event. The default is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct JournalCursor {
    /// The change.
    pub version: Version,
    /// The place of the event within the change; -1 is before the first.
    pub n: i32,
}

impl Default for JournalCursor {
    fn default() -> Self {
        Self { version: Version(0), n: -1 }
    }
}

/// A place in the queue, and the version of the lot for which it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub position: i64,
    /// For which it is true.
    pub version: Version,
}

/// What one turn did to the queue of a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDelta {
    /// Whose queue.
    pub lot: LotId,
    /// The version that it applies to.
    pub from: Version,
    /// The version that it leads to.
    pub to: Version,
    /// How many wait afterwards.
    pub count: i64,
    /// Who left the queue, or left its place.
    pub removed: Vec<TicketId>,
    /// Who joined the queue, or has a new place.
    pub added: Vec<(TicketId, Turn)>,
}

/// The whole queue of a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSnapshot {
    /// Whose queue.
    pub lot: LotId,
    /// The record's history.
    pub epoch: String,
    /// For which it is true.
    pub version: Version,
    /// Who waits, in any order.
    pub members: Vec<(TicketId, Turn)>,
}

/// What became of a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexOutcome {
    /// The index is now at the delta's version, or was beyond it already.
    Current,
    /// The delta does not follow what the index holds; it has to be loaded anew.
    Rebuild,
}

/// What became of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadOutcome {
    /// The index holds it.
    Loaded,
    /// The index holds a newer one.
    Stale,
    /// It did not arrive whole; load it again.
    Torn,
}

/// The state that the index of a lot is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexState {
    /// The record's history that it was made from.
    pub epoch: String,
    /// The version that it holds.
    pub version: Version,
}

/// The order of waiting vehicles, as drivers and displays ask for it.
///
/// It MAY be late, empty or gone, and it MUST never be wrong for the version that it names. Nothing is decided by it.
#[cfg_attr(any(test, feature = "mock"), automock)]
#[async_trait]
pub trait WaitingQueue: Send + Sync {
    /// Follows one turn. MUST do nothing unless the index is exactly at the delta's first version.
    async fn apply(&self, epoch: String, delta: QueueDelta) -> Result<IndexOutcome, PortError>;

    /// Replaces the queue of a lot. MUST not replace a newer one of the same epoch.
    async fn load(&self, snapshot: QueueSnapshot) -> Result<LoadOutcome, PortError>;

    /// The place of a ticket, at this version of its lot or a later one; none if the index cannot tell.
    async fn position(
        &self,
        epoch: String,
        lot: LotId,
        ticket: TicketId,
        at_least: Version,
    ) -> Result<Option<Place>, PortError>;

    /// What the index holds of each of these lots.
    async fn states(&self, lots: Vec<LotId>) -> Result<Vec<Option<IndexState>>, PortError>;

    /// Forgets the queue of a lot.
    async fn forget(&self, lot: LotId) -> Result<(), PortError>;
}

/// Tells whoever watches a lot that it has changed; carries no facts. A ring MAY be lost.
#[cfg_attr(any(test, feature = "mock"), automock)]
pub trait Bell: Send + Sync {
    /// The lot has reached this version. MUST return at once.
    fn ring(&self, lot: &LotId, version: Version);
}

/// The time of day.
#[cfg_attr(any(test, feature = "mock"), automock)]
pub trait Clock: Send + Sync {
    /// The instant that it is now.
    fn now(&self) -> Timestamp;
}

/// New ids.
#[cfg_attr(any(test, feature = "mock"), automock)]
pub trait IdGenerator: Send + Sync {
    /// An id that no ticket has, greater than those made before.
    fn ticket(&self) -> TicketId;
}

/// The slots of a filter, for adapters that sort by the set of accepted classes.
impl SlotFilter {
    /// Whether a slot that accepts this may be one of these.
    pub fn includes_kind(&self, accepts: &Accepts) -> bool {
        self.accepts.as_ref().is_none_or(|class| accepts.accepts(class))
            && self.feature.as_ref().is_none_or(|feature| accepts.has(feature))
    }

    /// Whether a slot is one of these.
    pub fn includes(&self, slot: &Slot) -> bool {
        self.status.is_none_or(|status| slot.status() == status)
            && self.level.as_ref().is_none_or(|level| slot.level.as_ref() == Some(level))
            && self.includes_kind(&slot.accepts)
    }
}

impl TicketFilter {
    /// Whether a ticket is one of these.
    pub fn includes(&self, ticket: &Ticket) -> bool {
        self.plate.as_ref().is_none_or(|plate| ticket.plate.key() == plate)
            && self.status.is_none_or(|status| ticket.status() == status)
            && self.from.is_none_or(|from| ticket.arrived_at >= from)
            && self.to.is_none_or(|to| ticket.arrived_at < to)
    }
}
