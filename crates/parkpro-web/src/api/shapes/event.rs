//! Lines of a lot's journal. None carries a plate.

use parkpro_domain::{
    event::{Entry, Event},
    ports::JournalCursor,
    vehicle::VehicleClass,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Instant, VersionName};

/// One thing that happened to a lot. The fields that follow `kind` depend on it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventBody<'a> {
    /// Names it within its lot; events of a lot are ordered by it: the version, a dot, the place within the change.
    #[schema(example = "5311.0")]
    id: String,
    /// Whose journal.
    lot: &'a str,
    /// The state of the lot that the change made.
    lot_version: i64,
    /// When, by the server's clock.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// Who asked for it.
    actor: &'a str,
    /// What happened.
    #[schema(example = "ticket_parked")]
    kind: &'static str,
    /// The ticket that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<Uuid>,
    /// That ticket's number in its lot.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    /// The label of the slot that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<&'a str>,
    /// What kind of vehicle (`ticket_arrived`, and `tariff_assigned` unless it is for all).
    #[serde(skip_serializing_if = "Option::is_none")]
    vehicle_class: Option<&'a str>,
    /// What its slot must have, if anything (`ticket_arrived`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    needs: Vec<&'a str>,
    /// How soon it is served (`ticket_arrived`, `priority_changed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<&'a str>,
    /// Minor units of the lot's currency (`ticket_departed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    fee_amount: Option<i64>,
    /// Whether the slot is now given out (`slot_changed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    in_service: Option<bool>,
    /// Which discount (`discount_added`, `discount_changed`, `discount_removed`, `discount_attached`, `discount_detached`).
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<&'a str>,
    /// What stays are priced by (`tariff_assigned`) …
    #[serde(skip_serializing_if = "Option::is_none")]
    tariff: Option<VersionName<'a>>,
    /// … that begin from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Instant>,
}

impl<'a> EventBody<'a> {
    /// A line of the journal.
    pub(crate) fn of(entry: &'a Entry) -> Self {
        let event = &entry.event;
        let ticket = event.ticket();
        let bare = Self {
            id: format!("{}.{}", entry.version, entry.n),
            lot: entry.lot.as_str(),
            lot_version: entry.version.0,
            at: Instant(entry.at),
            actor: &entry.actor.0,
            kind: event.kind(),
            ticket: ticket.map(|ticket| ticket.id.0),
            number: ticket.map(|ticket| ticket.number.0),
            slot: event.slot().map(|slot| slot.label.as_str()),
            vehicle_class: None,
            needs: Vec::new(),
            priority: None,
            fee_amount: None,
            in_service: None,
            discount: None,
            tariff: None,
            from: None,
        };
        match event {
            Event::TicketArrived { class, needs, priority, .. } => Self {
                vehicle_class: Some(class.as_str()),
                needs: needs.iter().collect(),
                priority: Some(priority.as_str()),
                ..bare
            },
            Event::PriorityChanged { priority, .. } => Self { priority: Some(priority.as_str()), ..bare },
            Event::TicketDeparted { fee_minor, .. } => Self { fee_amount: Some(*fee_minor), ..bare },
            Event::SlotChanged { in_service, .. } => Self { in_service: Some(*in_service), ..bare },
            Event::TariffAssigned(assignment) => Self {
                tariff: Some(VersionName::of(&assignment.tariff)),
                from: Some(Instant(assignment.from)),
                vehicle_class: assignment.class.as_ref().map(VehicleClass::as_str),
                ..bare
            },
            Event::DiscountAdded(code)
            | Event::DiscountChanged(code)
            | Event::DiscountRemoved(code)
            | Event::DiscountAttached { code, .. }
            | Event::DiscountDetached { code, .. } => Self { discount: Some(code.as_str()), ..bare },
            _ => bare,
        }
    }
}

/// The kinds of events.
pub(crate) const KINDS: [&str; 19] = [
    "lot_opened",
    "lot_changed",
    "lot_removed",
    "slot_added",
    "slot_changed",
    "slot_removed",
    "ticket_arrived",
    "ticket_parked",
    "ticket_departed",
    "ticket_withdrawn",
    "ticket_voided",
    "plate_corrected",
    "priority_changed",
    "tariff_assigned",
    "discount_added",
    "discount_changed",
    "discount_removed",
    "discount_attached",
    "discount_detached",
];

/// Where an event stands in its journal.
pub(crate) fn place_of(entry: &Entry) -> JournalCursor {
    JournalCursor { version: entry.version, n: entry.n }
}
