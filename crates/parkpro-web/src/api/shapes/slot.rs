//! Slots.

use parkpro_domain::slot::{Level, Slot};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One place for one vehicle.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Slot)]
pub(crate) struct SlotBody<'a> {
    /// The lot that it belongs to.
    lot: &'a str,
    /// What is painted on the ground; unique in its lot.
    label: &'a str,
    /// The floor or section.
    #[schema(required)]
    level: Option<&'a str>,
    /// The classes of vehicle that it takes, in alphabetical order.
    accepts: Vec<&'a str>,
    /// What it has, in alphabetical order.
    features: Vec<&'a str>,
    /// Whether it is given only to vehicles that need one of its features.
    reserved: bool,
    /// Order of allocation, lowest first; equal ranks go by label.
    rank: i32,
    /// `available`, `occupied`, `out_of_service`, or `draining` (out of service with a vehicle still in it).
    status: &'static str,
    /// Whether it is given out.
    in_service: bool,
    /// Why it is out of service.
    #[schema(required)]
    reason: Option<&'a str>,
    /// The ticket of the vehicle that stands in it.
    #[schema(required)]
    ticket: Option<Uuid>,
    /// Counts the changes of its settings, from 1; the `ETag` is made of it.
    revision: i64,
}

impl<'a> SlotBody<'a> {
    /// A slot of a lot.
    pub(crate) fn of(lot: &'a str, slot: &'a Slot) -> Self {
        Self {
            lot,
            label: slot.label.as_str(),
            level: slot.level.as_ref().map(Level::as_str),
            accepts: slot.accepts.classes().collect(),
            features: slot.accepts.features().collect(),
            reserved: slot.accepts.is_reserved(),
            rank: slot.rank,
            status: slot.status().as_str(),
            in_service: slot.in_service,
            reason: slot.reason.as_deref(),
            ticket: slot.occupant.map(|ticket| ticket.0),
            revision: slot.revision,
        }
    }
}
