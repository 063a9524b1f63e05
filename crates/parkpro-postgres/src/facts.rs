//! Reading the facts of lots that are held, all in one round trip, which may be that of the lock.
//!
//! Nothing here joins on an estimate: for each key that is looked for, its row is fetched by an index. What is equal to a
//! column is written as BETWEEN where two indexes come into question, and sorted by that column too: only one of them
//! has this order, so the planner cannot take the other, however small its statistics say that it is.

use std::collections::{BTreeSet, HashMap};

use diesel::sql_types::{BigInt, Nullable, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use parkpro_domain::{
    facts::{Facts, Needs},
    lot::LotId,
    ports::PortError,
    slot::SlotLabel,
    ticket::{TicketId, Turn},
    time::Timestamp,
    vehicle::Plate,
};
use uuid::Uuid;

use crate::{
    clock::clock_micros,
    fault::{Nonsense, Trouble},
    rows::{
        CountColumns, CountsRow, LotColumns, LotRow, SlotColumns, SlotRow, TicketColumns, TicketRow,
        count_columns, counts, lot_columns, slot_columns, ticket_columns,
    },
    statement::{Parameter, Statement},
    transaction::PgTransaction,
};

const CLOCK: &str = concat!("SELECT ", clock_micros!());

/// Lots, what is in them, and what time it is: read after the lock, or it would be the time before the wait.
pub(crate) const LOTS: &str = concat!(
    "SELECT ",
    clock_micros!(),
    ", ",
    lot_columns!(),
    ", ",
    count_columns!(),
    " FROM lots l ",
    counts!(),
    " WHERE l.id = ANY($1)"
);

/// Of each plate the open ticket, in whatever lot, and for whoever leaves the newest of the lot unless that is the open one.
pub(crate) const PLATES: &str = concat!(
    "SELECT wanted.lot_id, ",
    ticket_columns!(),
    ", ",
    slot_columns!(),
    " FROM unnest($1, $2, $3) AS wanted (lot_id, plate_key, leaves) CROSS JOIN LATERAL ( \
       (SELECT * FROM tickets WHERE plate_key BETWEEN wanted.plate_key AND wanted.plate_key \
          AND status IN ('waiting', 'parked') ORDER BY plate_key LIMIT 1) \
       UNION ALL \
       SELECT * FROM \
         (SELECT * FROM tickets WHERE wanted.leaves AND lot_id = wanted.lot_id \
            AND plate_key BETWEEN wanted.plate_key AND wanted.plate_key \
          ORDER BY plate_key DESC, number DESC LIMIT 1) newest \
       WHERE status NOT IN ('waiting', 'parked') \
     ) t LEFT JOIN LATERAL (SELECT * FROM slots WHERE lot_id = t.lot_id AND id = t.slot_id LIMIT 1) s ON true"
);

pub(crate) const TICKETS: &str = concat!(
    "SELECT wanted.lot_id, ",
    ticket_columns!(),
    ", ",
    slot_columns!(),
    " FROM unnest($1, $2) AS wanted (lot_id, id) \
     CROSS JOIN LATERAL (SELECT * FROM tickets WHERE id = wanted.id LIMIT 1) t \
     LEFT JOIN LATERAL (SELECT * FROM slots WHERE lot_id = t.lot_id AND id = t.slot_id LIMIT 1) s ON true \
     WHERE t.lot_id = wanted.lot_id"
);

pub(crate) const LABELS: &str = concat!(
    "SELECT ",
    slot_columns!(),
    " FROM unnest($1, $2) AS wanted (lot_id, label) \
     CROSS JOIN LATERAL (SELECT * FROM slots WHERE lot_id = wanted.lot_id AND label = wanted.label LIMIT 1) s"
);

/// Slots by label, with the vehicles in them.
pub(crate) const OCCUPANTS: &str = concat!(
    "SELECT ",
    slot_columns!(),
    ", ",
    ticket_columns!(),
    " FROM unnest($1, $2) AS wanted (lot_id, label) \
     CROSS JOIN LATERAL (SELECT * FROM slots WHERE lot_id = wanted.lot_id AND label = wanted.label LIMIT 1) s \
     LEFT JOIN LATERAL (SELECT * FROM tickets WHERE id = s.ticket_id LIMIT 1) t ON true"
);

/// Of each lot, and of all that its slots accept, the best free slots.
pub(crate) const FREE: &str = concat!(
    "SELECT ",
    slot_columns!(),
    " FROM unnest($1, $2) AS wanted (lot_id, most) \
     CROSS JOIN LATERAL (SELECT accepts FROM slot_counts WHERE lot_id = wanted.lot_id OFFSET 0) c \
     CROSS JOIN LATERAL \
     (SELECT * FROM slots WHERE lot_id = wanted.lot_id AND accepts BETWEEN c.accepts AND c.accepts \
        AND in_service AND NOT retired AND ticket_id IS NULL \
      ORDER BY accepts, rank, label LIMIT wanted.most) s"
);

/// Of each lot and demand, which is what a ticket's class holds, those who are next.
pub(crate) const HEADS: &str = concat!(
    "SELECT ",
    ticket_columns!(),
    " FROM unnest($1, $2) AS wanted (lot_id, most) \
     CROSS JOIN LATERAL (SELECT class FROM waiting_counts WHERE lot_id = wanted.lot_id GROUP BY class) c \
     CROSS JOIN LATERAL \
     (SELECT * FROM tickets WHERE lot_id = wanted.lot_id AND class BETWEEN c.class AND c.class \
        AND status = 'waiting' ORDER BY class, turn, id LIMIT wanted.most) t"
);

pub(crate) const AHEAD: &str = "SELECT count(*) FROM tickets \
     WHERE lot_id = $1 AND status = 'waiting' AND (turn, id) < ($2, $3) AND id <> $4";

pub(crate) const BEHIND: &str =
    "SELECT id, turn FROM tickets WHERE lot_id = $1 AND status = 'waiting' AND turn >= $2";

type FoundColumns = (BigInt, TicketColumns, Nullable<SlotColumns>);
/// For which lot a ticket was looked for, the ticket, and the slot that it has or had.
type Found = (i64, TicketRow, Option<SlotRow>);

impl PgTransaction {
    /// As [`parkpro_domain::protocol::Transaction::facts`].
    pub(crate) async fn read_facts(
        &mut self,
        needs: &[(LotId, Needs)],
    ) -> Result<(Vec<Facts>, Timestamp), PortError> {
        const DOING: &str = "reading the facts of lots";
        let connection = self.connection()?;
        let ids: Option<Vec<i64>> = needs.iter().map(|(lot, _)| self.lots.id(lot)).collect();
        let ids = ids.ok_or_else(|| unknown("").while_doing(DOING))?;
        let read = match self.read_ahead.take().filter(|ahead| ahead.has(&ids, needs)) {
            Some(ahead) => ahead.read,
            None => self.step(DOING, read(&connection, &ids, needs)).await?,
        };
        let now = self.given_now().unwrap_or(read.now);
        let facts = read.facts(&ids, needs).map_err(|trouble| trouble.while_doing(DOING))?;
        Ok((facts, Timestamp::from_micros(now)))
    }

    /// As [`parkpro_domain::protocol::Transaction::ahead`].
    pub(crate) async fn count_ahead(
        &mut self,
        lot: &LotId,
        ticket: TicketId,
        turn: Turn,
    ) -> Result<i64, PortError> {
        const DOING: &str = "counting who waits ahead";
        let connection = self.connection()?;
        let id = self.lots.id(lot).ok_or_else(|| unknown(lot.as_str()).while_doing(DOING))?;
        let count = async {
            let parameters: [&dyn Parameter; 4] = [&id, &turn.0, &ticket.0, &ticket.0];
            let count = Statement::<BigInt>::new(AHEAD, &parameters).row(&connection).await?;
            Ok(count.unwrap_or(0))
        };
        self.step(DOING, count).await
    }

    /// As [`parkpro_domain::protocol::Transaction::behind`].
    pub(crate) async fn read_behind(
        &mut self,
        lot: &LotId,
        from: Turn,
    ) -> Result<Vec<(TicketId, Turn)>, PortError> {
        const DOING: &str = "reading who waits behind";
        let connection = self.connection()?;
        let id = self.lots.id(lot).ok_or_else(|| unknown(lot.as_str()).while_doing(DOING))?;
        let behind = async {
            let rows = Statement::<(SqlUuid, BigInt)>::new(BEHIND, &[&id, &from.0]).rows(&connection);
            let rows: Vec<(Uuid, i64)> = rows.await?;
            Ok(rows.into_iter().map(|(id, turn)| (TicketId(id), Turn(turn))).collect())
        };
        self.step(DOING, behind).await
    }
}

pub(crate) fn unknown(lot: &str) -> Trouble {
    Nonsense { table: "lots", row: lot.to_owned(), column: "id" }.into()
}

/// What was read with the message that locked lots.
pub(crate) struct ReadAhead {
    /// What was expected to be needed of them, and of others that were asked for.
    pub(crate) needs: Vec<(LotId, Needs)>,
    /// Those that were locked. What was read of others may be old.
    pub(crate) held: BTreeSet<i64>,
    pub(crate) read: Read,
}

impl ReadAhead {
    /// Whether it is all that is needed of these lots.
    fn has(&self, ids: &[i64], needs: &[(LotId, Needs)]) -> bool {
        !needs.is_empty()
            && ids.iter().all(|id| self.held.contains(id))
            && needs.iter().all(|needed| self.needs.contains(needed))
    }
}

/// Reads, after the statement that locks these lots, what will be needed of them; nothing if there are none.
pub(crate) async fn ahead(
    connection: &AsyncPgConnection,
    ids: &[i64],
    needs: &[(LotId, Needs)],
) -> Result<Option<Read>, Trouble> {
    if ids.is_empty() { Ok(None) } else { read(connection, ids, needs).await.map(Some) }
}

/// What was read of all lots.
pub(crate) struct Read {
    now: i64,
    lots: Vec<(LotRow, CountsRow)>,
    plates: Vec<Found>,
    tickets: Vec<Found>,
    labels: Vec<SlotRow>,
    occupants: Vec<Occupant>,
    free: Vec<SlotRow>,
    heads: Vec<TicketRow>,
}

async fn read(
    connection: &AsyncPgConnection,
    ids: &[i64],
    needs: &[(LotId, Needs)],
) -> Result<Read, Trouble> {
    let of = || ids.iter().copied().zip(needs.iter().map(|(_, needs)| needs));
    let ((now, lots), plates, tickets, labels, occupants, free, heads) = tokio::try_join!(
        biased;
        lots(connection, ids),
        plates(connection, of()),
        tickets(connection, pairs(of(), |needs| needs.tickets.iter().map(|ticket| ticket.0))),
        labels(connection, pairs(of(), |needs| needs.labels.iter().map(SlotLabel::as_str))),
        occupants(connection, pairs(of(), |needs| needs.occupants.iter().map(SlotLabel::as_str))),
        free(connection, pairs(of(), |needs| Some(needs.free_slots).filter(|most| *most > 0))),
        heads(connection, pairs(of(), |needs| Some(needs.heads).filter(|most| *most > 0))),
    )?;
    Ok(Read { now, lots, plates, tickets, labels, occupants, free, heads })
}

/// Lots beside what is looked for in them, as two columns.
fn pairs<'n, T, I: IntoIterator<Item = T>>(
    needs: impl Iterator<Item = (i64, &'n Needs)>,
    wanted: impl Fn(&'n Needs) -> I,
) -> (Vec<i64>, Vec<T>) {
    needs.flat_map(|(lot, needs)| wanted(needs).into_iter().map(move |one| (lot, one))).unzip()
}

/// What time it is, and lots with what is in them.
async fn lots(
    connection: &AsyncPgConnection,
    ids: &[i64],
) -> Result<(i64, Vec<(LotRow, CountsRow)>), Trouble> {
    if ids.is_empty() {
        let now = Statement::<BigInt>::new(CLOCK, &[]).row(connection).await?;
        return Ok((now.unwrap_or_default(), Vec::new()));
    }
    let rows = Statement::<(BigInt, LotColumns, CountColumns)>::new(LOTS, &[&ids]).rows(connection);
    let rows: Vec<(i64, LotRow, CountsRow)> = rows.await?;
    let now = rows.iter().map(|(now, ..)| *now).max().unwrap_or_default();
    Ok((now, rows.into_iter().map(|(_, lot, counts)| (lot, counts)).collect()))
}

async fn plates(
    connection: &AsyncPgConnection,
    needs: impl Iterator<Item = (i64, &Needs)>,
) -> Result<Vec<Found>, Trouble> {
    let wanted = needs.flat_map(|(lot, needs)| {
        let come = needs.plates.iter().map(|plate| (plate, false));
        let go = needs.leaving.iter().map(|plate| (plate, true));
        come.chain(go).map(move |(plate, leaves)| (lot, plate.as_str(), leaves))
    });
    let (lots, plates, leaves): (Vec<i64>, Vec<&str>, Vec<bool>) = wanted.collect();
    if plates.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Statement::<FoundColumns>::new(PLATES, &[&lots, &plates, &leaves]).rows(connection).await?)
}

async fn tickets(
    connection: &AsyncPgConnection,
    (lots, tickets): (Vec<i64>, Vec<Uuid>),
) -> Result<Vec<Found>, Trouble> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Statement::<FoundColumns>::new(TICKETS, &[&lots, &tickets]).rows(connection).await?)
}

