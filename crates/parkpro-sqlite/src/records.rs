//! Reading the record.

mod lots;
#[cfg(test)]
mod plans;
mod queue;
mod slots;
mod tickets;

use async_trait::async_trait;
use parkpro_domain::{
    discount::{Discount, DiscountCode},
    event::Entry,
    lot::{LotId, Version},
    ports::{
        JournalCursor, LotView, Place, PlateHistory, PortError, QueueCursor, QueueSnapshot, Records,
        SlotCursor, SlotFilter, TicketFilter, TicketView, WaitingPage,
    },
    slot::{Slot, SlotLabel},
    tariff::{Published, Series, TariffId, TariffVersion},
    ticket::{Ticket, TicketId, TicketNumber},
};

use crate::{SqliteRecord, discounts, tariffs};

#[async_trait]
impl Records for SqliteRecord {
    async fn epoch(&self) -> Result<String, PortError> {
        Ok(self.epoch.clone())
    }

    async fn ready(&self) -> Result<(), PortError> {
        self.writer.check().await
    }

    async fn lots(&self, after: Option<LotId>, limit: u32) -> Result<Vec<LotView>, PortError> {
        self.readers.read("reading lots", move |c| lots::page(c, after.as_ref(), limit)).await
    }

    async fn lot(&self, lot: LotId) -> Result<Option<LotView>, PortError> {
        self.readers.read("reading a lot", move |c| lots::view(c, &lot)).await
    }

    async fn versions(&self) -> Result<Vec<(LotId, Version)>, PortError> {
        self.readers.read("reading the versions of lots", lots::versions).await
    }

    async fn slots(
        &self,
        lot: LotId,
        filter: SlotFilter,
        after: Option<SlotCursor>,
        limit: u32,
    ) -> Result<Option<Vec<Slot>>, PortError> {
        let read = move |c: &mut _| slots::page(c, &lot, &filter, after.as_ref(), limit);
        self.readers.read("reading slots", read).await
    }

    async fn slot(&self, lot: LotId, label: SlotLabel) -> Result<Option<Slot>, PortError> {
        self.readers.read("reading a slot", move |c| slots::slot(c, &lot, &label)).await
    }

    async fn ticket(&self, ticket: TicketId) -> Result<Option<TicketView>, PortError> {
        self.readers.read("reading a ticket", move |c| tickets::view(c, ticket)).await
    }

    async fn plates(&self, ticket: TicketId) -> Result<Option<PlateHistory>, PortError> {
        self.readers.read("reading the plates of a ticket", move |c| tickets::plates(c, ticket)).await
    }

    async fn tickets(
        &self,
        lot: LotId,
        filter: TicketFilter,
        before: Option<TicketNumber>,
        limit: u32,
    ) -> Result<Option<Vec<Ticket>>, PortError> {
        let read = move |c: &mut _| tickets::page(c, &lot, &filter, before, limit);
        self.readers.read("reading tickets", read).await
    }

    async fn waiting(
        &self,
        lot: LotId,
        after: Option<QueueCursor>,
        limit: u32,
    ) -> Result<Option<WaitingPage>, PortError> {
        self.readers.read("reading a queue", move |c| queue::page(c, &lot, after, limit)).await
    }

    async fn position(&self, ticket: TicketId) -> Result<Option<Place>, PortError> {
        self.readers.read("reading a place in a queue", move |c| queue::place(c, ticket)).await
    }

    async fn snapshot(&self, lot: LotId) -> Result<Option<QueueSnapshot>, PortError> {
        let epoch = self.epoch.clone();
        self.readers.read("reading a whole queue", move |c| queue::snapshot(c, &lot, epoch)).await
    }

    async fn journal(
        &self,
        lot: LotId,
        after: JournalCursor,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>, PortError> {
        self.readers.read("reading a journal", move |c| lots::journal(c, &lot, after, limit)).await
    }

    async fn discounts(
        &self,
        lot: LotId,
        after: Option<DiscountCode>,
        limit: u32,
    ) -> Result<Option<Vec<Discount>>, PortError> {
        let read = move |c: &mut _| discounts::page(c, &lot, after.as_ref(), limit);
        self.readers.read("reading discounts", read).await
    }

    async fn discount(&self, lot: LotId, code: DiscountCode) -> Result<Option<Discount>, PortError> {
        self.readers.read("reading a discount", move |c| discounts::discount(c, &lot, &code)).await
    }

    async fn tariffs(&self, after: Option<TariffId>, limit: u32) -> Result<Vec<Series>, PortError> {
        self.readers.read("reading tariffs", move |c| tariffs::page(c, after.as_ref(), limit)).await
    }

    async fn tariff(&self, tariff: TariffId) -> Result<Option<Series>, PortError> {
        let series = self.readers.read("reading a tariff", move |c| tariffs::series(c, &tariff)).await?;
        Ok(series.filter(Series::is_there))
    }

    async fn tariff_versions(
        &self,
        tariff: TariffId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Published>, PortError> {
        let read = move |c: &mut _| tariffs::versions(c, &tariff, before, limit);
        self.readers.read("reading the versions of a tariff", read).await
    }

    async fn tariff_version(&self, version: TariffVersion) -> Result<Option<Published>, PortError> {
        self.readers.read("reading a version of a tariff", move |c| tariffs::version(c, &version)).await
    }
}

/// How many rows of a page are taken.
pub(crate) fn rows(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
