//! Rows, and what they mean.

use diesel::{
    deserialize::Queryable,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Uuid as SqlUuid},
};
use parkpro_domain::{
    demand::Demand,
    discount::DiscountCode,
    event::{Entry, Event, Principal, Stored},
    invalid::Invalid,
    lot::{Lot, LotId, LotName, Priorities, SlotCount, Tally, Version},
    money::{Currency, Money},
    slot::{Accepts, Level, Slot, SlotId, SlotLabel},
    tariff::{Assignments, Fee, TariffVersion},
    ticket::{Berth, Priority, Reason, Stage, Ticket, TicketId, TicketNumber, TicketStatus, Turn},
    time::{Timestamp, Zone},
    vehicle::Plate,
};
use uuid::Uuid;

use crate::fault::Nonsense;

/// The columns of a [`LotRow`], of the table `lots` under the name `l`.
macro_rules! lot_columns {
    () => {
        "l.id, l.slug, l.name, l.time_zone, l.currency, l.accepting, l.queue_limit, l.priorities, l.revision, \
         l.retired, l.version, l.last_at, l.next_number, l.next_admission, l.next_slot, l.tariffs"
    };
}

/// The columns of a [`SlotRow`], of the table `slots` under the name `s`.
macro_rules! slot_columns {
    () => {
        "s.lot_id, s.id, s.label, s.level, s.accepts, s.rank, s.in_service, s.reason, s.retired, s.revision, \
         s.ticket_id"
    };
}

/// The columns of a [`TicketRow`], of the table `tickets` under the name `t`.
macro_rules! ticket_columns {
    () => {
        "t.lot_id, t.id, t.number, t.plate_shown, t.plate_key, t.class, t.priority, t.turn, t.status, t.arrived_at, \
         t.occurred_at, t.slot_id, t.admission, t.parked_at, t.ended_at, t.exit_occurred_at, t.fee_minor, \
         t.fee_currency, t.fee_lines, t.reason, t.tariff_id, t.tariff_version, t.discounts"
    };
}

pub(crate) use {lot_columns, slot_columns, ticket_columns};

pub(crate) type LotColumns = (
    BigInt,
    Text,
    Text,
    Text,
    Text,
    Bool,
    Nullable<Integer>,
    Text,
    BigInt,
    Bool,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    BigInt,
    Text,
);

