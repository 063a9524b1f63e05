//! Reading a lot and what is counted in it, for the writer and for the readers.

use diesel::{dsl::not, prelude::*, sqlite::SqliteConnection};
use parkpro_domain::lot::{Lot, LotId, Tally};

use crate::{
    fault::Failure,
    rows::{LotRow, SlotCountRow, WaitingCountRow, tally},
    schema::{lots, slot_counts, waiting_counts},
};

/// A lot that is there, and the number by which the tables name it.
pub(crate) fn lot(connection: &mut SqliteConnection, lot: &LotId) -> Result<Option<(i64, Lot)>, Failure> {
    let row = lots::table
        .filter(lots::slug.eq(lot.as_str()))
        .filter(not(lots::retired))
        .select(LotRow::as_select())
        .get_result(connection)
        .optional()?;
    row.map(|row| Ok((row.id, row.lot()?))).transpose()
}

/// A lot, there or removed.
pub(crate) fn lot_numbered(connection: &mut SqliteConnection, number: i64) -> Result<Lot, Failure> {
    let row = lots::table.filter(lots::id.eq(number)).select(LotRow::as_select()).get_result(connection)?;
    Ok(row.lot()?)
}

/// What is in a lot.
pub(crate) fn counts(connection: &mut SqliteConnection, lot: i64) -> Result<Tally, Failure> {
    let slots = slot_counts::table
        .filter(slot_counts::lot_id.eq(lot))
        .select(SlotCountRow::as_select())
        .load(connection)?;
    let waiting = waiting_counts::table
        .filter(waiting_counts::lot_id.eq(lot))
        .select(WaitingCountRow::as_select())
        .load(connection)?;
    Ok(tally(&slots, &waiting)?)
}
