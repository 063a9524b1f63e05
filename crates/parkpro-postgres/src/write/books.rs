//! Writing the books: where lots are in their history, what was counted, what happened, and what was answered.

use diesel::sql_types::BigInt;
use diesel_async::AsyncPgConnection;
use parkpro_domain::{
    event::{Entry, Stored},
    facts::Changes,
    lot::{Lot, SlotCount},
    ports::{Key, Reply},
    slot::Accepts,
};
use uuid::Uuid;

use super::{Of, all};
use crate::{
    claim::columns,
    fault::Trouble,
    statement::{Parameter, Statement},
};

/// One statement, because every statement has its price whether it writes one row or a hundred. Says how many rows it
/// touched.
pub(crate) const KEEP: &str = "WITH \
     moved AS (UPDATE lots SET version = new.version, last_at = new.last_at, \
         next_number = new.next_number, next_admission = new.next_admission, next_slot = new.next_slot \
       FROM unnest($1, $2, $3, $4, $5, $6) \
         AS new (id, version, last_at, next_number, next_admission, next_slot) \
       WHERE lots.id = new.id RETURNING 1), \
     counted AS (INSERT INTO slot_counts (lot_id, accepts, capacity, occupied, out_of_service) \
       SELECT * FROM unnest($7, $8, $9, $10, $11) \
       ON CONFLICT (lot_id, accepts) DO UPDATE SET capacity = excluded.capacity, \
         occupied = excluded.occupied, out_of_service = excluded.out_of_service RETURNING 1), \
     queued AS (INSERT INTO waiting_counts (lot_id, class, priority, waiting) \
       SELECT * FROM unnest($12, $13, $14, $15) \
       ON CONFLICT (lot_id, class, priority) DO UPDATE SET waiting = excluded.waiting RETURNING 1), \
     told AS (INSERT INTO journal (lot_id, version, n, kind, ticket_id, slot_id, actor, at, data) \
       SELECT * FROM unnest($16, $17, $18, $19, $20, $21, $22, $23, $24) RETURNING 1), \
     answered AS (UPDATE idempotency \
       SET status = new.status, location = new.location, etag = new.etag, body = new.body \
       FROM unnest($25, $26, $27, $28, $29, $30) AS new (principal, key, status, location, etag, body) \
       WHERE idempotency.principal = new.principal AND idempotency.key = new.key RETURNING 1) \
     SELECT (SELECT count(*) FROM moved) + (SELECT count(*) FROM counted) + (SELECT count(*) FROM queued) \
       + (SELECT count(*) FROM told) + (SELECT count(*) FROM answered)";

