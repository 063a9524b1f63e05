//! Rows as SQLite holds them, and what they are in the words of the car park.

use diesel::prelude::*;
use parkpro_domain::{
    demand::Demand,
    discount::DiscountCode,
    event::{Entry, Event, Principal, Stored},
    lot::{Lot, LotId, LotName, Priorities, SlotCount, Tally, Version},
    money::{Currency, Money},
    ports::Reply,
    slot::{Accepts, Level, Slot, SlotId, SlotLabel},
    tariff::{Assignments, Fee, TariffVersion},
    ticket::{
        Berth, PlateCorrection, Priority, Reason, Stage, Ticket, TicketId, TicketNumber, TicketStatus, Turn,
    },
    time::{Timestamp, Zone},
    vehicle::Plate,
};
use uuid::Uuid;

use crate::{
    fault::Nonsense,
    schema::{idempotency, journal, lots, plate_corrections, slot_counts, slots, tickets, waiting_counts},
};

/// A row of `lots`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = lots)]
pub(crate) struct LotRow {
    pub(crate) id: i64,
    slug: String,
    name: String,
    time_zone: String,
    currency: String,
    accepting: bool,
    queue_limit: Option<i64>,
    priorities: String,
    revision: i64,
    retired: bool,
    version: i64,
    last_at: i64,
    next_number: i64,
    next_admission: i64,
    next_slot: i64,
    tariffs: String,
}

impl LotRow {
    /// The lot.
    pub(crate) fn lot(&self) -> Result<Lot, Nonsense> {
        let nonsense = |column| Nonsense { table: "lots", row: self.id.to_string(), column };
        Ok(Lot {
            id: LotId::parse(&self.slug).map_err(|_wrong| nonsense("slug"))?,
            name: LotName::parse(&self.name).map_err(|_wrong| nonsense("name"))?,
            zone: Zone::parse(&self.time_zone).map_err(|_wrong| nonsense("time_zone"))?,
            currency: Currency::parse(&self.currency).map_err(|_wrong| nonsense("currency"))?,
            accepting: self.accepting,
            queue_limit: self
                .queue_limit
                .map(u32::try_from)
                .transpose()
                .map_err(|_wrong| nonsense("queue_limit"))?,
            priorities: Priorities::parse(&self.priorities).map_err(|_wrong| nonsense("priorities"))?,
            tariffs: Assignments::parse(&self.tariffs).map_err(|_wrong| nonsense("tariffs"))?,
            revision: self.revision,
            retired: self.retired,
            version: Version(self.version),
            last_at: Timestamp::from_micros(self.last_at),
            next_number: TicketNumber(self.next_number),
            next_admission: self.next_admission,
            next_slot: self.next_slot,
        })
    }
}

/// A row of `slot_counts`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = slot_counts)]
pub(crate) struct SlotCountRow {
    pub(crate) lot_id: i64,
    accepts: String,
    capacity: i64,
    occupied: i64,
    out_of_service: i64,
}

/// A row of `waiting_counts`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = waiting_counts)]
pub(crate) struct WaitingCountRow {
    pub(crate) lot_id: i64,
    class: String,
    priority: String,
    waiting: i64,
}

/// The counts of one lot.
pub(crate) fn tally<'a>(
    slots: impl IntoIterator<Item = &'a SlotCountRow>,
    waiting: impl IntoIterator<Item = &'a WaitingCountRow>,
) -> Result<Tally, Nonsense> {
    let slots = slots.into_iter().map(SlotCountRow::count).collect::<Result<_, _>>()?;
    let waiting = waiting.into_iter().map(WaitingCountRow::count).collect::<Result<_, _>>()?;
    Ok(Tally { slots, waiting })
}

impl SlotCountRow {
    fn count(&self) -> Result<(Accepts, SlotCount), Nonsense> {
        let (capacity, occupied, out_of_service) = (self.capacity, self.occupied, self.out_of_service);
        let accepts = Accepts::parse(&self.accepts).map_err(|_wrong| Nonsense {
            table: "slot_counts",
            row: format!("{}/{}", self.lot_id, self.accepts),
            column: "accepts",
        })?;
        Ok((accepts, SlotCount { capacity, occupied, out_of_service }))
    }
}

impl WaitingCountRow {
    fn count(&self) -> Result<((Demand, Priority), i64), Nonsense> {
        let row = || format!("{}/{}/{}", self.lot_id, self.class, self.priority);
        let nonsense = |column| Nonsense { table: "waiting_counts", row: row(), column };
        let demand = Demand::parse(&self.class).map_err(|_wrong| nonsense("class"))?;
        let priority = Priority::parse(&self.priority).map_err(|_wrong| nonsense("priority"))?;
        Ok(((demand, priority), self.waiting))
    }
}

/// A row of `slots`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = slots)]
pub(crate) struct SlotRow {
    lot_id: i64,
    id: i64,
    pub(crate) label: String,
    level: Option<String>,
    accepts: String,
    rank: i32,
    in_service: bool,
    reason: Option<String>,
    retired: bool,
    revision: i64,
    ticket_id: Option<Vec<u8>>,
}

