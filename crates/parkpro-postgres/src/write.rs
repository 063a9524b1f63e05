//! Writing what was decided: a statement for each kind of row, all in one round trip.

pub(crate) mod slots;
pub(crate) mod tickets;

use diesel::sql_types::BigInt;
use diesel_async::AsyncPgConnection;
use parkpro_domain::{
    event::{Entry, Event, Stored},
    facts::Changes,
    lot::Lot,
    ports::{Key, PortError, Reply},
};
use uuid::Uuid;

use crate::{
    claim::columns,
    fault::Trouble,
    statement::{Parameter, Statement},
    transaction::PgTransaction,
};

/// The next number of a lot is safe, because whoever opens one is alone.
const OPEN_LOT: &str = "INSERT INTO lots (id, slug, name, time_zone, currency, accepting, queue_limit, priorities, \
       revision, retired, version, last_at, next_number, next_admission, next_slot) \
     SELECT coalesce((SELECT max(id) FROM lots), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 \
     RETURNING id";

pub(crate) const MOVE_LOTS: &str = "UPDATE lots SET version = new.version, last_at = new.last_at, \
       next_number = new.next_number, next_admission = new.next_admission, next_slot = new.next_slot \
     FROM unnest($1, $2, $3, $4, $5, $6) \
       AS new (id, version, last_at, next_number, next_admission, next_slot) \
     WHERE lots.id = new.id";

const CHANGE_LOTS: &str = "UPDATE lots SET name = new.name, time_zone = new.time_zone, accepting = new.accepting, \
       queue_limit = new.queue_limit, priorities = new.priorities, revision = new.revision, retired = new.retired \
     FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) \
       AS new (id, name, time_zone, accepting, queue_limit, priorities, revision, retired) \
     WHERE lots.id = new.id";

pub(crate) const COUNT_SLOTS: &str = "INSERT INTO slot_counts (lot_id, accepts, capacity, occupied, out_of_service) \
     SELECT * FROM unnest($1, $2, $3, $4, $5) \
     ON CONFLICT (lot_id, accepts) DO UPDATE SET capacity = excluded.capacity, occupied = excluded.occupied, \
       out_of_service = excluded.out_of_service";

pub(crate) const COUNT_WAITING: &str = "INSERT INTO waiting_counts (lot_id, class, priority, waiting) \
     SELECT * FROM unnest($1, $2, $3, $4) \
     ON CONFLICT (lot_id, class, priority) DO UPDATE SET waiting = excluded.waiting";

pub(crate) const JOURNAL: &str = "INSERT INTO journal (lot_id, version, n, kind, ticket_id, slot_id, actor, at, data) \
     SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(crate) const KEEP: &str = "UPDATE idempotency \
     SET status = new.status, location = new.location, etag = new.etag, body = new.body \
     FROM unnest($1, $2, $3, $4, $5, $6) AS new (principal, key, status, location, etag, body) \
     WHERE idempotency.principal = new.principal AND idempotency.key = new.key";

/// A row's lot beside what is to be written.
pub(crate) type Of<'c, T> = (i64, &'c T);

impl PgTransaction {
    /// As [`parkpro_domain::protocol::Transaction::write`].
    pub(crate) async fn write_changes(
        &mut self,
        changes: &[Changes],
        replies: &[(&Key, &Reply)],
    ) -> Result<(), PortError> {
        const DOING: &str = "writing what was decided";
        if changes.is_empty() && replies.is_empty() {
            return Ok(());
        }
        let connection = self.connection()?;
        let mut placed = Vec::with_capacity(changes.len());
        for change in changes {
            let id = match self.lots.id(&change.lot.id) {
                Some(id) if !change.opened => id,
                _ => {
                    let id = self.step(DOING, open(&connection, &change.lot)).await?;
                    // Not learned: it may still be rolled back.
                    id
                }
            };
            placed.push((id, change));
        }
        self.step(DOING, write(&connection, &placed, replies)).await
    }
}

async fn write(
    connection: &AsyncPgConnection,
    changes: &[Of<'_, Changes>],
    replies: &[(&Key, &Reply)],
) -> Result<(), Trouble> {
    tokio::try_join!(
        biased;
        move_lots(connection, changes),
        change_lots(connection, changes),
        count_slots(connection, changes),
        count_waiting(connection, changes),
        slots::add(connection, all(changes, |change| &change.new_slots)),
        tickets::update(connection, all(changes, |change| &change.ended)),
        tickets::update(connection, all(changes, |change| &change.moved)),
        tickets::amend(connection, amended(changes)),
        tickets::add(connection, all(changes, |change| &change.new_tickets)),
        slots::occupy(connection, changes),
        slots::change(connection, changes),
        journal(connection, all(changes, |change| &change.journal)),
        keep(connection, replies),
    )?;
    Ok(())
}

/// All rows of a kind, each with its lot.
fn all<'c, T>(changes: &[Of<'c, Changes>], rows: impl Fn(&'c Changes) -> &'c Vec<T>) -> Vec<Of<'c, T>> {
    changes.iter().flat_map(|(lot, change)| rows(change).iter().map(move |row| (*lot, row))).collect()
}

