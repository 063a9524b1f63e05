//! Reading the record: the port [`Records`], each call in one state.

pub(crate) mod queries;

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use parkpro_domain::{
    demand::Feature,
    discount::{Discount, DiscountCode},
    event::{Entry, Principal},
    lot::{Lot, LotId, Version},
    ports::{
        Fault, JournalCursor, LotView, Place, PlateHistory, PortError, QueueCursor, QueueSnapshot, Records,
        SlotCursor, SlotFilter, TicketFilter, TicketView, WaitingPage,
    },
    slot::{Level, Slot, SlotLabel, SlotStatus},
    tariff::{Published, Series, TariffId, TariffVersion},
    ticket::{PlateCorrection, Ticket, TicketId, TicketNumber, TicketStatus, Turn},
    time::Timestamp,
    vehicle::{Plate, PlateKey, VehicleClass},
};
use uuid::Uuid;

use crate::{
    PgRecord, discounts, epoch,
    fault::Trouble,
    rows::{
        CountColumns, CountsRow, EntryColumns, EntryRow, LotColumns, LotRow, SlotColumns, SlotRow,
        TicketColumns, TicketRow, lot_id,
    },
    statement::{Parameter, Statement},
    tariffs,
};

#[async_trait]
impl Records for PgRecord {
    async fn epoch(&self) -> Result<String, PortError> {
        self.epoch.name(&self.reader).await
    }

    async fn ready(&self) -> Result<(), PortError> {
        const DOING: &str = "seeing whether the record can be written";
        if self.writers.is_closed() {
            return Err(PortError::new(DOING, Fault::Unavailable, "the program is ending"));
        }
        let writable = self.reader.alone(DOING, |connection| Box::pin(is_writable(connection))).await?;
        if writable {
            Ok(())
        } else {
            Err(PortError::new(DOING, Fault::Unavailable, "Postgres can only be read"))
        }
    }

    async fn lots(&self, after: Option<LotId>, limit: u32) -> Result<Vec<LotView>, PortError> {
        self.reader
            .read("reading lots", move |connection| {
                Box::pin(async move {
                    let after = after.as_ref().map_or("", LotId::as_str);
                    lot_views(connection, queries::LOTS, &[&after, &i64::from(limit)]).await
                })
            })
            .await
    }

    async fn lot(&self, lot: LotId) -> Result<Option<LotView>, PortError> {
        self.reader
            .read("reading a lot", move |connection| {
                Box::pin(async move {
                    let views = lot_views(connection, queries::LOT_VIEW, &[&lot.as_str()]).await?;
                    Ok(views.into_iter().next())
                })
            })
            .await
    }

    async fn versions(&self) -> Result<Vec<(LotId, Version)>, PortError> {
        self.reader.read("reading versions", |connection| Box::pin(versions(connection))).await
    }

    async fn slots(
        &self,
        lot: LotId,
        filter: SlotFilter,
        after: Option<SlotCursor>,
        limit: u32,
    ) -> Result<Option<Vec<Slot>>, PortError> {
        self.reader
            .read("reading slots", move |connection| {
                Box::pin(async move {
                    let (lot, rows) = tokio::try_join!(
                        biased;
                        lot_of(connection, &lot),
                        slots(connection, &lot, &filter, after.as_ref(), limit),
                    )?;
                    lot.map(|_lot| rows.into_iter().map(|row| Ok(row.slot()?)).collect()).transpose()
                })
            })
            .await
    }

    async fn slot(&self, lot: LotId, label: SlotLabel) -> Result<Option<Slot>, PortError> {
        self.reader
            .read("reading a slot", move |connection| {
                Box::pin(async move {
                    let parameters: [&dyn Parameter; 2] = [&lot.as_str(), &label.as_str()];
                    let slot = Statement::<SlotColumns>::new(queries::SLOT, &parameters);
                    let slot: Option<SlotRow> = slot.row(connection).await?;
                    Ok(slot.map(SlotRow::slot).transpose()?)
                })
            })
            .await
    }

    async fn ticket(&self, ticket: TicketId) -> Result<Option<TicketView>, PortError> {
        self.reader
            .read("reading a ticket", move |connection| Box::pin(ticket_view(connection, ticket.0)))
            .await
    }

    async fn plates(&self, ticket: TicketId) -> Result<Option<PlateHistory>, PortError> {
        self.reader
            .read("reading the plates of a ticket", move |connection| {
                Box::pin(async move {
                    let (view, corrections) = tokio::try_join!(
                        biased;
                        ticket_view(connection, ticket.0),
                        corrections(connection, ticket),
                    )?;
                    Ok(view.map(|view| PlateHistory { view, corrections }))
                })
            })
            .await
    }

