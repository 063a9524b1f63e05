//! The waiting queue.

use diesel::{connection::DefaultLoadingMode, prelude::*, sqlite::SqliteConnection};
use parkpro_domain::{
    lot::{LotId, Version},
    ports::{Place, QueueSnapshot, WaitingPage},
    ticket::{TicketId, Turn},
};

use super::rows;
use crate::{
    fault::{Failure, Nonsense},
    lots::lot,
    rows::{TicketRow, ticket_id},
    schema::{lots, tickets},
    statement::Waiting,
};

pub(super) fn page(
    connection: &mut SqliteConnection,
    id: &LotId,
    after: Option<Turn>,
    limit: u32,
) -> Result<Option<WaitingPage>, Failure> {
    let Some((number, lot)) = lot(connection, id)? else { return Ok(None) };
    // Turns are never negative.
    let after = after.map_or(-1, |turn| turn.0);
    let ahead = if after < 0 { 0 } else { waiting_before(connection, number, after + 1)? };
    let page = tickets::table
        .filter(tickets::lot_id.eq(number))
        .filter(Waiting)
        .filter(tickets::turn.gt(after))
        .order(tickets::turn)
        .select(TicketRow::as_select())
        .load_iter::<TicketRow, DefaultLoadingMode>(connection)?
        .take(rows(limit))
        .map(|row| Ok(row?.ticket(id.clone(), None)?));
    let tickets = page.collect::<Result<_, Failure>>()?;
    Ok(Some(WaitingPage { lot, ahead, tickets }))
}

pub(super) fn place(connection: &mut SqliteConnection, ticket: TicketId) -> Result<Option<Place>, Failure> {
    let found = tickets::table
        .inner_join(lots::table.on(lots::id.eq(tickets::lot_id)))
        .filter(tickets::id.eq(ticket.0.as_bytes().as_slice()))
        .filter(Waiting)
        .select((tickets::lot_id, tickets::turn, lots::version))
        .get_result::<(i64, i64, i64)>(connection)
        .optional()?;
    let Some((lot, turn, version)) = found else { return Ok(None) };
    let ahead = waiting_before(connection, lot, turn)?;
    Ok(Some(Place { position: ahead + 1, version: Version(version) }))
}

pub(super) fn snapshot(
    connection: &mut SqliteConnection,
    id: &LotId,
    epoch: String,
) -> Result<Option<QueueSnapshot>, Failure> {
    let Some((number, lot)) = lot(connection, id)? else { return Ok(None) };
    let members = tickets::table
        .filter(tickets::lot_id.eq(number))
        .filter(Waiting)
        .select((tickets::id, tickets::turn))
        .load_iter::<(Vec<u8>, i64), DefaultLoadingMode>(connection)?
        .map(|row| {
            let (id, turn) = row?;
            let nonsense = |_wrong| Nonsense { table: "tickets", row: format!("{id:02x?}"), column: "id" };
            Ok((ticket_id(&id).map_err(nonsense)?, Turn(turn)))
        });
    let members = members.collect::<Result<_, Failure>>()?;
    Ok(Some(QueueSnapshot { lot: lot.id, epoch, version: lot.version, members }))
}

fn waiting_before(connection: &mut SqliteConnection, lot: i64, turn: i64) -> Result<i64, Failure> {
    Ok(tickets::table
        .filter(tickets::lot_id.eq(lot))
        .filter(Waiting)
        .filter(tickets::turn.lt(turn))
        .count()
        .get_result(connection)?)
}