/// Tickets whose plate or priority was corrected.
fn amended<'c>(changes: &[Of<'c, Changes>]) -> Vec<Of<'c, parkpro_domain::ticket::Ticket>> {
    let mut amended = Vec::new();
    for (lot, change) in changes {
        let corrected = change.journal.iter().filter_map(|entry| match entry.event {
            Event::PlateCorrected(ticket) | Event::PriorityChanged { ticket, .. } => Some(ticket.id),
            _ => None,
        });
        let corrected: std::collections::HashSet<_> = corrected.collect();
        let old = change.ended.iter().chain(&change.moved).filter(|ticket| corrected.contains(&ticket.id));
        amended.extend(old.map(|ticket| (*lot, ticket)));
    }
    amended
}

/// Runs a statement that must touch so many rows of a table.
pub(crate) async fn touch(
    connection: &AsyncPgConnection,
    table: &'static str,
    rows: usize,
    text: &str,
    parameters: &[&dyn Parameter],
) -> Result<(), Trouble> {
    let touched = Statement::<()>::new(text, parameters).touched(connection).await?;
    if touched == rows { Ok(()) } else { Err(Trouble::Missed { table, rows, touched }) }
}

async fn open(connection: &AsyncPgConnection, lot: &Lot) -> Result<i64, Trouble> {
    let priorities = lot.priorities.to_string();
    let id = Statement::<BigInt>::new(
        OPEN_LOT,
        &[
            &lot.id.as_str(),
            &lot.name.as_str(),
            &lot.zone.name(),
            &lot.currency.code(),
            &lot.accepting,
            &limit(lot),
            &priorities.as_str(),
            &lot.revision,
            &lot.retired,
            &lot.version.0,
            &lot.last_at.micros(),
            &lot.next_number.0,
            &lot.next_admission,
            &lot.next_slot,
        ],
    )
    .row(connection);
    id.await?.ok_or(Trouble::Missed { table: "lots", rows: 1, touched: 0 })
}

fn limit(lot: &Lot) -> Option<i32> {
    lot.queue_limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX))
}

async fn move_lots(connection: &AsyncPgConnection, changes: &[Of<'_, Changes>]) -> Result<(), Trouble> {
    let lots: Vec<Of<'_, Lot>> =
        changes.iter().filter(|(_, change)| !change.opened).map(|(id, change)| (*id, &change.lot)).collect();
    if lots.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&Lot) -> i64| -> Vec<i64> { lots.iter().map(|(_, lot)| of(lot)).collect() };
    let ids: Vec<i64> = lots.iter().map(|(id, _)| *id).collect();
    let parameters: [&dyn Parameter; 6] = [
        &ids,
        &column(|lot| lot.version.0),
        &column(|lot| lot.last_at.micros()),
        &column(|lot| lot.next_number.0),
        &column(|lot| lot.next_admission),
        &column(|lot| lot.next_slot),
    ];
    touch(connection, "lots", lots.len(), MOVE_LOTS, &parameters).await
}