pub(super) async fn keep(
    connection: &AsyncPgConnection,
    changes: &[Of<'_, Changes>],
    replies: &[(&Key, &Reply)],
) -> Result<(), Trouble> {
    let moves = Moves::of(changes);
    let counts = Counts::of(changes);
    let queues = Queues::of(changes);
    let journal = Journal::of(&all(changes, |change| &change.journal));
    let answers = Answers::of(replies);
    let parameters: Vec<&dyn Parameter> = moves
        .parameters()
        .into_iter()
        .chain(counts.parameters())
        .chain(queues.parameters())
        .chain(journal.parameters())
        .chain(answers.parameters())
        .collect();
    let rows =
        moves.ids.len() + counts.lots.len() + queues.lots.len() + journal.lots.len() + answers.names.len();
    let touched: Option<i64> = Statement::<BigInt>::new(KEEP, &parameters).row(connection).await?;
    let touched = touched.and_then(|touched| usize::try_from(touched).ok()).unwrap_or(0);
    if touched == rows { Ok(()) } else { Err(Trouble::Missed { table: "the books", rows, touched }) }
}

/// Lots that were there before, and where they are now.
struct Moves {
    ids: Vec<i64>,
    versions: Vec<i64>,
    last_at: Vec<i64>,
    numbers: Vec<i64>,
    admissions: Vec<i64>,
    slots: Vec<i64>,
}

impl Moves {
    fn of(changes: &[Of<'_, Changes>]) -> Self {
        let old = || changes.iter().filter(|(_, change)| !change.opened);
        let column = |of: fn(&Lot) -> i64| old().map(|(_, change)| of(&change.lot)).collect();
        Self {
            ids: old().map(|(id, _)| *id).collect(),
            versions: column(|lot| lot.version.0),
            last_at: column(|lot| lot.last_at.micros()),
            numbers: column(|lot| lot.next_number.0),
            admissions: column(|lot| lot.next_admission),
            slots: column(|lot| lot.next_slot),
        }
    }

    fn parameters(&self) -> [&dyn Parameter; 6] {
        [&self.ids, &self.versions, &self.last_at, &self.numbers, &self.admissions, &self.slots]
    }
}

/// Slots by what they accept.
struct Counts<'c> {
    lots: Vec<i64>,
    accepts: Vec<&'c str>,
    capacity: Vec<i64>,
    occupied: Vec<i64>,
    out_of_service: Vec<i64>,
}

impl<'c> Counts<'c> {
    fn of(changes: &[Of<'c, Changes>]) -> Self {
        let rows: Vec<(i64, &'c Accepts, &'c SlotCount)> = changes
            .iter()
            .flat_map(|(lot, change)| {
                change.tally.slots.iter().map(|(accepts, count)| (*lot, accepts, count))
            })
            .collect();
        Self {
            lots: rows.iter().map(|(lot, ..)| *lot).collect(),
            accepts: rows.iter().map(|(_, accepts, _)| accepts.as_str()).collect(),
            capacity: rows.iter().map(|(.., count)| count.capacity).collect(),
            occupied: rows.iter().map(|(.., count)| count.occupied).collect(),
            out_of_service: rows.iter().map(|(.., count)| count.out_of_service).collect(),
        }
    }

    fn parameters(&self) -> [&dyn Parameter; 5] {
        [&self.lots, &self.accepts, &self.capacity, &self.occupied, &self.out_of_service]
    }
}

/// Who waits, by demand and priority.
struct Queues<'c> {
    lots: Vec<i64>,
    classes: Vec<&'c str>,
    priorities: Vec<&'c str>,
    waiting: Vec<i64>,
}

impl<'c> Queues<'c> {
    fn of(changes: &[Of<'c, Changes>]) -> Self {
        let rows = || {
            changes.iter().flat_map(|(lot, change)| {
                change.tally.waiting.iter().map(|(kind, count)| (*lot, kind, *count))
            })
        };
        Self {
            lots: rows().map(|(lot, ..)| lot).collect(),
            classes: rows().map(|(_, (demand, _), _)| demand.as_str()).collect(),
            priorities: rows().map(|(_, (_, priority), _)| priority.as_str()).collect(),
            waiting: rows().map(|(.., count)| count).collect(),
        }
    }

    fn parameters(&self) -> [&dyn Parameter; 4] {
        [&self.lots, &self.classes, &self.priorities, &self.waiting]
    }
}

/// What happened.
struct Journal<'c> {
    lots: Vec<i64>,
    versions: Vec<i64>,
    places: Vec<i32>,
    kinds: Vec<String>,
    tickets: Vec<Option<Uuid>>,
    slots: Vec<Option<i64>>,
    actors: Vec<&'c str>,
    instants: Vec<i64>,
    data: Vec<String>,
}

impl<'c> Journal<'c> {
    fn of(entries: &[Of<'c, Entry>]) -> Self {
        let mut journal = Self {
            lots: entries.iter().map(|(lot, _)| *lot).collect(),
            versions: entries.iter().map(|(_, entry)| entry.version.0).collect(),
            places: entries.iter().map(|(_, entry)| entry.n).collect(),
            kinds: Vec::with_capacity(entries.len()),
            tickets: Vec::with_capacity(entries.len()),
            slots: Vec::with_capacity(entries.len()),
            actors: entries.iter().map(|(_, entry)| entry.actor.0.as_str()).collect(),
            instants: entries.iter().map(|(_, entry)| entry.at.micros()).collect(),
            data: Vec::with_capacity(entries.len()),
        };
        for (_, entry) in entries {
            let Stored { kind, ticket, slot, data } = entry.event.to_stored();
            journal.kinds.push(kind);
            journal.tickets.push(ticket.map(|id| id.0));
            journal.slots.push(slot.map(|id| id.0));
            journal.data.push(data);
        }
        journal
    }

    fn parameters(&self) -> [&dyn Parameter; 9] {
        [
            &self.lots,
            &self.versions,
            &self.places,
            &self.kinds,
            &self.tickets,
            &self.slots,
            &self.actors,
            &self.instants,
            &self.data,
        ]
    }
}

/// What was answered, under the keys that were claimed.
struct Answers<'c> {
    principals: Vec<&'c str>,
    names: Vec<&'c str>,
    statuses: Vec<i16>,
    locations: Vec<Option<&'c str>>,
    etags: Vec<Option<&'c str>>,
    bodies: Vec<&'c [u8]>,
}

impl<'c> Answers<'c> {
    fn of(replies: &[(&'c Key, &'c Reply)]) -> Self {
        let keys: Vec<&Key> = replies.iter().map(|(key, _)| *key).collect();
        let (principals, names) = columns(&keys);
        let status = |reply: &Reply| i16::try_from(reply.status).unwrap_or(i16::MAX);
        Self {
            principals,
            names,
            statuses: replies.iter().map(|(_, reply)| status(reply)).collect(),
            locations: replies.iter().map(|(_, reply)| reply.location.as_deref()).collect(),
            etags: replies.iter().map(|(_, reply)| reply.etag.as_deref()).collect(),
            bodies: replies.iter().map(|(_, reply)| reply.body.as_slice()).collect(),
        }
    }

    fn parameters(&self) -> [&dyn Parameter; 6] {
        [&self.principals, &self.names, &self.statuses, &self.locations, &self.etags, &self.bodies]
    }
}
