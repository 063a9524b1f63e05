//! Reading a record from the first page to the last.

#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    reason = "for tests: a record that cannot be read ends the test"
)]

use parkpro_domain::{
    discount::Discount,
    event::Entry,
    lot::LotId,
    ports::{JournalCursor, LotView, QueueCursor, Records, SlotCursor, SlotFilter, TicketFilter},
    slot::Slot,
    tariff::{Published, Series},
    ticket::Ticket,
};

use crate::{ask::tidy_tally, subject::ok};

/// All lots, with so many to the page.
pub async fn lots(records: &dyn Records, limit: u32) -> Vec<LotView> {
    let mut all: Vec<LotView> = Vec::new();
    loop {
        let page = ok(records.lots(all.last().map(|view| view.lot.id.clone()), limit).await);
        if extend(&mut all, page, limit) {
            for view in &mut all {
                tidy_tally(&mut view.tally);
            }
            return all;
        }
    }
}

/// All tariffs, and all that was published of each, newest first, with so many to the page.
pub async fn tariffs(records: &dyn Records, limit: u32) -> Vec<(Series, Vec<Published>)> {
    let mut all: Vec<Series> = Vec::new();
    loop {
        let page = ok(records.tariffs(all.last().map(|series| series.id.clone()), limit).await);
        if extend(&mut all, page, limit) {
            break;
        }
    }
    let mut with_versions = Vec::with_capacity(all.len());
    for series in all {
        let mut versions: Vec<Published> = Vec::new();
        loop {
            let before = versions.last().map(|last| last.number);
            let page = ok(records.tariff_versions(series.id.clone(), before, limit).await);
            if extend(&mut versions, page, limit) {
                break;
            }
        }
        with_versions.push((series, versions));
    }
    with_versions
}

/// All discounts of a lot, with so many to the page.
pub async fn discounts(records: &dyn Records, lot: &LotId, limit: u32) -> Vec<Discount> {
    let mut all: Vec<Discount> = Vec::new();
    loop {
        let after = all.last().map(|discount| discount.code.clone());
        let page = ok(records.discounts(lot.clone(), after, limit).await);
        if extend(&mut all, page.expect("the lot is there"), limit) {
            return all;
        }
    }
}

/// All slots of a lot that a filter includes, with so many to the page.
pub async fn slots(records: &dyn Records, lot: &LotId, filter: SlotFilter, limit: u32) -> Vec<Slot> {
    let mut all: Vec<Slot> = Vec::new();
    loop {
        let after = all.last().map(|slot| SlotCursor { rank: slot.rank, label: slot.label.clone() });
        let page = ok(records.slots(lot.clone(), filter.clone(), after, limit).await);
        if extend(&mut all, page.expect("the lot is there"), limit) {
            return all;
        }
    }
}

/// All tickets of a lot that a filter includes, newest first, with so many to the page.
pub async fn tickets(records: &dyn Records, lot: &LotId, filter: TicketFilter, limit: u32) -> Vec<Ticket> {
    let mut all: Vec<Ticket> = Vec::new();
    loop {
        let before = all.last().map(|ticket| ticket.number);
        let page = ok(records.tickets(lot.clone(), filter.clone(), before, limit).await);
        if extend(&mut all, page.expect("the lot is there"), limit) {
            return all;
        }
    }
}

/// All waiting tickets of a lot, first served first, with so many to the page.
pub async fn waiting(records: &dyn Records, lot: &LotId, limit: u32) -> Vec<Ticket> {
    let mut all: Vec<Ticket> = Vec::new();
    loop {
        let after = all.last().map(|last| QueueCursor { turn: last.turn, ticket: last.id });
        let page = ok(records.waiting(lot.clone(), after, limit).await).expect("the lot is there");
        assert_eq!(usize::try_from(page.ahead).ok(), Some(all.len()), "so many are ahead of the page");
        if extend(&mut all, page.tickets, limit) {
            return all;
        }
    }
}

/// The whole journal of a lot, with so many lines to the page.
pub async fn journal(records: &dyn Records, lot: &LotId, limit: u32) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    loop {
        let last = all.last().map(|entry| JournalCursor { version: entry.version, n: entry.n });
        let page = ok(records.journal(lot.clone(), last.unwrap_or_default(), limit).await);
        if extend(&mut all, page.expect("the lot is there"), limit) {
            return all;
        }
    }
}

/// Adds a page; whether it was the last.
fn extend<T>(all: &mut Vec<T>, page: Vec<T>, limit: u32) -> bool {
    let size = u32::try_from(page.len()).unwrap_or(u32::MAX);
    assert!(size <= limit, "a page has at most as many as were asked for");
    all.extend(page);
    size < limit
}