/// Settings of lots, where they changed.
async fn change_lots(connection: &AsyncPgConnection, changes: &[Of<'_, Changes>]) -> Result<(), Trouble> {
    let changed = |change: &Changes| {
        let settings = |entry: &Entry| matches!(entry.event, Event::LotChanged | Event::LotRemoved);
        !change.opened && change.journal.iter().any(settings)
    };
    let lots: Vec<Of<'_, Lot>> =
        changes.iter().filter(|(_, change)| changed(change)).map(|(id, change)| (*id, &change.lot)).collect();
    if lots.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = lots.iter().map(|(id, _)| *id).collect();
    let names: Vec<&str> = lots.iter().map(|(_, lot)| lot.name.as_str()).collect();
    let zones: Vec<&str> = lots.iter().map(|(_, lot)| lot.zone.name()).collect();
    let accepting: Vec<bool> = lots.iter().map(|(_, lot)| lot.accepting).collect();
    let limits: Vec<Option<i32>> = lots.iter().map(|(_, lot)| limit(lot)).collect();
    let priorities: Vec<String> = lots.iter().map(|(_, lot)| lot.priorities.to_string()).collect();
    let revisions: Vec<i64> = lots.iter().map(|(_, lot)| lot.revision).collect();
    let retired: Vec<bool> = lots.iter().map(|(_, lot)| lot.retired).collect();
    let parameters: [&dyn Parameter; 8] =
        [&ids, &names, &zones, &accepting, &limits, &priorities, &revisions, &retired];
    touch(connection, "lots", lots.len(), CHANGE_LOTS, &parameters).await
}

async fn count_slots(connection: &AsyncPgConnection, changes: &[Of<'_, Changes>]) -> Result<(), Trouble> {
    let counts: Vec<_> = changes
        .iter()
        .flat_map(|(lot, change)| {
            change.tally.slots.iter().map(move |(accepts, count)| (*lot, accepts, count))
        })
        .collect();
    if counts.is_empty() {
        return Ok(());
    }
    let lots: Vec<i64> = counts.iter().map(|(lot, ..)| *lot).collect();
    let accepts: Vec<&str> = counts.iter().map(|(_, accepts, _)| accepts.as_str()).collect();
    let capacity: Vec<i64> = counts.iter().map(|(.., count)| count.capacity).collect();
    let occupied: Vec<i64> = counts.iter().map(|(.., count)| count.occupied).collect();
    let out: Vec<i64> = counts.iter().map(|(.., count)| count.out_of_service).collect();
    let parameters: [&dyn Parameter; 5] = [&lots, &accepts, &capacity, &occupied, &out];
    touch(connection, "slot_counts", counts.len(), COUNT_SLOTS, &parameters).await
}

async fn count_waiting(connection: &AsyncPgConnection, changes: &[Of<'_, Changes>]) -> Result<(), Trouble> {
    let counts: Vec<_> = changes
        .iter()
        .flat_map(|(lot, change)| change.tally.waiting.iter().map(move |(kind, count)| (*lot, kind, *count)))
        .collect();
    if counts.is_empty() {
        return Ok(());
    }
    let lots: Vec<i64> = counts.iter().map(|(lot, ..)| *lot).collect();
    let classes: Vec<&str> = counts.iter().map(|(_, (class, _), _)| class.as_str()).collect();
    let priorities: Vec<&str> = counts.iter().map(|(_, (_, priority), _)| priority.as_str()).collect();
    let waiting: Vec<i64> = counts.iter().map(|(.., count)| *count).collect();
    let parameters: [&dyn Parameter; 4] = [&lots, &classes, &priorities, &waiting];
    touch(connection, "waiting_counts", counts.len(), COUNT_WAITING, &parameters).await
}

async fn journal(connection: &AsyncPgConnection, entries: Vec<Of<'_, Entry>>) -> Result<(), Trouble> {
    if entries.is_empty() {
        return Ok(());
    }
    let stored: Vec<Stored> = entries.iter().map(|(_, entry)| entry.event.to_stored()).collect();
    let lots: Vec<i64> = entries.iter().map(|(lot, _)| *lot).collect();
    let versions: Vec<i64> = entries.iter().map(|(_, entry)| entry.version.0).collect();
    let places: Vec<i32> = entries.iter().map(|(_, entry)| entry.n).collect();
    let kinds: Vec<&str> = stored.iter().map(|stored| stored.kind.as_str()).collect();
    let tickets: Vec<Option<Uuid>> = stored.iter().map(|stored| stored.ticket.map(|id| id.0)).collect();
    let slots: Vec<Option<i64>> = stored.iter().map(|stored| stored.slot.map(|id| id.0)).collect();
    let actors: Vec<&str> = entries.iter().map(|(_, entry)| entry.actor.0.as_str()).collect();
    let instants: Vec<i64> = entries.iter().map(|(_, entry)| entry.at.micros()).collect();
    let data: Vec<&str> = stored.iter().map(|stored| stored.data.as_str()).collect();
    let parameters: [&dyn Parameter; 9] =
        [&lots, &versions, &places, &kinds, &tickets, &slots, &actors, &instants, &data];
    touch(connection, "journal", entries.len(), JOURNAL, &parameters).await
}

/// Keeps the replies under their keys.
async fn keep(connection: &AsyncPgConnection, replies: &[(&Key, &Reply)]) -> Result<(), Trouble> {
    if replies.is_empty() {
        return Ok(());
    }
    let keys: Vec<&Key> = replies.iter().map(|(key, _)| *key).collect();
    let (principals, names) = columns(&keys);
    let status = |reply: &Reply| i16::try_from(reply.status).unwrap_or(i16::MAX);
    let statuses: Vec<i16> = replies.iter().map(|(_, reply)| status(reply)).collect();
    let locations: Vec<Option<&str>> = replies.iter().map(|(_, reply)| reply.location.as_deref()).collect();
    let etags: Vec<Option<&str>> = replies.iter().map(|(_, reply)| reply.etag.as_deref()).collect();
    let bodies: Vec<&[u8]> = replies.iter().map(|(_, reply)| reply.body.as_slice()).collect();
    let parameters: [&dyn Parameter; 6] = [&principals, &names, &statuses, &locations, &etags, &bodies];
    touch(connection, "idempotency", replies.len(), KEEP, &parameters).await
}