    async fn tickets(
        &self,
        lot: LotId,
        filter: TicketFilter,
        before: Option<TicketNumber>,
        limit: u32,
    ) -> Result<Option<Vec<Ticket>>, PortError> {
        self.reader
            .read("reading tickets", move |connection| {
                Box::pin(async move {
                    let (known, rows) = tokio::try_join!(
                        biased;
                        lot_of(connection, &lot),
                        tickets(connection, &lot, &filter, before, limit),
                    )?;
                    let ticket = |(row, label): Labelled| Ok(row.ticket(&lot, label.as_deref())?);
                    known.map(|_lot| rows.into_iter().map(ticket).collect()).transpose()
                })
            })
            .await
    }

    async fn waiting(
        &self,
        lot: LotId,
        after: Option<QueueCursor>,
        limit: u32,
    ) -> Result<Option<WaitingPage>, PortError> {
        self.reader
            .read("reading the queue", move |connection| {
                Box::pin(async move {
                    let (known, ahead, rows) = tokio::try_join!(
                        biased;
                        lot_of(connection, &lot),
                        up_to(connection, &lot, after),
                        waiting(connection, &lot, after, limit),
                    )?;
                    let Some(known) = known else { return Ok(None) };
                    let tickets = rows.into_iter().map(|row| row.ticket(&known.id, None));
                    let tickets = tickets.collect::<Result<_, _>>()?;
                    Ok(Some(WaitingPage { lot: known, ahead, tickets }))
                })
            })
            .await
    }

    async fn position(&self, ticket: TicketId) -> Result<Option<Place>, PortError> {
        self.reader
            .read("reading a place in the queue", move |connection| {
                Box::pin(async move {
                    let parameters: [&dyn Parameter; 1] = [&ticket.0];
                    let place = Statement::<(BigInt, BigInt)>::new(queries::POSITION, &parameters);
                    let place: Option<(i64, i64)> = place.row(connection).await?;
                    Ok(place.map(|(position, version)| Place { position, version: Version(version) }))
                })
            })
            .await
    }

    async fn snapshot(&self, lot: LotId) -> Result<Option<QueueSnapshot>, PortError> {
        // The name is read together with what it is the name of.
        let epoch = self.epoch.question(&self.reader).await?;
        self.reader
            .read("reading a whole queue", move |connection| {
                Box::pin(async move {
                    let (epoch, known, members) = tokio::try_join!(
                        biased;
                        epoch::ask(connection, epoch),
                        lot_of(connection, &lot),
                        members(connection, &lot),
                    )?;
                    let members = members.into_iter().map(|(id, turn)| (TicketId(id), Turn(turn))).collect();
                    Ok(known.map(|lot| QueueSnapshot { lot: lot.id, epoch, version: lot.version, members }))
                })
            })
            .await
    }

