//! Tariffs, what was published of them, and the stays that some of them add up.

use diesel::{
    deserialize::Queryable,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::AsyncPgConnection;
use parkpro_domain::{
    lot::LotId,
    ports::PortError,
    protocol::EARLIER_STAYS,
    tariff::{DocumentText, EarlierStay, Published, Series, TariffId, TariffVersion},
    time::Timestamp,
    vehicle::{Plate, PlateKey},
};

use crate::{
    facts::unknown,
    fault::{Nonsense, Trouble},
    statement::{Parameter, Statement},
    transaction::PgTransaction,
};

/// The newest version of the tariff `t`.
macro_rules! newest {
    () => {
        " LEFT JOIN LATERAL (SELECT number, document, published_at FROM tariff_versions \
            WHERE tariff_id = t.id ORDER BY number DESC LIMIT 1) v ON true "
    };
}

pub(crate) const SERIES: &str = concat!(
    "SELECT t.id, t.revision, t.draft, v.number, v.document, v.published_at FROM tariffs t",
    newest!(),
    "WHERE t.id = $1"
);

pub(crate) const PAGE: &str = concat!(
    "SELECT t.id, t.revision, t.draft, v.number, v.document, v.published_at FROM tariffs t",
    newest!(),
    "WHERE t.id > $1 AND (t.draft IS NOT NULL OR v.number IS NOT NULL) ORDER BY t.id LIMIT $2"
);

pub(crate) const VERSIONS: &str = "SELECT number, document, published_at FROM tariff_versions \
     WHERE tariff_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3";

pub(crate) const VERSION: &str =
    "SELECT number, document, published_at FROM tariff_versions WHERE tariff_id = $1 AND number = $2";

pub(crate) const DOCUMENTS: &str = "SELECT v.tariff_id, v.number, v.document \
     FROM unnest($1, $2) AS wanted (tariff_id, number) CROSS JOIN LATERAL \
     (SELECT * FROM tariff_versions WHERE tariff_id = wanted.tariff_id AND number = wanted.number LIMIT 1) v";

/// Stays of a plate follow each other, so the last numbers are the last to have ended.
pub(crate) const EARLIER: &str = "SELECT wanted.plate_key, t.parked_at, t.ended_at \
     FROM unnest($1) AS wanted (plate_key) CROSS JOIN LATERAL \
     (SELECT parked_at, ended_at FROM tickets WHERE lot_id = $2 \
        AND plate_key BETWEEN wanted.plate_key AND wanted.plate_key AND status = 'departed' AND ended_at > $3 \
      ORDER BY plate_key DESC, number DESC LIMIT $4) t";

const PUT: &str = "INSERT INTO tariffs (id, revision, draft) VALUES ($1, $2, $3) \
     ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, draft = excluded.draft";

const PUBLISH: &str =
    "INSERT INTO tariff_versions (tariff_id, number, document, published_at) VALUES ($1, $2, $3, $4)";

type SeriesColumns = (Text, BigInt, Nullable<Text>, Nullable<BigInt>, Nullable<Text>, Nullable<BigInt>);

#[derive(Debug, Queryable)]
struct SeriesRow {
    id: String,
    revision: i64,
    draft: Option<String>,
    number: Option<i64>,
    document: Option<String>,
    published_at: Option<i64>,
}

impl SeriesRow {
    fn series(self) -> Result<Series, Nonsense> {
        let newest = self.number.zip(self.document).zip(self.published_at);
        Ok(Series {
            id: tariff_id(&self.id)?,
            revision: self.revision,
            draft: self.draft.map(DocumentText::new),
            newest: newest.map(|((number, document), at)| published((number, document, at))),
        })
    }
}

type PublishedColumns = (BigInt, Text, BigInt);
type PublishedRow = (i64, String, i64);

fn published((number, document, at): PublishedRow) -> Published {
    Published { number, document: DocumentText::new(document), at: Timestamp::from_micros(at) }
}

fn tariff_id(slug: &str) -> Result<TariffId, Nonsense> {
    TariffId::parse(slug).map_err(|_why| Nonsense { table: "tariffs", row: slug.to_owned(), column: "id" })
}

/// A tariff, also if there is nothing in it any more.
pub(crate) async fn series(
    connection: &AsyncPgConnection,
    tariff: &TariffId,
) -> Result<Option<Series>, Trouble> {
    let parameters: [&dyn Parameter; 1] = [&tariff.as_str()];
    let row: Option<SeriesRow> = Statement::<SeriesColumns>::new(SERIES, &parameters).row(connection).await?;
    Ok(row.map(SeriesRow::series).transpose()?)
}

/// Tariffs that are there, by id.
pub(crate) async fn page(
    connection: &AsyncPgConnection,
    after: Option<&TariffId>,
    limit: u32,
) -> Result<Vec<Series>, Trouble> {
    let after = after.map_or("", TariffId::as_str);
    let parameters: [&dyn Parameter; 2] = [&after, &i64::from(limit)];
    let rows = Statement::<SeriesColumns>::new(PAGE, &parameters).rows(connection);
    let rows: Vec<SeriesRow> = rows.await?;
    rows.into_iter().map(|row| Ok(row.series()?)).collect()
}

/// What was published of a tariff, newest first, before a number.
pub(crate) async fn versions(
    connection: &AsyncPgConnection,
    tariff: &TariffId,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Published>, Trouble> {
    let before = before.unwrap_or(i64::MAX);
    let parameters: [&dyn Parameter; 3] = [&tariff.as_str(), &before, &i64::from(limit)];
    let rows = Statement::<PublishedColumns>::new(VERSIONS, &parameters).rows(connection);
    let rows: Vec<PublishedRow> = rows.await?;
    Ok(rows.into_iter().map(published).collect())
}

/// One state of a tariff.
pub(crate) async fn version(
    connection: &AsyncPgConnection,
    version: &TariffVersion,
) -> Result<Option<Published>, Trouble> {
    let parameters: [&dyn Parameter; 2] = [&version.tariff.as_str(), &version.number];
    let row = Statement::<PublishedColumns>::new(VERSION, &parameters).row(connection);
    let row: Option<PublishedRow> = row.await?;
    Ok(row.map(published))
}

impl PgTransaction {
    /// As [`parkpro_domain::protocol::Transaction::documents`].
    pub(crate) async fn read_documents(
        &mut self,
        versions: &[&TariffVersion],
    ) -> Result<Vec<(TariffVersion, DocumentText)>, PortError> {
        let connection = self.connection()?;
        let tariffs: Vec<&str> = versions.iter().map(|version| version.tariff.as_str()).collect();
        let numbers: Vec<i64> = versions.iter().map(|version| version.number).collect();
        let documents = async {
            let parameters: [&dyn Parameter; 2] = [&tariffs, &numbers];
            let rows = Statement::<(Text, BigInt, Text)>::new(DOCUMENTS, &parameters).rows(&connection);
            let rows: Vec<(String, i64, String)> = rows.await?;
            let document = |(tariff, number, document): (String, i64, String)| {
                let version = TariffVersion { tariff: tariff_id(&tariff)?, number };
                Ok((version, DocumentText::new(document)))
            };
            rows.into_iter().map(document).collect()
        };
        self.step("reading tariffs", documents).await
    }

    /// As [`parkpro_domain::protocol::Transaction::earlier_stays`].
    pub(crate) async fn read_earlier_stays(
        &mut self,
        lot: &LotId,
        plates: &[PlateKey],
        since: Timestamp,
    ) -> Result<Vec<(PlateKey, EarlierStay)>, PortError> {
        const DOING: &str = "reading earlier stays";
        let connection = self.connection()?;
        let id = self.lots.id(lot).ok_or_else(|| unknown(lot.as_str()).while_doing(DOING))?;
        let keys: Vec<&str> = plates.iter().map(PlateKey::as_str).collect();
        let most = i64::from(EARLIER_STAYS);
        let stays = async {
            let parameters: [&dyn Parameter; 4] = [&keys, &id, &since.micros(), &most];
            let rows = Statement::<(Text, BigInt, BigInt)>::new(EARLIER, &parameters).rows(&connection);
            let rows: Vec<(String, i64, i64)> = rows.await?;
            let stay = |(key, from, to): (String, i64, i64)| {
                let [from, to] = [from, to].map(Timestamp::from_micros);
                (Plate::stored("", &key).key().clone(), EarlierStay { from, to })
            };
            Ok(rows.into_iter().map(stay).collect())
        };
        self.step(DOING, stays).await
    }

    /// As [`parkpro_domain::protocol::Transaction::series`].
    pub(crate) async fn read_series(&mut self, tariff: &TariffId) -> Result<Option<Series>, PortError> {
        let connection = self.connection()?;
        self.step("reading a tariff", series(&connection, tariff)).await
    }

    /// As [`parkpro_domain::protocol::Transaction::write_series`].
    pub(crate) async fn put_series(
        &mut self,
        series: &Series,
        published: Option<&Published>,
    ) -> Result<(), PortError> {
        let connection = self.connection()?;
        let put = async {
            let draft = series.draft.as_ref().map(DocumentText::as_str);
            let parameters: [&dyn Parameter; 3] = [&series.id.as_str(), &series.revision, &draft];
            Statement::<()>::new(PUT, &parameters).touched(&connection).await?;
            if let Some(Published { number, document, at }) = published {
                let parameters: [&dyn Parameter; 4] =
                    [&series.id.as_str(), number, &document.as_str(), &at.micros()];
                Statement::<()>::new(PUBLISH, &parameters).touched(&connection).await?;
            }
            Ok(())
        };
        self.step("writing a tariff", put).await
    }
}