impl SlotRow {
    /// The slot.
    pub(crate) fn slot(self) -> Result<Slot, Nonsense> {
        let nonsense =
            |column| Nonsense { table: "slots", row: format!("{}/{}", self.lot_id, self.id), column };
        let level = self.level.as_deref().map(Level::parse).transpose();
        let occupant = self.ticket_id.as_deref().map(ticket_id).transpose();
        Ok(Slot {
            id: SlotId(self.id),
            label: SlotLabel::parse(&self.label).map_err(|_wrong| nonsense("label"))?,
            level: level.map_err(|_wrong| nonsense("level"))?,
            accepts: Accepts::parse(&self.accepts).map_err(|_wrong| nonsense("accepts"))?,
            rank: self.rank,
            in_service: self.in_service,
            reason: self.reason,
            retired: self.retired,
            revision: self.revision,
            occupant: occupant.map_err(|_wrong| nonsense("ticket_id"))?,
        })
    }
}

/// A row of `tickets`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tickets)]
pub(crate) struct TicketRow {
    id: Vec<u8>,
    pub(crate) lot_id: i64,
    number: i64,
    plate_shown: String,
    plate_key: String,
    class: String,
    priority: String,
    turn: i64,
    status: String,
    arrived_at: i64,
    occurred_at: Option<i64>,
    slot_id: Option<i64>,
    admission: Option<i64>,
    parked_at: Option<i64>,
    ended_at: Option<i64>,
    exit_occurred_at: Option<i64>,
    fee_minor: Option<i64>,
    fee_currency: Option<String>,
    fee_lines: Option<String>,
    reason: Option<String>,
    tariff_id: Option<String>,
    tariff_version: Option<i64>,
    discounts: String,
}

impl TicketRow {
    /// What names it.
    pub(crate) fn id(&self) -> Result<TicketId, Nonsense> {
        ticket_id(&self.id).map_err(|_wrong| self.nonsense("id"))
    }

    /// The plate of its vehicle.
    pub(crate) fn plate(&self) -> Plate {
        Plate::stored(&self.plate_shown, &self.plate_key)
    }

    /// The ticket, which is of this lot and stands, or stood, in the slot of this label.
    pub(crate) fn ticket(&self, lot: LotId, label: Option<&str>) -> Result<Ticket, Nonsense> {
        let demand = Demand::parse(&self.class).map_err(|_wrong| self.nonsense("class"))?;
        let (class, needs) = demand.into_parts();
        Ok(Ticket {
            id: self.id()?,
            lot,
            number: TicketNumber(self.number),
            plate: self.plate(),
            class,
            needs,
            priority: Priority::parse(&self.priority).map_err(|_wrong| self.nonsense("priority"))?,
            turn: Turn(self.turn),
            arrived_at: Timestamp::from_micros(self.arrived_at),
            occurred_at: self.occurred_at.map(Timestamp::from_micros),
            discounts: DiscountCode::parse_list(&self.discounts)
                .map_err(|_wrong| self.nonsense("discounts"))?,
            stage: self.stage(label)?,
        })
    }

    fn stage(&self, label: Option<&str>) -> Result<Stage, Nonsense> {
        let status = TicketStatus::parse(&self.status).map_err(|_wrong| self.nonsense("status"))?;
        let ended_at = || self.ended_at.map(Timestamp::from_micros).ok_or_else(|| self.nonsense("ended_at"));
        Ok(match status {
            TicketStatus::Waiting => Stage::Waiting,
            TicketStatus::Parked => Stage::Parked(self.berth(label)?),
            TicketStatus::Withdrawn => Stage::Withdrawn { at: ended_at()? },
            TicketStatus::Departed => Stage::Departed {
                berth: self.berth(label)?,
                at: ended_at()?,
                fee: self.fee()?,
                occurred_at: self.exit_occurred_at.map(Timestamp::from_micros),
            },
            TicketStatus::Voided => {
                let reason = self.reason.as_deref().and_then(|reason| Reason::parse(reason).ok());
                Stage::Voided {
                    berth: self.berth(label)?,
                    at: ended_at()?,
                    reason: reason.ok_or_else(|| self.nonsense("reason"))?,
                }
            }
        })
    }

    fn berth(&self, label: Option<&str>) -> Result<Berth, Nonsense> {
        let label = label.and_then(|label| SlotLabel::parse(label).ok());
        let since = self.parked_at.map(Timestamp::from_micros);
        Ok(Berth {
            slot: self.slot_id.map(SlotId).ok_or_else(|| self.nonsense("slot_id"))?,
            label: label.ok_or_else(|| self.nonsense("slot_id"))?,
            admission: self.admission.ok_or_else(|| self.nonsense("admission"))?,
            since: since.ok_or_else(|| self.nonsense("parked_at"))?,
            tariff: TariffVersion::stored(self.tariff_id.as_deref(), self.tariff_version)
                .map_err(|_wrong| self.nonsense("tariff_id"))?,
        })
    }

