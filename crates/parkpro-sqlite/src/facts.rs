//! Reading what the commands of a turn need to know of a lot.

use diesel::{connection::DefaultLoadingMode, prelude::*, sqlite::SqliteConnection};
use parkpro_domain::{
    facts::{Facts, Needs},
    lot::LotId,
    slot::{Accepts, SlotLabel},
    ticket::TicketId,
    vehicle::PlateKey,
};

use crate::{
    fault::Failure,
    lots::{counts, lot_numbered},
    rows::{BerthedTicket, SlotRow, TicketRow, berthed_tickets},
    schema::{slots, tickets},
    statement::{BEFORE_ALL, FreeSlots, NewestTicket, OpenTicket, Waiting},
    transaction::{Before, SqliteTransaction},
};

impl SqliteTransaction {
    pub(crate) fn facts_of_lot(&mut self, number: i64, needs: &Needs) -> Result<Facts, Failure> {
        let lot = lot_numbered(&mut self.connection, number)?;
        let tally = counts(&mut self.connection, number)?;
        let before = Before { id: number, next_admission: lot.next_admission };
        self.before.insert(lot.id.clone(), before);
        let connection = &mut self.connection;
        let mut reading = Reading { connection, number, lot: lot.id.clone(), facts: Facts::of(lot, tally) };
        reading.read(needs)?;
        Ok(reading.facts)
    }
}

/// One lot while its facts are read.
struct Reading<'a> {
    connection: &'a mut SqliteConnection,
    number: i64,
    lot: LotId,
    facts: Facts,
}

impl Reading<'_> {
    fn read(&mut self, needs: &Needs) -> Result<(), Failure> {
        self.newest_tickets(&needs.leaving)?;
        self.open_tickets(&needs.plates)?;
        for ticket in &needs.tickets {
            self.ticket(*ticket)?;
        }
        for label in &needs.labels {
            self.slot(label)?;
        }
        for label in &needs.occupants {
            self.slot(label)?;
            if let Some(ticket) = self.facts.slot_labelled(label).and_then(|slot| slot.occupant) {
                self.ticket(ticket)?;
            }
        }
        self.free_slots(enough(needs.free_slots))?;
        self.heads(enough(needs.heads))
    }

    fn open_tickets<'p>(&mut self, plates: impl IntoIterator<Item = &'p PlateKey>) -> Result<(), Failure> {
        let wanted: Vec<_> = plates.into_iter().map(|plate| OpenTicket { plate: plate.as_str() }).collect();
        for row in OpenTicket::find(self.connection, &wanted)? {
            if row.ticket.lot_id == self.number {
                self.know(row)?;
            } else {
                let (plate, ticket) = (row.ticket.plate(), row.ticket.id()?);
                self.facts.know_open_elsewhere(plate.key().clone(), ticket);
            }
        }
        Ok(())
    }

    /// The newest is almost always the open one, but one that was corrected may be open and older.
    fn newest_tickets(&mut self, plates: &[PlateKey]) -> Result<(), Failure> {
        let wanted: Vec<_> =
            plates.iter().map(|plate| NewestTicket { lot: self.number, plate: plate.as_str() }).collect();
        for row in NewestTicket::find(self.connection, &wanted)? {
            self.know(row)?;
        }
        let outside: Vec<_> = plates.iter().filter(|plate| self.facts.open_ticket(plate).is_none()).collect();
        self.open_tickets(outside)
    }

    fn ticket(&mut self, ticket: TicketId) -> Result<(), Failure> {
        let row = berthed_tickets()
            .filter(tickets::id.eq(ticket.0.as_bytes().as_slice()))
            .select(BerthedTicket::as_select())
            .get_result(self.connection)
            .optional()?;
        match row {
            Some(row) if row.ticket.lot_id == self.number => self.know(row),
            _ => Ok(()),
        }
    }

    fn slot(&mut self, label: &SlotLabel) -> Result<(), Failure> {
        let row = slots::table
            .filter(slots::lot_id.eq(self.number))
            .filter(slots::label.eq(label.as_str()))
            .select(SlotRow::as_select())
            .get_result(self.connection)
            .optional()?;
        if let Some(row) = row {
            self.facts.know_slot(row.slot()?);
        }
        Ok(())
    }

    fn free_slots(&mut self, most: usize) -> Result<(), Failure> {
        if most == 0 {
            return Ok(());
        }
        let kinds = self.facts.tally.slots.iter().filter(|(_, count)| count.available() > 0);
        let kinds: Vec<Accepts> = kinds.map(|(accepts, _)| accepts.clone()).collect();
        for accepts in kinds {
            let free = FreeSlots { lot: self.number, accepts: accepts.as_str(), after: BEFORE_ALL };
            let rows = free.load_iter::<SlotRow, DefaultLoadingMode>(self.connection)?;
            for row in rows.take(most) {
                self.facts.know_slot(row?.slot()?);
            }
        }
        Ok(())
    }

    fn heads(&mut self, most: usize) -> Result<(), Failure> {
        if most == 0 {
            return Ok(());
        }
        for demand in self.facts.tally.waiting_demands() {
            let rows = tickets::table
                .filter(tickets::lot_id.eq(self.number))
                .filter(tickets::class.eq(demand.as_str()))
                .filter(Waiting)
                .order((tickets::turn, tickets::id))
                .select(TicketRow::as_select())
                .load_iter::<TicketRow, DefaultLoadingMode>(self.connection)?;
            for row in rows.take(most) {
                self.facts.know_ticket(row?.ticket(self.lot.clone(), None)?);
            }
        }
        Ok(())
    }

    /// The slot too, because whoever leaves frees it.
    fn know(&mut self, row: BerthedTicket) -> Result<(), Failure> {
        let label = row.slot.as_ref().map(|slot| slot.label.as_str());
        self.facts.know_ticket(row.ticket.ticket(self.lot.clone(), label)?);
        if let Some(slot) = row.slot {
            self.facts.know_slot(slot.slot()?);
        }
        Ok(())
    }
}

fn enough(rows: i64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}
