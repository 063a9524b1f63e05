//! What every change answers: the thing itself, the version that the change made, and whom it gave a slot.

use parkpro_domain::outcome::Promotion;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{LotBody, SlotBody, TicketBody};

/// A ticket, other than the one of the request, that this change moved from waiting to parked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Promoted)]
pub(crate) struct PromotedBody<'a> {
    /// Its id.
    ticket: Uuid,
    /// Counts the arrivals of the lot.
    number: i64,
    /// What names the vehicle.
    plate: &'a str,
    /// The label of its slot.
    slot: &'a str,
}

impl<'a> PromotedBody<'a> {
    /// Who got a slot, in the order in which they got it.
    pub(crate) fn all(promoted: &'a [Promotion]) -> Vec<Self> {
        let body = |promotion: &'a Promotion| Self {
            ticket: promotion.ticket.0,
            number: promotion.number.0,
            plate: promotion.plate.shown(),
            slot: promotion.slot.as_str(),
        };
        promoted.iter().map(body).collect()
    }
}

/// A change of a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketChange<'a> {
    /// As it now is.
    pub(crate) ticket: TicketBody<'a>,
    /// The state of the lot that the change made.
    #[schema(value_type = i64)]
    pub(crate) lot_version: Option<i64>,
    /// Who else got a slot.
    pub(crate) promoted: Vec<PromotedBody<'a>>,
}

/// A change of a slot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlotChange<'a> {
    /// As it now is; a removed one as it last was.
    pub(crate) slot: SlotBody<'a>,
    /// The state of the lot that the change made.
    #[schema(value_type = i64)]
    pub(crate) lot_version: Option<i64>,
    /// Who got a slot.
    pub(crate) promoted: Vec<PromotedBody<'a>>,
}

/// New slots.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SlotsChange<'a> {
    /// As they now are, in the order of the request.
    pub(crate) slots: Vec<SlotBody<'a>>,
    /// The state of the lot that the change made.
    #[schema(value_type = i64)]
    pub(crate) lot_version: Option<i64>,
    /// Who got a slot.
    pub(crate) promoted: Vec<PromotedBody<'a>>,
}

/// A change of a lot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LotChange<'a> {
    /// As it now is; a removed one as it last was.
    pub(crate) lot: LotBody<'a>,
    /// The state of the lot that the change made.
    #[schema(value_type = i64)]
    pub(crate) lot_version: Option<i64>,
    /// Who got a slot.
    pub(crate) promoted: Vec<PromotedBody<'a>>,
}
