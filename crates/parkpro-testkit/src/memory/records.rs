//! Reading the record in memory.

use async_trait::async_trait;
use parkpro_domain::{
    discount::{Discount, DiscountCode},
    event::Entry,
    lot::{Lot, LotId, Version},
    ports::{
        JournalCursor, LotView, Place, PlateHistory, PortError, QueueCursor, QueueSnapshot, Records,
        SlotCursor, SlotFilter, TicketFilter, TicketView, WaitingPage,
    },
    slot::{Slot, SlotLabel},
    tariff::{Published, Series, TariffId, TariffVersion},
    ticket::{Ticket, TicketId, TicketNumber},
};

use super::{MemoryRecord, state::State};

const EPOCH: &str = "memory";

impl MemoryRecord {
    fn look<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        self.0.store.read(read)
    }

    /// Reads of a lot, if it is there.
    fn look_at<T>(&self, lot: &LotId, read: impl FnOnce(&State, &Lot) -> T) -> Option<T> {
        self.look(|state| state.lot(lot).map(|lot| read(state, lot)))
    }
}

fn view(state: &State, lot: &Lot) -> LotView {
    LotView { lot: lot.clone(), tally: state.tally(&lot.id) }
}

fn page<T>(all: impl IntoIterator<Item = T>, limit: u32) -> Vec<T> {
    all.into_iter().zip(0..limit).map(|(one, _)| one).collect()
}

fn count(all: usize) -> i64 {
    i64::try_from(all).unwrap_or(i64::MAX)
}

#[async_trait]
impl Records for MemoryRecord {
    async fn epoch(&self) -> Result<String, PortError> {
        Ok(EPOCH.to_owned())
    }

    async fn ready(&self) -> Result<(), PortError> {
        Ok(())
    }

    async fn lots(&self, after: Option<LotId>, limit: u32) -> Result<Vec<LotView>, PortError> {
        Ok(self.look(|state| {
            let there = state.lots.values().filter(|lot| !lot.retired);
            let behind = there.filter(|lot| after.as_ref().is_none_or(|after| lot.id > *after));
            page(behind.map(|lot| view(state, lot)), limit)
        }))
    }

    async fn lot(&self, lot: LotId) -> Result<Option<LotView>, PortError> {
        Ok(self.look_at(&lot, view))
    }

    async fn versions(&self) -> Result<Vec<(LotId, Version)>, PortError> {
        Ok(self.look(|state| {
            let there = state.lots.values().filter(|lot| !lot.retired);
            there.map(|lot| (lot.id.clone(), lot.version)).collect()
        }))
    }

    async fn slots(
        &self,
        lot: LotId,
        filter: SlotFilter,
        after: Option<SlotCursor>,
        limit: u32,
    ) -> Result<Option<Vec<Slot>>, PortError> {
        Ok(self.look_at(&lot, |state, lot| {
            let there = state.slots_of(&lot.id).into_iter().filter(|slot| !slot.retired);
            let behind = |slot: &&Slot| {
                after.as_ref().is_none_or(|after| (slot.rank, &slot.label) > (after.rank, &after.label))
            };
            page(there.filter(|slot| filter.includes(slot)).filter(behind).cloned(), limit)
        }))
    }

    async fn slot(&self, lot: LotId, label: SlotLabel) -> Result<Option<Slot>, PortError> {
        let labelled = |slot: &&Slot| slot.label == label && !slot.retired;
        Ok(self
            .look_at(&lot, |state, lot| state.slots_of(&lot.id).into_iter().find(labelled).cloned())
            .flatten())
    }

    async fn ticket(&self, ticket: TicketId) -> Result<Option<TicketView>, PortError> {
        Ok(self.look(|state| {
            let ticket = state.ticket(ticket)?;
            let lot = state.lots.get(&ticket.lot)?.clone();
            Some(TicketView { ticket, lot })
        }))
    }

    async fn plates(&self, ticket: TicketId) -> Result<Option<PlateHistory>, PortError> {
        let Some(view) = self.ticket(ticket).await? else { return Ok(None) };
        let of_ticket = |state: &State| {
            let all = state.corrections.iter();
            all.filter(|correction| correction.ticket == ticket).cloned().collect()
        };
        Ok(Some(PlateHistory { view, corrections: self.look(of_ticket) }))
    }

