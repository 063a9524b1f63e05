//! What the things of the car park look like in JSON. Everything is borrowed and written in one go, because answers that
//! are kept under a key are written on the record's only writing thread.

mod change;
mod discount;
mod event;
mod instant;
mod lot;
mod money;
mod plate;
mod slot;
mod tariff;
mod ticket;

pub(crate) use self::{
    change::{LotChange, PromotedBody, SlotChange, SlotsChange, TicketChange},
    discount::{DiscountBody, DiscountChange},
    event::{EventBody, KINDS, place_of},
    instant::Instant,
    lot::{AvailabilityBody, LotBody, PolicyBody},
    money::{FeeBody, Formatted},
    plate::PlatesBody,
    slot::SlotBody,
    tariff::{
        AssignmentBody, ChangeBody, LotTariffs, PublishedBody, SimulationBody, TableBody, TableRow,
        TariffBody, TariffChange, TariffLine, VersionLine, VersionName,
    },
    ticket::{QueuePage, QuoteBody, TicketBody},
};

use parkpro_domain::{
    discount::DiscountCode,
    lot::LotId,
    slot::SlotLabel,
    tariff::{TariffId, TariffVersion},
    ticket::TicketId,
};
use serde::Serialize;

/// A part of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    /// In order.
    pub(crate) data: Vec<T>,
    /// Send it as `?cursor=` for the next page; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// Writes a shape. Shapes have nothing that could not be written.
pub(crate) fn write<T: Serialize>(shape: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    if let Err(error) = serde_json::to_writer(&mut bytes, shape) {
        tracing::error!(%error, "an answer could not be written");
    }
    bytes
}

/// Where a lot is.
pub(crate) fn lot_url(lot: &LotId) -> String {
    format!("/api/v1/lots/{lot}")
}

/// Where a slot is. Of the characters of a label only `#` means something in an address.
pub(crate) fn slot_url(lot: &str, label: &SlotLabel) -> String {
    format!("/api/v1/lots/{lot}/slots/{}", label.as_str().replace('#', "%23"))
}

/// Where a ticket is.
pub(crate) fn ticket_url(ticket: TicketId) -> String {
    format!("/api/v1/tickets/{ticket}")
}

/// Where a discount is.
pub(crate) fn discount_url(lot: &str, code: &DiscountCode) -> String {
    format!("/api/v1/lots/{lot}/discounts/{code}")
}

/// Where a tariff is.
pub(crate) fn tariff_url(tariff: &TariffId) -> String {
    format!("/api/v1/tariffs/{tariff}")
}

/// Where a version of a tariff is.
pub(crate) fn version_url(version: &TariffVersion) -> String {
    format!("/api/v1/tariffs/{}/versions/{}", version.tariff, version.number)
}

/// The entity tag that names the settings of a thing.
pub(crate) fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}
