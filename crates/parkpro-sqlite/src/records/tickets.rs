//! Tickets.

use diesel::{connection::DefaultLoadingMode, prelude::*, sqlite::SqliteConnection};
use parkpro_domain::{
    lot::{Lot, LotId},
    ports::{PlateHistory, TicketFilter, TicketView},
    ticket::{Ticket, TicketId, TicketNumber, TicketStatus},
    time::Timestamp,
};

use super::rows;
use crate::{
    fault::Failure,
    lots::{lot, lot_numbered},
    rows::{CorrectionRow, TicketRow, berthed_tickets},
    schema::{plate_corrections, slots, tickets},
    statement::{Open, Rare},
};

/// A ticket, and the label of the slot that it names.
type Labelled = (TicketRow, Option<String>);

pub(super) fn view(
    connection: &mut SqliteConnection,
    ticket: TicketId,
) -> Result<Option<TicketView>, Failure> {
    let row = berthed_tickets()
        .filter(tickets::id.eq(ticket.0.as_bytes().as_slice()))
        .select((TicketRow::as_select(), slots::label.nullable()))
        .get_result::<Labelled>(connection)
        .optional()?;
    let Some((row, label)) = row else { return Ok(None) };
    let lot = lot_numbered(connection, row.lot_id)?;
    Ok(Some(TicketView { ticket: row.ticket(lot.id.clone(), label.as_deref())?, lot }))
}

pub(super) fn plates(
    connection: &mut SqliteConnection,
    ticket: TicketId,
) -> Result<Option<PlateHistory>, Failure> {
    let Some(view) = view(connection, ticket)? else { return Ok(None) };
    let corrections = plate_corrections::table
        .filter(plate_corrections::ticket_id.eq(ticket.0.as_bytes().as_slice()))
        .order(plate_corrections::version)
        .select(CorrectionRow::as_select())
        .load_iter::<CorrectionRow, DefaultLoadingMode>(connection)?;
    let corrections = corrections.map(|row| Ok(row?.correction(ticket))).collect::<QueryResult<_>>()?;
    Ok(Some(PlateHistory { view, corrections }))
}

pub(super) fn page(
    connection: &mut SqliteConnection,
    id: &LotId,
    filter: &TicketFilter,
    before: Option<TicketNumber>,
    limit: u32,
) -> Result<Option<Vec<Ticket>>, Failure> {
    let Some((number, Lot { next_number: next, .. })) = lot(connection, id)? else { return Ok(None) };
    let mut chosen = berthed_tickets()
        .filter(tickets::lot_id.eq(number))
        .order(tickets::number.desc())
        .select((TicketRow::as_select(), slots::label.nullable()))
        .into_boxed();
    if let Some(before) = before {
        chosen = chosen.filter(tickets::number.lt(before.0));
    }
    if let Some(from) = filter.from {
        chosen = chosen.filter(tickets::number.ge(first_since(connection, number, next, from)?));
    }
    if let Some(to) = filter.to {
        chosen = chosen.filter(tickets::number.lt(first_since(connection, number, next, to)?));
    }
    if let Some(plate) = &filter.plate {
        chosen = chosen.filter(tickets::plate_key.eq(plate.as_str()));
    }
    if let Some(status) = filter.status {
        chosen = chosen.filter(tickets::status.eq(status.as_str()));
        chosen = match status {
            TicketStatus::Waiting | TicketStatus::Parked => chosen.filter(Open),
            TicketStatus::Withdrawn | TicketStatus::Voided => chosen.filter(Rare),
            TicketStatus::Departed => chosen,
        };
    }
    let page = chosen.load_iter::<Labelled, DefaultLoadingMode>(connection)?.take(rows(limit)).map(|row| {
        let (row, label) = row?;
        Ok(row.ticket(id.clone(), label.as_deref())?)
    });
    page.collect::<Result<_, Failure>>().map(Some)
}

/// The number of the first ticket that arrived then or later. Tickets arrive in the order of their numbers, which have no
/// gaps, so it is found by halving what is left.
fn first_since(
    connection: &mut SqliteConnection,
    lot: i64,
    next: TicketNumber,
    from: Timestamp,
) -> Result<i64, Failure> {
    let (mut low, mut high) = (1, next.0);
    while low < high {
        let middle = low + (high - low) / 2;
        let arrived_at = tickets::table
            .filter(tickets::lot_id.eq(lot))
            .filter(tickets::number.eq(middle))
            .select(tickets::arrived_at)
            .get_result::<i64>(connection)?;
        if arrived_at < from.micros() {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
