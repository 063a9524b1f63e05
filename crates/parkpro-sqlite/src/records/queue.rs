//! The waiting queue.

use diesel::{
    connection::DefaultLoadingMode,
    prelude::*,
    sql_types::{BigInt, Binary},
    sqlite::SqliteConnection,
};
use parkpro_domain::{
    lot::{LotId, Version},
    ports::{Place, QueueCursor, QueueSnapshot, WaitingPage},
    ticket::TicketId,
};

use super::rows;
use crate::{
    fault::Failure,
    lots::lot,
    rows::{TicketRow, member},
    schema::{lots, tickets},
    statement::{Behind, UpTo, Waiting},
};

pub(super) fn page(
    connection: &mut SqliteConnection,
    id: &LotId,
    after: Option<QueueCursor>,
    limit: u32,
) -> Result<Option<WaitingPage>, Failure> {
    let Some((number, lot)) = lot(connection, id)? else { return Ok(None) };
    let mut ahead = 0;
    let mut chosen = tickets::table
        .filter(tickets::lot_id.eq(number))
        .filter(Waiting)
        .order((tickets::turn, tickets::id))
        .select(TicketRow::as_select())
        .into_boxed();
    if let Some(QueueCursor { turn, ticket }) = &after {
        let id = ticket.0.as_bytes().as_slice();
        ahead = waiting_up_to(connection, number, turn.0, id)?;
        let place = (turn.0.into_sql::<BigInt>(), id.into_sql::<Binary>());
        chosen = chosen.filter(Behind((tickets::turn, tickets::id), place));
    }
    let page = chosen
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
    let position = waiting_up_to(connection, lot, turn, ticket.0.as_bytes())?;
    Ok(Some(Place { position, version: Version(version) }))
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
        .map(|row| Ok(member(row?)?));
    let members = members.collect::<Result<_, Failure>>()?;
    Ok(Some(QueueSnapshot { lot: lot.id, epoch, version: lot.version, members }))
}

fn waiting_up_to(connection: &mut SqliteConnection, lot: i64, turn: i64, id: &[u8]) -> Result<i64, Failure> {
    let place = (turn.into_sql::<BigInt>(), id.into_sql::<Binary>());
    Ok(tickets::table
        .filter(tickets::lot_id.eq(lot))
        .filter(Waiting)
        .filter(UpTo((tickets::turn, tickets::id), place))
        .count()
        .get_result(connection)?)
}