    async fn journal(
        &self,
        lot: LotId,
        after: JournalCursor,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>, PortError> {
        self.reader
            .read("reading the journal", move |connection| {
                Box::pin(async move {
                    let (known, rows) = tokio::try_join!(
                        biased;
                        lot_of(connection, &lot),
                        journal(connection, &lot, after, limit),
                    )?;
                    let entry = |row: EntryRow| Ok(row.entry(&lot)?);
                    known.map(|_lot| rows.into_iter().map(entry).collect()).transpose()
                })
            })
            .await
    }

    async fn discounts(
        &self,
        lot: LotId,
        after: Option<DiscountCode>,
        limit: u32,
    ) -> Result<Option<Vec<Discount>>, PortError> {
        self.reader
            .read("reading discounts", move |connection| {
                Box::pin(async move {
                    let (known, page) = tokio::try_join!(
                        biased;
                        lot_of(connection, &lot),
                        discounts::page(connection, &lot, after.as_ref(), limit),
                    )?;
                    Ok(known.map(|_lot| page))
                })
            })
            .await
    }

    async fn discount(&self, lot: LotId, code: DiscountCode) -> Result<Option<Discount>, PortError> {
        self.reader
            .read("reading a discount", move |connection| {
                Box::pin(async move { discounts::one(connection, &lot, &code).await })
            })
            .await
    }

    async fn tariffs(&self, after: Option<TariffId>, limit: u32) -> Result<Vec<Series>, PortError> {
        self.reader
            .read("reading tariffs", move |connection| {
                Box::pin(async move { tariffs::page(connection, after.as_ref(), limit).await })
            })
            .await
    }

    async fn tariff(&self, tariff: TariffId) -> Result<Option<Series>, PortError> {
        let series = self
            .reader
            .read("reading a tariff", move |connection| {
                Box::pin(async move { tariffs::series(connection, &tariff).await })
            })
            .await?;
        Ok(series.filter(Series::is_there))
    }

    async fn tariff_versions(
        &self,
        tariff: TariffId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Published>, PortError> {
        self.reader
            .read("reading the versions of a tariff", move |connection| {
                Box::pin(async move { tariffs::versions(connection, &tariff, before, limit).await })
            })
            .await
    }

    async fn tariff_version(&self, version: TariffVersion) -> Result<Option<Published>, PortError> {
        self.reader
            .read("reading a version of a tariff", move |connection| {
                Box::pin(async move { tariffs::version(connection, &version).await })
            })
            .await
    }
}

/// A ticket and the label of its slot.
type Labelled = (TicketRow, Option<String>);

async fn is_writable(connection: &AsyncPgConnection) -> Result<bool, Trouble> {
    Ok(Statement::<Bool>::new(queries::IS_WRITABLE, &[]).row(connection).await?.unwrap_or(false))
}

async fn lot_of(connection: &AsyncPgConnection, lot: &LotId) -> Result<Option<Lot>, Trouble> {
    let parameters: [&dyn Parameter; 1] = [&lot.as_str()];
    let lot: Option<LotRow> = Statement::<LotColumns>::new(queries::LOT, &parameters).row(connection).await?;
    Ok(lot.map(LotRow::lot).transpose()?)
}

/// Lots with what is in them, in the order of the statement.
async fn lot_views(
    connection: &AsyncPgConnection,
    text: &str,
    parameters: &[&dyn Parameter],
) -> Result<Vec<LotView>, Trouble> {
    let rows = Statement::<(LotColumns, CountColumns)>::new(text, parameters).rows(connection);
    let rows: Vec<(LotRow, CountsRow)> = rows.await?;
    let view = |(lot, counts): (LotRow, CountsRow)| {
        let lot = lot.lot()?;
        Ok(LotView { tally: counts.tally(&lot.id)?, lot })
    };
    rows.into_iter().map(view).collect()
}

async fn versions(connection: &AsyncPgConnection) -> Result<Vec<(LotId, Version)>, Trouble> {
    let rows = Statement::<(Text, BigInt)>::new(queries::VERSIONS, &[]);
    let rows: Vec<(String, i64)> = rows.rows(connection).await?;
    rows.into_iter().map(|(slug, version)| Ok((lot_id(&slug)?, Version(version)))).collect()
}

async fn slots(
    connection: &AsyncPgConnection,
    lot: &LotId,
    filter: &SlotFilter,
    after: Option<&SlotCursor>,
    limit: u32,
) -> Result<Vec<SlotRow>, Trouble> {
    let (slug, limit) = (lot.as_str(), i64::from(limit));
    let (rank, label) = after.map_or((i32::MIN, ""), |after| (after.rank, after.label.as_str()));
    let level = filter.level.as_ref().map(Level::as_str);
    let accepts = filter.accepts.as_ref().map(VehicleClass::as_str);
    let feature = filter.feature.as_ref().map(Feature::as_str);
    let (occupied, in_service) = match filter.status {
        None => (None, None),
        Some(SlotStatus::Available) => (Some(false), Some(true)),
        Some(SlotStatus::Occupied) => (Some(true), Some(true)),
        Some(SlotStatus::OutOfService) => (Some(false), Some(false)),
        Some(SlotStatus::Draining) => (Some(true), Some(false)),
    };
    let some: [&dyn Parameter; 9] =
        [&slug, &rank, &label, &level, &accepts, &feature, &occupied, &in_service, &limit];
    let free: [&dyn Parameter; 8] = [&rank, &label, &level, &limit, &slug, &accepts, &feature, &limit];
    let page = match filter.status {
        Some(SlotStatus::Available) => Statement::<SlotColumns>::new(queries::FREE_SLOTS, &free),
        _ => Statement::<SlotColumns>::new(queries::SLOTS, &some),
    };
    Ok(page.rows(connection).await?)
}

async fn ticket_view(connection: &AsyncPgConnection, ticket: Uuid) -> Result<Option<TicketView>, Trouble> {
    type Columns = (TicketColumns, Nullable<Text>, LotColumns);
    let parameters: [&dyn Parameter; 1] = [&ticket];
    let found = Statement::<Columns>::new(queries::TICKET, &parameters);
    let found: Option<(TicketRow, Option<String>, LotRow)> = found.row(connection).await?;
    let Some((ticket, label, lot)) = found else { return Ok(None) };
    let lot = lot.lot()?;
    Ok(Some(TicketView { ticket: ticket.ticket(&lot.id, label.as_deref())?, lot }))
}

async fn corrections(
    connection: &AsyncPgConnection,
    ticket: TicketId,
) -> Result<Vec<PlateCorrection>, Trouble> {
    type Columns = (BigInt, Text, Text, BigInt, Text);
    let parameters: [&dyn Parameter; 1] = [&ticket.0];
    let rows = Statement::<Columns>::new(queries::CORRECTIONS, &parameters).rows(connection);
    let rows: Vec<(i64, String, String, i64, String)> = rows.await?;
    let correction = |(version, shown, key, at, actor): (i64, String, String, i64, String)| PlateCorrection {
        ticket,
        version: Version(version),
        at: Timestamp::from_micros(at),
        actor: Principal(actor),
        plate: Plate::stored(&shown, &key),
    };
    Ok(rows.into_iter().map(correction).collect())
}

async fn tickets(
    connection: &AsyncPgConnection,
    lot: &LotId,
    filter: &TicketFilter,
    before: Option<TicketNumber>,
    limit: u32,
) -> Result<Vec<Labelled>, Trouble> {
    let (slug, limit) = (lot.as_str(), i64::from(limit));
    let (from, to) = (filter.from.map(Timestamp::micros), filter.to.map(Timestamp::micros));
    let before = before.map_or(i64::MAX, |before| before.0);
    let status = filter.status.map(TicketStatus::as_str);
    let plate = filter.plate.as_ref().map(PlateKey::as_str);
    let text = match (filter.status, plate) {
        (_, Some(_)) => queries::TICKETS_OF_PLATE,
        (Some(TicketStatus::Waiting | TicketStatus::Parked), None) => queries::OPEN_TICKETS,
        (Some(TicketStatus::Withdrawn | TicketStatus::Voided), None) => queries::RARE_TICKETS,
        (Some(TicketStatus::Departed) | None, None) => queries::TICKETS,
    };
    let mut parameters: Vec<&dyn Parameter> = vec![&slug, &from, &to, &before];
    if plate.is_some() {
        parameters.push(&plate);
    }
    parameters.push(&status);
    parameters.push(&limit);
    Ok(Statement::<(TicketColumns, Nullable<Text>)>::new(text, &parameters).rows(connection).await?)
}

/// How many wait up to a ticket, itself included.
async fn up_to(
    connection: &AsyncPgConnection,
    lot: &LotId,
    last: Option<QueueCursor>,
) -> Result<i64, Trouble> {
    let Some(last) = last else { return Ok(0) };
    let parameters: [&dyn Parameter; 3] = [&lot.as_str(), &last.turn.0, &last.ticket.0];
    Ok(Statement::<BigInt>::new(queries::UP_TO, &parameters).row(connection).await?.unwrap_or(0))
}

async fn waiting(
    connection: &AsyncPgConnection,
    lot: &LotId,
    after: Option<QueueCursor>,
    limit: u32,
) -> Result<Vec<TicketRow>, Trouble> {
    let (turn, id) = after.map_or((i64::MIN, Uuid::nil()), |after| (after.turn.0, after.ticket.0));
    let parameters: [&dyn Parameter; 4] = [&lot.as_str(), &turn, &id, &i64::from(limit)];
    Ok(Statement::<TicketColumns>::new(queries::WAITING, &parameters).rows(connection).await?)
}

async fn members(connection: &AsyncPgConnection, lot: &LotId) -> Result<Vec<(Uuid, i64)>, Trouble> {
    let parameters: [&dyn Parameter; 1] = [&lot.as_str()];
    Ok(Statement::<(SqlUuid, BigInt)>::new(queries::MEMBERS, &parameters).rows(connection).await?)
}

async fn journal(
    connection: &AsyncPgConnection,
    lot: &LotId,
    after: JournalCursor,
    limit: u32,
) -> Result<Vec<EntryRow>, Trouble> {
    let parameters: [&dyn Parameter; 4] = [&lot.as_str(), &after.version.0, &after.n, &i64::from(limit)];
    Ok(Statement::<EntryColumns>::new(queries::JOURNAL, &parameters).rows(connection).await?)
}