async fn labels(
    connection: &AsyncPgConnection,
    (lots, labels): (Vec<i64>, Vec<&str>),
) -> Result<Vec<SlotRow>, Trouble> {
    if labels.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Statement::<SlotColumns>::new(LABELS, &[&lots, &labels]).rows(connection).await?)
}

type OccupantColumns = (SlotColumns, Nullable<TicketColumns>);
/// A slot, and the ticket of the vehicle in it.
type Occupant = (SlotRow, Option<TicketRow>);

async fn occupants(
    connection: &AsyncPgConnection,
    (lots, labels): (Vec<i64>, Vec<&str>),
) -> Result<Vec<Occupant>, Trouble> {
    if labels.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Statement::<OccupantColumns>::new(OCCUPANTS, &[&lots, &labels]).rows(connection).await?)
}

async fn free(
    connection: &AsyncPgConnection,
    (lots, most): (Vec<i64>, Vec<i64>),
) -> Result<Vec<SlotRow>, Trouble> {
    if lots.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Statement::<SlotColumns>::new(FREE, &[&lots, &most]).rows(connection).await?)
}

async fn heads(
    connection: &AsyncPgConnection,
    (lots, most): (Vec<i64>, Vec<i64>),
) -> Result<Vec<TicketRow>, Trouble> {
    if lots.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Statement::<TicketColumns>::new(HEADS, &[&lots, &most]).rows(connection).await?)
}