    fn fee(&self) -> Result<Fee, Nonsense> {
        let minor = self.fee_minor.ok_or_else(|| self.nonsense("fee_minor"))?;
        let currency = self.fee_currency.as_deref().and_then(|code| Currency::parse(code).ok());
        let currency = currency.ok_or_else(|| self.nonsense("fee_currency"))?;
        let lines = self.fee_lines.as_deref().ok_or_else(|| self.nonsense("fee_lines"))?;
        Fee::stored(Money::new(minor, currency), lines).map_err(|_wrong| self.nonsense("fee_lines"))
    }

    fn nonsense(&self, column: &'static str) -> Nonsense {
        let row =
            Uuid::from_slice(&self.id).map_or_else(|_wrong| format!("{:02x?}", self.id), |id| id.to_string());
        Nonsense { table: "tickets", row, column }
    }
}

/// Tickets with the slots that they name.
#[diesel::dsl::auto_type]
pub(crate) fn berthed_tickets() -> _ {
    let named = slots::lot_id.eq(tickets::lot_id).and(slots::id.nullable().eq(tickets::slot_id));
    tickets::table.left_join(slots::table.on(named))
}

/// A ticket and the slot that it names.
#[derive(Queryable, Selectable)]
pub(crate) struct BerthedTicket {
    #[diesel(embed)]
    pub(crate) ticket: TicketRow,
    #[diesel(embed)]
    pub(crate) slot: Option<SlotRow>,
}

/// A row of `idempotency`, as far as it is the answer.
#[derive(Queryable, Selectable)]
#[diesel(table_name = idempotency)]
pub(crate) struct ReplyRow {
    pub(crate) principal: String,
    pub(crate) key: String,
    fingerprint: Vec<u8>,
    status: i32,
    location: Option<String>,
    etag: Option<String>,
    body: Vec<u8>,
}

impl ReplyRow {
    /// SHA-256 of the request, and what it was answered.
    pub(crate) fn reply(self) -> Result<([u8; 32], Reply), Nonsense> {
        let nonsense = |column| Nonsense { table: "idempotency", row: self.key.clone(), column };
        let fingerprint = self.fingerprint.try_into().map_err(|_wrong| nonsense("fingerprint"))?;
        let status = u16::try_from(self.status).map_err(|_wrong| nonsense("status"))?;
        Ok((fingerprint, Reply { status, location: self.location, etag: self.etag, body: self.body }))
    }
}

/// A row of `journal`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = journal)]
pub(crate) struct EntryRow {
    lot_id: i64,
    version: i64,
    n: i32,
    kind: String,
    ticket_id: Option<Vec<u8>>,
    slot_id: Option<i64>,
    actor: String,
    at: i64,
    data: String,
}

impl EntryRow {
    /// The line of the journal of this lot.
    pub(crate) fn entry(self, lot: LotId) -> Result<Entry, Nonsense> {
        let row = format!("{}/{}/{}", self.lot_id, self.version, self.n);
        let nonsense = |column| Nonsense { table: "journal", row, column };
        let ticket = match self.ticket_id.as_deref().map(ticket_id).transpose() {
            Ok(ticket) => ticket,
            Err(_wrong) => return Err(nonsense("ticket_id")),
        };
        let stored = Stored { kind: self.kind, ticket, slot: self.slot_id.map(SlotId), data: self.data };
        let Some(event) = Event::from_stored(&stored) else { return Err(nonsense("data")) };
        Ok(Entry {
            lot,
            version: Version(self.version),
            n: self.n,
            at: Timestamp::from_micros(self.at),
            actor: Principal(self.actor),
            event,
        })
    }
}

/// A row of `plate_corrections`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = plate_corrections)]
pub(crate) struct CorrectionRow {
    version: i64,
    plate_shown: String,
    plate_key: String,
    at: i64,
    actor: String,
}

impl CorrectionRow {
    /// The correction of this ticket.
    pub(crate) fn correction(self, ticket: TicketId) -> PlateCorrection {
        PlateCorrection {
            ticket,
            version: Version(self.version),
            at: Timestamp::from_micros(self.at),
            actor: Principal(self.actor),
            plate: Plate::stored(&self.plate_shown, &self.plate_key),
        }
    }
}

/// A waiting ticket and its turn, of these two columns.
pub(crate) fn member((id, turn): (Vec<u8>, i64)) -> Result<(TicketId, Turn), Nonsense> {
    let nonsense = |_wrong| Nonsense { table: "tickets", row: format!("{id:02x?}"), column: "id" };
    Ok((ticket_id(&id).map_err(nonsense)?, Turn(turn)))
}

/// The ticket that 16 bytes name.
pub(crate) fn ticket_id(bytes: &[u8]) -> Result<TicketId, uuid::Error> {
    Uuid::from_slice(bytes).map(TicketId)
}