#[derive(Debug, Queryable)]
pub(crate) struct LotRow {
    pub(crate) id: i64,
    slug: String,
    name: String,
    time_zone: String,
    currency: String,
    accepting: bool,
    queue_limit: Option<i32>,
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
    pub(crate) fn lot(self) -> Result<Lot, Nonsense> {
        let wrong = |column| {
            let row = self.slug.clone();
            move |_why: Invalid| Nonsense { table: "lots", row, column }
        };
        Ok(Lot {
            id: LotId::parse(&self.slug).map_err(wrong("slug"))?,
            name: LotName::parse(&self.name).map_err(wrong("name"))?,
            zone: Zone::parse(&self.time_zone).map_err(wrong("time_zone"))?,
            currency: Currency::parse(&self.currency).map_err(wrong("currency"))?,
            accepting: self.accepting,
            queue_limit: self.queue_limit.and_then(|limit| u32::try_from(limit).ok()),
            priorities: Priorities::parse(&self.priorities).map_err(wrong("priorities"))?,
            tariffs: Assignments::parse(&self.tariffs).map_err(wrong("tariffs"))?,
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

/// A slug that a row holds.
pub(crate) fn lot_id(slug: &str) -> Result<LotId, Nonsense> {
    LotId::parse(slug).map_err(|_why| Nonsense { table: "lots", row: slug.to_owned(), column: "slug" })
}

pub(crate) type SlotColumns = (
    BigInt,
    BigInt,
    Text,
    Nullable<Text>,
    Text,
    Integer,
    Bool,
    Nullable<Text>,
    Bool,
    BigInt,
    Nullable<SqlUuid>,
);

#[derive(Debug, Queryable)]
pub(crate) struct SlotRow {
    pub(crate) lot_id: i64,
    id: i64,
    pub(crate) label: String,
    level: Option<String>,
    accepts: String,
    rank: i32,
    in_service: bool,
    reason: Option<String>,
    retired: bool,
    revision: i64,
    ticket_id: Option<Uuid>,
}

impl SlotRow {
    pub(crate) fn slot(self) -> Result<Slot, Nonsense> {
        let wrong = |column| {
            let row = format!("{} of lot {}", self.id, self.lot_id);
            move |_why: Invalid| Nonsense { table: "slots", row, column }
        };
        Ok(Slot {
            id: SlotId(self.id),
            label: SlotLabel::parse(&self.label).map_err(wrong("label"))?,
            level: self.level.as_deref().map(Level::parse).transpose().map_err(wrong("level"))?,
            accepts: Accepts::parse(&self.accepts).map_err(wrong("accepts"))?,
            rank: self.rank,
            in_service: self.in_service,
            reason: self.reason,
            retired: self.retired,
            revision: self.revision,
            occupant: self.ticket_id.map(TicketId),
        })
    }
}

pub(crate) type TicketColumns = (
    BigInt,
    SqlUuid,
    BigInt,
    Text,
    Text,
    Text,
    Text,
    BigInt,
    Text,
    BigInt,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<BigInt>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<Text>,
    Nullable<BigInt>,
    Text,
);

#[derive(Debug, Queryable)]
pub(crate) struct TicketRow {
    pub(crate) lot_id: i64,
    pub(crate) id: Uuid,
    number: i64,
    plate_shown: String,
    pub(crate) plate_key: String,
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
    /// The ticket, in its lot and with the label that its slot has.
    pub(crate) fn ticket(self, lot: &LotId, label: Option<&str>) -> Result<Ticket, Nonsense> {
        let wrong = |column| Nonsense { table: "tickets", row: self.id.to_string(), column };
        let status = TicketStatus::parse(&self.status).map_err(|_why| wrong("status"))?;
        let (class, needs) = Demand::parse(&self.class).map_err(|_why| wrong("class"))?.into_parts();
        Ok(Ticket {
            id: TicketId(self.id),
            lot: lot.clone(),
            number: TicketNumber(self.number),
            plate: Plate::stored(&self.plate_shown, &self.plate_key),
            class,
            needs,
            priority: Priority::parse(&self.priority).map_err(|_why| wrong("priority"))?,
            turn: Turn(self.turn),
            arrived_at: Timestamp::from_micros(self.arrived_at),
            occurred_at: self.occurred_at.map(Timestamp::from_micros),
            discounts: DiscountCode::parse_list(&self.discounts).map_err(|_why| wrong("discounts"))?,
            stage: self.stage(status, label).map_err(wrong)?,
        })
    }

    /// Where it is in its life, or the column that does not say so.
    fn stage(&self, status: TicketStatus, label: Option<&str>) -> Result<Stage, &'static str> {
        Ok(match status {
            TicketStatus::Waiting => Stage::Waiting,
            TicketStatus::Parked => Stage::Parked(self.berth(label)?),
            TicketStatus::Departed => Stage::Departed {
                berth: self.berth(label)?,
                at: self.end()?,
                fee: self.fee()?,
                occurred_at: self.exit_occurred_at.map(Timestamp::from_micros),
            },
            TicketStatus::Withdrawn => Stage::Withdrawn { at: self.end()? },
            TicketStatus::Voided => {
                let reason = self.reason.as_deref().ok_or("reason")?;
                let reason = Reason::parse(reason).map_err(|_why| "reason")?;
                Stage::Voided { berth: self.berth(label)?, at: self.end()?, reason }
            }
        })
    }

    fn berth(&self, label: Option<&str>) -> Result<Berth, &'static str> {
        Ok(Berth {
            slot: SlotId(self.slot_id.ok_or("slot_id")?),
            label: SlotLabel::parse(label.ok_or("slot_id")?).map_err(|_why| "slot_id")?,
            admission: self.admission.ok_or("admission")?,
            since: Timestamp::from_micros(self.parked_at.ok_or("parked_at")?),
            tariff: TariffVersion::stored(self.tariff_id.as_deref(), self.tariff_version)
                .map_err(|_why| "tariff_id")?,
        })
    }

    fn end(&self) -> Result<Timestamp, &'static str> {
        self.ended_at.map(Timestamp::from_micros).ok_or("ended_at")
    }

    fn fee(&self) -> Result<Fee, &'static str> {
        let currency = self.fee_currency.as_deref().ok_or("fee_currency")?;
        let currency = Currency::parse(currency).map_err(|_why| "fee_currency")?;
        let total = Money::new(self.fee_minor.ok_or("fee_minor")?, currency);
        Fee::stored(total, self.fee_lines.as_deref().ok_or("fee_lines")?).map_err(|_why| "fee_lines")
    }
}

