//! Tickets.

use parkpro_domain::{
    discount::DiscountCode,
    lot::{HeadStart, Priorities},
    parking::Quote,
    ticket::{Priority, Stage, Ticket, TicketId},
    time::Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ChangeBody, FeeBody, Instant, PolicyBody, VersionName};

/// One arrival of one vehicle, from the gate to departure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(crate) struct TicketBody<'a> {
    /// Names it in the installation.
    id: Uuid,
    /// The lot that the vehicle came to.
    lot: &'a str,
    /// Counts the arrivals of the lot, from 1.
    number: i64,
    /// What names the vehicle, as it was typed.
    plate: &'a str,
    /// What kind of vehicle it is.
    vehicle_class: &'a str,
    /// What its slot must have, in alphabetical order.
    needs: Vec<&'a str>,
    /// How soon it is served while it waits.
    priority: &'a str,
    /// `waiting`, `parked`, `departed`, `withdrawn` (left the queue) or `voided` (entry cancelled). It never goes back.
    status: &'static str,
    /// The label of the slot that it got, also after it left.
    #[schema(required)]
    slot: Option<&'a str>,
    /// When it came, by the server's clock.
    #[schema(value_type = String, format = DateTime)]
    arrived_at: Instant,
    /// When it got its slot.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    parked_at: Option<Instant>,
    /// When it departed, withdrew or was voided.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    ended_at: Option<Instant>,
    /// Its place in the queue from 1. Null if it does not wait, and in lists other than the queue.
    #[schema(required)]
    position: Option<i64>,
    /// How long it has waited. In the queue only.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_seconds: Option<i64>,
    /// When it counts as having come, if the priorities of the lot are ageing. In the queue only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    counts_as: Option<Instant>,
    /// Why it is at this place, for people. In the queue only.
    #[serde(skip_serializing_if = "Option::is_none")]
    position_reason: Option<String>,
    /// What the stay is priced by: what held when it began.
    #[schema(required)]
    tariff: Option<VersionName<'a>>,
    /// The codes of its discounts, in the order in which it got them.
    discounts: Vec<&'a str>,
    /// What it cost, once it has departed.
    #[schema(required)]
    fee: Option<FeeBody<'a>>,
    /// When the gate saw it come, by the gate's own clock.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    occurred_at: Option<Instant>,
    /// When the gate saw it leave, by the gate's own clock.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    exit_occurred_at: Option<Instant>,
    /// Why the entry was cancelled.
    #[schema(required)]
    void_reason: Option<&'a str>,
}

impl<'a> TicketBody<'a> {
    /// A ticket, with its place in the queue if that is known.
    pub(crate) fn of(ticket: &'a Ticket, position: Option<i64>) -> Self {
        let berth = ticket.berth();
        let (exit_occurred_at, void_reason) = match &ticket.stage {
            Stage::Departed { occurred_at, .. } => (*occurred_at, None),
            Stage::Voided { reason, .. } => (None, Some(reason.as_str())),
            Stage::Waiting | Stage::Parked(_) | Stage::Withdrawn { .. } => (None, None),
        };
        Self {
            id: ticket.id.0,
            lot: ticket.lot.as_str(),
            number: ticket.number.0,
            plate: ticket.plate.shown(),
            vehicle_class: ticket.class.as_str(),
            needs: ticket.needs.iter().collect(),
            priority: ticket.priority.as_str(),
            status: ticket.status().as_str(),
            slot: berth.map(|berth| berth.label.as_str()),
            arrived_at: Instant(ticket.arrived_at),
            parked_at: berth.map(|berth| Instant(berth.since)),
            ended_at: ticket.ended_at().map(Instant),
            position,
            waiting_seconds: None,
            counts_as: None,
            position_reason: None,
            tariff: berth.and_then(|berth| berth.tariff.as_ref()).map(VersionName::of),
            discounts: ticket.discounts.iter().map(DiscountCode::as_str).collect(),
            fee: ticket.fee().map(FeeBody::of),
            occurred_at: ticket.occurred_at.map(Instant),
            exit_occurred_at: exit_occurred_at.map(Instant),
            void_reason,
        }
    }

    /// A ticket of the queue.
    pub(crate) fn queued(ticket: &'a Ticket, priorities: &Priorities, position: i64, now: Timestamp) -> Self {
        let waiting_seconds = now.micros_since(ticket.arrived_at) / 1_000_000;
        let head_start = priorities.head_start(&ticket.priority);
        Self {
            waiting_seconds: Some(waiting_seconds),
            counts_as: head_start.map(|head_start| Instant(head_start.before(ticket.arrived_at))),
            position_reason: Some(position_reason(ticket, priorities, head_start)),
            ..Self::of(ticket, Some(position))
        }
    }
}

/// `vip, in the order vip, standard; then number 1040`; `arrived …, counts as …: vip has a head start of 900 s`.
fn position_reason(ticket: &Ticket, priorities: &Priorities, head_start: Option<HeadStart>) -> String {
    let (name, arrived_at) = (ticket.priority.as_str(), ticket.arrived_at);
    match head_start.map(|head_start| (head_start.seconds(), head_start.before(arrived_at))) {
        Some((0, _)) => format!("arrived {arrived_at}; {name} has no head start"),
        Some((seconds, counts_as)) => {
            format!("arrived {arrived_at}, counts as {counts_as}: {name} has a head start of {seconds} s")
        }
        None => {
            let order: Vec<&str> = priorities.iter().map(Priority::as_str).collect();
            format!("{name}, in the order {}; then number {}", order.join(", "), ticket.number)
        }
    }
}

/// A part of the queue of a lot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueuePage<'a> {
    /// The waiting tickets, first served first.
    pub(crate) data: Vec<TicketBody<'a>>,
    /// Send it as `?cursor=` for the next page; null if this is the last.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
    /// In what order they are served.
    pub(crate) priority_policy: PolicyBody<'a>,
    /// The state of the lot that the page is true for.
    pub(crate) lot_version: i64,
}

/// What a stay would cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub(crate) struct QuoteBody<'a> {
    /// Of which ticket.
    ticket: Uuid,
    /// If the vehicle left then, or when it left.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// By which tariff.
    #[schema(required)]
    tariff: Option<VersionName<'a>>,
    /// What it costs.
    fee: FeeBody<'a>,
    /// Until when it costs the same; null if the vehicle has left.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    valid_until: Option<Instant>,
    /// When and to what it next changes; null if the vehicle has left, or if that is not within a year.
    #[schema(required)]
    next: Option<ChangeBody>,
}

impl<'a> QuoteBody<'a> {
    /// A quote for a ticket.
    pub(crate) fn of(ticket: TicketId, quote: &'a Quote) -> Self {
        Self {
            ticket: ticket.0,
            at: Instant(quote.at),
            tariff: quote.tariff.as_ref().map(VersionName::of),
            fee: FeeBody::of(&quote.fee),
            valid_until: quote.valid_until.map(Instant),
            next: quote.next.as_ref().map(ChangeBody::of),
        }
    }
}
