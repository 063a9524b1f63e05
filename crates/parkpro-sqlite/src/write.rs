//! Writing what a turn decided.

use std::{array::from_ref, collections::HashSet};

use diesel::prelude::*;
use parkpro_domain::{
    demand::Demand,
    discount::DiscountCode,
    event::{Entry, Event, Stored},
    facts::Changes,
    lot::{Lot, Tally},
    ports::{Key, Reply},
    slot::{Level, Slot, SlotId},
    ticket::{Stage, Ticket, TicketId},
    time::Timestamp,
};

use crate::{
    fault::Failure,
    schema::{lots, slots},
    statement::{
        Each, InsertCorrection, InsertEntry, InsertTicket, PutSlotCount, PutWaitingCount, Row, TOGETHER,
        UpdateBerth, UpdateBerthAndEnd, UpdateEnd, UpdateLot, UpdateOccupant, UpdateParticulars, UpdateSlot,
    },
    transaction::{Before, SqliteTransaction},
};

impl SqliteTransaction {
    pub(crate) fn write_all(
        &mut self,
        changes: &[Changes],
        replies: &[(&Key, &Reply)],
        now: Timestamp,
    ) -> Result<(), Failure> {
        for changes in changes {
            self.write(changes)?;
        }
        self.keep_replies(replies, now)
    }

    /// In the order of the fields.
    fn write(&mut self, changes: &Changes) -> Result<(), Failure> {
        let before = self.write_lot(&changes.lot, changes.opened)?;
        let rewritten = rewritten(&changes.journal);
        self.write_counts(before.id, &changes.tally)?;
        for slot in &changes.new_slots {
            self.add_slot(before.id, slot)?;
        }
        for ticket in &changes.ended {
            self.end_ticket(ticket, before)?;
        }
        for ticket in &changes.moved {
            self.move_ticket(ticket)?;
        }
        for ticket in &changes.amended {
            self.amend_ticket(ticket)?;
        }
        let new: Vec<_> = changes.new_tickets.iter().map(|ticket| NewTicket::of(before.id, ticket)).collect();
        self.insert(&new.iter().map(NewTicket::row).collect::<Vec<_>>())?;
        for slot in &changes.slots {
            self.change_slot(before.id, slot, rewritten.contains(&slot.id))?;
        }
        self.put_discounts(before.id, changes)?;
        let events: Vec<Stored> = changes.journal.iter().map(|entry| entry.event.to_stored()).collect();
        let entries =
            changes.journal.iter().zip(&events).map(|(entry, event)| entry_row(before.id, entry, event));
        self.insert(&entries.collect::<Vec<_>>())?;
        for correction in &changes.corrections {
            self.one(InsertCorrection {
                ticket: bytes(&correction.ticket),
                version: correction.version.0,
                plate_shown: correction.plate.shown(),
                plate_key: correction.plate.key().as_str(),
                at: correction.at.micros(),
                actor: &correction.actor.0,
            })?;
        }
        Ok(())
    }

    fn write_lot(&mut self, lot: &Lot, opened: bool) -> Result<Before, Failure> {
        let (priorities, tariffs) = (lot.priorities.to_string(), lot.tariffs.to_string());
        if opened {
            let id = diesel::insert_into(lots::table)
                .values((
                    lots::slug.eq(lot.id.as_str()),
                    lots::name.eq(lot.name.as_str()),
                    lots::time_zone.eq(lot.zone.name()),
                    lots::currency.eq(lot.currency.code()),
                    lots::accepting.eq(lot.accepting),
                    lots::queue_limit.eq(lot.queue_limit.map(i64::from)),
                    lots::priorities.eq(priorities),
                    lots::revision.eq(lot.revision),
                    lots::retired.eq(lot.retired),
                    lots::version.eq(lot.version.0),
                    lots::last_at.eq(lot.last_at.micros()),
                    lots::next_number.eq(lot.next_number.0),
                    lots::next_admission.eq(lot.next_admission),
                    lots::next_slot.eq(lot.next_slot),
                    lots::tariffs.eq(tariffs),
                ))
                .returning(lots::id)
                .get_result(&mut self.connection)?;
            return Ok(Before { id, next_admission: 1 });
        }
        let before = *self.before.get(&lot.id).ok_or(diesel::NotFound)?;
        let update = UpdateLot {
            name: lot.name.as_str(),
            time_zone: lot.zone.name(),
            currency: lot.currency.code(),
            accepting: lot.accepting,
            queue_limit: lot.queue_limit.map(i64::from),
            priorities: &priorities,
            revision: lot.revision,
            retired: lot.retired,
            version: lot.version.0,
            last_at: lot.last_at.micros(),
            next_number: lot.next_number.0,
            next_admission: lot.next_admission,
            next_slot: lot.next_slot,
            tariffs: &tariffs,
            id: before.id,
        };
        self.one(update)?;
        Ok(before)
    }

