//! Lots and their journals.

use diesel::{
    connection::DefaultLoadingMode,
    dsl::not,
    prelude::*,
    sql_types::{BigInt, Integer},
    sqlite::SqliteConnection,
};
use parkpro_domain::{
    event::Entry,
    lot::{LotId, Version},
    ports::{JournalCursor, LotView},
};

use super::rows;
use crate::{
    fault::{Failure, Nonsense},
    lots::{counts, lot},
    rows::{EntryRow, LotRow},
    schema::{journal, lots},
    statement::Behind,
};

pub(super) fn view(connection: &mut SqliteConnection, id: &LotId) -> Result<Option<LotView>, Failure> {
    let Some((number, lot)) = lot(connection, id)? else { return Ok(None) };
    Ok(Some(LotView { lot, tally: counts(connection, number)? }))
}

pub(super) fn page(
    connection: &mut SqliteConnection,
    after: Option<&LotId>,
    limit: u32,
) -> Result<Vec<LotView>, Failure> {
    let page = lots::table
        .filter(lots::slug.gt(after.map_or("", LotId::as_str)))
        .filter(not(lots::retired))
        .order(lots::slug)
        .select(LotRow::as_select())
        .load_iter::<LotRow, DefaultLoadingMode>(connection)?
        .take(rows(limit))
        .collect::<QueryResult<Vec<_>>>()?;
    page.into_iter().map(|row| Ok(LotView { lot: row.lot()?, tally: counts(connection, row.id)? })).collect()
}

pub(super) fn versions(connection: &mut SqliteConnection) -> Result<Vec<(LotId, Version)>, Failure> {
    let versions = lots::table
        .filter(not(lots::retired))
        .select((lots::id, lots::slug, lots::version))
        .load::<(i64, String, i64)>(connection)?;
    let named = |(id, slug, version): (i64, String, i64)| {
        let nonsense = |_wrong| Nonsense { table: "lots", row: id.to_string(), column: "slug" };
        Ok((LotId::parse(&slug).map_err(nonsense)?, Version(version)))
    };
    versions.into_iter().map(named).collect()
}

pub(super) fn journal(
    connection: &mut SqliteConnection,
    id: &LotId,
    after: JournalCursor,
    limit: u32,
) -> Result<Option<Vec<Entry>>, Failure> {
    let Some((number, _)) = lot(connection, id)? else { return Ok(None) };
    let place = (after.version.0.into_sql::<BigInt>(), after.n.into_sql::<Integer>());
    let entries = journal::table
        .filter(journal::lot_id.eq(number))
        .filter(Behind((journal::version, journal::n), place))
        .order((journal::version, journal::n))
        .select(EntryRow::as_select())
        .load_iter::<EntryRow, DefaultLoadingMode>(connection)?
        .take(rows(limit))
        .map(|row| Ok(row?.entry(id.clone())?));
    entries.collect::<Result<_, Failure>>().map(Some)
}
