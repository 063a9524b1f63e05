//! Slots.

use diesel::{
    connection::DefaultLoadingMode,
    dsl::not,
    prelude::*,
    sql_types::{Integer, Text},
    sqlite::SqliteConnection,
};
use parkpro_domain::{
    lot::LotId,
    ports::{SlotCursor, SlotFilter},
    slot::{Slot, SlotLabel, SlotStatus},
};

use super::rows;
use crate::{
    fault::Failure,
    lots::{counts, lot},
    rows::SlotRow,
    schema::slots,
    statement::{BEFORE_ALL, Behind, FreeSlots},
};

pub(super) fn slot(
    connection: &mut SqliteConnection,
    id: &LotId,
    label: &SlotLabel,
) -> Result<Option<Slot>, Failure> {
    let Some((number, _)) = lot(connection, id)? else { return Ok(None) };
    let row = slots::table
        .filter(slots::lot_id.eq(number))
        .filter(slots::label.eq(label.as_str()))
        .filter(not(slots::retired))
        .select(SlotRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(SlotRow::slot).transpose()?)
}

pub(super) fn page(
    connection: &mut SqliteConnection,
    id: &LotId,
    filter: &SlotFilter,
    after: Option<&SlotCursor>,
    limit: u32,
) -> Result<Option<Vec<Slot>>, Failure> {
    let Some((number, _)) = lot(connection, id)? else { return Ok(None) };
    let mut chosen = slots::table
        .filter(slots::lot_id.eq(number))
        .filter(not(slots::retired))
        .order((slots::rank, slots::label))
        .select(SlotRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        let place = (after.rank.into_sql::<Integer>(), after.label.as_str().into_sql::<Text>());
        chosen = chosen.filter(Behind((slots::rank, slots::label), place));
    }
    if let Some(level) = &filter.level {
        chosen = chosen.filter(slots::level.eq(level.as_str()));
    }
    if filter.accepts.is_some() || filter.feature.is_some() {
        chosen = chosen.filter(slots::accepts.eq_any(kinds_of(connection, number, filter)?));
    }
    if let Some(status) = filter.status {
        let (empty, in_service) = match status {
            SlotStatus::Available => return available(connection, number, filter, after, limit).map(Some),
            SlotStatus::Occupied => (false, true),
            SlotStatus::OutOfService => (true, false),
            SlotStatus::Draining => (false, false),
        };
        chosen = chosen.filter(slots::in_service.eq(in_service));
        chosen = if empty {
            chosen.filter(slots::ticket_id.is_null())
        } else {
            chosen.filter(slots::ticket_id.is_not_null())
        };
    }
    let page = chosen
        .load_iter::<SlotRow, DefaultLoadingMode>(connection)?
        .take(rows(limit))
        .map(|row| Ok(row?.slot()?));
    page.collect::<Result<_, Failure>>().map(Some)
}

/// The first of every kind, and of these the first: a full lot of a million slots is not searched.
fn available(
    connection: &mut SqliteConnection,
    lot: i64,
    filter: &SlotFilter,
    after: Option<&SlotCursor>,
    limit: u32,
) -> Result<Vec<Slot>, Failure> {
    let after = after.map_or(BEFORE_ALL, |after| (after.rank, after.label.as_str()));
    let mut found = Vec::new();
    for accepts in kinds_of(connection, lot, filter)? {
        let free = FreeSlots { lot, accepts: &accepts, after };
        let free = free.load_iter::<SlotRow, DefaultLoadingMode>(connection)?;
        let slots = free.map(|row| Ok::<_, Failure>(row?.slot()?));
        let wanted = slots.filter(|slot| slot.as_ref().map_or(true, |slot| filter.includes(slot)));
        for slot in wanted.take(rows(limit)) {
            found.push(slot?);
        }
    }
    found.sort_by(|one, other| (one.rank, &one.label).cmp(&(other.rank, &other.label)));
    found.truncate(rows(limit));
    Ok(found)
}

/// What slots accept that the filter may include.
fn kinds_of(
    connection: &mut SqliteConnection,
    lot: i64,
    filter: &SlotFilter,
) -> Result<Vec<String>, Failure> {
    let kinds = counts(connection, lot)?.slots.into_keys();
    let included = kinds.filter(|accepts| filter.includes_kind(accepts));
    Ok(included.map(|accepts| accepts.as_str().to_owned()).collect())
}
