//! Writing what was decided, all in one round trip: tickets and slots in the order that their constraints ask for, and
//! the books, for which any order will do, in one statement.

pub(crate) mod books;
pub(crate) mod slots;
pub(crate) mod tickets;

use crate::{
    discounts,
    fault::Trouble,
    statement::{Parameter, Statement},
    transaction::PgTransaction,
};
use diesel::sql_types::BigInt;
use diesel_async::AsyncPgConnection;
use parkpro_domain::{
    event::{Entry, Event},
    facts::Changes,
    lot::Lot,
    ports::{Key, PortError, Reply},
};

/// The next number of a lot is safe, because whoever opens one is alone.
const OPEN_LOT: &str = "INSERT INTO lots (id, slug, name, time_zone, currency, accepting, queue_limit, priorities, \
       revision, retired, version, last_at, next_number, next_admission, next_slot, tariffs) \
     SELECT coalesce((SELECT max(id) FROM lots), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
       $15 \
     RETURNING id";

const CHANGE_LOTS: &str = "UPDATE lots SET name = new.name, time_zone = new.time_zone, accepting = new.accepting, \
       queue_limit = new.queue_limit, priorities = new.priorities, revision = new.revision, retired = new.retired, \
       tariffs = new.tariffs \
     FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) \
       AS new (id, name, time_zone, accepting, queue_limit, priorities, revision, retired, tariffs) \
     WHERE lots.id = new.id";

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
                // Not learned: it may still be rolled back.
                _ => self.step(DOING, open(&connection, &change.lot)).await?,
            };
            placed.push((id, change));
        }
        self.step(DOING, Box::pin(write(&connection, &placed, replies))).await
    }
}

async fn write(
    connection: &AsyncPgConnection,
    changes: &[Of<'_, Changes>],
    replies: &[(&Key, &Reply)],
) -> Result<(), Trouble> {
    tokio::try_join!(
        biased;
        books::keep(connection, changes, replies),
        change_lots(connection, changes),
        slots::add(connection, all(changes, |change| &change.new_slots)),
        tickets::update(connection, all(changes, |change| &change.ended)),
        tickets::update(connection, all(changes, |change| &change.moved)),
        tickets::amend(connection, all(changes, |change| &change.amended)),
        tickets::add(connection, all(changes, |change| &change.new_tickets)),
        tickets::correct(connection, all(changes, |change| &change.corrections)),
        slots::occupy(connection, changes),
        slots::change(connection, changes),
        discounts::put(connection, changes),
    )?;
    Ok(())
}

/// All rows of a kind, each with its lot.
fn all<'c, T>(changes: &[Of<'c, Changes>], rows: impl Fn(&'c Changes) -> &'c Vec<T>) -> Vec<Of<'c, T>> {
    changes.iter().flat_map(|(lot, change)| rows(change).iter().map(move |row| (*lot, row))).collect()
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
    let (priorities, tariffs) = (lot.priorities.to_string(), lot.tariffs.to_string());
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
            &tariffs.as_str(),
        ],
    )
    .row(connection);
    id.await?.ok_or(Trouble::Missed { table: "lots", rows: 1, touched: 0 })
}

fn limit(lot: &Lot) -> Option<i32> {
    lot.queue_limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX))
}

/// Settings of lots, where they changed.
async fn change_lots(connection: &AsyncPgConnection, changes: &[Of<'_, Changes>]) -> Result<(), Trouble> {
    let has_settings = |change: &Changes| {
        let settings = |entry: &Entry| {
            matches!(entry.event, Event::LotChanged | Event::LotRemoved | Event::TariffAssigned(_))
        };
        !change.opened && change.journal.iter().any(settings)
    };
    let lots: Vec<Of<'_, Lot>> = changes
        .iter()
        .filter(|(_, change)| has_settings(change))
        .map(|(id, change)| (*id, &change.lot))
        .collect();
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
    let tariffs: Vec<String> = lots.iter().map(|(_, lot)| lot.tariffs.to_string()).collect();
    let parameters: [&dyn Parameter; 9] =
        [&ids, &names, &zones, &accepting, &limits, &priorities, &revisions, &retired, &tariffs];
    touch(connection, "lots", lots.len(), CHANGE_LOTS, &parameters).await
}