    async fn tickets(
        &self,
        lot: LotId,
        filter: TicketFilter,
        before: Option<TicketNumber>,
        limit: u32,
    ) -> Result<Option<Vec<Ticket>>, PortError> {
        Ok(self.look_at(&lot, |state, lot| {
            let newest_first = state.tickets_of(&lot.id).into_iter().rev();
            let older = newest_first.filter(|ticket| before.is_none_or(|before| ticket.number < before));
            page(older.filter(|ticket| filter.includes(ticket)), limit)
        }))
    }

    async fn waiting(
        &self,
        lot: LotId,
        after: Option<QueueCursor>,
        limit: u32,
    ) -> Result<Option<WaitingPage>, PortError> {
        Ok(self.look_at(&lot, |state, lot| {
            let (ahead, behind): (Vec<_>, Vec<_>) =
                state.waiting_in(&lot.id).into_iter().cloned().partition(|ticket| {
                    after.is_some_and(|after| (ticket.turn, ticket.id) <= (after.turn, after.ticket))
                });
            WaitingPage { lot: lot.clone(), ahead: count(ahead.len()), tickets: page(behind, limit) }
        }))
    }

    async fn position(&self, ticket: TicketId) -> Result<Option<Place>, PortError> {
        Ok(self.look(|state| {
            let lot = state.lots.get(&state.ticket(ticket)?.lot)?;
            let ahead = state.waiting_in(&lot.id).into_iter().position(|waiting| waiting.id == ticket)?;
            Some(Place { position: count(ahead) + 1, version: lot.version })
        }))
    }

    async fn snapshot(&self, lot: LotId) -> Result<Option<QueueSnapshot>, PortError> {
        Ok(self.look_at(&lot, |state, lot| QueueSnapshot {
            lot: lot.id.clone(),
            epoch: EPOCH.to_owned(),
            version: lot.version,
            members: state.members(&lot.id),
        }))
    }

    async fn journal(
        &self,
        lot: LotId,
        after: JournalCursor,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>, PortError> {
        Ok(self.look_at(&lot, |state, lot| {
            let of_lot = state.journal.iter().filter(|entry| entry.lot == lot.id);
            let place = |entry: &Entry| JournalCursor { version: entry.version, n: entry.n };
            page(of_lot.filter(|entry| place(entry) > after).cloned(), limit)
        }))
    }
    async fn discounts(
        &self,
        lot: LotId,
        after: Option<DiscountCode>,
        limit: u32,
    ) -> Result<Option<Vec<Discount>>, PortError> {
        Ok(self.look_at(&lot, |state, lot| {
            let of_lot = state.discounts.iter().filter(|((of, _), _)| *of == lot.id).map(|(_, one)| one);
            let there = of_lot.filter(|one| !one.retired);
            page(there.filter(|one| after.as_ref().is_none_or(|after| one.code > *after)).cloned(), limit)
        }))
    }

    async fn discount(&self, lot: LotId, code: DiscountCode) -> Result<Option<Discount>, PortError> {
        Ok(self.look_at(&lot, |state, lot| state.discount(&lot.id, &code).cloned()).flatten())
    }

    async fn tariffs(&self, after: Option<TariffId>, limit: u32) -> Result<Vec<Series>, PortError> {
        Ok(self.look(|state| {
            let there = state.series.values().filter(|series| series.is_there());
            let behind = there.filter(|series| after.as_ref().is_none_or(|after| series.id > *after));
            page(behind.cloned(), limit)
        }))
    }

    async fn tariff(&self, tariff: TariffId) -> Result<Option<Series>, PortError> {
        Ok(self.look(|state| state.series.get(&tariff).filter(|series| series.is_there()).cloned()))
    }

    async fn tariff_versions(
        &self,
        tariff: TariffId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Published>, PortError> {
        Ok(self.look(|state| {
            let all = state.published_of(&tariff).into_iter();
            page(all.filter(|one| before.is_none_or(|before| one.number < before)).cloned(), limit)
        }))
    }

    async fn tariff_version(&self, version: TariffVersion) -> Result<Option<Published>, PortError> {
        Ok(self.look(|state| state.published(&version).cloned()))
    }
}