    fn write_counts(&mut self, lot: i64, tally: &Tally) -> Result<(), Failure> {
        for (accepts, count) in &tally.slots {
            self.one(PutSlotCount {
                lot,
                accepts: accepts.as_str(),
                capacity: count.capacity,
                occupied: count.occupied,
                out_of_service: count.out_of_service,
            })?;
        }
        for ((demand, priority), waiting) in &tally.waiting {
            let (class, priority) = (demand.as_str(), priority.as_str());
            self.one(PutWaitingCount { lot, class, priority, waiting: *waiting })?;
        }
        Ok(())
    }

    fn add_slot(&mut self, lot: i64, slot: &Slot) -> Result<(), Failure> {
        let slot = (
            slots::lot_id.eq(lot),
            slots::id.eq(slot.id.0),
            slots::label.eq(slot.label.as_str()),
            slots::level.eq(slot.level.as_ref().map(Level::as_str)),
            slots::accepts.eq(slot.accepts.as_str()),
            slots::rank.eq(slot.rank),
            slots::in_service.eq(slot.in_service),
            slots::reason.eq(slot.reason.as_deref()),
            slots::retired.eq(slot.retired),
            slots::revision.eq(slot.revision),
            slots::ticket_id.eq(slot.occupant.as_ref().map(bytes)),
        );
        diesel::insert_into(slots::table).values(slot).execute(&mut self.connection)?;
        Ok(())
    }

    /// Settings are in several indexes, so they are only written if they changed.
    fn change_slot(&mut self, lot: i64, slot: &Slot, rewritten: bool) -> Result<(), Failure> {
        let (id, ticket) = (slot.id.0, slot.occupant.as_ref().map(bytes));
        if !rewritten {
            return self.one(UpdateOccupant { ticket, lot, id });
        }
        self.one(UpdateSlot {
            label: slot.label.as_str(),
            level: slot.level.as_ref().map(Level::as_str),
            accepts: slot.accepts.as_str(),
            rank: slot.rank,
            in_service: slot.in_service,
            reason: slot.reason.as_deref(),
            retired: slot.retired,
            revision: slot.revision,
            ticket,
            lot,
            id,
        })
    }

    /// The columns of the slot are in several indexes, so they are only written if the ticket got it in this turn.
    fn end_ticket(&mut self, ticket: &Ticket, before: Before) -> Result<(), Failure> {
        let Columns {
            status,
            slot,
            admission,
            parked_at,
            tariff_id,
            tariff_version,
            ended_at,
            exit_occurred_at,
            fee_minor,
            fee_currency,
            fee_lines,
            reason,
        } = Columns::of(ticket);
        let (id, fee_lines) = (bytes(&ticket.id), fee_lines.as_deref());
        if admission.is_some_and(|admission| admission >= before.next_admission) {
            return self.one(UpdateBerthAndEnd {
                status,
                slot,
                admission,
                parked_at,
                tariff_id,
                tariff_version,
                ended_at,
                exit_occurred_at,
                fee_minor,
                fee_currency,
                fee_lines,
                reason,
                id,
            });
        }
        self.one(UpdateEnd {
            status,
            ended_at,
            exit_occurred_at,
            fee_minor,
            fee_currency,
            fee_lines,
            reason,
            id,
        })
    }

    fn move_ticket(&mut self, ticket: &Ticket) -> Result<(), Failure> {
        let Columns { status, slot, admission, parked_at, tariff_id, tariff_version, .. } =
            Columns::of(ticket);
        let id = bytes(&ticket.id);
        self.one(UpdateBerth { status, slot, admission, parked_at, tariff_id, tariff_version, id })
    }

    fn amend_ticket(&mut self, ticket: &Ticket) -> Result<(), Failure> {
        self.one(UpdateParticulars {
            plate_shown: ticket.plate.shown(),
            plate_key: ticket.plate.key().as_str(),
            priority: ticket.priority.as_str(),
            turn: ticket.turn.0,
            discounts: &DiscountCode::list_text(&ticket.discounts),
            id: bytes(&ticket.id),
        })
    }

    /// Inserts rows, many by one statement.
    pub(crate) fn insert<R: Row>(&mut self, rows: &[R]) -> Result<(), Failure> {
        let (many, few) = rows.as_chunks::<TOGETHER>();
        for rows in many {
            Each(rows).execute(&mut self.connection)?;
        }
        for row in few {
            Each(from_ref(row)).execute(&mut self.connection)?;
        }
        Ok(())
    }