/// What is in the lot `l`, in the columns of a [`CountsRow`]: of slots, of who waits.
macro_rules! counts {
    () => {
        " CROSS JOIN LATERAL (SELECT array_agg(accepts) AS accepts, array_agg(capacity) AS capacity, \
           array_agg(occupied) AS occupied, array_agg(out_of_service) AS out_of_service \
           FROM slot_counts WHERE lot_id = l.id) c \
         CROSS JOIN LATERAL (SELECT array_agg(class) AS classes, array_agg(priority) AS priorities, \
           array_agg(waiting) AS waiting FROM waiting_counts WHERE lot_id = l.id) w "
    };
}

/// The columns of a [`CountsRow`].
macro_rules! count_columns {
    () => {
        "c.accepts, c.capacity, c.occupied, c.out_of_service, w.classes, w.priorities, w.waiting"
    };
}

pub(crate) use {count_columns, counts};

type Numbers = Nullable<Array<BigInt>>;
type Texts = Nullable<Array<Text>>;
pub(crate) type CountColumns = (Texts, Numbers, Numbers, Numbers, Texts, Texts, Numbers);

/// The counts of a lot; no arrays if there is nothing to count.
#[derive(Debug, Queryable)]
pub(crate) struct CountsRow {
    accepts: Option<Vec<String>>,
    capacity: Option<Vec<i64>>,
    occupied: Option<Vec<i64>>,
    out_of_service: Option<Vec<i64>>,
    classes: Option<Vec<String>>,
    priorities: Option<Vec<String>>,
    waiting: Option<Vec<i64>>,
}

impl CountsRow {
    /// What is in a lot.
    pub(crate) fn tally(self, lot: &LotId) -> Result<Tally, Nonsense> {
        let wrong = |table, column| move |_why: Invalid| Nonsense { table, row: lot.to_string(), column };
        let mut tally = Tally::default();
        let numbers = |column: Option<Vec<i64>>| column.unwrap_or_default().into_iter();
        let counts = numbers(self.capacity).zip(numbers(self.occupied)).zip(numbers(self.out_of_service));
        for (accepts, ((capacity, occupied), out_of_service)) in
            self.accepts.unwrap_or_default().iter().zip(counts)
        {
            let accepts = Accepts::parse(accepts).map_err(wrong("slot_counts", "accepts"))?;
            tally.slots.insert(accepts, SlotCount { capacity, occupied, out_of_service });
        }
        let kinds = self.classes.unwrap_or_default().into_iter().zip(self.priorities.unwrap_or_default());
        for ((demand, priority), waiting) in kinds.zip(numbers(self.waiting)) {
            let demand = Demand::parse(&demand).map_err(wrong("waiting_counts", "class"))?;
            let priority = Priority::parse(&priority).map_err(wrong("waiting_counts", "priority"))?;
            tally.waiting.insert((demand, priority), waiting);
        }
        Ok(tally)
    }
}

pub(crate) type EntryColumns =
    (BigInt, Integer, Text, Nullable<SqlUuid>, Nullable<BigInt>, Text, BigInt, Text);

#[derive(Debug, Queryable)]
pub(crate) struct EntryRow {
    version: i64,
    n: i32,
    kind: String,
    ticket_id: Option<Uuid>,
    slot_id: Option<i64>,
    actor: String,
    at: i64,
    data: String,
}

impl EntryRow {
    pub(crate) fn entry(self, lot: &LotId) -> Result<Entry, Nonsense> {
        let stored = Stored {
            kind: self.kind,
            ticket: self.ticket_id.map(TicketId),
            slot: self.slot_id.map(SlotId),
            data: self.data,
        };
        let event = Event::from_stored(&stored).ok_or_else(|| {
            let row = format!("{}.{} of lot {lot}", self.version, self.n);
            Nonsense { table: "journal", row, column: "data" }
        })?;
        Ok(Entry {
            lot: lot.clone(),
            version: Version(self.version),
            n: self.n,
            at: Timestamp::from_micros(self.at),
            actor: Principal(self.actor),
            event,
        })
    }
}