impl Read {
    /// Sorted by lot.
    fn facts(self, ids: &[i64], needs: &[(LotId, Needs)]) -> Result<Vec<Facts>, Trouble> {
        let mut facts: HashMap<i64, Facts> = HashMap::new();
        for (row, counts) in self.lots {
            let (id, lot) = (row.id, row.lot()?);
            let tally = counts.tally(&lot.id)?;
            facts.insert(id, Facts::of(lot, tally));
        }
        for slot in self.labels.into_iter().chain(self.free) {
            if let Some(facts) = facts.get_mut(&slot.lot_id) {
                facts.know_slot(slot.slot()?);
            }
        }
        let names: HashMap<i64, &LotId> = ids.iter().copied().zip(needs.iter().map(|(lot, _)| lot)).collect();
        for (wanted_in, ticket, slot) in self.plates.into_iter().chain(self.tickets) {
            if let (Some(facts), Some(lot)) = (facts.get_mut(&wanted_in), names.get(&wanted_in)) {
                know(facts, lot, wanted_in, ticket, slot)?;
            }
        }
        for (slot, ticket) in self.occupants {
            let id = slot.lot_id;
            if let (Some(facts), Some(lot)) = (facts.get_mut(&id), names.get(&id)) {
                let ticket = ticket.map(|ticket| ticket.ticket(lot, Some(&slot.label))).transpose()?;
                facts.know_slot(slot.slot()?);
                if let Some(ticket) = ticket {
                    facts.know_ticket(ticket);
                }
            }
        }
        for ticket in self.heads {
            if let (Some(facts), Some(lot)) = (facts.get_mut(&ticket.lot_id), names.get(&ticket.lot_id)) {
                facts.know_ticket(ticket.ticket(lot, None)?);
            }
        }
        let facts =
            ids.iter().zip(needs).map(|(id, (lot, _))| facts.remove(id).ok_or_else(|| unknown(lot.as_str())));
        facts.collect()
    }
}

fn know(
    facts: &mut Facts,
    lot: &LotId,
    wanted_in: i64,
    ticket: TicketRow,
    slot: Option<SlotRow>,
) -> Result<(), Nonsense> {
    if ticket.lot_id != wanted_in {
        let plate = Plate::stored("", &ticket.plate_key);
        facts.know_open_elsewhere(plate.key().clone(), TicketId(ticket.id));
        return Ok(());
    }
    let ticket = ticket.ticket(lot, slot.as_ref().map(|slot| slot.label.as_str()))?;
    // The slot of a vehicle that is in it is known, because it is free when the vehicle leaves.
    if let Some(slot) = slot.filter(|_| ticket.status().is_open()) {
        facts.know_slot(slot.slot()?);
    }
    facts.know_ticket(ticket);
    Ok(())
}