    /// Carries out a statement that writes one row.
    pub(crate) fn one<S>(&mut self, statement: S) -> Result<(), Failure>
    where
        S: RunQueryDsl<SqliteConnection>
            + diesel::query_builder::QueryFragment<diesel::sqlite::Sqlite>
            + diesel::query_builder::QueryId,
    {
        match statement.execute(&mut self.connection)? {
            1 => Ok(()),
            _ => Err(diesel::NotFound.into()),
        }
    }
}

/// The slots that had their settings changed, as the journal tells.
fn rewritten(journal: &[Entry]) -> HashSet<SlotId> {
    let changed = journal.iter().filter_map(|entry| match &entry.event {
        Event::SlotAdded(slot) | Event::SlotRemoved(slot) | Event::SlotChanged { slot, .. } => Some(slot.id),
        _ => None,
    });
    changed.collect()
}

/// A new ticket, and the texts of its columns.
struct NewTicket<'a> {
    lot: i64,
    ticket: &'a Ticket,
    demand: Demand,
    discounts: String,
    stage: Columns<'a>,
}

impl<'a> NewTicket<'a> {
    fn of(lot: i64, ticket: &'a Ticket) -> Self {
        let discounts = DiscountCode::list_text(&ticket.discounts);
        Self { lot, ticket, demand: ticket.demand(), discounts, stage: Columns::of(ticket) }
    }

    fn row(&self) -> InsertTicket<'_> {
        let Self { lot, ticket, demand, discounts, stage } = self;
        InsertTicket {
            id: bytes(&ticket.id),
            lot: *lot,
            number: ticket.number.0,
            plate_shown: ticket.plate.shown(),
            plate_key: ticket.plate.key().as_str(),
            class: demand.as_str(),
            priority: ticket.priority.as_str(),
            turn: ticket.turn.0,
            status: stage.status,
            arrived_at: ticket.arrived_at.micros(),
            occurred_at: ticket.occurred_at.map(Timestamp::micros),
            slot: stage.slot,
            admission: stage.admission,
            parked_at: stage.parked_at,
            ended_at: stage.ended_at,
            exit_occurred_at: stage.exit_occurred_at,
            fee_minor: stage.fee_minor,
            fee_currency: stage.fee_currency,
            fee_lines: stage.fee_lines.as_deref(),
            reason: stage.reason,
            tariff_id: stage.tariff_id,
            tariff_version: stage.tariff_version,
            discounts,
        }
    }
}

fn entry_row<'a>(lot: i64, entry: &'a Entry, event: &'a Stored) -> InsertEntry<'a> {
    InsertEntry {
        lot,
        version: entry.version.0,
        n: entry.n,
        kind: &event.kind,
        ticket: event.ticket.as_ref().map(bytes),
        slot: event.slot.map(|slot| slot.0),
        actor: &entry.actor.0,
        at: entry.at.micros(),
        data: &event.data,
    }
}

/// What the columns of a ticket hold that depend on its stage.
struct Columns<'a> {
    status: &'static str,
    slot: Option<i64>,
    admission: Option<i64>,
    parked_at: Option<i64>,
    tariff_id: Option<&'a str>,
    tariff_version: Option<i64>,
    ended_at: Option<i64>,
    exit_occurred_at: Option<i64>,
    fee_minor: Option<i64>,
    fee_currency: Option<&'static str>,
    fee_lines: Option<String>,
    reason: Option<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(ticket: &'a Ticket) -> Self {
        let (berth, fee) = (ticket.berth(), ticket.fee());
        let tariff = berth.and_then(|berth| berth.tariff.as_ref());
        let (exit_occurred_at, reason) = match &ticket.stage {
            Stage::Departed { occurred_at, .. } => (*occurred_at, None),
            Stage::Voided { reason, .. } => (None, Some(reason.as_str())),
            _ => (None, None),
        };
        Self {
            status: ticket.status().as_str(),
            slot: berth.map(|berth| berth.slot.0),
            admission: berth.map(|berth| berth.admission),
            parked_at: berth.map(|berth| berth.since.micros()),
            tariff_id: tariff.map(|version| version.tariff.as_str()),
            tariff_version: tariff.map(|version| version.number),
            ended_at: ticket.ended_at().map(Timestamp::micros),
            exit_occurred_at: exit_occurred_at.map(Timestamp::micros),
            fee_minor: fee.map(|fee| fee.total.minor),
            fee_currency: fee.map(|fee| fee.total.currency.code()),
            fee_lines: fee.map(parkpro_domain::tariff::Fee::lines_text),
            reason,
        }
    }
}

fn bytes(ticket: &TicketId) -> &[u8] {
    ticket.0.as_bytes().as_slice()
}
