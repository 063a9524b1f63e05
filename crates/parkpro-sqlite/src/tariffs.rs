//! Tariffs, what was published of them, and the stays that some of them add up.

use diesel::{connection::DefaultLoadingMode, prelude::*, sqlite::SqliteConnection};
use parkpro_domain::{
    lot::LotId,
    protocol::EARLIER_STAYS,
    tariff::{DocumentText, EarlierStay, Published, Series, TariffId, TariffVersion},
    time::Timestamp,
    vehicle::PlateKey,
};

use crate::{
    fault::{Failure, Nonsense},
    schema::{tariff_versions, tariffs, tickets},
    statement::PutTariff,
    transaction::SqliteTransaction,
};

/// A row of `tariffs`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tariffs)]
struct TariffRow {
    id: String,
    revision: i64,
    draft: Option<String>,
}

/// A row of `tariff_versions`, without its tariff.
#[derive(Queryable, Selectable)]
#[diesel(table_name = tariff_versions)]
struct VersionRow {
    number: i64,
    document: String,
    published_at: i64,
}

impl From<VersionRow> for Published {
    fn from(row: VersionRow) -> Self {
        let at = Timestamp::from_micros(row.published_at);
        Self { number: row.number, document: DocumentText::new(row.document), at }
    }
}

impl TariffRow {
    fn series(self, newest: Option<Published>) -> Result<Series, Nonsense> {
        let id = TariffId::parse(&self.id);
        Ok(Series {
            id: id.map_err(|_wrong| Nonsense { table: "tariffs", row: self.id.clone(), column: "id" })?,
            revision: self.revision,
            draft: self.draft.map(DocumentText::new),
            newest,
        })
    }
}

/// A tariff, also if there is nothing in it any more.
pub(crate) fn series(connection: &mut SqliteConnection, id: &TariffId) -> Result<Option<Series>, Failure> {
    let row = tariffs::table
        .filter(tariffs::id.eq(id.as_str()))
        .select(TariffRow::as_select())
        .get_result(connection)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let newest = versions(connection, id, None, 1)?.pop();
    Ok(Some(row.series(newest)?))
}

/// Tariffs that are there, by id.
pub(crate) fn page(
    connection: &mut SqliteConnection,
    after: Option<&TariffId>,
    limit: u32,
) -> Result<Vec<Series>, Failure> {
    let mut page = Vec::new();
    let mut after = after.map_or("", TariffId::as_str).to_owned();
    let limit = super::records::rows(limit);
    while page.len() < limit {
        // Few have nothing in them, so hardly ever is another part of the list read.
        let part = tariffs::table
            .filter(tariffs::id.gt(&after))
            .order(tariffs::id)
            .select(TariffRow::as_select())
            .load_iter::<TariffRow, DefaultLoadingMode>(connection)?
            .take(limit)
            .collect::<QueryResult<Vec<_>>>()?;
        let Some(last) = part.last() else { break };
        after.clone_from(&last.id);
        for row in part {
            let series = row.series(None)?;
            let newest = versions(connection, &series.id, None, 1)?.pop();
            page.push(Series { newest, ..series });
        }
        page.retain(Series::is_there);
    }
    page.truncate(limit);
    Ok(page)
}

/// What was published of a tariff, newest first, before a number.
pub(crate) fn versions(
    connection: &mut SqliteConnection,
    id: &TariffId,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Published>, Failure> {
    let rows = tariff_versions::table
        .filter(tariff_versions::tariff_id.eq(id.as_str()))
        .filter(tariff_versions::number.lt(before.unwrap_or(i64::MAX)))
        .order(tariff_versions::number.desc())
        .select(VersionRow::as_select())
        .load_iter::<VersionRow, DefaultLoadingMode>(connection)?;
    Ok(rows
        .take(super::records::rows(limit))
        .map(|row| row.map(Published::from))
        .collect::<QueryResult<_>>()?)
}

/// One state of a tariff.
pub(crate) fn version(
    connection: &mut SqliteConnection,
    version: &TariffVersion,
) -> Result<Option<Published>, Failure> {
    let row = tariff_versions::table
        .filter(tariff_versions::tariff_id.eq(version.tariff.as_str()))
        .filter(tariff_versions::number.eq(version.number))
        .select(VersionRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(Published::from))
}

/// Each is read once in the life of the program, so one statement for each will do.
pub(crate) fn documents(
    connection: &mut SqliteConnection,
    versions: &[&TariffVersion],
) -> Result<Vec<(TariffVersion, DocumentText)>, Failure> {
    let mut documents = Vec::with_capacity(versions.len());
    for wanted in versions {
        let found = version(connection, wanted)?;
        documents.extend(found.map(|published| ((*wanted).clone(), published.document)));
    }
    Ok(documents)
}

impl SqliteTransaction {
    pub(crate) fn put_series(
        &mut self,
        series: &Series,
        published: Option<&Published>,
    ) -> Result<(), Failure> {
        let draft = series.draft.as_ref().map(DocumentText::as_str);
        self.one(PutTariff { id: series.id.as_str(), revision: series.revision, draft })?;
        if let Some(Published { number, document, at }) = published {
            diesel::insert_into(tariff_versions::table)
                .values((
                    tariff_versions::tariff_id.eq(series.id.as_str()),
                    tariff_versions::number.eq(number),
                    tariff_versions::document.eq(document.as_str()),
                    tariff_versions::published_at.eq(at.micros()),
                ))
                .execute(&mut self.connection)?;
        }
        Ok(())
    }

    pub(crate) fn earlier_stays_of(
        &mut self,
        lot: &LotId,
        plates: &[PlateKey],
        since: Timestamp,
    ) -> Result<Vec<(PlateKey, EarlierStay)>, Failure> {
        let number = self.number_of(lot)?.ok_or(diesel::NotFound)?;
        let mut stays = Vec::new();
        for plate in plates {
            stays
                .extend(self.earlier_stays_of_plate(number, plate, since)?.map(|stay| (plate.clone(), stay)));
        }
        Ok(stays)
    }

    /// By number, which is nearly the order in which they ended: a ticket may have got its plate later.
    fn earlier_stays_of_plate(
        &mut self,
        lot: i64,
        plate: &PlateKey,
        since: Timestamp,
    ) -> Result<impl Iterator<Item = EarlierStay>, Failure> {
        let rows = tickets::table
            .filter(tickets::lot_id.eq(lot))
            .filter(tickets::plate_key.eq(plate.as_str()))
            .filter(tickets::status.eq("departed"))
            .filter(tickets::ended_at.gt(since.micros()))
            .order(tickets::number.desc())
            .select((tickets::parked_at.assume_not_null(), tickets::ended_at.assume_not_null()))
            .load_iter::<(i64, i64), DefaultLoadingMode>(&mut self.connection)?;
        let rows: Vec<(i64, i64)> =
            rows.take(super::records::rows(EARLIER_STAYS)).collect::<QueryResult<_>>()?;
        let stay = |(from, to)| {
            let [from, to] = [from, to].map(Timestamp::from_micros);
            EarlierStay { from, to }
        };
        Ok(rows.into_iter().map(stay))
    }
}
