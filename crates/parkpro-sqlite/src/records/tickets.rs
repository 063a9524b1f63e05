//! Tickets.

use diesel::{connection::DefaultLoadingMode, prelude::*, sqlite::SqliteConnection};
use parkpro_domain::{
    lot::LotId,
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
    let Some((number, _)) = lot(connection, id)? else { return Ok(None) };
    let mut chosen = berthed_tickets()
        .filter(tickets::lot_id.eq(number))
        .order(tickets::number.desc())
        .select((TicketRow::as_select(), slots::label.nullable()))
        .into_boxed();
    if let Some(before) = before {
        chosen = chosen.filter(tickets::number.lt(before.0));
    }
    // Tickets arrive in the order of their numbers, so a span of time is a span of numbers.
    if let Some(from) = filter.from {
        let Some(first) = first_since(connection, number, from)? else { return Ok(Some(Vec::new())) };
        chosen = chosen.filter(tickets::number.ge(first));
    }
    if let Some(to) = filter.to {
        let Some(last) = last_before(connection, number, to)? else { return Ok(Some(Vec::new())) };
        chosen = chosen.filter(tickets::number.le(last));
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

fn first_since(connection: &mut SqliteConnection, lot: i64, from: Timestamp) -> Result<Option<i64>, Failure> {
    let mut numbers = tickets::table
        .filter(tickets::lot_id.eq(lot))
        .filter(tickets::arrived_at.ge(from.micros()))
        .order(tickets::arrived_at)
        .select(tickets::number)
        .load_iter::<i64, DefaultLoadingMode>(connection)?;
    Ok(numbers.next().transpose()?)
}

fn last_before(connection: &mut SqliteConnection, lot: i64, to: Timestamp) -> Result<Option<i64>, Failure> {
    let mut numbers = tickets::table
        .filter(tickets::lot_id.eq(lot))
        .filter(tickets::arrived_at.lt(to.micros()))
        .order(tickets::arrived_at.desc())
        .select(tickets::number)
        .load_iter::<i64, DefaultLoadingMode>(connection)?;
    Ok(numbers.next().transpose()?)
}
